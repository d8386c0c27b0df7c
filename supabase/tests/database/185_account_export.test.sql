-- Everything held about a person is given to them, and nothing else.
begin;
set local search_path = tests, public, extensions;
select plan(53);

create function tests.at(path text) returns jsonb language sql stable as $$
  select tests.the('export')::jsonb #> path::text[]
$$;

select tests.create_user('student');
select tests.create_user('stranger');
select tests.create_user('newcomer', profile => false);
select tests.create_user('tutor', 'tuteur');
select tests.let('m', tests.create_masterclass(12));
select tests.let('other', tests.create_masterclass(3));
select tests.let('inscription', tests.register('student', tests.id('m'), 4));
select tests.let('foreign', tests.register('stranger', tests.id('m'), 9));
update profiles set full_name = 'Étrange Inconnu', whatsapp_number = '+241998877665' where id = tests.user_id('stranger');
select tests.validate(tests.id('inscription'));
insert into auth.identities (id, user_id, provider, provider_id, identity_data)
values (gen_random_uuid(), tests.user_id('student'), 'google', 'pgtap-1', '{"email": "student@pgtap.invalid", "full_name": "Student"}');
insert into auth.sessions (id, user_id, user_agent, ip) values
  (gen_random_uuid(), tests.user_id('student'), 'Navigateur', '192.0.2.7'), (gen_random_uuid(), tests.user_id('stranger'), 'Ailleurs', '192.0.2.8');
update auth.users set raw_user_meta_data = '{"ville": "Oyem"}', encrypted_password = '$2a$10$hidden' where id = tests.user_id('student');
insert into storage.objects (id, bucket_id, name, owner, owner_id, metadata)
values (gen_random_uuid(), 'masterclass-pdfs', tests.the('m') || '/tutor.pdf', tests.user_id('tutor'), tests.user_id('tutor')::text, '{"size": 7, "mimetype": "application/pdf"}'),
       (gen_random_uuid(), 'masterclass-pdfs', tests.the('m') || '/nobody.pdf', null, null, '{"size": 8}');
select tests.act_as('stranger');
select get_test(tests.id('other'), 'PRE') is not null;
select begin_idempotent_request('generate-questions', 'another key', 'f') is not null;
select tests.act_as('student');
select get_test(tests.id('other'), 'PRE') is not null;
select begin_idempotent_request('generate-questions', 'my key', 'f') is not null;
insert into consents (purpose, granted) values ('whatsapp_messages', false);

-- ---------------------------------------------------------------- who
select tests.act_as_visitor();
select tests.forbids('select export_account()', 'a visitor exports nothing');
select tests.act_as_service();
select tests.forbids('select export_account()', 'the secret key is nobody');
select tests.act_as_owner();
select tests.refuses('select export_account()', 'not_authenticated', 'without a caller there is nothing to export');
select set_config('request.jwt.claims', json_build_object('sub', gen_random_uuid(), 'role', 'authenticated')::text, true);
select tests.refuses('select export_account()', 'not_authenticated', 'a token that outlives its account exports nothing');

-- ---------------------------------------------------------------- what
select tests.act_as('student');
select is(export_account() #> '{inscriptions,0,tests}', '[]', 'within the transaction of the test no score is shown');
select tests.act_as_owner();
select tests.let_time_pass();
select tests.act_as('student');
select tests.let('export', export_account()::text);
select set_eq($$ select jsonb_object_keys(tests.the('export')::jsonb) $$,
  array['account', 'consents', 'exported_at', 'files', 'inscriptions', 'messages', 'opened_tests', 'profile', 'questions', 'requested_messages', 'requests', 'roles'], 'the export has these parts');
select is(tests.at('{account,email}'), '"student@pgtap.invalid"', 'the address');
select is(tests.at('{account,user_metadata,ville}'), '"Oyem"', 'what the person wrote at sign-up');
select is(tests.at('{account,identities,0,provider}'), '"google"', 'how they sign in');
select is(tests.at('{account,identities,0,identity_data,full_name}'), '"Student"', 'what the provider said');
select is(tests.at('{account,sessions,0,user_agent}'), '"Navigateur"', 'where they are signed in');
select matches(tests.at('{account,sessions,0,ip}') #>> '{}', '^192\.0\.2\.7', 'from which address');
select is(tests.at('{profile,whatsapp_number}') #>> '{}', (select whatsapp_number from profiles), 'the number');
select is(tests.at('{profile,date_of_birth}'), '"2000-01-31"', 'the date of birth');
select is(tests.at('{roles}'), '[]', 'no roles');
select results_eq($$ select c ->> 'purpose', c ->> 'granted' from jsonb_array_elements(tests.at('{consents}')) as c $$,
  $$ values ('privacy_policy', 'true'), ('whatsapp_messages', 'false') $$, 'the consents, in order');
select is(jsonb_array_length(tests.at('{inscriptions}')), 1, 'the registration');
select is(tests.at('{inscriptions,0,id}') #>> '{}', tests.the('inscription'), 'which is the own one');
select is(tests.at('{inscriptions,0,masterclass_title}'), '"Une masterclass"', 'with its title');
select is(tests.at('{inscriptions,0,validated}'), 'true', 'and state');
select is(tests.at('{inscriptions,0,tests,0,score}'), '4', 'the score');
select is(jsonb_array_length(tests.at('{inscriptions,0,tests,0,answers}')), 10, 'the answers');
select is(
  (select jsonb_object_agg(a ->> 'question_id', a -> 'response') from jsonb_array_elements(tests.at('{inscriptions,0,tests,0,answers}')) as a),
  (select responses from tests), 'as they were given');
select is(jsonb_array_length(tests.at('{opened_tests,0,questions}')), 3, 'the test that is open');
select is(tests.at('{opened_tests,0,masterclass_id}') #>> '{}', tests.the('other'), 'of its masterclass');
select is(jsonb_array_length(tests.at('{opened_tests}')), 1, 'and no other');
select is(tests.at('{requests,0,key}'), '"my key"', 'the keys of requests');
select is(tests.at('{files}'), '[]', 'no files');
select is(tests.at('{questions}'), '[]', 'no questions');

-- ---------------------------------------------------------------- and nothing else
select unalike(tests.the('export'), '%correct%', 'no right answer');
select unalike(tests.the('export'), '%Citation%', 'no evidence');
select unalike(tests.the('export'), '%hidden%', 'no password, not even as a digest');
select unalike(tests.the('export'), '%Inconnu%', 'nobody else''s name');
select unalike(tests.the('export'), '%998877665%', 'nobody else''s number');
select unalike(tests.the('export'), '%another key%', 'nobody else''s requests');
select unalike(tests.the('export'), '%Ailleurs%', 'nobody else''s sessions');
select unalike(tests.the('export'), '%' || tests.the('foreign') || '%', 'nobody else''s registration');
select tests.act_as_owner();
select unalike(tests.the('export'), '%' || tests.user_id('stranger') || '%', 'nobody else''s id');

-- An export is the same for who is right and who is wrong, but for what tests shows anyway.
select tests.act_as('student');
select submit_test(tests.id('inscription'), '{}') is not null;
select is(jsonb_array_length(export_account() #> '{inscriptions,0,tests}'), 1, 'a POST test is exported from the next transaction on');
select tests.act_as_owner();
select tests.let_time_pass();
select tests.act_as('student');
select is(export_account() #>> '{inscriptions,0,tests,1,type}', 'POST', 'then it is there');
select is(export_account() #> '{inscriptions,0,tests,1,answers,0,response}', 'null', 'what was not answered is null');

-- ---------------------------------------------------------------- staff and newcomers
select tests.act_as('tutor');
insert into questions (masterclass_id, question_text, choices, correct_choice)
values (tests.id('m'), 'Écrite par le tuteur', '{"A": "1", "B": "2", "C": "3", "D": "4"}', 'A');
select tests.let('export', export_account()::text);
select is(tests.at('{roles,0,role}'), '"tuteur"', 'a tutor finds the role');
select is(tests.at('{questions,0,question_text}'), '"Écrite par le tuteur"', 'the questions they wrote');
select is(jsonb_array_length(tests.at('{questions}')), 1, 'and no other');
select is(tests.at('{files,0,name}') #>> '{}', tests.the('m') || '/tutor.pdf', 'the files they uploaded');
select is(tests.at('{files,0,size}'), '7', 'with their size');
select is(jsonb_array_length(tests.at('{files}')), 1, 'and no other');
select tests.act_as('newcomer');
select is(export_account() -> 'profile', 'null', 'an account without a profile is exported, too');

-- ---------------------------------------------------------------- what a later table must do
-- Every table from which foreign keys lead to an account, over any number of steps.
select tests.act_as_owner();
create function tests.tables_about_people() returns setof text language sql security definer set search_path = '' as $$
  with recursive about (id) as (
    select 'auth.users'::regclass::oid
    union
    select c.conrelid from pg_catalog.pg_constraint c join about a on a.id = c.confrelid where c.contype = 'f')
  select n.nspname || '.' || c.relname
  from about a join pg_catalog.pg_class c on c.oid = a.id join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where n.nspname in ('public', 'private', 'storage')
$$;
select is_empty($$ select tests.tables_about_people() except select name from private.exported_tables() $$,
  'every table that leads to an account is in private.exported_tables()');
select is_empty($$ select name from private.exported_tables() where to_regclass(name) is null $$, 'every table named there exists');
select is_empty($$ select name from private.exported_tables() where num_nonnulls(exported_as, why_not) <> 1 $$, 'each is exported, or it is said why not');
select is_empty($$ select name, exported_as from private.exported_tables() where exported_as is not null and not tests.the('export')::jsonb ? exported_as $$,
  'the export has the key that each names');
create table public.a_new_table (id int primary key, inscription_id uuid references inscriptions (id));
select results_eq($$ select tests.tables_about_people() except select name from private.exported_tables() $$,
  array['public.a_new_table'], 'a new table that names a registration is missed');

select * from finish();
rollback;
