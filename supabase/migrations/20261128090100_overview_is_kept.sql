-- Administrators look at figures far more often than figures change: an overview that was worked out is kept, and
-- given again until anything that it is made of is another.
--
-- Nobody tells the kept overviews that something changed: whoever told them could come too early, before the change
-- is committed, or too late. They say what they are made of, and the reader compares. Each row of masterclass_statistics
-- has a version that no row ever had before, and every change of a statistic moves that of its masterclass, in
-- its own transaction: who sees the change sees the version. What an overview was made of and its figures
-- are read in one snapshot, and so are what it would be made of now and the kept one.

-- ---------------------------------------------------------------- versions of the statistics

-- Not a count for each row: one that is deleted and made again would come by the same numbers.
create sequence private.statistics_versions;

comment on sequence private.statistics_versions is 'Versions of masterclass_statistics. None is given twice.';

revoke all on sequence private.statistics_versions from public, anon, authenticated, service_role;

alter table public.masterclass_statistics
  add column version bigint not null default nextval('private.statistics_versions');

comment on column public.masterclass_statistics.version is
  'Another one after each change of any statistic of the masterclass. Its order says nothing.';

-- An estimate says nothing of it (see *_hidden_figures.sql).
alter table public.masterclass_statistics alter column version set statistics 0;

create function private.renew_statistics_version()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.version := nextval('private.statistics_versions');
  return new;
end
$$;

comment on function private.renew_statistics_version() is 'Gives the row a version that there was not yet.';

revoke execute on function private.renew_statistics_version() from public, anon, authenticated, service_role;

create trigger renew_statistics_version
  before update on public.masterclass_statistics
  for each row execute function private.renew_statistics_version();

comment on column private.statistics_changes.masterclass_id is
  'The masterclass, of every change: the row of masterclass_statistics is written whenever anything of it changes.';

-- As it was; but answers name their masterclass too. A POST test whose PRE test is gone moves no score, only answers.
create or replace function private.note_tests()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  sign int := case tg_op when 'INSERT' then 1 else -1 end;
begin
  insert into private.statistics_changes (masterclass_id, max_score, pre_score, post_score, n)
  select i.masterclass_id, s.max_score, s.pre_score, s.post_score, sum(s.n)
  from (
    select t.inscription_id, side.n,
      max(t.max_score) as max_score,
      max(t.score) filter (where t.type = 'PRE') as pre_score,
      max(t.score) filter (where t.type = 'POST') as post_score
    from (
      select c.inscription_id, c.type, c.score, c.max_score, true as new from changed c
      union all
      select t.inscription_id, t.type, t.score, t.max_score, false
      from public.tests t
      where t.inscription_id in (select c.inscription_id from changed c) and t.id not in (select c.id from changed c)
    ) as t
    join (values (sign, true), (-sign, false)) as side (n, complete) on side.complete or not t.new
    group by t.inscription_id, side.n) as s
  join public.inscriptions i on i.id = s.inscription_id
  where s.pre_score is not null
  group by 1, 2, 3, 4
  having sum(s.n) <> 0;

  insert into private.statistics_changes (masterclass_id, question_id, type, n, right_answers, rest_sum, rest_squares, right_rest)
  select a.masterclass_id, a.question_id, a.type, sign * count(*), sign * sum(a.correct),
    sign * sum(a.score - a.correct), sign * sum((a.score - a.correct) ^ 2), sign * sum(a.correct * (a.score - 1))
  from (
    select asked.masterclass_id, asked.question_id, c.type, c.score,
      coalesce(c.responses ->> asked.question_id::text = q.correct_choice, false)::int as correct
    from changed c
    join private.test_papers p on p.inscription_id = c.inscription_id
    join private.test_paper_questions asked on asked.paper_id = p.id
    join public.questions q on q.id = asked.question_id) as a
  group by 1, 2, 3;
  return null;
end
$$;

-- ---------------------------------------------------------------- kept_overviews

-- No WAL, and nothing for a backup: what is lost is worked out again.
create unlogged table private.kept_overviews (
  scope   uuid primary key,
  made_of bytea not null,
  body    json not null
);

comment on table private.kept_overviews is
  'Overviews as they were last worked out. A migration that changes what masterclass_figures answers empties it.';
comment on column private.kept_overviews.scope is 'The masterclass; of all of them 00000000-0000-0000-0000-000000000000.';
comment on column private.kept_overviews.made_of is 'See overview_is_made_of. Who finds another one there works the overview out.';
comment on column private.kept_overviews.body is 'What masterclass_overview answers.';

-- Reading is all that it is for: it is not compressed.
alter table private.kept_overviews alter column body set storage external;

alter table private.kept_overviews enable row level security;

revoke all on table private.kept_overviews from public, anon, authenticated, service_role;

-- Who writes or deletes a kept overview holds this first; who does not get it goes on without: nobody waits.
create function private.may_keep_overview(scope uuid)
returns boolean
language plpgsql
volatile
set search_path = ''
as $$
begin
  return pg_try_advisory_xact_lock(hashtext('private.kept_overviews'), hashtext(may_keep_overview.scope::text));
end
$$;

comment on function private.may_keep_overview(uuid) is
  'Whether no other transaction writes the kept overview of this scope; none will before this one ends.';

-- One that is being kept at the same moment may stay: nobody can ask for it. Only what is kept is locked.
create function private.forget_overviews()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  with kept as materialized (
    select k.scope from private.kept_overviews k join gone g on g.id = k.scope)
  delete from private.kept_overviews k
  where k.scope in (select o.scope from kept o where private.may_keep_overview(o.scope));
  return null;
end
$$;

comment on function private.forget_overviews() is 'Deletes the kept overviews of masterclasses that are deleted.';

create trigger forget_overviews after delete on public.masterclasses
  referencing old table as gone
  for each statement execute function private.forget_overviews();

-- ---------------------------------------------------------------- masterclass_figures

-- The figures are what they were (see *_plans_that_are_kept.sql). All days of all masterclasses were looked for in an
-- index; now they are read as they lie, a quarter faster, and still by a plan that is kept.
create or replace function private.masterclass_figures(masterclass_id uuid)
returns json
language plpgsql
stable
security invoker
set search_path = ''
set jit = off
set plan_cache_mode = force_generic_plan
as $$
begin
  -- One masterclass, or all where it is null: of the two halves of each union one is not begun.
  return (
    with scores as materialized (
      select s.max_score, s.pre_score, s.post_score, sum(s.students) as students
      from (
        select o.max_score, o.pre_score, o.post_score, o.students from public.score_statistics o
        where o.masterclass_id = masterclass_figures.masterclass_id
        union all
        select e.max_score, e.pre_score, e.post_score, e.students from public.score_statistics e
        where masterclass_figures.masterclass_id is null) as s
      group by 1, 2, 3 having sum(s.students) <> 0),
    tests as materialized (
      select side.type, 10 * side.score::numeric / s.max_score as score, s.students
      from scores s
      cross join lateral (values ('pre', s.pre_score), ('post', s.post_score)) as side (type, score)
      where side.score is not null),
    gains as (
      select
        coalesce(sum(s.students), 0) as students,
        sum(s.students * s.pre_score::numeric / s.max_score) as pre,
        sum(s.students * s.post_score::numeric / s.max_score) as post,
        coalesce(sum(s.students) filter (where s.pre_score < s.max_score), 0) as individuals,
        sum(s.students * (s.post_score - s.pre_score)::numeric / nullif(s.max_score - s.pre_score, 0)) as individual_sum
      from scores s where s.post_score is not null),
    totals as materialized (
      select coalesce(sum(s.registered), 0) as registered, coalesce(sum(s.validated), 0) as validated,
        coalesce(sum(s.pre_taken), 0) as pre_taken, coalesce(sum(s.post_taken), 0) as post_taken
      from (
        select o.* from public.masterclass_statistics o where o.masterclass_id = masterclass_figures.masterclass_id
        union all
        select e.* from public.masterclass_statistics e where masterclass_figures.masterclass_id is null) as s),
    days as (
      select s.day, sum(s.registered) as registered
      from (
        select o.day, o.registered from public.registration_statistics o
        where o.masterclass_id = masterclass_figures.masterclass_id
        union all
        select e.day, e.registered from public.registration_statistics e
        where masterclass_figures.masterclass_id is null) as s
      group by s.day having sum(s.registered) <> 0),
    figures as (
      select s.question_id, s.type, json_build_object(
        'answers', s.answers,
        'facility', case when s.answers >= 2 then trim_scale(round(s.right_answers::numeric / s.answers, 4)) end,
        'discrimination', case when s.answers >= 5 then trim_scale(round(
          (s.answers * s.right_rest::numeric - s.right_answers * s.rest_sum::numeric)
          / nullif(sqrt(s.answers * s.right_answers::numeric - s.right_answers::numeric ^ 2)
            * sqrt(s.answers * s.rest_squares::numeric - s.rest_sum::numeric ^ 2), 0), 4)) end) as figures
      from public.question_statistics s
      join public.questions q on q.id = s.question_id
      where q.masterclass_id = masterclass_figures.masterclass_id)
    select json_build_object(
      'masterclass_id', masterclass_figures.masterclass_id,
      'registrations', (
        select json_build_object(
          'total', t.registered, 'validated', t.validated,
          'by_day', coalesce((
            select json_agg(json_build_object('date', d.day, 'count', d.registered) order by d.day) from days d), '[]'))
        from totals t),
      'completion', (
        select json_build_object(
          'registered', t.registered, 'validated', t.validated, 'pre_taken', t.pre_taken, 'post_taken', t.post_taken,
          'rate', trim_scale(round(t.post_taken / nullif(t.registered, 0), 4)))
        from totals t),
      'scores', (
        select json_object_agg(side.type, (
          select json_build_object(
            'tests', coalesce(sum(t.students), 0),
            'mean', trim_scale(round(sum(t.students * t.score) / nullif(sum(t.students), 0), 4)),
            'distribution', (
              select json_agg(json_build_object('score', mark.score, 'count', coalesce(m.students, 0)) order by mark.score)
              from generate_series(0, 10) as mark (score)
              left join (
                select round(u.score) as score, sum(u.students) as students from tests u where u.type = side.type group by 1) as m
                using (score)))
          from tests t where t.type = side.type))
        from (values ('pre'), ('post')) as side (type)),
      'gain', (
        select json_build_object(
          'students', g.students,
          'class_gain', case when g.students >= 2 then
            trim_scale(round((g.post - g.pre) / nullif(g.students - g.pre, 0), 4)) end,
          'individual_students', g.individuals,
          'mean_individual_gain', case when g.individuals >= 2 then
            trim_scale(round(g.individual_sum / g.individuals, 4)) end)
        from gains g),
      'questions', coalesce((
        select json_agg(
          json_build_object(
            'id', q.id, 'question_text', q.question_text, 'status', q.status,
            'pre', coalesce(pre.figures, '{"answers": 0, "facility": null, "discrimination": null}'),
            'post', coalesce(post.figures, '{"answers": 0, "facility": null, "discrimination": null}'))
          order by q.created_at, q.id)
        from public.questions q
        left join figures pre on pre.question_id = q.id and pre.type = 'PRE'
        left join figures post on post.question_id = q.id and post.type = 'POST'
        where q.masterclass_id = masterclass_figures.masterclass_id), '[]')));
end
$$;
-- ---------------------------------------------------------------- masterclass_overview

-- The versions of the statistics; of a masterclass also what is shown of its questions, whose own versions
-- whoever deletes a question and makes it again can repeat.
create function private.overview_is_made_of(masterclass_id uuid)
returns bytea
language plpgsql
stable
set search_path = ''
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  first constant uuid := coalesce(overview_is_made_of.masterclass_id, '00000000-0000-0000-0000-000000000000');
  last constant uuid := coalesce(overview_is_made_of.masterclass_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
begin
  return sha256(convert_to(json_build_array(
    overview_is_made_of.masterclass_id,
    (select array_agg(s.version order by s.masterclass_id)
     from public.masterclass_statistics s where s.masterclass_id between first and last),
    (select json_agg(json_build_array(q.id, q.status, q.question_text) order by q.created_at, q.id)
     from public.questions q where q.masterclass_id = overview_is_made_of.masterclass_id))::text, 'UTF8'));
end
$$;

comment on function private.overview_is_made_of(uuid) is
  'Another value for everything that the overview of a masterclass, or of all where it is null, can be made of.';

-- Stable: all that it reads, down to the figures, it reads in the snapshot of the statement that calls it.
create function private.current_overview(masterclass_id uuid, out made_of bytea, out body json, out kept boolean)
language plpgsql
stable
set search_path = ''
as $$
begin
  perform private.require_staff();
  if current_overview.masterclass_id is not null then
    perform private.require_masterclass(current_overview.masterclass_id);
  end if;
  made_of := private.overview_is_made_of(current_overview.masterclass_id);
  -- A replica for reading has no unlogged tables.
  if not pg_is_in_recovery() then
    select k.body into body from private.kept_overviews k
    where k.scope = coalesce(current_overview.masterclass_id, '00000000-0000-0000-0000-000000000000')
      and k.made_of = current_overview.made_of;
  end if;
  kept := body is not null;
  if not kept then
    body := private.masterclass_figures(current_overview.masterclass_id);
  end if;
end
$$;

comment on function private.current_overview(uuid) is
  'The overview, whether it was kept, and what it is made of. Refuses whoever is not staff.';

-- Runs as its definer, who alone reads and writes what is kept. It shows the same to everybody whom the policies of
-- the statistics let read them, and who they do not, current_overview refuses.
create or replace function public.masterclass_overview(masterclass_id uuid default null)
returns json
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  whole constant uuid := coalesce(masterclass_overview.masterclass_id, '00000000-0000-0000-0000-000000000000');
  overview record;
begin
  select * into overview from private.current_overview(masterclass_overview.masterclass_id);
  -- Where it cannot be kept at once it is only given: by GET, while another caller keeps it, or in a snapshot that
  -- may not write over what others have written since.
  if not overview.kept
     and current_setting('transaction_read_only') = 'off' and current_setting('transaction_isolation') = 'read committed'
     and private.may_keep_overview(whole) then
    insert into private.kept_overviews as k (scope, made_of, body) values (whole, overview.made_of, overview.body)
    on conflict (scope) do update set made_of = excluded.made_of, body = excluded.body;
  end if;
  return overview.body;
end
$$;

revoke execute on function
  private.may_keep_overview(uuid), private.forget_overviews(), private.overview_is_made_of(uuid),
  private.current_overview(uuid), private.masterclass_figures(uuid), private.require_masterclass(uuid)
  from public, anon, authenticated, service_role;
