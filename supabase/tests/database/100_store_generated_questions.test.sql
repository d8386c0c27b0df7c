-- Generated questions are stored as drafts, with the answer under its key, both or neither.
begin;
set local search_path = tests, public, extensions;
select plan(22);

select tests.create_user('student');
select tests.create_user('tutor', 'tuteur');
select tests.let('m', tests.create_masterclass(0, published => false));
select tests.let('ten', (
  select jsonb_agg(jsonb_build_object(
    'question_text', 'Q' || n, 'choices', jsonb_build_object('A', '1', 'B', '2', 'C', '3', 'D', '4'),
    'correct_choice', 'B', 'status', 'published', 'evidence_page', n, 'evidence_quote', 'Citation', 'flaws', array['longest_option']))
  from generate_series(1, 10) as n));
select tests.let('store', format('select store_generated_questions(%L, %L)', tests.id('m'), tests.the('ten')::jsonb));

select tests.act_as_visitor();
select tests.forbids(tests.the('store'), 'a visitor stores no question');
select tests.act_as('student');
select tests.refuses(tests.the('store'), 'staff_only', 'a student stores no question');
select tests.refuses($$ select store_generated_questions(null, '[]', 'e', 'k', '{}') $$, 'staff_only', 'nor an answer');
select tests.act_as_service();
select tests.forbids(tests.the('store'), 'the secret key stores no question: each has an author');

select tests.act_as('tutor');
select begin_idempotent_request('generate-questions', 'k', 'f') is not null;
select lives_ok(format('select store_generated_questions(%L, %L, ''generate-questions'', ''k'', ''{"engine": "embedded"}'')', tests.id('m'), tests.the('ten')::jsonb), 'a tutor stores questions');
select results_eq(
  format('select status, evidence_page, flaws, created_by, count(*) over () from questions where masterclass_id = %L order by evidence_page limit 1', tests.id('m')),
  $$ values ('draft', 1, array['longest_option'], tests.user_id('tutor'), 10::bigint) $$,
  'they are drafts whatever they say, with evidence, flaws and author');
select is(begin_idempotent_request('generate-questions', 'k', 'f') #>> '{answer,engine}', 'embedded', 'and the answer is recorded');
select tests.refuses(format('select store_generated_questions(%L, %L, ''generate-questions'', ''k'', ''{}'')', tests.id('m'), tests.the('ten')::jsonb), 'idempotency_key_conflict', 'a second answer under the key is refused');
select is((select count(*) from questions where masterclass_id = tests.id('m')), 10::bigint, 'with its questions');

select tests.let('id', gen_random_uuid());
select lives_ok(format('select store_generated_questions(%L, %L)', tests.id('m'), jsonb_build_array(tests.the('ten')::jsonb -> 0 || jsonb_build_object('id', tests.id('id')))), 'a question may bring its id');
select isnt_empty(format('select * from questions where id = %L', tests.id('id')), 'and keeps it');
select throws_ok(format('select store_generated_questions(%L, %L)', tests.id('m'), jsonb_build_array(tests.the('ten')::jsonb -> 0 || jsonb_build_object('id', tests.id('id')))), '23505', null, 'an id is used once');
select lives_ok(format('select store_generated_questions(null, %L)', tests.the('ten')::jsonb), 'without a masterclass nothing is stored');
select is((select count(*) from questions where created_by = tests.user_id('tutor')), 11::bigint, 'indeed');

select tests.refuses(format('select store_generated_questions(%L, ''[]'')', gen_random_uuid()), 'masterclass_not_found', 'the masterclass must exist');
select tests.refuses(format('select store_generated_questions(%L, %L)', tests.id('m'), bad), 'invalid_questions', 'these are no questions: ' || coalesce(left(bad, 20), 'nothing'))
from unnest(array[null, '{}', '"x"', 'null', (select jsonb_agg('{}'::jsonb)::text from generate_series(1, 51))]) as bad;
select throws_ok(format('select store_generated_questions(%L, %L)', tests.id('m'), tests.the('ten')::jsonb || '[{"question_text": "Q"}]'), '23502', null, 'one bad question');
select is((select count(*) from questions where masterclass_id = tests.id('m')), 11::bigint, 'keeps all of them out');

select * from finish();
rollback;
