//! One glyph as it lies on the page.

/// A glyph in page space: points, y upwards, the lower left corner of the page at the origin.
#[derive(Debug, Clone)]
pub(crate) struct Glyph {
    /// What it stands for; several characters for a ligature, none when unknown.
    pub(crate) text: Text,
    /// Its origin.
    pub(crate) x: f64,
    /// Its origin.
    pub(crate) y: f64,
    /// Unit vector of the writing direction.
    pub(crate) direction: (f64, f64),
    /// Height of the em square, in points.
    pub(crate) em: f64,
    /// How far the pen moves in the writing direction, in points.
    pub(crate) advance: f64,
}

/// The characters of a glyph: nearly always one, so that it costs no allocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Text {
    Unknown,
    Char(char),
    Many(String),
}

impl Glyph {
    /// Where the pen stands after this glyph.
    pub(crate) fn end(&self) -> (f64, f64) {
        (self.x + self.direction.0 * self.advance, self.y + self.direction.1 * self.advance)
    }

    /// The middle of the glyph on its baseline.
    pub(crate) fn centre(&self) -> (f64, f64) {
        (
            self.x + self.direction.0 * self.advance / 2.0,
            self.y + self.direction.1 * self.advance / 2.0,
        )
    }

    /// `(dx, dy)` split into the part along the writing direction and the part across it,
    /// positive towards the top of the letters.
    pub(crate) fn split(&self, dx: f64, dy: f64) -> (f64, f64) {
        let (ux, uy) = self.direction;
        (dx * ux + dy * uy, dy * ux - dx * uy)
    }

    /// The single character of the glyph, if it is one.
    pub(crate) fn char(&self) -> Option<char> {
        match self.text {
            Text::Char(c) => Some(c),
            _ => None,
        }
    }
}
