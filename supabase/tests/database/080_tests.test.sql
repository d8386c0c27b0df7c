-- Tests: graded by the database, PRE then POST, once each, never changed.
begin;
set local search_path = tests, public, extensions;
select plan(62);

select tests.create_user('student');
select tests.create_user('stranger');
select tests.create_user('tutor', 'tuteur');
select tests.let('m', tests.create_masterclass(12));
select tests.let('elsewhere', tests.create_masterclass(12));
select tests.let('inscription', tests.register('student', tests.id('m'), 4));
select tests.let('foreign_inscription', tests.register('stranger', tests.id('elsewhere'), 4));
select tests.let('seven', tests.responses('student', tests.id('m'), 7));
select tests.let('submit', format('select submit_test(%L, %L)', tests.id('inscription'), tests.the('seven')::jsonb));

-- ---------------------------------------------------------------- no way around the functions
select tests.let('direct', format($f$ insert into tests (inscription_id, type, score, max_score, responses) values (%L, 'POST', 10, 10, '{}') $f$, tests.id('inscription')));
select tests.act_as_visitor();
select tests.forbids(tests.the('direct'), 'a visitor stores no test');
select tests.forbids('select * from tests', 'a visitor reads no test');
select tests.forbids(tests.the('submit'), 'a visitor submits no test');
select tests.act_as('student');
select tests.refuses(tests.the('direct'), 'use_submit_test', 'a direct insert names the function to call');
select tests.forbids('update tests set score = 10', 'a student writes no score');
select tests.forbids('delete from tests', 'a student deletes no test');
select tests.act_as('tutor');
select tests.refuses(tests.the('direct'), 'use_submit_test', 'a tutor stores no test directly');
select tests.forbids('update tests set score = 10', 'a tutor writes no score');
select tests.forbids('delete from tests', 'a tutor deletes no test');
select tests.act_as_service();
select tests.forbids(tests.the('direct'), 'the secret key stores no test');
select tests.forbids('update tests set score = 10', 'the secret key writes no score');
select tests.forbids('delete from tests', 'the secret key deletes no test');
select tests.forbids(tests.the('submit'), 'the secret key submits no test');

-- ---------------------------------------------------------------- the order
select tests.act_as('student');
select tests.refuses(tests.the('submit'), 'registration_not_validated', 'the POST test waits for validation');
select tests.refuses(format('select review_test(%L)', tests.id('inscription')), 'review_not_open', 'the review waits for the POST test');
select tests.act_as_owner();
select tests.refuses(tests.the('direct'), 'registration_not_validated', 'not even the owner stores a POST test before validation');
select tests.refuses(format($$ insert into tests (inscription_id, type, responses) values (%L, 'PRE', '{}') $$, tests.id('inscription')), 'pre_test_already_taken', 'nor a second PRE test');
insert into inscriptions (profile_id, masterclass_id, validated) values (tests.user_id('student'), tests.id('elsewhere'), true);
select tests.refuses(format($$ insert into tests (inscription_id, type, responses) values (%L, 'POST', '{}') $$, tests.inscription_of('student', tests.id('elsewhere'))), 'test_not_opened', 'nor a test without a paper');
delete from private.test_papers where profile_id = tests.user_id('student');
with paper as (
  insert into private.test_papers (masterclass_id, inscription_id)
  values (tests.id('elsewhere'), tests.inscription_of('student', tests.id('elsewhere'))) returning id)
insert into private.test_paper_questions select p.id, 1, q.id, q.masterclass_id from paper p, (select * from questions where masterclass_id = tests.id('elsewhere') limit 1) q;
select tests.refuses(format($$ insert into tests (inscription_id, type, responses) values (%L, 'POST', '{}') $$, tests.inscription_of('student', tests.id('elsewhere'))), 'not_registered', 'nor a POST test without its PRE test');
delete from inscriptions where id = tests.inscription_of('student', tests.id('elsewhere'));
select tests.refuses($$ insert into tests (inscription_id, type, responses) values (gen_random_uuid(), 'PRE', '{}') $$, 'inscription_not_found', 'nor a test without a registration');

-- ---------------------------------------------------------------- the responses
select tests.validate(tests.id('inscription'));
select tests.act_as('student');
select tests.refuses(format('select submit_test(%L, %L)', tests.id('inscription'), bad), 'invalid_responses', 'these are no responses: ' || coalesce(left(bad, 40), 'nothing'))
from unnest(array[null, 'null', '[]', '"A"', '7',
  (select jsonb_object_agg(key, 'E')::text from jsonb_each(tests.the('seven')::jsonb)),
  (select jsonb_object_agg(key, 'a')::text from jsonb_each(tests.the('seven')::jsonb)),
  (select jsonb_object_agg(key, null)::text from jsonb_each(tests.the('seven')::jsonb)),
  (select jsonb_object_agg(key, array['A', 'B'])::text from jsonb_each(tests.the('seven')::jsonb)),
  '{"' || repeat('x', 100000) || '": "A"}',
  (select jsonb_object_agg(gen_random_uuid()::text, 'A')::text from generate_series(1, 2000))]) as bad;
select tests.refuses(format('select submit_test(%L, %L)', tests.id('inscription'), bad), 'unknown_question', 'these are not the questions of the test: ' || left(bad, 40))
from unnest(array['{"": "A"}', '{"x": "A"}', '{"00000000-0000-0000-0000-000000000000": "A"}',
  (select jsonb_build_object(upper(key), 'A')::text from jsonb_each(tests.the('seven')::jsonb) where key <> upper(key) limit 1)]) as bad;
select tests.act_as_owner();
select tests.let('unasked', (select id from questions q where q.masterclass_id = tests.id('m') and not tests.the('seven')::jsonb ? q.id::text limit 1));
select tests.let('foreign_question', (select id from questions where masterclass_id = tests.id('elsewhere') limit 1));
select tests.act_as('student');
select tests.refuses(format('select submit_test(%L, %L)', tests.id('inscription'), jsonb_build_object(tests.id('unasked'), 'A')), 'unknown_question', 'a question of the masterclass that was not asked is unknown');
select tests.refuses(format('select submit_test(%L, %L)', tests.id('inscription'), jsonb_build_object(tests.id('foreign_question'), 'A')), 'unknown_question', 'a question of another masterclass is unknown');

-- ---------------------------------------------------------------- whose registration
select tests.act_as('stranger');
select tests.refuses(tests.the('submit'), 'inscription_not_found', 'a stranger does not submit for another');
select tests.refuses(format('select submit_test(%L, ''{}'')', gen_random_uuid()), 'inscription_not_found', 'the registration of another looks like none');
select tests.refuses(format('select review_test(%L)', tests.id('inscription')), 'inscription_not_found', 'a stranger reviews nothing of another');
select tests.act_as('tutor');
select tests.refuses(tests.the('submit'), 'staff_cannot_take_tests', 'a tutor submits for nobody');

-- ---------------------------------------------------------------- the grade
select tests.act_as('student');
select tests.let('answer', submit_test(tests.id('inscription'), tests.the('seven')::jsonb));
select is(tests.the('answer')::jsonb ->> 'type', 'POST', 'the POST test is stored');
select ok(not tests.the('answer')::jsonb ? 'score', 'and its answer carries no score, which a cast could show before a rollback');
select is_empty('select * from tests', 'within the transaction that stored it a student cannot see it');
select tests.refuses(format('select review_test(%L)', tests.id('inscription')), 'review_not_open', 'nor its review');
select tests.let_time_pass();
select results_eq('select type, score, max_score from tests order by score', $$ values ('PRE', 4, 10), ('POST', 7, 10) $$, 'afterwards a student reads both scores');
select is((select responses from tests where type = 'POST'), tests.the('seven')::jsonb, 'and the own responses');
select tests.refuses(tests.the('submit'), 'post_test_already_taken', 'the POST test is taken once');
select tests.refuses(format('select get_test(%L, ''POST'')', tests.id('m')), 'post_test_already_taken', 'and not opened again');
select tests.act_as_owner();
select throws_ok(format($$ alter table tests disable trigger grade_test; insert into tests (inscription_id, type, score, responses) values (%L, 'POST', 1, '{}') $$, tests.id('inscription')), '23505', null, 'a second POST test is impossible without any trigger');
select tests.refuses('update tests set score = 10', 'test_is_final', 'not even the owner changes a score');
select tests.refuses(format('update inscriptions set validated = false where id = %L', tests.id('inscription')), 'inscription_is_final', 'the validation stays after the POST test');

-- ---------------------------------------------------------------- the review
select tests.act_as('student');
select tests.let('review', review_test(tests.id('inscription')));
select is(jsonb_array_length(tests.the('review')::jsonb), 10, 'the review shows every question of the test');
select is((select count(*) from jsonb_array_elements(tests.the('review')::jsonb) q where q ->> 'post_response' = q ->> 'correct_choice'), 7::bigint, 'with the right answers next to the POST responses');
select is((select count(*) from jsonb_array_elements(tests.the('review')::jsonb) q where q ->> 'pre_response' = q ->> 'correct_choice'), 4::bigint, 'and to the PRE responses');
select ok((select bool_and(q ? 'evidence_quote' and q ? 'evidence_page' and q ? 'choices' and q ? 'question_text') from jsonb_array_elements(tests.the('review')::jsonb) q), 'and the evidence');
select tests.act_as('stranger');
select tests.refuses(format('select review_test(%L)', tests.id('inscription')), 'inscription_not_found', 'a stranger still sees no review');
select is_empty(format('select * from tests where inscription_id = %L', tests.id('inscription')), 'nor any of the tests');
select tests.act_as('tutor');
select is((select count(*) from tests where inscription_id = tests.id('inscription')), 2::bigint, 'a tutor reads the tests');
select lives_ok(format('select review_test(%L)', tests.id('inscription')), 'and the review');
select tests.act_as_service();
select is((select count(*) from tests where inscription_id = tests.id('inscription')), 2::bigint, 'the service reads the tests');

-- ---------------------------------------------------------------- whoever writes it, the table grades
select tests.act_as_owner();
select tests.validate(tests.id('foreign_inscription'));
insert into tests (inscription_id, type, score, max_score, responses, taken_at)
values (tests.id('foreign_inscription'), 'POST', 99, 99, '{}', '2000-01-01');
select results_eq(format($$ select score, max_score, taken_at from tests where inscription_id = %L and type = 'POST' $$, tests.id('foreign_inscription')),
  $$ values (0, 10, now()) $$, 'a score, a maximum and a date that come with a row are replaced; what is not answered is wrong');

select * from finish();
rollback;
