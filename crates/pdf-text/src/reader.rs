//! Opening a document and reading its pages one by one.

use crate::fonts::{Checked, Fonts};
use crate::layers::Layers;
use crate::page::{PageReader, Spent};
use crate::{Budget, Document, Error, Page, Warning, WarningCode};
use hayro_syntax::object::Dict;
use hayro_syntax::{DecryptionError, LoadPdfError, Pdf as Syntax};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A PDF may be preceded by other bytes; readers look for its header in the first 1024.
const HEADER_WINDOW: usize = 1024;

/// An opened document.
pub struct Pdf {
    syntax: Syntax,
    budget: Budget,
}

/// The pages of an opened document, with the fonts that they share and what they have cost.
pub struct Pages<'a> {
    pdf: &'a Pdf,
    fonts: Fonts<'a>,
    checked: Checked,
    layers: Layers,
    spent: Spent,
}

/// One page, and what could not be read of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageRead {
    /// The page, with as much of its text as the budget allowed.
    pub page: Page,
    /// What is missing.
    pub warnings: Vec<Warning>,
    /// Whether the budget of the document is used up: the pages after this one cannot be read.
    pub last: bool,
}

/// The text of every page of a PDF.
///
/// This never panics on foreign bytes as far as is known and fuzzed, but its parsers are foreign,
/// too, and decompress what describes the document (cross-references, object streams) without a
/// limit: natively, only give it files that you trust not to exhaust the memory; foreign ones
/// belong into an instance of `document-module`.
///
/// # Errors
/// Any [`Error`]. A page that cannot be read is a warning as long as another one gives text.
pub fn extract(bytes: Vec<u8>, budget: &Budget) -> Result<Document, Error> {
    let pdf = Pdf::open(bytes, budget)?;
    let mut pages = pdf.pages();
    let mut document =
        Document { page_count: pdf.page_count(), pages: Vec::new(), warnings: Vec::new() };
    for number in 1..=pdf.page_count() {
        let read = pages.read(number)?;
        document.pages.push(read.page);
        document.warnings.extend(read.warnings);
        if read.last {
            break;
        }
    }
    document.or_error()
}

impl Pdf {
    /// Opens a document.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::NotAPdf`], [`Error::Encrypted`], [`Error::Damaged`],
    /// [`Error::TooLarge`], [`Error::TooManyPages`].
    pub fn open<B>(document: B, budget: &Budget) -> Result<Self, Error>
    where
        B: AsRef<[u8]> + Send + Sync + 'static,
    {
        let bytes = document.as_ref();
        if bytes.is_empty() {
            return Err(Error::Empty);
        }
        if bytes.len() > budget.bytes {
            return Err(Error::TooLarge { limit: budget.bytes });
        }
        let head = bytes.get(..HEADER_WINDOW).unwrap_or(bytes);
        if !head.windows(5).any(|window| window == b"%PDF-") {
            return Err(Error::NotAPdf);
        }
        let syntax = Syntax::new(Arc::new(document)).map_err(|error| match error {
            LoadPdfError::Decryption(DecryptionError::PasswordProtected) => Error::Encrypted,
            LoadPdfError::Decryption(error) => Error::Damaged(format!("{error:?}")),
            LoadPdfError::Invalid => Error::Damaged("no page tree was found".to_owned()),
        })?;
        let pdf = Self { syntax, budget: *budget };
        match pdf.page_count().max(pdf.declared_pages()) {
            0 => Err(Error::Damaged("it has no pages".to_owned())),
            pages if pages > budget.pages => {
                Err(Error::TooManyPages { pages, limit: budget.pages })
            }
            _ => Ok(pdf),
        }
    }

    /// How many pages the document has.
    pub fn page_count(&self) -> u32 {
        u32::try_from(self.syntax.pages().len()).unwrap_or(u32::MAX)
    }

    /// How many pages the page tree claims to have; the parser stops at a page it has seen.
    fn declared_pages(&self) -> u32 {
        let xref = self.syntax.xref();
        xref.get::<Dict<'_>>(xref.root_id())
            .and_then(|catalog| catalog.get::<Dict<'_>>("Pages"))
            .and_then(|pages| pages.get::<u32>("Count"))
            .unwrap_or(0)
    }

    /// The pages, to be read one by one.
    pub fn pages(&self) -> Pages<'_> {
        Pages {
            pdf: self,
            fonts: Fonts::default(),
            checked: Checked::default(),
            layers: Layers::new(self.syntax.xref()),
            spent: Spent::default(),
        }
    }
}

impl<'a> Pages<'a> {
    /// The text of one page, counted from 1.
    ///
    /// # Errors
    /// [`Error::Damaged`] when there is no such page.
    pub fn read(&mut self, number: u32) -> Result<PageRead, Error> {
        let page = usize::try_from(number)
            .ok()
            .and_then(|number| self.pdf.syntax.pages().get(number.checked_sub(1)?))
            .ok_or_else(|| Error::Damaged(format!("there is no page {number}")))?;
        let reader = PageReader {
            budget: &self.pdf.budget,
            spent: &mut self.spent,
            checked: &mut self.checked,
            fonts: &self.fonts,
            layers: &self.layers,
        };
        let read = reader.read(page);
        let mut last =
            read.trouble.iter().any(|(code, _)| *code == WarningCode::DocumentTooComplex);
        let mut warnings: Vec<Warning> = read
            .trouble
            .into_iter()
            .map(|(code, message)| Warning { code, page: Some(number), message })
            .collect();
        if !last && self.spent.text > self.pdf.budget.text_bytes {
            last = true;
            warnings.push(Warning {
                code: WarningCode::DocumentTooComplex,
                page: Some(number),
                message: "its text is longer than the budget".to_owned(),
            });
        }
        Ok(PageRead { page: Page { number, text: read.text }, warnings, last })
    }
}
