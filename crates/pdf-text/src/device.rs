//! The device that the interpreter draws on: it keeps glyphs and forgets everything else.

use crate::glyph::{Glyph, Text};
use hayro_interpret::font::{Glyph as FontGlyph, GlyphRun};
use hayro_interpret::hayro_cmap::{BfString, WritingMode};
use hayro_interpret::hayro_syntax::object::Dict;
use hayro_interpret::kurbo::{Affine, BezPath, Point, Rect};
use hayro_interpret::{
    BlendMode, ClipPath, Device, DrawMode, DrawProps, Image, ImageDrawProps, SoftMask,
};

/// Units of the em square in which the interpreter gives advances.
const UNITS_PER_EM: f64 = 1000.0;

/// What was drawn, in order.
#[derive(Debug)]
pub(crate) enum Item {
    Glyph(Glyph),
    /// The place of a form.
    Mark,
}

/// Receives glyph runs and keeps their glyphs.
pub(crate) struct TextDevice<'m> {
    pub(crate) items: Vec<Item>,
    /// Width and height of the page, in points.
    size: (f64, f64),
    /// The tag of the marked content that stands for a form.
    mark: &'m [u8],
}

impl<'m> TextDevice<'m> {
    /// A device for a page of this size, in points.
    pub(crate) fn new(size: (f64, f64), mark: &'m [u8]) -> Self {
        Self { items: Vec::new(), size, mark }
    }

    /// Whether the point lies on the page, with a margin for glyphs that reach into it.
    fn shows(&self, point: Point, em: f64) -> bool {
        point.x > -em && point.y > -em && point.x < self.size.0 + em && point.y < self.size.1 + em
    }
}

impl<'a> Device<'a> for TextDevice<'_> {
    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, _: &DrawMode) {
        let vertical = matches!(run.writing_mode(), WritingMode::Vertical);
        for glyph in run.glyphs() {
            let transform = props.transform * glyph.transform();
            let advance = match &**glyph {
                FontGlyph::Outline(outline) => outline.advance_width(),
                FontGlyph::Type3(type3) => type3.advance_width(),
            };
            let Some(placed) = place(transform, f64::from(advance.unwrap_or(0.0)), vertical) else {
                continue;
            };
            if !self.shows(Point::new(placed.x, placed.y), placed.em) {
                continue;
            }
            let text = match glyph.as_unicode() {
                Some(BfString::Char(c)) => Text::Char(c),
                Some(BfString::String(s)) => Text::Many(s),
                None => symbol(glyph),
            };
            self.items.push(Item::Glyph(Glyph { text, ..placed }));
        }
    }

    fn begin_marked_content(&mut self, tag: &[u8], _: Option<&Dict<'_>>) {
        if tag == self.mark {
            self.items.push(Item::Mark);
        }
    }

    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'a>, _: &DrawMode) {}
    fn draw_rect(&mut self, _: &Rect, _: DrawProps<'a>, _: &DrawMode) {}
    fn push_clip_path(&mut self, _: &ClipPath) {}
    fn push_clip_rect(&mut self, _: &Rect) {}
    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {}
    fn draw_image(&mut self, _: Image<'a, '_>, _: ImageDrawProps<'a>) {}
    fn pop_clip(&mut self) {}
    fn pop_transparency_group(&mut self) {}
}

/// Where a glyph lies, without its text; `None` when its transform is degenerate.
fn place(transform: Affine, advance: f64, vertical: bool) -> Option<Glyph> {
    let [a, b, c, d, x, y] = transform.as_coeffs();
    let along = a.hypot(b);
    let up = c.hypot(d);
    let (ux, uy, scale) = if vertical { (-c, -d, up) } else { (a, b, along) };
    let em = up * UNITS_PER_EM;
    let direction = (ux / scale, uy / scale);
    let advance = if vertical { em } else { advance * along };
    let finite = [x, y, direction.0, direction.1, em, advance].iter().all(|v| v.is_finite());
    (finite && em > 0.0).then_some(Glyph { text: Text::Unknown, x, y, direction, em, advance })
}

/// A glyph whose font says nothing about its meaning. Symbol fonts, which set the bullets of
/// slides, mostly keep their codes in the places of Latin-1.
fn symbol(glyph: &FontGlyph<'_>) -> Text {
    match (glyph, u8::try_from(glyph.char_code())) {
        (FontGlyph::Outline(_), Ok(code)) => match char::from(code) {
            c if c.is_control() => Text::Unknown,
            c => Text::Char(c),
        },
        _ => Text::Unknown,
    }
}
