-- Every refusal of a SQL function, in one place: stable code, HTTP status, and what a person reads.

create table private.error_messages (
  code        text primary key check (code ~ '^[a-z][a-z_]{2,62}$'),
  http_status int  not null check (http_status between 400 and 499),
  message_fr  text not null,
  hint_fr     text not null,
  message_en  text not null,
  hint_en     text not null
);

comment on table private.error_messages is
  'Refusals of the SQL functions, as the REST API answers them: {"code","message","details","hint"}.';
comment on column private.error_messages.code is 'Stable snake_case code that programs match on.';
comment on column private.error_messages.http_status is 'Status of the HTTP answer.';
comment on column private.error_messages.message_fr is 'What happened, for a person, in French (the default language).';
comment on column private.error_messages.hint_fr is 'What to do, in French.';
comment on column private.error_messages.message_en is 'What happened, in English (Accept-Language: en).';
comment on column private.error_messages.hint_en is 'What to do, in English.';

alter table private.error_messages enable row level security;
revoke all on table private.error_messages from public, anon, authenticated, service_role;

-- SQLSTATE PGRST lets PostgREST (12 and later) answer with our own code, status and body.
create function private.raise_error(code text)
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  headers text := nullif(current_setting('request.headers', true), '');
  english boolean := coalesce(headers::jsonb ->> 'accept-language' ~* '^\s*en\M', false);
  refusal private.error_messages;
begin
  select * into refusal from private.error_messages e where e.code = raise_error.code;
  if not found then
    raise exception 'no text for the error code %', raise_error.code;
  end if;
  raise sqlstate 'PGRST' using
    message = jsonb_build_object(
      'code', refusal.code,
      'message', case when english then refusal.message_en else refusal.message_fr end,
      'details', null,
      'hint', case when english then refusal.hint_en else refusal.hint_fr end)::text,
    detail = jsonb_build_object('status', refusal.http_status, 'headers', '{}'::jsonb)::text;
end
$$;

comment on function private.raise_error(text) is
  'Refuses with a code of private.error_messages, in the language the caller asked for.';

revoke execute on function private.raise_error(text) from public, anon, authenticated, service_role;

insert into private.error_messages (code, http_status, message_fr, hint_fr, message_en, hint_en) values
  ('not_authenticated', 401,
   'Vous n''êtes pas connecté.', 'Connectez-vous, puis recommencez.',
   'You are not signed in.', 'Sign in, then try again.'),
  ('staff_only', 403,
   'Cette action est réservée aux tuteurs et aux administrateurs.', 'Demandez à un administrateur de vous attribuer un rôle.',
   'Only tutors and administrators may do this.', 'Ask an administrator for a role.'),
  ('staff_cannot_take_tests', 403,
   'Les tuteurs et les administrateurs ne passent pas les tests : ils en voient les réponses.', 'Utilisez un compte d''étudiant.',
   'Tutors and administrators do not take tests: they can see the answers.', 'Use a student''s account.'),
  ('profile_required', 403,
   'Votre profil n''est pas encore rempli.', 'Indiquez votre nom, votre date de naissance et votre numéro WhatsApp dans votre profil.',
   'Your profile is not filled in yet.', 'Give your name, date of birth and WhatsApp number in your profile.'),
  ('last_admin', 409,
   'Le dernier administrateur ne peut pas être retiré.', 'Nommez d''abord un autre administrateur.',
   'The last administrator cannot be removed.', 'Appoint another administrator first.'),
  ('use_register_for_masterclass', 403,
   'Une inscription ne se crée pas directement.', 'Appelez rpc/get_test puis rpc/register_for_masterclass : l''inscription et le test PRE sont enregistrés ensemble.',
   'A registration is not created directly.', 'Call rpc/get_test, then rpc/register_for_masterclass: registration and PRE test are stored together.'),
  ('use_submit_test', 403,
   'Un test ne s''enregistre pas directement.', 'Appelez rpc/register_for_masterclass pour le test PRE et rpc/submit_test pour le test POST.',
   'A test is not stored directly.', 'Call rpc/register_for_masterclass for the PRE test and rpc/submit_test for the POST test.'),
  ('masterclass_not_found', 404,
   'Cette masterclass n''existe pas ou n''est pas publiée.', 'Choisissez une masterclass de la liste publiée.',
   'This masterclass does not exist or is not published.', 'Choose one from the published list.'),
  ('masterclass_has_no_questions', 409,
   'Cette masterclass n''a pas encore de questions publiées.', 'Revenez plus tard, ou prévenez le tuteur.',
   'This masterclass has no published questions yet.', 'Come back later, or tell the tutor.'),
  ('masterclass_has_inscriptions', 409,
   'Des étudiants sont inscrits à cette masterclass : elle ne peut pas être supprimée.', 'Retirez-la de la publication (published = false).',
   'Students are registered for this masterclass: it cannot be deleted.', 'Unpublish it instead (published = false).'),
  ('question_in_use', 409,
   'Cette question a déjà été posée : ses choix et sa réponse ne changent plus, et elle ne peut pas être supprimée.', 'Archivez-la (status = ''archived'') et créez-en une autre.',
   'This question has been asked: its choices and its answer no longer change, and it cannot be deleted.', 'Archive it (status = ''archived'') and write another.'),
  ('inscription_not_found', 404,
   'Cette inscription n''existe pas.', 'Vérifiez l''identifiant dans la liste de vos inscriptions.',
   'This registration does not exist.', 'Check its id in the list of your registrations.'),
  ('inscription_is_final', 409,
   'Une inscription ne change ni d''étudiant ni de masterclass, et sa validation ne se retire plus après le test POST.', 'Créez une autre inscription.',
   'A registration changes neither student nor masterclass, and its validation stays once the POST test is taken.', 'Make another registration.'),
  ('inscription_without_pre_test', 409,
   'Une inscription n''existe pas sans son test PRE.', 'Appelez rpc/register_for_masterclass.',
   'A registration does not exist without its PRE test.', 'Call rpc/register_for_masterclass.'),
  ('not_registered', 403,
   'Vous n''êtes pas inscrit à cette masterclass.', 'Passez d''abord le test PRE pour vous inscrire.',
   'You are not registered for this masterclass.', 'Take the PRE test first to register.'),
  ('already_registered', 409,
   'Vous êtes déjà inscrit à cette masterclass : le test PRE ne se passe qu''une fois.', 'Lisez votre score dans vos tests.',
   'You are already registered for this masterclass: the PRE test is taken once.', 'Read your score among your tests.'),
  ('registration_not_validated', 403,
   'Votre inscription n''est pas encore validée.', 'Attendez qu''un tuteur la valide pour passer le test POST.',
   'Your registration is not validated yet.', 'Wait until a tutor validates it to take the POST test.'),
  ('invalid_test_type', 422,
   'Le type de test est inconnu.', 'Utilisez PRE ou POST.',
   'The type of test is unknown.', 'Use PRE or POST.'),
  ('test_not_opened', 409,
   'Ce test n''a pas été ouvert.', 'Appelez d''abord rpc/get_test pour recevoir les questions.',
   'This test has not been opened.', 'Call rpc/get_test first to receive the questions.'),
  ('test_is_final', 409,
   'Un test rendu ne se modifie pas.', 'Le test PRE et le test POST se passent une seule fois.',
   'A submitted test cannot be changed.', 'The PRE and the POST test are each taken once.'),
  ('pre_test_already_taken', 409,
   'Le test PRE de cette inscription est déjà rendu.', 'Lisez votre score dans vos tests.',
   'The PRE test of this registration has been submitted.', 'Read your score among your tests.'),
  ('post_test_already_taken', 409,
   'Le test POST de cette inscription est déjà rendu.', 'Lisez votre score et la correction (rpc/review_test).',
   'The POST test of this registration has been submitted.', 'Read your score and the review (rpc/review_test).'),
  ('review_not_open', 403,
   'La correction s''ouvre après le test POST.', 'Passez d''abord le test POST.',
   'The review opens after the POST test.', 'Take the POST test first.'),
  ('invalid_responses', 422,
   'Les réponses ne sont pas lisibles.', 'Envoyez un objet {"id de la question": "A"}, avec A, B, C ou D.',
   'The responses cannot be read.', 'Send an object {"question id": "A"}, with A, B, C or D.'),
  ('unknown_question', 422,
   'Une réponse porte sur une question qui n''est pas dans votre test.', 'Répondez aux questions données par rpc/get_test.',
   'A response is about a question that is not in your test.', 'Answer the questions given by rpc/get_test.'),
  ('invalid_questions', 422,
   'Les questions ne sont pas lisibles.', 'Envoyez un tableau de 50 questions au plus.',
   'The questions cannot be read.', 'Send an array of at most 50 questions.'),
  ('invalid_idempotency_key', 422,
   'La clé d''idempotence n''est pas valable.', 'Envoyez une clé de 1 à 200 caractères, par exemple un UUID.',
   'The idempotency key is not valid.', 'Send a key of 1 to 200 characters, a UUID for example.'),
  ('too_many_idempotency_keys', 429,
   'Trop de requêtes en 24 heures avec une clé d''idempotence.', 'Réessayez plus tard.',
   'Too many requests with an idempotency key in 24 hours.', 'Try again later.'),
  ('idempotency_key_conflict', 409,
   'Une autre requête a déjà répondu sous cette clé d''idempotence.', 'Répétez la requête pour recevoir la première réponse.',
   'Another request has already answered under this idempotency key.', 'Repeat the request to receive the first answer.');
