//! The part of a document that fits into a token budget, taken from all of it.
//!
//! A document is cut into pieces of some sentences. If all of them fit, all are shown; otherwise
//! evenly spaced ones are, from the first page to the last, so that no chapter is left out. A
//! later request can start its spacing elsewhere and so show other pieces.

use mcq::Page;

use crate::tokens::estimate_tokens;

/// A run of text from one page, exactly as it stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// Page number, from 1.
    pub page: u32,
    /// The text, verbatim: quotes are taken from it.
    pub text: String,
}

/// What is shown of a document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Excerpt {
    /// The passages in reading order; neighbours on one page are one passage.
    pub passages: Vec<Passage>,
    /// Pieces shown.
    pub pieces_shown: usize,
    /// Pieces the document has.
    pub pieces_total: usize,
}

/// Tokens set aside for the marker line in front of each passage.
const MARKER_TOKENS: usize = 24;

/// Characters of a piece: long enough to hold a fact and its context, short enough that a hundred
/// of them fit into a usual budget.
const PIECE_CHARS: usize = 600;

/// Pieces a budget should have room for; a small budget gets shorter pieces, not fewer places.
const PLACES: usize = 24;

/// The shortest piece worth showing, in characters: about two sentences.
const MIN_PIECE_CHARS: usize = 160;

impl Excerpt {
    /// Takes at most `budget` tokens, markers included, from the whole of `pages`.
    ///
    /// `rotation` moves the places the pieces are taken from; it changes nothing where all fit.
    #[must_use]
    pub fn of(pages: &[Page], budget: usize, rotation: u64) -> Self {
        let whole: usize = pages
            .iter()
            .filter(|page| !page.text.trim().is_empty())
            .map(|page| estimate_tokens(&page.text) + MARKER_TOKENS)
            .sum();
        let piece_chars = if whole <= budget {
            usize::MAX
        } else {
            // About three characters to a token, see `estimate_tokens`.
            (budget * 3 / PLACES).clamp(MIN_PIECE_CHARS, PIECE_CHARS)
        };
        let pieces = cut(pages, piece_chars);
        let shown = most_that_fit(&pieces, budget, rotation);
        Self {
            passages: join(&pieces, &shown),
            pieces_shown: shown.len(),
            pieces_total: pieces.len(),
        }
    }

    /// How much of the document is shown, in whole percent rounded down: 100 only where all is.
    #[must_use]
    pub fn percent_shown(&self) -> usize {
        (self.pieces_shown * 100).checked_div(self.pieces_total).unwrap_or(100)
    }
}

struct Piece<'a> {
    page: u32,
    text: &'a str,
    tokens: usize,
}

fn cut(pages: &[Page], piece_chars: usize) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    for page in pages {
        let mut rest = page.text.as_str();
        while !rest.is_empty() {
            let (text, after) = rest.split_at(end_of_piece(rest, piece_chars));
            if !text.trim().is_empty() {
                pieces.push(Piece { page: page.number, text, tokens: estimate_tokens(text) });
            }
            rest = after;
        }
    }
    pieces
}

/// Where the first piece of `text` ends, in bytes, on a character boundary and never 0: after the
/// first line or sentence that ends past `piece_chars`, or at twice that at the latest.
fn end_of_piece(text: &str, piece_chars: usize) -> usize {
    let latest = piece_chars.saturating_mul(2);
    let mut previous = ' ';
    let mut last_space = None;
    for (count, (at, character)) in text.char_indices().enumerate() {
        if count >= piece_chars {
            let sentence_ended = character.is_whitespace() && matches!(previous, '.' | '!' | '?');
            if previous == '\n' || sentence_ended {
                return at;
            }
            if character.is_whitespace() {
                last_space = Some(at);
            }
            if count >= latest {
                return last_space.unwrap_or(at);
            }
        }
        previous = character;
    }
    text.len()
}

/// Indices of evenly spaced pieces: as many as fit.
fn most_that_fit(pieces: &[Piece<'_>], budget: usize, rotation: u64) -> Vec<usize> {
    let (mut fits, mut too_many) = (0, pieces.len() + 1);
    let mut best = Vec::new();
    while fits + 1 < too_many {
        let middle = usize::midpoint(fits, too_many);
        let chosen = evenly_spaced(pieces.len(), middle, rotation);
        if cost(pieces, &chosen) <= budget {
            fits = middle;
            best = chosen;
        } else {
            too_many = middle;
        }
    }
    best
}

/// `count` of `total` indices, one from each of `count` equal stretches.
pub(crate) fn evenly_spaced(total: usize, count: usize, rotation: u64) -> Vec<usize> {
    // Thirds, in an order that starts with the middle: 1/2, 1/6, 5/6.
    let sixths = match rotation % 3 {
        0 => 3,
        1 => 1,
        _ => 5,
    };
    (0..count).map(|place| (place * 6 + sixths) * total / (count * 6)).collect()
}

fn cost(pieces: &[Piece<'_>], chosen: &[usize]) -> usize {
    // Each piece is charged a marker, although neighbours share one: never above the budget.
    chosen.iter().filter_map(|index| pieces.get(*index)).map(|p| p.tokens + MARKER_TOKENS).sum()
}

fn join(pieces: &[Piece<'_>], chosen: &[usize]) -> Vec<Passage> {
    let mut passages: Vec<Passage> = Vec::new();
    let mut previous = None;
    for index in chosen {
        let Some(piece) = pieces.get(*index) else { continue };
        let follows = previous.is_some_and(|before: usize| before + 1 == *index);
        match passages.last_mut() {
            Some(last) if follows && last.page == piece.page => last.text.push_str(piece.text),
            _ => passages.push(Passage { page: piece.page, text: piece.text.to_owned() }),
        }
        previous = Some(*index);
    }
    passages
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sentences(count: usize) -> String {
        (0..count).map(|n| format!("Sentence number {n} says one thing of some length. ")).collect()
    }

    fn document(pages: usize, sentences_each: usize) -> Vec<Page> {
        (1..=pages)
            .map(|n| Page { number: u32::try_from(n).unwrap(), text: sentences(sentences_each) })
            .collect()
    }

    fn shown_tokens(excerpt: &Excerpt) -> usize {
        excerpt.passages.iter().map(|p| estimate_tokens(&p.text) + MARKER_TOKENS).sum()
    }

    #[test]
    fn a_document_that_fits_is_shown_whole() {
        let pages = document(3, 5);
        let excerpt = Excerpt::of(&pages, 10_000, 0);
        assert_eq!(excerpt.percent_shown(), 100);
        let texts: Vec<_> = excerpt.passages.iter().map(|p| p.text.clone()).collect();
        assert_eq!(texts, pages.iter().map(|p| p.text.clone()).collect::<Vec<_>>());
    }

    #[test]
    fn a_long_document_is_shown_from_its_first_pages_to_its_last() {
        let excerpt = Excerpt::of(&document(300, 60), 8_000, 0);
        assert!(excerpt.percent_shown() < 20);
        for decade in 0..10 {
            let (from, to) = (decade * 30 + 1, decade * 30 + 30);
            assert!(
                excerpt.passages.iter().any(|p| (from..=to).contains(&p.page)),
                "no passage from pages {from} to {to}"
            );
        }
    }

    #[test]
    fn one_very_long_page_is_sampled_to_its_end() {
        let pages = [Page { number: 1, text: sentences(4_000) }];
        let excerpt = Excerpt::of(&pages, 4_000, 0);
        let last = excerpt.passages.last().unwrap();
        let at = pages[0].text.find(last.text.as_str()).unwrap();
        assert!(at > pages[0].text.len() * 9 / 10);
    }

    #[test]
    fn another_rotation_shows_other_passages() {
        let pages = document(100, 60);
        let first = Excerpt::of(&pages, 4_000, 0);
        let second = Excerpt::of(&pages, 4_000, 1);
        assert!(first.passages.iter().all(|p| !second.passages.contains(p)));
    }

    #[test]
    fn pages_without_text_cost_and_show_nothing() {
        let blank =
            [Page { number: 1, text: " \n ".into() }, Page { number: 2, text: String::new() }];
        assert_eq!(Excerpt::of(&blank, 1_000, 0), Excerpt::default());
    }

    #[test]
    fn a_text_without_spaces_is_cut_all_the_same() {
        let pages = [Page { number: 1, text: "é".repeat(20_000) }];
        let excerpt = Excerpt::of(&pages, 1_000, 0);
        assert!(excerpt.pieces_shown > 1 && shown_tokens(&excerpt) <= 1_000);
    }

    fn any_pages() -> impl Strategy<Value = Vec<Page>> {
        let sentence = "[A-Za-zéàç漢 ]{1,80}[.!?\n]? ?";
        let text = prop::collection::vec(sentence, 0..25).prop_map(|parts| parts.concat());
        prop::collection::vec(text, 0..12).prop_map(|texts| {
            (1u32..).zip(texts).map(|(number, text)| Page { number, text }).collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_budget_is_never_exceeded(pages in any_pages(), budget in 0usize..3_000, rotation: u64) {
            prop_assert!(shown_tokens(&Excerpt::of(&pages, budget, rotation)) <= budget);
        }

        #[test]
        fn every_passage_stands_verbatim_on_its_page(pages in any_pages(), budget in 0usize..3_000, rotation: u64) {
            for passage in Excerpt::of(&pages, budget, rotation).passages {
                let page = pages.iter().find(|p| p.number == passage.page).unwrap();
                prop_assert!(page.text.contains(&passage.text));
            }
        }

        #[test]
        fn each_equal_stretch_gives_exactly_one_piece(total in 1usize..5_000, part in 1usize..5_000, rotation: u64) {
            let count = part.min(total);
            let chosen = evenly_spaced(total, count, rotation);
            for (place, index) in chosen.iter().enumerate() {
                prop_assert!(*index >= place * total / count);
                prop_assert!(*index < ((place + 1) * total).div_ceil(count));
            }
            prop_assert!(chosen.windows(2).all(|pair| pair[0] < pair[1]));
        }

        #[test]
        fn cutting_loses_no_text(pages in any_pages(), piece_chars in 1usize..900) {
            for page in &pages {
                let (mut rest, mut rebuilt) = (page.text.as_str(), String::new());
                while !rest.is_empty() {
                    let (piece, after) = rest.split_at(end_of_piece(rest, piece_chars));
                    prop_assert!(!piece.is_empty());
                    rebuilt.push_str(piece);
                    rest = after;
                }
                prop_assert_eq!(&rebuilt, &page.text);
            }
        }
    }
}
