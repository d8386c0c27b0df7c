-- Where a channel has a pace, a claim gives messages their moments: half a minute ahead, as it was, all of that time belonged
-- to the others when somebody asked for a code to sign in. As it was, but for `ahead`.
create or replace function public.claim_outbound_messages(
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
  -- No moments are given away further ahead, but for the next one: what is urgent comes after those that have theirs.
  ahead constant interval := interval '5 seconds';
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
        else least(room, floor(extract(epoch from clock + least(usable, greatest(ahead, step)) - slot) / extract(epoch from step)) + 1) end;
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
