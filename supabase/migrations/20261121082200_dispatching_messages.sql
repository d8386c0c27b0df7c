-- What the Worker calls: claim messages, record what became of them, resolve what is uncertain, record
-- what the provider says later. Any number of Workers may call at once.

insert into private.error_messages (code, http_status, message_fr, hint_fr, message_en, hint_en) values
  ('invalid_dispatcher', 422,
   'L''expéditeur n''est pas nommé.', 'Donnez un nom de 1 à 100 caractères, propre à chaque exécution.',
   'The dispatcher has no name.', 'Give a name of 1 to 100 characters, different for each run.'),
  ('invalid_results', 422,
   'Les résultats ne sont pas lisibles.', 'Envoyez un tableau de 1000 objets au plus.',
   'The results cannot be read.', 'Send an array of at most 1000 objects.');

-- ---------------------------------------------------------------- when

-- The first moment from `at` on that is not in the quiet hours of the zone. Local clocks jump: where
-- one is set on the way there, the moment of the jump is found and looked at by itself.
create function private.next_allowed_time(at timestamptz, zone text, quiet_from time, quiet_until time)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
declare
  moment timestamptz := next_allowed_time.at;
  local timestamp;
  wait interval;
  low timestamptz;
  high timestamptz;
  middle timestamptz;
begin
  if quiet_from is null then
    return moment;
  end if;
  loop
    local := moment at time zone zone;
    exit when not case when quiet_from < quiet_until
      then local::time >= quiet_from and local::time < quiet_until
      else local::time >= quiet_from or local::time < quiet_until end;
    wait := quiet_until - local::time;
    if wait <= interval '0' then
      wait := wait + interval '24 hours';
    end if;
    high := moment + wait;
    if (high at time zone zone) - local = wait then
      return high;
    end if;
    low := moment;
    while high - low > interval '1 second' loop
      middle := date_trunc('second', low + (high - low) / 2);
      if (middle at time zone zone) - local = middle - moment then
        low := middle;
      else
        high := middle;
      end if;
    end loop;
    moment := high;
  end loop;
  return moment;
exception when invalid_parameter_value then
  -- A zone that PostgreSQL no longer knows must not hold up everybody.
  return private.next_allowed_time(next_allowed_time.at, 'Africa/Libreville', quiet_from, quiet_until);
end
$$;

-- 30 s, 1 min, 2 min … 1 h, give or take a fifth: those who failed together do not come back together.
create function private.retry_delay(attempts int)
returns interval
language sql
volatile
set search_path = ''
as $$
  select least(30 * 2 ^ least(greatest(attempts, 1) - 1, 20), 3600) * (0.8 + 0.4 * random()) * interval '1 second'
$$;

comment on function private.next_allowed_time(timestamptz, text, time, time) is
  'The first moment from then on at which somebody in this zone may be written to.';
comment on function private.retry_delay(int) is 'How long to wait after so many attempts.';

-- ---------------------------------------------------------------- claim

-- 1. What a dispatcher that died left behind: a WhatsApp message may have been sent and is uncertain;
--    an e-mail may be sent again under the same key.
-- 2. Uncertain messages whose absence can now be proven are leased to be looked up.
-- 3. Due messages are leased to be sent: the urgent ones, then in order of time; of each person only
--    the first that is unfinished. Each gets a moment of its own (wait_ms), as the pace allows.
-- 4. What may not go now is put off: quiet hours, the daily limit. Who has opted out gets nothing.
-- With `channels`, 2 to 4 only for these: a dispatcher may have no provider for the others.
create function public.claim_outbound_messages(
  dispatcher text, max_messages int default 100, lease_seconds int default 60, channels text[] default null)
returns jsonb
language plpgsql
security definer
set search_path = ''
set jit = off
as $$
declare
  here constant text := 'Africa/Libreville';
  size constant int := least(greatest(coalesce(claim_outbound_messages.max_messages, 100), 1), 500);
  lease constant interval := make_interval(secs => least(greatest(coalesce(claim_outbound_messages.lease_seconds, 60), 5), 600));
  -- The last moment at which an attempt may begin: the answer must come and be recorded within the lease.
  usable constant interval := lease - least(lease / 2, interval '30 seconds');
  clock timestamptz := clock_timestamp();
  room int := size;
  more boolean := false;
  paced_until timestamptz;
  messages jsonb := '[]';
  uncertain jsonb := '[]';
  outlet public.message_channels;
  pacing private.message_pacing;
  step interval;
  slot timestamptz;
  slot_day date;
  fits int;
  found_here int;
  urgency boolean;
  candidate record;
  zone text;
  free_at timestamptz;
  rest boolean;
  until timestamptz;
  claimed uuid[];
  slots timestamptz[];
  unwanted uuid[];
  late uuid[];
  late_until timestamptz[];
  late_why text[];
  batch jsonb;
  next_due timestamptz;
begin
  if coalesce(length(claim_outbound_messages.dispatcher), 0) not between 1 and 100 then
    perform private.raise_error('invalid_dispatcher');
  end if;

  if exists (select from public.outbound_messages m where m.state = 'sending' and m.lease_expires_at <= clock) then
    with expired as (
      select m.id from public.outbound_messages m
      where m.state = 'sending' and m.lease_expires_at <= clock
      order by m.lease_expires_at limit 500
      for update skip locked)
    update public.outbound_messages m set
      state = case when m.channel = 'whatsapp' then 'uncertain' when m.attempts >= c.max_attempts then 'failed' else 'queued' end,
      due_at = case when m.channel = 'whatsapp' then m.lease_expires_at + c.settle else clock + private.retry_delay(m.attempts) end,
      claimed_by = null, lease_expires_at = null,
      last_error = 'lease_expired', last_error_detail = null
    from expired e, public.message_channels c
    where m.id = e.id and c.channel = m.channel;
  end if;

  if exists (select from public.outbound_messages m where m.state = 'uncertain' and m.due_at <= clock) then
    with due as (
      select m.id from public.outbound_messages m
      join public.message_channels c on c.channel = m.channel
      where m.state = 'uncertain' and m.due_at <= clock
        and (m.lease_expires_at is null or m.lease_expires_at <= clock) and not c.paused
        and (claim_outbound_messages.channels is null or c.channel = any (claim_outbound_messages.channels))
      order by m.due_at limit size
      for update of m skip locked
    ), leased as (
      update public.outbound_messages m
      set claimed_by = claim_outbound_messages.dispatcher, lease_expires_at = clock + lease
      from due d where m.id = d.id
      returning m.id, m.channel, m.recipient, m.attempt_started_at, m.attempts
    )
    select coalesce(jsonb_agg(to_jsonb(l) order by l.attempt_started_at), '[]') into uncertain from leased l;
  end if;

  for outlet in
    select * from public.message_channels c
    where not c.paused and (claim_outbound_messages.channels is null or c.channel = any (claim_outbound_messages.channels))
    order by c.channel desc
  loop
    continue when not exists (
        select from public.outbound_messages m
        where m.state = 'queued' and m.channel = outlet.channel and m.urgent and m.due_at <= clock)
      and not exists (
        select from public.outbound_messages m
        where m.state = 'queued' and m.channel = outlet.channel and not m.urgent and m.due_at <= clock);
    step := make_interval(secs => (1 / outlet.per_second)::double precision);
    if outlet.per_second is not null or outlet.per_day is not null then
      -- Who claims here at the same moment waits: slots are given away one after the other.
      select * into pacing from private.message_pacing p where p.channel = outlet.channel for update;
      clock := clock_timestamp();
    else
      pacing := null;
    end if;
    slot := case when step is null then clock else greatest(clock, pacing.next_slot_at) end;
    zone := null;

    -- More than a few rounds are needed only when much is put off at once; the next call goes on.
    <<rounds>>
    for round in 1 .. 20 loop
      urgency := (round = 1);
      exit rounds when room = 0;
      fits := case when step is null then room
        else least(room, floor(extract(epoch from clock + usable - slot) / extract(epoch from step)) + 1) end;
      if fits <= 0 then
        paced_until := least(paced_until, slot);
        exit rounds;
      end if;
      claimed := '{}'; slots := '{}'; unwanted := '{}'; late := '{}'; late_until := '{}'; late_why := '{}';
      found_here := 0;

      for candidate in
        select m.id, m.channel, p.time_zone,
          not urgency and m.channel = 'whatsapp' and private.is_opted_out(m.recipient, m.profile_id) as is_unwanted
        from public.outbound_messages m
        left join public.profiles p on p.id = m.profile_id
        where m.state = 'queued' and m.channel = outlet.channel and m.urgent = urgency and m.due_at <= clock
          and (urgency or not exists (
            select from public.outbound_messages earlier
            where earlier.recipient = m.recipient and earlier.channel = m.channel and earlier.sequence < m.sequence
              and earlier.state in ('queued', 'sending', 'uncertain')))
        order by m.due_at, m.sequence
        limit 500
        for update of m skip locked
      loop
        exit when cardinality(claimed) = fits;
        found_here := found_here + 1;
        if candidate.is_unwanted then
          unwanted := unwanted || candidate.id;
          continue;
        end if;
        slot_day := (slot at time zone here)::date;
        if pacing.channel is not null and pacing.day <> slot_day then
          pacing.day := slot_day;
          pacing.used := 0;
        end if;
        if not urgency then
          if zone is distinct from coalesce(candidate.time_zone, here) then
            zone := coalesce(candidate.time_zone, here);
            -- Quiet hours are longer than a lease: free at its beginning and at its end is free throughout.
            free_at := private.next_allowed_time(clock, zone, outlet.quiet_from, outlet.quiet_until);
            rest := free_at > clock;
            until := private.next_allowed_time(clock + lease, zone, outlet.quiet_from, outlet.quiet_until);
            if until > clock + lease then
              rest := true;
            else
              until := free_at;
            end if;
          end if;
          if rest then
            late := late || candidate.id;
            late_until := late_until || until;
            late_why := late_why || 'quiet_hours'::text;
            continue;
          end if;
          if pacing.used >= outlet.per_day then
            late := late || candidate.id;
            late_until := late_until || private.next_allowed_time(
              (slot_day + 1)::timestamp at time zone here, zone, outlet.quiet_from, outlet.quiet_until);
            late_why := late_why || 'daily_limit'::text;
            continue;
          end if;
        end if;
        claimed := claimed || candidate.id;
        slots := slots || slot;
        pacing.used := pacing.used + 1;
        slot := slot + coalesce(step, interval '0');
      end loop;

      if cardinality(unwanted) > 0 then
        update public.outbound_messages m set state = 'cancelled', last_error = 'opted_out', last_error_detail = null
        where m.id = any (unwanted);
      end if;
      if cardinality(late) > 0 then
        update public.outbound_messages m set due_at = l.until
        from unnest(late, late_until) as l (id, until) where m.id = l.id;
        insert into public.outbound_message_events (message_id, from_state, to_state, code, detail, attempt)
        select m.id, m.state, m.state, l.why, to_char(l.until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), m.attempts
        from unnest(late, late_until, late_why) as l (id, until, why)
        join public.outbound_messages m on m.id = l.id;
      end if;
      if cardinality(claimed) > 0 then
        with sent_out as (
          update public.outbound_messages m set
            state = 'sending', attempts = m.attempts + 1, claimed_by = claim_outbound_messages.dispatcher,
            lease_expires_at = clock + lease, attempt_started_at = c.slot,
            -- The history says why it is put back, not why it was last time.
            last_error = null, last_error_detail = null
          from unnest(claimed, slots) as c (id, slot)
          where m.id = c.id
          returning m.*, c.slot)
        select jsonb_agg(
          jsonb_build_object(
            'id', m.id, 'channel', m.channel, 'recipient', m.recipient, 'message_type', m.message_type,
            'language', m.language, 'data', coalesce(s.data, m.data), 'attempts', m.attempts, 'urgent', m.urgent,
            'wait_ms', ceil(extract(epoch from m.slot - clock) * 1000)::bigint)
          order by m.slot, m.urgent desc, m.due_at, m.sequence)
        into batch
        from sent_out m
        left join private.message_secrets s on s.message_id = m.id;
        messages := messages || batch;
        room := room - cardinality(claimed);
      end if;

      exit rounds when round > 1 and found_here < 500 and cardinality(claimed) < fits;
      more := more or round = 20;
    end loop;

    if pacing.channel is not null then
      update private.message_pacing p
      set next_slot_at = case when step is null then p.next_slot_at else greatest(slot, p.next_slot_at) end,
        day = pacing.day, used = pacing.used
      where p.channel = outlet.channel;
    end if;
  end loop;

  if jsonb_array_length(messages) > 0 then
    with taken as (
      delete from private.outbound_message_counts k
      where k.id in (select c.id from private.outbound_message_counts c order by c.id limit 1000 for update skip locked)
      returning k.state, k.n)
    insert into private.outbound_message_counts (state, n)
    select t.state, sum(t.n) from taken t group by t.state having sum(t.n) <> 0;
  end if;

  if room = 0 or more then
    next_due := clock;
  else
    -- What is due and still queued waits for an earlier message of the same person.
    select least(paced_until, min(soon.at)) into next_due
    from (
      select min(m.lease_expires_at) as at from public.outbound_messages m where m.state = 'sending'
      union all
      select (select greatest(m.due_at, m.lease_expires_at) from public.outbound_messages m
              where m.state = 'uncertain' and greatest(m.due_at, m.lease_expires_at) > clock
                and (claim_outbound_messages.channels is null or m.channel = any (claim_outbound_messages.channels))
              order by m.due_at limit 1)
      union all
      select (select min(m.due_at) from public.outbound_messages m
              where m.state = 'queued' and m.channel = c.channel and m.urgent = u.urgent and m.due_at > clock)
      from public.message_channels c, (values (true), (false)) as u (urgent)
      where not c.paused
        and (claim_outbound_messages.channels is null or c.channel = any (claim_outbound_messages.channels))) as soon;
  end if;
  return jsonb_build_object(
    'messages', messages, 'uncertain', uncertain,
    'next_due_in_ms', case when next_due is not null then
      greatest(0, ceil(extract(epoch from next_due - clock_timestamp()) * 1000))::bigint end);
end
$$;

comment on function public.claim_outbound_messages(text, int, int, text[]) is
  'Leases due messages to a dispatcher: {messages: [{id, channel, recipient, message_type, language, data, attempts, urgent, wait_ms}], uncertain: [{id, channel, recipient, attempt_started_at, attempts}], next_due_in_ms}. Service only.';

-- ---------------------------------------------------------------- what the provider says later

create table private.early_statuses (
  provider_message_id text not null check (length(provider_message_id) <= 300),
  status              text not null,
  at                  timestamptz not null,
  received_at         timestamptz not null default now(),
  primary key (provider_message_id, status)
);

comment on table private.early_statuses is
  'What a provider said about messages we do not know, for a day: it may be about one whose sending is not recorded yet.';
comment on column private.early_statuses.provider_message_id is 'What the provider calls the message.';
comment on column private.early_statuses.status is 'sent, delivered, read or failed.';
comment on column private.early_statuses.at is 'When it was so, as the provider says.';
comment on column private.early_statuses.received_at is 'When we heard of it.';

create index early_statuses_received_at_idx on private.early_statuses (received_at);

alter table private.early_statuses enable row level security;
revoke all on table private.early_statuses from public, anon, authenticated, service_role;

-- Forward only, whatever the order: of several the furthest counts, and one that says failed counts
-- only where nothing says that it arrived.
create function private.apply_statuses(provider_ids text[], statuses text[])
returns bigint
language plpgsql
security definer
set search_path = ''
as $$
declare
  applied bigint;
begin
  with furthest as materialized (
    select s.provider_id, case
      when bool_or(s.status = 'read') then 'read'
      when bool_or(s.status = 'delivered') then 'delivered'
      when bool_or(s.status = 'failed') then 'failed'
      else 'sent' end as state
    from unnest(apply_statuses.provider_ids, apply_statuses.statuses) as s (provider_id, status)
    group by s.provider_id
  ), due as (
    select m.id, f.state from public.outbound_messages m
    join furthest f on f.provider_id = m.provider_message_id
    where case f.state
      when 'sent' then m.state in ('sending', 'uncertain')
      when 'failed' then m.state in ('sending', 'uncertain', 'sent')
      when 'delivered' then m.state in ('sending', 'uncertain', 'sent', 'failed')
      else m.state in ('sending', 'uncertain', 'sent', 'failed', 'delivered') end
    order by m.id
    for update of m)
  update public.outbound_messages m set
    state = d.state,
    last_error = case when d.state = 'failed' then 'not_delivered' end,
    last_error_detail = null
  from due d where m.id = d.id;
  get diagnostics applied = row_count;
  return applied;
end
$$;

create function public.record_delivery_statuses(statuses jsonb)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  ids text[];
  states text[];
  times timestamptz[];
  unheard int;
  applied bigint;
begin
  if jsonb_typeof(record_delivery_statuses.statuses) is distinct from 'array'
     or jsonb_array_length(record_delivery_statuses.statuses) > 1000 then
    perform private.raise_error('invalid_results');
  end if;
  select array_agg(s.provider_message_id), array_agg(s.status), array_agg(coalesce(s.at, now()))
  into ids, states, times
  from jsonb_to_recordset(record_delivery_statuses.statuses) as s (provider_message_id text, status text, at timestamptz)
  where s.status in ('sent', 'delivered', 'read', 'failed') and length(s.provider_message_id) between 1 and 300;

  -- Whoever records a sending holds this lock shared: a status arrives either before that and is
  -- found there, or after it and finds the message.
  if exists (
    select from unnest(ids) as s (id)
    where not exists (select from public.outbound_messages m where m.provider_message_id = s.id)) then
    perform pg_advisory_xact_lock(hashtext('private.early_statuses'));
  end if;
  applied := private.apply_statuses(ids, states);

  insert into private.early_statuses (provider_message_id, status, at)
  select s.id, s.status, min(s.at)
  from unnest(ids, states, times) as s (id, status, at)
  where not exists (select from public.outbound_messages m where m.provider_message_id = s.id)
  group by s.id, s.status
  order by s.id, s.status
  on conflict (provider_message_id, status) do nothing;
  select count(*) into unheard from unnest(ids) as s (id)
  where not exists (select from public.outbound_messages m where m.provider_message_id = s.id);

  delete from private.early_statuses e
  where (e.provider_message_id, e.status) in (
    select old.provider_message_id, old.status from private.early_statuses old
    where old.received_at < now() - interval '1 day' limit 1000 for update skip locked);

  return jsonb_build_object(
    'applied', applied,
    'ignored', jsonb_array_length(record_delivery_statuses.statuses) - applied - unheard,
    'unknown', unheard);
end
$$;

-- What was said too early about messages that now have their provider's name.
create function private.apply_early_statuses(messages uuid[])
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  ids text[];
  states text[];
begin
  with heard as (
    delete from private.early_statuses e
    using public.outbound_messages m
    where m.id = any (apply_early_statuses.messages) and e.provider_message_id = m.provider_message_id
    returning e.provider_message_id, e.status)
  select array_agg(h.provider_message_id), array_agg(h.status) into ids, states from heard h;
  if ids is not null then
    perform private.apply_statuses(ids, states);
  end if;
end
$$;

comment on function private.apply_statuses(text[], text[]) is 'Moves messages forward to what their provider says; answers how many moved.';
comment on function public.record_delivery_statuses(jsonb) is
  'Records [{provider_message_id, status: sent | delivered | read | failed, at}]: {applied, ignored, unknown}. What is unknown is kept for a day. Service only.';
comment on function private.apply_early_statuses(uuid[]) is 'Applies what a provider said about messages before their sending was recorded.';

-- ---------------------------------------------------------------- what became of them

create function public.record_outbound_results(dispatcher text, results jsonb)
returns jsonb
language plpgsql
security definer
set search_path = ''
set jit = off
as $$
declare
  clock timestamptz := clock_timestamp();
  accepted uuid[];
  changed uuid[];
  states text[];
  fallbacks int := 0;
  original record;
begin
  if jsonb_typeof(record_outbound_results.results) is distinct from 'array'
     or jsonb_array_length(record_outbound_results.results) > 1000 then
    perform private.raise_error('invalid_results');
  end if;
  perform pg_advisory_xact_lock_shared(hashtext('private.early_statuses'));
  select array_agg(r.id) filter (where r.outcome = 'accepted') into accepted
  from jsonb_to_recordset(record_outbound_results.results) as r (id uuid, outcome text);
  -- All in one order, whoever records at the same moment.
  perform from public.outbound_messages m
  where m.id in (select r.id from jsonb_to_recordset(record_outbound_results.results) as r (id uuid))
  order by m.id for update;

  -- Accepted is accepted, also where the lease has run out and the message was put back meanwhile.
  update public.outbound_messages m set
    state = 'sending', claimed_by = left(record_outbound_results.dispatcher, 100), lease_expires_at = clock, attempts = m.attempts + 1,
    last_error = 'accepted_late'
  where m.id = any (accepted) and m.state = 'queued';
  insert into public.outbound_message_events (message_id, from_state, to_state, code, detail, attempt)
  select m.id, m.state, m.state, case m.state when 'cancelled' then 'accepted_after_cancelling' else 'accepted_twice' end,
    left(r.provider_message_id, 300), m.attempts
  from jsonb_to_recordset(record_outbound_results.results) as r (id uuid, outcome text, provider_message_id text)
  join public.outbound_messages m on m.id = r.id
  where r.outcome = 'accepted'
    and (m.state = 'cancelled'
         or m.state in ('sent', 'delivered', 'read') and r.provider_message_id <> m.provider_message_id);

  with given as (
    -- If one came twice, the answer of the provider counts.
    select distinct on (r.id) r.*
    from jsonb_to_recordset(record_outbound_results.results) as r (
      id uuid, outcome text, provider_message_id text, code text, detail text, retry_after_seconds numeric, attempts int)
    order by r.id, r.outcome = 'accepted' desc
  ), decided as (
    select m.id, g.outcome, g.provider_message_id, g.code, g.detail,
      case
        when g.outcome = 'accepted' then case when m.state in ('sending', 'uncertain', 'failed') then 'sent' end
        -- Anything else is only for whoever holds the lease to say.
        when m.state <> 'sending' or m.claimed_by is distinct from record_outbound_results.dispatcher or g.attempts <> m.attempts then null
        when g.outcome in ('refused', 'unknown_number') then 'failed'
        when g.outcome = 'not_sent' then 'queued'
        when g.outcome = 'uncertain' and m.channel = 'whatsapp' then 'uncertain'
        when g.outcome not in ('retry', 'uncertain') then null
        when m.attempts >= c.max_attempts then 'failed'
        else 'queued' end as state,
      case
        when g.outcome in ('accepted', 'not_sent', 'refused', 'unknown_number') then m.due_at
        when g.outcome = 'uncertain' and m.channel = 'whatsapp' then clock + c.settle
        else clock + greatest(private.retry_delay(m.attempts),
          make_interval(secs => least(greatest(g.retry_after_seconds, 0), 86400)::double precision)) end as due_at
    from given g
    join public.outbound_messages m on m.id = g.id
    join public.message_channels c on c.channel = m.channel
  ), recorded as (
    update public.outbound_messages m set
      state = d.state,
      due_at = d.due_at,
      attempts = case when d.outcome = 'not_sent' then greatest(m.attempts - 1, 0) else m.attempts end,
      provider_message_id = case when d.outcome = 'accepted'
        then nullif(left(d.provider_message_id, 300), '') else m.provider_message_id end,
      claimed_by = null, lease_expires_at = null,
      last_error = coalesce(nullif(left(d.code, 100), ''), d.outcome),
      last_error_detail = left(d.detail, 1000)
    from decided d
    where m.id = d.id and d.state is not null
    returning m.id, m.state)
  select array_agg(r.id), array_agg(r.state) into changed, states from recorded r;

  -- Who has no WhatsApp is written to by e-mail.
  for original in
    select m.*, p.email
    from jsonb_to_recordset(record_outbound_results.results) as r (id uuid, outcome text)
    join public.outbound_messages m on m.id = r.id
    join public.profiles p on p.id = m.profile_id
    where r.outcome = 'unknown_number' and m.id = any (changed) and m.state = 'failed' and m.channel = 'whatsapp'
      and p.email is not null
    order by m.sequence
  loop
    perform private.enqueue_message(
      original.dedupe_key || ':email', original.message_type, 'email', original.email, original.language, original.data,
      original.profile_id, original.masterclass_id, original.urgent, clock, original.requested_by, original.id);
    fallbacks := fallbacks + 1;
  end loop;

  perform private.apply_early_statuses(changed);

  return (
    select jsonb_build_object(
      'sent', count(*) filter (where s.state = 'sent'),
      'queued', count(*) filter (where s.state = 'queued'),
      'failed', count(*) filter (where s.state = 'failed'),
      'uncertain', count(*) filter (where s.state = 'uncertain'),
      'ignored', jsonb_array_length(record_outbound_results.results) - count(*),
      'fallbacks', fallbacks)
    from unnest(states) as s (state));
end
$$;

comment on function public.record_outbound_results(text, jsonb) is
  'Records [{id, outcome: accepted | retry | refused | unknown_number | uncertain | not_sent, provider_message_id, code, detail, retry_after_seconds, attempts}] of a dispatcher: {sent, queued, failed, uncertain, ignored, fallbacks}. Service only.';

-- found: true with the provider's id, false when the provider's list proves that it was never sent, null
-- when the list could not be read: then it is looked for again in a minute.
create function public.resolve_uncertain_messages(dispatcher text, results jsonb)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  clock timestamptz := clock_timestamp();
  changed uuid[];
  states text[];
begin
  if jsonb_typeof(resolve_uncertain_messages.results) is distinct from 'array'
     or jsonb_array_length(resolve_uncertain_messages.results) > 1000 then
    perform private.raise_error('invalid_results');
  end if;
  perform pg_advisory_xact_lock_shared(hashtext('private.early_statuses'));
  perform from public.outbound_messages m
  where m.id in (select r.id from jsonb_to_recordset(resolve_uncertain_messages.results) as r (id uuid))
  order by m.id for update;

  with given as (
    select distinct on (r.id) r.*
    from jsonb_to_recordset(resolve_uncertain_messages.results) as r (id uuid, found boolean, provider_message_id text)
    order by r.id, r.found desc nulls last
  ), resolved as (
    update public.outbound_messages m set
      state = case when g.found then 'sent' when g.found is null then 'uncertain'
        when m.attempts >= c.max_attempts then 'failed' else 'queued' end,
      due_at = case when g.found is null then clock + interval '1 minute' when g.found then m.due_at else clock end,
      provider_message_id = case when g.found then nullif(left(g.provider_message_id, 300), '') else m.provider_message_id end,
      claimed_by = null, lease_expires_at = null,
      last_error = case when g.found is null then m.last_error when g.found then null else 'proven_absent' end,
      last_error_detail = case when g.found is null then m.last_error_detail end
    from given g, public.message_channels c
    where m.id = g.id and c.channel = m.channel and m.state = 'uncertain'
      and (g.found or m.claimed_by = resolve_uncertain_messages.dispatcher)
    returning m.id, m.state)
  select array_agg(r.id), array_agg(r.state) into changed, states from resolved r;
  perform private.apply_early_statuses(changed);

  return (
    select jsonb_build_object(
      'sent', count(*) filter (where s.state = 'sent'),
      'queued', count(*) filter (where s.state = 'queued'),
      'failed', count(*) filter (where s.state = 'failed'),
      'uncertain', count(*) filter (where s.state = 'uncertain'),
      'ignored', jsonb_array_length(resolve_uncertain_messages.results) - count(*))
    from unnest(states) as s (state));
end
$$;

comment on function public.resolve_uncertain_messages(text, jsonb) is
  'Records [{id, found: true | false | null, provider_message_id}] for uncertain messages that were looked up: {sent, queued, failed, uncertain, ignored}. Service only.';

revoke execute on function
  private.next_allowed_time(timestamptz, text, time, time), private.retry_delay(int),
  private.apply_statuses(text[], text[]), private.apply_early_statuses(uuid[])
  from public, anon, authenticated, service_role;
revoke execute on function
  public.claim_outbound_messages(text, int, int, text[]), public.record_outbound_results(text, jsonb),
  public.resolve_uncertain_messages(text, jsonb), public.record_delivery_statuses(jsonb)
  from public, anon, authenticated, service_role;
grant execute on function
  public.claim_outbound_messages(text, int, int, text[]), public.record_outbound_results(text, jsonb),
  public.resolve_uncertain_messages(text, jsonb), public.record_delivery_statuses(jsonb)
  to service_role;
