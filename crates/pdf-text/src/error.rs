//! Why a document gives no text.

use serde::{Serialize, Serializer, ser::SerializeStruct};

/// Why a document gives no text at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The file has no bytes.
    #[error("the file is empty")]
    Empty,
    /// The file does not start like a PDF.
    #[error("the file is not a PDF")]
    NotAPdf,
    /// The file needs a password to be opened.
    #[error("the PDF is protected by a password")]
    Encrypted,
    /// The file starts like a PDF, but no page can be found in it.
    #[error("the PDF is damaged: {0}")]
    Damaged(String),
    /// The file has more bytes than [`Budget::bytes`](crate::Budget::bytes).
    #[error("the file has more than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The document has more pages than [`Budget::pages`](crate::Budget::pages).
    #[error("the PDF has {pages} pages, more than {limit}")]
    TooManyPages {
        /// Pages of the document.
        pages: u32,
        /// The limit, in pages.
        limit: u32,
    },
    /// Reading the document would cost more than the budget allows.
    #[error("the PDF is too complex to be read: {0}")]
    TooComplex(String),
    /// The pages were read, but hold no text: scanned images, or drawings only.
    #[error("the PDF holds no text; it may be a scan")]
    NoText,
}

impl Error {
    /// The stable code of this error, as the API answers it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "pdf_empty",
            Self::NotAPdf => "not_a_pdf",
            Self::Encrypted => "pdf_encrypted",
            Self::Damaged(_) => "pdf_damaged",
            Self::TooLarge { .. } => "pdf_too_large",
            Self::TooManyPages { .. } => "pdf_too_many_pages",
            Self::TooComplex(_) => "pdf_too_complex",
            Self::NoText => "pdf_has_no_text",
        }
    }
}

impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Error", 2)?;
        fields.serialize_field("code", self.code())?;
        fields.serialize_field("message", &self.to_string())?;
        fields.end()
    }
}
