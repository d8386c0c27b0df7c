-- A student tries to learn a correct answer before the POST test.
begin;
set local search_path = tests, public, extensions;
select plan(27);

select tests.create_user('student');
select tests.create_user('twin');
select tests.let('m', tests.create_masterclass(10));
select tests.let('inscription', tests.register('student', tests.id('m'), 4));
select tests.validate(tests.id('inscription'));
select tests.let_time_pass();
select tests.act_as('student');

-- ---------------------------------------------------------------- by reading
select is_empty('select correct_choice from questions', 'by column');
select is_empty('select q.* from tests t join inscriptions i on i.id = t.inscription_id join masterclasses m on m.id = i.masterclass_id join questions q on q.masterclass_id = m.id', 'by embedding from the own tests');
select is_empty($$ select id from questions where correct_choice = 'A' $$, 'by filter');
select is((select count(*) from questions where correct_choice = 'A'), 0::bigint, 'by count');
select is_empty('select id from questions order by correct_choice', 'by ordering');
select is_empty('select m.id from masterclasses m order by (select max(correct_choice) from questions q where q.masterclass_id = m.id) limit 0', 'by ordering of something else');
select is((select bool_or(exists (select from questions q where q.masterclass_id = m.id and q.correct_choice = 'A')) from masterclasses m), false, 'by an inner embed as a filter');
select is_empty($$ select id from questions where evidence_quote ilike '%Citation%' or to_tsvector('french', evidence_quote) @@ to_tsquery('citation') $$, 'by text search in the evidence');
select results_eq('select type, score from tests', $$ values ('PRE', 4) $$, 'after the PRE test there is the score');
select is_empty($$ select * from tests where responses::text like '%correct%' $$, 'and no correction in it');

-- ---------------------------------------------------------------- by errors that depend on what is hidden
select lives_ok($$ select id from questions where 1 / (ascii(correct_choice) - 65) > 0 $$, 'by a division by zero');
select lives_ok($$ select correct_choice::int from questions $$, 'by a cast that names what it cannot cast');
select lives_ok($$ select id from questions where evidence_quote like 'x\' $$, 'by a pattern that is wrong for some rows only');
select tests.touches($$ update questions set correct_choice = (correct_choice::int)::text $$, 0, 'by a change that fails');
select tests.touches($$ delete from questions where correct_choice = 'A' $$, 0, 'by the number of rows a deletion finds');
select tests.forbids(format($$ insert into questions select (jsonb_populate_record(null::questions, '{"id": %s}')).* $$, to_json((select key from tests, jsonb_each(responses) limit 1))), 'by a unique violation');
select tests.forbids(format($$ insert into questions (id, masterclass_id, question_text, choices, correct_choice)
  values (%L, %L, 'Q', '{"A": "1", "B": "2", "C": "3", "D": "4"}', 'A') on conflict (id) do update set correct_choice = 'A' $$,
  (select key from tests, jsonb_each(responses) limit 1), tests.id('m')), 'by an upsert');

-- ---------------------------------------------------------------- by the planner
select tests.act_as_owner();
update questions set status = 'archived' where masterclass_id = tests.id('m');
select tests.let('big', tests.create_masterclass(2000));
alter table questions disable trigger protect_asked_question;
update questions set correct_choice = 'C', choices = '{"A": "1", "B": "2", "C": "3", "D": "4"}' where masterclass_id = tests.id('big');
alter table questions enable trigger protect_asked_question;
analyze questions;
create function tests.estimate(condition text) returns numeric language plpgsql as $$
declare plan jsonb;
begin
  execute 'explain (format json) select * from questions where ' || condition into plan;
  return plan #>> '{0,Plan,Plan Rows}';
end
$$;
select tests.act_as('student');
select is(tests.estimate($$ correct_choice = 'C' $$), tests.estimate($$ correct_choice = 'D' $$), 'by the estimated count of a key');
select is(tests.estimate($$ choices = '{"A": "1", "B": "2", "C": "3", "D": "4"}' $$), tests.estimate($$ choices = '{"A": "9", "B": "2", "C": "3", "D": "4"}' $$), 'by the estimated count of choices');
select is(tests.estimate($$ evidence_page = 1 $$), tests.estimate($$ evidence_page = 1999 $$), 'by the estimated count of a page');
select is_empty($$ select * from pg_stats where tablename = 'questions' $$, 'by the statistics of the table');

-- ---------------------------------------------------------------- by the functions
select tests.let('post', get_test(tests.id('m'), 'POST')::text);
select ok(tests.the('post') !~* 'correct|evidence|citation|flaw|"score"', 'by the questions of the POST test');
select tests.refuses(format('select review_test(%L)', tests.id('inscription')), 'review_not_open', 'by the review');

-- Two students of a ten-question bank answer differently; what they are told differs in ids and time only.
select tests.act_as_owner();
create function tests.outcome(responses jsonb, masterclass uuid) returns text language plpgsql as $$
declare answer jsonb;
begin
  begin
    answer := register_for_masterclass(masterclass, responses);
    -- What the student can see before the transaction ends, then undone as by a cast that fails.
    raise exception using errcode = 'XX000', message = jsonb_build_object(
      'answer', answer #- '{test,id}'::text[] #- '{test,taken_at}'::text[] #- '{inscription_id}'::text[],
      'tests', (select count(*) from tests),
      'validated', (select validated from inscriptions))::text;
  exception when sqlstate 'XX000' then
    return sqlerrm;
  end;
end
$$;
create function tests.refusal(responses jsonb, masterclass uuid) returns text language plpgsql as $$
begin
  perform register_for_masterclass(masterclass, responses);
  return 'accepted';
exception when others then
  return sqlstate || sqlerrm;
end
$$;
update questions set status = 'published' where masterclass_id = tests.id('m');
select tests.act_as('twin');
select get_test(tests.id('m'), 'PRE') is not null;
select is(
  tests.outcome(tests.responses('twin', tests.id('m'), 10), tests.id('m')), tests.outcome(tests.responses('twin', tests.id('m'), 0), tests.id('m')),
  'by registering, looking and rolling back');
select is(
  tests.outcome(tests.responses('twin', tests.id('m'), 10), tests.id('m'))::jsonb, '{"answer": {"test": {"type": "PRE", "max_score": 10}}, "tests": 0, "validated": false}'::jsonb,
  'which shows no score at all');
select is(
  tests.refusal(tests.responses('twin', tests.id('m'), 10) || '{"x": "A"}', tests.id('m')), tests.refusal(tests.responses('twin', tests.id('m'), 0) || '{"x": "A"}', tests.id('m')),
  'by the words of a refusal');

-- ---------------------------------------------------------------- by what is set up
select tests.act_as_owner();
select is_empty(
  $$ select attname from pg_attribute
     where attrelid = 'public.questions'::regclass and attstattarget is distinct from 0
       and attname in ('question_text', 'choices', 'correct_choice', 'evidence_page', 'evidence_quote', 'flaws') $$,
  'no statistics are kept of what is hidden');

select * from finish();
rollback;
