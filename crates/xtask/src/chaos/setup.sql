-- What a run adds to a database of its own: people, what they and staff do, and a ledger of the facts
-- that no table of the project keeps. Facts are written through the project's own functions.

-- Waits between attempts, a fifteenth of what they are: a run does not last an hour. Their growth and
-- their spread stay.
create or replace function private.retry_delay(attempts int)
returns interval
language sql
volatile
set search_path = ''
as $$
  select least(30 * 2 ^ least(greatest(attempts, 1) - 1, 20), 3600) * (0.8 + 0.4 * random()) * interval '1 second' / 15
$$;

create schema chaos;

create table chaos.people (
  n      int primary key,
  id     uuid not null,
  number text not null,
  zone   text not null
);

create table chaos.staff (id uuid not null);

-- Messages that staff or Supabase Auth asked for: written in the transaction of the call.
create table chaos.asked (dedupe_key text primary key);

create table chaos.masterclass (id uuid not null);

create function chaos.make_people(count int, zones text[]) returns void
language plpgsql as $$
declare
  account uuid;
  zone text;
begin
  insert into public.masterclasses (title, published) values ('Tempête', true) returning id into account;
  insert into chaos.masterclass values (account);
  insert into public.questions (masterclass_id, question_text, choices, correct_choice, status)
  select account, 'Question ' || n, jsonb_build_object('A', 'a' || n, 'B', 'b' || n, 'C', 'c' || n, 'D', 'd' || n), 'A', 'published'
  from generate_series(1, 12) n;

  account := gen_random_uuid();
  insert into auth.users (id, aud, role, email, email_confirmed_at, raw_user_meta_data)
  values (account, 'authenticated', 'authenticated', 'staff@chaos.invalid', now(), '{}');
  insert into public.user_roles (user_id, role) values (account, 'admin');
  insert into chaos.staff values (account);

  for n in 1 .. count loop
    account := gen_random_uuid();
    zone := zones[1 + n % cardinality(zones)];
    insert into auth.users (id, aud, role, email, email_confirmed_at, raw_user_meta_data)
    values (account, 'authenticated', 'authenticated', 'person' || n || '@chaos.invalid', now(), '{}');
    insert into public.profiles (id, full_name, date_of_birth, whatsapp_number, language, time_zone)
    values (account, 'Personne ' || n, '2000-01-31', '+24174' || lpad(n::text, 6, '0'), case when n % 3 = 0 then 'en' else 'fr' end, zone);
    insert into public.consents (user_id, purpose, version, granted)
    values (account, 'privacy_policy', private.current_privacy_policy(), true);
    insert into chaos.people values (n, account, '+24174' || lpad(n::text, 6, '0'), zone);
  end loop;
end
$$;

-- One thing that happens. It may be asked for again when nobody knows whether it was committed.
create function chaos.act(person int, what text) returns void
language plpgsql as $$
declare
  someone chaos.people;
  masterclass uuid := (select m.id from chaos.masterclass m);
  staff uuid := (select s.id from chaos.staff s);
  inscription public.inscriptions;
begin
  select * into someone from chaos.people p where p.n = act.person;
  select * into inscription from public.inscriptions i where i.profile_id = someone.id;
  perform set_config('request.jwt.claims', json_build_object(
    'sub', case when what in ('register', 'post') then someone.id else staff end, 'role', 'authenticated')::text, true);
  if what = 'register' then
    if inscription.id is null then
      perform public.get_test(masterclass, 'PRE');
      perform public.register_for_masterclass(masterclass, '{}');
    end if;
  elsif what = 'validate' then
    update public.inscriptions i set validated = true where i.id = inscription.id and not i.validated;
  elsif what = 'post' then
    if not exists (select from public.tests t where t.inscription_id = inscription.id and t.type = 'POST') then
      perform public.submit_test(inscription.id, '{}');
    end if;
  elsif what like 'custom%' then
    perform public.send_message(someone.number, 'custom', null, jsonb_build_object('text', 'Message ' || what), what || ':' || person);
    insert into chaos.asked values ('send:' || staff || ':' || what || ':' || person) on conflict do nothing;
  elsif what like 'auth%' then
    perform public.enqueue_auth_email(what || ':' || person, someone.id, 'person' || person || '@chaos.invalid', 'reset_password', 'fr',
      '{"link": "https://example.org/reset", "code": "123456"}');
    insert into chaos.asked values ('auth:' || what || ':' || person) on conflict do nothing;
  else
    raise exception 'nobody does %', what;
  end if;
end
$$;

-- The first book. What was registered, taken and validated is read from the project's own tables.
create view chaos.facts as
  select message.kind || ':' || t.inscription_id as dedupe_key
  from public.tests t, lateral unnest(case t.type
    when 'PRE' then array['registration_confirmation', 'pre_test_result'] else array['post_test_result'] end) as message (kind)
  union all
  select 'validation:' || i.id from public.inscriptions i where i.validated
  union all
  select a.dedupe_key from chaos.asked a;
