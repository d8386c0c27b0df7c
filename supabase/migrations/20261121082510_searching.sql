-- Searches whose cost does not grow with the registrations: a common word is not counted to the end, a whole
-- number or an address is found by the part of it that is rare, and the outbox finds people as the list of
-- students does.

-- A range of days is added up without reading the other days.
create index registration_statistics_day_idx on public.registration_statistics (day);

-- One LIKE pattern for each word. Of two letters it must begin a word, longer it may be anywhere.
-- Figures that follow one another are one number: "074 00 00 00", "+241 74…" and "0024174…" are +24174….
create or replace function private.search_patterns(search text)
returns text[]
language plpgsql
immutable
set search_path = ''
as $$
declare
  -- Nothing that is found is longer than this.
  words text[] := string_to_array(btrim(regexp_replace(
    private.fold(left(search_patterns.search, 200)), '\s+', ' ', 'g')), ' ') || array[''];
  patterns text[] := '{}';
  word text;
  piece text;
  digits text := '';
  significant text;
  parts int;
begin
  foreach word in array coalesce(words, '{}') loop
    if word ~ '^[+0-9().-]*[0-9][+0-9().-]*$' then
      digits := digits || regexp_replace(word, '[^0-9]', '', 'g');
      continue;
    end if;
    if digits <> '' then
      -- The prefix 00, the + and the leading 0 of a national number are not stored.
      significant := regexp_replace(ltrim(digits, '0'), '^2410(?=\d)', '241');
      -- Of "074" too little would be left.
      if length(significant) >= 3 then
        digits := significant;
      elsif length(digits) < 2 then
        perform private.raise_error('search_too_short');
      end if;
      patterns := patterns || (case
        -- A whole number of Gabon is looked for as it is written there: its country code is in nearly every row.
        when digits ~ '^241\d{8}$' then '% 0' || substr(digits, 4)
        when length(digits) = 2 then '% ' || digits
        else '%' || digits end || '%');
      digits := '';
    end if;
    parts := 0;
    foreach piece in array regexp_split_to_array(word, '[-'']+') loop
      -- Of "d'Almeida" the d is left out.
      if length(piece) >= 2 then
        patterns := patterns || (case when length(piece) = 2 then '% ' else '%' end
          || replace(replace(replace(piece, '\', '\\'), '%', '\%'), '_', '\_') || '%');
        parts := parts + 1;
      end if;
    end loop;
    if parts = 0 and word <> '' then
      perform private.raise_error('search_too_short');
    end if;
  end loop;
  return patterns;
end
$$;

comment on function private.search_patterns(text) is 'The LIKE patterns of a search, all of which must match private.student_records.search_text.';

-- The patterns as a condition on r.search_text; `parameter` is the array of them in the statement. Every
-- three letters are a list of rows to the index, so it is asked for the end of a long word only, for less of each
-- where there are several, and not for what comes after the @ of an address. The row is compared with all of it.
create function private.search_condition(patterns text[], parameter text)
returns text
language sql
immutable
set search_path = ''
as $$
  select coalesce(string_agg(format(
    case when length(p.pattern) > asked.letters + 2 and length(split_part(p.pattern, '@', 1)) > 3 then
      ' and r.search_text like ''%%'' || right(split_part(substr(%1$s, 2, length(%1$s) - 2), ''@'', 1), %2$s) || ''%%'' and r.search_text || '''' like %1$s'
    else ' and r.search_text like %1$s' end, format('%s[%s]', parameter, p.n), asked.letters), '' order by p.n), '')
  from unnest(patterns) with ordinality as p (pattern, n), (values (case cardinality(patterns) when 1 then 6 else 4 end)) as asked (letters)
$$;

comment on function private.search_condition(text[], text) is 'SQL that holds where all patterns match r.search_text.';

-- Volatile, because EXPLAIN is refused to functions that are not; it changes nothing.
create function private.expected_matches(patterns text[])
returns double precision
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  words text;
  plan jsonb;
begin
  select string_agg(format('r.search_text like $1[%s]', n), ' and ') into words from generate_subscripts(expected_matches.patterns, 1) as n;
  execute 'explain (format json) select from private.student_records r where ' || words into plan using expected_matches.patterns;
  return (plan -> 0 -> 'Plan' ->> 'Plan Rows')::double precision;
end
$$;

comment on function private.expected_matches(text[]) is 'How many registrations the planner thinks match, from the sample of names that it keeps.';

create function private.find_students(patterns text[], most int)
returns uuid[]
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  found uuid[];
begin
  execute format(
    'select array_agg(distinct f.student_id) from (select r.student_id from private.student_records r where r.student_id is not null%s limit $2) as f',
    private.search_condition(find_students.patterns, '$1'))
  into found using find_students.patterns, find_students.most;
  return coalesce(found, '{}');
end
$$;

comment on function private.find_students(text[], int) is 'Whom the patterns find, at most so many registrations.';

revoke execute on function
  private.search_condition(text[], text), private.expected_matches(text[]), private.find_students(text[], int)
  from public, anon, authenticated, service_role;

-- The statement of a page is put together for each combination of filters, so that each has its own
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
  cursor jsonb default null)
-- Not jsonb: ten thousand rows would be taken apart for nothing before they are sent.
returns json
language plpgsql
stable
security definer
set search_path = ''
-- A page is read in a millisecond or two: compiling its plan or starting workers would take longer.
set jit = off
set max_parallel_workers_per_gather = 0
as $$
declare
  -- Beyond so many matches of a search nobody counts.
  most_found constant int := 1000;
  -- So many rows are looked at in the order of the sort before all matches are fetched and sorted.
  most_looked_at constant int := 20000;
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
  patterns text[];
  since timestamptz;
  until timestamptz;
  chosen text := case list_students.validated when true then 'r.validated' when false then 'not r.validated' else 'true' end;
  filters text := '';
  words text := '';
  beyond text := '';
  direction text;
  walk text;
  page_statement text;
  found_at_most bigint;
  total bigint;
  exact boolean := true;
  expected double precision;
  distance double precision;
  students json;
  fetched bigint;
  edges jsonb;
begin
  perform private.require_staff();
  if key_column is null then
    perform private.raise_error('invalid_sort');
  end if;
  patterns := private.search_patterns(coalesce(list_students.search, ''));

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
  words := private.search_condition(patterns, '$4');
  if from_id is not null then
    beyond := format(' and (r.key, r.inscription_id) %s ($5::%s, $6)', case direction when 'desc' then '<' else '>' end, key_type);
  end if;

  -- One row more than is shown tells whether another page follows.
  page_statement := $page$
    with hits as %1$s (%2$s),
    walked as materialized (
      select w.inscription_id, w.key, row_number() over (order by w.key %3$s, w.inscription_id %3$s) as n
      from (select r.inscription_id, r.key from hits r where true %4$s
            order by r.key %3$s, r.inscription_id %3$s limit $7 + 1 offset $8) as w)
    select
      %5$s,
      (select count(*) from walked),
      json_agg(s order by w.n * $9),
      jsonb_agg(jsonb_build_object('k', w.key, 'i', w.inscription_id) order by w.n * $9)
        filter (where w.n = 1 or w.n = (select least(count(*), $7) from walked))
    from walked w
    join private.student_records r on r.inscription_id = w.inscription_id
    join public.masterclasses m on m.id = r.masterclass_id
    cross join lateral (
      select r.inscription_id, r.student_id, r.full_name, r.email, r.whatsapp_number,
        r.masterclass_id, m.title as masterclass_title, r.validated, r.registered_at,
        r.pre_score, r.post_score, r.max_score, r.gain, r.pre_taken_at, r.post_taken_at) as s
    where w.n <= $7 $page$;

  -- Totals never come from counting all rows.
  if since is null and until is null then
    select coalesce(sum(case list_students.validated
        when true then s.validated when false then s.registered - s.validated else s.registered end), 0)
    into total from public.masterclass_statistics s
    where list_students.masterclass_id is null or s.masterclass_id = list_students.masterclass_id;
  else
    select coalesce(sum(s.registered), 0) into total from public.registration_statistics s
    where (list_students.masterclass_id is null or s.masterclass_id = list_students.masterclass_id)
      and (list_students.validated is null or s.validated = list_students.validated)
      and (list_students.registered_from is null or s.day >= list_students.registered_from)
      and (list_students.registered_to is null or s.day <= list_students.registered_to);
  end if;

  -- Through the index of the sort. It has `validated` before the key: without that filter the walks
  -- through both halves are merged.
  select string_agg(format(
    '(select r.inscription_id, r.%1$I as key%6$s from private.student_records r where %2$s%3$s%4$s
      order by r.%1$I %5$s, r.inscription_id %5$s limit %7$s)',
    key_column, half, filters, replace(beyond, 'r.key', 'r.' || key_column), direction,
    case when words <> '' then ', r.search_text' end, case when words = '' then '$7 + 1 + $8' else '$11' end), ' union all ')
  into walk
  from unnest(case list_students.validated when true then array['r.validated'] when false then array['not r.validated']
    else array['r.validated', 'not r.validated'] end) as half;

  if words = '' then
    if from_id is not null or skipped < total then
      execute format(page_statement, 'not materialized', walk, direction, '', 'null::bigint')
      into found_at_most, fetched, students, edges
      using list_students.masterclass_id, since, until, patterns, from_key, from_id, size, skipped,
        case when back then -1 else 1 end;
    end if;
  else
    -- Few matches are fetched, counted and sorted (1). Many are met soon on the way through the sort (2), and only so
    -- many rows are looked at there: words may gather far from where the way begins, as first names do among names;
    -- then all matches are fetched after all (3). Which to begin with, the planner knows without looking.
    select private.expected_matches(patterns) * total / greatest(sum(s.registered), 1) into expected
    from public.masterclass_statistics s;
    distance := (size + 1 + skipped) * total / greatest(expected, 1);
    for step in case when expected > 2 * most_found then 2 else 1 end .. 3 loop
      if step = 2 then
        total := most_found;
        exact := false;
        fetched := null;
        students := null;
        exit when from_id is null and skipped >= total;
        continue when distance > most_looked_at / 2;
      end if;
      execute format(page_statement,
        case step when 2 then 'not materialized' else 'materialized' end,
        case step
          when 2 then format('select r.inscription_id, r.key from (select * from (%s) as r order by r.key %s, r.inscription_id %2$s limit $11) as r where true%s',
            walk, direction, words)
          else format('select r.inscription_id, r.%I as key from private.student_records r where %s%s%s%s', key_column, chosen, filters, words,
            case step when 1 then ' limit $10 + 1' end) end,
        direction, case step when 2 then '' else beyond end,
        case step when 2 then 'null::bigint' else '(select count(*) from hits)' end)
      into found_at_most, fetched, students, edges
      using list_students.masterclass_id, since, until, patterns, from_key, from_id, size, skipped,
        case when back then -1 else 1 end, most_found, least(4 * distance, most_looked_at);
      if step <> 2 then
        exact := found_at_most <= most_found;
        total := least(found_at_most, most_found);
      end if;
      exit when step = 1 and exact or step = 2 and fetched > size;
    end loop;
  end if;
  fetched := coalesce(fetched, 0);

  return json_build_object(
    'students', coalesce(students, '[]'),
    'page', number, 'per_page', size, 'total', total, 'total_is_exact', exact,
    'next', case when fetched > case when back then 0 else size end
      then edges -> -1 || jsonb_build_object('s', list_students.sort, 'd', from_top, 'b', false) end,
    'previous', case when fetched > case when back then size else 0 end and (skipped > 0 or from_id is not null)
      then edges -> 0 || jsonb_build_object('s', list_students.sort, 'd', from_top, 'b', true) end);
end
$$;

create or replace function public.list_outbound_messages(
  state text default null, message_type text default null, person text default null, recipient text default null,
  created_from date default null, created_to date default null,
  page int default 1, per_page int default 20, cursor jsonb default null)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
set jit = off
set max_parallel_workers_per_gather = 0
as $$
declare
  here constant text := 'Africa/Libreville';
  most_counted constant int := 1000;
  size int := least(greatest(coalesce(list_outbound_messages.per_page, 20), 1), 10000);
  number int := greatest(coalesce(list_outbound_messages.page, 1), 1);
  skipped int := 0;
  -- A cursor is a place in the list: {"c": created_at, "q": sequence, "b": back}.
  back boolean := false;
  from_time timestamptz;
  from_sequence bigint;
  since timestamptz;
  until timestamptz;
  people uuid[];
  filters text := '';
  beyond text := '';
  direction text;
  source text;
  counts jsonb;
  counted boolean;
  total bigint;
  messages jsonb;
  fetched bigint;
  edges jsonb;
begin
  perform private.require_staff();
  if list_outbound_messages.state not in ('queued', 'sending', 'sent', 'delivered', 'read', 'failed', 'uncertain', 'cancelled')
     or list_outbound_messages.message_type !~ '^[a-z_]{1,40}$' then
    perform private.raise_error('invalid_message_filter');
  end if;

  if list_outbound_messages.cursor is null or list_outbound_messages.cursor = 'null' then
    skipped := least((number - 1)::bigint * size, 1000000);
  else
    begin
      back := (list_outbound_messages.cursor ->> 'b')::boolean;
      from_time := (list_outbound_messages.cursor ->> 'c')::timestamptz;
      from_sequence := (list_outbound_messages.cursor ->> 'q')::bigint;
    exception when data_exception then
      from_sequence := null;
    end;
    if from_sequence is null or from_time is null or back is null then
      perform private.raise_error('invalid_cursor');
    end if;
  end if;
  direction := case when back then 'asc' else 'desc' end;
  -- Of several people, each one's own messages are walked: the planner would rather walk everybody's.
  source := case when btrim(list_outbound_messages.person) <> '' then
    '(select x.* from unnest($4) as who (id) cross join lateral (
        select m.* from public.outbound_messages m where m.profile_id = who.id%1$s
        order by m.created_at %2$s, m.sequence %2$s limit $9 + 1 + $10) as x)'
    else
    '(select m.* from public.outbound_messages m where true%1$s
      order by m.created_at %2$s, m.sequence %2$s limit $9 + 1 + $10)' end;

  if list_outbound_messages.state is not null then
    filters := filters || ' and m.state = $1';
  end if;
  if list_outbound_messages.message_type is not null then
    filters := filters || ' and m.message_type = $2';
  end if;
  if list_outbound_messages.recipient is not null then
    filters := filters || ' and m.recipient = $3';
  end if;
  -- A person by id, or whoever the words find among students.
  if list_outbound_messages.person ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    people := array[list_outbound_messages.person::uuid];
  elsif btrim(list_outbound_messages.person) <> '' then
    people := private.find_students(private.search_patterns(list_outbound_messages.person), 1000);
  end if;
  -- Whole days in Libreville, within the years that can be reckoned with.
  if list_outbound_messages.created_from is not null then
    since := greatest(list_outbound_messages.created_from, date '0001-01-01')::timestamp at time zone here;
    filters := filters || ' and m.created_at >= $5';
  end if;
  if list_outbound_messages.created_to is not null then
    until := (least(greatest(list_outbound_messages.created_to, date '0001-01-01'), date '9998-12-31') + 1)::timestamp at time zone here;
    filters := filters || ' and m.created_at < $6';
  end if;
  if from_sequence is not null then
    beyond := format(' and (m.created_at, m.sequence) %s ($7, $8)', case when back then '>' else '<' end);
  end if;

  select jsonb_object_agg(s.state, coalesce(k.n, 0)), sum(k.n) filter (where s.state = coalesce(list_outbound_messages.state, s.state))
  into counts, total
  from unnest(array['queued', 'sending', 'sent', 'delivered', 'read', 'failed', 'uncertain', 'cancelled']) as s (state)
  left join (select c.state, sum(c.n) as n from private.outbound_message_counts c group by c.state) as k on k.state = s.state;
  counted := num_nonnulls(list_outbound_messages.message_type, list_outbound_messages.recipient, people, since, until) > 0;
  if counted then
    execute format('select count(*) from (select from %s as m limit $9 + 1) as hits',
      format(source, filters, direction))
    into total
    using list_outbound_messages.state, list_outbound_messages.message_type, list_outbound_messages.recipient, people,
      since, until, from_time, from_sequence, most_counted, 0;
  end if;

  -- One row more than is shown tells whether another page follows.
  execute format($page$
    with walked as materialized (
      select w.*, row_number() over (order by w.created_at %1$s, w.sequence %1$s) as n
      from (select m.* from %2$s as m
            order by m.created_at %1$s, m.sequence %1$s limit $9 + 1 offset $10) as w)
    select
      (select count(*) from walked),
      jsonb_agg(jsonb_build_object(
        'id', w.id, 'message_type', w.message_type, 'channel', w.channel, 'recipient', w.recipient, 'language', w.language,
        'state', w.state, 'urgent', w.urgent, 'profile_id', w.profile_id, 'full_name', p.full_name,
        'masterclass_id', w.masterclass_id, 'due_at', w.due_at, 'attempts', w.attempts, 'last_error', w.last_error,
        'last_error_detail', w.last_error_detail, 'created_at', w.created_at, 'updated_at', w.updated_at,
        'sent_at', w.sent_at) order by w.n * $11),
      jsonb_agg(jsonb_build_object('c', w.created_at, 'q', w.sequence) order by w.n * $11)
        filter (where w.n = 1 or w.n = (select least(count(*), $9) from walked))
    from walked w
    left join public.profiles p on p.id = w.profile_id
    where w.n <= $9 $page$, direction, format(source, filters || beyond, direction))
  into fetched, messages, edges
  using list_outbound_messages.state, list_outbound_messages.message_type, list_outbound_messages.recipient, people,
    since, until, from_time, from_sequence, size, skipped, case when back then -1 else 1 end;

  return jsonb_build_object(
    'messages', coalesce(messages, '[]'),
    'page', number, 'per_page', size,
    'total', case when counted then least(total, most_counted) else coalesce(total, 0) end,
    'total_is_exact', not counted or total <= most_counted,
    'next', case when fetched > case when back then 0 else size end
      then edges -> -1 || jsonb_build_object('b', false) end,
    'previous', case when fetched > case when back then size else 0 end and (skipped > 0 or from_sequence is not null)
      then edges -> 0 || jsonb_build_object('b', true) end,
    'counts', counts,
    'oldest_queued', (select min(m.created_at) from public.outbound_messages m where m.state = 'queued'));
end
$$;
