-- Messages are part of what is held about a person.

create or replace function private.exported_tables()
returns table (name text, exported_as text, why_not text)
language sql
immutable
set search_path = ''
as $$
  values
    ('public.profiles', 'profile', null),
    ('public.user_roles', 'roles', null),
    ('public.consents', 'consents', null),
    ('public.inscriptions', 'inscriptions', null),
    ('public.tests', 'inscriptions', null),
    ('private.test_papers', 'opened_tests', null),
    ('private.test_paper_questions', 'opened_tests', null),
    ('public.questions', 'questions', null),
    ('private.idempotent_requests', 'requests', null),
    ('storage.objects', 'files', null),
    ('public.outbound_messages', 'messages', null),
    ('public.outbound_message_events', 'messages', null),
    ('private.message_secrets', null, 'links and codes to sign in with, in transit: whoever reads one could use it'),
    ('private.student_records', null, 'made from profiles, inscriptions and tests'),
    ('public.question_statistics', null, 'counts of answers; leads to the author of the question only')
$$;

create or replace function public.export_account()
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  me uuid := auth.uid();
  account jsonb;
begin
  select jsonb_build_object(
    'id', u.id,
    'email', u.email,
    'phone', u.phone,
    'created_at', u.created_at,
    'email_confirmed_at', u.email_confirmed_at,
    'last_sign_in_at', u.last_sign_in_at,
    'user_metadata', u.raw_user_meta_data,
    'app_metadata', u.raw_app_meta_data,
    'identities', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'provider', i.provider, 'identity_data', i.identity_data,
        'created_at', i.created_at, 'last_sign_in_at', i.last_sign_in_at) order by i.created_at), '[]')
      from auth.identities i where i.user_id = u.id),
    -- Never the keys of a session, only where it came from.
    'sessions', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'created_at', s.created_at, 'refreshed_at', s.refreshed_at,
        'user_agent', s.user_agent, 'ip', s.ip) order by s.created_at), '[]')
      from auth.sessions s where s.user_id = u.id))
  into account
  from auth.users u where u.id = me;
  -- Also when the token outlives the account.
  if account is null then
    perform private.raise_error('not_authenticated');
  end if;

  return jsonb_build_object(
    'exported_at', now(),
    'account', account,
    'profile', (select to_jsonb(p) from public.profiles p where p.id = me),
    'roles', (
      select coalesce(jsonb_agg(jsonb_build_object('role', r.role, 'assigned_at', r.assigned_at) order by r.assigned_at, r.role), '[]')
      from public.user_roles r where r.user_id = me),
    'consents', (
      select coalesce(jsonb_agg(to_jsonb(c) - 'user_id' order by c.recorded_at), '[]')
      from public.consents c where c.user_id = me),
    'inscriptions', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'id', i.id,
        'masterclass_id', i.masterclass_id,
        'masterclass_title', m.title,
        'validated', i.validated,
        'registered_at', i.registration_date,
        'tests', (
          select coalesce(jsonb_agg(jsonb_build_object(
            'id', t.id, 'type', t.type, 'score', t.score, 'max_score', t.max_score, 'taken_at', t.taken_at,
            -- Without the right answers: they are not data about a person, and review_test shows them in time.
            'answers', (
              select jsonb_agg(jsonb_build_object(
                'question_id', q.id, 'position', asked.position, 'question_text', q.question_text,
                'choices', q.choices, 'response', t.responses ->> q.id::text) order by asked.position)
              from private.test_papers p
              join private.test_paper_questions asked on asked.paper_id = p.id
              join public.questions q on q.id = asked.question_id
              where p.inscription_id = i.id)) order by t.taken_at, t.type desc), '[]')
          -- As the policy of tests: a score is shown once it can no longer be rolled back.
          from public.tests t where t.inscription_id = i.id and t.taken_at < now())) order by i.registration_date, i.id), '[]')
      from public.inscriptions i
      join public.masterclasses m on m.id = i.masterclass_id
      where i.profile_id = me),
    'opened_tests', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'masterclass_id', p.masterclass_id,
        'masterclass_title', m.title,
        'opened_at', p.created_at,
        'questions', (
          select jsonb_agg(jsonb_build_object(
            'question_id', q.id, 'position', asked.position, 'question_text', q.question_text,
            'choices', q.choices) order by asked.position)
          from private.test_paper_questions asked
          join public.questions q on q.id = asked.question_id
          where asked.paper_id = p.id)) order by p.created_at, p.id), '[]')
      from private.test_papers p
      join public.masterclasses m on m.id = p.masterclass_id
      where p.profile_id = me),
    'questions', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'id', q.id, 'masterclass_id', q.masterclass_id, 'question_text', q.question_text,
        'created_at', q.created_at) order by q.created_at, q.id), '[]')
      from public.questions q where q.created_by = me),
    'requests', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'endpoint', r.endpoint, 'key', r.key, 'created_at', r.created_at,
        'started_at', r.started_at) order by r.created_at, r.key), '[]')
      from private.idempotent_requests r where r.caller = me),
    'files', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'bucket', o.bucket_id, 'name', o.name, 'size', o.metadata -> 'size', 'type', o.metadata -> 'mimetype',
        'created_at', o.created_at) order by o.created_at, o.id), '[]')
      from storage.objects o where o.owner = me or o.owner_id = me::text),
    'messages', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'id', m.id, 'message_type', m.message_type, 'channel', m.channel, 'recipient', m.recipient,
        'language', m.language, 'data', m.data, 'state', m.state, 'created_at', m.created_at, 'sent_at', m.sent_at,
        'history', (
          select jsonb_agg(jsonb_build_object('at', e.at, 'state', e.to_state) order by e.id)
          from public.outbound_message_events e where e.message_id = m.id)) order by m.sequence), '[]')
      from public.outbound_messages m
      where (m.profile_id = me or m.requested_by = me and private.is_account_message(m.message_type))
        -- They tell scores: as with tests, from the next transaction on.
        and m.created_at < now()),
    -- What staff had sent to others is about those others.
    'requested_messages', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'id', m.id, 'message_type', m.message_type, 'created_at', m.created_at, 'state', m.state) order by m.sequence), '[]')
      from public.outbound_messages m
      where m.requested_by = me and not private.is_account_message(m.message_type)));
end
$$;

comment on function public.export_account() is
  'Everything held about the caller: {exported_at, account, profile, roles, consents, inscriptions, opened_tests, questions, requests, files, messages, requested_messages}. No right answers.';
