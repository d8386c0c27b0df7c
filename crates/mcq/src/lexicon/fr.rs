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
