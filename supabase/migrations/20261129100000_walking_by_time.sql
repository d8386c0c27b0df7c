-- One index of all registrations by their time, with the words that searches look for: what is walked through row after
-- row is not fetched from the table, and not merged from two halves. It takes 130 bytes a registration. It does not have
-- `validated`: a walk through those alone would pass all others here, and the newest are alike.
create index student_records_newest_idx on private.student_records (registered_at, inscription_id) include (search_text);

-- Rows that are new are fetched from the table nevertheless until they were vacuumed, and lists begin with them.
alter table private.student_records set (autovacuum_vacuum_insert_scale_factor = 0.01, autovacuum_vacuum_scale_factor = 0.02);

create or replace function private.newest_registrations(size int, skipped int, before timestamptz, before_id uuid)
returns uuid[]
language plpgsql
stable
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
declare
  at constant timestamptz := coalesce(newest_registrations.before, 'infinity');
  id constant uuid := coalesce(newest_registrations.before_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
begin
  return (
    select array_agg(w.inscription_id)
    from (
      select r.inscription_id from private.student_records r
      where (r.registered_at, r.inscription_id) < (at, id)
      order by r.registered_at desc, r.inscription_id desc
      limit newest_registrations.size offset newest_registrations.skipped) as w);
end
$$;

-- As it was, but that it walks through this index, where it is to walk by time through all there are, and that it searches
-- for a number of eight digits or more without an estimate first.

-- The statement that finds a page is put together for each combination of filters, so that each has its own
-- plan; only names of columns and directions are put into it, values are parameters.
create or replace function public.list_students(
  search text default null,
  masterclass_id uuid default null,
  validated boolean default null,
  registered_from date default null,
  registered_to date default null,
  sort text default 'registered_at',
  descending boolean default true,
  page int default 1,
  per_page int default 20,
  cursor jsonb default null,
  link text default null)
-- Not jsonb: ten thousand rows would be taken apart for nothing before they are sent.
returns public."application/json"
language plpgsql
stable
security definer
set search_path = ''
-- A page is read in a millisecond or two: compiling its plan or starting workers would take longer.
set jit = off
set max_parallel_workers_per_gather = 0
-- As on hosted projects: what is read again and again is in memory.
set random_page_cost = 1.1
as $$
declare
  -- Beyond so many matches of a search nobody counts.
  most_found constant int := 1000;
  -- So few registrations are searched without an estimate.
  few constant int := 10000;
  -- So many rows are looked at in the order of the sort before all matches are fetched and sorted.
  most_looked_at constant int := 40000;
  key_column text := case list_students.sort
    when 'registered_at' then 'registered_at'
    when 'full_name' then 'name_key'
    when 'pre_score' then 'pre_key'
    when 'post_score' then 'post_key'
    when 'gain' then 'gain_key' end;
  key_type text := case list_students.sort
    when 'registered_at' then 'timestamptz' when 'full_name' then 'text' else 'int' end;
  from_top boolean := coalesce(list_students.descending, true);
  size int := least(greatest(coalesce(list_students.per_page, 20), 1), 10000);
  number int := greatest(coalesce(list_students.page, 1), 1);
  skipped int := 0;
  -- A cursor is a place in a sort: {"s": sort, "d": descending, "k": key, "i": id of a row, "b": back}.
  -- What comes before the row (`b`) is walked in reverse.
  back boolean := false;
  from_key text;
  from_id uuid;
  patterns text[] := '{}';
  since timestamptz;
  until timestamptz;
  chosen text := case list_students.validated when true then 'r.validated' when false then 'not r.validated' else 'true' end;
  filters text := '';
  parameter text[];
  conditions text[];
  words text := '';
  word text;
  first text;
  starts text[] := '{}';
  named boolean := false;
  beyond text := '';
  direction text;
  opens boolean;
  walk text;
  page_statement text;
  found_at_most bigint;
  total bigint;
  exact boolean := true;
  expected double precision;
  distance double precision;
  looked_at double precision;
  ids uuid[];
  fetched int;
  shown int;
  students json;
  edges jsonb;
  next_cursor jsonb;
  previous_cursor jsonb;
begin
  perform private.require_staff();
  if key_column is null then
    perform private.raise_error('invalid_sort');
  end if;
  if list_students.search <> '' then
    patterns := private.search_patterns(list_students.search);
  end if;

  if list_students.cursor is null or list_students.cursor = 'null' then
    skipped := least((number - 1)::bigint * size, 1000000);
  else
    begin
      back := (list_students.cursor ->> 'b')::boolean;
      from_key := list_students.cursor ->> 'k';
      from_id := (list_students.cursor ->> 'i')::uuid;
      if key_type = 'timestamptz' then
        perform from_key::timestamptz;
      elsif key_type = 'int' then
        perform from_key::int;
      end if;
    exception when data_exception then
      from_id := null;
    end;
    if from_id is null or from_key is null or back is null
       or list_students.cursor ->> 's' is distinct from list_students.sort
       or list_students.cursor -> 'd' is distinct from to_jsonb(from_top) then
      perform private.raise_error('invalid_cursor');
    end if;
  end if;
  direction := case when from_top <> back then 'desc' else 'asc' end;

  -- Whole days in Libreville, within the years that can be reckoned with.
  if list_students.registered_from is not null then
    since := greatest(list_students.registered_from, date '0001-01-01')::timestamp at time zone 'Africa/Libreville';
    filters := filters || ' and r.registered_at >= $2';
  end if;
  if list_students.registered_to is not null then
    until := (least(greatest(list_students.registered_to, date '0001-01-01'), date '9998-12-31') + 1)::timestamp
      at time zone 'Africa/Libreville';
    filters := filters || ' and r.registered_at < $3';
  end if;
  if list_students.masterclass_id is not null then
    filters := filters || ' and r.masterclass_id = $1';
  end if;
  if patterns <> '{}' then
    parameter := private.search_parameter(patterns);
    -- The planner shall not see the words: it would compare each with its sample, which takes as long as to find them.
    conditions := private.search_conditions(parameter, '(select $4)');
    words := array_to_string(conditions, '');
  end if;
  if from_id is not null then
    beyond := format(' and (r.key, r.inscription_id) %s ($5::%s, $6)', case direction when 'desc' then '<' else '>' end, key_type);
  end if;

  -- One row more than is shown tells whether another page follows.
  page_statement := $page$
    with hits as %1$s (%2$s)
    select %5$s, array_agg(w.inscription_id)
    from (select r.inscription_id from hits r where true %4$s
          order by r.key %3$s, r.inscription_id %3$s limit $7 + 1 offset $8) as w $page$;

  -- Totals never come from counting all rows. Of some days there are fewer, which a search of few need not know.
  select coalesce(sum(case list_students.validated
      when true then s.validated when false then s.registered - s.validated else s.registered end), 0)
  into total from public.masterclass_statistics s
  where list_students.masterclass_id is null or s.masterclass_id = list_students.masterclass_id;
  if (since is not null or until is not null) and (words = '' or total > few) then
    select coalesce(sum(s.registered), 0) into total from public.registration_statistics s
    where (list_students.masterclass_id is null or s.masterclass_id = list_students.masterclass_id)
      and (list_students.validated is null or s.validated = list_students.validated)
      and (list_students.registered_from is null or s.day >= list_students.registered_from)
      and (list_students.registered_to is null or s.day <= list_students.registered_to);
  end if;

  if words <> '' then
    expected := most_found;
    -- Three words or more few have together, and a number that is nearly whole.
    if total > few and cardinality(patterns) < 3 and not (cardinality(patterns) = 1 and patterns[1] ~ '^% ?[0-9]{8,}%$') then
      -- To the planner each word is a matter of its own; of "marie-claire", who has the one has the other. One pattern of
      -- the words in their order it compares with its sample.
      select total / greatest(sum(s.registered), 1) * case cardinality(patterns)
        when 1 then private.expected_matches(private.search_conditions(parameter, '$1', false), parameter)
        else private.expected_matches(array[' and r.search_text like $1[1]'], array[private.words_in_order(parameter)]) end
      into expected
      from public.masterclass_statistics s;
    end if;
    -- A common word that fewer have elsewhere than at the beginning of their names. They stand together where it
    -- begins, and where a whole name does that it begins with: "anne ondo, annette7@…" is found by "annette" too.
    if list_students.sort = 'full_name' and expected > most_found then
      word := substring(patterns[1] from '^% ?([a-z]{2,})%$');
      named := word is not null and private.expected_matches(array[' and r.search_text like $1[1]'], parameter) <= expected / 2;
    end if;
    if named then
      first := regexp_replace(patterns[1], '[a-z]', '\&X');
      select array[[word, word || '{']] || coalesce(array_agg(array[o.name, o.name || 'a']), '{}') into starts
      from (select left(word, n) as name from generate_series(2, length(word) - 1) as n) as o
      where exists (select from private.student_records r where r.validated and r.name_key >= o.name and r.name_key < o.name || 'a')
        or exists (select from private.student_records r where not r.validated and r.name_key >= o.name and r.name_key < o.name || 'a');
    end if;
  end if;

  opens := words || filters = '' and list_students.validated is null and key_column = 'registered_at' and direction = 'desc';
  if not opens then
    -- Through the index of the sort. It has `validated` before the key: without that filter the walks
    -- through both halves are merged. By time there is an index of all.
    select string_agg(format(
      '(select r.inscription_id, r.%1$I as key%6$s from private.student_records r where %2$s%8$s%3$s%4$s
        order by r.%1$I %5$s, r.inscription_id %5$s limit %7$s)',
      key_column, half, filters, replace(beyond, 'r.key', 'r.' || key_column), direction,
      case when words <> '' then ', r.search_text' end, case when words = '' then '$7 + 1 + $8' else '$10' end,
      case when named then format(' and r.name_key >= $11[%1$s][1] and r.name_key < $11[%1$s][2]', part) end), ' union all ')
    into walk
    from generate_series(1, greatest(array_length(starts, 1), 1)) as part, unnest(case when list_students.validated then array['r.validated'] when not list_students.validated then array['not r.validated']
      when key_column = 'registered_at' and list_students.masterclass_id is null then array['true']
      else array['r.validated', 'not r.validated'] end) as half;
  end if;

  if opens then
    if from_id is not null or skipped < total then
      ids := private.newest_registrations(size + 1, skipped, from_key::timestamptz, from_id);
    end if;
  elsif words = '' then
    if from_id is not null or skipped < total then
      execute format(page_statement, 'not materialized', walk, direction, '', 'null::bigint')
      into found_at_most, ids
      using list_students.masterclass_id, since, until, patterns, from_key, from_id, size, skipped;
    end if;
  else
    -- Few matches are fetched, counted and sorted (1). Many are met soon on the way through the sort (2), and only so
    -- many rows are looked at there: words may gather far from where the way begins, as first names do among names;
    -- then all matches are fetched after all (3), as they are where they are far fewer than the rows on the way. Which to
    -- begin with, the planner knows without looking. A word that begins names is walked to where it does (2), beside
    -- the few who have it elsewhere.
    distance := (size + 1 + skipped) * total / greatest(expected, 1);
    looked_at := case when named then 2000 + 4 * (size + 1 + skipped) when distance <= least(2 * expected, most_looked_at / 2) then 4 * distance else 0 end;
    for step in case when expected > 1.25 * most_found then 2 else 1 end .. 3 loop
      if step = 2 then
        total := most_found;
        exact := false;
        ids := null;
        exit when from_id is null and skipped >= total;
        continue when looked_at = 0;
      end if;
      execute format(page_statement,
        case when step = 2 and not named then 'not materialized' else 'materialized' end,
        case
          when step = 2 and named then format($hits$
            (select r.inscription_id, r.key, false as elsewhere
             from (select * from (%1$s) as r order by r.key %2$s, r.inscription_id %2$s limit $10) as r
             where r.search_text like (select $12)%3$s
             order by r.key %2$s, r.inscription_id %2$s limit $7 + 1 + $8)
            union all
            (select r.inscription_id, r.name_key, true from private.student_records r
             where %4$s%5$s and r.search_text like (select $4[1]) and r.search_text not like (select $12)%3$s limit $9 + 1)$hits$,
            walk, direction, array_to_string(conditions[2:], ''), chosen, filters)
          when step = 2 then format('select r.inscription_id, r.key from (select * from (%s) as r order by r.key %s, r.inscription_id %2$s limit $10) as r where true%s',
            walk, direction, words)
          else format('select r.inscription_id, r.%I as key from private.student_records r where %s%s%s%s', key_column, chosen, filters, words,
            case step when 1 then ' limit $9 + 1' end) end,
        direction, case when step = 2 and not named then '' else beyond end,
        case when step <> 2 then '(select count(*) from hits)' when named then '(select count(*) from hits h where h.elsewhere)' else 'null::bigint' end)
      into found_at_most, ids
      using list_students.masterclass_id, since, until, parameter, from_key, from_id, size, skipped, most_found,
        least(looked_at, most_looked_at), starts, first;
      if step <> 2 then
        exact := found_at_most <= most_found;
        total := least(found_at_most, most_found);
      end if;
      if step = 1 then
        -- More than expected: a short way before all are fetched, less short for several words, which are told less well.
        looked_at := greatest(looked_at, case cardinality(patterns) when 1 then 20 else 100 end * (size + 1 + skipped));
      end if;
      exit when step = 1 and exact or step = 2 and cardinality(ids) > size and (not named or found_at_most <= most_found);
    end loop;
  end if;
  fetched := coalesce(cardinality(ids), 0);
  shown := least(fetched, size);

  -- Which rows they are is all that the statements above find out: this one's plan is kept.
  if shown > 0 then
    select json_agg(s order by w.n * case when back then -1 else 1 end),
      jsonb_agg(jsonb_build_object('k', case key_column
        when 'registered_at' then to_jsonb(r.registered_at) when 'name_key' then to_jsonb(r.name_key)
        when 'pre_key' then to_jsonb(r.pre_key) when 'post_key' then to_jsonb(r.post_key) else to_jsonb(r.gain_key) end, 'i', w.id) order by w.n * case when back then -1 else 1 end) filter (where w.n in (1, shown))
    into students, edges
    from unnest(ids[:shown]) with ordinality as w (id, n)
    join private.student_records r on r.inscription_id = w.id
    join public.masterclasses m on m.id = r.masterclass_id
    cross join lateral (
      select r.inscription_id, r.student_id, r.full_name, r.email, r.whatsapp_number,
        r.masterclass_id, m.title as masterclass_title, r.validated, r.registered_at,
        r.pre_score, r.post_score, r.max_score, r.gain, r.pre_taken_at, r.post_taken_at) as s;
  end if;

  next_cursor := case when fetched > case when back then 0 else size end
    then edges -> -1 || jsonb_build_object('s', list_students.sort, 'd', from_top, 'b', false) end;
  previous_cursor := case when fetched > case when back then size else 0 end and (skipped > 0 or from_id is not null)
    then edges -> 0 || jsonb_build_object('s', list_students.sort, 'd', from_top, 'b', true) end;
  if list_students.link is null then
    return json_build_object(
      'students', coalesce(students, '[]'),
      'page', number, 'per_page', size, 'total', total, 'total_is_exact', exact,
      'next', next_cursor, 'previous', previous_cursor);
  end if;
  return json_build_object(
    'students', coalesce(students, '[]'),
    'pagination', json_build_object(
      'page', number, 'per_page', size, 'total', total, 'pages', (total + size - 1) / size, 'total_is_exact', exact),
    'links', private.page_links(list_students.link, next_cursor, previous_cursor));
end
$$;
