//! What is read from documents that mean well.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use pdf_text::{Budget, Document, extract};
use support::{Builder, deflate, one_page};

fn read(bytes: Vec<u8>) -> Document {
    extract(bytes, &Budget::default()).unwrap()
}

/// The text of the only page that this content makes.
fn text(content: &str) -> String {
    read(one_page(content)).pages.remove(0).text
}

#[test]
fn words_and_lines_come_out_as_they_are_set() {
    let page = text("BT /F 12 Tf 50 700 Td (Le premier) Tj 0 -14 Td (et le second.) Tj ET");
    assert_eq!(page, "Le premier\net le second.");
}

#[test]
fn every_page_is_numbered_from_one_and_pages_without_text_are_kept() {
    let document = read(
        Builder::new()
            .page("BT /F 12 Tf 50 700 Td (un) Tj ET")
            .page("0 0 10 10 re f")
            .page("BT /F 12 Tf 50 700 Td (trois) Tj ET")
            .build(),
    );
    let pages: Vec<_> = document.pages.iter().map(|p| (p.number, p.text.as_str())).collect();
    assert_eq!(pages, [(1, "un"), (2, ""), (3, "trois")]);
    assert_eq!(document.page_count, 3);
    assert!(document.warnings.is_empty());
}

#[test]
fn a_gap_of_a_fifth_of_an_em_is_a_space_and_a_tenth_is_none() {
    assert_eq!(text("BT /F 10 Tf 50 700 Td [(deux) -200 (mots)] TJ ET"), "deux mots");
    assert_eq!(text("BT /F 10 Tf 50 700 Td [(un) -100 (mot)] TJ ET"), "unmot");
}

#[test]
fn the_thin_space_of_french_punctuation_is_a_space() {
    assert_eq!(text("BT /F 10 Tf 50 700 Td [(Vraiment) -120 (?)] TJ ET"), "Vraiment ?");
}

#[test]
fn beside_a_sign_a_narrower_gap_is_a_space() {
    assert_eq!(text("BT /F 10 Tf 50 700 Td [(usr) -120 (/) -120 (bin)] TJ ET"), "usr / bin");
    assert_eq!(text("BT /F 10 Tf 50 700 Td [(usr) -80 (/) -80 (bin)] TJ ET"), "usr/bin");
    assert_eq!(text("BT /F 10 Tf 50 700 Td [(us) -120 (r)] TJ ET"), "usr");
}

#[test]
fn text_goes_on_after_marked_content_with_a_text_of_its_own() {
    let content =
        "BT /F 10 Tf 50 700 Td (un ) Tj /Span<</ActualText<FEFF2060>>>BDC ( ) Tj EMC (mot) Tj ET";
    assert_eq!(text(content), "un mot");
}

#[test]
fn every_operator_that_begins_a_line_begins_one() {
    let page =
        text("BT /F 10 Tf 12 TL 50 700 Td (un) Tj T* (deux) Tj 0 -14 TD (trois) Tj T* (quatre) Tj");
    assert_eq!(page, "un\ndeux\ntrois\nquatre");
    assert_eq!(
        text(
            "BT /F 10 Tf 12 TL 50 700 Td (un) Tj (deux) ' 0 3 (t r) \" 1 0 0 1 50 664 Tm [(fin)] TJ"
        ),
        "un\ndeux\nt r\nf i n"
    );
}

#[test]
fn spacing_and_scaling_move_the_pen() {
    assert_eq!(text("BT /F 10 Tf 50 700 Td 3 Tc (ab) Tj ET"), "a b");
    assert_eq!(text("BT /F 10 Tf 50 700 Td 3 Tw (ab) Tj 0 Tw (c) Tj ET"), "abc");
    assert_eq!(text("BT /F 10 Tf 50 700 Td 200 Tz [(deux) -110 (mots)] TJ ET"), "deux mots");
    let page = text("/F 10 Tf 3 Tc q 0 Tc BT 50 700 Td (ab) Tj ET Q BT 50 688 Td (cd) Tj ET");
    assert_eq!(page, "ab\nc d");
    // Twice the size: the gap is a tenth of an em.
    assert_eq!(text("2 0 0 2 0 0 cm BT /F 10 Tf 25 350 Td [(un) -100 (mot)] TJ ET"), "unmot");
}

#[test]
fn a_font_that_is_missing_is_replaced_for_ascii_alone() {
    assert_eq!(text("BT /G 10 Tf 50 700 Td (lisible) Tj ET"), "lisible");
    assert_eq!(text("BT 50 700 Td 10 0 0 10 50 700 Tm (lisible) Tj ET"), "lisible");
    let illegible =
        extract(one_page("BT /G 10 Tf 50 700 Td (\\351t\\351) Tj ET"), &Budget::default());
    assert_eq!(illegible.unwrap_err().code(), "pdf_has_no_text");
}

#[test]
fn a_superscript_stays_in_its_line() {
    let page =
        text("BT /F 12 Tf 50 700 Td (le 1) Tj /F 8 Tf 4 Ts (er) Tj 0 Ts /F 12 Tf ( mai) Tj ET");
    assert_eq!(page, "le 1er mai");
}

#[test]
fn a_hyphen_at_the_end_of_a_line_is_kept() {
    let page = text("BT /F 12 Tf 14 TL 50 700 Td (une phrase cou-) Tj T* (pée) Tj ET");
    assert!(page.starts_with("une phrase cou-\np"), "{page:?}");
}

#[test]
fn distant_lines_are_separate_blocks() {
    let page =
        text("BT /F 12 Tf 50 700 Td (Titre) Tj 0 -40 Td (Le corps) Tj 0 -14 Td (du texte) Tj ET");
    assert_eq!(page, "Titre\n\nLe corps\ndu texte");
}

#[test]
fn an_accent_drawn_over_a_letter_makes_one_character() {
    // acute is 333 wide and e 556: the pen goes back by the mean of both, as TeX does it.
    let page = text("BT /F 12 Tf 50 700 Td [(caf) -111 (\\001) 444 (e)] TJ ET");
    assert_eq!(page, "café");
    // Raised over a capital.
    let page = text("BT /F 12 Tf 50 700 Td [-167 (\\001)] TJ 2 Ts 0 Ts [500 (E) (tat)] TJ ET");
    assert_eq!(page, "État");
    let page = text("BT /F 12 Tf 50 700 Td [(\\002) 305 (\\004) (le)] TJ ET");
    assert_eq!(page, "île", "the dotless i gets its dot back");
}

#[test]
fn an_accent_drawn_after_its_letter_makes_one_character_too() {
    let page = text("BT /F 12 Tf 50 700 Td [(fac) 416 (\\005) 84 (ade)] TJ ET");
    assert_eq!(page, "façade");
}

#[test]
fn an_accent_over_nothing_stays_what_it_is() {
    assert_eq!(text("BT /F 12 Tf 50 700 Td (a ^ b `c` ~) Tj ET"), "a ^ b `c` ~");
}

#[test]
fn ligatures_are_spelled_out() {
    assert_eq!(text("BT /F 12 Tf 50 700 Td (dé\\003nir) Tj ET").replace("Ã©", "é"), "définir");
}

#[test]
fn glyphs_struck_twice_to_look_bold_are_read_once() {
    let page = text("BT /F 12 Tf 50 700 Td (Gras) Tj ET BT /F 12 Tf 50.3 700 Td (Gras) Tj ET");
    assert_eq!(page, "Gras");
    // Twice on purpose, at two places.
    let page = text("BT /F 12 Tf 50 700 Td (bis ) Tj (bis) Tj ET");
    assert_eq!(page, "bis bis");
}

#[test]
fn a_title_drawn_last_is_read_first() {
    let page = text(
        "BT /F 12 Tf 50 600 Td (Le corps de la diapositive) Tj ET \
         BT /F 24 Tf 50 700 Td (Le titre) Tj ET",
    );
    assert_eq!(page, "Le titre\n\nLe corps de la diapositive");
}

#[test]
fn columns_are_read_one_after_the_other() {
    let page = text(
        "BT /F 10 Tf 12 TL 50 700 Td (gauche un) Tj T* (gauche deux) Tj ET \
         BT /F 10 Tf 12 TL 300 700 Td (droite un) Tj T* (droite deux) Tj ET",
    );
    assert_eq!(page, "gauche un\ngauche deux\n\ndroite un\ndroite deux");
}

#[test]
fn the_pieces_of_a_line_are_read_from_left_to_right() {
    let page = text("BT /F 10 Tf 62 700 Td (= 2) Tj ET BT /F 10 Tf 50 700 Td (x ) Tj ET");
    assert_eq!(page, "x = 2");
}

#[test]
fn the_cells_of_a_row_stay_in_one_line() {
    let page = text(
        "BT /F 10 Tf 50 700 Td (Prix) Tj 200 0 Td (500 F) Tj -200 -14 Td (Total) Tj 200 0 Td (900 F) Tj ET",
    );
    assert_eq!(page, "Prix 500 F\nTotal 900 F");
}

#[test]
fn a_page_lying_on_its_side_is_read_like_any_other() {
    let mut builder = Builder::new();
    let content = builder
        .stream("", b"BT /F 12 Tf 0 1 -1 0 300 100 Tm (debout sur) Tj 0 -14 Td (le cote) Tj ET");
    let entries = format!("/Rotate 90 /Contents {content} 0 R");
    let document = read(builder.page_entries(&entries, &[]).build());
    assert_eq!(document.pages[0].text, "debout sur\nle cote");
}

#[test]
fn text_turned_inside_a_page_is_a_block_of_its_own() {
    let page = text(
        "BT /F 12 Tf 50 700 Td (droit) Tj ET BT /F 12 Tf 0 1 -1 0 300 100 Tm (vertical) Tj ET",
    );
    assert_eq!(page, "droit\n\nvertical");
}

#[test]
fn text_outside_the_page_is_not_read() {
    let page = text("BT /F 12 Tf 50 700 Td (dedans) Tj 2000 0 Td (dehors) Tj ET");
    assert_eq!(page, "dedans");
}

#[test]
fn invisible_text_is_read_since_scans_carry_it() {
    assert_eq!(text("BT /F 12 Tf 3 Tr 50 700 Td (reconnu) Tj ET"), "reconnu");
}

#[test]
fn forms_are_read_where_they_are_drawn() {
    let mut builder = Builder::new();
    let form = builder.stream(
        "/Type /XObject /Subtype /Form /BBox [0 0 600 800] /Matrix [1 0 0 1 0 -20] \
         /Resources << /Font << /G 3 0 R >> >>",
        b"BT /G 12 Tf 0 0 Td (deux) Tj ET",
    );
    builder.page_with_forms(
        b"BT /F 12 Tf 50 700 Td (un) Tj ET q 1 0 0 1 50 706 cm /X Do Q \
          BT /F 12 Tf 50 672 Td (trois) Tj ET",
        &[("X", form)],
    );
    assert_eq!(read(builder.build()).pages[0].text, "un\ndeux\ntrois");
}

/// What is shown of content marked with these properties, where object 4 is a group that is on and
/// 5 one that is off.
fn shown(configuration: &str, properties: &str) -> String {
    let mut builder = Builder::new();
    let on = builder.object("<< /Type /OCG /Name (on) >>");
    let off = builder.object("<< /Type /OCG /Name (off) >>");
    assert_eq!((on, off), (4, 5));
    let members = builder.object(properties);
    builder.replace(
        1,
        format!("<< /Type /Catalog /Pages 2 0 R /OCProperties << /OCGs [4 0 R 5 0 R] /D << {configuration} >> >> >>"),
    );
    let form = builder.stream(
        &format!(
            "/Type /XObject /Subtype /Form /BBox [0 0 600 800] /Resources << /Font << /F 3 0 R >> \
             /Properties << /On 4 0 R /Off 5 0 R /Members {members} 0 R >> >>"
        ),
        b"BT /F 10 Tf 50 700 Td (a) Tj \
          /OC /On BDC (b) Tj EMC \
          /OC /Off BDC /Span BMC (c) Tj EMC (d) Tj EMC \
          /OC /Members BDC (e) Tj EMC (f) Tj ET",
    );
    builder.page_with_forms(b"/X Do", &[("X", form)]);
    read(builder.build()).pages.remove(0).text.replace(' ', "")
}

#[test]
fn layers_that_are_off_are_not_read() {
    let group = "<< /Type /OCG /Name (other) >>";
    assert_eq!(shown("", group), "abcdef");
    assert_eq!(shown("/OFF [5 0 R]", group), "abef");
    assert_eq!(shown("/BaseState /OFF /ON [4 0 R]", group), "abef");
    assert_eq!(shown("/OFF [5 0 R 6 0 R]", group), "abf");
}

#[test]
fn a_layer_may_depend_on_several_groups() {
    let of = |policy: &str| format!("<< /Type /OCMD /OCGs [4 0 R 5 0 R] {policy} >>");
    assert_eq!(shown("/OFF [5 0 R]", &of("")), "abef");
    assert_eq!(shown("/OFF [5 0 R]", &of("/P /AllOn")), "abf");
    assert_eq!(shown("/OFF [5 0 R]", &of("/P /AnyOff")), "abef");
    assert_eq!(shown("/OFF [5 0 R]", &of("/P /AllOff")), "abf");
    assert_eq!(shown("/OFF [5 0 R]", "<< /Type /OCMD /OCGs 5 0 R >>"), "abf");
    assert_eq!(shown("/OFF [5 0 R]", "<< /Type /OCMD >>"), "abef");
}

#[test]
fn images_do_not_disturb_the_text_around_them() {
    let page = text(
        "BT /F 12 Tf 50 700 Td (avant) Tj ET \
         BI /W 2 /H 2 /BPC 8 /CS /G ID \x01 EI ( Tj \x02\x03 EI \
         BT /F 12 Tf 50 686 Td (apres) Tj ET",
    );
    assert_eq!(page, "avant\napres");
}

#[test]
fn content_may_be_compressed_and_come_in_pieces() {
    let mut builder = Builder::new();
    let first = builder.stream("/Filter /FlateDecode", &deflate(b"BT /F 12 Tf 50 700 Td (une"));
    let second = builder.stream("/Filter /ASCIIHexDecode", b"2066696E29 20546A20 4554>");
    // A piece may end anywhere between two tokens; here one ends within a string, as it may not.
    let third = builder.stream("", b"BT /F 12 Tf 50 680 Td (suite) Tj ET");
    let entries = format!("/Contents [{first} 0 R {second} 0 R {third} 0 R]");
    let text = read(builder.page_entries(&entries, &[]).build()).pages[0].text.clone();
    assert_eq!(text, "une fin\nsuite");
}

#[test]
fn a_document_serialises_to_the_shape_others_rely_on() {
    let document = read(one_page("BT /F 12 Tf 50 700 Td (bonjour) Tj ET"));
    assert_eq!(
        serde_json::to_value(document).unwrap(),
        serde_json::json!({
            "page_count": 1,
            "pages": [{"number": 1, "text": "bonjour"}],
            "warnings": [],
        })
    );
}
