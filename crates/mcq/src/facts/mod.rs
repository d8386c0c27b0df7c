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
mod relation_en;
mod relation_fr;
mod verbs_fr;

use std::collections::{HashMap, HashSet};

pub(crate) use figure::{WORDS_EN, WORDS_FR};

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
    fn add_key(&mut self, fact: &Fact, lexicon: &Lexicon) {
        self.add(fact.form.clone(), &fact.key, fact.page, fact.block, lexicon);
        let last = self.by_form.get_mut(&fact.form).and_then(|phrases| phrases.last_mut());
        if let Some(phrase) = last.filter(|phrase| phrase.block == fact.block) {
            phrase.about.clone_from(&fact.subject);
        }
    }

    fn add(&mut self, form: Form, text: &str, page: usize, block: usize, lexicon: &Lexicon) {
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
