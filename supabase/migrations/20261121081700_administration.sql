-- What staff call: list_students, get_student, masterclass_overview.

insert into private.error_messages (code, http_status, message_fr, hint_fr, message_en, hint_en) values
  ('student_not_found', 404,
   'Cet étudiant n''existe pas.', 'Vérifiez l''identifiant (student_id) dans la liste des étudiants.',
   'This student does not exist.', 'Check the id (student_id) in the list of students.'),
  ('search_too_short', 422,
   'La recherche contient un mot d''une seule lettre.', 'Donnez au moins deux lettres ou deux chiffres par mot.',
   'The search has a word of a single letter.', 'Give at least two letters or two digits for each word.'),
  ('invalid_cursor', 422,
   'Le curseur n''est pas valable pour cette liste.', 'Reprenez à la première page, puis suivez les liens next et previous avec le même tri.',
   'The cursor is not valid for this list.', 'Start at the first page again, then follow next and previous with the same sort.'),
  ('invalid_sort', 422,
   'Ce tri n''existe pas.', 'Utilisez registered_at, full_name, pre_score, post_score ou gain.',
   'There is no such sort.', 'Use registered_at, full_name, pre_score, post_score or gain.');

-- ---------------------------------------------------------------- searching

-- One LIKE pattern for each word. Of two letters it must begin a word, longer it may be anywhere.
-- Figures that follow one another are one number: "074 00 00 00", "+241 74…" and "0024174…" are +24174….
create function private.search_patterns(search text)
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
      patterns := patterns || (case when length(digits) = 2 then '% ' else '%' end || digits || '%');
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

-- ---------------------------------------------------------------- list_students

-- The statement of a page is put together for each combination of filters, so that each has its own
-- plan; only names of columns and directions are put into it, values are parameters.
create function public.list_students(
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
  most_found constant int := 10000;
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
  filters text := '';
  beyond text := '';
  direction text;
  walk text;
  page_statement text;
  found_at_most bigint;
  total bigint;
  exact boolean := true;
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
  for n in 1 .. cardinality(patterns) loop
    filters := filters || format(' and r.search_text like $4[%s]', n);
  end loop;
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

  if cardinality(patterns) > 0 then
    -- As many matches as are worth sorting.
    execute format(page_statement,
      'materialized',
      format('select r.inscription_id, r.%I as key from private.student_records r where %s%s limit $10 + 1', key_column,
        case list_students.validated when true then 'r.validated' when false then 'not r.validated' else 'true' end, filters),
      direction, beyond, '(select count(*) from hits)')
    into total, fetched, students, edges
    using list_students.masterclass_id, since, until, patterns, from_key, from_id, size, skipped,
      case when back then -1 else 1 end, most_found;
    if total > most_found then
      -- More than that: how many is not known, and the page is walked to below.
      total := most_found;
      exact := false;
      fetched := null;
      students := null;
    end if;
  elsif since is null and until is null then
    -- Without a search, totals never come from counting rows.
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

  if fetched is null and (from_id is not null or skipped < total) then
    -- Through the index of the sort. It has `validated` before the key: without that filter the walks
    -- through both halves are merged.
    select string_agg(format(
      '(select r.inscription_id, r.%1$I as key from private.student_records r where %2$s%3$s%4$s
        order by r.%1$I %5$s, r.inscription_id %5$s limit $7 + 1 + $8)',
      key_column, half, filters, replace(beyond, 'r.key', 'r.' || key_column), direction), ' union all ')
    into walk
    from unnest(case list_students.validated when true then array['r.validated'] when false then array['not r.validated']
      else array['r.validated', 'not r.validated'] end) as half;
    execute format(page_statement, 'not materialized', walk, direction, '', 'null::bigint')
    into found_at_most, fetched, students, edges
    using list_students.masterclass_id, since, until, patterns, from_key, from_id, size, skipped,
      case when back then -1 else 1 end, most_found;
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

comment on function public.list_students(text, uuid, boolean, date, date, text, boolean, int, int, jsonb) is
  'Registrations with their students, scores and gain, a page at a time. Staff only.';

-- ---------------------------------------------------------------- get_student

create function public.get_student(student_id uuid)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  profile public.profiles;
begin
  perform private.require_staff();
  select * into profile from public.profiles p where p.id = get_student.student_id;
  if not found then
    perform private.raise_error('student_not_found');
  end if;

  return jsonb_build_object(
    'profile', jsonb_build_object(
      'id', profile.id, 'full_name', profile.full_name, 'date_of_birth', profile.date_of_birth,
      'email', profile.email, 'whatsapp_number', profile.whatsapp_number, 'created_at', profile.created_at),
    'inscriptions', coalesce((
      select jsonb_agg(
        jsonb_build_object(
          'id', i.id, 'masterclass_id', i.masterclass_id, 'masterclass_title', m.title,
          'validated', i.validated, 'registered_at', i.registration_date, 'gain', r.gain,
          'tests', coalesce((
            select jsonb_agg(
              jsonb_build_object(
                'id', t.id, 'type', t.type, 'score', t.score, 'max_score', t.max_score, 'taken_at', t.taken_at,
                'answers', (
                  select jsonb_agg(
                    jsonb_build_object(
                      'question_id', q.id, 'position', asked.position,
                      'question_text', q.question_text, 'choices', q.choices,
                      'response', t.responses ->> q.id::text, 'correct_choice', q.correct_choice,
                      'correct', coalesce(t.responses ->> q.id::text = q.correct_choice, false))
                    order by asked.position)
                  from private.test_papers p
                  join private.test_paper_questions asked on asked.paper_id = p.id
                  join public.questions q on q.id = asked.question_id
                  where p.inscription_id = i.id))
              order by t.type desc)
            from public.tests t where t.inscription_id = i.id), '[]'))
        order by i.registration_date desc, i.id)
      from public.inscriptions i
      join public.masterclasses m on m.id = i.masterclass_id
      left join private.student_records r on r.inscription_id = i.id
      where i.profile_id = profile.id), '[]'),
    'consents', coalesce((
      select jsonb_agg(
        jsonb_build_object(
          'purpose', c.purpose, 'version', c.version, 'granted', c.granted, 'source', c.source,
          'recorded_at', c.recorded_at)
        order by c.recorded_at desc)
      from public.consents c where c.user_id = profile.id), '[]'));
end
$$;

comment on function public.get_student(uuid) is
  'A student: profile, registrations, tests with each answer, consents. Staff only.';

-- ---------------------------------------------------------------- masterclass_overview

create function private.require_masterclass(masterclass_id uuid)
returns void
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  if not exists (select from public.masterclasses m where m.id = require_masterclass.masterclass_id) then
    perform private.raise_error('masterclass_not_found');
  end if;
end
$$;

comment on function private.require_masterclass(uuid) is 'Refuses a masterclass that does not exist.';

-- Runs as the caller: the policies of the statistics decide what it adds up.
--
-- Gains, of those who took both tests (R. R. Hake, "Interactive-engagement versus traditional methods",
-- American Journal of Physics 66 (1998) 64, doi:10.1119/1.18809):
--   class gain       (mean post % - mean pre %) / (100 - mean pre %)
--   individual gain  the mean of (post - pre) / (max - pre), without those whose PRE test was all right
--
-- Questions as in "Quiz statistics calculations" of Moodle (https://docs.moodle.org/dev/Quiz_statistics_calculations),
-- with x the mark for the question, 0 or 1, and y the score on the rest of the test:
--   facility         mean x
--   discrimination   covariance (x, y) / sqrt (variance x * variance y)
--                    = (n Σxy - Σx Σy) / sqrt ((n Σx² - (Σx)²) (n Σy² - (Σy)²)), where Σx² = Σx
--
-- A body in this form is bound to `private` when it is made: the caller needs no way to name it.
create function public.masterclass_overview(masterclass_id uuid default null)
returns jsonb
language sql
stable
security invoker
set search_path = ''
set jit = off
begin atomic
  select private.require_staff();
  select private.require_masterclass(masterclass_overview.masterclass_id)
  where masterclass_overview.masterclass_id is not null;

  with scores as (
    select s.max_score, s.pre_score, s.post_score, s.students
    from public.score_statistics s
    where (masterclass_overview.masterclass_id is null or s.masterclass_id = masterclass_overview.masterclass_id)
      and s.students <> 0),
  tests as (
    select s.type, 10 * s.score::numeric / s.max_score as score, s.students
    from (
      select 'pre' as type, scores.pre_score as score, scores.max_score, scores.students from scores
      union all
      select 'post', scores.post_score, scores.max_score, scores.students from scores where scores.post_score is not null) as s),
  gains as (
    select
      coalesce(sum(s.students), 0) as students,
      sum(s.students * s.pre_score::numeric / s.max_score) as pre,
      sum(s.students * s.post_score::numeric / s.max_score) as post,
      coalesce(sum(s.students) filter (where s.pre_score < s.max_score), 0) as individuals,
      sum(s.students * (s.post_score - s.pre_score)::numeric / nullif(s.max_score - s.pre_score, 0)) as individual_sum
    from scores s where s.post_score is not null),
  totals as (
    select coalesce(sum(s.registered), 0) as registered, coalesce(sum(s.validated), 0) as validated,
      coalesce(sum(s.pre_taken), 0) as pre_taken, coalesce(sum(s.post_taken), 0) as post_taken
    from public.masterclass_statistics s
    where masterclass_overview.masterclass_id is null or s.masterclass_id = masterclass_overview.masterclass_id),
  days as (
    select s.day, sum(s.registered) as registered
    from public.registration_statistics s
    where masterclass_overview.masterclass_id is null or s.masterclass_id = masterclass_overview.masterclass_id
    group by s.day having sum(s.registered) <> 0),
  figures as (
    select s.question_id, s.type, jsonb_build_object(
      'answers', s.answers,
      'facility', case when s.answers >= 2 then trim_scale(round(s.right_answers::numeric / s.answers, 4)) end,
      'discrimination', case when s.answers >= 5 then trim_scale(round(
        (s.answers * s.right_rest::numeric - s.right_answers * s.rest_sum::numeric)
        / nullif(sqrt(s.answers * s.right_answers::numeric - s.right_answers::numeric ^ 2)
          * sqrt(s.answers * s.rest_squares::numeric - s.rest_sum::numeric ^ 2), 0), 4)) end) as figures
    from public.question_statistics s
    join public.questions q on q.id = s.question_id
    where q.masterclass_id = masterclass_overview.masterclass_id)
  select jsonb_build_object(
    'masterclass_id', masterclass_overview.masterclass_id,
    'registrations', (
      select jsonb_build_object(
        'total', t.registered, 'validated', t.validated,
        'by_day', coalesce((
          select jsonb_agg(jsonb_build_object('date', d.day, 'count', d.registered) order by d.day) from days d), '[]'))
      from totals t),
    'completion', (
      select jsonb_build_object(
        'registered', t.registered, 'validated', t.validated, 'pre_taken', t.pre_taken, 'post_taken', t.post_taken,
        'rate', trim_scale(round(t.post_taken / nullif(t.registered, 0), 4)))
      from totals t),
    'scores', (
      select jsonb_object_agg(side.type, (
        select jsonb_build_object(
          'tests', coalesce(sum(t.students), 0),
          'mean', trim_scale(round(sum(t.students * t.score) / nullif(sum(t.students), 0), 4)),
          'distribution', (
            select jsonb_agg(
              jsonb_build_object('score', mark.score, 'count', coalesce((
                select sum(u.students) from tests u where u.type = side.type and round(u.score) = mark.score), 0))
              order by mark.score)
            from generate_series(0, 10) as mark (score)))
        from tests t where t.type = side.type))
      from (values ('pre'), ('post')) as side (type)),
    'gain', (
      select jsonb_build_object(
        'students', g.students,
        'class_gain', case when g.students >= 2 then
          trim_scale(round((g.post - g.pre) / nullif(g.students - g.pre, 0), 4)) end,
        'individual_students', g.individuals,
        'mean_individual_gain', case when g.individuals >= 2 then
          trim_scale(round(g.individual_sum / g.individuals, 4)) end)
      from gains g),
    'questions', coalesce((
      select jsonb_agg(
        jsonb_build_object(
          'id', q.id, 'question_text', q.question_text, 'status', q.status,
          'pre', coalesce(pre.figures, '{"answers": 0, "facility": null, "discrimination": null}'),
          'post', coalesce(post.figures, '{"answers": 0, "facility": null, "discrimination": null}'))
        order by q.created_at, q.id)
      from public.questions q
      left join figures pre on pre.question_id = q.id and pre.type = 'PRE'
      left join figures post on post.question_id = q.id and post.type = 'POST'
      where q.masterclass_id = masterclass_overview.masterclass_id), '[]'));
end;

comment on function public.masterclass_overview(uuid) is
  'Registrations by day, completion, scores, gains and, for one masterclass, the figures of its questions. Null where there are too few answers. Staff only.';

revoke execute on function private.search_patterns(text), private.require_masterclass(uuid)
  from public, anon, authenticated, service_role;
grant execute on function private.require_masterclass(uuid) to authenticated;
revoke execute on function
  public.list_students(text, uuid, boolean, date, date, text, boolean, int, int, jsonb),
  public.get_student(uuid), public.masterclass_overview(uuid)
  from public, anon, service_role;
grant execute on function
  public.list_students(text, uuid, boolean, date, date, text, boolean, int, int, jsonb),
  public.get_student(uuid), public.masterclass_overview(uuid)
  to authenticated;
