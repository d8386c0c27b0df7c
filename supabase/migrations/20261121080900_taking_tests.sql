-- What a student calls: get_test, register_for_masterclass, submit_test, review_test.
-- Each runs as its definer because the paper and the questions are closed to students.
--
-- No answer carries a score. PostgREST applies `select=` to the answer of a function inside its
-- transaction: a cast that fails would show the score and roll the test back, as often as one likes.
-- The score is read from `tests` afterwards, once it is final.

-- The caller's profile, locked: two requests of one student go one after the other.
create function private.lock_learner()
returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
  learner uuid := auth.uid();
begin
  if learner is null then
    perform private.raise_error('not_authenticated');
  end if;
  if private.is_staff() then
    perform private.raise_error('staff_cannot_take_tests');
  end if;
  perform from public.profiles p where p.id = learner for no key update;
  if not found then
    perform private.raise_error('profile_required');
  end if;
  return learner;
end
$$;

comment on function private.lock_learner() is 'The caller, who must be a student with a profile; makes their requests wait for one another.';

create function private.draw_test_paper(learner uuid, masterclass uuid)
returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
  paper uuid;
begin
  insert into private.test_papers (profile_id, masterclass_id) values (learner, masterclass) returning id into paper;
  -- The order differs from student to student but not from call to call: a draw that is rolled back
  -- and tried again gives the same questions.
  -- `for share` waits for an edit in progress, and an edit that comes later finds the question in use.
  insert into private.test_paper_questions (paper_id, position, question_id, masterclass_id)
  select paper, row_number() over (order by md5(learner::text || drawn.id::text)), drawn.id, masterclass
  from (
    select q.id from public.questions q
    where q.masterclass_id = masterclass and q.status = 'published'
    order by md5(learner::text || q.id::text)
    limit private.questions_per_test()
    for share) as drawn;
  if not found then
    perform private.raise_error('masterclass_has_no_questions');
  end if;
  return paper;
end
$$;

comment on function private.draw_test_paper(uuid, uuid) is 'Freezes a set of published questions for a student.';

create function public.get_test(masterclass_id uuid, type text)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  learner uuid := private.lock_learner();
  inscription public.inscriptions;
  paper uuid;
begin
  select * into inscription from public.inscriptions i
  where i.profile_id = learner and i.masterclass_id = get_test.masterclass_id;

  if get_test.type = 'PRE' then
    if inscription.id is not null then
      perform private.raise_error('already_registered');
    end if;
    if not exists (select from public.masterclasses m where m.id = get_test.masterclass_id and m.published) then
      perform private.raise_error('masterclass_not_found');
    end if;
    select p.id into paper from private.test_papers p
    where p.profile_id = learner and p.masterclass_id = get_test.masterclass_id;
    paper := coalesce(paper, private.draw_test_paper(learner, get_test.masterclass_id));
  elsif get_test.type = 'POST' then
    if inscription.id is null then
      perform private.raise_error('not_registered');
    end if;
    if not inscription.validated then
      perform private.raise_error('registration_not_validated');
    end if;
    if exists (select from public.tests t where t.inscription_id = inscription.id and t.type = 'POST') then
      perform private.raise_error('post_test_already_taken');
    end if;
    select p.id into paper from private.test_papers p where p.inscription_id = inscription.id;
  else
    perform private.raise_error('invalid_test_type');
  end if;

  return (
    select jsonb_build_object(
      'masterclass_id', get_test.masterclass_id,
      'type', get_test.type,
      'max_score', count(*),
      'questions', jsonb_agg(
        jsonb_build_object('id', q.id, 'question_text', q.question_text, 'choices', q.choices)
        order by asked.position))
    from private.test_paper_questions asked
    join public.questions q on q.id = asked.question_id
    where asked.paper_id = paper);
end
$$;

comment on function public.get_test(uuid, text) is
  'The caller''s questions for the PRE or the POST test, without their answers. The first call freezes the set; both tests ask it.';

create function public.register_for_masterclass(masterclass_id uuid, responses jsonb)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  learner uuid := private.lock_learner();
  paper uuid;
  new_inscription uuid;
  test public.tests;
begin
  if exists (
    select from public.inscriptions i
    where i.profile_id = learner and i.masterclass_id = register_for_masterclass.masterclass_id) then
    perform private.raise_error('already_registered');
  end if;
  if not exists (
    select from public.masterclasses m where m.id = register_for_masterclass.masterclass_id and m.published) then
    perform private.raise_error('masterclass_not_found');
  end if;
  select p.id into paper from private.test_papers p
  where p.profile_id = learner and p.masterclass_id = register_for_masterclass.masterclass_id;
  if paper is null then
    perform private.raise_error('test_not_opened');
  end if;

  -- What must reach somebody because of a registration is inserted here too, and commits with it.
  insert into public.inscriptions (profile_id, masterclass_id)
  values (learner, register_for_masterclass.masterclass_id)
  returning id into new_inscription;
  update private.test_papers p set profile_id = null, inscription_id = new_inscription where p.id = paper;
  insert into public.tests (inscription_id, type, responses)
  values (new_inscription, 'PRE', register_for_masterclass.responses)
  returning * into test;

  return jsonb_build_object(
    'inscription_id', new_inscription,
    'test', jsonb_build_object(
      'id', test.id, 'type', test.type, 'max_score', test.max_score, 'taken_at', test.taken_at));
end
$$;

comment on function public.register_for_masterclass(uuid, jsonb) is
  'Registers the caller and stores the PRE test, both or neither. The score is then read from tests.';

create function public.submit_test(inscription_id uuid, responses jsonb)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  learner uuid := private.lock_learner();
  test public.tests;
begin
  -- Somebody else's registration does not exist for the caller.
  if not exists (
    select from public.inscriptions i where i.id = submit_test.inscription_id and i.profile_id = learner) then
    perform private.raise_error('inscription_not_found');
  end if;
  insert into public.tests (inscription_id, type, responses)
  values (submit_test.inscription_id, 'POST', submit_test.responses)
  returning * into test;
  return jsonb_build_object(
    'id', test.id, 'type', test.type, 'max_score', test.max_score, 'taken_at', test.taken_at);
end
$$;

comment on function public.submit_test(uuid, jsonb) is 'Stores the POST test of the caller''s validated registration. The score is then read from tests.';

create function public.review_test(inscription_id uuid)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  pre jsonb;
  post jsonb;
begin
  if not exists (
    select from public.inscriptions i
    where i.id = review_test.inscription_id
      and (i.profile_id = auth.uid() or private.is_staff())) then
    perform private.raise_error('inscription_not_found');
  end if;
  select t.responses into post from public.tests t
  where t.inscription_id = review_test.inscription_id and t.type = 'POST' and t.taken_at < now();
  if not found then
    perform private.raise_error('review_not_open');
  end if;
  select t.responses into pre from public.tests t
  where t.inscription_id = review_test.inscription_id and t.type = 'PRE';

  return (
    select jsonb_agg(
      jsonb_build_object(
        'question_id', q.id,
        'question_text', q.question_text,
        'choices', q.choices,
        'correct_choice', q.correct_choice,
        'pre_response', pre ->> q.id::text,
        'post_response', post ->> q.id::text,
        'evidence_page', q.evidence_page,
        'evidence_quote', q.evidence_quote)
      order by asked.position)
    from private.test_papers p
    join private.test_paper_questions asked on asked.paper_id = p.id
    join public.questions q on q.id = asked.question_id
    where p.inscription_id = review_test.inscription_id);
end
$$;

comment on function public.review_test(uuid) is
  'The questions with their answers and evidence, once the POST test is submitted; for the student and for staff.';

revoke execute on function private.lock_learner(), private.draw_test_paper(uuid, uuid)
  from public, anon, authenticated, service_role;
revoke execute on function
  public.get_test(uuid, text), public.register_for_masterclass(uuid, jsonb),
  public.submit_test(uuid, jsonb), public.review_test(uuid)
  from public, anon, service_role;
grant execute on function
  public.get_test(uuid, text), public.register_for_masterclass(uuid, jsonb),
  public.submit_test(uuid, jsonb), public.review_test(uuid)
  to authenticated;
