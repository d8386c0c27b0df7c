//! PDF bytes to text by page, inside declared budgets.
//!
//! The bytes are foreign and may be hostile. [`extract`] therefore refuses what would cost more
//! than its [`Budget`], and is meant to run inside a WebAssembly instance of its own, thrown away
//! afterwards, whose memory maximum ends what no budget foresaw (`document-module`).

mod accents;
mod blocks;
mod budget;
mod content;
mod decode;
mod document;
mod error;
mod fonts;
mod glyph;
mod interpret;
mod layers;
mod lines;
mod lzw;
mod page;
mod reader;
mod scan;

pub use budget::Budget;
pub use document::{Document, Page, Warning, WarningCode};
pub use error::Error;
pub use reader::{PageRead, Pages, Pdf, extract};
