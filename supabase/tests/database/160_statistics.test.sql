-- The statistics: vectors worked out by hand, an independent computation, and what a mixed history leaves.
begin;
set local search_path = tests, public, extensions;
select plan(67);

-- Responses of a student to the questions 1, 2, … of a masterclass, as far as they were asked: 1 right, 0 wrong, anything else not answered.
create function tests.marked(name text, masterclass uuid, marks text) returns jsonb
language sql stable security definer set search_path = '' as $$
  select coalesce(jsonb_object_agg(q.id::text,
    case when m.mark = '1' then q.correct_choice when q.correct_choice = 'A' then 'B' else 'A' end), '{}')
  from unnest(string_to_array(marks, null)) with ordinality as m (mark, n)
  join public.questions q on q.masterclass_id = masterclass and q.question_text = 'Question ' || m.n
  join private.test_paper_questions asked on asked.question_id = q.id and asked.paper_id = tests.paper_of(name, masterclass)
  where m.mark in ('0', '1')
$$;

-- The PRE test of a student, and the POST test when there are marks for it. Ends as the owner.
create function tests.sit(name text, masterclass uuid, pre text, post text default null) returns void
language plpgsql as $$
begin
  perform tests.act_as(name);
  perform public.get_test(masterclass, 'PRE');
  perform public.register_for_masterclass(masterclass, tests.marked(name, masterclass, pre));
  perform tests.act_as_owner();
  if post is not null then
    perform tests.validate(tests.inscription_of(name, masterclass));
    perform tests.act_as(name);
    perform public.submit_test(tests.inscription_of(name, masterclass), tests.marked(name, masterclass, post));
    perform tests.act_as_owner();
  end if;
end
$$;

-- A file is one transaction: what would be counted at commit is counted here.
create function tests.commit() returns void language plpgsql as $$
begin
  set constraints all immediate;
  set constraints all deferred;
end
$$;

create function tests.question(masterclass uuid, n int) returns uuid
language sql stable security definer set search_path = '' as $$
  select q.id from public.questions q where q.masterclass_id = masterclass and q.question_text = 'Question ' || n
$$;

-- [facility, discrimination] of a question, as the overview of its masterclass shows it.
create function tests.figures(masterclass uuid, n int, type text default 'pre') returns jsonb language sql as $$
  select jsonb_build_array(q -> type -> 'answers', q -> type -> 'facility', q -> type -> 'discrimination')
  from jsonb_array_elements(public.masterclass_overview(masterclass)::jsonb -> 'questions') q
  where q ->> 'question_text' = 'Question ' || n
$$;

create function tests.random_marks(chance float) returns text language sql as $$
  select string_agg(case when random() < 0.1 then '.' when random() < chance then '1' else '0' end, '') from generate_series(1, 12)
$$;

-- Nothing but what this file makes.
delete from public.masterclass_statistics;
delete from public.registration_statistics;
delete from public.score_statistics;
delete from public.question_statistics;

select tests.create_user('tutor', 'tuteur');
select tests.create_user('admin', 'admin');
select tests.create_user('s' || n) from generate_series(1, 60) n;
select tests.let('x', tests.create_masterclass(3));
select tests.let('y', tests.create_masterclass(4));
select tests.let('z', tests.create_masterclass(12));
select tests.let('empty', tests.create_masterclass(2));

-- ---------------------------------------------------------------- vector X: three questions, five students
--
--        Q1 Q2 Q3  score
--   s1    1  1  1    3       rest for Q1 (y = score - x): 2 1 0 1 1
--   s2    1  1  0    2       rest for Q3:                 2 2 1 1 0
--   s3    1  0  0    1
--   s4    .  1  0    1       . was not answered: asked, and wrong
--   s5    0  0  1    1
--
-- Q1: n = 5, Σx = 3, Σy = 5, Σy² = 4+1+0+1+1 = 7, Σxy = 2+1+0 = 3.
--     facility 3/5 = 0.6; discrimination (5·3 - 3·5) / … = 0.
-- Q3: Σx = 2, Σy = 6, Σy² = 4+4+1+1+0 = 10, Σxy = 2+0 = 2.
--     facility 2/5 = 0.4; discrimination (5·2 - 2·6) / √((5·2 - 2²)(5·10 - 6²)) = -2/√(6·14) = -0.2182.
-- Scores out of ten: 10, 6.67, 3.33, 3.33, 3.33: rounded 10, 7, 3, 3, 3; mean 10·(3+2+1+1+1)/(3·5) = 5.3333.
select tests.sit('s1', tests.id('x'), '111', '111');
select tests.sit('s2', tests.id('x'), '110');
select tests.sit('s3', tests.id('x'), '100', '111');
select tests.sit('s4', tests.id('x'), '.10');
select tests.sit('s5', tests.id('x'), '001');

-- ---------------------------------------------------------------- vector Y: four questions, six students
--
--        Q1 Q2 Q3 Q4  PRE   POST
--   s1    1  1  1  1   4     4     no room for a gain
--   s2    1  1  0  1   3     4     gain (4-3)/(4-3) = 1
--   s3    1  0  0  1   2     3     gain (3-2)/(4-2) = 0.5
--   s4    1  0  1  1   3     2     gain (2-3)/(4-3) = -1
--   s5    .  .  1  1   2     4     gain (4-2)/(4-2) = 1
--   s6    0  0  0  1   1     -
--
-- Q1: Σx = 4, y = 3 2 1 2 2 1: Σy = 11, Σy² = 23, Σxy = 8.
--     facility 4/6 = 0.6667; discrimination (6·8 - 4·11) / √((24 - 16)(138 - 121)) = 4/√136 = 0.3430.
-- Q3: Σx = 3, y = 3 3 2 2 1 1: Σy = 12, Σy² = 28, Σxy = 3+2+1 = 6: discrimination (36 - 36)/… = 0.
-- Q4: all right: facility 1, no variance, no discrimination.
-- Class gain: of those with both tests pre 14/20, post 17/20: (0.85 - 0.70)/(1 - 0.70) = 0.5.
-- Mean individual gain: (1 + 0.5 - 1 + 1)/4 = 0.375.
-- PRE out of ten: 10 7.5 5 7.5 5 2.5: rounded 10 8 5 8 5 3; mean 37.5/6 = 6.25.
select tests.sit('s1', tests.id('y'), '1111', '1111');
select tests.sit('s2', tests.id('y'), '1101', '1111');
select tests.sit('s3', tests.id('y'), '1001', '0111');
select tests.sit('s4', tests.id('y'), '1011', '1100');
select tests.sit('s5', tests.id('y'), '..11', '1111');
select tests.sit('s6', tests.id('y'), '0001');

select is_empty('select * from masterclass_statistics', 'nothing is counted before commit');
select tests.commit();
select is_empty('select * from private.statistics_changes', 'and nothing is left to count afterwards');

select tests.act_as('tutor');
select is(tests.figures(tests.id('x'), 1), '[5, 0.6, 0]', 'X, Q1');
select is(tests.figures(tests.id('x'), 3), '[5, 0.4, -0.2182]', 'X, Q3: a negative discrimination');
select is(tests.figures(tests.id('x'), 1, 'post'), '[2, 1, null]', 'X, Q1 in the POST test: two answers give a facility, and no discrimination');
select is(tests.figures(tests.id('y'), 1), '[6, 0.6667, 0.343]', 'Y, Q1, which one student did not answer');
select is(tests.figures(tests.id('y'), 2), '[6, 0.3333, 0.343]', 'Y, Q2');
select is(tests.figures(tests.id('y'), 3), '[6, 0.5, 0]', 'Y, Q3');
select is(tests.figures(tests.id('y'), 4), '[6, 1, null]', 'Y, Q4: all right, so that nothing sets them apart');

select is(masterclass_overview(tests.id('y'))::jsonb -> 'gain',
  '{"students": 5, "class_gain": 0.5, "individual_students": 4, "mean_individual_gain": 0.375}', 'gains of Y');
-- Two students, of whom one had everything right: (2 - 4/3)/(2 - 4/3) = 1, and one individual gain is too few.
select is(masterclass_overview(tests.id('x'))::jsonb -> 'gain',
  '{"students": 2, "class_gain": 1, "individual_students": 1, "mean_individual_gain": null}', 'gains of X');
-- X and Y together, in fractions: pre 14/4 + 4/3 = 29/6, post 17/4 + 6/3 = 25/4, seven students:
-- (25/4 - 29/6)/(7 - 29/6) = (17/12)/(26/12) = 17/26 = 0.6538; individual (1.5 + 1)/5 = 0.5.
select is(masterclass_overview()::jsonb -> 'gain',
  '{"students": 7, "class_gain": 0.6538, "individual_students": 5, "mean_individual_gain": 0.5}', 'gains over papers of different length');
select is(masterclass_overview()::jsonb -> 'questions', '[]', 'questions are shown for one masterclass only');
select is(masterclass_overview()::jsonb -> 'registrations' -> 'total', '11', 'everybody is counted');

select is(masterclass_overview(tests.id('y'))::jsonb -> 'scores' -> 'pre' ->> 'mean', '6.25', 'mean of the PRE scores of Y, out of ten');
select is(masterclass_overview(tests.id('x'))::jsonb -> 'scores' -> 'pre' ->> 'mean', '5.3333', 'and of X');
select is(
  (select string_agg(d ->> 'count', ' ' order by (d ->> 'score')::int) from jsonb_array_elements(masterclass_overview(tests.id(m))::jsonb -> 'scores' -> t -> 'distribution') d),
  counts, format('distribution of %s, %s', m, t))
from (values ('x', 'pre', '0 0 0 3 0 0 0 1 0 0 1'), ('y', 'pre', '0 0 0 1 0 2 0 0 2 0 1'), ('y', 'post', '0 0 0 0 0 1 0 0 1 0 3')) as vectors (m, t, counts);
select is(masterclass_overview(tests.id('y'))::jsonb -> 'completion',
  '{"registered": 6, "validated": 5, "pre_taken": 6, "post_taken": 5, "rate": 0.8333}', 'completion of Y');
select is(masterclass_overview(tests.id('y'))::jsonb -> 'registrations',
  jsonb_build_object('total', 6, 'validated', 5, 'by_day', jsonb_build_array(jsonb_build_object('date', (now() at time zone 'Africa/Libreville')::date, 'count', 6))),
  'registrations of Y');

select is(masterclass_overview(tests.id('empty'))::jsonb,
  jsonb_build_object(
    'masterclass_id', tests.id('empty'),
    'registrations', '{"total": 0, "validated": 0, "by_day": []}'::jsonb,
    'completion', '{"registered": 0, "validated": 0, "pre_taken": 0, "post_taken": 0, "rate": null}'::jsonb,
    'scores', (select jsonb_object_agg(t, jsonb_build_object('tests', 0, 'mean', null, 'distribution',
      (select jsonb_agg(jsonb_build_object('score', s, 'count', 0) order by s) from generate_series(0, 10) s))) from unnest(array['pre', 'post']) t),
    'gain', '{"students": 0, "class_gain": null, "individual_students": 0, "mean_individual_gain": null}'::jsonb,
    'questions', (select jsonb_agg(jsonb_build_object('id', id, 'question_text', question_text, 'status', 'published',
      'pre', '{"answers": 0, "facility": null, "discrimination": null}'::jsonb,
      'post', '{"answers": 0, "facility": null, "discrimination": null}'::jsonb) order by created_at, id)
      from questions where masterclass_id = tests.id('empty'))),
  'where nobody registered there are no figures');

-- Too few: a facility takes two answers, a discrimination five.
select tests.act_as_owner();
select tests.sit('s1', tests.id('empty'), '10');
select tests.commit();
select tests.act_as('tutor');
select is(tests.figures(tests.id('empty'), 1), '[1, null, null]', 'one answer gives no figure');
select tests.act_as_owner();
select tests.sit('s2', tests.id('empty'), '11');
select tests.sit('s3', tests.id('empty'), '00');
select tests.sit('s4', tests.id('empty'), '11');
select tests.commit();
select tests.act_as('tutor');
select is(tests.figures(tests.id('empty'), 1), '[4, 0.75, null]', 'four answers give a facility and no discrimination');

select tests.refuses($$ select masterclass_overview(gen_random_uuid()) $$, 'masterclass_not_found', 'an unknown masterclass is refused');

-- ---------------------------------------------------------------- a random class, computed another way
-- Ten of twelve questions each, with gaps; every answer is unrolled, and PostgreSQL's own corr() correlates.
select tests.act_as_owner();
select setseed(0.5) is not null;
select tests.sit('s' || n, tests.id('z'), tests.random_marks(0.3 + n / 120.0), case when n % 3 > 0 then tests.random_marks(0.5 + n / 120.0) end)
from generate_series(1, 60) n;
select tests.commit();

create temp table unrolled as
select t.type, asked.question_id, t.inscription_id, t.score,
  case when t.responses ->> asked.question_id::text = q.correct_choice then 1 else 0 end as x
from tests t
join private.test_papers p on p.inscription_id = t.inscription_id
join private.test_paper_questions asked on asked.paper_id = p.id
join questions q on q.id = asked.question_id
where q.masterclass_id = tests.id('z');
select ok((select count(*) from unrolled) = 1000 and (select stddev(score) > 1 from unrolled), 'the class is of some size, and its scores differ');

create temp table shown as
select q ->> 'id' as question_id, t as type, (q -> lower(t) ->> 'answers')::int as answers,
  (q -> lower(t) ->> 'facility')::numeric as facility, (q -> lower(t) ->> 'discrimination')::numeric as discrimination
from (select tests.act_as('tutor'), masterclass_overview(tests.id('z'))::jsonb as overview, tests.act_as_owner()) o,
  jsonb_array_elements(overview -> 'questions') q, unnest(array['PRE', 'POST']) t;
select is((select count(*) from shown where discrimination is not null), 24::bigint, 'each question has its figures for both tests');
select is_empty(
  $$ select u.question_id, u.type, avg(u.x), corr(u.x, u.score - u.x), s.* from unrolled u
     join shown s on s.question_id = u.question_id::text and s.type = u.type
     group by u.question_id, u.type, s.question_id, s.type, s.answers, s.facility, s.discrimination
     having count(*) <> s.answers or abs(avg(u.x) - s.facility) > 0.00006
       or abs(corr(u.x, u.score - u.x) - s.discrimination) > 0.00006 $$,
  'facility and discrimination are those of the unrolled answers');
select tests.act_as('tutor');
-- The mean is that of gains with four decimals.
select is(gain - 'mean_individual_gain' || jsonb_build_object('near', abs((gain ->> 'mean_individual_gain')::numeric - (scores ->> 'mean')::numeric) <= 0.0001),
  scores - 'mean' || '{"near": true}', 'the gains are those of the scores')
from (select masterclass_overview(tests.id('z'))::jsonb -> 'gain' as gain) as shown, (
  select jsonb_build_object('students', count(*),
    'class_gain', round((avg(post.score) - avg(pre.score)) / (10 - avg(pre.score)), 4),
    'individual_students', count(*) filter (where pre.score < 10),
    'mean', avg((post.score - pre.score) / (10.0 - pre.score)) filter (where pre.score < 10)) as scores
  from tests pre join tests post on post.inscription_id = pre.inscription_id and post.type = 'POST'
  join inscriptions i on i.id = pre.inscription_id
  where pre.type = 'PRE' and i.masterclass_id = tests.id('z')) as reckoned;
select tests.act_as_owner();

-- ---------------------------------------------------------------- kept = counted anew
create function tests.snapshot() returns table (line text) language sql as $$
  select row('m', masterclass_id, registered, validated, pre_taken, post_taken)::text from public.masterclass_statistics where registered <> 0
  union all select row('r', s.*)::text from public.registration_statistics s where registered <> 0
  union all select row('s', s.*)::text from public.score_statistics s where students <> 0
  union all select row('q', s.*)::text from public.question_statistics s where answers <> 0
$$;

create function tests.statistics_are_right(description text) returns text language plpgsql as $$
declare
  kept text[];
  counted text[];
begin
  perform tests.commit();
  kept := array(select line from tests.snapshot() order by 1);
  perform private.recompute_statistics();
  counted := array(select line from tests.snapshot() order by 1);
  return extensions.is(kept, counted, description);
end
$$;

-- From here on everything that is in the database is counted.
select private.recompute_statistics() is not null;
update inscriptions set validated = true where masterclass_id = tests.id('z');
select tests.statistics_are_right('many are validated at once');
update inscriptions set validated = false where masterclass_id = tests.id('x') and id not in (select inscription_id from tests where type = 'POST');
update inscriptions set validated = true where id = tests.inscription_of('s4', tests.id('x'));
update inscriptions set validated = false where id = tests.inscription_of('s4', tests.id('x'));
select tests.statistics_are_right('some are validated, and not any more');
delete from auth.users where id in (tests.user_id('s1'), tests.user_id('s6'), tests.user_id('s60'));
select tests.statistics_are_right('accounts are deleted');
select tests.sit('s7', tests.id('x'), '01.', '1.1');
select tests.sit('s8', tests.id('y'), '....', '0000');
select tests.statistics_are_right('both tests of a student are stored in one transaction');

create function tests.sit_and_fail(name text, masterclass uuid) returns void language plpgsql as $$
begin
  perform tests.sit(name, masterclass, '1111');
  raise exception 'and fails';
exception when raise_exception then
  null;
end
$$;
select tests.let('before', (select md5(string_agg(line, ',' order by line)) from tests.snapshot()));
select tests.sit_and_fail('s9', tests.id('y'));
select tests.statistics_are_right('a registration that is rolled back');
select is((select md5(string_agg(line, ',' order by line)) from tests.snapshot()), tests.the('before'), 'counts nothing');

select tests.let('gone', tests.inscription_of('s3', tests.id('y')));
delete from tests where inscription_id = tests.id('gone') and type = 'POST';
select tests.statistics_are_right('a POST test that the owner deletes');
delete from tests where inscription_id in (tests.id('gone'), tests.inscription_of('s5', tests.id('y')));
delete from inscriptions where id in (tests.id('gone'), tests.inscription_of('s5', tests.id('y')));
select tests.statistics_are_right('registrations that the owner deletes, with their tests');
update inscriptions set registration_date = '2026-01-01 23:30+00' where id = tests.inscription_of('s2', tests.id('y'));
select tests.statistics_are_right('a date that the owner mends');
select results_eq(
  format($$ select registered from registration_statistics where masterclass_id = %L and day = '2026-01-02' $$, tests.id('y')),
  array[1::bigint], 'half past eleven in the evening of UTC is the next day in Libreville');

-- ---------------------------------------------------------------- who reads, who writes
select tests.create_user('student');
select tests.let('tables', 'masterclass_statistics registration_statistics score_statistics question_statistics'::text);
select tests.act_as('student');
select is_empty('select * from ' || t, 'a student sees nothing in ' || t) from unnest(string_to_array(tests.the('tables'), ' ')) t;
select tests.refuses('select masterclass_overview()', 'staff_only', 'nor the overview');
select tests.forbids('select private.masterclass_figures(null)', 'nor its figures by their name');
select tests.forbids('select * from private.statistics_changes', 'nor what is being counted');
select tests.act_as_visitor();
select tests.forbids('select * from ' || t, 'a visitor reads no ' || t) from unnest(string_to_array(tests.the('tables'), ' ')) t;
select tests.forbids('select masterclass_overview()', 'nor the overview');
select tests.act_as_service();
select tests.forbids('select * from ' || t, 'the service has no business with ' || t) from unnest(string_to_array(tests.the('tables'), ' ')) t;
select tests.act_as('tutor');
select isnt_empty('select * from ' || t, 'a tutor reads ' || t) from unnest(string_to_array(tests.the('tables'), ' ')) t;
select tests.forbids('delete from ' || t, 'and does not change ' || t) from unnest(string_to_array(tests.the('tables'), ' ')) t;
select tests.forbids('update masterclass_statistics set registered = 0', 'not by an update');
select tests.forbids('select private.recompute_statistics()', 'nor has it counted anew');
select tests.act_as('admin');
select isnt_empty('select * from score_statistics', 'an admin reads the statistics');
select lives_ok('select masterclass_overview()', 'and the overview');

select * from finish();
rollback;
