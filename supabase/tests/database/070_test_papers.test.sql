-- The set of questions a student is given: frozen, of one masterclass, each question once, the same for PRE and POST.
begin;
\ir helpers.psql
select plan(27);

select tests.create_user('student');
select tests.create_user('other');
select tests.create_user('tutor', 'tuteur');
select tests.create_masterclass(15) as m \gset
select tests.create_masterclass(4) as small \gset

create function tests.ids(test jsonb) returns uuid[] language sql as $$
  select array_agg((q ->> 'id')::uuid) from jsonb_array_elements(test -> 'questions') as q
$$;

-- ---------------------------------------------------------------- what a student is given
select tests.act_as('student');
select get_test(:'m', 'PRE') as pre \gset
select is(jsonb_array_length(:'pre'::jsonb -> 'questions'), 10, 'a test has ten questions');
select is(:'pre'::jsonb ->> 'max_score', '10', 'and ten points');
select results_eq(
  format('select distinct key from jsonb_array_elements(%L::jsonb -> ''questions'') q, jsonb_object_keys(q) key order by 1', :'pre'),
  array['choices', 'id', 'question_text'],
  'a question comes with its text and choices, and nothing else');
select results_eq(
  format('select distinct key from jsonb_object_keys(%L::jsonb) key order by 1', :'pre'),
  array['masterclass_id', 'max_score', 'questions', 'type'],
  'nor does the test');
select is(get_test(:'m', 'PRE'), :'pre'::jsonb, 'opening it again gives the same questions in the same order');
select is(jsonb_array_length(get_test(:'small', 'PRE') -> 'questions'), 4, 'a test has all questions when they are fewer than ten');
select is(get_test(:'small', 'PRE') ->> 'max_score', '4', 'and as many points');

-- A cast that fails in `select=` rolls the call back and shows what it answered.
select tests.act_as('other');
savepoint first_look;
select get_test(:'m', 'PRE') as looked \gset
rollback to first_look;
select tests.act_as('other');
select is(get_test(:'m', 'PRE'), :'looked'::jsonb, 'a draw that is rolled back and tried again gives the same questions');
select isnt(tests.ids(:'looked'), tests.ids(:'pre'), 'another student gets another order');

-- ---------------------------------------------------------------- frozen
select tests.act_as('tutor');
update questions set status = 'archived' where masterclass_id = :'m';
select tests.act_as('student');
select is(tests.ids(get_test(:'m', 'PRE')), tests.ids(:'pre'), 'archiving questions does not change a test that is open');
select tests.act_as_owner();
select tests.register('student', :'m', 5) as inscription \gset
select tests.validate(:'inscription');
select tests.act_as('student');
select is(tests.ids(get_test(:'m', 'POST')), tests.ids(:'pre'), 'the POST test asks the questions of the PRE test');

-- ---------------------------------------------------------------- who, what and when
select tests.refuses(format('select get_test(%L, ''post'')', :'m'), 'invalid_test_type', 'a test is PRE or POST');
select tests.refuses(format('select get_test(%L, null)', :'m'), 'invalid_test_type', 'and has a type');
select tests.refuses(format('select get_test(%L, ''POST'')', :'small'), 'not_registered', 'the POST test needs a registration');
select tests.refuses(format('select get_test(%L, ''PRE'')', gen_random_uuid()), 'masterclass_not_found', 'a test needs a masterclass');
select tests.act_as_owner();
select tests.register('other', :'m', 5) as unvalidated \gset
select tests.act_as('other');
select tests.refuses(format('select get_test(%L, ''POST'')', :'m'), 'registration_not_validated', 'the POST test needs a validated registration');
select tests.forbids('select * from private.test_papers', 'a student reads no paper');
select tests.forbids('select * from private.test_paper_questions', 'nor its questions');
select tests.forbids('select private.draw_test_paper(gen_random_uuid(), gen_random_uuid())', 'and draws none');
select tests.act_as_visitor();
select tests.forbids(format('select get_test(%L, ''PRE'')', :'m'), 'a visitor opens no test');
select tests.act_as_service();
select tests.forbids(format('select get_test(%L, ''PRE'')', :'m'), 'the secret key opens no test');
select tests.forbids('select * from private.test_papers', 'and reads no paper');

-- ---------------------------------------------------------------- the tables themselves
select tests.act_as_owner();
select tests.paper_of('student', :'m') as paper \gset
select throws_ok(
  format('insert into private.test_paper_questions select %L, 11, q.id, q.masterclass_id from questions q where q.masterclass_id = %L limit 1', :'paper', :'small'),
  '23503', null, 'a paper cannot hold a question of another masterclass');
select throws_ok(
  format('insert into private.test_paper_questions select %L, 11, q.id, %L from questions q where q.masterclass_id = %L limit 1', :'paper', :'m', :'small'),
  '23503', null, 'not even by naming the wrong masterclass');
select throws_ok(
  format('insert into private.test_paper_questions select paper_id, 11, question_id, masterclass_id from private.test_paper_questions where paper_id = %L and position = 1', :'paper'),
  '23505', null, 'a paper cannot hold a question twice');
select throws_ok(
  format('update private.test_papers set profile_id = tests.user_id(''other'') where id = %L', :'paper'),
  '23514', null, 'a paper belongs to a student or to a registration, not to both');
select is((select profile_id from private.test_papers where id = :'paper'), null, 'after registration a paper names nobody');

select * from finish();
rollback;
