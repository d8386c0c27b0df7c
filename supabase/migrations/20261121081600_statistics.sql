-- What the overview shows, kept as exact counts and sums: it costs the same whatever has happened.
--
-- A class submits within seconds, and all of it counts into the same few rows. So a statement only
-- notes what changed, and at commit, when nothing is left to do, the notes of the transaction are
-- added up and applied in one order: tables as listed here, rows by key. A row is locked for a moment
-- only, and two transactions never wait for each other in a circle.

create table public.masterclass_statistics (
  masterclass_id uuid primary key references public.masterclasses (id) on delete cascade,
  registered     bigint not null default 0,
  validated      bigint not null default 0,
  pre_taken      bigint not null default 0,
  post_taken     bigint not null default 0
);

comment on table public.masterclass_statistics is 'Registrations of a masterclass and how far they went. Kept by triggers.';
comment on column public.masterclass_statistics.masterclass_id is 'The masterclass.';
comment on column public.masterclass_statistics.registered is 'Registrations.';
comment on column public.masterclass_statistics.validated is 'Those that are validated.';
comment on column public.masterclass_statistics.pre_taken is 'PRE tests submitted.';
comment on column public.masterclass_statistics.post_taken is 'POST tests submitted.';

create table public.registration_statistics (
  masterclass_id uuid not null references public.masterclasses (id) on delete cascade,
  day            date not null,
  validated      boolean not null,
  registered     bigint not null,
  primary key (masterclass_id, day, validated)
);

comment on table public.registration_statistics is 'Registrations by day. Kept by triggers.';
comment on column public.registration_statistics.masterclass_id is 'The masterclass.';
comment on column public.registration_statistics.day is 'Day of registration in Africa/Libreville.';
comment on column public.registration_statistics.validated is 'Whether they are validated now.';
comment on column public.registration_statistics.registered is 'Registrations of that day.';

create table public.score_statistics (
  masterclass_id uuid not null references public.masterclasses (id) on delete cascade,
  max_score      int not null,
  pre_score      int not null,
  post_score     int,
  students       bigint not null,
  unique nulls not distinct (masterclass_id, max_score, pre_score, post_score)
);

comment on table public.score_statistics is
  'How many students had this PRE and this POST score: distributions and gains follow from it. Kept by triggers.';
comment on column public.score_statistics.masterclass_id is 'The masterclass.';
comment on column public.score_statistics.max_score is 'Number of questions.';
comment on column public.score_statistics.pre_score is 'Score of the PRE test.';
comment on column public.score_statistics.post_score is 'Score of the POST test; empty when it is not taken.';
comment on column public.score_statistics.students is 'Students with these scores.';

create table public.question_statistics (
  question_id   uuid not null references public.questions (id) on delete cascade,
  type          text not null check (type in ('PRE', 'POST')),
  answers       bigint not null,
  right_answers bigint not null,
  rest_sum      bigint not null,
  rest_squares  bigint not null,
  right_rest    bigint not null,
  primary key (question_id, type)
);

comment on table public.question_statistics is
  'Sums from which facility and discrimination of a question follow exactly. "Rest" is the score on the other questions of the same test. Kept by triggers.';
comment on column public.question_statistics.question_id is 'The question.';
comment on column public.question_statistics.type is 'PRE or POST.';
comment on column public.question_statistics.answers is 'Tests that asked it. A question left unanswered was asked, and is wrong.';
comment on column public.question_statistics.right_answers is 'Tests with the right answer.';
comment on column public.question_statistics.rest_sum is 'Sum of the rests.';
comment on column public.question_statistics.rest_squares is 'Sum of the squares of the rests.';
comment on column public.question_statistics.right_rest is 'Sum of the rests of the tests with the right answer.';

-- No WAL: a transaction leaves nothing here, and one that is cut off counts nothing.
create unlogged table private.statistics_changes (
  masterclass_id uuid,
  day            date,
  validated      boolean,
  max_score      int,
  pre_score      int,
  post_score     int,
  question_id    uuid,
  type           text,
  n              bigint not null,
  right_answers  bigint,
  rest_sum       bigint,
  rest_squares   bigint,
  right_rest     bigint
);

comment on table private.statistics_changes is
  'What a transaction adds to the statistics, from its statements until its commit. A row is about a day, a pair of scores, or a question.';
comment on column private.statistics_changes.masterclass_id is 'The masterclass, for a day or a pair of scores.';
comment on column private.statistics_changes.day is 'See registration_statistics.';
comment on column private.statistics_changes.validated is 'See registration_statistics.';
comment on column private.statistics_changes.max_score is 'See score_statistics.';
comment on column private.statistics_changes.pre_score is 'See score_statistics.';
comment on column private.statistics_changes.post_score is 'See score_statistics.';
comment on column private.statistics_changes.question_id is 'See question_statistics.';
comment on column private.statistics_changes.type is 'See question_statistics.';
comment on column private.statistics_changes.n is 'Registrations, students or answers to add; negative to take away.';
comment on column private.statistics_changes.right_answers is 'To add, for a question.';
comment on column private.statistics_changes.rest_sum is 'To add, for a question.';
comment on column private.statistics_changes.rest_squares is 'To add, for a question.';
comment on column private.statistics_changes.right_rest is 'To add, for a question.';

alter table public.masterclass_statistics enable row level security;
alter table public.registration_statistics enable row level security;
alter table public.score_statistics enable row level security;
alter table public.question_statistics enable row level security;
alter table private.statistics_changes enable row level security;

revoke all on table
  public.masterclass_statistics, public.registration_statistics, public.score_statistics, public.question_statistics,
  private.statistics_changes
  from public, anon, authenticated, service_role;
grant select on table
  public.masterclass_statistics, public.registration_statistics, public.score_statistics, public.question_statistics
  to authenticated;

create policy "staff read masterclass statistics"
  on public.masterclass_statistics for select to authenticated using ((select private.is_staff()));
create policy "staff read registration statistics"
  on public.registration_statistics for select to authenticated using ((select private.is_staff()));
create policy "staff read score statistics"
  on public.score_statistics for select to authenticated using ((select private.is_staff()));
create policy "staff read question statistics"
  on public.question_statistics for select to authenticated using ((select private.is_staff()));

-- ---------------------------------------------------------------- noting

create function private.local_day(moment timestamptz)
returns date
language sql
immutable
set search_path = ''
as $$ select (moment at time zone 'Africa/Libreville')::date $$;

comment on function private.local_day(timestamptz) is 'The day of a moment in Libreville, which has no summer time.';

create function private.note_inscriptions()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if tg_op in ('UPDATE', 'DELETE') then
    insert into private.statistics_changes (masterclass_id, day, validated, n)
    select b.masterclass_id, private.local_day(b.registration_date), b.validated, -count(*) from before b group by 1, 2, 3;
  end if;
  if tg_op in ('INSERT', 'UPDATE') then
    insert into private.statistics_changes (masterclass_id, day, validated, n)
    select c.masterclass_id, private.local_day(c.registration_date), c.validated, count(*) from changed c group by 1, 2, 3;
  end if;
  return null;
end
$$;

-- `changed` is what was stored or deleted. With it a registration has the scores `complete`, without it
-- `lacking`: a test that is stored moves it from one pair of scores to another, one that is deleted, back.
create function private.note_tests()
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

  insert into private.statistics_changes (question_id, type, n, right_answers, rest_sum, rest_squares, right_rest)
  select a.question_id, a.type, sign * count(*), sign * sum(a.correct),
    sign * sum(a.score - a.correct), sign * sum((a.score - a.correct) ^ 2), sign * sum(a.correct * (a.score - 1))
  from (
    select asked.question_id, c.type, c.score,
      coalesce(c.responses ->> asked.question_id::text = q.correct_choice, false)::int as correct
    from changed c
    join private.test_papers p on p.inscription_id = c.inscription_id
    join private.test_paper_questions asked on asked.paper_id = p.id
    join public.questions q on q.id = asked.question_id) as a
  group by 1, 2;
  return null;
end
$$;

-- ---------------------------------------------------------------- counting

create function private.count_statistics()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  changes private.statistics_changes[];
begin
  -- Only this transaction's: nobody else's are visible, for nobody commits any.
  with taken as (delete from private.statistics_changes c returning c)
  select array_agg(taken.c) into changes from taken;
  -- The first of the transaction's notes has brought all of them here.
  if changes is null then
    return null;
  end if;

  insert into public.masterclass_statistics as s (masterclass_id, registered, validated, pre_taken, post_taken)
  select c.masterclass_id,
    coalesce(sum(c.n) filter (where c.day is not null), 0),
    coalesce(sum(c.n) filter (where c.day is not null and c.validated), 0),
    coalesce(sum(c.n) filter (where c.pre_score is not null), 0),
    coalesce(sum(c.n) filter (where c.post_score is not null), 0)
  from unnest(changes) as c
  where c.masterclass_id is not null
  group by 1 order by 1
  on conflict (masterclass_id) do update set
    registered = s.registered + excluded.registered, validated = s.validated + excluded.validated,
    pre_taken = s.pre_taken + excluded.pre_taken, post_taken = s.post_taken + excluded.post_taken;

  insert into public.registration_statistics as s (masterclass_id, day, validated, registered)
  select c.masterclass_id, c.day, c.validated, sum(c.n)
  from unnest(changes) as c
  where c.day is not null
  group by 1, 2, 3 having sum(c.n) <> 0 order by 1, 2, 3
  on conflict (masterclass_id, day, validated) do update set registered = s.registered + excluded.registered;

  insert into public.score_statistics as s (masterclass_id, max_score, pre_score, post_score, students)
  select c.masterclass_id, c.max_score, c.pre_score, c.post_score, sum(c.n)
  from unnest(changes) as c
  where c.pre_score is not null
  group by 1, 2, 3, 4 having sum(c.n) <> 0 order by 1, 2, 3, 4
  on conflict (masterclass_id, max_score, pre_score, post_score) do update set students = s.students + excluded.students;

  insert into public.question_statistics as s (
    question_id, type, answers, right_answers, rest_sum, rest_squares, right_rest)
  select c.question_id, c.type, sum(c.n), sum(c.right_answers), sum(c.rest_sum), sum(c.rest_squares), sum(c.right_rest)
  from unnest(changes) as c
  where c.question_id is not null
  group by 1, 2 order by 1, 2
  on conflict (question_id, type) do update set
    answers = s.answers + excluded.answers, right_answers = s.right_answers + excluded.right_answers,
    rest_sum = s.rest_sum + excluded.rest_sum, rest_squares = s.rest_squares + excluded.rest_squares,
    right_rest = s.right_rest + excluded.right_rest;
  return null;
end
$$;

comment on function private.note_inscriptions() is 'Notes what a statement on inscriptions changes in the statistics.';
comment on function private.note_tests() is 'Notes what a statement on tests changes in the statistics.';
comment on function private.count_statistics() is 'At commit, adds what the transaction noted to the statistics.';

create trigger note_insert after insert on public.inscriptions
  referencing new table as changed
  for each statement execute function private.note_inscriptions();
create trigger note_update after update on public.inscriptions
  referencing old table as before new table as changed
  for each statement execute function private.note_inscriptions();
create trigger note_delete after delete on public.inscriptions
  referencing old table as before
  for each statement execute function private.note_inscriptions();
create trigger note_insert after insert on public.tests
  referencing new table as changed
  for each statement execute function private.note_tests();
create trigger note_delete after delete on public.tests
  referencing old table as changed
  for each statement execute function private.note_tests();

create constraint trigger count_statistics
  after insert on private.statistics_changes
  deferrable initially deferred
  for each row execute function private.count_statistics();

-- ---------------------------------------------------------------- counting again

create function private.recompute_statistics()
returns void
language plpgsql
set search_path = ''
as $$
begin
  -- Waits for those who are counting, and holds back those who will: they add to what is found here.
  lock table public.masterclass_statistics, public.registration_statistics, public.score_statistics,
    public.question_statistics in exclusive mode;
  delete from public.masterclass_statistics;
  delete from public.registration_statistics;
  delete from public.score_statistics;
  delete from public.question_statistics;

  insert into public.registration_statistics (masterclass_id, day, validated, registered)
  select i.masterclass_id, private.local_day(i.registration_date), i.validated, count(*)
  from public.inscriptions i group by 1, 2, 3;

  insert into public.score_statistics (masterclass_id, max_score, pre_score, post_score, students)
  select i.masterclass_id, pre.max_score, pre.score, post.score, count(*)
  from public.inscriptions i
  join public.tests pre on pre.inscription_id = i.id and pre.type = 'PRE'
  left join public.tests post on post.inscription_id = i.id and post.type = 'POST'
  group by 1, 2, 3, 4;

  insert into public.masterclass_statistics (masterclass_id, registered, validated, pre_taken, post_taken)
  select r.masterclass_id, r.registered, r.validated, coalesce(s.pre_taken, 0), coalesce(s.post_taken, 0)
  from (
    select d.masterclass_id, sum(d.registered) as registered,
      coalesce(sum(d.registered) filter (where d.validated), 0) as validated
    from public.registration_statistics d group by 1) as r
  left join (
    select c.masterclass_id, sum(c.students) as pre_taken,
      coalesce(sum(c.students) filter (where c.post_score is not null), 0) as post_taken
    from public.score_statistics c group by 1) as s using (masterclass_id);

  insert into public.question_statistics (
    question_id, type, answers, right_answers, rest_sum, rest_squares, right_rest)
  select a.question_id, a.type, count(*), sum(a.correct),
    sum(a.score - a.correct), sum((a.score - a.correct) ^ 2), sum(a.correct * (a.score - 1))
  from (
    select asked.question_id, t.type, t.score,
      coalesce(t.responses ->> asked.question_id::text = q.correct_choice, false)::int as correct
    from public.tests t
    join private.test_papers p on p.inscription_id = t.inscription_id
    join private.test_paper_questions asked on asked.paper_id = p.id
    join public.questions q on q.id = asked.question_id) as a
  group by 1, 2;
end
$$;

comment on function private.recompute_statistics() is
  'Counts the statistics anew from registrations and tests. They are kept exact without it; run it as the database owner after a repair by hand.';

revoke execute on function
  private.local_day(timestamptz), private.note_inscriptions(), private.note_tests(), private.count_statistics(),
  private.recompute_statistics()
  from public, anon, authenticated, service_role;

select private.recompute_statistics();
