//! STOP and START in what a recipient writes.

/// What a recipient asks for in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Keyword {
    /// STOP, ARRET, ARRÊT or STOPPER: no more messages.
    Stop,
    /// START or REPRENDRE: messages again.
    Start,
}

/// Words that may follow a keyword without changing what it asks for: politeness, and what is to
/// stop.
const COMPANIONS: &str = "SVP STP MERCI PLEASE THANKS LE LES DES VOS CES MES THE ALL MESSAGE \
                          MESSAGES NOTIFICATION NOTIFICATIONS WHATSAPP";

/// A keyword and at most three companions ("Stop les messages svp").
const MAX_WORDS: usize = 4;

/// Longer texts are sentences; they are not even looked at.
const MAX_BYTES: usize = 100;

impl Keyword {
    /// The keyword `text` consists of, in any case, with or without accents, whatever surrounds
    /// it that is no letter or digit ("« Stop ! »", "arrêt.", "STOP 🙏").
    ///
    /// The first word must be the keyword, and all others words that go with it (politeness,
    /// "les messages", the keyword again). So "je ne veux pas arrêter", "arrêt de bus", "stop ou
    /// encore ?" and "start-up" ask for nothing: a person who writes a sentence is read by a
    /// person. A STOP that is missed can be written again; one that is invented cuts somebody off
    /// unseen.
    pub fn read(text: &str) -> Option<Self> {
        if text.len() > MAX_BYTES {
            return None;
        }
        let plain: String = text
            .chars()
            .filter(|c| !COMBINING_MARKS.contains(c))
            .map(|c| plain_letter(c).to_ascii_uppercase())
            .collect();
        let mut words = plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        let keyword = Self::of(words.next()?)?;
        for (place, word) in words.enumerate() {
            let goes_with_it = COMPANIONS.split_whitespace().any(|companion| companion == word)
                || Self::of(word) == Some(keyword);
            if place + 2 > MAX_WORDS || !goes_with_it {
                return None;
            }
        }
        Some(keyword)
    }

    fn of(word: &str) -> Option<Self> {
        match word {
            "STOP" | "ARRET" | "STOPPER" => Some(Self::Stop),
            "START" | "REPRENDRE" => Some(Self::Start),
            _ => None,
        }
    }
}

/// Accents that stand after their letter (Unicode block Combining Diacritical Marks).
const COMBINING_MARKS: std::ops::RangeInclusive<char> = '\u{300}'..='\u{36f}';

/// The letters of the keywords without what may be on or around them: of all accents only those of E
/// occur, and some keyboards write full-width letters. The tables of a full decomposition would weigh
/// more than the rest of the crate.
fn plain_letter(c: char) -> char {
    match c {
        'È' | 'É' | 'Ê' | 'Ë' | 'è' | 'é' | 'ê' | 'ë' => 'E',
        '\u{ff21}'..='\u{ff3a}' | '\u{ff41}'..='\u{ff5a}' => {
            char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c)
        }
        c => c,
    }
}
