-- A person deletes their account, or Supabase Auth does: the same is left, and it names nobody.
begin;
set local search_path = tests, public, extensions;
select plan(69);

-- Whoever is staff here already steps aside until the rollback.
alter table public.user_roles disable trigger keep_one_admin;
delete from public.user_roles;
alter table public.user_roles enable trigger keep_one_admin;

-- Where a text occurs: every column of every table of ours, and of the list of files.
create function tests.places_of(needle text) returns setof text
language plpgsql security definer set search_path = '' as $$
declare
  place record;
  hit boolean;
begin
  for place in
    select n.nspname, c.relname
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'm') and n.nspname in ('public', 'private') or c.oid = 'storage.objects'::pg_catalog.regclass
  loop
    execute format('select exists (select from %I.%I as t where t::text ilike %L)',
      place.nspname, place.relname, '%' || needle || '%') into hit;
    if hit then
      return next format('%s.%s', place.nspname, place.relname);
    end if;
  end loop;
end
$$;

-- Signed in by these ways; `amr` as a JSON text.
create function tests.sign_in(name text, amr text) returns void language plpgsql as $$
begin
  perform tests.act_as(name);
  perform set_config('request.jwt.claims', (current_setting('request.jwt.claims')::jsonb || jsonb_build_object('amr', amr::jsonb))::text, true);
end
$$;
create function tests.ago(seconds int, method text default 'password') returns text language sql as $$
  select jsonb_build_object('method', method, 'timestamp', floor(extract(epoch from now()))::bigint - seconds)::text
$$;

-- A student with everything a person can have, and one like them.
create function tests.create_busy_student(name text, person text, number text) returns uuid language plpgsql as $$
begin
  perform tests.create_user(name);
  update public.profiles set full_name = person, whatsapp_number = number where id = tests.user_id(name);
  perform tests.let(name, tests.user_id(name));
  perform tests.let(name || '_inscription', tests.register(name, tests.id('m'), 4));
  perform tests.validate(tests.id(name || '_inscription'));
  perform tests.act_as(name);
  perform submit_test(tests.id(name || '_inscription'), tests.responses(name, tests.id('m'), 8));
  perform get_test(tests.id('opened'), 'PRE');
  perform begin_idempotent_request('e', 'k', 'f');
  insert into consents (purpose, granted) values ('whatsapp_messages', true);
  perform tests.act_as_owner();
  -- An answer that was stored under a key may say anything.
  update private.idempotent_requests set answer = jsonb_build_object('to', person, 'number', number) where caller = tests.id(name);
  insert into storage.objects (id, bucket_id, name, owner, owner_id)
  values (gen_random_uuid(), 'masterclass-pdfs', tests.the('m') || '/' || md5(name) || '.pdf', tests.id(name), tests.the(name));
  return tests.id(name);
end
$$;

select tests.let('m', tests.create_masterclass(12));
select tests.let('opened', tests.create_masterclass(12));
select tests.create_busy_student('leaving', 'Zéphyrine Partante', '+241998877665');
select tests.create_busy_student('removed', 'Onésime Radié', '+241556644332');
select tests.create_user('staying');
select tests.let('kept', tests.register('staying', tests.id('m'), 6));
select tests.create_user('tutor', 'tuteur');
select tests.create_user('chief', 'admin');

-- ---------------------------------------------------------------- who
select tests.act_as_visitor();
select tests.forbids('select delete_account()', 'a visitor deletes nothing');
select tests.act_as_service();
select tests.forbids('select delete_account()', 'the secret key is nobody');
select tests.act_as_owner();
select tests.refuses('select delete_account()', 'not_authenticated', 'without a caller there is nothing to delete');

-- ---------------------------------------------------------------- a recent sign-in
select tests.act_as('leaving');
select tests.refuses('select delete_account()', 'recent_sign_in_required', 'a token that does not tell how it was got');
create temporary table refused (amr text, why text);
grant select on refused to authenticated;
select tests.act_as_owner();
insert into refused values
  ('null', 'nothing'), ('{}', 'no list'), ('[]', 'no way'), ('"password"', 'a word'), ('["password", "otp"]', 'ways without a time'),
  ('[{"method": "password"}]', 'a way without a time'), ('[{"method": "password", "timestamp": null}]', 'a time that is null'),
  (format('[{"method": "password", "timestamp": "%s"}]', extract(epoch from now())::bigint), 'a time that is a text'),
  (format('[{"timestamp": %s}]', extract(epoch from now())::bigint), 'a time without a way'),
  ('[' || tests.ago(601) || ']', 'a sign-in that is ten minutes and a second old'),
  ('[' || tests.ago(5, 'token_refresh') || ']', 'a refresh only'),
  ('[' || tests.ago(5, 'token_refresh') || ',' || tests.ago(3600) || ']', 'an old sign-in, refreshed'),
  ('[' || tests.ago(-120) || ']', 'a sign-in of the future'),
  ('[' || tests.ago(0) || ',' || tests.ago(-3600, 'otp') || ']', 'one of the future beside one of now'),
  ('[{"method": "password", "timestamp": 1e300}]', 'a time out of all bounds'),
  ('[{"method": "password", "timestamp": -1e300}]', 'a time before all bounds');
create function tests.is_refused(amr text, why text) returns text language plpgsql as $$
begin
  perform tests.sign_in('leaving', amr);
  return tests.refuses('select delete_account()', 'recent_sign_in_required', 'this is not enough: ' || why);
end
$$;
select tests.is_refused(amr, why) from refused;
select tests.act_as_owner();
select isnt_empty(format('select * from auth.users where id = %L', tests.id('leaving')), 'nothing was deleted so far');

create function tests.is_enough(amr text, why text) returns text language plpgsql as $$
begin
  begin
    perform tests.sign_in('leaving', amr);
    perform delete_account();
    raise exception using errcode = 'XX001';
  exception
    when sqlstate 'XX001' then return extensions.pass('this is enough: ' || why);
    when sqlstate 'PGRST' then return extensions.fail('this is enough: ' || why);
  end;
end
$$;
select tests.is_enough(amr, why) from (values
  ('[' || tests.ago(0) || ']', 'a sign-in just now'),
  ('[' || tests.ago(599) || ']', 'one of nearly ten minutes ago'),
  ('[' || tests.ago(-55) || ']', 'one by a clock that is a minute ahead'),
  ('[' || tests.ago(30, 'otp') || ']', 'one by a code'),
  ('[' || tests.ago(30, 'oauth') || ']', 'one with another provider'),
  ('[' || tests.ago(2, 'token_refresh') || ',' || tests.ago(300) || ']', 'one that was refreshed since'),
  ('[' || tests.ago(20, 'totp') || ',' || tests.ago(7200) || ']', 'an old one with a second factor of now')) as v (amr, why);

-- ---------------------------------------------------------------- what is left
select tests.act_as_owner();
select set_has(format('select tests.places_of(%L)', tests.id('leaving')),
  $$ values ('public.profiles'), ('public.inscriptions'), ('public.consents'), ('private.test_papers'), ('private.idempotent_requests'), ('storage.objects') $$,
  'before, the account is named in many places');
select set_has($$ select tests.places_of('Partante') $$, $$ values ('public.profiles'), ('private.idempotent_requests') $$, 'and so is the person');
select is_empty(format('select tests.places_of(%L) except select name from private.exported_tables()', tests.id('leaving')), 'each place is one that the export knows');

select tests.sign_in('leaving', '[' || tests.ago(0) || ']');
select lives_ok('select delete_account()', 'a student deletes the account');
select tests.refuses('select delete_account()', 'not_authenticated', 'once');
select tests.refuses('select export_account()', 'not_authenticated', 'the token that is left exports nothing');
select tests.refuses(format('select get_test(%L, ''PRE'')', tests.id('m')), 'profile_required', 'and opens no test');
select is_empty('select * from inscriptions', 'it finds no registration');
select is_empty('select * from consents', 'no consent');
select throws_ok($$ insert into consents (purpose, granted) values ('whatsapp_messages', true) $$, '23503', null, 'and agrees to nothing more');
select tests.act_as_owner();
select lives_ok(format('delete from auth.users where id = %L', tests.id('removed')), 'another account is deleted as Supabase Auth deletes it');

select is_empty(format('select tests.places_of(%L)', needle), 'afterwards this is nowhere: ' || needle)
from unnest(array[tests.the('leaving'), tests.the('removed'), 'Partante', 'Zéphyrine', 'Zephyrine', 'Radié', 'Radie', 'Onésime',
  '998877665', '556644332', 'leaving@', 'removed@']) as needle;
select is_empty(format('select * from auth.users where id in (%L, %L)', tests.id('leaving'), tests.id('removed')), 'the accounts are gone');
select is_empty(format('select user_id from auth.identities where user_id = %1$L union select user_id from auth.sessions where user_id = %1$L', tests.id('leaving')), 'with their sessions');

create function tests.remains(name text) returns jsonb language sql as $$
  select jsonb_build_object(
    'inscription', (select to_jsonb(i) - array['id', 'registration_date'] from inscriptions i where i.id = tests.id(name || '_inscription')),
    'tests', (select jsonb_agg(jsonb_build_object('type', t.type, 'score', t.score, 'answers', (select count(*) from jsonb_each(t.responses))) order by t.type)
              from tests t where t.inscription_id = tests.id(name || '_inscription')),
    'asked', (select count(*) from private.test_papers p join private.test_paper_questions q on q.paper_id = p.id where p.inscription_id = tests.id(name || '_inscription')),
    'file', (select count(*) from storage.objects o where o.name like '%' || md5(remains.name) || '.pdf'))
$$;
select is(tests.remains('leaving'), jsonb_build_object(
  'inscription', jsonb_build_object('profile_id', null, 'masterclass_id', tests.id('m'), 'validated', true),
  'tests', '[{"type": "POST", "score": 8, "answers": 10}, {"type": "PRE", "score": 4, "answers": 10}]'::jsonb,
  'asked', 10, 'file', 1), 'registration, tests, their questions and the file of the masterclass stay');
select is(tests.remains('removed'), tests.remains('leaving'), 'both ways leave the same');
select is_empty(format('select * from private.test_papers where masterclass_id = %L', tests.id('opened')), 'tests that were only opened go');
select tests.act_as('staying');
select results_eq('select id from inscriptions', array[tests.id('kept')], 'others keep what is theirs');
select isnt_empty('select * from consents', 'and what they agreed to');

-- ---------------------------------------------------------------- staff
select tests.act_as_owner();
select tests.let('tutor', tests.user_id('tutor'));
select tests.sign_in('tutor', '[' || tests.ago(0) || ']');
insert into questions (masterclass_id, question_text, choices, correct_choice)
values (tests.id('m'), 'Écrite par le tuteur', '{"A": "1", "B": "2", "C": "3", "D": "4"}', 'A');
select lives_ok('select delete_account()', 'a tutor deletes the account');
select tests.act_as_owner();
select is_empty(format('select tests.places_of(%L)', tests.the('tutor')), 'it is named nowhere');
select isnt_empty($$ select * from questions where question_text = 'Écrite par le tuteur' and created_by is null $$, 'the questions stay');
select tests.sign_in('chief', '[' || tests.ago(0) || ']');
select tests.refuses('select delete_account()', 'last_admin', 'the last admin stays');
select isnt_empty('select * from user_roles', 'with the role');
select tests.act_as_owner();
select tests.refuses($$ delete from auth.users where id = tests.user_id('chief') $$, 'last_admin', 'whichever way it is tried');
select tests.create_user('successor', 'admin');
select tests.sign_in('chief', '[' || tests.ago(0) || ']');
select lives_ok('select delete_account()', 'with a successor the admin may go');
select tests.act_as_owner();
select is((select count(*) from user_roles), 1::bigint, 'and the successor remains');

-- A project of some years ago refuses to delete the owner of a file.
insert into storage.objects (id, bucket_id, name, owner) values (gen_random_uuid(), 'masterclass-pdfs', tests.the('m') || '/old.pdf', tests.user_id('staying'));
select lives_ok($$ delete from auth.users where id = tests.user_id('staying') $$, 'whoever owns a file');
select results_eq(format('select owner, owner_id from storage.objects where name = %L', tests.the('m') || '/old.pdf'), 'values (null::uuid, null::text)', 'is taken off it first');
-- And a new one knows the owner as a text only.
insert into storage.objects (id, bucket_id, name, owner_id) values (gen_random_uuid(), 'masterclass-pdfs', tests.the('m') || '/new.pdf', tests.create_user('last')::text);
delete from auth.users where id = tests.user_id('last');
select results_eq(format('select owner, owner_id from storage.objects where name = %L', tests.the('m') || '/new.pdf'), 'values (null::uuid, null::text)', 'whichever column names it');

select * from finish();
rollback;
