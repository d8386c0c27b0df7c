-- The list of students as administrators read it: one row per registration, with everything the
-- list shows, sorts, filters and searches. Joined from four tables at each request, a page would
-- cost more with every registration; from here it costs the same at a thousand and at a million.
--
-- The table is private, and staff read it through list_students. The planner needs statistics on names
-- and numbers here, and whoever may name a table can ask for its row estimates (`Prefer: count=planned`):
-- comparing would find the names in them, whatever the policies say.

create extension if not exists pg_trgm with schema extensions;

-- "É" is an E and an accent once decomposed; letters that do not decompose are named one by one,
-- those of Fon and Ewe among them.
create function private.fold(words text)
returns text
language sql
immutable
strict
parallel safe
set search_path = ''
as $$
  select lower(translate(
    replace(replace(replace(replace(
      regexp_replace(normalize(words, nfd), '[\u0300-\u036f]', '', 'g'),
      'œ', 'oe'), 'Œ', 'oe'), 'æ', 'ae'), 'Æ', 'ae'),
    'ɛƐɔƆɖƉŋŊøØłŁ’ʼ' || chr(160) || chr(8239), 'eeooddnnooll''''  '))
$$;

-- Hyphens and apostrophes of a name part words: "Jean-Pierre" is found by "pierre" and by "jean pierre".
-- Gabonese numbers are written +241 74…, +241 074… and 074…: kept as 24174… and 074….
create function private.search_text(full_name text, email text, whatsapp_number text)
returns text
language sql
immutable
parallel safe
set search_path = ''
as $$
  select concat_ws(' ', '',
    regexp_replace(private.fold(full_name), '[-''\s]+', ' ', 'g'),
    private.fold(email),
    coalesce(
      regexp_replace(substring(whatsapp_number from '^\+2410?(\d{8})$'), '^(.*)$', '241\1 0\1'),
      substr(whatsapp_number, 2)))
$$;

comment on function private.fold(text) is 'Lower case without accents: how names are sorted and words are found.';
comment on function private.search_text(text, text, text) is
  'What a search looks through: each word of name, address and number after a space, folded.';

revoke execute on function private.fold(text), private.search_text(text, text, text)
  from public, anon, authenticated, service_role;

create table private.student_records (
  inscription_id  uuid primary key references public.inscriptions (id) on delete cascade,
  student_id      uuid,
  full_name       text,
  email           text,
  whatsapp_number text,
  masterclass_id  uuid not null,
  validated       boolean not null,
  registered_at   timestamptz not null,
  pre_score       int,
  post_score      int,
  max_score       int,
  pre_taken_at    timestamptz,
  post_taken_at   timestamptz,
  gain            numeric generated always as
    (case when pre_score < max_score then trim_scale(round((post_score - pre_score)::numeric / (max_score - pre_score), 4)) end) stored,
  -- Never null, so that a page can go on after (key, inscription_id): what is missing comes first.
  name_key        text collate "C" not null generated always as (coalesce(private.fold(full_name), '')) stored,
  pre_key         int not null generated always as (coalesce(pre_score, -1)) stored,
  post_key        int not null generated always as (coalesce(post_score, -1)) stored,
  gain_key        int not null generated always as
    (coalesce(case when pre_score < max_score then round(10000 * (post_score - pre_score)::numeric / (max_score - pre_score)) end,
              -2147483648)::int) stored,
  search_text     text not null generated always as (private.search_text(full_name, email, whatsapp_number)) stored
);

comment on table private.student_records is
  'One row per registration, for the lists of staff: kept by triggers from profiles, inscriptions and tests.';
comment on column private.student_records.inscription_id is 'The registration.';
comment on column private.student_records.student_id is 'The student (profiles.id). Empty once the account is deleted, as are name, address and number.';
comment on column private.student_records.full_name is 'profiles.full_name.';
comment on column private.student_records.email is 'profiles.email.';
comment on column private.student_records.whatsapp_number is 'profiles.whatsapp_number.';
comment on column private.student_records.masterclass_id is 'inscriptions.masterclass_id.';
comment on column private.student_records.validated is 'inscriptions.validated.';
comment on column private.student_records.registered_at is 'inscriptions.registration_date.';
comment on column private.student_records.pre_score is 'Score of the PRE test.';
comment on column private.student_records.post_score is 'Score of the POST test; empty until it is taken.';
comment on column private.student_records.max_score is 'Number of questions of both tests.';
comment on column private.student_records.pre_taken_at is 'When the PRE test was submitted.';
comment on column private.student_records.post_taken_at is 'When the POST test was submitted.';
comment on column private.student_records.gain is
  'Normalised gain of the student (Hake 1998): (post - pre) / (max - pre). Empty without POST test, or when the PRE test was all right.';
comment on column private.student_records.name_key is 'full_name as it is sorted; empty text when there is none.';
comment on column private.student_records.pre_key is 'pre_score as it is sorted; -1 when there is none.';
comment on column private.student_records.post_key is 'post_score as it is sorted; -1 when there is none.';
comment on column private.student_records.gain_key is 'gain in ten-thousandths as it is sorted; the least integer when there is none.';
comment on column private.student_records.search_text is 'What a search looks through.';

-- Each sort alone and within a masterclass. `validated` comes before the key because it goes with the
-- score: those who are not validated have no POST test, and a walk by score that looks for them
-- would pass everybody else first. Without that filter two walks are merged.
-- registered_at is carried along so that a range of dates is checked without reading the table.
create index student_records_registered_at_idx on private.student_records (validated, registered_at, inscription_id);
create index student_records_name_idx on private.student_records (validated, name_key, inscription_id) include (registered_at);
create index student_records_pre_idx on private.student_records (validated, pre_key, inscription_id) include (registered_at);
create index student_records_post_idx on private.student_records (validated, post_key, inscription_id) include (registered_at);
create index student_records_gain_idx on private.student_records (validated, gain_key, inscription_id) include (registered_at);
create index student_records_masterclass_registered_at_idx
  on private.student_records (masterclass_id, validated, registered_at, inscription_id);
create index student_records_masterclass_name_idx
  on private.student_records (masterclass_id, validated, name_key, inscription_id) include (registered_at);
create index student_records_masterclass_pre_idx
  on private.student_records (masterclass_id, validated, pre_key, inscription_id) include (registered_at);
create index student_records_masterclass_post_idx
  on private.student_records (masterclass_id, validated, post_key, inscription_id) include (registered_at);
create index student_records_masterclass_gain_idx
  on private.student_records (masterclass_id, validated, gain_key, inscription_id) include (registered_at);

-- Without a pending list: a search must not pay for the registrations since the last vacuum.
create index student_records_search_idx on private.student_records
  using gin (search_text extensions.gin_trgm_ops) with (fastupdate = off);
-- The planner must tell a rare word from a common one.
alter table private.student_records alter column search_text set statistics 1000;

alter table private.student_records enable row level security;

revoke all on table private.student_records from public, anon, authenticated, service_role;

-- The lock on the registrations makes those who change one record wait for each other before they
-- read: otherwise a new name and a validation at the same moment could undo one another.
create function private.refresh_student_records(inscriptions uuid[])
returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform from public.inscriptions i where i.id = any (refresh_student_records.inscriptions)
  order by i.id for no key update;

  insert into private.student_records as r (
    inscription_id, student_id, full_name, email, whatsapp_number, masterclass_id, validated, registered_at,
    pre_score, post_score, max_score, pre_taken_at, post_taken_at)
  select
    i.id, i.profile_id, p.full_name, p.email, p.whatsapp_number, i.masterclass_id, i.validated, i.registration_date,
    pre.score, post.score, pre.max_score, pre.taken_at, post.taken_at
  from public.inscriptions i
  left join public.profiles p on p.id = i.profile_id
  left join public.tests pre on pre.inscription_id = i.id and pre.type = 'PRE'
  left join public.tests post on post.inscription_id = i.id and post.type = 'POST'
  where i.id = any (refresh_student_records.inscriptions)
  order by i.id
  on conflict (inscription_id) do update set
    student_id = excluded.student_id, full_name = excluded.full_name, email = excluded.email,
    whatsapp_number = excluded.whatsapp_number, masterclass_id = excluded.masterclass_id,
    validated = excluded.validated, registered_at = excluded.registered_at,
    pre_score = excluded.pre_score, post_score = excluded.post_score, max_score = excluded.max_score,
    pre_taken_at = excluded.pre_taken_at, post_taken_at = excluded.post_taken_at
  where (r.student_id, r.full_name, r.email, r.whatsapp_number, r.masterclass_id, r.validated, r.registered_at,
         r.pre_score, r.post_score, r.max_score, r.pre_taken_at, r.post_taken_at)
    is distinct from
        (excluded.student_id, excluded.full_name, excluded.email, excluded.whatsapp_number, excluded.masterclass_id,
         excluded.validated, excluded.registered_at, excluded.pre_score, excluded.post_score, excluded.max_score,
         excluded.pre_taken_at, excluded.post_taken_at);
end
$$;

comment on function private.refresh_student_records(uuid[]) is
  'Writes the records of these registrations anew. To repair all of them: select private.refresh_student_records(array_agg(id)) from public.inscriptions.';

-- Two statements on many registrations lock them in the order they come upon them, which is not the
-- same for both: one after the other, they cannot wait for each other in a circle. A student who
-- submits a test locks one registration only and passes by.
create function private.queue_inscription_changes()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform pg_advisory_xact_lock(hashtext('public.inscriptions'));
  return null;
end
$$;

-- A registration appears with its PRE test: at commit it has one.
create function private.refresh_records_of_tests()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.refresh_student_records(array_agg(distinct c.inscription_id)) from changed c having count(*) > 0;
  return null;
end
$$;

create function private.refresh_records_of_inscriptions()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.refresh_student_records(array_agg(c.id)) from changed c having count(*) > 0;
  return null;
end
$$;

create function private.refresh_records_of_profiles()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  inscriptions uuid[];
begin
  select array_agg(i.id) into inscriptions
  from changed c
  join before b on b.id = c.id
  join public.inscriptions i on i.profile_id = c.id
  where (c.full_name, c.email, c.whatsapp_number) is distinct from (b.full_name, b.email, b.whatsapp_number);
  if inscriptions is not null then
    perform pg_advisory_xact_lock(hashtext('public.inscriptions'));
    perform private.refresh_student_records(inscriptions);
  end if;
  return null;
end
$$;

comment on function private.queue_inscription_changes() is 'Makes those who change registrations wait for one another.';
comment on function private.refresh_records_of_tests() is 'Keeps student_records when tests are stored.';
comment on function private.refresh_records_of_inscriptions() is 'Keeps student_records when registrations are validated or forget their student.';
comment on function private.refresh_records_of_profiles() is 'Keeps student_records when people change name, address or number.';

revoke execute on function
  private.refresh_student_records(uuid[]), private.queue_inscription_changes(), private.refresh_records_of_tests(),
  private.refresh_records_of_inscriptions(), private.refresh_records_of_profiles()
  from public, anon, authenticated, service_role;

create trigger refresh_student_records_on_insert
  after insert on public.tests
  referencing new table as changed
  for each statement execute function private.refresh_records_of_tests();

create trigger refresh_student_records_on_delete
  after delete on public.tests
  referencing old table as changed
  for each statement execute function private.refresh_records_of_tests();

create trigger queue_inscription_changes
  before update on public.inscriptions
  for each statement execute function private.queue_inscription_changes();

create trigger refresh_student_records
  after update on public.inscriptions
  referencing new table as changed
  for each statement execute function private.refresh_records_of_inscriptions();

create trigger refresh_student_records
  after update on public.profiles
  referencing old table as before new table as changed
  for each statement execute function private.refresh_records_of_profiles();

select private.refresh_student_records(array_agg(i.id)) from public.inscriptions i having count(*) > 0;
