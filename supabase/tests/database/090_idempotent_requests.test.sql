-- Idempotency keys: the same key gives the first answer again, to its caller only.
begin;
set local search_path = tests, public, extensions;
select plan(37);

select tests.create_user('tutor', 'tuteur');
select tests.create_user('colleague', 'tuteur');
select tests.create_user('student');

create function tests.begins(key text, fingerprint text default 'f', endpoint text default 'generate-questions') returns text
language sql as $$ select begin_idempotent_request(endpoint, key, fingerprint) ->> 'state' $$;
create function tests.ages(key text, age interval) returns void
language sql security definer set search_path = '' as $$
  update private.idempotent_requests r set created_at = now() - age, started_at = now() - age where r.key = ages.key
$$;

select tests.act_as_visitor();
select tests.forbids($$ select begin_idempotent_request('e', 'k', 'f') $$, 'a visitor claims no key');
select tests.forbids($$ select abandon_idempotent_request('e', 'k') $$, 'a visitor abandons no key');
select tests.act_as_service();
select tests.forbids($$ select begin_idempotent_request('e', 'k', 'f') $$, 'the secret key has no caller to claim for');
select tests.act_as_owner();
select tests.refuses($$ select begin_idempotent_request('e', 'k', 'f') $$, 'not_authenticated', 'without a caller no key is claimed');

select tests.act_as('tutor');
select tests.forbids('select * from private.idempotent_requests', 'nobody reads the table');
select is(tests.begins('k'), 'new', 'the first use of a key is new');
select is(tests.begins('k'), 'in_progress', 'the second finds it in progress');
select is(tests.begins('k', 'other'), 'mismatch', 'another request under the same key is a mistake');
select is(tests.begins('k', endpoint => 'send-whatsapp'), 'new', 'another endpoint has its own keys');
select tests.act_as('colleague');
select is(tests.begins('k', 'mine'), 'new', 'another caller has other keys');
select is(tests.begins('k', 'mine'), 'in_progress', 'and finds the own request under them');
select lives_ok($$ select abandon_idempotent_request('generate-questions', 'k') $$, 'and abandons the own one');
select tests.act_as('tutor');
select is(tests.begins('k'), 'in_progress', 'which leaves that of the first caller');
select lives_ok($$ select abandon_idempotent_request('generate-questions', 'k') $$, 'a failed request gives its key back');
select is(tests.begins('k'), 'new', 'so that a repetition works again');

select lives_ok($$ select store_generated_questions(null, '[]', 'generate-questions', 'k', '{"questions": []}') $$, 'the answer is recorded');
select is(begin_idempotent_request('generate-questions', 'k', 'f'), '{"state": "done", "answer": {"questions": []}}', 'and given again');
select is(tests.begins('k', 'other'), 'mismatch', 'but not to another request');
select lives_ok($$ select abandon_idempotent_request('generate-questions', 'k') $$, 'abandoning an answered key');
select is(tests.begins('k'), 'done', 'changes nothing');
select tests.refuses($$ select store_generated_questions(null, '[]', 'generate-questions', 'k', '{}') $$, 'idempotency_key_conflict', 'the first answer is not replaced');
select tests.act_as('colleague');
select tests.refuses($$ select store_generated_questions(null, '[]', 'generate-questions', 'k', '{}') $$, 'idempotency_key_conflict', 'nobody answers under the key of another');

select tests.act_as('tutor');
select tests.ages('k', '23 hours');
select is(tests.begins('k'), 'done', 'an answer is kept for a day');
select tests.ages('k', '25 hours');
select is(tests.begins('k', 'other'), 'new', 'and forgotten after it');
select tests.ages('k', '14 minutes');
select is(tests.begins('k', 'other'), 'in_progress', 'work in progress is left alone');
select tests.ages('k', '16 minutes');
select is(tests.begins('k', 'other'), 'new', 'and taken over when it stands still');
select is(tests.begins('k', 'other'), 'in_progress', 'by one only');

select tests.refuses(format('select begin_idempotent_request(%L, %L, %L)', e, k, f), 'invalid_idempotency_key', 'a key has a length')
from (values ('e', '', 'f'), ('e', null, 'f'), ('e', repeat('k', 201), 'f'), ('', 'k', 'f'), (null, 'k', 'f'), ('e', 'k', null), ('e', 'k', repeat('f', 201))) as v (e, k, f);

select tests.act_as('student');
select lives_ok($$ select tests.begins('n' || n) from generate_series(1, 1000) as n $$, 'a thousand keys a day are enough for anyone');
select tests.refuses($$ select tests.begins('one more') $$, 'too_many_idempotency_keys', 'and one more is refused');
select is(tests.begins('n1'), 'in_progress', 'a known key still answers');

select * from finish();
rollback;
