//! What one document may cost.

use serde::{Deserialize, Serialize};

/// The limits inside which a document is read.
///
/// Every limit counts something deterministic (bytes, pages, operations), never time: the clock
/// of a Worker stands still during computation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Budget {
    /// Bytes of the file itself. 50 MB is what the API promises to accept; the file lies in
    /// memory as a whole, so this is more than half of what an instance may use.
    pub bytes: usize,
    /// Pages of the document. 300 pages are a long course; the time taken grows with them.
    pub pages: u32,
    /// Bytes that the content of one page may have after decompression, forms included once.
    /// Ordinary pages have some 10 kB, maps and plots some megabytes; text never needs more.
    pub page_content_bytes: usize,
    /// Bytes that one font program, character map or other support stream of a page may have
    /// after decompression. The largest CJK fonts have about 20 MB.
    pub support_stream_bytes: usize,
    /// Bytes decompressed for the whole document. It bounds the time of documents whose pages
    /// each stay just inside their own limit.
    pub total_decompressed_bytes: u64,
    /// Operators and string bytes one page may need, forms counted as often as they are drawn.
    /// A dense page of text needs 20 000; a form drawing a form drawing a form needs billions.
    pub page_operations: u64,
    /// The same for the whole document; 300 dense pages need 6 million. It bounds the time of
    /// documents whose pages each stay just inside their own limit.
    pub total_operations: u64,
    /// How deeply forms may be nested in forms. Real documents stay below ten.
    pub form_nesting: u32,
    /// Bytes of text one document may give. 300 dense pages give about 2 MB; a page that prints
    /// the same string for ever gives more.
    pub text_bytes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            bytes: 50_000_000,
            pages: 300,
            page_content_bytes: 8 << 20,
            support_stream_bytes: 24 << 20,
            total_decompressed_bytes: 256 << 20,
            page_operations: 1_000_000,
            total_operations: 10_000_000,
            form_nesting: 20,
            text_bytes: 8 << 20,
        }
    }
}
