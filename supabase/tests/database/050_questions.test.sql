-- The bank of questions: staff only, well formed, and fixed once asked.
begin;
set local search_path = tests, public, extensions;
select plan(52);

select tests.create_user('student');
select tests.create_user('tutor', 'tuteur');
select tests.let('m', tests.create_masterclass(10));
select tests.let('q', (select id from questions where masterclass_id = tests.id('m') limit 1));
select tests.let('create_one', format($f$ insert into questions (masterclass_id, question_text, choices, correct_choice)
  values (%L, 'Q', '{"A": "1", "B": "2", "C": "3", "D": "4"}', 'A') $f$, tests.id('m')));
select tests.let('change_key', format('update questions set correct_choice = ''D'' where id = %L', tests.id('q')));
select tests.let('remove', format('delete from questions where id = %L', tests.id('q')));

-- ---------------------------------------------------------------- closed to all but staff
select tests.act_as_visitor();
select tests.forbids('select * from questions', 'a visitor reads no question');
select tests.forbids('select id from questions', 'a visitor does not even read an id');
select tests.forbids(tests.the('create_one'), 'a visitor creates none');
select tests.forbids(tests.the('change_key'), 'a visitor changes none');
select tests.forbids(tests.the('remove'), 'a visitor deletes none');
select tests.act_as('student');
select is_empty('select * from questions', 'a student reads no question');
select is((select count(*) from questions), 0::bigint, 'a student counts no question');
select tests.forbids(tests.the('create_one'), 'a student creates none');
select tests.touches(tests.the('change_key'), 0, 'a student changes none');
select tests.touches(tests.the('remove'), 0, 'a student deletes none');

-- ---------------------------------------------------------------- staff
select tests.act_as('tutor');
select is((select count(*) from questions where masterclass_id = tests.id('m')), 10::bigint, 'a tutor reads the questions');
select lives_ok(tests.the('create_one'), 'a tutor creates a question');
select results_eq(format($$ select status, version, created_by, flaws from questions where masterclass_id = %L and question_text = 'Q' $$, tests.id('m')),
  $$ values ('draft', 1, tests.user_id('tutor'), '{}'::text[]) $$, 'it is a draft of its author');
select tests.touches(format($$ update questions set status = 'published' where masterclass_id = %L and question_text = 'Q' $$, tests.id('m')), 1, 'a tutor publishes it');
select results_eq(format($$ select status, version from questions where masterclass_id = %L and question_text = 'Q' $$, tests.id('m')),
  $$ values ('published', 2) $$, 'each change raises the version');
select tests.touches(format($$ update questions set status = 'archived' where masterclass_id = %L and question_text = 'Q' and version = 1 $$, tests.id('m')), 0, 'a change to an old version finds nothing');
select tests.touches(tests.the('change_key'), 1, 'a tutor corrects a question nobody was asked');
select tests.forbids(format('update questions set version = 9 where id = %L', tests.id('q')), 'nobody writes the version');
select tests.forbids(format('update questions set created_by = null where id = %L', tests.id('q')), 'nobody writes the author');
select tests.forbids(format('update questions set masterclass_id = %L where id = %L', tests.id('m'), tests.id('q')), 'a question stays in its masterclass');

-- ---------------------------------------------------------------- the shape of a question
select throws_ok(
  format('update questions set choices = %L where id = %L', bad, tests.id('q')), '23514', null, 'these are not four choices: ' || left(bad, 40))
from unnest(array[
  '[]', 'null', '"A"', '{}',
  '{"A": "1", "B": "2", "C": "3"}',
  '{"A": "1", "B": "2", "C": "3", "D": "4", "E": "5"}',
  '{"a": "1", "b": "2", "c": "3", "d": "4"}',
  '{"A": "1", "B": "2", "C": "3", "D": 4}',
  '{"A": "1", "B": "2", "C": "3", "D": null}',
  '{"A": "1", "B": "2", "C": "3", "D": " "}',
  '{"A": "1", "B": "2", "C": "3", "D": {"E": "4"}}',
  '{"A": "oui", "B": " OUI", "C": "3", "D": "4"}',
  '{"A": "oui  non", "B": "oui non", "C": "3", "D": "4"}',
  '{"A": "1", "B": "2", "C": "3", "D": "' || repeat('x', 501) || '"}']) as bad;
select throws_ok(format('update questions set correct_choice = %L where id = %L', bad, tests.id('q')), '23514', null, 'this is no letter of a choice: ' || bad)
from unnest(array['E', 'a', '', 'AB']) as bad;
select throws_ok(format('update questions set status = ''secret'' where id = %L', tests.id('q')), '23514', null, 'a status is draft, published or archived');
select throws_ok(format('update questions set evidence_page = 0 where id = %L', tests.id('q')), '23514', null, 'pages count from 1');
select throws_ok(format('update questions set evidence_quote = null where id = %L', tests.id('q')), '23514', null, 'a page and its quote go together');
select throws_ok(format('update questions set question_text = '' '' where id = %L', tests.id('q')), '23514', null, 'a question has a text');

-- ---------------------------------------------------------------- once asked
select tests.act_as_owner();
update questions set status = 'archived' where masterclass_id = tests.id('m') and question_text = 'Q';
select tests.act_as('student');
select lives_ok(format($$ select get_test(%L, 'PRE') $$, tests.id('m')), 'a student opens the test: all ten questions are asked');
select tests.act_as('tutor');
select tests.refuses(format('update questions set correct_choice = ''A'' where id = %L and correct_choice <> ''A''', tests.id('q')), 'question_in_use', 'the answer of an asked question is fixed');
select tests.refuses(format($$ update questions set choices = '{"A": "1", "B": "2", "C": "3", "D": "4"}' where id = %L $$, tests.id('q')), 'question_in_use', 'the choices of an asked question are fixed');
select tests.refuses(tests.the('remove'), 'question_in_use', 'an asked question is not deleted');
select tests.touches(format('update questions set status = ''archived'' where id = %L', tests.id('q')), 1, 'an asked question may be archived');
select tests.touches(format('update questions set question_text = ''Question mieux dite'' where id = %L', tests.id('q')), 1, 'a typing error in an asked question may be mended');
select tests.touches(format('delete from questions where masterclass_id = %L and question_text = ''Q''', tests.id('m')), 1, 'a question that was not asked may be deleted');
select tests.act_as_service();
select tests.refuses(tests.the('remove'), 'question_in_use', 'the secret key does not delete an asked question');
select tests.refuses(format('update questions set masterclass_id = (select id from masterclasses where id <> %L limit 1) where id = %L', tests.id('m'), tests.id('q')), 'question_in_use', 'the secret key does not move an asked question');
select tests.act_as_owner();
select tests.refuses(format('update questions set correct_choice = ''A'' where id = %L and correct_choice <> ''A''', tests.id('q')), 'question_in_use', 'not even the owner changes its answer');

select * from finish();
rollback;
