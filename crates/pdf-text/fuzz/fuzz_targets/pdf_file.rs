//! Any bytes as a PDF.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pdf_text::{Budget, extract};

fuzz_target!(|bytes: &[u8]| {
    // Small, so that a run that is slow is a finding and not a large document.
    let budget = Budget {
        pages: 20,
        page_content_bytes: 1 << 20,
        support_stream_bytes: 1 << 20,
        total_decompressed_bytes: 4 << 20,
        page_operations: 20_000,
        total_operations: 100_000,
        ..Budget::default()
    };
    let _ = extract(bytes.to_vec(), &budget);
});
