//! Facts that can be asked: a stem, its key, and what kind of phrase the key is.
//!
//! Each submodule reads one pattern. A fact holds no distractors yet; every key, and many a phrase
//! besides, goes into the [`Pool`] from which distractors of the same form are drawn.

mod circumstance;
mod complement;
mod completion;
mod definition;
mod figure;
mod formula;
mod list;
mod phrase;
mod pool;
mod relation_en;
mod relation_fr;
mod verbs_fr;

use std::collections::{HashMap, HashSet};

pub(crate) use figure::{WORDS_EN, WORDS_FR};
pub(crate) use pool::{Form, Phrase, Pool};

use crate::layout::Layout;
use crate::lexicon::{Lexicon, words};
use crate::question::{Language, Page};
use crate::sentence::{Sentence, Sentences};

/// The pattern a fact was read by, from the one that makes the best questions down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Pattern {
    /// A term and what it is.
    Definition,
    /// Why, when, how.
    Circumstance,
    /// What something does, contains, depends on.
    Relation,
    /// A figure with its unit.
    Figure,
    /// What is calculated from what.
    Formula,
    /// An entry of a list.
    Enumeration,
    /// The end of a sentence, to be completed: a term the document defines.
    Completion,
    /// As [`Pattern::Completion`], for any noun: only where a paper would stay short of ten.
    LastResort,
}

impl Pattern {
    /// How good the questions of this pattern are, before anything else is known.
    pub(crate) fn quality(self) -> u32 {
        match self {
            Pattern::Definition => 100,
            Pattern::Circumstance => 90,
            Pattern::Figure => 88,
            Pattern::Formula => 86,
            Pattern::Relation => 70,
            Pattern::Enumeration => 60,
            Pattern::Completion => 45,
            Pattern::LastResort => 20,
        }
    }
}

/// One thing the document says, put as a question without options.
#[derive(Clone, Debug)]
pub(crate) struct Fact {
    /// The pattern it was read by.
    pub(crate) pattern: Pattern,
    /// The question.
    pub(crate) stem: String,
    /// The right answer.
    pub(crate) key: String,
    /// What the key is.
    pub(crate) form: Form,
    /// Stems of what the question is about: a distractor the document links to it may be right too.
    pub(crate) subject: Vec<String>,
    /// Index into the pages given.
    pub(crate) page: usize,
    /// The passage that says it.
    pub(crate) quote: String,
    /// Index of the block it comes from.
    pub(crate) block: usize,
    /// Distractors of the same list, better than any drawn from afar.
    pub(crate) siblings: Vec<String>,
    /// Right answers besides the key: the other entries of its list.
    pub(crate) members: Vec<String>,
    /// Points added to or taken from the pattern's quality.
    pub(crate) bonus: i32,
}

/// What the patterns look at besides the sentence.
pub(crate) struct Context<'a> {
    pub(crate) lexicon: &'a Lexicon,
    pub(crate) layout: &'a Layout,
    pub(crate) pages: &'a [Page],
    /// Words the document writes without a capital more than with one.
    common: HashSet<String>,
}

impl<'a> Context<'a> {
    /// Prepares a document for reading facts.
    pub(crate) fn of(pages: &'a [Page], layout: &'a Layout, lexicon: &'a Lexicon) -> Self {
        // Counted for lowercase, against capitals inside a sentence: « Debian » stays a name though paths
        // are written "debian/rules".
        let mut counts: HashMap<String, i32> = HashMap::new();
        for block in &layout.blocks {
            let mut opening = true;
            for word in words(&block.text) {
                let lower = word.chars().next().is_some_and(char::is_lowercase);
                if lower {
                    *counts.entry(word.to_owned()).or_default() += 1;
                } else if !opening {
                    *counts.entry(word.to_lowercase()).or_default() -= 2;
                }
                opening = false;
            }
        }
        let common =
            counts.into_iter().filter(|(_, count)| *count > 0).map(|(word, _)| word).collect();
        Self { lexicon, layout, pages, common }
    }

    pub(crate) fn language(&self) -> Language {
        self.lexicon.language
    }

    /// Takes the capital off a word that has it only as the first of its sentence.
    fn uncapitalise(&self, text: &str) -> String {
        let Some(first) = words(text).next() else { return text.to_owned() };
        let lower = first.to_lowercase();
        let is_common = self.lexicon.is_stop_word(&lower) || self.common.contains(&lower);
        // "ITS", "TeX" and "PT100" keep theirs.
        let is_name = first.chars().skip(1).any(|c| c.is_uppercase() || c.is_ascii_digit());
        let mut chars = text.chars();
        match chars.next() {
            Some(c) if is_common && !is_name && c.is_uppercase() => {
                c.to_lowercase().chain(chars).collect()
            }
            _ => text.to_owned(),
        }
    }
}

/// Reads all facts of a document and the phrases its distractors come from.
pub(crate) fn read(context: &Context<'_>, sentences: &Sentences) -> (Vec<Fact>, Pool) {
    let mut facts = Vec::new();
    let mut pool = Pool::default();
    for sentence in &sentences.all {
        let mut found = Vec::new();
        let relations = match context.language() {
            Language::Fr => relation_fr::read,
            Language::En => relation_en::read,
        };
        definition::read(sentence, context, &mut found);
        relations(sentence, context, &mut found);
        circumstance::read(sentence, context, &mut found);
        figure::read(sentence, context, &mut found);
        completion::read(sentence, context, &mut found);
        if let Some((form, term)) = definition::term(sentence, context) {
            let (page, block) = (sentence.page, sentence.block);
            if let Some(Form::Noun { definite: true, plural }) =
                phrase::noun_form(&term, context.language())
            {
                pool.add(Form::Defined { plural }, &term, page, block, context.lexicon);
            }
            let name = phrase::without_article(&term, context.language());
            pool.add(form, name, page, block, context.lexicon);
        }
        for (form, text) in complement::spare_phrases(sentence, context) {
            pool.add(form, &text, sentence.page, sentence.block, context.lexicon);
        }
        for fact in &found {
            pool.add_key(fact, context.lexicon);
        }
        let spare: Vec<Fact> = found.iter().filter_map(among_clauses).collect();
        found.extend(spare);
        if sentence.askable {
            facts.append(&mut found);
        }
    }
    list::read(context, &mut facts, &mut pool);
    formula::read(context, &mut facts, &mut pool);
    demote_guesses(&mut facts, context.lexicon);
    (facts, pool)
}

/// A cause or an outcome among clauses of any kind: better than no question, worse than any other.
fn among_clauses(fact: &Fact) -> Option<Fact> {
    let is_clause =
        matches!(fact.form, Form::Cause | Form::Outcome { supposed: false } | Form::Condition);
    is_clause.then(|| Fact { pattern: Pattern::LastResort, form: Form::Clause, ..fact.clone() })
}

/// A gap is worth asking for a term the document defines; what else ends a
/// sentence is anyone's guess.
fn demote_guesses(facts: &mut [Fact], lexicon: &Lexicon) {
    let defined: HashSet<Vec<String>> = facts
        .iter()
        .filter(|fact| fact.pattern == Pattern::Definition)
        .map(|fact| &fact.subject)
        .filter(|subject| subject.len() <= 4)
        .cloned()
        .collect();
    for fact in facts.iter_mut().filter(|fact| fact.pattern == Pattern::Completion) {
        match fact.form {
            Form::Noun { definite: true, plural }
                if defined.contains(&lexicon.content_stems(&fact.key)) =>
            {
                fact.form = Form::Defined { plural };
            }
            _ => fact.pattern = Pattern::LastResort,
        }
    }
}

impl Fact {
    /// A fact of one sentence.
    fn of(sentence: &Sentence, pattern: Pattern, stem: String, key: String, form: Form) -> Self {
        // A quote that is easy to find, a whole sentence, and a key with some substance come first.
        let bonus = if sentence.rejoined { -4 } else { 0 }
            + if sentence.text.ends_with('.') { 0 } else { -8 }
            + if key.chars().count() < 9 && matches!(form, Form::Noun { .. }) { -14 } else { 0 };
        Self {
            pattern,
            stem,
            key,
            form,
            subject: Vec::new(),
            page: sentence.page,
            quote: sentence.text.clone(),
            block: sentence.block,
            siblings: Vec::new(),
            members: Vec::new(),
            bonus,
        }
    }

    /// Says what the question is about.
    fn about(mut self, subject: &str, context: &Context<'_>) -> Self {
        self.subject = context.lexicon.content_stems(subject);
        self
    }

    fn with_bonus(mut self, bonus: i32) -> Self {
        self.bonus += bonus;
        self
    }
}

#[cfg(test)]
mod tests;
