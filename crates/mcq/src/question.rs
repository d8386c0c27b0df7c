//! What goes in and out: pages, languages, questions, choices and their evidence.

use serde::{Deserialize, Serialize};

use crate::flaws::Flaw;

/// The text of one page, lines separated by `\n` as they are laid out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Position in the document, from 1.
    pub number: u32,
    /// The page's text; a blank line between blocks where the extractor knows of one.
    pub text: String,
}

/// The languages the embedded engine writes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// French.
    Fr,
    /// English.
    En,
}

impl Language {
    /// The other of the two.
    pub(crate) fn other(self) -> Self {
        match self {
            Language::Fr => Language::En,
            Language::En => Language::Fr,
        }
    }
}

/// One of the four places a choice can stand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Letter {
    /// First choice.
    A,
    /// Second choice.
    B,
    /// Third choice.
    C,
    /// Fourth choice.
    D,
}

impl Letter {
    /// All letters in order.
    pub const ALL: [Letter; 4] = [Letter::A, Letter::B, Letter::C, Letter::D];
}

/// The four choices of a question; serialises as `{"A": …, "B": …, "C": …, "D": …}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Choices {
    /// First choice.
    #[serde(rename = "A")]
    pub a: String,
    /// Second choice.
    #[serde(rename = "B")]
    pub b: String,
    /// Third choice.
    #[serde(rename = "C")]
    pub c: String,
    /// Fourth choice.
    #[serde(rename = "D")]
    pub d: String,
}

impl Choices {
    /// The text of one choice.
    #[must_use]
    pub fn get(&self, letter: Letter) -> &str {
        match letter {
            Letter::A => &self.a,
            Letter::B => &self.b,
            Letter::C => &self.c,
            Letter::D => &self.d,
        }
    }

    /// The four choices with their letters, A to D.
    pub fn iter(&self) -> impl Iterator<Item = (Letter, &str)> {
        Letter::ALL.into_iter().map(|letter| (letter, self.get(letter)))
    }

    /// Exchanges the texts of two places.
    pub(crate) fn swap(&mut self, one: Letter, other: Letter) {
        let first = self.get(one).to_owned();
        let second = std::mem::replace(self.place(other), first);
        *self.place(one) = second;
    }

    fn place(&mut self, letter: Letter) -> &mut String {
        match letter {
            Letter::A => &mut self.a,
            Letter::B => &mut self.b,
            Letter::C => &mut self.c,
            Letter::D => &mut self.d,
        }
    }
}

impl From<[String; 4]> for Choices {
    fn from([a, b, c, d]: [String; 4]) -> Self {
        Self { a, b, c, d }
    }
}

/// Where the document says that the key is right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Evidence {
    /// Number of the page, from 1.
    pub page: u32,
    /// A passage of that page, spaces and line-end hyphens normalised.
    pub quote: String,
}

/// A multiple-choice question with one key, three distractors and its evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Question {
    /// The stem.
    pub question_text: String,
    /// Four choices.
    pub choices: Choices,
    /// The letter of the key.
    pub correct_choice: Letter,
    /// The passage that proves the key.
    pub evidence: Evidence,
    /// Item-writing flaws found in it; empty until checked.
    #[serde(default)]
    pub flaws: Vec<Flaw>,
}

impl Question {
    /// The text of the correct choice.
    #[must_use]
    pub fn key(&self) -> &str {
        self.choices.get(self.correct_choice)
    }

    /// The three wrong choices, in order of their letters.
    pub fn distractors(&self) -> impl Iterator<Item = &str> {
        self.choices
            .iter()
            .filter(|(letter, _)| *letter != self.correct_choice)
            .map(|(_, text)| text)
    }
}

/// What to generate.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Options {
    /// How many questions are wanted.
    pub count: usize,
    /// The language the stems are written in; the document's own.
    pub language: Language,
    /// The same seed gives the same questions; another seed gives others.
    pub seed: u64,
    /// Questions already kept: their facts are not asked again.
    pub avoid: Vec<Question>,
}

/// What the embedded engine made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generated {
    /// At most the number asked for, each verified.
    pub questions: Vec<Question>,
    /// What the caller should be told.
    pub warnings: Vec<Warning>,
}

/// Something a caller should be told though the generation succeeded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Warning {
    /// The document could not give as many good questions as were asked for.
    TooFewQuestions {
        /// How many were asked for.
        asked: usize,
        /// How many are good enough.
        found: usize,
    },
    /// No sentence of the document can be asked about.
    NoUsableText,
    /// Passages in the document's other language had to complete the questions.
    OtherLanguage {
        /// How many questions are in that language.
        count: usize,
    },
}
