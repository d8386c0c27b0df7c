-- The set of questions a student is given: frozen, of one masterclass, each question once, the same for PRE and POST.
begin;
set local search_path = tests, public, extensions;
select plan(27);

select tests.create_user('student');
select tests.create_user('other');
select tests.create_user('tutor', 'tuteur');
select tests.let('m', tests.create_masterclass(15));
select tests.let('small', tests.create_masterclass(4));

create function tests.ids(test jsonb) returns uuid[] language sql as $$
  select array_agg((q ->> 'id')::uuid) from jsonb_array_elements(test -> 'questions') as q
$$;

create function tests.look_and_roll_back(masterclass uuid) returns jsonb language plpgsql as $$
begin
  raise exception using errcode = 'XX000', message = get_test(masterclass, 'PRE')::text;
exception when sqlstate 'XX000' then
  return sqlerrm::jsonb;
end
$$;

-- ---------------------------------------------------------------- what a student is given
select tests.act_as('student');
select tests.let('pre', get_test(tests.id('m'), 'PRE'));
select is(jsonb_array_length(tests.the('pre')::jsonb -> 'questions'), 10, 'a test has ten questions');
select is(tests.the('pre')::jsonb ->> 'max_score', '10', 'and ten points');
select results_eq(
  format('select distinct key from jsonb_array_elements(%L::jsonb -> ''questions'') q, jsonb_object_keys(q) key order by 1', tests.the('pre')::jsonb),
  array['choices', 'id', 'question_text'],
  'a question comes with its text and choices, and nothing else');
select results_eq(
  format('select distinct key from jsonb_object_keys(%L::jsonb) key order by 1', tests.the('pre')::jsonb),
  array['masterclass_id', 'max_score', 'questions', 'type'],
  'nor does the test');
select is(get_test(tests.id('m'), 'PRE'), tests.the('pre')::jsonb, 'opening it again gives the same questions in the same order');
select is(jsonb_array_length(get_test(tests.id('small'), 'PRE') -> 'questions'), 4, 'a test has all questions when they are fewer than ten');
select is(get_test(tests.id('small'), 'PRE') ->> 'max_score', '4', 'and as many points');

-- A cast that fails in `select=` shows what the call answered and rolls it back.
select tests.act_as('other');
select tests.let('looked', tests.look_and_roll_back(tests.id('m')));
select is(get_test(tests.id('m'), 'PRE'), tests.the('looked')::jsonb, 'a draw that is rolled back and tried again gives the same questions');
select isnt(tests.ids(tests.the('looked')::jsonb), tests.ids(tests.the('pre')::jsonb), 'another student gets another order');

-- ---------------------------------------------------------------- frozen
select tests.act_as('tutor');
update questions set status = 'archived' where masterclass_id = tests.id('m');
select tests.act_as('student');
select is(tests.ids(get_test(tests.id('m'), 'PRE')), tests.ids(tests.the('pre')::jsonb), 'archiving questions does not change a test that is open');
select tests.act_as_owner();
select tests.let('inscription', tests.register('student', tests.id('m'), 5));
select tests.validate(tests.id('inscription'));
select tests.act_as('student');
select is(tests.ids(get_test(tests.id('m'), 'POST')), tests.ids(tests.the('pre')::jsonb), 'the POST test asks the questions of the PRE test');

-- ---------------------------------------------------------------- who, what and when
select tests.refuses(format('select get_test(%L, ''post'')', tests.id('m')), 'invalid_test_type', 'a test is PRE or POST');
select tests.refuses(format('select get_test(%L, null)', tests.id('m')), 'invalid_test_type', 'and has a type');
select tests.refuses(format('select get_test(%L, ''POST'')', tests.id('small')), 'not_registered', 'the POST test needs a registration');
select tests.refuses(format('select get_test(%L, ''PRE'')', gen_random_uuid()), 'masterclass_not_found', 'a test needs a masterclass');
select tests.act_as_owner();
select tests.let('unvalidated', tests.register('other', tests.id('m'), 5));
select tests.act_as('other');
select tests.refuses(format('select get_test(%L, ''POST'')', tests.id('m')), 'registration_not_validated', 'the POST test needs a validated registration');
select tests.forbids('select * from private.test_papers', 'a student reads no paper');
select tests.forbids('select * from private.test_paper_questions', 'nor its questions');
select tests.forbids('select private.draw_test_paper(gen_random_uuid(), gen_random_uuid())', 'and draws none');
select tests.act_as_visitor();
select tests.forbids(format('select get_test(%L, ''PRE'')', tests.id('m')), 'a visitor opens no test');
select tests.act_as_service();
select tests.forbids(format('select get_test(%L, ''PRE'')', tests.id('m')), 'the secret key opens no test');
select tests.forbids('select * from private.test_papers', 'and reads no paper');

-- ---------------------------------------------------------------- the tables themselves
select tests.act_as_owner();
select tests.let('paper', tests.paper_of('student', tests.id('m')));
select throws_ok(
  format('insert into private.test_paper_questions select %L, 11, q.id, q.masterclass_id from questions q where q.masterclass_id = %L limit 1', tests.id('paper'), tests.id('small')),
  '23503', null, 'a paper cannot hold a question of another masterclass');
select throws_ok(
  format('insert into private.test_paper_questions select %L, 11, q.id, %L from questions q where q.masterclass_id = %L limit 1', tests.id('paper'), tests.id('m'), tests.id('small')),
  '23503', null, 'not even by naming the wrong masterclass');
select throws_ok(
  format('insert into private.test_paper_questions select paper_id, 11, question_id, masterclass_id from private.test_paper_questions where paper_id = %L and position = 1', tests.id('paper')),
  '23505', null, 'a paper cannot hold a question twice');
select throws_ok(
  format('update private.test_papers set profile_id = tests.user_id(''other'') where id = %L', tests.id('paper')),
  '23514', null, 'a paper belongs to a student or to a registration, not to both');
select is((select profile_id from private.test_papers where id = tests.id('paper')), null, 'after registration a paper names nobody');

select * from finish();
rollback;
