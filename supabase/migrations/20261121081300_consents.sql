-- What people are told about their data, in versions, and what they agreed to, with its time.

insert into private.error_messages (code, http_status, message_fr, hint_fr, message_en, hint_en) values
  ('consent_required', 403,
   'Vous n''avez pas encore accepté la politique de confidentialité en vigueur.',
   'Lisez-la (GET /api/privacy), puis enregistrez votre accord : POST /rest/v1/consents avec {"purpose": "privacy_policy", "version": "…", "granted": true}.',
   'You have not accepted the privacy policy in force yet.',
   'Read it (GET /api/privacy), then record your consent: POST /rest/v1/consents with {"purpose": "privacy_policy", "version": "…", "granted": true}.'),
  ('too_many_consents', 429,
   'Vous avez changé d''avis trop souvent en 24 heures : rien de nouveau n''a été enregistré.', 'Réessayez demain, ou écrivez à l''académie.',
   'You have changed your mind too often in 24 hours: nothing new was recorded.', 'Try again tomorrow, or write to the academy.');

-- ---------------------------------------------------------------- the policy

-- A text of one language: {"title", "sections": [{"heading", "paragraphs": ["…"]}]}.
create function private.is_policy_text(policy jsonb)
returns boolean
language sql
immutable
set search_path = ''
as $$
  select case
    when jsonb_typeof(policy) is distinct from 'object' then false
    when policy - array['title', 'sections'] <> '{}'::jsonb then false
    when jsonb_typeof(policy -> 'title') is distinct from 'string' or btrim(policy ->> 'title') = '' then false
    when jsonb_typeof(policy -> 'sections') is distinct from 'array' or policy -> 'sections' = '[]'::jsonb then false
    else (
      select bool_and(case
        when jsonb_typeof(section) <> 'object' then false
        when section - array['heading', 'paragraphs'] <> '{}'::jsonb then false
        when jsonb_typeof(section -> 'heading') is distinct from 'string' or btrim(section ->> 'heading') = '' then false
        when jsonb_typeof(section -> 'paragraphs') is distinct from 'array' or section -> 'paragraphs' = '[]'::jsonb then false
        else (
          select bool_and(jsonb_typeof(paragraph) = 'string' and btrim(paragraph #>> '{}') <> '')
          from jsonb_array_elements(section -> 'paragraphs') as paragraph)
        end)
      from jsonb_array_elements(policy -> 'sections') as section)
  end
$$;

comment on function private.is_policy_text(jsonb) is
  'A title and at least one section, each with a heading and at least one paragraph, and nothing else.';

-- A check constraint runs with the rights of whoever writes the row.
revoke execute on function private.is_policy_text(jsonb) from public, anon, service_role;
grant execute on function private.is_policy_text(jsonb) to authenticated;

create table public.privacy_policies (
  version      text primary key check (version ~ '^[0-9A-Za-z][0-9A-Za-z._-]{0,63}$'),
  effective_at timestamptz not null default now() check (isfinite(effective_at)),
  content      jsonb not null,
  -- Two that begin at the same moment would leave open which one is in force.
  unique (effective_at),
  constraint privacy_policies_content_check check (
    octet_length(content::text) <= 65536
    and case when jsonb_typeof(content) = 'object' then content - array['fr', 'en'] = '{}'::jsonb else false end
    and private.is_policy_text(content -> 'fr')
    and private.is_policy_text(content -> 'en'))
);

comment on table public.privacy_policies is
  'Versions of the privacy policy. In force is the one with the latest effective_at that has passed. Nobody changes or removes a version: people agreed to its words.';
comment on column public.privacy_policies.version is 'Name of the version, for instance its date: 2026-11-21.';
comment on column public.privacy_policies.effective_at is 'From when it is in force. A version announced ahead may be agreed to at once.';
comment on column public.privacy_policies.content is '{"fr": {"title", "sections": [{"heading", "paragraphs": ["…"]}]}, "en": {…}}, at most 64 KiB.';

alter table public.privacy_policies enable row level security;

revoke all on table public.privacy_policies from anon, authenticated, service_role;
grant select on table public.privacy_policies to anon, authenticated, service_role;
grant insert (version, effective_at, content) on table public.privacy_policies to authenticated;

create policy "visitors read the privacy policies"
  on public.privacy_policies for select to anon
  using (true);

create policy "users read the privacy policies"
  on public.privacy_policies for select to authenticated
  using (true);

create policy "admins publish privacy policies"
  on public.privacy_policies for insert to authenticated
  with check ((select private.is_admin()));

create function private.current_privacy_policy()
returns text
language sql
stable
security definer
set search_path = ''
as $$
  select p.version from public.privacy_policies p
  where p.effective_at <= now()
  order by p.effective_at desc
  limit 1
$$;

comment on function private.current_privacy_policy() is 'Version of the privacy policy in force.';

revoke execute on function private.current_privacy_policy() from public, anon, authenticated, service_role;

-- ---------------------------------------------------------------- consents

create table public.consents (
  id          uuid primary key default gen_random_uuid(),
  user_id     uuid not null default auth.uid() references auth.users (id) on delete cascade,
  purpose     text not null check (purpose in ('privacy_policy', 'whatsapp_messages')),
  version     text references public.privacy_policies (version),
  granted     boolean not null,
  source      text not null default 'app' check (source in ('app', 'whatsapp', 'staff')),
  -- Not now(): rows of one request keep their order.
  recorded_at timestamptz not null default clock_timestamp(),
  constraint consents_version_check check (version is not null or purpose <> 'privacy_policy')
);

comment on table public.consents is
  'What people agreed to and withdrew, in order; rows are only added. The latest row of a purpose counts. Deleted with the account.';
comment on column public.consents.id is 'Identifier.';
comment on column public.consents.user_id is 'Whose consent it is.';
comment on column public.consents.purpose is 'privacy_policy (needed to register) or whatsapp_messages (needed to be written to).';
comment on column public.consents.version is 'The version of privacy_policies that was read; required for the purpose privacy_policy.';
comment on column public.consents.granted is 'true: agreed; false: refused or withdrawn.';
comment on column public.consents.source is 'How it came: app (the person, signed in), whatsapp (a message such as STOP), staff (told to the academy).';
comment on column public.consents.recorded_at is 'When it was recorded, by the clock of the database.';

create index consents_user_id_purpose_idx on public.consents (user_id, purpose, recorded_at desc);
create index consents_version_idx on public.consents (version);

alter table public.consents enable row level security;

revoke all on table public.consents from anon, authenticated, service_role;
grant select on table public.consents to authenticated, service_role;
-- user_id, source and recorded_at keep their defaults: the caller, app, now.
grant insert (purpose, version, granted) on table public.consents to authenticated;
grant insert (user_id, purpose, version, granted, source) on table public.consents to service_role;

create policy "users read their own consents and staff read all"
  on public.consents for select to authenticated
  using (user_id = (select auth.uid()) or (select private.is_staff()));

create policy "users record their own consents"
  on public.consents for insert to authenticated
  with check (user_id = (select auth.uid()) and source = 'app');

create function private.limit_consents()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  -- Far above what a person needs; bounds what one account can store.
  if (select count(*) from public.consents c
      where c.user_id = new.user_id and c.recorded_at > now() - interval '24 hours') >= 100 then
    perform private.raise_error('too_many_consents');
  end if;
  return new;
end
$$;

comment on function private.limit_consents() is 'At most 100 consents a day from one account. What comes by WhatsApp or from staff is always recorded.';

revoke execute on function private.limit_consents() from public, anon, authenticated, service_role;

create trigger limit_consents
  before insert on public.consents
  for each row
  when (new.source = 'app')
  execute function private.limit_consents();

create function private.has_accepted_privacy_policy(person uuid)
returns boolean
language sql
stable
security definer
set search_path = ''
as $$
  select exists (
    select from public.consents c
    where c.user_id = person and c.purpose = 'privacy_policy'
      and c.granted and c.version = private.current_privacy_policy()
      -- A later agreement to a version that is announced takes nothing away; a refusal does, and at
      -- the same instant it counts.
      and not exists (
        select from public.consents later
        where later.user_id = person and later.purpose = 'privacy_policy'
          and not later.granted and later.recorded_at >= c.recorded_at))
$$;

comment on function private.has_accepted_privacy_policy(uuid) is
  'Whether this person agreed to the version in force and has not refused since.';

revoke execute on function private.has_accepted_privacy_policy(uuid) from public, anon, authenticated, service_role;

-- ---------------------------------------------------------------- registration needs it

create or replace function public.register_for_masterclass(masterclass_id uuid, responses jsonb)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  learner uuid := private.lock_learner();
  paper uuid;
  new_inscription uuid;
  test public.tests;
begin
  if exists (
    select from public.inscriptions i
    where i.profile_id = learner and i.masterclass_id = register_for_masterclass.masterclass_id) then
    perform private.raise_error('already_registered');
  end if;
  if not exists (
    select from public.masterclasses m where m.id = register_for_masterclass.masterclass_id and m.published) then
    perform private.raise_error('masterclass_not_found');
  end if;
  if not private.has_accepted_privacy_policy(learner) then
    perform private.raise_error('consent_required');
  end if;
  select p.id into paper from private.test_papers p
  where p.profile_id = learner and p.masterclass_id = register_for_masterclass.masterclass_id;
  if paper is null then
    perform private.raise_error('test_not_opened');
  end if;

  -- What must reach somebody because of a registration is inserted here too, and commits with it.
  insert into public.inscriptions (profile_id, masterclass_id)
  values (learner, register_for_masterclass.masterclass_id)
  returning id into new_inscription;
  update private.test_papers p set profile_id = null, inscription_id = new_inscription where p.id = paper;
  insert into public.tests (inscription_id, type, responses)
  values (new_inscription, 'PRE', register_for_masterclass.responses)
  returning * into test;

  return jsonb_build_object(
    'inscription_id', new_inscription,
    'test', jsonb_build_object(
      'id', test.id, 'type', test.type, 'max_score', test.max_score, 'taken_at', test.taken_at));
end
$$;

comment on function public.register_for_masterclass(uuid, jsonb) is
  'Registers the caller, who has accepted the privacy policy in force, and stores the PRE test, both or neither. The score is then read from tests.';

-- ---------------------------------------------------------------- the first version
-- For a training academy in Gabon. It says what this software does; an academy that adds something of
-- its own (a contact, another provider, a period) publishes its own version: POST /rest/v1/privacy_policies.

insert into public.privacy_policies (version, effective_at, content) values (
  '2026-11-21', timestamptz '2026-11-21 00:00:00+01',
  $policy${
  "fr": {
    "title": "Vos données personnelles",
    "sections": [
      {"heading": "Qui est responsable", "paragraphs": [
        "L'académie de formation qui vous propose ce service décide de l'usage de vos données et en répond. Ses coordonnées sont sur son site.",
        "Cette page applique la loi gabonaise sur la protection des données personnelles : loi n° 001/2011 du 25 septembre 2011, modifiée par la loi n° 025/2023. L'autorité de contrôle est l'APDPVP (Autorité pour la Protection des Données Personnelles et de la Vie Privée)."
      ]},
      {"heading": "Ce que nous gardons sur vous", "paragraphs": [
        "Votre compte : adresse e-mail, numéro de téléphone si vous le donnez, mot de passe sous une forme illisible, dates de connexion, et, pour la sécurité, l'adresse IP et l'appareil de vos connexions.",
        "Votre profil : nom, date de naissance, numéro WhatsApp.",
        "Votre formation : vos inscriptions, les questions reçues, vos réponses, vos scores avant et après le cours.",
        "Vos accords : ce que vous avez accepté ou refusé, la version lue et la date.",
        "Les messages que nous vous envoyons et leur état (envoyé, reçu).",
        "Si vous êtes tuteur ou administrateur : votre rôle, les questions que vous avez écrites et les fichiers que vous avez déposés.",
        "Nous ne demandons ni votre religion, ni votre santé, ni vos opinions."
      ]},
      {"heading": "Pourquoi", "paragraphs": [
        "Pour vous inscrire, vous faire passer les tests, valider votre inscription et vous montrer vos progrès. Nous le faisons parce que vous le demandez et avec votre accord, enregistré avant votre première inscription.",
        "Votre date de naissance et votre nom servent à savoir qui suit la formation.",
        "Pour vous écrire sur WhatsApp au sujet de votre formation : inscription, résultats, rappels. Vous pouvez le refuser à tout moment et suivre la formation : répondez STOP.",
        "Pour améliorer les cours avec des statistiques qui ne nomment personne.",
        "Nous ne vendons pas vos données et n'en faisons pas de publicité."
      ]},
      {"heading": "Combien de temps", "paragraphs": [
        "Tant que votre compte existe. Quand vous le supprimez, votre compte, votre profil, vos accords et les tests ouverts mais non rendus sont effacés aussitôt de la base.",
        "Vos inscriptions et vos résultats restent pour les statistiques, sans votre nom, votre e-mail, votre numéro ni aucun lien vers vous.",
        "Les copies de sauvegarde et les journaux de sécurité de nos prestataires s'effacent ensuite, au rythme de ces prestataires."
      ]},
      {"heading": "Qui les reçoit", "paragraphs": [
        "Les tuteurs et les administrateurs de l'académie, pour suivre votre formation. Les autres étudiants ne voient rien de vous.",
        "Supabase, qui héberge la base de données, les comptes et les fichiers.",
        "Cloudflare, qui fait fonctionner le service.",
        "WhatsApp et le prestataire qui lui transmet nos messages : votre numéro et le texte du message, tant que vous n'avez pas refusé d'en recevoir.",
        "OpenAI, si l'académie l'utilise pour préparer des questions : il reçoit seulement le texte du cours en PDF, jamais les données des apprenants.",
        "Un service de suivi des pannes, si l'académie en utilise un : des rapports techniques, sans votre nom, votre e-mail, votre numéro ni vos réponses.",
        "Une autorité, si la loi nous y oblige."
      ]},
      {"heading": "Hors du Gabon", "paragraphs": [
        "Les serveurs de ces prestataires peuvent se trouver hors du Gabon. La loi encadre ce transfert. Il est nécessaire pour vous fournir la formation ; en acceptant cette politique, vous y consentez expressément. L'académie peut vous dire dans quels pays se trouvent vos données."
      ]},
      {"heading": "Vos droits", "paragraphs": [
        "Savoir et recevoir : téléchargez tout ce que nous gardons sur vous, depuis votre compte.",
        "Corriger : changez votre profil vous-même, ou écrivez à l'académie.",
        "Supprimer : supprimez votre compte à tout moment. Nous vous demanderons de vous reconnecter, pour être sûrs que c'est vous.",
        "Vous opposer, pour une raison légitime, à un usage de vos données : écrivez à l'académie.",
        "Changer d'avis : vous pouvez retirer votre accord à tout moment. Sur WhatsApp, répondez STOP et les messages s'arrêtent. Si vous retirez votre accord à cette politique, vous ne pouvez plus vous inscrire à de nouvelles formations ; ce qui a été fait avant reste valable, et vous pouvez supprimer votre compte.",
        "Si vous êtes mineur, lisez cette page avec un parent ou votre tuteur légal et demandez son accord."
      ]},
      {"heading": "Vous plaindre", "paragraphs": [
        "Écrivez d'abord à l'académie. Vous pouvez aussi, à tout moment, saisir l'APDPVP à Libreville (www.apdpvp.ga)."
      ]},
      {"heading": "Les notes sont calculées automatiquement", "paragraphs": [
        "Votre score est le nombre de vos bonnes réponses, compté par l'ordinateur. Le logiciel ne vous admet ni ne vous refuse : c'est un tuteur qui valide votre inscription. Après le second test, vous voyez la correction ; si une note vous paraît fausse, demandez à un tuteur de la revoir."
      ]},
      {"heading": "Si cette page change", "paragraphs": [
        "Chaque version porte une date. Quand une nouvelle version s'applique, nous vous demandons votre accord avant votre prochaine inscription."
      ]}
    ]
  },
  "en": {
    "title": "Your personal data",
    "sections": [
      {"heading": "Who is responsible", "paragraphs": [
        "The training academy that offers you this service decides how your data is used and answers for it. How to reach it is on its website.",
        "This page applies the law of Gabon on the protection of personal data: law no. 001/2011 of 25 September 2011, amended by law no. 025/2023. The supervisory authority is the APDPVP (Autorité pour la Protection des Données Personnelles et de la Vie Privée)."
      ]},
      {"heading": "What we keep about you", "paragraphs": [
        "Your account: e-mail address, telephone number if you give it, password in an unreadable form, dates of sign-in and, for security, the IP address and the device of your sign-ins.",
        "Your profile: name, date of birth, WhatsApp number.",
        "Your training: your registrations, the questions you were given, your answers, your scores before and after the course.",
        "Your consents: what you accepted or refused, the version you read and the date.",
        "The messages we send you and their state (sent, delivered).",
        "If you are a tutor or an administrator: your role, the questions you wrote and the files you uploaded.",
        "We ask neither for your religion, nor your health, nor your opinions."
      ]},
      {"heading": "Why", "paragraphs": [
        "To register you, give you the tests, validate your registration and show you your progress. We do so because you ask for it and with your consent, recorded before your first registration.",
        "Your date of birth and your name serve to know who follows the training.",
        "To write to you on WhatsApp about your training: registration, results, reminders. You may refuse this at any time and follow the training: answer STOP.",
        "To improve the courses with statistics that name nobody.",
        "We do not sell your data and do not advertise with it."
      ]},
      {"heading": "How long", "paragraphs": [
        "As long as your account exists. When you delete it, your account, your profile, your consents and the tests you opened without submitting them are erased from the database at once.",
        "Your registrations and results stay for statistics, without your name, your e-mail, your number or any link to you.",
        "The backups and security logs of our providers disappear afterwards, at the pace of those providers."
      ]},
      {"heading": "Who receives it", "paragraphs": [
        "The academy's tutors and administrators, to follow your training. Other students see nothing of you.",
        "Supabase, which hosts the database, the accounts and the files.",
        "Cloudflare, which runs the service.",
        "WhatsApp and the provider that passes our messages to it: your number and the text of the message, as long as you have not refused them.",
        "OpenAI, if the academy uses it to prepare questions: it receives only the text of the course's PDF, never learners' data.",
        "A fault-reporting service, if the academy uses one: technical reports, without your name, your e-mail, your number or your answers.",
        "An authority, if the law obliges us."
      ]},
      {"heading": "Outside Gabon", "paragraphs": [
        "The servers of these providers may be outside Gabon. The law sets conditions for that transfer. It is necessary to give you the training; by accepting this policy you expressly consent to it. The academy can tell you in which countries your data is."
      ]},
      {"heading": "Your rights", "paragraphs": [
        "To know and receive: download everything we keep about you, from your account.",
        "To correct: change your profile yourself, or write to the academy.",
        "To delete: delete your account at any time. We will ask you to sign in again, to be sure that it is you.",
        "To object, for a legitimate reason, to a use of your data: write to the academy.",
        "To change your mind: you may withdraw your consent at any time. On WhatsApp, answer STOP and the messages end. If you withdraw your consent to this policy, you can no longer register for new trainings; what was done before stays valid, and you may delete your account.",
        "If you are a minor, read this page with a parent or your legal guardian and ask for their consent."
      ]},
      {"heading": "Complaints", "paragraphs": [
        "Write to the academy first. You may also turn to the APDPVP in Libreville at any time (www.apdpvp.ga)."
      ]},
      {"heading": "Scores are computed automatically", "paragraphs": [
        "Your score is the number of your right answers, counted by the computer. The software neither admits nor rejects you: a tutor validates your registration. After the second test you see the corrections; if a score looks wrong to you, ask a tutor to review it."
      ]},
      {"heading": "If this page changes", "paragraphs": [
        "Each version bears a date. When a new version applies, we ask for your consent before your next registration."
      ]}
    ]
  }
}$policy$);
