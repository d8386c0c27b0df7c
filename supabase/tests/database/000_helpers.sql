-- What the other files share: personas, builders and assertions, in the schema `tests`.
-- Runs first and is committed; each other file is one transaction that is rolled back; the last file
-- removes the schema. Plain SQL throughout, so that any client can run them.
begin;

create extension if not exists pgtap with schema extensions;
drop schema if exists tests cascade;
create schema tests;
grant usage on schema tests to anon, authenticated, service_role;
alter default privileges in schema tests grant execute on functions to public;

-- ---------------------------------------------------------------- values with a name

create function tests.let(name text, value anyelement) returns void
language sql as $$
  select set_config('tests.' || name, value::text, true)
$$;

create function tests.the(name text) returns text
language sql stable as $$
  select current_setting('tests.' || name)
$$;

create function tests.id(name text) returns uuid
language sql stable as $$
  select current_setting('tests.' || name)::uuid
$$;

-- ---------------------------------------------------------------- personas
-- Accounts with a name; `tests.act_as` speaks for them as PostgREST would.

create function tests.user_id(name text) returns uuid
language sql stable security definer set search_path = '' as $$
  select u.id from auth.users u where u.email = name || '@pgtap.invalid'
$$;

-- An account with a confirmed address; staff when a role is given, else a student with a profile who
-- has accepted the privacy policy.
create function tests.create_user(name text, role text default null, profile boolean default true) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  account uuid := gen_random_uuid();
begin
  insert into auth.users (id, aud, role, email, email_confirmed_at, raw_user_meta_data)
  values (account, 'authenticated', 'authenticated', name || '@pgtap.invalid', now(), '{}');
  if create_user.role is not null then
    insert into public.user_roles (user_id, role) values (account, create_user.role);
  end if;
  if profile then
    insert into public.profiles (id, full_name, date_of_birth, whatsapp_number)
    values (account, initcap(name), '2000-01-31', '+2410700' || lpad((random() * 99999)::int::text, 5, '0'));
  end if;
  if profile and create_user.role is null then
    insert into public.consents (user_id, purpose, version, granted)
    values (account, 'privacy_policy', private.current_privacy_policy(), true);
  end if;
  return account;
end
$$;

create function tests.act_as(name text) returns void
language plpgsql as $$
begin
  if tests.user_id(name) is null then
    raise exception 'no persona is called %', name;
  end if;
  perform set_config('request.jwt.claim.sub', '', true);
  perform set_config('request.jwt.claims',
    json_build_object('sub', tests.user_id(name), 'role', 'authenticated')::text, true);
  perform set_config('role', 'authenticated', true);
end
$$;

create function tests.act_as_visitor() returns void
language plpgsql as $$
begin
  perform set_config('request.jwt.claim.sub', '', true);
  perform set_config('request.jwt.claims', '{"role": "anon"}', true);
  perform set_config('role', 'anon', true);
end
$$;

create function tests.act_as_service() returns void
language plpgsql as $$
begin
  perform set_config('request.jwt.claim.sub', '', true);
  perform set_config('request.jwt.claims', '{"role": "service_role"}', true);
  perform set_config('role', 'service_role', true);
end
$$;

create function tests.act_as_owner() returns void
language plpgsql as $$
begin
  perform set_config('request.jwt.claim.sub', '', true);
  perform set_config('request.jwt.claims', '', true);
  perform set_config('role', 'none', true);
end
$$;

-- ---------------------------------------------------------------- builders

-- A masterclass with as many published questions; the keys go A, B, C, D, A, …
create function tests.create_masterclass(questions int default 12, published boolean default true) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  masterclass uuid;
begin
  insert into public.masterclasses (title, published) values ('Une masterclass', create_masterclass.published)
  returning id into masterclass;
  insert into public.questions (masterclass_id, question_text, choices, correct_choice, status, evidence_page, evidence_quote)
  select masterclass, 'Question ' || n,
    jsonb_build_object('A', 'a' || n, 'B', 'b' || n, 'C', 'c' || n, 'D', 'd' || n),
    chr(65 + n % 4), 'published', n, 'Citation ' || n
  from generate_series(1, questions) as n;
  return masterclass;
end
$$;

-- The student's set of questions, before or after registration.
create function tests.paper_of(name text, masterclass uuid) returns uuid
language sql stable security definer set search_path = '' as $$
  select p.id from private.test_papers p
  where p.masterclass_id = masterclass
    and (p.profile_id = tests.user_id(name)
         or p.inscription_id in (select i.id from public.inscriptions i where i.profile_id = tests.user_id(name)))
$$;

-- Responses to all questions of the student's paper, of which the first `good` are right.
create function tests.responses(name text, masterclass uuid, good int) returns jsonb
language sql stable security definer set search_path = '' as $$
  select jsonb_object_agg(
    q.id::text,
    case when asked.position <= good then q.correct_choice
         when q.correct_choice = 'A' then 'B' else 'A' end)
  from private.test_paper_questions asked
  join public.questions q on q.id = asked.question_id
  where asked.paper_id = tests.paper_of(name, masterclass)
$$;

create function tests.inscription_of(name text, masterclass uuid) returns uuid
language sql stable security definer set search_path = '' as $$
  select i.id from public.inscriptions i
  where i.profile_id = tests.user_id(name) and i.masterclass_id = masterclass
$$;

-- Opens and submits the PRE test as the student; answers with the registration. Ends as the owner.
create function tests.register(name text, masterclass uuid, good int) returns uuid
language plpgsql as $$
begin
  perform tests.act_as(name);
  perform public.get_test(masterclass, 'PRE');
  perform public.register_for_masterclass(masterclass, tests.responses(name, masterclass, good));
  perform tests.act_as_owner();
  return tests.inscription_of(name, masterclass);
end
$$;

create function tests.validate(inscription uuid) returns void
language sql security definer set search_path = '' as $$
  update public.inscriptions set validated = true where id = inscription
$$;

-- A file is one transaction, so now() stands still; stored tests are moved back instead.
create function tests.let_time_pass() returns void
language plpgsql security definer set search_path = '' as $$
begin
  alter table public.tests disable trigger keep_test;
  update public.tests set taken_at = taken_at - interval '1 second';
  alter table public.tests enable trigger keep_test;
end
$$;

-- ---------------------------------------------------------------- assertions

-- The statement is refused with this code of private.error_messages.
create function tests.refuses(statement text, code text, description text) returns text
language plpgsql as $$
begin
  begin
    execute statement;
  exception when sqlstate 'PGRST' then
    return extensions.is(sqlerrm::jsonb ->> 'code', code, description);
  end;
  return extensions.fail(description || ' (it was allowed)');
end
$$;

-- The statement is refused for want of a privilege or by a policy.
create function tests.forbids(statement text, description text) returns text
language sql as $$
  select extensions.throws_ok(statement, '42501', null, description)
$$;

-- The statement runs and touches this many rows.
create function tests.touches(statement text, wanted bigint, description text) returns text
language plpgsql as $$
declare
  touched bigint;
begin
  execute statement;
  get diagnostics touched = row_count;
  return extensions.is(touched, wanted, description);
end
$$;

commit;

select '1..1';
select 'ok 1 - the helpers are there';
