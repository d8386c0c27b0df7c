//! From operators to glyphs: where each lies, and what it stands for (ISO 32000-2, 9.3 and 9.4).

use crate::content::{FORM_MARK, IDENTITY, Matrix, multiply};
use crate::fonts::Fonts;
use crate::glyph::{Glyph, Text};
use crate::layers::Layers;
use hayro_font::hayro_cmap::BfString;
use hayro_font::{Font, FontGlyph, GlyphId, UNITS_PER_EM};
use hayro_syntax::content::TypedIter;
use hayro_syntax::content::ops::TypedInstruction as Op;
use hayro_syntax::object::{Name, Number, Object};
use hayro_syntax::page::Resources;
use std::collections::HashMap;

/// What was drawn, in order.
#[derive(Debug)]
pub(crate) enum Item {
    Glyph(Glyph),
    /// The place of a form.
    Mark,
}

/// The font in use.
#[derive(Clone)]
struct Chosen<'a> {
    font: Font<'a>,
    /// It stands in for one that is missing. Then only ASCII is shown: with other codes there is
    /// no telling what they mean.
    substitute: bool,
}

/// The graphics state, as far as text needs it.
#[derive(Clone)]
struct State<'a> {
    /// From the space of the content to that of the page.
    page: Matrix,
    text: Matrix,
    line: Matrix,
    font: Option<Chosen<'a>>,
    size: f64,
    character_spacing: f64,
    word_spacing: f64,
    /// Horizontal, 1 unless the document says otherwise.
    scaling: f64,
    leading: f64,
    rise: f64,
}

/// Interprets the content of one stream.
pub(crate) struct Interpreter<'r, 'a> {
    fonts: &'r Fonts<'a>,
    layers: &'r Layers,
    resources: &'r Resources<'a>,
    /// Width and height of the page, in points.
    size: (f64, f64),
    state: State<'a>,
    saved: Vec<State<'a>>,
    /// Whether each of the marked contents around is shown.
    shown: Vec<bool>,
    /// Fonts by their names in the resources.
    chosen: HashMap<Vec<u8>, Option<Chosen<'a>>>,
    items: Vec<Item>,
    unsupported_font: bool,
}

/// What content draws.
pub(crate) struct Drawn {
    pub(crate) items: Vec<Item>,
    /// A font could not be used.
    pub(crate) unsupported_font: bool,
}

impl<'r, 'a> Interpreter<'r, 'a> {
    /// For content on a page of this size, in points; `page` leads from its space to the page's.
    pub(crate) fn new(
        fonts: &'r Fonts<'a>,
        layers: &'r Layers,
        resources: &'r Resources<'a>,
        size: (f64, f64),
        page: Matrix,
    ) -> Self {
        let state = State {
            page,
            text: IDENTITY,
            line: IDENTITY,
            font: None,
            size: 1.0,
            character_spacing: 0.0,
            word_spacing: 0.0,
            scaling: 1.0,
            leading: 0.0,
            rise: 0.0,
        };
        Self {
            fonts,
            layers,
            resources,
            size,
            state,
            saved: Vec::new(),
            shown: Vec::new(),
            chosen: HashMap::new(),
            items: Vec::new(),
            unsupported_font: false,
        }
    }

    /// Runs the operators of a [`crate::content::TextContent`].
    pub(crate) fn run(mut self, operators: &[u8]) -> Drawn {
        let mut operators = TypedIter::new(operators);
        while let Some(operator) = operators.next() {
            self.operator(operator);
        }
        Drawn { items: self.items, unsupported_font: self.unsupported_font }
    }

    fn operator(&mut self, operator: Op<'_, '_>) {
        let state = &mut self.state;
        match operator {
            Op::SaveState(_) => self.saved.push(state.clone()),
            Op::RestoreState(_) => {
                if let Some(saved) = self.saved.pop() {
                    self.state = saved;
                }
            }
            Op::Transform(m) => {
                state.page = multiply(state.page, [m.0, m.1, m.2, m.3, m.4, m.5].map(float));
            }
            Op::BeginText(_) => state.set_line(IDENTITY),
            Op::SetTextMatrix(m) => {
                state.set_line([m.0, m.1, m.2, m.3, m.4, m.5].map(float));
            }
            Op::TextFont(font) => {
                state.size = float(font.1);
                self.state.font = self.font(font.0);
            }
            Op::CharacterSpacing(spacing) => state.character_spacing = float(spacing.0),
            Op::WordSpacing(spacing) => state.word_spacing = float(spacing.0),
            Op::HorizontalScaling(scaling) => state.scaling = float(scaling.0) / 100.0,
            Op::TextLeading(leading) => state.leading = float(leading.0),
            Op::TextRise(rise) => state.rise = float(rise.0),
            Op::NextLine(offset) => state.next_line(float(offset.0), float(offset.1)),
            Op::NextLineAndSetLeading(offset) => {
                state.leading = -float(offset.1);
                state.next_line(float(offset.0), float(offset.1));
            }
            Op::NextLineUsingLeading(_) => state.next_line(0.0, -state.leading),
            Op::ShowText(text) => self.show(text.0.as_bytes()),
            Op::NextLineAndShowText(text) => {
                state.next_line(0.0, -state.leading);
                self.show(text.0.as_bytes());
            }
            Op::ShowTextWithParameters(text) => {
                state.word_spacing = float(text.0);
                state.character_spacing = float(text.1);
                state.next_line(0.0, -state.leading);
                self.show(text.2.as_bytes());
            }
            Op::ShowTexts(pieces) => {
                for piece in pieces.0.iter::<Object<'_>>() {
                    match piece {
                        Object::String(text) => self.show(text.as_bytes()),
                        Object::Number(back) => self.move_back(float(back)),
                        _ => {}
                    }
                }
            }
            Op::BeginMarkedContent(content) => {
                if content.0.as_ref() == FORM_MARK {
                    self.items.push(Item::Mark);
                }
                self.begin_marked_content(true);
            }
            Op::BeginMarkedContentWithProperties(content) => {
                let shown = match content.1 {
                    Object::Name(name) => self.layers.shows_named(name, self.resources),
                    Object::Dict(properties) => self.layers.shows(properties),
                    _ => true,
                };
                self.begin_marked_content(shown);
            }
            Op::EndMarkedContent(_) => {
                self.shown.pop();
            }
            _ => {}
        }
    }

    fn begin_marked_content(&mut self, shown: bool) {
        let around = self.is_shown();
        self.shown.push(around && shown);
    }

    fn is_shown(&self) -> bool {
        self.shown.last().copied().unwrap_or(true)
    }

    /// The font of this name. One that the resources lack is replaced, as other readers do.
    fn font(&mut self, name: &Name<'_>) -> Option<Chosen<'a>> {
        if let Some(chosen) = self.chosen.get(name.as_ref()) {
            return chosen.clone();
        }
        let named = self.resources.get_font(name);
        let is_named = named.is_some();
        let font = named.and_then(|dict| self.fonts.get(&dict));
        self.unsupported_font |= is_named && font.is_none();
        let chosen =
            font.map(|font| Chosen { font, substitute: false }).or_else(|| self.substitute());
        self.chosen.insert(name.as_ref().to_vec(), chosen.clone());
        chosen
    }

    fn substitute(&self) -> Option<Chosen<'a>> {
        Some(Chosen { font: self.fonts.substitute()?, substitute: true })
    }

    /// Shows a string in the font of the state.
    fn show(&mut self, string: &[u8]) {
        if self.state.font.is_none() {
            self.state.font = self.substitute();
        }
        let Some(Chosen { font, substitute }) = self.state.font.clone() else {
            return;
        };
        let shown = self.is_shown() && (!substitute || string.is_ascii());
        let vertical = !font.is_horizontal();
        let mut at = 0;
        while at < string.len() {
            let (code, length) = font.read_code(string, at);
            at += length;
            let advance = font.code_advance(code);
            let advance = if vertical { advance.y } else { advance.x };
            if shown {
                self.place(&font, code, advance, vertical);
            }
            let is_space = code == u32::from(b' ') && length == 1;
            self.state.advance(advance, is_space, vertical);
        }
    }

    /// Moves the pen back by thousandths of the font size.
    fn move_back(&mut self, thousandths: f64) {
        let vertical = self.state.font.as_ref().is_none_or(|chosen| !chosen.font.is_horizontal());
        let back = -thousandths / f64::from(UNITS_PER_EM) * self.state.size;
        self.state.move_pen(back, vertical);
    }

    /// Keeps a glyph where the pen is, unless it lies outside the page.
    fn place(&mut self, font: &Font<'a>, code: u32, advance: f64, vertical: bool) {
        let origin = font.origin_displacement(code);
        let transform =
            multiply(self.state.glyph_space(), [1.0, 0.0, 0.0, 1.0, origin.x, origin.y]);
        let Some(placed) = place(transform, advance, vertical) else {
            return;
        };
        let (width, height) = self.size;
        // A margin for glyphs that reach into the page.
        let em = placed.em;
        if placed.x > -em && placed.y > -em && placed.x < width + em && placed.y < height + em {
            self.items.push(Item::Glyph(Glyph { text: meaning(font, code), ..placed }));
        }
    }
}

impl State<'_> {
    fn set_line(&mut self, matrix: Matrix) {
        (self.line, self.text) = (matrix, matrix);
    }

    fn next_line(&mut self, x: f64, y: f64) {
        self.set_line(multiply(self.line, [1.0, 0.0, 0.0, 1.0, x, y]));
    }

    /// Moves the pen past a glyph.
    fn advance(&mut self, advance: f64, is_space: bool, vertical: bool) {
        let word = if is_space { self.word_spacing } else { 0.0 };
        let advance = advance / f64::from(UNITS_PER_EM) * self.size + self.character_spacing + word;
        self.move_pen(advance, vertical);
    }

    fn move_pen(&mut self, by: f64, vertical: bool) {
        let (x, y) = if vertical { (0.0, by) } else { (by * self.scaling, 0.0) };
        self.text = multiply(self.text, [1.0, 0.0, 0.0, 1.0, x, y]);
    }

    /// From the space of glyphs, 1000 units to the em, to that of the page.
    fn glyph_space(&self) -> Matrix {
        let unit = self.size / f64::from(UNITS_PER_EM);
        let glyph = [unit * self.scaling, 0.0, 0.0, unit, 0.0, self.rise];
        multiply(multiply(self.page, self.text), glyph)
    }
}

fn float(number: Number) -> f64 {
    number.as_f64()
}

/// Where a glyph lies, without its text; `None` when its transform is degenerate.
fn place(transform: Matrix, advance: f64, vertical: bool) -> Option<Glyph> {
    let [a, b, c, d, x, y] = transform;
    let along = a.hypot(b);
    let up = c.hypot(d);
    let (ux, uy, scale) = if vertical { (-c, -d, up) } else { (a, b, along) };
    let em = up * f64::from(UNITS_PER_EM);
    let direction = (ux / scale, uy / scale);
    let advance = if vertical { em } else { advance * along };
    let finite = [x, y, direction.0, direction.1, em, advance].iter().all(|v| v.is_finite());
    (finite && em > 0.0).then_some(Glyph { text: Text::Unknown, x, y, direction, em, advance })
}

/// What a code stands for. The font's glyphs are not asked for, only what it says of its codes.
fn meaning(font: &Font<'_>, code: u32) -> Text {
    let (unicode, is_outline) = match font.glyph(GlyphId::NOTDEF, code) {
        FontGlyph::Outline(glyph) => (glyph.as_unicode(), true),
        FontGlyph::Type3(glyph) => (glyph.as_unicode(), false),
    };
    match (unicode, u8::try_from(code)) {
        (Some(BfString::Char(c)), _) => Text::Char(c),
        (Some(BfString::String(s)), _) => Text::Many(s),
        // Symbol fonts, which set the bullets of slides, mostly keep their codes in the places of
        // Latin-1.
        (None, Ok(code)) if is_outline => match char::from(code) {
            c if c.is_control() => Text::Unknown,
            c => Text::Char(c),
        },
        (None, _) => Text::Unknown,
    }
}
