-- Fills a disposable local database with registrations to measure on, in psql:
--
--   psql "$DATABASE_URL" -v n=100000 -f benches/dataset.sql    (n registrations; 0 takes all of it away)
--
-- Twenty masterclasses with fifteen questions each, people who register for one or two of them, a
-- PRE test for all, 80 % validated, a POST test for 60 %. Every id begins with be4cbe4c. The first 100,000
-- answer ten questions in each test, 1.6 million answers; of those who come after, only scores are made.
-- It goes around the triggers, for speed, and counts afterwards; that takes a superuser, which a
-- hosted project does not give.

\set ON_ERROR_STOP on
\set QUIET on
\if :{?n}
\else
  \set n 100000
\endif
\timing off
\pset tuples_only on

begin;
set local session_replication_role = replica;

-- An id for the k-th thing of a kind: spread like a random one, and recognised. Where there are many, they are
-- inserted in its order, which is quicker for its index.
create or replace function pg_temp.bench_id(kind text, k bigint) returns uuid language sql immutable as
  $$ select ('be4cbe4c' || substr(md5(kind || k), 9))::uuid $$;
-- The same in order, for rows so many that random places would make the load slow.
create or replace function pg_temp.ordered_id(k bigint) returns uuid language sql immutable as
  $$ select ('be4cbe4c-0000-4000-8000-' || lpad(to_hex(k), 12, '0'))::uuid $$;
create or replace function pg_temp.is_bench(id uuid) returns boolean language sql immutable as
  $$ select id between 'be4cbe4c-0000-0000-0000-000000000000' and 'be4cbe4c-ffff-ffff-ffff-ffffffffffff' $$;

-- ---------------------------------------------------------------- what an earlier run left
delete from private.student_records where pg_temp.is_bench(inscription_id);
delete from private.test_paper_questions where pg_temp.is_bench(paper_id);
delete from private.test_papers where pg_temp.is_bench(id);
delete from public.tests where pg_temp.is_bench(inscription_id);
delete from public.inscriptions where pg_temp.is_bench(id);
delete from public.consents where pg_temp.is_bench(user_id);
delete from public.profiles where pg_temp.is_bench(id);
delete from auth.users where pg_temp.is_bench(id);
delete from public.questions where pg_temp.is_bench(id);
delete from public.masterclasses where pg_temp.is_bench(id);
commit;

-- What comes now goes where that was.
vacuum private.student_records;
vacuum private.test_papers;
vacuum private.test_paper_questions;
vacuum public.inscriptions;
vacuum public.tests;
vacuum public.profiles;
vacuum auth.users;

begin;
set local session_replication_role = replica;
set local maintenance_work_mem = '1GB';
set local work_mem = '256MB';
set local jit = off;
select setseed(0.42) \g /dev/null

-- Indexes are made again at the end: quicker than row by row.
create temp table index_definition on commit drop as
select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as definition
from pg_index i
where i.indrelid in ('private.student_records'::regclass, 'private.test_paper_questions'::regclass)
  and not i.indisunique and :n > 0;
select format('drop index %s', name) from index_definition \gexec

-- ---------------------------------------------------------------- masterclasses and questions
insert into public.masterclasses (id, title, description, published)
select pg_temp.bench_id('masterclass', m), format('Banc de mesure %s', lpad(m::text, 2, '0')), 'Données de mesure.', true
from generate_series(0, 19) m where :n > 0;

insert into public.questions (id, masterclass_id, question_text, choices, correct_choice, status, evidence_page, evidence_quote)
select pg_temp.bench_id('question', m * 15 + q), pg_temp.bench_id('masterclass', m), format('Question de mesure %s ?', q + 1),
  '{"A": "Première", "B": "Deuxième", "C": "Troisième", "D": "Quatrième"}', chr(65 + q % 4), 'published', 1 + q, 'Citation.'
from generate_series(0, 19) m, generate_series(0, 14) q where :n > 0;

-- ---------------------------------------------------------------- people
create temp table person on commit drop as
select p, pg_temp.bench_id('person', p) as id, first_name, last_name, first_name || ' ' || last_name as full_name,
  '+241' || (array['60', '62', '65', '66', '74', '76', '77'])[1 + (random() * 6.999)::int % 7] || lpad((random() * 999999)::int::text, 6, '0') as number,
  (random() + random() + random()) * 2 - 3 as ability
from (
  select p, firsts[1 + (p * 7919 + p / 50) % 50] as first_name,
    -- Of three people two have the name of the father too.
    families[1 + (p * 104729 + p / 60) % 60] || case when p % 3 > 0 then ' ' || families[1 + (p * 15485863 + p / 3600) % 60] else '' end as last_name
  from generate_series(1, ceil(:n * 0.8)::bigint) p
  cross join (values (
    array['Marie', 'Jean', 'Awa', 'Éloïse', 'Ange', 'Prisca', 'Chantal', 'Hervé', 'Ghislain', 'Aïcha', 'Fatou', 'Grâce',
      'Merveille', 'Jean-Pierre', 'Marie-Claire', 'Davy', 'Steeve', 'Édith', 'Noël', 'Régis', 'Clémence', 'Yannick', 'Sylvie',
      'Armel', 'Brice', 'Carine', 'Désiré', 'Estelle', 'Fabrice', 'Gaëlle', 'Honorine', 'Inès', 'Joël', 'Kevin', 'Laure',
      'Murielle', 'Nadège', 'Olivia', 'Parfait', 'Quentin', 'Rosine', 'Sandrine', 'Thérèse', 'Ulrich', 'Viviane', 'Wilfried',
      'Xavier', 'Yolande', 'Zita', 'Bénédicte'],
    array['Ondo', 'Obame', 'Mba', 'Nguema', 'Ndong', 'Essono', 'Moussavou', 'Mboumba', 'Nzé', 'Bongo', 'Mintsa', 'Allogho',
      'Ella', 'Ekomi', 'Boussougou', 'Mouloungui', 'Mbadinga', 'Koumba', 'Makaya', 'Pambou', 'Tchicaya', 'Ogandaga',
      'Rapontchombo', 'Rogombé', 'Owono', 'Eyeghe', 'Bekale', 'Biyoghe', 'Edzang', 'Engonga', 'Mengue', 'Meyo', 'Minko',
      'Nkoghe', 'Ntoutoume', 'Nzamba', 'Nziengui', 'Ovono', 'Oyane', 'Zue', 'Mavoungou', 'Ibinga', 'Kombila', 'Lekogo',
      'Leyama', 'Madoungou', 'Mapangou', 'Massala', 'Matsanga', 'Mihindou', 'N''Goma', 'd''Almeida', 'Kouassi', 'Traoré',
      'Diallo', 'Adjovi', 'Houngbédji', 'Kéita', 'Sow', 'Ba'])) as given (firsts, families)
) as names;

analyze person;

insert into auth.users (id, aud, role, email, email_confirmed_at, raw_user_meta_data, created_at)
select id, 'authenticated', 'authenticated',
  regexp_replace(regexp_replace(normalize(lower(first_name || '.' || last_name), nfd), '[\u0300-\u036f]', '', 'g'), '[^a-z.]', '', 'g')
    || p || case when p % 10 < 7 then '@gmail.bench.invalid' else '@yahoo.bench.invalid' end,
  now(), '{}', now() - interval '2 years'
from person order by id;

insert into public.profiles (id, full_name, date_of_birth, whatsapp_number, email, created_at)
select person.id, full_name, date '1975-01-01' + (p * 37 % 11000)::int, number, u.email, now() - interval '2 years'
from person join auth.users u on u.id = person.id order by person.id;

-- ---------------------------------------------------------------- registrations
create temp table registration on commit drop as
select k, pg_temp.bench_id('inscription', k) as id, person.id as person_id, person.ability,
  (person.p * 7919 + k / (ceil(:n * 0.8)::bigint + 1)) % 20 as m, random() < 0.8 as validated, random() < 0.75 as takes_post,
  date_trunc('second', now()) - random() * interval '730 days' as registered_at
from generate_series(1, :n::bigint) k
join person on person.p = 1 + (k - 1) % ceil(:n * 0.8)::bigint;

insert into public.inscriptions (id, profile_id, masterclass_id, validated, registration_date)
select id, person_id, pg_temp.bench_id('masterclass', m), validated, registered_at from registration order by id;

insert into private.test_papers (id, masterclass_id, inscription_id, created_at)
select pg_temp.ordered_id(k), pg_temp.bench_id('masterclass', m), id, registered_at from registration where k <= 100000;

-- Ten of the fifteen questions: those that follow one another from a place in the bank.
create temp table question on commit drop as
select m, q, pg_temp.bench_id('question', m * 15 + q) as id, chr(65 + q % 4) as correct_choice, (q - 7) / 5.0 as difficulty
from generate_series(0, 19) m, generate_series(0, 14) q;

-- Without these the plans below would be made for empty tables.
analyze registration;
analyze question;

insert into private.test_paper_questions (paper_id, position, question_id, masterclass_id)
select pg_temp.ordered_id(r.k), n, q.id, pg_temp.bench_id('masterclass', r.m)
from registration r cross join generate_series(1, 10) n
join question q on q.m = r.m and q.q = (r.k + n) % 15
where r.k <= 100000;

-- Right with a chance that depends on the person, the question and the course; one answer in twenty is missing.
insert into public.tests (id, inscription_id, type, score, max_score, responses, taken_at)
select pg_temp.ordered_id(2 * t.k + (t.type = 'POST')::int), t.id, t.type, count(*) filter (where t.correct), 10,
  coalesce(jsonb_object_agg(t.question_id::text, case when t.correct then t.correct_choice when t.correct_choice = 'A' then 'B' else 'A' end)
    filter (where t.correct or not t.missing), '{}'),
  max(t.taken_at)
from (
  select r.k, r.id, kind.type, kind.taken_at, q.id as question_id, q.correct_choice,
    random() < 1 / (1 + exp(q.difficulty - r.ability - kind.learned)) as correct, random() < 0.05 as missing
  from registration r
  cross join lateral (values ('PRE', 0.0, r.registered_at), ('POST', 1.2, r.registered_at + interval '3 days')) as kind (type, learned, taken_at)
  cross join generate_series(1, 10) n
  join question q on q.m = r.m and q.q = (r.k + n) % 15
  where r.k <= 100000 and (kind.type = 'PRE' or (r.validated and r.takes_post))) as t
group by t.k, t.id, t.type;

insert into public.tests (id, inscription_id, type, score, max_score, responses, taken_at)
select pg_temp.ordered_id(2 * r.k + (kind.type = 'POST')::int), r.id, kind.type,
  least(greatest(round(10 / (1 + exp(-r.ability - kind.learned)) + 3 * random() - 1.5), 0), 10), 10, '{}', kind.taken_at
from registration r
cross join lateral (values ('PRE', 0.0, r.registered_at), ('POST', 1.2, r.registered_at + interval '3 days')) as kind (type, learned, taken_at)
where r.k > 100000 and (kind.type = 'PRE' or (r.validated and r.takes_post))
order by r.id;

-- ---------------------------------------------------------------- what triggers would have kept
analyze public.inscriptions;
analyze public.tests;
analyze public.profiles;
analyze public.questions;
analyze private.test_papers;
analyze private.test_paper_questions;
select private.refresh_student_records(array_agg(id)) from registration having count(*) > 0 \g /dev/null
select definition from index_definition \gexec
select private.recompute_statistics() \g /dev/null
commit;

vacuum analyze private.student_records;
vacuum analyze private.test_papers;
vacuum analyze private.test_paper_questions;
vacuum analyze public.inscriptions;
vacuum analyze public.tests;
vacuum analyze public.profiles;
vacuum analyze public.questions;
vacuum analyze public.masterclasses;
vacuum analyze public.masterclass_statistics;
vacuum analyze public.registration_statistics;
vacuum analyze public.score_statistics;
vacuum analyze public.question_statistics;
vacuum analyze auth.users;
-- What was written is on the disk, and nothing is left to be cleaned up, before anything is measured.
checkpoint;
select format('%s registrations, %s tests, %s questions in papers',
  (select count(*) from public.inscriptions where id between 'be4cbe4c-0000-0000-0000-000000000000' and 'be4cbe4c-ffff-ffff-ffff-ffffffffffff'),
  (select count(*) from public.tests where inscription_id between 'be4cbe4c-0000-0000-0000-000000000000' and 'be4cbe4c-ffff-ffff-ffff-ffffffffffff'),
  (select count(*) from private.test_paper_questions where paper_id between 'be4cbe4c-0000-0000-0000-000000000000' and 'be4cbe4c-ffff-ffff-ffff-ffffffffffff'));
