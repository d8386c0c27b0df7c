-- What is held about a person, given to them; and an account deleted by its owner.

insert into private.error_messages (code, http_status, message_fr, hint_fr, message_en, hint_en) values
  ('recent_sign_in_required', 403,
   'Pour supprimer votre compte, vous devez vous être connecté il y a moins de dix minutes.', 'Connectez-vous de nouveau, puis recommencez.',
   'To delete your account you must have signed in within the last ten minutes.', 'Sign in again, then try once more.');

-- ---------------------------------------------------------------- export

-- Where each table that leads to an account is found in the export. A test walks the foreign keys, so
-- that a table added later is either exported or says here why not.
create function private.exported_tables()
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
    ('private.student_records', null, 'made from profiles, inscriptions and tests'),
    ('public.question_statistics', null, 'counts of answers; leads to the author of the question only')
$$;

comment on function private.exported_tables() is
  'Tables that hold something about an account, and the key of export_account that gives it, or why none does.';

create function public.export_account()
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
      from storage.objects o where o.owner = me or o.owner_id = me::text));
end
$$;

comment on function public.export_account() is
  'Everything held about the caller: {exported_at, account, profile, roles, consents, inscriptions, opened_tests, questions, requests, files}. No right answers.';

-- ---------------------------------------------------------------- deletion

create function private.has_signed_in_recently()
returns boolean
language sql
stable
security definer
set search_path = ''
as $$
  -- `amr` holds {"method", "timestamp"} by default and bare names where a hook chose RFC 8176: those
  -- tell no time, and count for nothing.
  select coalesce(bool_or(method <> 'token_refresh' and age <= 600) and bool_and(age >= -60), false)
  from (
    select entry ->> 'method' as method,
      case when jsonb_typeof(entry -> 'timestamp') = 'number'
        then extract(epoch from now()) - (entry ->> 'timestamp')::numeric end as age
    from jsonb_array_elements(
      case when jsonb_typeof(auth.jwt() -> 'amr') = 'array' then auth.jwt() -> 'amr' else '[]' end) as entry) as ways
$$;

comment on function private.has_signed_in_recently() is
  'Whether the caller''s token says that they proved who they are in the last ten minutes. A clock may be a minute ahead.';

create function public.delete_account()
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  caller uuid := auth.uid();
begin
  if not exists (select from auth.users u where u.id = caller) then
    perform private.raise_error('not_authenticated');
  end if;
  -- A phone left on a table, or a stolen token, must not be enough.
  if not private.has_signed_in_recently() then
    perform private.raise_error('recent_sign_in_required');
  end if;
  -- The rest is what foreign keys and triggers do for any deletion, also one by Supabase Auth:
  -- registrations and tests stay without a person, the last admin stays, all else goes.
  delete from auth.users u where u.id = caller;
end
$$;

comment on function public.delete_account() is
  'Deletes the caller''s account; needs a sign-in of the last ten minutes. Registrations and tests stay without a person; the last admin is refused.';

-- Files belong to a masterclass and stay; older projects refuse to delete the owner of a file.
create function private.release_files()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  update storage.objects o set owner = null, owner_id = null
  where o.owner = old.id or o.owner_id = old.id::text;
  return old;
end
$$;

comment on function private.release_files() is 'Takes the owner''s name off the files of an account that is deleted.';

create trigger release_files
  before delete on auth.users
  for each row execute function private.release_files();

revoke execute on function private.exported_tables(), private.has_signed_in_recently(), private.release_files()
  from public, anon, authenticated, service_role;
revoke execute on function public.export_account(), public.delete_account() from public, anon, service_role;
grant execute on function public.export_account(), public.delete_account() to authenticated;
