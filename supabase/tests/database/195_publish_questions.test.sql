-- Many questions published at once: as they were read, all or none, by staff.
begin;
set local search_path = tests, public, extensions;
select plan(48);

select tests.create_user('student');
select tests.create_user('tutor', 'tuteur');
select tests.create_user('chief', 'admin');
select tests.let('m', tests.create_masterclass(0));
create function tests.draft(name text, status text default 'draft') returns void language plpgsql as $$
declare
  new_id uuid;
begin
  insert into public.questions (masterclass_id, question_text, choices, correct_choice, status)
  values (tests.id('m'), 'Question ' || name, '{"A": "1", "B": "2", "C": "3", "D": "4"}', 'A', status)
  returning id into new_id;
  perform tests.let(name, new_id);
end
$$;
-- What is sent for a question, and what is expected of it.
create function tests.q(name text, version int default 1) returns jsonb language sql as $$
  select jsonb_build_object('id', tests.the(name), 'version', version)
$$;
create function tests.statuses() returns text language sql security definer set search_path = '' as $$
  select string_agg(q.status || q.version, ' ' order by q.question_text) from public.questions q where q.masterclass_id = tests.id('m')
$$;
select tests.draft(name) from unnest(array['a', 'b', 'c']) as name;
select tests.draft('d', 'published');
select tests.draft('e', 'archived');
select tests.let('one', jsonb_build_array(tests.q('a'))::text);

-- ---------------------------------------------------------------- who
select tests.act_as_visitor();
select tests.forbids(format('select publish_questions(%L)', tests.the('one')), 'a visitor publishes nothing');
select tests.act_as_service();
select tests.forbids(format('select publish_questions(%L)', tests.the('one')), 'the secret key publishes by changing the rows');
select tests.act_as('student');
select tests.refuses(format('select publish_questions(%L)', tests.the('one')), 'staff_only', 'a student publishes nothing');
select tests.refuses('select publish_questions(''{}'')', 'staff_only', 'whatever is sent');
select tests.act_as_owner();
select tests.refuses(format('select publish_questions(%L)', tests.the('one')), 'staff_only', 'without a caller nothing is published');
select is(tests.statuses(), 'draft1 draft1 draft1 published1 archived1', 'nothing was changed');
select is((select prosecdef from pg_proc where oid = 'publish_questions(jsonb)'::regprocedure), false, 'the policies of questions decide, not the owner of the function');

-- ---------------------------------------------------------------- what cannot be read
select tests.act_as('tutor');
create function pg_temp.bad(questions jsonb, why text) returns text language sql as $$
  select tests.refuses(format('select publish_questions(%L)', questions), 'invalid_publication', 'this cannot be read: ' || why)
$$;
select pg_temp.bad(questions, why) from (values
  (null::jsonb, 'nothing'), ('null', 'null'), ('{}', 'an object'), ('"a"', 'a text'), ('[]', 'an empty list'), ('[null]', 'a list of null'),
  ('["6f1c1a52-3f0c-4c4e-9a51-0e6d4cf3c0aa"]', 'ids without versions'), ('[[]]', 'a list of lists'),
  (tests.the('one')::jsonb || '[{}]', 'an empty object'), (jsonb_build_array(tests.q('a') - 'version'), 'no version'), (jsonb_build_array(tests.q('a') - 'id'), 'no id'),
  (jsonb_build_array(tests.q('a') || '{"id": "x"}'), 'an id that is none'), (jsonb_build_array(tests.q('a') || '{"id": 7}'), 'an id that is a number'),
  (jsonb_build_array(tests.q('a') || '{"id": null}'), 'an id that is null'), (jsonb_build_array(tests.q('a') || '{"version": null}'), 'a version that is null'),
  (jsonb_build_array(tests.q('a') || '{"version": "1"}'), 'a version that is a text'), (jsonb_build_array(tests.q('a') || '{"version": 1.5}'), 'a fraction'),
  (jsonb_build_array(tests.q('a') || '{"version": 0}'), 'version zero'), (jsonb_build_array(tests.q('a') || '{"version": -1}'), 'a negative version'),
  (jsonb_build_array(tests.q('a') || '{"version": 1e300}'), 'a version out of all bounds'), (jsonb_build_array(tests.q('a') || '{"version": 4294967297}'), 'one out of most bounds'),
  (jsonb_build_array(tests.q('a'), tests.q('a')), 'a question twice'),
  (jsonb_build_array(tests.q('a'), tests.q('a', 2)), 'a question in two versions'),
  (jsonb_build_array(tests.q('a'), tests.q('a') || jsonb_build_object('id', upper(tests.the('a')))), 'a question twice, in capitals'),
  ((select jsonb_agg(jsonb_build_object('id', gen_random_uuid(), 'version', 1)) from generate_series(1, 201)), '201 questions')) as v (questions, why);
select is(tests.statuses(), 'draft1 draft1 draft1 published1 archived1', 'nothing was changed');

-- ---------------------------------------------------------------- all or none
select is(publish_questions(jsonb_build_array(tests.q('b'), tests.q('a', 2), tests.q('c', 7))),
  jsonb_build_object('published', '[]'::jsonb, 'stale', jsonb_build_array(tests.q('a'), tests.q('c')), 'missing', '[]'::jsonb),
  'questions that were changed since are named, with their version');
select is(publish_questions(jsonb_build_array(tests.q('b'), '{"id": "6f1c1a52-3f0c-4c4e-9a51-0e6d4cf3c0aa", "version": 1}'::jsonb)),
  '{"published": [], "stale": [], "missing": ["6f1c1a52-3f0c-4c4e-9a51-0e6d4cf3c0aa"]}', 'so is one that does not exist');
select is(publish_questions(jsonb_build_array('{"id": "6f1c1a52-3f0c-4c4e-9a51-0e6d4cf3c0aa", "version": 1}'::jsonb, tests.q('c', 2), tests.q('b'))),
  jsonb_build_object('published', '[]'::jsonb, 'stale', jsonb_build_array(tests.q('c')), 'missing', '["6f1c1a52-3f0c-4c4e-9a51-0e6d4cf3c0aa"]'::jsonb), 'and both together');
select is(tests.statuses(), 'draft1 draft1 draft1 published1 archived1', 'and nothing is published then');

select is(publish_questions(jsonb_build_array(tests.q('b'), tests.q('a'), tests.q('d'))),
  jsonb_build_object('published', jsonb_build_array(tests.q('b', 2), tests.q('a', 2), tests.q('d')), 'stale', '[]'::jsonb, 'missing', '[]'::jsonb),
  'as they were read they are published, in the order asked, with their new version');
select is(tests.statuses(), 'published2 published2 draft1 published1 archived1', 'those and no other; what was published stays as it was');
select is(publish_questions(jsonb_build_array(tests.q('a'))) -> 'stale', jsonb_build_array(tests.q('a', 2)), 'the same list sent again is stale');
select is(publish_questions(jsonb_build_array(tests.q('a', 2))) -> 'published', jsonb_build_array(tests.q('a', 2)), 'with the version of now it changes nothing');
select is(tests.statuses(), 'published2 published2 draft1 published1 archived1', 'indeed');
select is(publish_questions(jsonb_build_array(tests.q('d', 2))) -> 'stale', jsonb_build_array(tests.q('d')), 'a published question of another version is stale');
select is(publish_questions(jsonb_build_array(tests.q('c') || jsonb_build_object('id', upper(tests.the('c'))))) -> 'published', jsonb_build_array(tests.q('c', 2)), 'capitals do not make another id');
select tests.act_as('chief');
select is(publish_questions(jsonb_build_array(tests.q('e') || '{"comment": "x"}')) -> 'published', jsonb_build_array(tests.q('e', 2)), 'an admin publishes an archived question again; other fields are not looked at');

-- A question of the bank that is in a paper can be published as well: choices and answer stay.
select tests.act_as_owner();
select tests.let('inscription', tests.register('student', tests.id('m'), 2));
update questions set status = 'archived' where id = tests.id('a');
select tests.act_as('tutor');
select is(publish_questions(jsonb_build_array(tests.q('a', 3))) -> 'published', jsonb_build_array(tests.q('a', 4)), 'a question that was asked is published again');

-- The most that is accepted.
select tests.act_as_owner();
insert into questions (masterclass_id, question_text, choices, correct_choice)
select tests.id('m'), 'Z' || n, '{"A": "1", "B": "2", "C": "3", "D": "4"}', 'A' from generate_series(1, 200) as n;
select tests.act_as('tutor');
select tests.let('drafts', (select array_agg(id order by md5(id::text)) from questions where masterclass_id = tests.id('m') and status = 'draft'));
select is(
  publish_questions((select jsonb_agg(jsonb_build_object('id', id, 'version', 1) order by place) from unnest(tests.the('drafts')::uuid[]) with ordinality as d (id, place))) -> 'published',
  (select jsonb_agg(jsonb_build_object('id', id, 'version', 2) order by place) from unnest(tests.the('drafts')::uuid[]) with ordinality as d (id, place)),
  'two hundred are published at once, in the order asked');
select is_empty($$ select * from questions where masterclass_id = tests.id('m') and status = 'draft' $$, 'and none is left');

select * from finish();
rollback;
