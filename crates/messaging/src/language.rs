//! The languages a message can be written in.

/// A language of messages. French is the default of everything a learner reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// Français.
    #[default]
    French,
    /// English.
    English,
}

impl Language {
    /// Both, French first.
    pub const ALL: [Self; 2] = [Self::French, Self::English];

    /// The ISO 639-1 code, as the database stores it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::French => "fr",
            Self::English => "en",
        }
    }

    /// The language of an ISO 639-1 code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.code() == code)
    }
}
