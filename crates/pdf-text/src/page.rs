//! One page: its content, the forms in it, and what both may cost.

use crate::content::{IDENTITY, Matrix, TextContent, multiply};
use crate::decode::{TooBig, decode};
use crate::fonts::{Checked, Fonts};
use crate::interpret::{Interpreter, Item};
use crate::layers::Layers;
use crate::lines::Lines;
use crate::{Budget, WarningCode};
use hayro_syntax::object::{Array, Dict, Name, ObjectIdentifier, Stream};
use hayro_syntax::page::{Page, Resources};
use std::collections::HashMap;
use std::rc::Rc;

/// What the whole document has cost so far.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Spent {
    /// Bytes decompressed.
    pub(crate) decompressed: u64,
    /// Operators interpreted and bytes of strings shown.
    pub(crate) operations: u64,
    /// Bytes of text given.
    pub(crate) text: usize,
}

/// The text of a page, as far as the budget allowed.
pub(crate) struct PageText {
    pub(crate) text: String,
    /// What is missing, and why.
    pub(crate) trouble: Vec<(WarningCode, String)>,
}

/// A budget of the page or the document is used up.
#[derive(Debug, PartialEq, Eq)]
enum Stop {
    /// The rest of this page is left out.
    Page(&'static str),
    /// The rest of the document is left out.
    Document(&'static str),
}

/// Reads one page.
pub(crate) struct PageReader<'r, 'a> {
    pub(crate) budget: &'r Budget,
    pub(crate) spent: &'r mut Spent,
    pub(crate) checked: &'r mut Checked,
    pub(crate) fonts: &'r Fonts<'a>,
    pub(crate) layers: &'r Layers,
}

/// The state of reading one page.
struct Drawing<'r, 'a> {
    reader: PageReader<'r, 'a>,
    /// The page, in points.
    size: (f64, f64),
    /// From the space of the page's content to upright pages with the origin at the lower left.
    upright: Matrix,
    /// Forms that were read already; a form may be drawn often.
    forms: HashMap<ObjectIdentifier, Rc<TextContent>>,
    content_bytes: usize,
    operations: u64,
    lines: Lines,
    unsupported_font: bool,
}

impl<'a> PageReader<'_, 'a> {
    /// The text of a page, as far as the budget allows.
    pub(crate) fn read(self, page: &Page<'a>) -> PageText {
        let (width, height) = page.render_dimensions();
        let mut drawing = Drawing {
            reader: self,
            size: (f64::from(width), f64::from(height)),
            upright: page.initial_transform(false).as_coeffs(),
            forms: HashMap::new(),
            content_bytes: 0,
            operations: 0,
            lines: Lines::default(),
            unsupported_font: false,
        };
        let mut trouble = Vec::new();
        match drawing.page(page) {
            Ok(()) => {}
            Err(Stop::Page(why)) => trouble.push((WarningCode::PageTooComplex, why.to_owned())),
            Err(Stop::Document(why)) => {
                trouble.push((WarningCode::DocumentTooComplex, why.to_owned()));
            }
        }
        if drawing.unsupported_font {
            let message = "a font could not be used".to_owned();
            trouble.push((WarningCode::UnsupportedFont, message));
        }
        let text = drawing.lines.into_text();
        drawing.reader.spent.text += text.len();
        PageText { text, trouble }
    }
}

impl<'a> Drawing<'_, 'a> {
    fn page(&mut self, page: &Page<'a>) -> Result<(), Stop> {
        let mut content = Vec::new();
        let raw = page.raw();
        if let Some(stream) = raw.get::<Stream<'_>>("Contents") {
            content.extend_from_slice(&self.decode(&stream)?);
        } else if let Some(streams) = raw.get::<Array<'_>>("Contents") {
            for stream in streams.iter::<Stream<'_>>() {
                content.extend_from_slice(&self.decode(&stream)?);
                content.push(b'\n');
            }
        }
        let content = TextContent::new(&content);
        self.draw(&content, page.resources(), IDENTITY, 0)
    }

    /// Decodes content, at the cost of the page and the document.
    fn decode(&mut self, stream: &Stream<'a>) -> Result<Vec<u8>, Stop> {
        let left = self.reader.budget.page_content_bytes - self.content_bytes;
        let data = decode(stream, left)
            .map_err(|TooBig| Stop::Page("its content is larger than the budget"))?;
        self.content_bytes += data.len();
        self.reader.spent.decompressed += data.len() as u64;
        if self.reader.spent.decompressed > self.reader.budget.total_decompressed_bytes {
            return Err(Stop::Document("it decompresses to more than the budget"));
        }
        Ok(data.into_owned())
    }

    /// Draws content and the forms in it, in order.
    fn draw(
        &mut self,
        content: &TextContent,
        resources: &Resources<'a>,
        matrix: Matrix,
        depth: u32,
    ) -> Result<(), Stop> {
        self.charge(content)?;
        self.reader
            .checked
            .check(&resources.fonts, self.reader.budget, self.reader.spent)
            .map_err(|TooBig| Stop::Page("a font is larger than the budget"))?;
        let mut forms = content.forms.iter();
        for item in self.items(content, resources, matrix) {
            match item {
                Item::Glyph(glyph) => self.lines.push(glyph),
                Item::Mark => {
                    if let Some(form) = forms.next() {
                        let matrix = multiply(matrix, form.matrix);
                        self.form(&form.name, resources, matrix, depth + 1)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// What drawing this content costs.
    fn charge(&mut self, content: &TextContent) -> Result<(), Stop> {
        // Never nothing: an empty form that draws itself a million times costs, too.
        let cost = content.operations + content.operators.len() as u64 / 16 + 10;
        self.operations += cost;
        self.reader.spent.operations += cost;
        if self.reader.spent.operations > self.reader.budget.total_operations {
            return Err(Stop::Document("it needs more operations than the budget"));
        }
        if self.operations > self.reader.budget.page_operations {
            return Err(Stop::Page("it needs more operations than the budget"));
        }
        Ok(())
    }

    /// The glyphs of content, and marks where its forms are drawn.
    fn items(
        &mut self,
        content: &TextContent,
        resources: &Resources<'a>,
        matrix: Matrix,
    ) -> Vec<Item> {
        let PageReader { fonts, layers, .. } = self.reader;
        let matrix = multiply(self.upright, matrix);
        let drawn =
            Interpreter::new(fonts, layers, resources, self.size, matrix).run(&content.operators);
        self.unsupported_font |= drawn.unsupported_font;
        drawn.items
    }

    fn form(
        &mut self,
        name: &[u8],
        resources: &Resources<'a>,
        matrix: Matrix,
        depth: u32,
    ) -> Result<(), Stop> {
        let form = Name::new(name).and_then(|name| resources.get_x_object(&name));
        let Some(form) = form else { return Ok(()) };
        let dict = form.dict();
        if dict.get::<Name<'_>>("Subtype").as_deref() != Some(b"Form") {
            return Ok(());
        }
        if depth > self.reader.budget.form_nesting {
            return Err(Stop::Page("its forms are nested too deeply"));
        }
        let id = form.obj_id();
        let content = match self.forms.get(&id) {
            Some(content) => content.clone(),
            None => {
                let content = Rc::new(TextContent::new(&self.decode(&form)?));
                self.forms.insert(id, content.clone());
                content
            }
        };
        let own = dict.get::<[f64; 6]>("Matrix").unwrap_or(IDENTITY);
        let inner = dict.get::<Dict<'_>>("Resources").map(Resources::new);
        self.draw(&content, inner.as_ref().unwrap_or(resources), multiply(matrix, own), depth)
    }
}
