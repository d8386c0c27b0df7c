-- Sample masterclasses, so that a new project has something to show. May be run again at any time.
-- No account is made here: accounts come from Supabase Auth.

insert into public.masterclasses (id, title, description, published) values
  ('5eed0000-0000-4000-8000-000000000001',
   'Protéger ses comptes et ses données',
   'Mots de passe, double authentification, hameçonnage, sauvegardes : les gestes qui évitent la plupart des incidents, pour une personne seule comme pour une petite équipe.',
   true),
  ('5eed0000-0000-4000-8000-000000000002',
   'Prendre la parole en public',
   'Préparer son message, maîtriser son trac, tenir son auditoire. Masterclass en préparation.',
   false)
on conflict (id) do nothing;

insert into public.questions
  (id, masterclass_id, question_text, choices, correct_choice, status, evidence_page, evidence_quote)
select
  ('5eed0000-0000-4000-8001-' || lpad(q.position::text, 12, '0'))::uuid,
  '5eed0000-0000-4000-8000-000000000001',
  q.question_text,
  jsonb_build_object('A', q.a, 'B', q.b, 'C', q.c, 'D', q.d),
  q.correct_choice, 'published', q.evidence_page, q.evidence_quote
from (values
  (1, 'Quelle qualité rend un mot de passe le plus difficile à deviner par essais successifs ?',
   'Sa longueur', 'Sa date de création', 'Son lien avec l''utilisateur', 'Sa première lettre',
   'A', 3, 'La longueur d''un mot de passe compte plus que sa complexité : chaque caractère ajouté multiplie le nombre d''essais.'),
  (2, 'Pourquoi utiliser un mot de passe différent pour chaque service ?',
   'Pour écrire plus vite ses mots de passe', 'Pour qu''une fuite chez un service n''ouvre pas les autres', 'Pour se passer de double authentification', 'Pour ne plus recevoir de publicité',
   'B', 4, 'Un mot de passe réutilisé transforme la fuite d''un seul service en clé de tous les autres.'),
  (3, 'Que garde un gestionnaire de mots de passe ?',
   'Les contacts du téléphone', 'Les pages visitées chaque jour', 'Les identifiants dans un coffre chiffré', 'Les copies des courriels envoyés',
   'C', 5, 'Le gestionnaire conserve les identifiants dans un coffre chiffré, ouvert par un seul mot de passe maître.'),
  (4, 'Qu''ajoute la double authentification au mot de passe ?',
   'Une question sur la vie privée', 'Un second mot de passe plus court', 'Un délai de vingt-quatre heures', 'Une preuve que l''on possède un objet',
   'D', 6, 'La double authentification demande, en plus de ce que l''on sait, la preuve de ce que l''on possède : un téléphone ou une clé.'),
  (5, 'Quel second facteur résiste le mieux à l''hameçonnage ?',
   'La clé de sécurité physique', 'Le code reçu par SMS', 'Le code reçu par courriel', 'La question secrète',
   'A', 7, 'Seule la clé de sécurité vérifie elle-même l''adresse du site : elle ne répond pas à une page imitée.'),
  (6, 'Quel moyen une attaque par hameçonnage emploie-t-elle ?',
   'Une panne du réseau électrique', 'Un message qui imite un expéditeur connu', 'Un câble branché sur la prise', 'Une mise à jour du système',
   'B', 8, 'L''hameçonnage imite un expéditeur connu pour obtenir un mot de passe ou un paiement.'),
  (7, 'Que faut-il examiner avant de suivre le lien d''un message inattendu ?',
   'La couleur du logo', 'La longueur du message', 'Le nom de domaine de l''adresse', 'L''heure de l''envoi',
   'C', 9, 'Avant de cliquer, lisez le nom de domaine de l''adresse : c''est lui qui dit chez qui l''on arrive.'),
  (8, 'Que recommande la règle de sauvegarde 3-2-1 ?',
   'Trois mots de passe, deux comptes, un appareil', 'Trois appareils, deux réseaux, un antivirus', 'Trois sauvegardes par jour pendant deux mois', 'Trois copies, sur deux supports, dont une ailleurs',
   'D', 11, 'La règle 3-2-1 : trois copies des données, sur deux supports différents, dont une conservée ailleurs.'),
  (9, 'À quel moment sait-on qu''une sauvegarde est utilisable ?',
   'Lorsqu''on l''a restaurée avec succès', 'Lorsqu''elle se termine sans message', 'Lorsqu''elle occupe peu de place', 'Lorsqu''elle est faite la nuit',
   'A', 12, 'Une sauvegarde n''existe vraiment que le jour où on l''a restaurée avec succès.'),
  (10, 'Que fait un rançongiciel des fichiers de sa victime ?',
   'Il les envoie à l''imprimante', 'Il les chiffre et réclame un paiement', 'Il les renomme par ordre alphabétique', 'Il les copie sur une clé USB',
   'B', 13, 'Le rançongiciel chiffre les fichiers de sa victime et réclame un paiement pour les rendre.'),
  (11, 'Pourquoi installer sans tarder les mises à jour de sécurité ?',
   'Parce qu''elles libèrent de la mémoire', 'Parce qu''elles changent l''apparence', 'Parce que la faille corrigée est alors connue de tous', 'Parce que leur prix augmente avec le temps',
   'C', 14, 'Dès qu''un correctif paraît, la faille qu''il ferme est connue de tous, y compris des attaquants.'),
  (12, 'Quel est le premier geste quand un compte semble piraté ?',
   'Attendre le prochain relevé', 'Supprimer l''application', 'Prévenir tous ses contacts par téléphone', 'Changer le mot de passe depuis un appareil sain',
   'D', 15, 'Au moindre doute, changez d''abord le mot de passe, depuis un appareil sain, puis fermez les autres sessions.')
) as q (position, question_text, a, b, c, d, correct_choice, evidence_page, evidence_quote)
on conflict (id) do nothing;
