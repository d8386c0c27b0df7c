-- Generated questions become drafts, and their answer is recorded under its key, in one transaction.

create function public.store_generated_questions(
  masterclass_id uuid,
  questions jsonb,
  endpoint text default null,
  idempotency_key text default null,
  answer jsonb default null)
returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
  if not private.is_staff() then
    perform private.raise_error('staff_only');
  end if;
  if jsonb_typeof(store_generated_questions.questions) is distinct from 'array'
     or jsonb_array_length(store_generated_questions.questions) > 50 then
    perform private.raise_error('invalid_questions');
  end if;

  -- Without a masterclass the questions are only answered, not kept.
  if store_generated_questions.masterclass_id is not null then
    if not exists (select from public.masterclasses m where m.id = store_generated_questions.masterclass_id) then
      perform private.raise_error('masterclass_not_found');
    end if;
    insert into public.questions (
      id, masterclass_id, question_text, choices, correct_choice, status, evidence_page, evidence_quote, flaws)
    select
      coalesce(q.id, gen_random_uuid()), store_generated_questions.masterclass_id,
      q.question_text, q.choices, q.correct_choice, 'draft', q.evidence_page, q.evidence_quote, coalesce(q.flaws, '{}')
    from jsonb_to_recordset(store_generated_questions.questions) as q (
      id uuid, question_text text, choices jsonb, correct_choice text,
      evidence_page int, evidence_quote text, flaws text[]);
  end if;

  if store_generated_questions.idempotency_key is not null then
    update private.idempotent_requests r
    set answer = coalesce(store_generated_questions.answer, 'null'::jsonb)
    where r.caller = auth.uid()
      and r.endpoint = store_generated_questions.endpoint
      and r.key = store_generated_questions.idempotency_key
      and r.answer is null;
    if not found then
      -- Somebody took over and answered first: their questions stand, these are rolled back.
      perform private.raise_error('idempotency_key_conflict');
    end if;
  end if;
end
$$;

comment on function public.store_generated_questions(uuid, jsonb, text, text, jsonb) is
  'Stores generated questions as drafts and records the answer under its idempotency key, both or neither. Staff only.';

revoke execute on function public.store_generated_questions(uuid, jsonb, text, text, jsonb)
  from public, anon, service_role;
grant execute on function public.store_generated_questions(uuid, jsonb, text, text, jsonb) to authenticated;
