//! Why a number was not taken, in words that help.

/// Why a text is no phone number. None of them repeats the number: it is personal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// Nothing was written, or nothing with a digit.
    #[error("no phone number")]
    Missing,
    /// A character that is no part of a phone number, or more text than one number.
    #[error("a phone number holds digits, spaces and a leading + only")]
    Character,
    /// The digits after `+` or `00` begin with no country code.
    #[error("unknown country code")]
    Country,
    /// The country has no numbers of this length.
    #[error("wrong number of digits for the country")]
    Length,
    /// A number of Gabon as it was written before 15 November 2019, or one with a digit missing:
    /// they look the same.
    #[error("a number of Gabon in the numbering that ended in 2024, or with a digit missing")]
    OldGabon,
    /// A number of Côte d'Ivoire as it was written before 31 January 2021.
    #[error("a number of Côte d'Ivoire in the numbering that ended in 2021")]
    OldIvoryCoast,
    /// The country has numbers of this length, but none that begins like this.
    #[error("no numbers of the country begin like this")]
    Prefix,
}

impl PhoneError {
    /// Stable, snake_case.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing => "phone_number_missing",
            Self::Character => "phone_number_characters",
            Self::Country => "phone_number_country",
            Self::Length => "phone_number_length",
            Self::OldGabon | Self::OldIvoryCoast => "phone_number_renumbered",
            Self::Prefix => "phone_number_prefix",
        }
    }

    /// What happened and what to do, in French and in English.
    pub const fn message(self) -> [&'static str; 2] {
        match self {
            Self::Missing => [
                "Indiquez un numéro de téléphone, par exemple 074 00 00 00 ou +229 01 97 00 00 00.",
                "Give a phone number, for example 074 00 00 00 or +229 01 97 00 00 00.",
            ],
            Self::Character => [
                "Écrivez un seul numéro, avec des chiffres, des espaces et un + au début seulement, \
                 par exemple +241 74 00 00 00.",
                "Write one number, with digits, spaces and a leading + only, for example \
                 +241 74 00 00 00.",
            ],
            Self::Country => [
                "L’indicatif du pays n’existe pas\u{a0}: écrivez par exemple +241 pour le Gabon, \
                 +229 pour le Bénin, +225 pour la Côte d’Ivoire.",
                "There is no such country code: write for example +241 for Gabon, +229 for Benin, \
                 +225 for Côte d’Ivoire.",
            ],
            Self::Length => [
                "Ce numéro n’a pas le bon nombre de chiffres\u{a0}: vérifiez-le. S’il est d’un \
                 autre pays, commencez par + et l’indicatif du pays.",
                "This number does not have the right number of digits: check it. If it is from \
                 another country, begin with + and the country code.",
            ],
            Self::OldGabon => [
                "Un numéro du Gabon a neuf chiffres depuis 2019\u{a0}: vérifiez qu’il n’en manque \
                 pas, ou ajoutez celui de l’opérateur (074 ou 077 au lieu de 04 et 07, 062, 065 ou \
                 066 au lieu de 02, 05 et 06, 011 au lieu de 01).",
                "A number of Gabon has had nine digits since 2019: check that none is missing, or \
                 add the operator’s (074 or 077 for 04 and 07, 062, 065 or 066 for 02, 05 and 06, \
                 011 for 01).",
            ],
            Self::OldIvoryCoast => [
                "Les numéros de Côte d’Ivoire ont dix chiffres depuis 2021\u{a0}: ajoutez 07 \
                 (Orange), 05 (MTN) ou 01 (Moov) devant les huit chiffres.",
                "Numbers of Côte d’Ivoire have had ten digits since 2021: put 07 (Orange), 05 \
                 (MTN) or 01 (Moov) before the eight digits.",
            ],
            Self::Prefix => [
                "Aucun numéro de ce pays ne commence ainsi\u{a0}: vérifiez les premiers chiffres.",
                "No number of this country begins like this: check the first digits.",
            ],
        }
    }
}
