//! Opening a document and reading its pages one by one.

use crate::device::TextDevice;
use crate::{Budget, Document, Error, Page};
use hayro_interpret::hayro_syntax::page::Page as PdfPage;
use hayro_interpret::hayro_syntax::{DecryptionError, LoadPdfError, Pdf as Syntax};
use hayro_interpret::kurbo::{Affine, Rect};
use hayro_interpret::{
    Context, InterpreterCache, InterpreterSettings, RenderContent, interpret_page,
};

/// A PDF may be preceded by other bytes; readers look for its header in the first 1024.
const HEADER_WINDOW: usize = 1024;

/// An opened document.
pub struct Pdf {
    syntax: Syntax,
    budget: Budget,
}

/// The pages of an opened document, with the fonts that they share.
pub struct Pages<'a> {
    pdf: &'a Pdf,
    fonts: InterpreterCache<'a>,
}

/// The text of every page of a PDF.
///
/// # Errors
/// Any [`Error`]. A page that cannot be read is a warning as long as another one can.
pub fn extract(bytes: Vec<u8>, budget: &Budget) -> Result<Document, Error> {
    let pdf = Pdf::open(bytes, budget)?;
    let mut pages = pdf.pages();
    let mut document = Document {
        page_count: pdf.page_count(),
        pages: Vec::new(),
        warnings: Vec::new(),
    };
    for number in 1..=pdf.page_count() {
        document.pages.push(pages.read(number)?);
    }
    if document.pages.iter().all(|page| page.text.is_empty()) {
        return Err(Error::NoText);
    }
    Ok(document)
}

impl Pdf {
    /// Opens a document.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::NotAPdf`], [`Error::Encrypted`], [`Error::Damaged`],
    /// [`Error::TooLarge`], [`Error::TooManyPages`].
    pub fn open(bytes: Vec<u8>, budget: &Budget) -> Result<Self, Error> {
        if bytes.is_empty() {
            return Err(Error::Empty);
        }
        if bytes.len() > budget.bytes {
            return Err(Error::TooLarge {
                limit: budget.bytes,
            });
        }
        let head = bytes.get(..HEADER_WINDOW).unwrap_or(&bytes);
        if !head.windows(5).any(|window| window == b"%PDF-") {
            return Err(Error::NotAPdf);
        }
        let syntax = Syntax::new(bytes).map_err(|error| match error {
            LoadPdfError::Decryption(DecryptionError::PasswordProtected) => Error::Encrypted,
            LoadPdfError::Decryption(error) => Error::Damaged(format!("{error:?}")),
            LoadPdfError::Invalid => Error::Damaged("no page tree was found".to_owned()),
        })?;
        let pdf = Self {
            syntax,
            budget: *budget,
        };
        match pdf.page_count() {
            0 => Err(Error::Damaged("it has no pages".to_owned())),
            pages if pages > budget.pages => Err(Error::TooManyPages {
                pages,
                limit: budget.pages,
            }),
            _ => Ok(pdf),
        }
    }

    /// How many pages the document has.
    pub fn page_count(&self) -> u32 {
        u32::try_from(self.syntax.pages().len()).unwrap_or(u32::MAX)
    }

    /// The pages, to be read one by one.
    pub fn pages(&self) -> Pages<'_> {
        Pages {
            pdf: self,
            fonts: InterpreterCache::new(),
        }
    }
}

impl<'a> Pages<'a> {
    /// The text of one page, counted from 1.
    ///
    /// # Errors
    /// [`Error::Damaged`] when there is no such page, [`Error::TooComplex`] when it would cost
    /// more than the budget.
    pub fn read(&mut self, number: u32) -> Result<Page, Error> {
        let page = usize::try_from(number)
            .ok()
            .and_then(|number| self.pdf.syntax.pages().get(number.checked_sub(1)?))
            .ok_or_else(|| Error::Damaged(format!("there is no page {number}")))?;
        let _ = self.pdf.budget;
        Ok(Page {
            number,
            text: self.text(page),
        })
    }

    fn text(&self, page: &PdfPage<'a>) -> String {
        let (width, height) = page.render_dimensions();
        let transform = Affine::new(page.initial_transform(false).as_coeffs());
        let settings = InterpreterSettings {
            render_content: RenderContent::PAGE,
            ..InterpreterSettings::default()
        };
        let mut context = Context::new(
            transform,
            Rect::new(0.0, 0.0, f64::from(width), f64::from(height)),
            &self.fonts,
            self.pdf.syntax.xref(),
            settings,
        );
        let mut device = TextDevice::new(f64::from(width), f64::from(height));
        interpret_page(page, &mut context, &mut device);
        device.into_text()
    }
}
