//! What documents that are broken, locked or hostile come to.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use pdf_text::{Budget, Error, Pdf, WarningCode, extract};
use support::{Builder, deflate, one_page};

const HELLO: &str = "BT /F 12 Tf 50 700 Td (bonjour) Tj ET";

fn code(bytes: Vec<u8>) -> &'static str {
    extract(bytes, &Budget::default()).unwrap_err().code()
}

#[test]
fn an_empty_file_is_told_from_one_that_is_no_pdf() {
    assert_eq!(code(Vec::new()), "pdf_empty");
    assert_eq!(code(b"<!doctype html><p>404</p>".to_vec()), "not_a_pdf");
}

#[test]
fn bytes_before_the_header_are_forgiven() {
    let mut bytes = b"HTTP junk\r\n\r\n".to_vec();
    bytes.extend(one_page(HELLO));
    assert_eq!(extract(bytes, &Budget::default()).unwrap().pages[0].text, "bonjour");
}

#[test]
fn a_header_without_a_document_is_damaged() {
    assert_eq!(code(b"%PDF-1.7\n%%EOF".to_vec()), "pdf_damaged");
}

#[test]
fn a_document_without_pages_is_damaged() {
    assert_eq!(code(Builder::new().build()), "pdf_damaged");
}

#[test]
fn a_file_cut_off_in_the_middle_still_gives_its_first_pages() {
    let mut builder = Builder::new();
    for _ in 0..20 {
        builder.page(HELLO);
    }
    let mut bytes = builder.build();
    bytes.truncate(bytes.len() * 3 / 4);
    let document = extract(bytes, &Budget::default()).unwrap();
    assert!(document.pages.len() > 5, "{}", document.pages.len());
    assert_eq!(document.pages[0].text, "bonjour");
}

#[test]
fn a_document_that_needs_a_password_is_encrypted() {
    // A user key that the empty password does not give.
    let key = "00".repeat(32);
    let bytes = Builder::new()
        .page(HELLO)
        .trailer(&format!(
            "/ID [<00> <00>] /Encrypt << /Filter /Standard /V 1 /R 2 /Length 40 /P -4 \
             /O <{key}> /U <{key}> >>"
        ))
        .build();
    assert_eq!(code(bytes), "pdf_encrypted");
}

#[test]
fn an_encryption_nobody_knows_is_damage() {
    let bytes = Builder::new()
        .page(HELLO)
        .trailer("/ID [<00> <00>] /Encrypt << /Filter /Other /V 9 >>")
        .build();
    assert_eq!(code(bytes), "pdf_damaged");
}

#[test]
fn a_file_over_the_byte_budget_is_refused_unread() {
    let budget = Budget { bytes: 100, ..Budget::default() };
    let error = extract(one_page(HELLO), &budget).unwrap_err();
    assert_eq!(error, Error::TooLarge { limit: 100 });
    assert_eq!(error.code(), "pdf_too_large");
}

#[test]
fn a_document_over_the_page_budget_is_refused() {
    let mut builder = Builder::new();
    for _ in 0..4 {
        builder.page(HELLO);
    }
    let budget = |pages| Budget { pages, ..Budget::default() };
    assert!(extract(builder.build(), &budget(4)).is_ok());
    let error = extract(builder.build(), &budget(3)).unwrap_err();
    assert_eq!(error, Error::TooManyPages { pages: 4, limit: 3 });
    assert_eq!(error.code(), "pdf_too_many_pages");
}

#[test]
fn a_page_tree_that_names_one_page_a_million_times_has_too_many_pages() {
    let mut builder = Builder::new();
    builder.page(HELLO);
    let kids = "5 0 R ".repeat(100_000);
    builder.replace(2, format!("<< /Type /Pages /Count 100000 /Kids [{kids}] >>"));
    assert_eq!(code(builder.build()), "pdf_too_many_pages");
}

#[test]
fn a_page_tree_that_contains_itself_ends() {
    let mut builder = Builder::new();
    builder.page(HELLO);
    builder.replace(2, "<< /Type /Pages /Count 1 /Kids [2 0 R 5 0 R 2 0 R] >>");
    let document = extract(builder.build(), &Budget::default()).unwrap();
    assert_eq!(document.pages.len(), 1);
    assert_eq!(document.pages[0].text, "bonjour");
}

#[test]
fn a_page_without_any_text_is_told_from_a_page_that_cost_too_much() {
    assert_eq!(code(one_page("0 0 100 100 re f")), "pdf_has_no_text");
}

#[test]
fn content_that_decompresses_to_too_much_is_too_complex() {
    let mut builder = Builder::new();
    let bomb = deflate(&vec![b' '; 32 << 20]);
    assert!(bomb.len() < 100_000);
    let content = builder.stream("/Filter /FlateDecode", &bomb);
    assert_eq!(code(builder.page_of(content, &[]).build()), "pdf_too_complex");
}

#[test]
fn content_compressed_twice_is_bounded_at_each_step() {
    let mut builder = Builder::new();
    let bomb = deflate(&deflate(&vec![b' '; 32 << 20]));
    let content = builder.stream("/Filter [/FlateDecode /FlateDecode]", &bomb);
    assert_eq!(code(builder.page_of(content, &[]).build()), "pdf_too_complex");
}

#[test]
fn a_page_that_costs_too_much_does_not_take_the_others_with_it() {
    let mut builder = Builder::new();
    builder.page(HELLO);
    let bomb = builder.stream("/Filter /FlateDecode", &deflate(&vec![b' '; 32 << 20]));
    builder.page_of(bomb, &[]);
    builder.page(HELLO);
    let document = extract(builder.build(), &Budget::default()).unwrap();
    let texts: Vec<_> = document.pages.iter().map(|page| page.text.as_str()).collect();
    assert_eq!(texts, ["bonjour", "", "bonjour"]);
    assert_eq!(document.warnings.len(), 1);
    assert_eq!(document.warnings[0].code, WarningCode::PageTooComplex);
    assert_eq!(document.warnings[0].page, Some(2));
}

#[test]
fn a_document_that_decompresses_to_too_much_keeps_the_pages_before() {
    let mut builder = Builder::new();
    for _ in 0..3 {
        let mut content = HELLO.as_bytes().to_vec();
        content.extend(vec![b' '; 1000]);
        let content = builder.stream("/Filter /FlateDecode", &deflate(&content));
        builder.page_of(content, &[]);
    }
    let budget = Budget { total_decompressed_bytes: 1500, ..Budget::default() };
    let document = extract(builder.build(), &budget).unwrap();
    assert_eq!(document.pages.len(), 2, "the second one meets the limit");
    assert_eq!(document.pages[0].text, "bonjour");
    assert_eq!(document.warnings[0].code, WarningCode::DocumentTooComplex);
    assert_eq!(document.page_count, 3);
}

#[test]
fn text_without_end_is_cut_at_the_budget() {
    let mut builder = Builder::new();
    for _ in 0..5 {
        builder.page(HELLO);
    }
    let budget = Budget { text_bytes: 10, ..Budget::default() };
    let document = extract(builder.build(), &budget).unwrap();
    assert_eq!(document.pages.len(), 2);
    assert_eq!(document.warnings[0].code, WarningCode::DocumentTooComplex);
}

/// A form that draws its neighbour ten times, and so on, and the page that draws the first.
fn billion_laughs(depth: usize) -> Vec<u8> {
    let mut builder = Builder::new();
    let mut form = builder.stream(
        "/Type /XObject /Subtype /Form /BBox [0 0 1 1] /Resources << /Font << /F 3 0 R >> >>",
        b"BT /F 12 Tf (ha) Tj ET",
    );
    for _ in 0..depth {
        let entries = format!(
            "/Type /XObject /Subtype /Form /BBox [0 0 1 1] /Resources << /XObject << /X {form} 0 R >> >>"
        );
        form = builder.stream(&entries, "/X Do ".repeat(10).as_bytes());
    }
    builder.page_with_forms(HELLO.as_bytes(), &[]);
    builder.page_with_forms(b"/X Do", &[("X", form)]);
    builder.build()
}

#[test]
fn forms_that_multiply_end_at_the_operations_of_a_page() {
    let document = extract(billion_laughs(9), &Budget::default()).unwrap();
    assert_eq!(document.pages[0].text, "bonjour");
    assert_eq!(document.warnings[0].code, WarningCode::PageTooComplex);
    assert_eq!(document.warnings[0].page, Some(2));
}

#[test]
fn operations_of_the_whole_document_are_bounded_too() {
    let budget = Budget { total_operations: 5_000, ..Budget::default() };
    let document = extract(billion_laughs(9), &budget).unwrap();
    assert_eq!(document.warnings[0].code, WarningCode::DocumentTooComplex);
}

#[test]
fn a_form_that_draws_itself_ends() {
    let mut builder = Builder::new();
    let form = builder.stream("", b"");
    builder.replace(
        form,
        format!(
            "<< /Type /XObject /Subtype /Form /BBox [0 0 600 800] /Length 42 /Resources \
             << /Font << /F 3 0 R >> /XObject << /X {form} 0 R >> >> >>\nstream\n\
             /X Do BT /F 12 Tf 50 700 Td (encore) Tj ET\nendstream"
        ),
    );
    builder.page_with_forms(b"/X Do", &[("X", form)]);
    let document = extract(builder.build(), &Budget::default()).unwrap();
    assert_eq!(document.pages[0].text, "encore");
}

#[test]
fn two_forms_that_draw_each_other_end() {
    let mut builder = Builder::new();
    let (first, second) = (builder.object("null"), builder.object("null"));
    for (form, other) in [(first, second), (second, first)] {
        builder.replace(
            form,
            format!(
                "<< /Type /XObject /Subtype /Form /BBox [0 0 600 800] /Length 5 /Resources \
                 << /XObject << /X {other} 0 R >> >> >>\nstream\n/X Do\nendstream"
            ),
        );
    }
    builder.page_with_forms(format!("{HELLO} /X Do").as_bytes(), &[("X", first)]);
    let document = extract(builder.build(), &Budget::default()).unwrap();
    assert_eq!(document.pages[0].text, "bonjour");
}

#[test]
fn forms_nested_deeper_than_the_budget_stop_the_page() {
    let nested = |depth| {
        let mut builder = Builder::new();
        let mut form = builder.stream(
            "/Type /XObject /Subtype /Form /BBox [0 0 1 1] /Resources << /Font << /F 3 0 R >> >>",
            HELLO.as_bytes(),
        );
        for _ in 1..depth {
            let entries = format!(
                "/Type /XObject /Subtype /Form /BBox [0 0 1 1] \
                 /Resources << /XObject << /X {form} 0 R >> >>"
            );
            form = builder.stream(&entries, b"/X Do");
        }
        builder.page_with_forms(b"/X Do", &[("X", form)]);
        extract(builder.build(), &Budget::default())
    };
    assert_eq!(nested(20).unwrap().pages[0].text, "bonjour");
    let error = nested(21).unwrap_err();
    assert_eq!(error.code(), "pdf_too_complex");
    assert!(error.to_string().contains("nested"), "{error}");
}

#[test]
fn arrays_nested_a_hundred_thousand_deep_end() {
    let mut builder = Builder::new();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let array = builder.object(deep.clone());
    builder.page_entries(&format!("/Contents {array} 0 R /Annots {deep}"), &[]);
    builder.page(HELLO);
    let outcome = extract(builder.build(), &Budget::default());
    let texts =
        outcome.map(|document| document.pages.iter().map(|p| p.text.clone()).collect::<Vec<_>>());
    assert!(
        matches!(&texts, Err(Error::Damaged(_)))
            || texts.as_ref().unwrap().contains(&"bonjour".into()),
        "{texts:?}"
    );
}

#[test]
fn states_saved_without_end_are_not_kept() {
    let content = format!("{} {HELLO} {}", "q ".repeat(100_000), "Q ".repeat(100_000));
    assert_eq!(extract(one_page(&content), &Budget::default()).unwrap().pages[0].text, "bonjour");
}

#[test]
fn a_font_program_larger_than_the_budget_stops_the_page() {
    let mut builder = Builder::new();
    let program = builder.stream("/Filter /FlateDecode", &deflate(&vec![0; 1 << 20]));
    let descriptor = builder
        .object(format!("<< /Type /FontDescriptor /FontName /X /FontFile2 {program} 0 R >>"));
    builder.replace(
        3,
        format!(
            "<< /Type /Font /Subtype /TrueType /BaseFont /X /FontDescriptor {descriptor} 0 R >>"
        ),
    );
    builder.page(HELLO);
    let budget = Budget { support_stream_bytes: 1000, ..Budget::default() };
    let error = extract(builder.build(), &budget).unwrap_err();
    assert_eq!(error.code(), "pdf_too_complex");
}

#[test]
fn fonts_together_are_held_to_the_total() {
    let mut builder = Builder::new();
    let map = builder.stream("/Filter /FlateDecode", &deflate(&vec![b' '; 100_000]));
    builder.replace(
        3,
        format!(
            "<< /Type /Font /Subtype /Type0 /BaseFont /X /Encoding /Identity-H /ToUnicode {map} 0 R \
             /DescendantFonts [<< /Type /Font /Subtype /CIDFontType2 /BaseFont /X >>] >>"
        ),
    );
    builder.page(HELLO);
    let budget = Budget { total_decompressed_bytes: 50_000, ..Budget::default() };
    assert_eq!(extract(builder.build(), &budget).unwrap_err().code(), "pdf_too_complex");
}

#[test]
fn a_page_that_does_not_exist_is_an_error() {
    let pdf = Pdf::open(one_page(HELLO), &Budget::default()).unwrap();
    for number in [0, 2, u32::MAX] {
        assert_eq!(pdf.pages().read(number).unwrap_err().code(), "pdf_damaged");
    }
}

#[test]
fn errors_serialise_as_code_and_message() {
    let error = Error::TooManyPages { pages: 301, limit: 300 };
    assert_eq!(
        serde_json::to_value(error).unwrap(),
        serde_json::json!({
            "code": "pdf_too_many_pages",
            "message": "the PDF has 301 pages, more than 300",
        })
    );
}
