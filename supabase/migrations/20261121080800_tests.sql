-- Submitted tests. The table itself grades them: no caller, not even with the secret key, writes a score.

create table public.tests (
  id             uuid primary key default gen_random_uuid(),
  inscription_id uuid not null references public.inscriptions (id),
  type           text not null check (type in ('PRE', 'POST')),
  score          int not null,
  max_score      int not null default 10 check (max_score >= 1),
  responses      jsonb not null,
  taken_at       timestamptz not null default now(),
  unique (inscription_id, type),
  constraint tests_score_check check (score between 0 and max_score)
);

comment on table public.tests is 'A submitted PRE or POST test, graded by the table itself; never changed afterwards.';
comment on column public.tests.id is 'Identifier.';
comment on column public.tests.inscription_id is 'The registration it belongs to.';
comment on column public.tests.type is 'PRE (at registration) or POST (after validation), each once.';
comment on column public.tests.score is 'Number of right responses, computed on insert.';
comment on column public.tests.max_score is 'Number of questions asked, computed on insert.';
comment on column public.tests.responses is '{"question id": "A"}; a question that is missing was not answered and counts as wrong.';
comment on column public.tests.taken_at is 'When it was submitted.';

-- unique (inscription_id, type) serves the foreign key and the policy.
create index tests_taken_at_idx on public.tests (taken_at);

alter table public.tests enable row level security;

revoke all on table public.tests from anon, authenticated, service_role;
-- As for inscriptions: the insert grant has no policy and only serves the hint.
grant select, insert on table public.tests to authenticated;
grant select on table public.tests to service_role;

-- taken_at is the start of the transaction that stored the test: within it the student sees nothing.
-- A score that can be seen and then rolled back could be asked for until every answer is known.
create policy "students read their own stored tests and staff read all"
  on public.tests for select to authenticated
  using (
    (select private.is_staff())
    or (taken_at < now()
        and inscription_id in (
          select i.id from public.inscriptions i where i.profile_id = (select auth.uid()))));

create trigger refuse_direct_insert
  before insert on public.tests
  for each statement
  when (current_user in ('anon', 'authenticated', 'service_role'))
  execute function private.refuse_direct_insert('use_submit_test');

-- 1. the registration exists and is locked; 2. the order PRE, validation, POST holds;
-- 3. the responses are letters for questions of the paper; 4. score and maximum are computed.
create function private.grade_test()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  inscription public.inscriptions;
  paper uuid;
begin
  select * into inscription from public.inscriptions i where i.id = new.inscription_id for no key update;
  if not found then
    perform private.raise_error('inscription_not_found');
  end if;
  if exists (select from public.tests t where t.inscription_id = new.inscription_id and t.type = new.type) then
    perform private.raise_error(case new.type when 'PRE' then 'pre_test_already_taken' else 'post_test_already_taken' end);
  end if;
  select p.id into paper from private.test_papers p where p.inscription_id = new.inscription_id;
  if paper is null then
    perform private.raise_error('test_not_opened');
  end if;

  if new.type = 'POST' then
    if not exists (select from public.tests t where t.inscription_id = new.inscription_id and t.type = 'PRE') then
      perform private.raise_error('not_registered');
    end if;
    if not inscription.validated then
      perform private.raise_error('registration_not_validated');
    end if;
  end if;

  select count(*) into new.max_score from private.test_paper_questions q where q.paper_id = paper;
  -- 64 bytes hold a uuid, a letter and their overhead.
  if jsonb_typeof(new.responses) is distinct from 'object'
     or pg_column_size(new.responses) > 64 + 64 * new.max_score
     or exists (select from jsonb_each(new.responses) r where r.value not in ('"A"', '"B"', '"C"', '"D"')) then
    perform private.raise_error('invalid_responses');
  end if;
  if exists (
    select from jsonb_object_keys(new.responses) as answered (question_id)
    where answered.question_id not in (
      select q.question_id::text from private.test_paper_questions q where q.paper_id = paper)) then
    perform private.raise_error('unknown_question');
  end if;

  select count(*) into new.score
  from private.test_paper_questions asked
  join public.questions q on q.id = asked.question_id
  where asked.paper_id = paper and new.responses ->> asked.question_id::text = q.correct_choice;
  new.taken_at := now();
  return new;
end
$$;

create function private.keep_test()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.raise_error('test_is_final');
  return null;
end
$$;

create function private.protect_inscription()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  -- Forgetting the student is the one change of owner: the account was deleted.
  if new.id <> old.id
     or new.masterclass_id <> old.masterclass_id
     or (new.profile_id is distinct from old.profile_id and new.profile_id is not null)
     or (old.validated and not new.validated and exists (
           select from public.tests t where t.inscription_id = old.id and t.type = 'POST')) then
    perform private.raise_error('inscription_is_final');
  end if;
  return new;
end
$$;

create function private.require_pre_test()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if exists (select from public.inscriptions i where i.id = new.id)
     and not exists (select from public.tests t where t.inscription_id = new.id and t.type = 'PRE') then
    perform private.raise_error('inscription_without_pre_test');
  end if;
  return null;
end
$$;

comment on function private.grade_test() is 'Checks order and responses of a test and computes its score, whoever inserts it.';
comment on function private.keep_test() is 'Refuses to change a submitted test.';
comment on function private.protect_inscription() is 'Keeps student and masterclass of a registration, and its validation once the POST test is taken.';
comment on function private.require_pre_test() is 'At commit, a new registration has its PRE test.';

revoke execute on function private.grade_test(), private.keep_test(), private.protect_inscription(), private.require_pre_test()
  from public, anon, authenticated, service_role;

create trigger grade_test
  before insert on public.tests
  for each row execute function private.grade_test();

create trigger keep_test
  before update on public.tests
  for each row execute function private.keep_test();

create trigger protect_inscription
  before update on public.inscriptions
  for each row execute function private.protect_inscription();

create constraint trigger require_pre_test
  after insert on public.inscriptions
  deferrable initially deferred
  for each row execute function private.require_pre_test();
