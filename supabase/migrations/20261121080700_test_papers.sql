-- The questions a student was given, frozen when the test is first opened:
-- PRE and POST ask the same ones, so that the gain compares like with like.

create function private.questions_per_test()
returns int
language sql
immutable
set search_path = ''
as $$ select 10 $$;

comment on function private.questions_per_test() is 'Questions in a test: ten, or all that are published when they are fewer.';

revoke execute on function private.questions_per_test() from public, anon, authenticated, service_role;

create table private.test_papers (
  id             uuid primary key default gen_random_uuid(),
  masterclass_id uuid not null references public.masterclasses (id) on delete cascade,
  profile_id     uuid references public.profiles (id) on delete cascade,
  inscription_id uuid unique references public.inscriptions (id) on delete cascade,
  created_at     timestamptz not null default now(),
  unique (id, masterclass_id),
  unique (profile_id, masterclass_id),
  constraint test_papers_one_owner_check check (num_nonnulls(profile_id, inscription_id) = 1)
);

comment on table private.test_papers is 'A student''s set of questions for a masterclass.';
comment on column private.test_papers.id is 'Identifier.';
comment on column private.test_papers.masterclass_id is 'The masterclass.';
comment on column private.test_papers.profile_id is 'The student, until registration; such a paper goes with the account.';
comment on column private.test_papers.inscription_id is 'The registration, from then on; the paper then names nobody.';
comment on column private.test_papers.created_at is 'When the test was first opened.';

create table private.test_paper_questions (
  paper_id       uuid not null,
  position       int not null check (position >= 1),
  question_id    uuid not null,
  masterclass_id uuid not null,
  primary key (paper_id, position),
  unique (paper_id, question_id),
  foreign key (paper_id, masterclass_id) references private.test_papers (id, masterclass_id) on delete cascade,
  foreign key (question_id, masterclass_id) references public.questions (id, masterclass_id)
);

comment on table private.test_paper_questions is
  'The questions of a paper. Its keys make it impossible to ask a question twice or one of another masterclass.';
comment on column private.test_paper_questions.paper_id is 'The paper.';
comment on column private.test_paper_questions.position is 'Place in the test, from 1.';
comment on column private.test_paper_questions.question_id is 'The question.';
comment on column private.test_paper_questions.masterclass_id is 'Masterclass of both the paper and the question.';

create index test_papers_masterclass_id_idx on private.test_papers (masterclass_id);
create index test_paper_questions_question_id_idx on private.test_paper_questions (question_id, masterclass_id);
create index test_paper_questions_paper_id_idx on private.test_paper_questions (paper_id, masterclass_id);

alter table private.test_papers enable row level security;
alter table private.test_paper_questions enable row level security;

revoke all on table private.test_papers, private.test_paper_questions from public, anon, authenticated, service_role;

-- A question that was shown keeps its choices and its answer: otherwise one student would be
-- graded by another key than the one who came before.
create function private.protect_asked_question()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if tg_op = 'UPDATE'
     and (new.id, new.masterclass_id, new.choices, new.correct_choice)
       is not distinct from (old.id, old.masterclass_id, old.choices, old.correct_choice) then
    return new;
  end if;
  if exists (select from private.test_paper_questions q where q.question_id = old.id) then
    perform private.raise_error('question_in_use');
  end if;
  return case when tg_op = 'DELETE' then old else new end;
end
$$;

comment on function private.protect_asked_question() is
  'Refuses to delete a question that is in a paper, or to change its choices or its answer.';

-- Papers nobody submitted do not keep a masterclass alive; registrations do.
create function private.protect_masterclass_with_inscriptions()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if exists (select from public.inscriptions i where i.masterclass_id = old.id) then
    perform private.raise_error('masterclass_has_inscriptions');
  end if;
  delete from private.test_papers p where p.masterclass_id = old.id;
  return old;
end
$$;

comment on function private.protect_masterclass_with_inscriptions() is
  'Refuses to delete a masterclass with registrations; drops the papers that were opened and never submitted.';

revoke execute on function private.protect_asked_question(), private.protect_masterclass_with_inscriptions()
  from public, anon, authenticated, service_role;

create trigger protect_asked_question
  before update or delete on public.questions
  for each row execute function private.protect_asked_question();

create trigger protect_masterclass_with_inscriptions
  before delete on public.masterclasses
  for each row execute function private.protect_masterclass_with_inscriptions();
