//! Whatever the bytes, there is an answer and no panic.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use pdf_text::{Budget, extract};
use proptest::collection::vec;
use proptest::prelude::*;
use support::{Builder, deflate};

/// A document with something of everything, small enough to be damaged everywhere.
fn rich_document() -> Vec<u8> {
    let mut builder = Builder::new();
    let form = builder.stream(
        "/Type /XObject /Subtype /Form /BBox [0 0 600 800] /Resources << /Font << /F 3 0 R >> >>",
        b"BT /F 12 Tf 50 500 Td (une forme) Tj ET",
    );
    builder.page_with_forms(
        b"q 1 0 0 1 10 20 cm BT /F 12 Tf 50 700 Td [(caf) -111 (\\001) 444 (e)] TJ T* (x) ' ET Q /X Do",
        &[("X", form)],
    );
    let content = builder.stream("/Filter /FlateDecode", &deflate(b"BT /F 9 Tf (deux) Tj ET"));
    builder.page_of(content, &[]);
    builder.build()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..2000)) {
        let _ = extract(bytes, &Budget::default());
    }

    #[test]
    fn arbitrary_bytes_behind_a_header_never_panic(bytes in vec(any::<u8>(), 0..2000)) {
        let mut file = b"%PDF-1.7\n".to_vec();
        file.extend(bytes);
        let _ = extract(file, &Budget::default());
    }

    #[test]
    fn a_damaged_document_never_panics(
        damages in vec((any::<prop::sample::Index>(), any::<u8>()), 1..30),
        cut in any::<prop::sample::Index>(),
        cuts in any::<bool>(),
    ) {
        let mut bytes = rich_document();
        for (place, byte) in damages {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if cuts {
            bytes.truncate(cut.index(bytes.len()));
        }
        let _ = extract(bytes, &Budget::default());
    }

    #[test]
    fn any_content_is_read_inside_the_budget_of_text(content in vec(any::<u8>(), 0..1000)) {
        let mut builder = Builder::new();
        builder.page_with_forms(&content, &[]);
        if let Ok(document) = extract(builder.build(), &Budget::default()) {
            // A glyph is at most a ligature of a few characters and the space before it.
            prop_assert!(document.pages[0].text.len() <= 16 * content.len());
        }
    }

    #[test]
    fn words_of_letters_come_back_as_they_were(words in vec("[a-zA-Z]{1,12}", 1..40)) {
        let text = words.join(" ");
        let lines: Vec<_> = text.as_bytes().chunks(70).collect();
        let mut content = b"BT /F 8 Tf 10 TL 20 780 Td ".to_vec();
        for line in lines {
            content.push(b'(');
            content.extend_from_slice(line);
            content.extend_from_slice(b") Tj T* ");
        }
        content.extend_from_slice(b"ET");
        let mut builder = Builder::new();
        builder.page_with_forms(&content, &[]);
        let document = extract(builder.build(), &Budget::default()).unwrap();
        let kept: String = document.pages[0].text.split_whitespace().collect();
        prop_assert_eq!(kept, words.concat());
    }
}
