//! Any bytes as the content of a page.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pdf_text::{Budget, extract};

fuzz_target!(|content: &[u8]| {
    let mut file = b"%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n\
        2 0 obj\n<</Type/Pages/Count 1/Kids[3 0 R]>>\nendobj\n\
        3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources\
        <</Font<</F 5 0 R>>/XObject<</X 4 0 R/Y 6 0 R>>>>>>\nendobj\n\
        5 0 obj\n<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>\nendobj\n\
        6 0 obj\n<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Length 20>>\nstream\n\
        BT /F 9 Tf (a) Tj ET\nendstream\nendobj\n"
        .to_vec();
    file.extend_from_slice(
        format!("4 0 obj\n<</Type/XObject/Subtype/Form/Length {}>>\nstream\n", content.len())
            .as_bytes(),
    );
    file.extend_from_slice(content);
    file.extend_from_slice(b"\nendstream\nendobj\ntrailer\n<</Root 1 0 R>>\n%%EOF\n");
    let budget = Budget { page_operations: 100_000, ..Budget::default() };
    let _ = extract(file, &budget);
});
