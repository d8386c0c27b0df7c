//! The embedded engine.

use crate::layout;
use crate::lexicon::Lexicon;
use crate::question::{Generated, Options, Page, Warning};
use crate::sentence::Sentences;

/// Makes questions from the text alone.
#[must_use]
pub fn generate(pages: &[Page], options: &Options) -> Generated {
    let lexicon = Lexicon::new(options.language);
    let layout = layout::read(pages);
    let sentences = Sentences::of(&layout, &lexicon);
    let _ = &sentences.all;
    Generated {
        questions: Vec::new(),
        warnings: vec![Warning::TooFewQuestions { asked: options.count, found: 0 }],
    }
}
