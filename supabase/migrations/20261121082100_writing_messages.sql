-- What writes messages: registration, tests and validation by trigger, staff and Supabase Auth by
-- function. And who does not want any.

insert into private.error_messages (code, http_status, message_fr, hint_fr, message_en, hint_en) values
  ('invalid_message', 422,
   'Ce message ne peut pas être écrit.', 'Donnez un type de message, une langue (fr ou en) et un objet data de 16 Ko au plus.',
   'This message cannot be written.', 'Give a type of message, a language (fr or en) and an object data of at most 16 KB.'),
  ('invalid_recipient', 422,
   'Ce numéro n''est pas lisible.', 'Donnez un numéro international, par exemple +24174000000.',
   'This number cannot be read.', 'Give an international number, +24174000000 for example.'),
  ('dedupe_key_conflict', 409,
   'Un autre message porte déjà cette clé.', 'Envoyez chaque message sous sa propre clé.',
   'Another message has this key already.', 'Send each message under a key of its own.');

-- ---------------------------------------------------------------- who does not want messages

create table private.opt_outs (
  number_hash bytea primary key,
  stopped     boolean not null,
  said_at     timestamptz not null
);

comment on table private.opt_outs is
  'The last STOP or START from a number. It outlives the account, since who said STOP is not written to again, and so names no number.';
comment on column private.opt_outs.number_hash is 'SHA-256 of the number in E.164.';
comment on column private.opt_outs.stopped is 'true: STOP; false: START.';
comment on column private.opt_outs.said_at is 'When it was said: the latest counts, in whatever order they arrive.';

alter table private.opt_outs enable row level security;
revoke all on table private.opt_outs from public, anon, authenticated, service_role;

create function private.number_hash(number text)
returns bytea
language sql
immutable
set search_path = ''
as $$
  select sha256(convert_to(regexp_replace(number_hash.number, '^\+2410(\d{8})$', '+241\1'), 'UTF8'))
$$;

-- STOP comes from the telephone itself: only START takes it back. What is agreed to in the app cannot,
-- because anybody may write any number into their profile.
create function private.is_opted_out(number text, person uuid)
returns boolean
language sql
stable
security definer
set search_path = ''
as $$
  select exists (select from private.opt_outs o where o.number_hash = private.number_hash(is_opted_out.number) and o.stopped)
    or coalesce((
      select not c.granted from public.consents c
      where c.user_id = is_opted_out.person and c.purpose = 'whatsapp_messages'
      -- At the same instant the refusal counts.
      order by c.recorded_at desc, c.granted limit 1), false)
$$;

comment on function private.number_hash(text) is 'What a number is remembered by after STOP.';
comment on function private.is_opted_out(text, uuid) is 'Whether this number said STOP, or this person''s latest consent to WhatsApp messages is a refusal.';

-- ---------------------------------------------------------------- writing one

create function private.enqueue_message(
  dedupe_key text, message_type text, channel text, recipient text, language text, data jsonb,
  profile_id uuid default null, masterclass_id uuid default null, urgent boolean default false,
  due_at timestamptz default now(), requested_by uuid default null, fallback_for uuid default null)
returns public.outbound_messages
language plpgsql
security definer
set search_path = ''
as $$
declare
  message public.outbound_messages;
  unwanted boolean := enqueue_message.channel = 'whatsapp' and not enqueue_message.urgent
    and private.is_opted_out(enqueue_message.recipient, enqueue_message.profile_id);
begin
  insert into public.outbound_messages (
    dedupe_key, message_type, channel, recipient, language, data, profile_id, masterclass_id, urgent, due_at,
    requested_by, fallback_for, state, last_error)
  values (
    enqueue_message.dedupe_key, enqueue_message.message_type, enqueue_message.channel, enqueue_message.recipient,
    enqueue_message.language, enqueue_message.data, enqueue_message.profile_id, enqueue_message.masterclass_id,
    enqueue_message.urgent, enqueue_message.due_at, enqueue_message.requested_by, enqueue_message.fallback_for,
    case when unwanted then 'cancelled' else 'queued' end, case when unwanted then 'opted_out' end)
  on conflict on constraint outbound_messages_dedupe_key_key do nothing
  returning * into message;
  if not found then
    select * into message from public.outbound_messages m where m.dedupe_key = enqueue_message.dedupe_key;
  end if;
  return message;
end
$$;

comment on function private.enqueue_message(text, text, text, text, text, jsonb, uuid, uuid, boolean, timestamptz, uuid, uuid) is
  'Writes a message, once per dedupe key; answers with the row, old or new. Who opted out gets a cancelled one, so that it shows.';

-- ---------------------------------------------------------------- facts

create function private.write_to_student(message_type text, inscription_id uuid, scores jsonb default '{}')
returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.enqueue_message(
    write_to_student.message_type || ':' || i.id, write_to_student.message_type, 'whatsapp', p.whatsapp_number, p.language,
    jsonb_build_object('name', p.full_name, 'masterclass', m.title) || write_to_student.scores, p.id, m.id)
  from public.inscriptions i
  join public.profiles p on p.id = i.profile_id
  join public.masterclasses m on m.id = i.masterclass_id
  where i.id = write_to_student.inscription_id;
end
$$;

create function private.report_test()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  scores jsonb := jsonb_build_object('score', new.score, 'max_score', new.max_score);
begin
  if new.type = 'PRE' then
    perform private.write_to_student('registration_confirmation', new.inscription_id);
    perform private.write_to_student('pre_test_result', new.inscription_id, scores);
  else
    perform private.write_to_student('post_test_result', new.inscription_id, scores || coalesce((
      select jsonb_build_object('gain', trim_scale(round((new.score - t.score)::numeric / (new.max_score - t.score), 4)))
      from public.tests t
      where t.inscription_id = new.inscription_id and t.type = 'PRE' and t.score < new.max_score), '{}'));
  end if;
  return null;
end
$$;

create function private.report_validation()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.write_to_student('validation', new.id);
  return null;
end
$$;

comment on function private.write_to_student(text, uuid, jsonb) is 'Writes to the student of a registration, once for each type of message.';
comment on function private.report_test() is 'Tells the student that they are registered and what they scored.';
comment on function private.report_validation() is 'Tells the student that their registration is validated, once whatever is toggled later.';

create trigger report_test
  after insert on public.tests
  for each row execute function private.report_test();

create trigger report_validation
  after update of validated on public.inscriptions
  for each row
  when (new.validated and not old.validated)
  execute function private.report_validation();

-- ---------------------------------------------------------------- staff

create function public.send_message(
  recipient text, message_type text, language text default null, data jsonb default '{}', dedupe_key text default null)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  caller uuid := auth.uid();
  person uuid;
  spoken text;
  message public.outbound_messages;
begin
  perform private.require_staff();
  if send_message.recipient is null or send_message.recipient !~ '^\+[1-9][0-9]{6,14}$' then
    perform private.raise_error('invalid_recipient');
  end if;
  if coalesce(send_message.message_type, '') not in (
       'registration_confirmation', 'pre_test_result', 'post_test_result', 'masterclass_reminder', 'validation', 'custom')
     or coalesce(send_message.language, 'fr') not in ('fr', 'en')
     or jsonb_typeof(send_message.data) is distinct from 'object'
     or octet_length(send_message.data::text) > 16384
     or length(send_message.dedupe_key) not between 1 and 200 then
    perform private.raise_error('invalid_message');
  end if;

  -- Whose number it is, where that is certain.
  select (array_agg(p.id))[1], min(p.language) into person, spoken
  from public.profiles p
  where regexp_replace(p.whatsapp_number, '^\+2410(\d{8})$', '+241\1')
      = regexp_replace(send_message.recipient, '^\+2410(\d{8})$', '+241\1')
  having count(*) = 1;

  message := private.enqueue_message(
    'send:' || caller || ':' || coalesce(send_message.dedupe_key, gen_random_uuid()::text),
    send_message.message_type, 'whatsapp', send_message.recipient, coalesce(send_message.language, spoken, 'fr'),
    send_message.data, person, requested_by => caller);
  if (message.recipient, message.message_type, message.data)
     is distinct from (send_message.recipient, send_message.message_type, send_message.data) then
    perform private.raise_error('dedupe_key_conflict');
  end if;
  return jsonb_build_object('id', message.id, 'state', message.state, 'code', message.last_error);
end
$$;

comment on function public.send_message(text, text, text, jsonb, text) is
  'Writes a WhatsApp message to a number in E.164: {id, state, code}; code is opted_out when it was cancelled at once. Staff only.';

-- ---------------------------------------------------------------- Supabase Auth

create function public.enqueue_auth_email(
  webhook_id text, user_id uuid, email text, message_type text, language text, data jsonb)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  message public.outbound_messages;
begin
  if coalesce(length(webhook_id), 0) not between 1 and 300
     or not coalesce(private.is_account_message(enqueue_auth_email.message_type), false)
     or coalesce(enqueue_auth_email.language, '') not in ('fr', 'en')
     or jsonb_typeof(enqueue_auth_email.data) is distinct from 'object'
     or octet_length(enqueue_auth_email.data::text) > 16384
     or enqueue_auth_email.email is null
     or enqueue_auth_email.email !~ '^[^@[:space:][:cntrl:]]+@[^@[:space:][:cntrl:]]+$'
     or length(enqueue_auth_email.email) > 320 then
    perform private.raise_error('invalid_message');
  end if;
  -- The link or code goes into private.message_secrets, never into the row that staff read.
  message := private.enqueue_message(
    'auth:' || enqueue_auth_email.webhook_id, enqueue_auth_email.message_type, 'email', enqueue_auth_email.email,
    enqueue_auth_email.language, '{}',
    (select p.id from public.profiles p where p.id = enqueue_auth_email.user_id), null, true,
    requested_by => (select u.id from auth.users u where u.id = enqueue_auth_email.user_id));
  if message.state = 'queued' and message.attempts = 0 then
    insert into private.message_secrets (message_id, data) values (message.id, enqueue_auth_email.data)
    on conflict (message_id) do nothing;
  end if;
  return jsonb_build_object('id', message.id, 'state', message.state);
end
$$;

comment on function public.enqueue_auth_email(text, uuid, text, text, text, jsonb) is
  'Writes an e-mail of Supabase Auth, once per delivery of its hook (webhook_id): {id, state}. Service only.';

-- ---------------------------------------------------------------- STOP and START

create function public.record_keyword(
  number text, stop boolean, provider_message_id text default null, said_at timestamptz default now())
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  -- Providers write numbers in digits only.
  sender text := '+' || regexp_replace(record_keyword.number, '[^0-9]', '', 'g');
  people bigint := 0;
  cancelled bigint := 0;
begin
  if record_keyword.stop is null or coalesce(sender, '') !~ '^\+[1-9][0-9]{6,14}$' then
    perform private.raise_error('invalid_recipient');
  end if;
  sender := regexp_replace(sender, '^\+2410(\d{8})$', '+241\1');

  insert into private.opt_outs as o (number_hash, stopped, said_at)
  values (private.number_hash(sender), record_keyword.stop, least(coalesce(record_keyword.said_at, now()), now()))
  on conflict (number_hash) do update set stopped = excluded.stopped, said_at = excluded.said_at
  -- In the same second STOP counts.
  where excluded.said_at > o.said_at or (excluded.said_at = o.said_at and excluded.stopped and not o.stopped);
  -- A message that came twice, or late, changes nothing.
  if not found then
    return jsonb_build_object('changed', false, 'people', 0, 'cancelled', 0);
  end if;

  insert into public.consents (user_id, purpose, granted, source)
  select p.id, 'whatsapp_messages', not record_keyword.stop, 'whatsapp'
  from public.profiles p
  where regexp_replace(p.whatsapp_number, '^\+2410(\d{8})$', '+241\1') = sender;
  get diagnostics people = row_count;

  if record_keyword.stop then
    -- What is on its way now is not called back; should it return to the queue, claiming cancels it.
    with unwanted as (
      select m.id from public.outbound_messages m
      where m.recipient in (sender, regexp_replace(sender, '^\+241(\d{8})$', '+2410\1'))
        and m.channel = 'whatsapp' and m.state = 'queued' and not m.urgent
      order by m.id
      for update)
    update public.outbound_messages m set state = 'cancelled', last_error = 'opted_out', last_error_detail = null
    from unwanted u where m.id = u.id;
    get diagnostics cancelled = row_count;
  end if;
  return jsonb_build_object('changed', true, 'people', people, 'cancelled', cancelled);
end
$$;

comment on function public.record_keyword(text, boolean, text, timestamptz) is
  'STOP or START from a number, with the time it was said: {changed, people, cancelled}. STOP cancels what is queued for it, except what the person asked for. Service only.';

-- ---------------------------------------------------------------- an account that is deleted

-- Messages of a profile go with it. This takes the rest: what Supabase Auth wrote before there was a
-- profile, and what staff wrote to a number that nobody else has.
create function private.forget_messages()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  delete from public.outbound_messages m
  where m.requested_by = old.id and private.is_account_message(m.message_type);
  delete from public.outbound_messages m
  using public.profiles p
  where p.id = old.id and m.recipient = p.whatsapp_number and m.profile_id is null
    and not exists (
      select from public.profiles other
      where regexp_replace(other.whatsapp_number, '^\+2410(\d{8})$', '+241\1')
          = regexp_replace(p.whatsapp_number, '^\+2410(\d{8})$', '+241\1')
        and other.id <> p.id);
  return old;
end
$$;

comment on function private.forget_messages() is 'Deletes the messages to a person that no profile leads to, with their account.';

create trigger forget_messages
  before delete on auth.users
  for each row execute function private.forget_messages();

revoke execute on function
  private.number_hash(text), private.is_opted_out(text, uuid),
  private.enqueue_message(text, text, text, text, text, jsonb, uuid, uuid, boolean, timestamptz, uuid, uuid),
  private.write_to_student(text, uuid, jsonb), private.report_test(), private.report_validation(), private.forget_messages()
  from public, anon, authenticated, service_role;
revoke execute on function
  public.send_message(text, text, text, jsonb, text),
  public.enqueue_auth_email(text, uuid, text, text, text, jsonb),
  public.record_keyword(text, boolean, text, timestamptz)
  from public, anon, authenticated, service_role;
grant execute on function public.send_message(text, text, text, jsonb, text) to authenticated;
grant execute on function
  public.enqueue_auth_email(text, uuid, text, text, text, jsonb),
  public.record_keyword(text, boolean, text, timestamptz)
  to service_role;
