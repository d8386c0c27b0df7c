-- The bank of multiple-choice questions. Only staff ever read this table: it holds the answers.

create function private.are_choices(choices jsonb)
returns boolean
language sql
immutable
set search_path = ''
as $$
  select case
    when jsonb_typeof(choices) is distinct from 'object' then false
    when not choices ?& array['A', 'B', 'C', 'D'] then false
    when choices - array['A', 'B', 'C', 'D'] <> '{}'::jsonb then false
    else (
      select bool_and(jsonb_typeof(value) = 'string' and length(btrim(value #>> '{}')) between 1 and 500)
         and count(distinct lower(regexp_replace(btrim(value #>> '{}'), '\s+', ' ', 'g'))) = 4
      from jsonb_each(choices))
  end
$$;

comment on function private.are_choices(jsonb) is
  'Exactly A, B, C and D, each a different non-empty text of at most 500 characters (case and spaces do not make a difference).';

-- A check constraint runs with the rights of whoever writes the row.
revoke execute on function private.are_choices(jsonb) from public, anon;
grant execute on function private.are_choices(jsonb) to authenticated, service_role;

create table public.questions (
  id             uuid primary key default gen_random_uuid(),
  masterclass_id uuid not null references public.masterclasses (id) on delete cascade,
  question_text  text not null check (length(btrim(question_text)) between 1 and 2000),
  choices        jsonb not null constraint questions_choices_check check (private.are_choices(choices)),
  correct_choice text not null check (correct_choice in ('A', 'B', 'C', 'D')),
  status         text not null default 'draft' check (status in ('draft', 'published', 'archived')),
  evidence_page  int check (evidence_page >= 1),
  evidence_quote text check (length(evidence_quote) between 1 and 4000),
  flaws          text[] not null default '{}' check (cardinality(flaws) <= 30),
  version        int not null default 1,
  created_by     uuid default auth.uid() references auth.users (id) on delete set null,
  created_at     timestamptz not null default now(),
  updated_at     timestamptz not null default now(),
  unique (id, masterclass_id),
  constraint questions_evidence_check check ((evidence_page is null) = (evidence_quote is null))
);

comment on table public.questions is 'Bank of multiple-choice questions of a masterclass, with their answers. Readable by staff only.';
comment on column public.questions.id is 'Identifier; the key under which responses name the question.';
comment on column public.questions.masterclass_id is 'Masterclass the question is about.';
comment on column public.questions.question_text is 'The stem. A typing error may be mended even after the question was asked.';
comment on column public.questions.choices is '{"A": "…", "B": "…", "C": "…", "D": "…"}: four different texts.';
comment on column public.questions.correct_choice is 'Letter of the right choice.';
comment on column public.questions.status is 'draft (not asked yet), published (asked), archived (no longer asked, kept for the tests that asked it).';
comment on column public.questions.evidence_page is 'Page of the PDF that holds the quote, from 1.';
comment on column public.questions.evidence_quote is 'Words of that page that support the answer.';
comment on column public.questions.flaws is 'Item-writing flaws found by the checks, in snake_case.';
comment on column public.questions.version is 'Rises by one with each change: send it back as a filter to change only what you have read.';
comment on column public.questions.created_by is 'Member of staff who made it; empty once the account is deleted.';
comment on column public.questions.created_at is 'When it was made.';
comment on column public.questions.updated_at is 'When it last changed.';

create index questions_masterclass_id_status_idx on public.questions (masterclass_id, status, created_at);
create index questions_created_by_idx on public.questions (created_by);

-- `Prefer: count=planned` shows row estimates to anyone who may name the table.
-- Without statistics an estimate says nothing about the answers.
alter table public.questions
  alter column question_text set statistics 0,
  alter column choices set statistics 0,
  alter column correct_choice set statistics 0,
  alter column evidence_page set statistics 0,
  alter column evidence_quote set statistics 0,
  alter column flaws set statistics 0;

alter table public.questions enable row level security;

revoke all on table public.questions from anon, authenticated, service_role;
grant select, delete on table public.questions to authenticated;
grant insert (id, masterclass_id, question_text, choices, correct_choice, status, evidence_page, evidence_quote, flaws)
  on table public.questions to authenticated;
grant update (question_text, choices, correct_choice, status, evidence_page, evidence_quote, flaws)
  on table public.questions to authenticated;
grant select, insert, update, delete on table public.questions to service_role;

create policy "staff read questions"
  on public.questions for select to authenticated
  using ((select private.is_staff()));

create policy "staff create questions"
  on public.questions for insert to authenticated
  with check ((select private.is_staff()));

create policy "staff change questions"
  on public.questions for update to authenticated
  using ((select private.is_staff()))
  with check ((select private.is_staff()));

create policy "staff delete questions"
  on public.questions for delete to authenticated
  using ((select private.is_staff()));

create function private.count_question_version()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.version := old.version + 1;
  new.updated_at := now();
  return new;
end
$$;

comment on function private.count_question_version() is 'Keeps version and updated_at.';

revoke execute on function private.count_question_version() from public, anon, authenticated, service_role;

create trigger count_question_version
  before update on public.questions
  for each row execute function private.count_question_version();
