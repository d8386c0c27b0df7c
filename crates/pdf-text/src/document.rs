//! What a document gives: its text, page by page.

use crate::Error;
use serde::{Deserialize, Serialize};

/// The text of one page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Counted from 1, as a reader counts, whatever is printed on the page.
    pub number: u32,
    /// Lines separated by `\n`, blocks of lines by an empty line. Hyphens at the end of a line
    /// are kept.
    pub text: String,
}

/// The text of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Pages of the document, those without text included.
    pub page_count: u32,
    /// Every page that could be read, in order; a page without text has an empty text.
    pub pages: Vec<Page>,
    /// What could not be read.
    pub warnings: Vec<Warning>,
}

impl Document {
    /// The document, if it has any text.
    ///
    /// # Errors
    /// [`Error::TooComplex`] when its pages cost too much, else [`Error::NoText`].
    pub fn or_error(self) -> Result<Self, Error> {
        if self.pages.iter().any(|page| !page.text.is_empty()) {
            return Ok(self);
        }
        let complex = self.warnings.iter().find(|warning| {
            matches!(warning.code, WarningCode::PageTooComplex | WarningCode::DocumentTooComplex)
        });
        Err(match complex {
            Some(warning) => Error::TooComplex(warning.message.clone()),
            None => Error::NoText,
        })
    }
}

/// Something of the document that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// Stable, snake_case.
    pub code: WarningCode,
    /// The page concerned, counted from 1.
    pub page: Option<u32>,
    /// For a log, in English.
    pub message: String,
}

/// The kinds of [`Warning`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningCode {
    /// The page would cost more than its budget, and was left out.
    PageTooComplex,
    /// The document reached a budget of its own here; the pages from this one on were left out.
    DocumentTooComplex,
    /// A font of the page could not be used; some of its text may be missing.
    UnsupportedFont,
}
