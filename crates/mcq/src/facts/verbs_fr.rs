//! French verbs, by how a question about their complement is asked.

/// Verbs that take a direct object, third person singular and plural. « Que V S ? » is French for
/// every one of them.
#[rustfmt::skip]
pub(super) const DIRECT: &[(&str, &str)] = &[
    ("accélère", "accélèrent"), ("accepte", "acceptent"), ("affecte", "affectent"), ("affiche", "affichent"), ("ajoute", "ajoutent"),
    ("améliore", "améliorent"), ("apporte", "apportent"), ("assure", "assurent"), ("augmente", "augmentent"), ("autorise", "autorisent"),
    ("calcule", "calculent"), ("comprend", "comprennent"), ("comporte", "comportent"), ("concerne", "concernent"), ("conserve", "conservent"),
    ("constitue", "constituent"), ("contient", "contiennent"), ("contrôle", "contrôlent"), ("convertit", "convertissent"), ("couvre", "couvrent"),
    ("crée", "créent"), ("décrit", "décrivent"), ("définit", "définissent"), ("détecte", "détectent"), ("détermine", "déterminent"),
    ("diminue", "diminuent"), ("empêche", "empêchent"), ("entraîne", "entraînent"), ("envoie", "envoient"), ("exige", "exigent"),
    ("évite", "évitent"), ("exécute", "exécutent"), ("facilite", "facilitent"), ("favorise", "favorisent"), ("fixe", "fixent"),
    ("fournit", "fournissent"), ("garantit", "garantissent"), ("génère", "génèrent"), ("gère", "gèrent"), ("implique", "impliquent"),
    ("impose", "imposent"), ("inclut", "incluent"), ("indique", "indiquent"), ("influence", "influencent"), ("interdit", "interdisent"),
    ("introduit", "introduisent"), ("limite", "limitent"), ("mesure", "mesurent"), ("mobilise", "mobilisent"), ("modifie", "modifient"),
    ("montre", "montrent"), ("nécessite", "nécessitent"), ("offre", "offrent"), ("ouvre", "ouvrent"), ("possède", "possèdent"),
    ("précise", "précisent"), ("présente", "présentent"), ("produit", "produisent"), ("propose", "proposent"), ("protège", "protègent"),
    ("provoque", "provoquent"), ("rappelle", "rappellent"), ("reçoit", "reçoivent"), ("réduit", "réduisent"), ("regroupe", "regroupent"),
    ("relie", "relient"), ("remplace", "remplacent"), ("représente", "représentent"), ("requiert", "requièrent"), ("respecte", "respectent"),
    ("stocke", "stockent"), ("subit", "subissent"), ("supprime", "suppriment"), ("traite", "traitent"), ("transforme", "transforment"),
    ("transmet", "transmettent"), ("transporte", "transportent"), ("utilise", "utilisent"), ("valide", "valident"), ("vérifie", "vérifient"),
    ("explique", "expliquent"), ("délivre", "délivrent"), ("libère", "libèrent"), ("absorbe", "absorbent"), ("émet", "émettent"),
    ("renvoie", "renvoient"), ("retourne", "retournent"), ("réalise", "réalisent"), ("signale", "signalent"), ("rend", "rendent"),
    ("recherche", "recherchent"), ("lance", "lancent"), ("installe", "installent"), ("supporte", "supportent"), ("attire", "attirent"),
];

/// Verbs with their preposition, and how the question asks for the complement.
#[rustfmt::skip]
pub(super) const INDIRECT: &[(&str, &str, &str, &str)] = &[
    ("dépend", "dépendent", "de", "De quoi"), ("résulte", "résultent", "de", "De quoi"), ("provient", "proviennent", "de", "D'où"),
    ("découle", "découlent", "de", "De quoi"), ("dispose", "disposent", "de", "De quoi"),
    ("correspond", "correspondent", "à", "À quoi"), ("sert", "servent", "à", "À quoi"), ("vise", "visent", "à", "À quoi"),
    ("conduit", "conduisent", "à", "À quoi"), ("mène", "mènent", "à", "À quoi"), ("contribue", "contribuent", "à", "À quoi"),
    ("répond", "répondent", "à", "À quoi"), ("appartient", "appartiennent", "à", "À quoi"), ("participe", "participent", "à", "À quoi"),
    ("aide", "aident", "à", "À quoi"), ("incite", "incitent", "à", "À quoi"), ("accède", "accèdent", "à", "À quoi"),
    ("consiste", "consistent", "à", "En quoi"), ("consiste", "consistent", "en", "En quoi"),
    ("repose", "reposent", "sur", "Sur quoi"), ("influe", "influent", "sur", "Sur quoi"), ("porte", "portent", "sur", "Sur quoi"),
    ("agit", "agissent", "sur", "Sur quoi"), ("débouche", "débouchent", "sur", "Sur quoi"),
];

/// After a reflexive « se ».
#[rustfmt::skip]
pub(super) const REFLEXIVE: &[(&str, &str, &str, &str)] = &[
    ("compose", "composent", "de", "De quoi"), ("base", "basent", "sur", "Sur quoi"), ("fonde", "fondent", "sur", "Sur quoi"),
    ("appuie", "appuient", "sur", "Sur quoi"), ("applique", "appliquent", "à", "À quoi"), ("adresse", "adressent", "à", "À qui"),
    ("rapporte", "rapportent", "à", "À quoi"), ("concentre", "concentrent", "sur", "Sur quoi"),
];

/// Participles after « est » or « sont », by how they open, with their preposition.
#[rustfmt::skip]
pub(super) const PASSIVE: &[(&str, &str, &str)] = &[
    ("composé", "de", "De quoi"), ("constitué", "de", "De quoi"), ("formé", "de", "De quoi"), ("doté", "de", "De quoi"),
    ("équipé", "de", "De quoi"), ("muni", "de", "De quoi"), ("basé", "sur", "Sur quoi"), ("fondé", "sur", "Sur quoi"),
    ("destiné", "à", "À quoi"), ("lié", "à", "À quoi"), ("soumis", "à", "À quoi"), ("associé", "à", "À quoi"), ("consacré", "à", "À quoi"),
    ("réservé", "à", "À quoi"), ("relié", "à", "À quoi"), ("connecté", "à", "À quoi"), ("égal", "à", "À quoi"),
    ("dû", "à", "À quoi"), ("due", "à", "À quoi"), ("dus", "à", "À quoi"), ("dues", "à", "À quoi"),
];

/// Verbs whose objects are of one kind, so that the object of one tempts beside the object of
/// another.
const CLASSES: [&[&str]; 7] = [
    &[
        "contient",
        "comprend",
        "comporte",
        "inclut",
        "possède",
        "regroupe",
        "constitue",
        "stocke",
        "conserve",
        "relie",
    ],
    &[
        "affiche",
        "montre",
        "indique",
        "présente",
        "signale",
        "précise",
        "décrit",
        "définit",
        "explique",
        "rappelle",
        "représente",
    ],
    &[
        "crée", "génère", "produit", "fournit", "délivre", "émet", "envoie", "transmet", "renvoie",
        "retourne", "lance", "exécute", "installe", "ouvre",
    ],
    &[
        "exige",
        "nécessite",
        "requiert",
        "impose",
        "interdit",
        "autorise",
        "accepte",
        "utilise",
        "respecte",
        "supporte",
    ],
    &[
        "contrôle",
        "gère",
        "traite",
        "vérifie",
        "valide",
        "calcule",
        "mesure",
        "détermine",
        "détecte",
        "fixe",
        "convertit",
        "transforme",
        "modifie",
    ],
    &["protège", "garantit", "assure", "couvre", "empêche", "évite"],
    &["absorbe", "libère", "transporte", "reçoit", "subit", "attire"],
];

/// The class of a verb in the third person singular, if questions may ask for its object.
pub(super) fn class_of(singular: &str) -> Option<u8> {
    (0_u8..).zip(CLASSES).find(|(_, verbs)| verbs.contains(&singular)).map(|(class, _)| class)
}

/// Verbs of variation and effect: what else varies may be right too, and « Que rend … ? » is no
/// question.
pub(super) fn is_never_asked(singular: &str) -> bool {
    matches!(
        singular,
        "rend"
            | "entraîne"
            | "augmente"
            | "réduit"
            | "diminue"
            | "améliore"
            | "implique"
            | "apporte"
    )
}
