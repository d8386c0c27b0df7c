-- What staff call: the outbox as a list, one message with its history, retry, cancel, a day in figures.
-- And how old the oldest due message is, and the webhook that says "look now".

insert into private.error_messages (code, http_status, message_fr, hint_fr, message_en, hint_en) values
  ('message_not_found', 404,
   'Ce message n''existe pas.', 'Vérifiez l''identifiant dans la liste des messages.',
   'This message does not exist.', 'Check its id in the list of messages.'),
  ('invalid_message_filter', 422,
   'Ce filtre n''existe pas.', 'Utilisez un état ou un type de message de la documentation.',
   'There is no such filter.', 'Use a state or a type of message that the documentation names.'),
  ('invalid_message_list', 422,
   'La liste des messages n''est pas lisible.', 'Envoyez un tableau de 1 à 200 identifiants.',
   'The list of messages cannot be read.', 'Send an array of 1 to 200 ids.');

create function public.list_outbound_messages(
  state text default null, message_type text default null, person text default null, recipient text default null,
  created_from date default null, created_to date default null,
  page int default 1, per_page int default 20, cursor jsonb default null)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
set jit = off
set max_parallel_workers_per_gather = 0
as $$
declare
  here constant text := 'Africa/Libreville';
  most_counted constant int := 10000;
  size int := least(greatest(coalesce(list_outbound_messages.per_page, 20), 1), 10000);
  number int := greatest(coalesce(list_outbound_messages.page, 1), 1);
  skipped int := 0;
  -- A cursor is a place in the list: {"c": created_at, "q": sequence, "b": back}.
  back boolean := false;
  from_time timestamptz;
  from_sequence bigint;
  since timestamptz;
  until timestamptz;
  people uuid[];
  patterns text[];
  filters text := '';
  beyond text := '';
  direction text;
  source text;
  counts jsonb;
  counted boolean;
  total bigint;
  messages jsonb;
  fetched bigint;
  edges jsonb;
begin
  perform private.require_staff();
  if list_outbound_messages.state not in ('queued', 'sending', 'sent', 'delivered', 'read', 'failed', 'uncertain', 'cancelled')
     or list_outbound_messages.message_type !~ '^[a-z_]{1,40}$' then
    perform private.raise_error('invalid_message_filter');
  end if;

  if list_outbound_messages.cursor is null or list_outbound_messages.cursor = 'null' then
    skipped := least((number - 1)::bigint * size, 1000000);
  else
    begin
      back := (list_outbound_messages.cursor ->> 'b')::boolean;
      from_time := (list_outbound_messages.cursor ->> 'c')::timestamptz;
      from_sequence := (list_outbound_messages.cursor ->> 'q')::bigint;
    exception when data_exception then
      from_sequence := null;
    end;
    if from_sequence is null or from_time is null or back is null then
      perform private.raise_error('invalid_cursor');
    end if;
  end if;
  direction := case when back then 'asc' else 'desc' end;
  -- Of several people, each one's own messages are walked: the planner would rather walk everybody's.
  source := case when btrim(list_outbound_messages.person) <> '' then
    '(select x.* from unnest($4) as who (id) cross join lateral (
        select m.* from public.outbound_messages m where m.profile_id = who.id%1$s
        order by m.created_at %2$s, m.sequence %2$s limit $9 + 1 + $10) as x)'
    else
    '(select m.* from public.outbound_messages m where true%1$s
      order by m.created_at %2$s, m.sequence %2$s limit $9 + 1 + $10)' end;

  if list_outbound_messages.state is not null then
    filters := filters || ' and m.state = $1';
  end if;
  if list_outbound_messages.message_type is not null then
    filters := filters || ' and m.message_type = $2';
  end if;
  if list_outbound_messages.recipient is not null then
    filters := filters || ' and m.recipient = $3';
  end if;
  -- A person by id, or whoever the words find among students.
  if list_outbound_messages.person ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    people := array[list_outbound_messages.person::uuid];
  elsif btrim(list_outbound_messages.person) <> '' then
    patterns := private.search_patterns(list_outbound_messages.person);
    people := array(
      select distinct found.student_id
      from (select r.student_id from private.student_records r
            where r.search_text like all (patterns) and r.student_id is not null limit 1000) as found);
  end if;
  -- Whole days in Libreville, within the years that can be reckoned with.
  if list_outbound_messages.created_from is not null then
    since := greatest(list_outbound_messages.created_from, date '0001-01-01')::timestamp at time zone here;
    filters := filters || ' and m.created_at >= $5';
  end if;
  if list_outbound_messages.created_to is not null then
    until := (least(greatest(list_outbound_messages.created_to, date '0001-01-01'), date '9998-12-31') + 1)::timestamp at time zone here;
    filters := filters || ' and m.created_at < $6';
  end if;
  if from_sequence is not null then
    beyond := format(' and (m.created_at, m.sequence) %s ($7, $8)', case when back then '>' else '<' end);
  end if;

  select jsonb_object_agg(s.state, coalesce(k.n, 0)), sum(k.n) filter (where s.state = coalesce(list_outbound_messages.state, s.state))
  into counts, total
  from unnest(array['queued', 'sending', 'sent', 'delivered', 'read', 'failed', 'uncertain', 'cancelled']) as s (state)
  left join (select c.state, sum(c.n) as n from private.outbound_message_counts c group by c.state) as k on k.state = s.state;
  counted := num_nonnulls(list_outbound_messages.message_type, list_outbound_messages.recipient, people, since, until) > 0;
  if counted then
    execute format('select count(*) from (select from %s as m limit $9 + 1) as hits',
      format(source, filters, direction))
    into total
    using list_outbound_messages.state, list_outbound_messages.message_type, list_outbound_messages.recipient, people,
      since, until, from_time, from_sequence, most_counted, 0;
  end if;

  -- One row more than is shown tells whether another page follows.
  execute format($page$
    with walked as materialized (
      select w.*, row_number() over (order by w.created_at %1$s, w.sequence %1$s) as n
      from (select m.* from %2$s as m
            order by m.created_at %1$s, m.sequence %1$s limit $9 + 1 offset $10) as w)
    select
      (select count(*) from walked),
      jsonb_agg(jsonb_build_object(
        'id', w.id, 'message_type', w.message_type, 'channel', w.channel, 'recipient', w.recipient, 'language', w.language,
        'state', w.state, 'urgent', w.urgent, 'profile_id', w.profile_id, 'full_name', p.full_name,
        'masterclass_id', w.masterclass_id, 'due_at', w.due_at, 'attempts', w.attempts, 'last_error', w.last_error,
        'last_error_detail', w.last_error_detail, 'created_at', w.created_at, 'updated_at', w.updated_at,
        'sent_at', w.sent_at) order by w.n * $11),
      jsonb_agg(jsonb_build_object('c', w.created_at, 'q', w.sequence) order by w.n * $11)
        filter (where w.n = 1 or w.n = (select least(count(*), $9) from walked))
    from walked w
    left join public.profiles p on p.id = w.profile_id
    where w.n <= $9 $page$, direction, format(source, filters || beyond, direction))
  into fetched, messages, edges
  using list_outbound_messages.state, list_outbound_messages.message_type, list_outbound_messages.recipient, people,
    since, until, from_time, from_sequence, size, skipped, case when back then -1 else 1 end;

  return jsonb_build_object(
    'messages', coalesce(messages, '[]'),
    'page', number, 'per_page', size,
    'total', case when counted then least(total, most_counted) else coalesce(total, 0) end,
    'total_is_exact', not counted or total <= most_counted,
    'next', case when fetched > case when back then 0 else size end
      then edges -> -1 || jsonb_build_object('b', false) end,
    'previous', case when fetched > case when back then size else 0 end and (skipped > 0 or from_sequence is not null)
      then edges -> 0 || jsonb_build_object('b', true) end,
    'counts', counts,
    'oldest_queued', (select min(m.created_at) from public.outbound_messages m where m.state = 'queued'));
end
$$;

comment on function public.list_outbound_messages(text, text, text, text, date, date, int, int, jsonb) is
  'The outbox, newest first, a page at a time, with the number of messages in each state and when the oldest queued one was written. Staff only.';

create function public.get_outbound_message(id uuid)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  answer jsonb;
begin
  perform private.require_staff();
  select jsonb_build_object(
    'id', m.id, 'message_type', m.message_type, 'channel', m.channel, 'recipient', m.recipient, 'language', m.language,
    'data', m.data, 'state', m.state, 'urgent', m.urgent, 'profile_id', m.profile_id, 'full_name', p.full_name,
    'masterclass_id', m.masterclass_id, 'masterclass_title', c.title, 'due_at', m.due_at, 'attempts', m.attempts,
    'last_error', m.last_error, 'last_error_detail', m.last_error_detail,
    'provider_message_id', m.provider_message_id, 'requested_by', m.requested_by,
    'fallback_for', m.fallback_for,
    'fallback', (select f.id from public.outbound_messages f where f.fallback_for = m.id order by f.sequence limit 1),
    'created_at', m.created_at, 'updated_at', m.updated_at, 'sent_at', m.sent_at,
    'history', (
      select jsonb_agg(jsonb_build_object(
        'at', e.at, 'from', e.from_state, 'to', e.to_state, 'code', e.code, 'detail', e.detail, 'attempt', e.attempt) order by e.id)
      from public.outbound_message_events e where e.message_id = m.id))
  into answer
  from public.outbound_messages m
  left join public.profiles p on p.id = m.profile_id
  left join public.masterclasses c on c.id = m.masterclass_id
  where m.id = get_outbound_message.id;
  if not found then
    perform private.raise_error('message_not_found');
  end if;
  return answer;
end
$$;

comment on function public.get_outbound_message(uuid) is 'One message with its variables and its history. Staff only.';

-- The ids, in one order, locked; refuses callers who are not staff and lists that cannot be read.
create function private.messages_to_change(ids uuid[])
returns setof public.outbound_messages
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.require_staff();
  if coalesce(cardinality(messages_to_change.ids), 0) not between 1 and 200 or array_position(messages_to_change.ids, null) is not null then
    perform private.raise_error('invalid_message_list');
  end if;
  return query
    select * from public.outbound_messages m where m.id = any (messages_to_change.ids) order by m.id for update;
end
$$;

create function public.retry_outbound_messages(ids uuid[])
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  retried uuid[];
  before jsonb;
begin
  select jsonb_object_agg(m.id, m.state) into before from private.messages_to_change(retry_outbound_messages.ids) as m;
  with again as (
    update public.outbound_messages m set
      state = 'queued', due_at = now(), attempts = 0, provider_message_id = null,
      last_error = 'retried_by_staff', last_error_detail = null
    where m.id = any (retry_outbound_messages.ids) and m.state = 'failed'
      -- Its link has expired and is gone: the person asks for another.
      and not private.is_account_message(m.message_type)
    returning m.id)
  select array_agg(a.id) into retried from again a;
  return jsonb_build_object('messages', (
    select jsonb_agg(
      case
        when wanted.id = any (retried) then jsonb_build_object('id', wanted.id, 'done', true, 'state', 'queued', 'code', null)
        else jsonb_build_object('id', wanted.id, 'done', false, 'state', before ->> wanted.id::text, 'code', case
          when before ->> wanted.id::text is null then 'message_not_found'
          when before ->> wanted.id::text = 'failed' then 'not_retryable'
          else 'not_failed' end) end
      order by wanted.place)
    from unnest(retry_outbound_messages.ids) with ordinality as wanted (id, place)));
end
$$;

create function public.cancel_outbound_messages(ids uuid[])
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  done jsonb;
  before jsonb;
begin
  select jsonb_object_agg(m.id, m.state) into before from private.messages_to_change(cancel_outbound_messages.ids) as m;
  with stopped as (
    update public.outbound_messages m set
      -- What may have been sent cannot be called back: it is given up.
      state = case m.state when 'queued' then 'cancelled' else 'failed' end,
      last_error = case m.state when 'queued' then 'cancelled_by_staff' else 'given_up_by_staff' end,
      last_error_detail = null
    where m.id = any (cancel_outbound_messages.ids) and m.state in ('queued', 'uncertain')
    returning m.id, m.state)
  select jsonb_object_agg(s.id, s.state) into done from stopped s;
  return jsonb_build_object('messages', (
    select jsonb_agg(
      case
        when done ? wanted.id::text then
          jsonb_build_object('id', wanted.id, 'done', true, 'state', done ->> wanted.id::text, 'code', null)
        else jsonb_build_object('id', wanted.id, 'done', false, 'state', before ->> wanted.id::text, 'code', case
          when before ->> wanted.id::text is null then 'message_not_found'
          when before ->> wanted.id::text = 'sending' then 'being_sent'
          else 'finished' end) end
      order by wanted.place)
    from unnest(cancel_outbound_messages.ids) with ordinality as wanted (id, place)));
end
$$;

comment on function private.messages_to_change(uuid[]) is 'Locks the messages that staff name.';
comment on function public.retry_outbound_messages(uuid[]) is
  'Puts failed messages back into the queue: {messages: [{id, done, state, code}]}; code is message_not_found, not_failed or not_retryable. Staff only.';
comment on function public.cancel_outbound_messages(uuid[]) is
  'Cancels queued messages and gives up uncertain ones: {messages: [{id, done, state, code}]}; code is message_not_found, being_sent or finished. Staff only.';

create function public.outbound_summary(day date default null)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
set jit = off
as $$
declare
  here constant text := 'Africa/Libreville';
  -- Within the years that can be reckoned with.
  wanted date := least(greatest(coalesce(outbound_summary.day, (now() at time zone here)::date), date '0001-01-01'), date '9998-12-31');
begin
  perform private.require_staff();
  return jsonb_build_object('day', wanted, 'channels', (
    select jsonb_agg(
      jsonb_build_object('channel', c.channel, 'paused', c.paused) || f.figures || jsonb_build_object('median_seconds_to_sent', f.median)
      order by c.channel desc)
    from public.message_channels c
    cross join lateral (
      select
        jsonb_build_object('written', coalesce(sum(g.n), 0))
          || '{"queued": 0, "sending": 0, "sent": 0, "delivered": 0, "read": 0, "failed": 0, "uncertain": 0, "cancelled": 0}'
          || coalesce(jsonb_object_agg(g.state, g.n) filter (where g.state is not null), '{}') as figures,
        (select round(percentile_cont(0.5) within group (order by extract(epoch from m.sent_at - m.created_at))::numeric, 1)
         from public.outbound_messages m
         where m.channel = c.channel and m.sent_at is not null
           and m.created_at >= wanted::timestamp at time zone here
           and m.created_at < (wanted + 1)::timestamp at time zone here) as median
      from (
        select m.state, count(*) as n from public.outbound_messages m
        where m.channel = c.channel
          and m.created_at >= wanted::timestamp at time zone here
          and m.created_at < (wanted + 1)::timestamp at time zone here
        group by m.state) as g) as f));
end
$$;

comment on function public.outbound_summary(date) is
  'The messages written on a day in Africa/Libreville, by channel and state, with the median of the seconds until they were sent. Staff only.';

create function public.outbound_health()
returns int
language sql
stable
security definer
set search_path = ''
as $$
  select greatest(0, floor(extract(epoch from clock_timestamp() - least(
    (select min(due.at)
     from public.message_channels c, (values (true), (false)) as u (urgent), lateral (
       select m.due_at as at from public.outbound_messages m
       where m.state = 'queued' and m.channel = c.channel and m.urgent = u.urgent and m.due_at <= clock_timestamp()
         -- One that waits for an earlier message of the same person is not due yet.
         and (u.urgent or not exists (
           select from public.outbound_messages earlier
           where earlier.recipient = m.recipient and earlier.channel = m.channel and earlier.sequence < m.sequence
             and earlier.state in ('queued', 'sending', 'uncertain')))
       order by m.due_at limit 1) as due),
    (select min(m.lease_expires_at) from public.outbound_messages m where m.state = 'sending'),
    (select min(m.due_at) from public.outbound_messages m where m.state = 'uncertain')))))::int
$$;

comment on function public.outbound_health() is
  'For how many seconds the message that has waited longest should have been sent, recorded or looked up; 0 when none is late. A number only: anybody may ask.';

-- Database webhooks of hosted projects call supabase_functions.http_request. The secret is an argument
-- of the trigger and stays in the database. Webhooks are delivered at most once: they make it fast, the
-- cron makes it certain.
create function private.connect_webhook(url text, secret text)
returns void
language plpgsql
set search_path = ''
as $$
begin
  execute 'drop trigger if exists outbound_messages_webhook on public.outbound_messages';
  if connect_webhook.url is null then
    return;
  end if;
  execute format(
    'create trigger outbound_messages_webhook after insert on public.outbound_messages for each row when (new.state = ''queued'')
     execute function supabase_functions.http_request(%L, ''POST'', %L, ''{}'', ''5000'')',
    connect_webhook.url,
    jsonb_build_object('Content-Type', 'application/json', 'X-Webhook-Secret', connect_webhook.secret));
end
$$;

comment on function private.connect_webhook(text, text) is
  'Makes a new message call this address, with the header X-Webhook-Secret. Run it as the database owner; without an address it ends that.';

revoke execute on function private.messages_to_change(uuid[]), private.connect_webhook(text, text)
  from public, anon, authenticated, service_role;
revoke execute on function
  public.list_outbound_messages(text, text, text, text, date, date, int, int, jsonb), public.get_outbound_message(uuid),
  public.retry_outbound_messages(uuid[]), public.cancel_outbound_messages(uuid[]), public.outbound_summary(date)
  from public, anon, service_role;
grant execute on function
  public.list_outbound_messages(text, text, text, text, date, date, int, int, jsonb), public.get_outbound_message(uuid),
  public.retry_outbound_messages(uuid[]), public.cancel_outbound_messages(uuid[]), public.outbound_summary(date)
  to authenticated;
revoke execute on function public.outbound_health() from public;
grant execute on function public.outbound_health() to anon, authenticated, service_role;
