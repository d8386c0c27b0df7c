-- list_students and get_student: what they show, in which order, to whom.
begin;
set local search_path = tests, public, extensions;
select plan(375);

-- The ids of a page.
create function tests.ids(page json) returns text[] language sql as $$
  select coalesce(array_agg(s.value ->> 'inscription_id' order by s.n), '{}')
  from json_array_elements(page -> 'students') with ordinality as s (value, n)
$$;

-- All pages of three, by number, by `next` from the first, or by `previous` from the last.
create function tests.walk(way text, sort text, descending boolean, masterclass uuid, validated boolean, since date, until date, search text)
returns text[] language plpgsql as $$
declare
  page json;
  ids text[] := '{}';
  cursor jsonb;
  total int;
begin
  page := public.list_students(search, masterclass, validated, since, until, sort, descending, 1, 3);
  total := (page ->> 'total')::int;
  if way = 'number' then
    for n in 1 .. ceil(total / 3.0) + 1 loop
      ids := ids || tests.ids(public.list_students(search, masterclass, validated, since, until, sort, descending, n, 3));
    end loop;
  elsif way = 'next' then
    loop
      ids := ids || tests.ids(page);
      cursor := page -> 'next';
      exit when cursor is null or cursor = 'null';
      page := public.list_students(search, masterclass, validated, since, until, sort, descending, 99, 3, cursor);
    end loop;
  else
    page := public.list_students(search, masterclass, validated, since, until, sort, descending, ceil(total / 3.0)::int, 3);
    loop
      ids := tests.ids(page) || ids;
      cursor := page -> 'previous';
      exit when cursor is null or cursor = 'null';
      page := public.list_students(search, masterclass, validated, since, until, sort, descending, 99, 3, cursor);
    end loop;
  end if;
  return ids;
end
$$;

-- The same, sorted in one go.
create function tests.expected(sort text, descending boolean, masterclass uuid, wanted boolean, since date, until date, word text)
returns text[] language sql security definer set search_path = '' as $$
  with matching as (
    select r.inscription_id as id,
      case sort when 'registered_at' then extract(epoch from r.registered_at) when 'pre_score' then r.pre_score
        when 'post_score' then r.post_score when 'gain' then r.gain end as figure,
      case when sort = 'full_name' then lower(translate(replace(r.full_name, 'Œ', 'oe'), 'ÉÁéïë’', 'eaeie''')) collate "C" end as name
    from private.student_records r
    where (masterclass is null or r.masterclass_id = masterclass) and (wanted is null or r.validated = wanted)
      and (since is null or (r.registered_at at time zone 'Africa/Libreville')::date >= since)
      and (until is null or (r.registered_at at time zone 'Africa/Libreville')::date <= until)
      and (word is null or replace(r.search_text, 'X', '') like '%' || word || '%'))
  select case when descending
    then coalesce(array_agg(id::text order by figure desc nulls last, name desc nulls last, id desc), '{}')
    else coalesce(array_agg(id::text order by figure nulls first, name nulls first, id), '{}') end
  from matching
$$;

-- Whom a search finds.
create function tests.finds(word text) returns text language sql as $$
  select string_agg(distinct split_part(s ->> 'email', '@', 1), ' ' order by split_part(s ->> 'email', '@', 1))
  from json_array_elements(public.list_students(search => word, masterclass_id => tests.id('m')) -> 'students') s
$$;

select tests.create_user('tutor', 'tuteur');
select tests.create_user('admin', 'admin');
select tests.create_user('s' || n) from generate_series(1, 12) n;
select tests.let('m', tests.create_masterclass(4));
select tests.let('other', tests.create_masterclass(12));
update masterclasses set title = 'Sécurité' where id = tests.id('m');

-- Names, addresses and numbers to search for.
update profiles p set full_name = v.full_name, whatsapp_number = v.number
from (values
  ('s1', 'Éloïse Nzé', '+24174000001'), ('s2', 'Jean-Pierre d’Almeida', '+24174000002'), ('s3', 'eloise Obame', '+241066123456'),
  ('s4', 'Œuvrard Mba', '+2250700000003'), ('s5', 'Mba Koumba', '+33612345678'), ('s6', '50%_remise\', '+24177777777'),
  ('s7', 'Zue', '+24162000000'), ('s8', 'Álvaro', '+24165000000'), ('s9', 'Awa', '+24160000000'),
  ('s10', 'Awa', '+24160000001'), ('s11', 'Ba', '+24160000002'), ('s12', 'Émile', '+24160000003')) as v (name, full_name, number)
where p.id = tests.user_id(v.name);

-- Nobody else, and as the statistics say.
delete from private.student_records;
delete from public.masterclass_statistics;
delete from public.registration_statistics;

-- Scores with ties; some are validated, some have a POST test, one account is gone.
select tests.register('s' || n, tests.id('m'), n % 4) from generate_series(1, 12) n;
select tests.register('s' || n, tests.id('other'), n) from generate_series(1, 5) n;
select tests.validate(tests.inscription_of('s' || n, tests.id('m'))) from generate_series(1, 9) n where n <> 4;
select tests.validate(tests.inscription_of('s1', tests.id('other')));
select tests.act_as('s' || n), submit_test(tests.inscription_of('s' || n, tests.id('m')), tests.responses('s' || n, tests.id('m'), 1 + n % 3)) is not null
from generate_series(1, 7) n where n <> 4;
select tests.act_as_owner();
select tests.let('gone', tests.inscription_of('s12', tests.id('m')));
delete from auth.users where id = tests.user_id('s12');
-- Days apart, two on one day; a quarter to midnight in Libreville and a quarter past.
update inscriptions i set registration_date = timestamptz '2026-03-01 12:00+01' + (n / 2) * interval '1 day'
from generate_series(1, 11) n where i.id = tests.inscription_of('s' || n, tests.id('m'));
update inscriptions set registration_date = '2026-02-28 23:45+01' where id = tests.inscription_of('s1', tests.id('other'));
update inscriptions set registration_date = '2026-03-01 00:15+01' where id = tests.inscription_of('s2', tests.id('other'));
set constraints all immediate;
set constraints all deferred;

-- ---------------------------------------------------------------- what a row holds
select tests.act_as('tutor');
select is(
  list_students(search => 's1@pgtap', masterclass_id => tests.id('m'))::jsonb,
  jsonb_build_object('page', 1, 'per_page', 20, 'total', 1, 'total_is_exact', true, 'next', null, 'previous', null,
    'students', jsonb_build_array(jsonb_build_object(
      'inscription_id', tests.inscription_of('s1', tests.id('m')), 'student_id', tests.user_id('s1'),
      'full_name', 'Éloïse Nzé', 'email', 's1@pgtap.invalid', 'whatsapp_number', '+24174000001',
      'masterclass_id', tests.id('m'), 'masterclass_title', 'Sécurité', 'validated', true,
      'registered_at', timestamptz '2026-03-01 12:00+01',
      'pre_score', 1, 'post_score', 2, 'max_score', 4, 'gain', 0.3333, 'pre_taken_at', now(), 'post_taken_at', now()))),
  'a row of the list');
select is(
  list_students(masterclass_id => tests.id('m'), validated => false, descending => false, sort => 'full_name') -> 'students' -> 0 ->> 'inscription_id',
  tests.the('gone'), 'whose account is deleted comes first by name');
select is(
  (select s - 'registered_at' - 'pre_taken_at' from jsonb_array_elements((list_students() -> 'students')::jsonb) s where s ->> 'inscription_id' = tests.the('gone')),
  jsonb_build_object('inscription_id', tests.id('gone'), 'student_id', null, 'full_name', null, 'email', null, 'whatsapp_number', null,
    'masterclass_id', tests.id('m'), 'masterclass_title', 'Sécurité', 'validated', false,
    'pre_score', 0, 'post_score', null, 'max_score', 4, 'gain', null, 'post_taken_at', null),
  'and has no name in its row');

-- ---------------------------------------------------------------- order and pages
select is(
  tests.walk(way, sort, descending, case when one then tests.id('m') end, validated, since, until, word),
  tests.expected(sort, descending, case when one then tests.id('m') end, validated, since, until, word),
  format('%s, %s, by %s%s%s%s%s%s', sort, case when descending then 'descending' else 'ascending' end, way,
    case when one then ', one masterclass' end, ', validated ' || validated, ', from ' || since, ', to ' || until, ', with ' || word))
from unnest(array['registered_at', 'full_name', 'pre_score', 'post_score', 'gain']) as sort,
  unnest(array[true, false]) as descending,
  unnest(array['number', 'next', 'previous']) as way,
  (values
    (false, null::boolean, null::date, null::date, null),
    (true, null, null, null, null),
    (false, true, null, null, null),
    (true, false, null, null, null),
    (true, null, '2026-03-02', '2026-03-04', null),
    (false, true, '2026-03-01', null, 'pgtap'),
    (false, null, null, '2026-03-01', null)) as filters (one, validated, since, until, word);

select is((list_students(registered_from => '2026-03-01', registered_to => '2026-03-01') ->> 'total')::int, 2, 'a day is one of Libreville');
select is(list_students(page => 1000000, per_page => 10000) ->> 'total', '17', 'a page far away is empty, and knows the total');
select is(json_array_length(list_students(page => 1000000, per_page => 10000) -> 'students'), 0, 'and has no rows');
select is(json_array_length(list_students(page => -5, per_page => 0) -> 'students'), 1, 'what is out of range is brought into it');
select is(list_students(masterclass_id => gen_random_uuid()) ->> 'total', '0', 'an unknown masterclass has no students');
select is(list_students(registered_from => 'infinity', registered_to => '-infinity') ->> 'total', '0', 'there is a list for any dates');
select is(list_students(registered_from => '-infinity', registered_to => 'infinity') ->> 'total', '17', 'all of time is a range too');

-- ---------------------------------------------------------------- search
select is(tests.finds(word), found, format('a search for "%s"', word))
from (values
  ('eloise', 's1 s3'), ('ÉLOÏSE', 's1 s3'), ('nzé éloise', 's1'), ('  nze  ', 's1'), ('oeuv', 's4'), ('Œuv', 's4'),
  ('jean pierre', 's2'), ('jean-pierre', 's2'), ('pierre', 's2'), ('almeida', 's2'), ('d''almeida', 's2'), ('d’almeida', 's2'),
  ('mb', 's4 s5'), ('ba', 's11'), ('umb', 's5'), ('s4@pgtap.invalid', 's4'), ('S4@PGTAP', 's4'), ('nobody at all', null),
  ('50%', 's6'), ('50%_', 's6'), ('50__', null), ('remise\', 's6'), ('\\', null),
  ('074 00 00 01', 's1'), ('+241 74 00 00 01', 's1'), ('0024174000001', 's1'), ('+241 074000001', 's1'), ('(241) 74-00-00-01', 's1'), ('74.00.00.01', 's1'),
  ('074', 's1 s2'), ('066 12', 's3'), ('+241066123456', 's3'), ('+24166123456', 's3'), ('07 00 00 00 03', 's4'), ('06 12 34 56 78', 's5'),
  ('s10@pgtap.invalid', 's10'), ('s10@pgtap.other', null), ('t10@pgtap.invalid', null), ('elmeida', null), ('+24184000001', null),
  ('awa 060 00 00 00', 's9'), ('060 00 00 00 awa', 's9'), ('24', 's1 s10 s11 s2 s3 s6 s7 s8 s9')) as vectors (word, found);
select is(list_students(search => search) ->> 'total', '17', 'an empty search finds everybody') from unnest(array[null, '', '   ']) as search;
select tests.refuses(format('select list_students(search => %L)', search), 'search_too_short', format('"%s" is too little to look for', search))
from unnest(array['a', 'awa b', '7', 'awa 7', '%', '-', 'é']) as search;
select lives_ok(format('select list_students(search => %L)', repeat(search, 100)), 'a long search is a search too') from unnest(array['ab ', 'x', '07', '\', '%_']) as search;

-- More matches than are counted: the list goes on, its end is not known.
select tests.act_as_owner();
alter table private.student_records drop constraint student_records_inscription_id_fkey;
insert into private.student_records (inscription_id, full_name, masterclass_id, validated, registered_at, pre_score, post_score, max_score)
select gen_random_uuid(), name || ' ' || n, tests.id('other'), n % 2 = 0, timestamptz '2026-04-01' + n * interval '1 minute', n % 5, n % 7, 10
from (values ('Foule', 2500), ('Aaron', 3000)) as crowd (name, size), generate_series(1, size) n;
update public.masterclass_statistics s set registered = registered + 5500, validated = validated + 2750 where s.masterclass_id = tests.id('other');
create function tests.crowd(told text) returns setof text language sql as $$
  select is(page ->> 'total' || ' ' || (page ->> 'total_is_exact') || ' ' || (page -> 'students' -> 0 ->> 'full_name'), '1000 false Foule 2500', 'beyond a thousand the total is not exact, ' || told)
  from list_students(search => 'foule') as page
  union all
  select is(page ->> 'total' || ' ' || (page ->> 'total_is_exact'), cardinality(tests.expected('gain', true, null, true, null, '2026-04-01', 'foule')) || ' true', 'below, it is, ' || told)
  from list_students(search => 'foule', registered_to => '2026-04-01', validated => true) as page
  union all
  select is(tests.ids(list_students(search => 'foule', sort => sort, descending => descending, page => number)), expected[20 * number - 19 : 20 * number],
    format('page %s, %s, %s, %s', number, sort, case when descending then 'descending' else 'ascending' end, told))
  from unnest(array['registered_at', 'full_name', 'pre_score', 'post_score', 'gain']) as sort, unnest(array[true, false]) as descending,
    tests.expected(sort, descending, null, null, null, null, 'foule') as expected, unnest(array[1, 50]) as number
  union all
  select is(tests.ids(list_students(search => 'foule', sort => sort, cursor => (page -> way)::jsonb)), expected, format('%s, %s, %s', way, sort, told))
  from unnest(array['registered_at', 'full_name', 'gain']) as sort, list_students(search => 'foule', sort => sort, page => 50) as page,
    tests.expected(sort, true, null, null, null, null, 'foule') as all_of_them,
    lateral (values ('next', all_of_them[1001:1020]), ('previous', all_of_them[961:980])) as ways (way, expected)
  union all
  select is(json_array_length(list_students(search => 'foule', page => 51) -> 'students'), 0, 'beyond the total no page has a number, ' || told)
$$;
select tests.act_as('tutor');
select tests.crowd('and the planner knows nothing');
select tests.act_as_owner();
analyze private.student_records;
select tests.act_as('tutor');
select tests.crowd('and the planner knows how many there are');

-- ---------------------------------------------------------------- cursors that do not fit
select tests.refuses(format('select list_students(cursor => %L)', cursor), 'invalid_cursor', 'refused: ' || cursor)
from unnest(array[
  '{}', '[]', '1', '"x"', 'true',
  '{"s": "registered_at", "d": true, "k": "x", "i": "00000000-0000-4000-8000-000000000000", "b": false}',
  '{"s": "registered_at", "d": true, "k": "2026-01-01", "i": "x", "b": false}',
  '{"s": "registered_at", "d": true, "k": "2026-01-01", "i": "00000000-0000-4000-8000-000000000000", "b": "x"}',
  '{"s": "registered_at", "d": true, "k": "2026-01-01", "i": "00000000-0000-4000-8000-000000000000"}',
  '{"s": "registered_at", "d": false, "k": "2026-01-01", "i": "00000000-0000-4000-8000-000000000000", "b": false}',
  '{"s": "gain", "d": true, "k": "1", "i": "00000000-0000-4000-8000-000000000000", "b": false}',
  '{"s": "registered_at", "d": true, "k": null, "i": "00000000-0000-4000-8000-000000000000", "b": false}',
  '{"s": "registered_at", "d": true, "k": "99999999-01-01", "i": "00000000-0000-4000-8000-000000000000", "b": false}']) as cursor;
select tests.refuses($$ select list_students(sort => 'gain', cursor => '{"s": "gain", "d": true, "k": "99999999999", "i": "00000000-0000-4000-8000-000000000000", "b": false}') $$, 'invalid_cursor', 'a key that is no such number');
select lives_ok($$ select list_students(sort => 'full_name', cursor => '{"s": "full_name", "d": true, "k": "'' or 1=1 --", "i": "00000000-0000-4000-8000-000000000000", "b": false}') $$, 'a key is a value, never SQL');
select lives_ok($$ select list_students(cursor => 'null') $$, 'no cursor is the first page');
select tests.refuses($$ select list_students(sort => 'email') $$, 'invalid_sort', 'an unknown sort is refused');
select tests.refuses($$ select list_students(sort => 'gain; drop table tests') $$, 'invalid_sort', 'so is anything else');
select tests.refuses($$ select list_students(sort => null) $$, 'invalid_sort', 'and none');

-- ---------------------------------------------------------------- get_student
select tests.act_as_owner();
insert into consents (user_id, purpose, granted) values (tests.user_id('s5'), 'whatsapp_messages', true);
select tests.act_as('tutor');
select is(get_student(tests.user_id('s5')) -> 'profile',
  (select to_jsonb(p) from (select id, full_name, date_of_birth, email, whatsapp_number, created_at from profiles where id = tests.user_id('s5')) p),
  'the profile of a student');
select is(
  (select jsonb_agg(i - 'tests' - 'registered_at' order by i ->> 'masterclass_title') from jsonb_array_elements(get_student(tests.user_id('s5')) -> 'inscriptions') i),
  jsonb_build_array(
    jsonb_build_object('id', tests.inscription_of('s5', tests.id('m')), 'masterclass_id', tests.id('m'), 'masterclass_title', 'Sécurité', 'validated', true, 'gain', 0.6667),
    jsonb_build_object('id', tests.inscription_of('s5', tests.id('other')), 'masterclass_id', tests.id('other'), 'masterclass_title', 'Une masterclass', 'validated', false, 'gain', null)),
  'the registrations of a student');
select results_eq(
  format($$ select t ->> 'type', (t -> 'score')::int, (t -> 'max_score')::int, jsonb_array_length(t -> 'answers'),
    (select count(*) from jsonb_array_elements(t -> 'answers') a where (a -> 'correct')::boolean),
    (select count(*) from jsonb_array_elements(t -> 'answers') a where (a ->> 'response' = a ->> 'correct_choice') is distinct from (a -> 'correct')::boolean)
    from jsonb_array_elements(get_student(%L) -> 'inscriptions') i, jsonb_array_elements(i -> 'tests') with ordinality as t (t, n)
    where i ->> 'masterclass_id' = %L order by n $$, tests.user_id('s5'), tests.id('m')),
  $$ values ('PRE', 1, 4, 4, 1::bigint, 0::bigint), ('POST', 3, 4, 4, 3, 0) $$, 'each test, with each answer');
select is(
  (select string_agg(a ->> 'position', ' ' order by n)
   from jsonb_array_elements(jsonb_path_query_first(get_student(tests.user_id('s1')), 'strict $.inscriptions[*].tests[*].answers ? (@.size() == 4)')) with ordinality as x (a, n)),
  '1 2 3 4', 'answers come in the order of the test');
select is(
  (select array_agg(k order by k) from jsonb_object_keys(get_student(tests.user_id('s5')) -> 'inscriptions' -> 0 -> 'tests' -> 0 -> 'answers' -> 0) k),
  array['choices', 'correct', 'correct_choice', 'position', 'question_id', 'question_text', 'response'], 'what an answer tells');
select is(
  (select string_agg(c ->> 'purpose' || ' ' || (c ->> 'granted'), ', ' order by c ->> 'purpose') from jsonb_array_elements(get_student(tests.user_id('s5')) -> 'consents') c),
  'privacy_policy true, whatsapp_messages true', 'the consents of a student');
select is(get_student(tests.user_id('admin')) -> 'inscriptions', '[]', 'somebody without registrations has an empty list');
select tests.refuses($$ select get_student(gen_random_uuid()) $$, 'student_not_found', 'an unknown student is refused');
select tests.refuses($$ select get_student(null) $$, 'student_not_found', 'so is none');

-- An unanswered question has a response that is null, and is wrong.
select tests.create_user('silent');
select tests.act_as('silent');
select get_test(tests.id('m'), 'PRE') is not null;
select register_for_masterclass(tests.id('m'), '{}') is not null;
select tests.act_as('admin');
select results_eq(
  $$ select distinct a -> 'response', a -> 'correct' from jsonb_path_query(get_student(tests.user_id('silent')), '$.inscriptions[*].tests[*].answers[*]') a $$,
  $$ values ('null'::jsonb, 'false'::jsonb) $$, 'a question that was not answered');

-- ---------------------------------------------------------------- who may call
select lives_ok('select list_students()', 'an admin lists students');
select lives_ok(format('select get_student(%L)', tests.user_id('s5')), 'and reads one');
select tests.act_as('s5');
select tests.refuses('select list_students()', 'staff_only', 'a student does not list students');
select tests.refuses(format('select get_student(%L)', tests.user_id('s1')), 'staff_only', 'nor reads another');
select tests.refuses(format('select get_student(%L)', tests.user_id('s5')), 'staff_only', 'nor the own file, which holds the answers');
select tests.refuses($$ select list_students(sort => 'email') $$, 'staff_only', 'and learns nothing from what else is wrong');
select tests.act_as_visitor();
select tests.forbids('select list_students()', 'a visitor does not list students');
select tests.forbids('select get_student(gen_random_uuid())', 'nor reads one');
select tests.act_as_service();
select tests.forbids('select list_students()', 'the service does not list students');
select tests.forbids('select get_student(gen_random_uuid())', 'nor reads one');

select * from finish();
rollback;
