//! A document to ask about.

use mcq::Page;

/// A short course on beekeeping in French, one chapter to a page, from which the embedded engine makes
/// a dozen questions.
#[must_use]
pub fn beekeeping() -> Vec<Page> {
    (1u32..).zip(CHAPTERS).map(|(number, text)| Page { number, text: (*text).to_owned() }).collect()
}

const CHAPTERS: &[&str] = &[
    "La colonie d'abeilles\n\n\
     Une colonie est une société d'abeilles organisée autour d'une seule reine. \
     La reine pond jusqu'à 2000 œufs par jour pendant la belle saison. \
     Une ouvrière vit environ 45 jours en été. \
     Le faux-bourdon est le mâle de l'abeille, né d'un œuf non fécondé. \
     Une colonie forte compte 60000 individus au mois de juin.\n",
    "La ruche\n\n\
     La ruche Langstroth est une ruche à cadres mobiles inventée en 1852. \
     Le corps de ruche désigne la partie basse où la reine pond et où vit le couvain. \
     La hausse est la caisse posée sur le corps pour recevoir le miel. \
     Un cadre de corps contient près de 7000 alvéoles. \
     L'espace entre deux cadres mesure 9 millimètres, car les abeilles y circulent sans bâtir.\n",
    "Le miel\n\n\
     Le miel est une substance sucrée que les abeilles produisent à partir du nectar. \
     Le nectar contient environ 70 % d'eau au moment de la récolte. \
     L'humidité du miel mûr ne dépasse pas 18 %. \
     L'operculation est la fermeture des alvéoles par une fine couche de cire. \
     La cristallisation du miel s'explique par sa teneur en glucose.\n",
    "Les maladies\n\n\
     Le varroa est un acarien parasite qui se nourrit du corps gras des abeilles. \
     La loque américaine est une maladie bactérienne du couvain. \
     Le traitement à l'acide oxalique se pratique en décembre, parce que la colonie n'élève alors aucun couvain. \
     Un taux d'infestation de 3 % impose un traitement immédiat. \
     Le frelon asiatique est un prédateur arrivé en France en 2004.\n",
    "La récolte\n\n\
     La récolte se fait lorsque trois quarts des alvéoles sont fermées. \
     L'extracteur est une cuve qui sépare le miel de la cire par la force centrifuge. \
     Le maturateur désigne le récipient où le miel repose pendant 8 jours. \
     Une ruche donne en moyenne 20 kilogrammes de miel par an. \
     L'enfumoir est un outil qui calme les abeilles par une fumée froide.\n",
    "La pollinisation\n\n\
     La pollinisation est le transport du pollen d'une fleur à une autre. \
     Une abeille visite 250 fleurs en une heure. \
     Le pollen constitue la source de protéines de la colonie. \
     Un verger de pommiers demande 4 ruches par hectare. \
     La propolis est une résine que les abeilles récoltent sur les bourgeons.\n",
];
