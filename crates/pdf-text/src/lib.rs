//! PDF bytes to text by page, inside declared budgets.
//!
//! The bytes are foreign and may be hostile. [`extract`] therefore refuses what would cost more
//! than its [`Budget`], and is meant to run inside a WebAssembly instance of its own, thrown away
//! afterwards, whose memory maximum ends what no budget foresaw (`pdf-text-module`).

mod accents;
mod blocks;
mod budget;
mod device;
mod document;
mod error;
mod glyph;
mod lines;
mod reader;

pub use budget::Budget;
pub use document::{Document, Page, Warning, WarningCode};
pub use error::Error;
pub use reader::{Pages, Pdf, extract};
