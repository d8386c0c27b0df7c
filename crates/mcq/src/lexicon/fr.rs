//! French.

/// Words without content of their own, sorted.
#[rustfmt::skip]
pub(crate) const STOP_WORDS: &[&str] = &[
    "a", "afin", "ai", "ainsi", "alors", "après", "as", "au", "aucun", "aucune", "aussi", "autre",
    "autres", "aux", "avait", "avant", "avec", "avez", "avoir", "avons", "c", "car", "ce", "ceci",
    "cela", "celle", "celles", "celui", "cependant", "ces", "cet", "cette", "ceux", "chaque",
    "chez", "ci", "comme", "comment", "d", "dans", "de", "depuis", "des", "deux", "devez",
    "devons", "devra", "devrait", "doit", "doivent", "donc", "dont", "du", "durant", "dès",
    "elle", "elles", "en", "encore", "entre", "es", "est", "et", "etc", "eu", "eux", "fait",
    "faut", "font", "grâce", "hors", "ici", "il", "ils", "j", "je", "jusqu", "jusque", "l", "la",
    "laquelle", "le", "lequel", "les", "lesquelles", "lesquels", "leur", "leurs", "lors",
    "lorsqu", "lorsque", "lui", "là", "m", "ma", "mais", "malgré", "me", "mes", "moins", "mon",
    "même", "mêmes", "n", "ne", "ni", "non", "nos", "notre", "nous", "on", "ont", "or", "ou",
    "où", "par", "parce", "parmi", "pas", "pendant", "peu", "peut", "peuvent", "peux", "plus",
    "plusieurs", "plutôt", "pour", "pourquoi", "pourra", "pourrait", "pouvez", "pouvoir", "près",
    "puis", "puisqu", "puisque", "qu", "quand", "que", "quel", "quelle", "quelles", "quelque",
    "quelques", "quels", "qui", "quoi", "s", "sa", "sans", "se", "selon", "sera", "serait",
    "seront", "ses", "seulement", "si", "sinon", "soit", "sommes", "son", "sont", "sous",
    "souvent", "suis", "sur", "t", "ta", "tandis", "te", "tel", "telle", "telles", "tels", "tes",
    "toi", "ton", "toujours", "tous", "tout", "toute", "toutefois", "toutes", "trop", "très",
    "tu", "un", "une", "va", "vers", "voici", "voilà", "vont", "vos", "votre", "vous", "y", "à",
    "étaient", "était", "étant", "été", "être",
];

/// Words that point outside their sentence.
#[rustfmt::skip]
pub(crate) const ANAPHORA: &[&str] = &[
    "ce", "cet", "cette", "ces", "cela", "ceci", "ça", "celui", "celle", "ceux", "celles", "ci",
    "il", "elle", "ils", "elles", "nous", "vous", "je", "tu", "notre", "nos", "votre", "vos", "y",
    "eux", "lui", "mon", "on", "exemple", "exemples", "dernier", "dernière", "derniers",
    "dernières", "autre", "autres", "ici", "lesquelles", "tel", "telle", "tels", "telles",
    "précédemment", "suivant", "suivante", "dessus", "dessous",
];

/// Words that no subject holds: conjunctions, negations, verbs of being.
#[rustfmt::skip]
pub(crate) const NOT_IN_SUBJECT: &[&str] = &[
    "que", "qui", "dont", "où", "si", "quand", "lorsque", "mais", "ne", "pas", "pour", "puis",
    "donc", "car", "en", "dans", "avec", "sans", "comme", "tout", "est", "sont", "afin", "après",
    "avant", "lors", "selon", "parmi", "quel", "quelle", "quels", "or", "ainsi", "aussi", "même",
    "pourquoi", "comment", "chacun", "sinon", "enfin", "plus", "tel", "telle", "attention",
    "toutefois", "cependant", "voilà", "voici", "aucun", "aucune", "rien",
];

/// Words that open the announcement of a list.
pub(crate) const ANNOUNCING: &[&str] =
    &["deux", "trois", "quatre", "cinq", "six", "plusieurs", "certains", "certaines", "quelques"];

/// Nouns too general to ask about alone.
#[rustfmt::skip]
pub(crate) const GENERIC: &[&str] = &[
    "but", "objectif", "problème", "exemple", "solution", "premier", "première", "second",
    "deuxième", "suite", "reste", "chose", "cas", "résultat", "question", "raison", "différence",
    "avantage", "point", "remarque", "note", "écart",
];

/// Words that open another clause.
#[rustfmt::skip]
pub(crate) const BOUNDARIES: &[&str] = &[
    "lorsque", "lorsqu", "quand", "si", "car", "mais", "tandis", "puis", "parce", "puisque",
    "alors", "bien", "afin", "sinon", "donc", "pendant", "sauf", "cependant", "voire",
];

/// Words that open a clause about the noun before them.
#[rustfmt::skip]
pub(crate) const RELATIVES: &[&str] = &[
    "qui", "que", "qu", "dont", "où", "lequel", "laquelle", "lesquels", "lesquelles", "en",
    "pour",
];
