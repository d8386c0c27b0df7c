-- A page of students with links in place of cursors, and the header that goes with it.
begin;
set local search_path = tests, public, extensions;
select plan(47);

select tests.create_user('tutor', 'tuteur');
select tests.create_user('student');
select tests.let('m', tests.create_masterclass(4));

-- Registrations without their people, for speed.
set local session_replication_role = replica;
insert into private.student_records (inscription_id, student_id, full_name, masterclass_id, validated, registered_at)
select md5('inscription ' || n)::uuid, md5('student ' || n)::uuid, 'Élève ☃ ????>>>> ' || n, tests.id('m'), false, now() - n * interval '1 hour'
from generate_series(1, 7) as n;
set local session_replication_role = origin;
insert into masterclass_statistics (masterclass_id, registered, validated) values (tests.id('m'), 7, 0);

-- A page of three, and the header that came with it.
create function tests.sent(sort text, page int, cursor jsonb default null, link text default '/api/list?q=%C3%A9&cursor=') returns json language plpgsql as $$
declare
  answer json;
begin
  perform set_config('response.headers', '', true);
  answer := public.list_students(masterclass_id => tests.id('m'), sort => sort, page => page, per_page => 3, cursor => cursor, link => link);
  perform tests.let('headers', coalesce(current_setting('response.headers', true), ''));
  return answer;
end
$$;

-- The cursor in a link, as the Worker reads it.
create function tests.cursor_of(link text) returns jsonb language sql as $$
  select convert_from(decode(c || repeat('=', -length(c) & 3), 'base64'), 'UTF8')::jsonb
  from (select translate(substr(link, length('/api/list?q=%C3%A9&cursor=') + 1), '-_', '+/') as c) as one
$$;

select tests.act_as('tutor');

-- ---------------------------------------------------------------- the body
select is(array(select json_object_keys(tests.sent('registered_at', 1))), array['students', 'pagination', 'links'], 'what the answer has, in order');
select is(array(select json_object_keys(tests.sent('registered_at', 1) -> 'pagination')), array['page', 'per_page', 'total', 'pages', 'total_is_exact'], 'and where it stands');
select is(array(select json_object_keys(tests.sent('registered_at', 1) -> 'links')), array['next', 'previous'], 'and where it goes on');
select is((tests.sent(sort, n) -> 'students')::text, (tests.sent(sort, n, link => null) -> 'students')::text, format('page %s by %s has the same rows', n, sort))
from unnest(array['registered_at', 'full_name']) as sort, generate_series(1, 4) as n;
select is((tests.sent('registered_at', n) -> 'pagination')::jsonb,
  jsonb_build_object('page', n, 'per_page', 3, 'total', 7, 'pages', 3, 'total_is_exact', true), format('page %s of three', n))
from unnest(array[1, 4]) as n;
select is(list_students(search => 'zzzz', link => '/')::jsonb,
  '{"students": [], "pagination": {"page": 1, "per_page": 20, "total": 0, "pages": 0, "total_is_exact": true}, "links": {"next": null, "previous": null}}',
  'of nobody there is no page');

-- ---------------------------------------------------------------- links
select ok(tests.sent('full_name', 2) -> 'links' ->> way ~ '^/api/list\?q=%C3%A9&cursor=[A-Za-z0-9_-]{100,}$', format('the link %s is the address and a cursor without padding', way))
from unnest(array['next', 'previous']) as way;
select is(tests.cursor_of(tests.sent(sort, 2) -> 'links' ->> way), (tests.sent(sort, 2, link => null) -> way)::jsonb, format('by %s %s goes where the cursor does', sort, way))
from unnest(array['registered_at', 'full_name', 'gain']) as sort, unnest(array['next', 'previous']) as way;

-- ---------------------------------------------------------------- the header
select is(tests.sent('registered_at', n) is not null and tests.the('headers') <> '', n < 4, format('page %s has a header if it has links', n)) from unnest(array[1, 4]) as n;
select is(
  (select string_agg(format('<%s>; rel="%s"', links ->> way, rel), ', ' order by way) from (values ('next', 'next'), ('previous', 'prev')) as ways (way, rel) where links ->> way is not null),
  tests.the('headers')::json -> 0 ->> 'Link', format('page %s: the header has the links of the body', n))
from generate_series(1, 3) as n, lateral (select tests.sent('registered_at', n) -> 'links' as links) as answer;
select is(tests.sent('registered_at', 2, link => null) is not null and tests.the('headers') = '', true, 'without an address there is none');

-- ---------------------------------------------------------------- addresses that are refused
select tests.refuses(format('select list_students(link => %L)', link), 'invalid_link', 'refused: ' || left(link, 30))
from unnest(array['', 'api', 'https://example.org/', '/a"', '/a>', '/a<', '/a\', '/a b', E'/a\nX: y', E'/a\r', '/é', '/' || repeat('a', 8192)]) as link;
select lives_ok(format('select list_students(link => %L)', link), 'taken: ' || left(link, 30))
from unnest(array['/', '/a?b=%20&c[]=~!''()*;@', '/' || repeat('a', 8191)]) as link;

select tests.act_as('student');
select tests.refuses($$ select list_students(link => 'x') $$, 'staff_only', 'a student learns nothing of it');

-- ---------------------------------------------------------------- the media type
-- PostgREST sends what a function answers as it stands where this is its type.
select is(pg_get_function_result(name::regprocedure), '"application/json"', name || ' answers as it stands')
from unnest(array['list_students(text, uuid, boolean, date, date, text, boolean, int, int, jsonb, text)', 'masterclass_overview(uuid)']) as name;

-- ---------------------------------------------------------------- the list as it opens
-- Without this index it would be sorted each time; with `validated` in it a walk through those alone would take it too.
select tests.act_as_owner();
select is(pg_get_indexdef('private.student_records_newest_idx'::regclass),
  'CREATE INDEX student_records_newest_idx ON private.student_records USING btree (registered_at, inscription_id) INCLUDE (search_text)',
  'it has its index');

select * from finish();
rollback;
