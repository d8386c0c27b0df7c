-- Messages to people. A message is first a row, written in the transaction of the fact it reports;
-- the Worker only claims, renders, sends and records. What follows what, how fast, when and how often
-- is decided here.

-- ---------------------------------------------------------------- how a person is written to

create function private.is_time_zone(name text)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  -- Names of the IANA list. PostgreSQL would also take "Foo5", a zone made up on the spot.
  if is_time_zone.name !~ '^(UTC|[A-Z][A-Za-z_]+(/[A-Z][A-Za-z_-]+){1,2})$' then
    return false;
  end if;
  perform now() at time zone is_time_zone.name;
  return true;
exception when invalid_parameter_value then
  return false;
end
$$;

comment on function private.is_time_zone(text) is 'Whether this is the name of a time zone, such as Africa/Libreville.';

-- A check constraint runs with the rights of whoever writes the row.
revoke execute on function private.is_time_zone(text) from public, anon;
grant execute on function private.is_time_zone(text) to authenticated, service_role;

alter table public.profiles
  add column language text not null default 'fr' check (language in ('fr', 'en')),
  add column time_zone text not null default 'Africa/Libreville' check (private.is_time_zone(time_zone));

comment on column public.profiles.language is 'Language the person is written to in: fr or en.';
comment on column public.profiles.time_zone is 'Where the person lives, as an IANA name: nobody is written to at night.';

grant insert (language, time_zone), update (language, time_zone) on table public.profiles to authenticated;

-- Gabonese numbers are written with and without the 0 after +241: both are one telephone.
create index profiles_whatsapp_number_idx on public.profiles (regexp_replace(whatsapp_number, '^\+2410(\d{8})$', '+241\1'));

-- ---------------------------------------------------------------- channels

create table public.message_channels (
  channel      text primary key check (channel in ('whatsapp', 'email')),
  per_second   numeric check (per_second between 0.001 and 1000),
  per_day      int check (per_day >= 1),
  quiet_from   time,
  quiet_until  time,
  paused       boolean not null default false,
  max_attempts int not null check (max_attempts between 1 and 50),
  settle       interval not null check (settle between interval '0' and interval '1 day'),
  -- Longer than a lease, so that an attempt cannot reach across it; never the whole day.
  constraint message_channels_quiet_check check (
    quiet_from is null and quiet_until is null
    or quiet_from is not null and quiet_until is not null
      and quiet_from < '24:00' and quiet_until < '24:00'
      and extract(second from quiet_from) = 0 and extract(second from quiet_until) = 0
      and mod(extract(epoch from quiet_until - quiet_from)::int + 86400, 86400) between 900 and 82800)
);

comment on table public.message_channels is
  'How fast, how much and when each channel may send. Admins change it; it holds from the next claim on.';
comment on column public.message_channels.channel is 'whatsapp or email.';
comment on column public.message_channels.per_second is 'Messages per second; empty: as fast as they go.';
comment on column public.message_channels.per_day is 'Messages per day in Africa/Libreville; empty: no limit. What people have just asked for counts but is never held back.';
comment on column public.message_channels.quiet_from is 'From this minute on nobody is written to, in their own time zone; empty: at any time.';
comment on column public.message_channels.quiet_until is 'The first minute at which people are written to again.';
comment on column public.message_channels.paused is 'Nothing is sent or looked up; messages wait.';
comment on column public.message_channels.max_attempts is 'After so many attempts a message has failed.';
comment on column public.message_channels.settle is 'How long an uncertain message is left before its absence from the provider''s list proves anything.';

alter table public.message_channels enable row level security;
revoke all on table public.message_channels from anon, authenticated, service_role;
grant select on table public.message_channels to authenticated;
grant update (per_second, per_day, quiet_from, quiet_until, paused, max_attempts, settle)
  on table public.message_channels to authenticated;

create policy "staff read the channels"
  on public.message_channels for select to authenticated
  using ((select private.is_staff()));

create policy "admins change the channels"
  on public.message_channels for update to authenticated
  using ((select private.is_admin()))
  with check ((select private.is_admin()));

insert into public.message_channels (channel, per_second, per_day, quiet_from, quiet_until, max_attempts, settle) values
  ('whatsapp', 1, 1000, '21:00', '07:00', 8, '3 minutes'),
  ('email', 5, 2000, null, null, 8, '3 minutes');

create table private.message_pacing (
  channel      text primary key references public.message_channels (channel) on delete cascade,
  next_slot_at timestamptz not null default '-infinity',
  day          date not null default '-infinity',
  used         int not null default 0
);

comment on table private.message_pacing is 'What a channel has given away already. Whoever claims paced messages holds its row meanwhile.';
comment on column private.message_pacing.channel is 'The channel.';
comment on column private.message_pacing.next_slot_at is 'The first moment nobody has been given yet.';
comment on column private.message_pacing.day is 'The day of the last slot, in Africa/Libreville.';
comment on column private.message_pacing.used is 'Attempts given away for that day.';

alter table private.message_pacing enable row level security;
revoke all on table private.message_pacing from public, anon, authenticated, service_role;

insert into private.message_pacing (channel) select c.channel from public.message_channels c;

-- ---------------------------------------------------------------- the outbox

-- Messages of Supabase Auth: the person has just asked for them, and they carry a secret.
create function private.is_account_message(message_type text)
returns boolean
language sql
immutable
set search_path = ''
as $$
  select message_type in ('verify_email', 'reset_password', 'magic_link', 'invite', 'email_change', 'reauthentication')
$$;

comment on function private.is_account_message(text) is 'Whether a message of this type is one of Supabase Auth.';

create table public.outbound_messages (
  id                  uuid primary key default gen_random_uuid(),
  dedupe_key          text not null unique check (length(dedupe_key) between 1 and 400),
  message_type        text not null check (message_type in (
    'registration_confirmation', 'pre_test_result', 'post_test_result', 'masterclass_reminder', 'validation', 'custom',
    'verify_email', 'reset_password', 'magic_link', 'invite', 'email_change', 'reauthentication')),
  language            text not null check (language in ('fr', 'en')),
  data                jsonb not null default '{}' check (jsonb_typeof(data) = 'object' and octet_length(data::text) <= 16384),
  -- No foreign key: its index would tempt the planner away from the queue's. Channels are never removed.
  channel             text not null check (channel in ('whatsapp', 'email')),
  recipient           text not null,
  profile_id          uuid references public.profiles (id) on delete cascade,
  masterclass_id      uuid references public.masterclasses (id) on delete set null,
  fallback_for        uuid references public.outbound_messages (id) on delete cascade,
  requested_by        uuid references auth.users (id) on delete set null,
  urgent              boolean not null default false,
  state               text not null default 'queued' check (state in (
    'queued', 'sending', 'sent', 'delivered', 'read', 'failed', 'uncertain', 'cancelled')),
  due_at              timestamptz not null default now() check (isfinite(due_at)),
  attempts            int not null default 0 check (attempts >= 0),
  claimed_by          text check (length(claimed_by) between 1 and 100),
  lease_expires_at    timestamptz,
  attempt_started_at  timestamptz,
  sent_at             timestamptz,
  provider_message_id text check (length(provider_message_id) between 1 and 300),
  last_error          text check (length(last_error) between 1 and 100),
  last_error_detail   text check (length(last_error_detail) <= 1000),
  sequence            bigint not null generated always as identity,
  created_at          timestamptz not null default now(),
  updated_at          timestamptz not null default now(),
  constraint outbound_messages_recipient_check check (
    case channel when 'whatsapp' then recipient ~ '^\+[1-9][0-9]{6,14}$'
      else recipient ~ '^[^@[:space:][:cntrl:]]+@[^@[:space:][:cntrl:]]+$' and length(recipient) <= 320 end)
);

comment on table public.outbound_messages is
  'The outbox: every message to a person, from the moment of its fact. Written by functions and triggers only; its states change only as private.check_outbound_message() allows.';
comment on column public.outbound_messages.id is 'Identifier; the reference line of a WhatsApp text is made from it.';
comment on column public.outbound_messages.dedupe_key is 'The fact it reports: the same fact makes one message.';
comment on column public.outbound_messages.message_type is 'Which template.';
comment on column public.outbound_messages.language is 'fr or en.';
comment on column public.outbound_messages.data is 'Variables of the template. Empty for messages of Supabase Auth: theirs are secret.';
comment on column public.outbound_messages.channel is 'whatsapp or email.';
comment on column public.outbound_messages.recipient is 'Number in E.164, or address.';
comment on column public.outbound_messages.profile_id is 'The person, where known. The message is deleted with the account.';
comment on column public.outbound_messages.masterclass_id is 'The masterclass it is about.';
comment on column public.outbound_messages.fallback_for is 'The WhatsApp message that this e-mail stands in for.';
comment on column public.outbound_messages.requested_by is 'Account that asked for it: staff, or the person themself. Empty for what the database wrote.';
comment on column public.outbound_messages.urgent is 'Asked for by the person a moment ago: no quiet hours, no daily limit, nobody before it.';
comment on column public.outbound_messages.state is 'queued, sending, sent, delivered, read, failed, uncertain or cancelled.';
comment on column public.outbound_messages.due_at is 'Not before this moment; for an uncertain message, when its absence can be proven.';
comment on column public.outbound_messages.attempts is 'Attempts begun.';
comment on column public.outbound_messages.claimed_by is 'The dispatcher that is sending it, or looking it up.';
comment on column public.outbound_messages.lease_expires_at is 'Until when it is theirs.';
comment on column public.outbound_messages.attempt_started_at is 'When the last attempt was to begin.';
comment on column public.outbound_messages.sent_at is 'When the provider was first known to have it.';
comment on column public.outbound_messages.provider_message_id is 'What the provider calls it.';
comment on column public.outbound_messages.last_error is 'Code of what last went wrong, or of why it was cancelled or put back.';
comment on column public.outbound_messages.last_error_detail is 'The provider''s own reason.';
comment on column public.outbound_messages.sequence is 'Order of writing: a person''s messages go in this order.';
comment on column public.outbound_messages.created_at is 'When it was written.';
comment on column public.outbound_messages.updated_at is 'When it last changed.';

-- Row estimates tell whoever may name the table what is in it: without statistics they say nothing.
alter table public.outbound_messages
  alter column dedupe_key set statistics 0, alter column data set statistics 0, alter column recipient set statistics 0,
  alter column profile_id set statistics 0, alter column requested_by set statistics 0,
  alter column provider_message_id set statistics 0, alter column last_error_detail set statistics 0;

-- Every message passes through these; a message that is finished leaves nothing in them.
create index outbound_messages_due_idx on public.outbound_messages (channel, urgent, due_at, sequence) where state = 'queued';
create index outbound_messages_unfinished_idx on public.outbound_messages (recipient, channel, sequence)
  where state in ('queued', 'sending', 'uncertain');
create index outbound_messages_lease_idx on public.outbound_messages (lease_expires_at) where state = 'sending';
create index outbound_messages_uncertain_idx on public.outbound_messages (due_at) where state = 'uncertain';

create index outbound_messages_provider_idx on public.outbound_messages (provider_message_id) where provider_message_id is not null;

-- The lists of staff.
create index outbound_messages_created_at_idx on public.outbound_messages (created_at, sequence);
create index outbound_messages_state_idx on public.outbound_messages (state, created_at, sequence);
create index outbound_messages_type_idx on public.outbound_messages (message_type, created_at, sequence);
create index outbound_messages_profile_idx on public.outbound_messages (profile_id, created_at, sequence);
create index outbound_messages_recipient_idx on public.outbound_messages (recipient, created_at, sequence);

create index outbound_messages_masterclass_idx on public.outbound_messages (masterclass_id) where masterclass_id is not null;
create index outbound_messages_fallback_idx on public.outbound_messages (fallback_for) where fallback_for is not null;
create index outbound_messages_requested_by_idx on public.outbound_messages (requested_by) where requested_by is not null;

-- A row changes about four times and then never again: what it leaves behind is cleared early, so that
-- the queue's indexes stay as small as the queue.
alter table public.outbound_messages set (
  autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
  autovacuum_analyze_scale_factor = 0.05, fillfactor = 80);

alter table public.outbound_messages enable row level security;
revoke all on table public.outbound_messages from anon, authenticated, service_role;
grant select on table public.outbound_messages to authenticated;

create policy "staff read the outbox"
  on public.outbound_messages for select to authenticated
  using ((select private.is_staff()));

-- A link of Supabase Auth signs in as the person: not even staff may read it, and no webhook carries it.
create table private.message_secrets (
  message_id uuid primary key references public.outbound_messages (id) on delete cascade,
  data       jsonb not null check (jsonb_typeof(data) = 'object' and octet_length(data::text) <= 16384)
);

comment on table private.message_secrets is
  'Variables of messages of Supabase Auth, until the message is sent, has failed or is cancelled.';
comment on column private.message_secrets.message_id is 'The message.';
comment on column private.message_secrets.data is 'Variables of its template, the link or code among them.';

alter table private.message_secrets enable row level security;
revoke all on table private.message_secrets from public, anon, authenticated, service_role;

-- ---------------------------------------------------------------- history

create table public.outbound_message_events (
  id         bigint generated always as identity primary key,
  message_id uuid not null references public.outbound_messages (id) on delete cascade,
  at         timestamptz not null default clock_timestamp(),
  from_state text,
  to_state   text not null,
  code       text,
  detail     text,
  attempt    int not null
);

comment on table public.outbound_message_events is
  'History of the outbox: every change of state, written by a trigger, and notes on what moved a message or came too late.';
comment on column public.outbound_message_events.id is 'Identifier, in order.';
comment on column public.outbound_message_events.message_id is 'The message.';
comment on column public.outbound_message_events.at is 'When.';
comment on column public.outbound_message_events.from_state is 'State before; empty when the message was written.';
comment on column public.outbound_message_events.to_state is 'State after; the same as before for a note.';
comment on column public.outbound_message_events.code is 'Why, where there is something to say.';
comment on column public.outbound_message_events.detail is 'The provider''s own reason, or until when a message was put off.';
comment on column public.outbound_message_events.attempt is 'Attempts begun by then.';

create index outbound_message_events_message_idx on public.outbound_message_events (message_id, id);

alter table public.outbound_message_events enable row level security;
revoke all on table public.outbound_message_events from anon, authenticated, service_role;
grant select on table public.outbound_message_events to authenticated;

create policy "staff read the history of the outbox"
  on public.outbound_message_events for select to authenticated
  using ((select private.is_staff()));

-- Counting a million rows takes too long, and one counter per state would make everybody wait for one
-- another. So each statement adds its own rows, and claiming messages adds them up now and then.
create table private.outbound_message_counts (
  id    bigint generated always as identity primary key,
  state text not null,
  n     bigint not null
);

comment on table private.outbound_message_counts is 'The number of messages in a state is the sum of its rows.';
comment on column private.outbound_message_counts.id is 'Identifier.';
comment on column private.outbound_message_counts.state is 'The state.';
comment on column private.outbound_message_counts.n is 'Messages that came to be in it, less those that left.';

alter table private.outbound_message_counts enable row level security;
revoke all on table private.outbound_message_counts from public, anon, authenticated, service_role;

create function private.check_outbound_message()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if tg_op = 'INSERT' then
    if new.state not in ('queued', 'cancelled') then
      raise exception 'a message begins queued or cancelled, not %', new.state using errcode = 'check_violation';
    end if;
    return new;
  end if;

  if (new.id, new.dedupe_key, new.message_type, new.language, new.data, new.channel, new.recipient, new.profile_id,
      new.fallback_for, new.urgent, new.sequence, new.created_at)
     is distinct from
     (old.id, old.dedupe_key, old.message_type, old.language, old.data, old.channel, old.recipient, old.profile_id,
      old.fallback_for, old.urgent, old.sequence, old.created_at) then
    raise exception 'what a message says and to whom does not change' using errcode = 'check_violation';
  end if;

  if new.state <> old.state then
    if not (case old.state
      when 'queued' then new.state in ('sending', 'cancelled', 'failed')
      when 'sending' then new.state in ('sent', 'queued', 'failed', 'uncertain', 'delivered', 'read')
      when 'uncertain' then new.state in ('sent', 'delivered', 'read', 'queued', 'failed')
      when 'sent' then new.state in ('delivered', 'read', 'failed')
      when 'delivered' then new.state = 'read'
      -- Staff try again, or the provider says that it arrived after all.
      when 'failed' then new.state in ('queued', 'sent', 'delivered', 'read')
      else false end) then
      raise exception 'a message does not go from % to %', old.state, new.state using errcode = 'check_violation';
    end if;
    if new.state in ('sent', 'delivered', 'read') then
      new.sent_at := coalesce(old.sent_at, clock_timestamp());
      new.last_error := null;
      new.last_error_detail := null;
    end if;
    if new.state not in ('sending', 'uncertain') then
      new.claimed_by := null;
      new.lease_expires_at := null;
    end if;
  end if;
  if new.state = 'sending' and (new.claimed_by is null or new.lease_expires_at is null) then
    raise exception 'a message is sent by a dispatcher, for a time' using errcode = 'check_violation';
  end if;
  new.updated_at := clock_timestamp();
  return new;
end
$$;

create function private.note_new_messages()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into public.outbound_message_events (message_id, from_state, to_state, code, detail, attempt)
  select c.id, null, c.state, c.last_error, c.last_error_detail, c.attempts from changed c order by c.sequence;
  insert into private.outbound_message_counts (state, n)
  select c.state, count(*) from changed c group by c.state;
  return null;
end
$$;

create function private.note_changed_messages()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  finished uuid[];
begin
  with moved as (
    select c.id, b.state as from_state, c.state as to_state, c.last_error, c.last_error_detail, c.attempts, c.sequence, c.message_type
    from changed c join before b on b.id = c.id
    where b.state <> c.state
  ), noted as (
    insert into public.outbound_message_events (message_id, from_state, to_state, code, detail, attempt)
    select m.id, m.from_state, m.to_state, m.last_error, m.last_error_detail, m.attempts from moved m order by m.sequence
  ), counted as (
    insert into private.outbound_message_counts (state, n)
    select s.state, sum(s.n)
    from (select m.to_state as state, 1 as n from moved m union all select m.from_state, -1 from moved m) as s
    group by s.state having sum(s.n) <> 0
  )
  select array_agg(m.id) into finished
  from moved m
  where private.is_account_message(m.message_type) and m.to_state not in ('queued', 'sending', 'uncertain');
  if finished is not null then
    delete from private.message_secrets s where s.message_id = any (finished);
  end if;
  return null;
end
$$;

create function private.count_deleted_messages()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into private.outbound_message_counts (state, n)
  select c.state, -count(*) from changed c group by c.state;
  return null;
end
$$;

comment on function private.check_outbound_message() is 'The state machine of the outbox, and what of a message never changes.';
comment on function private.note_new_messages() is 'Begins the history of a message and counts it.';
comment on function private.note_changed_messages() is 'Writes every change of state into the history, counts it, and forgets the secrets of messages that are finished.';
comment on function private.count_deleted_messages() is 'Keeps the counts when messages are deleted with an account.';

revoke execute on function
  private.is_account_message(text), private.check_outbound_message(), private.note_new_messages(),
  private.note_changed_messages(), private.count_deleted_messages()
  from public, anon, authenticated, service_role;

create trigger check_outbound_message
  before insert or update on public.outbound_messages
  for each row execute function private.check_outbound_message();

create trigger note_new_messages
  after insert on public.outbound_messages
  referencing new table as changed
  for each statement execute function private.note_new_messages();

create trigger note_changed_messages
  after update on public.outbound_messages
  referencing old table as before new table as changed
  for each statement execute function private.note_changed_messages();

create trigger count_deleted_messages
  after delete on public.outbound_messages
  referencing old table as changed
  for each statement execute function private.count_deleted_messages();
