//! The forms of options, and the document's phrases by form: what distractors are drawn from.

use std::collections::{HashMap, HashSet};

use super::Fact;
use crate::lexicon::Lexicon;

/// What kind of phrase an option is. Options of one question are all of one form.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Form {
    /// A name without article; plural or not.
    Term { plural: bool, capital: bool },
    /// What a term is defined as: opens with an article.
    Description { plural: bool },
    /// A noun phrase with its article.
    Noun { definite: bool, plural: bool },
    /// A term the document defines, with its definite article.
    Defined { plural: bool },
    /// A noun phrase without article, or opened by a preposition or number.
    Bare { plural: bool },
    /// An infinitive and its complements.
    Action,
    /// An instruction.
    Instruction,
    /// A clause that could stand alone.
    Clause,
    /// Why something is so: a clause after « parce que ».
    Cause,
    /// What follows: the main clause after « si … , », real or supposed.
    Outcome { supposed: bool },
    /// On what condition: a clause after « si ».
    Condition,
    /// What a verb of one class does it to: « contient des gants », « comprend une batterie ».
    Object { class: u8, definite: bool, plural: bool },
    /// The right-hand side of a formula.
    Formula,
    /// A number and its unit, the unit in singular lowercase; `word` if the number is spelled out.
    Figure { unit: String, word: bool },
    /// A list entry, by its opening: 0 lowercase, 1 uppercase.
    Entry { capital: bool },
}

impl Form {
    /// Other forms whose phrases may stand beside this one's where it has too few, nearest first.
    pub(crate) fn kindred(&self) -> Vec<Form> {
        match *self {
            Form::Noun { definite, plural } => {
                vec![
                    Form::Noun { definite: !definite, plural },
                    Form::Noun { definite, plural: !plural },
                ]
            }
            Form::Description { plural } => vec![Form::Description { plural: !plural }],
            Form::Object { class, definite, plural } => vec![
                Form::Object { class, definite: !definite, plural },
                Form::Object { class, definite, plural: !plural },
                Form::Object { class, definite: !definite, plural: !plural },
            ],
            Form::Bare { plural } => vec![Form::Noun { definite: true, plural }],
            Form::Term { plural, capital } => vec![Form::Term { plural: !plural, capital }],
            _ => Vec::new(),
        }
    }
}

/// A phrase of the document that may serve as a distractor.
#[derive(Clone, Debug)]
pub(crate) struct Phrase {
    /// The phrase.
    pub(crate) text: String,
    /// Stems of its content words.
    pub(crate) stems: Vec<String>,
    /// Index of the page it comes from.
    pub(crate) page: usize,
    /// Index of the block it comes from.
    pub(crate) block: usize,
    /// Length in characters.
    pub(crate) length: usize,
    /// Stems of what it answers, if it is a fact's key.
    pub(crate) about: Vec<String>,
}

impl Phrase {
    /// A phrase with what is read off it once.
    pub(crate) fn of(text: &str, page: usize, block: usize, lexicon: &Lexicon) -> Self {
        let stems = lexicon.content_stems(text);
        let length = text.chars().count();
        Self { text: text.to_owned(), stems, page, block, length, about: Vec::new() }
    }
}

/// Phrases by form, each once.
#[derive(Default)]
pub(crate) struct Pool {
    by_form: HashMap<Form, Vec<Phrase>>,
    seen: HashSet<(Form, String)>,
}

impl Pool {
    /// Phrases of a form, in reading order.
    pub(crate) fn of(&self, form: &Form) -> &[Phrase] {
        self.by_form.get(form).map_or(&[], Vec::as_slice)
    }

    /// Adds a fact's key, and remembers what it answers.
    pub(super) fn add_key(&mut self, fact: &Fact, lexicon: &Lexicon) {
        self.add(fact.form.clone(), &fact.key, fact.page, fact.block, lexicon);
        let last = self.by_form.get_mut(&fact.form).and_then(|phrases| phrases.last_mut());
        if let Some(phrase) = last.filter(|phrase| phrase.block == fact.block) {
            phrase.about.clone_from(&fact.subject);
        }
    }

    /// Adds a phrase, unless it is there.
    pub(super) fn add(
        &mut self,
        form: Form,
        text: &str,
        page: usize,
        block: usize,
        lexicon: &Lexicon,
    ) {
        // An article that opened a sentence loses its capital: options look alike.
        let lowered: String;
        let mut text = text;
        if let (Form::Noun { .. } | Form::Description { .. }, Some(first)) =
            (&form, text.chars().next())
            && first.is_uppercase()
        {
            lowered = first.to_lowercase().chain(text.chars().skip(1)).collect();
            text = &lowered;
        }
        if self.seen.insert((form.clone(), text.to_lowercase())) {
            self.by_form.entry(form).or_default().push(Phrase::of(text, page, block, lexicon));
        }
    }
}
