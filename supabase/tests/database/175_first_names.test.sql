-- A first name that many have, in the order of names: each page is the one as if all matches were fetched and sorted.
begin;
set local search_path = tests, public, extensions;
select plan(44);

select tests.create_user('tutor', 'tuteur');
select tests.let('m', tests.create_masterclass(4));

-- Registrations without their people, for speed; more than are searched without an estimate.
set local session_replication_role = replica;
insert into private.student_records (inscription_id, student_id, full_name, email, masterclass_id, validated, registered_at)
select md5('inscription ' || n)::uuid, md5('student ' || n)::uuid, k.full_name, k.email, tests.id('m'), n % 3 > 0, now() - n * interval '1 hour'
from generate_series(1, 32000) as n
cross join lateral (select
  case
    when n <= 2600 then 'Éloïse ' || (array['Ondo', 'Mba', 'Zue', 'd''Almeida', 'Anna-Éloïse'])[1 + n % 5]
    when n <= 2700 then (array['Abel Éloïse', 'Zoé Éloïse', 'Élo Mba', 'Éloi-Jean', 'El Éloïse', 'Éloïse-Marie', 'D''Éloïse', 'Éloïsette Ba', 'Él’Ange', 'Élof'])[1 + n % 10]
    else (array['Awa', 'Zita', 'Édith', 'Éloa', 'Élodie', 'Marie'])[1 + n % 6] || ' Nzé' end as full_name,
  case n % 4 when 0 then 'eloise.' || n || '@x.ga' when 1 then n || 'eloise@x.ga' when 2 then 'x' || n || '@elo.ga' end as email) as k
where n <= 2700 or k.email not like '%eloise%' or n % 100 = 0;
set local session_replication_role = origin;
insert into masterclass_statistics (masterclass_id, registered, validated)
select tests.id('m'), count(*), count(*) filter (where validated) from private.student_records where masterclass_id = tests.id('m');
analyze private.student_records;

-- Two letters are looked for where a word begins.
create function tests.sorted(word text, descending boolean, wanted boolean, first int, most int)
returns text[] language plpgsql security definer set search_path = '' as $$
declare
  ids text[];
begin
  execute format($q$
    select array_agg(f.id order by f.n) from (
      select r.inscription_id::text as id, row_number() over (order by r.name_key %1$s, r.inscription_id %1$s) as n
      from private.student_records r
      where replace(r.search_text, 'X', '') like case length($1) when 2 then '%% ' else '%%' end || $1 || '%%' and ($2 is null or r.validated = $2)) as f
    where f.n between $3 and $3 + $4 - 1 $q$, case when descending then 'desc' else 'asc' end)
  into ids using word, wanted, first, most;
  return ids;
end
$$;

create function tests.listed(page json) returns text[] language sql as $$
  select array_agg(s.value ->> 'inscription_id' order by s.n) from json_array_elements(page -> 'students') with ordinality as s (value, n)
$$;

-- A page, what follows it and what comes before that.
create function tests.page(word text, descending boolean, wanted boolean, page int, cursor jsonb default null) returns json language sql as $$
  select public.list_students(search => word, validated => wanted, sort => 'full_name', descending => descending, page => page, per_page => 30, cursor => cursor)
$$;

select tests.act_as('tutor');
select is(tests.listed(tests.page(word, descending, wanted, number)), tests.sorted(word, descending, wanted, 30 * number - 29, 30),
  format('page %s of those whom "%s" finds, by name, %s, validated: %s', number, word, case when descending then 'from the end' else 'from the beginning' end, wanted))
from unnest(array['eloise', 'elo', 'el']) as word, unnest(array[false, true]) as descending, unnest(array[null, false, true]) as wanted, unnest(array[1, 4]) as number
where wanted is null or word = 'eloise';
select is(
  tests.listed(tests.page('eloise', descending, null, 1, (tests.page('eloise', descending, null, number) -> 'next')::jsonb)),
  tests.sorted('eloise', descending, null, 30 * number + 1, 30), format('page %s leads to the next', number))
from unnest(array[false, true]) as descending, unnest(array[1, 3, 33]) as number;
select is(
  tests.listed(tests.page('eloise', descending, null, 1, (tests.page('eloise', descending, null, number) -> 'previous')::jsonb)),
  tests.sorted('eloise', descending, null, 30 * number - 59, 30), format('page %s leads to the one before', number))
from unnest(array[false, true]) as descending, unnest(array[2, 4, 33]) as number;
select is(tests.listed(tests.page('eloise ondo', descending, null, 1)), tests.sorted('eloise ondo', descending, null, 1, 30), 'a name of two words')
from unnest(array[false, true]) as descending;
select is(tests.page('eloise', false, null, 1) ->> 'total', '1000', 'nobody counts them');
select is(tests.page('eloise', false, null, 1) ->> 'total_is_exact', 'false', 'and it says so');
-- Addresses are found as they are written, whatever begins like the name in them.
select is((tests.page('eloise.' || n || '@x.ga', false, null, 1) ->> 'total'), '1', format('the address eloise.%s is found', n)) from unnest(array[4, 2604, 2608]) as n;
select is((tests.page(n || 'eloise@x', false, null, 1) ->> 'total'), '1', format('and %seloise', n)) from unnest(array[2601, 2605]) as n;
select is((tests.page('loise.2604', false, null, 1) ->> 'total'), '1', 'and a part of one');
select is((tests.page('se.2604@', false, null, 1) ->> 'total'), '1', 'and a small part');
select is((tests.page('eXloise', false, null, 1) ->> 'total'), '0', 'what is found is not what is written there');

select * from finish();
rollback;
