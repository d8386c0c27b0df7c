-- A search of several words, however many have them together: each page is the one as if all matches were fetched and sorted.
begin;
set local search_path = tests, public, extensions;
select plan(70);

select tests.create_user('tutor', 'tuteur');
select tests.let('m', tests.create_masterclass(4));

-- Registrations without their people, for speed; more than are searched without an estimate. The newest 1,500 are others.
set local session_replication_role = replica;
insert into private.student_records (inscription_id, student_id, full_name, email, whatsapp_number, masterclass_id, validated, registered_at, post_score, max_score)
select md5('inscription ' || n)::uuid, md5('student ' || n)::uuid,
  case
    when n <= 1500 then (array['Awa', 'Claire', 'Pierre', 'Jean'])[1 + n % 4] || ' Nzé'
    when n <= 4200 then 'Marie-Claire ' || (array['Ondo', 'Mba', 'Zue', 'Houngbédji'])[1 + n % 4]
    when n <= 4300 then 'Claire Marie Mba'
    else (array['Jean-Pierre', 'Marie', 'Jean', 'Pierre'])[1 + n % 4] || ' Ondo' end,
  case when n % 2 = 0 then 'personne' || n || '@x.ga' end, '+24166' || lpad(n::text, 6, '0'),
  tests.id('m'), n % 3 > 0, now() - n * interval '1 hour', n % 11, 10
from generate_series(1, 11000) as n;
set local session_replication_role = origin;
insert into masterclass_statistics (masterclass_id, registered, validated)
select tests.id('m'), count(*), count(*) filter (where validated) from private.student_records where masterclass_id = tests.id('m');
analyze private.student_records;

create function tests.sorted(words text[], sort text, wanted boolean, first int, most int)
returns text[] language plpgsql security definer set search_path = '' as $$
declare
  ids text[];
begin
  execute format($q$
    select array_agg(f.id order by f.n) from (
      select r.inscription_id::text as id, row_number() over (order by r.%I desc, r.inscription_id desc) as n
      from private.student_records r
      where replace(r.search_text, 'X', '') like all ($1) and ($2 is null or r.validated = $2)) as f
    where f.n between $3 and $3 + $4 - 1 $q$, case sort when 'full_name' then 'name_key' when 'post_score' then 'post_key' else 'registered_at' end)
  into ids using words, wanted, first, most;
  return ids;
end
$$;

create function tests.listed(page json) returns text[] language sql as $$
  select array_agg(s.value ->> 'inscription_id' order by s.n) from json_array_elements(page -> 'students') with ordinality as s (value, n)
$$;

create function tests.page(words text, sort text, wanted boolean, page int) returns json language sql as $$
  select public.list_students(search => words, validated => wanted, sort => sort, page => page, per_page => 30)
$$;

-- What the index is asked for, and what the planner is.
select is((private.search_parameter(patterns))[k + 1 : 2 * k], pieces, format('the index is asked for %s', pieces))
from (values (array['%houngbedji%'], array['%oungbe%']), (array['%marie%', '%claire%'], array['%arie%', '%lair%']),
  (array['%fatou%', '%ovono%', '%ndong%'], array['%ato%', '%von%', '%don%']), (array['%66001503%'], array['%001503%']),
  (array['%jean%'], array['%jean%']), (array['%jean%', '%1234%'], array['%ean%', '%1234%']), (array['%nze%', '% ba%'], array['%nze%', '% ba%'])) as asked (patterns, pieces),
  cardinality(patterns) as k;
-- Or for two spellings, where the piece may begin a name: of several words in one expression, which one scan of the index can use.
select is((private.search_parameter(patterns))[2 * cardinality(patterns) + 1 :], firsts, format('as the words %s may begin a name', patterns))
from (values (array['%jean%'], array['%jXean%']), (array['%jean%', '%nze%'], array[null, 'nX?ze']), (array['% ba%', '%.ba%'], array['\ bX?a', '\.bX?a']),
  (array['%(ba%', '%éba%'], array['\(bX?a', 'ébX?a']), (array['%123%', '%b%'], array[null, null])) as asked (patterns, firsts);
select unalike(array_to_string(private.search_conditions(private.search_parameter(array['%nze%', '% ba%']), '$1'), ''), '% or %', 'of several there is no other scan');
select is(private.words_in_order(private.search_parameter(array['%jean%', '% ba%', '%a\%%', '%1234%'])), '%j%ean% b%a%a%\%%1234%', 'all words, with an X or without');

select tests.act_as('tutor');
select is(tests.listed(tests.page(search.words, sort, null, number)), tests.sorted(search.patterns, sort, null, 30 * number - 29, 30),
  format('page %s of those whom "%s" finds, by %s', number, search.words, sort))
from (values ('marie-claire', array['%marie%', '%claire%']), ('claire marie', array['%marie%', '%claire%']), ('houngbédji marie-claire', array['%houngbedji%', '%marie%', '%claire%'])) as search (words, patterns),
  unnest(array['registered_at', 'full_name', 'post_score']) as sort, unnest(array[1, 4]) as number;
select is(tests.listed(tests.page(search.words, 'registered_at', false, 1)), tests.sorted(search.patterns, 'registered_at', false, 1, 30),
  format('those who are not validated whom "%s" finds', search.words))
from (values ('jean-pierre', array['%jean%', '%pierre%']), ('pierre jean ondo', array['%pierre%', '%jean%', '%ondo%']), ('marie 241660016', array['%marie%', '%241660016%']),
  ('nzé jean', array['%nze%', '%jean%']), ('awa nz', array['%awa%', '% nz%']), ('aw nzé', array['% aw%', '%nze%']), ('mba marie', array['%mba%', '%marie%']), ('zue clai pers', array['%zue%', '%clai%', '%pers%'])) as search (words, patterns);
select is(tests.page('marie-claire', sort, null, 1) ->> 'total', '1000', 'nobody counts them') from unnest(array['registered_at', 'full_name']) as sort;
select is(tests.page('marie-claire', sort, null, 1) ->> 'total_is_exact', 'false', 'and it says so') from unnest(array['registered_at', 'full_name']) as sort;
select is(tests.page('claire marie houngbedji', 'post_score', null, 1) ->> 'total', '675', 'of whom there are fewer they are counted');
select is(tests.page('houngbedji', 'post_score', null, 1) ->> 'total_is_exact', 'true', 'exactly');
-- Of a long word or number the index is asked for a part only.
select is(tests.page(words, 'registered_at', null, 1) ->> 'total', found, format('"%s" finds %s', words, found))
from (values ('houngbédju', '0'), ('houngbedji claire 66001503', '1'), ('houngbedji claire 66001504', '0'), ('066001503', '1'), ('+24166001503', '1'),
  ('personne1504', '1'), ('personne1504@x.ga', '1'), ('personne1503', '0'), ('ersonne1504', '1'), ('marie rsonne1504', '1'), ('marie (mb', '0'), ('marie [zu', '0'), ('clai .ga', '1000')) as looked_for (words, found);

-- Words with what has a meaning in a pattern, or none of a to z.
select lives_ok(format('select list_students(search => %L)', words), format('"%s" is a search', words))
from unnest(array['ab% cd_', '\ab cd\', 'ab\% \%cd', 'marie\\ claire\', '日本語 テスト', 'éé ßß', 'd''almeida n''goma', 'eXloise mXarie', 'a.b@c.d marie']) as words;

-- Nor are messages listed of some of them.
select tests.refuses($$ select list_outbound_messages(person => 'marie-claire') $$, 'search_too_broad', 'messages to so many are not looked for');
select lives_ok($$ select list_outbound_messages(person => 'marie-claire houngbedji') $$, 'those to fewer are');

select * from finish();
rollback;
