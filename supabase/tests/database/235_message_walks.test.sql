-- Random sequences of everything that happens to messages: claims, results true and false, late and twice,
-- statuses, leases that run out, looking up, STOP and START. Whatever the sequence: nothing goes back,
-- nothing is sent twice where that was known, and nothing is stuck.
begin;
set local search_path = tests, public, extensions;
select plan(4);

delete from outbound_messages;
delete from private.early_statuses;
delete from private.opt_outs;
update message_channels set per_second = null, per_day = null, quiet_from = null, quiet_until = null, paused = false, max_attempts = 4, settle = '3 minutes';
update private.message_pacing set next_slot_at = '-infinity', day = '-infinity', used = 0;

-- What was done, for the message of a failure.
create temp table trail (n int generated always as identity, what text);
-- The dispatchers' memory: each attempt they were given, and what they can tell of it. Nothing, where
-- they died first.
create temp table given (dispatcher text, message uuid, attempt int, looked_up boolean, outcome text, provider_id text);
-- The provider's book.
create temp table accepted (message uuid, provider_id text);

create function tests.any_of(variadic list text[]) returns text language sql volatile as $$
  select list[1 + floor(random() * cardinality(list))::int]
$$;

-- Claims and sends at once. The provider has it or not, whatever the dispatcher hears of it; an e-mail it has
-- already it knows by its key.
create function tests.take(goes_well boolean default false) returns void language plpgsql as $$
declare
  who text := gen_random_uuid();
  answer jsonb := public.claim_outbound_messages(who, 1 + floor(random() * 5)::int, 60);
  one jsonb;
  known text;
  hears boolean;
begin
  insert into given
  select who, (m ->> 'id')::uuid, null, true, null, (select a.provider_id from accepted a where a.message = (m ->> 'id')::uuid limit 1)
  from jsonb_array_elements(answer -> 'uncertain') m;
  for one in select jsonb_array_elements(answer -> 'messages') loop
    hears := goes_well or random() < 0.6;
    known := null;
    if one ->> 'channel' = 'email' then
      select a.provider_id into known from accepted a where a.message = (one ->> 'id')::uuid;
    end if;
    if known is null and (goes_well or random() < 0.6) then
      known := 'p' || gen_random_uuid();
      insert into accepted values ((one ->> 'id')::uuid, known);
    end if;
    insert into given values (who, (one ->> 'id')::uuid, (one ->> 'attempts')::int, false,
      case when hears and known is not null then 'accepted' when hears then tests.any_of('retry', 'retry', 'refused', 'not_sent')
        when random() < 0.6 then 'uncertain' end, known);
  end loop;
end
$$;

create function tests.time_runs(span interval) returns void language sql as $$
  update public.outbound_messages set due_at = due_at - span, lease_expires_at = lease_expires_at - span
  where state in ('queued', 'sending', 'uncertain')
$$;

-- A dispatcher tells what it knows of an attempt, or of what it looked up: late, twice, or never.
create function tests.tell(attempt given) returns void language plpgsql as $$
begin
  if attempt.looked_up then
    perform public.resolve_uncertain_messages(attempt.dispatcher, jsonb_build_array(jsonb_build_object(
      'id', attempt.message, 'found', attempt.provider_id is not null, 'provider_message_id', attempt.provider_id)));
  elsif attempt.outcome is not null then
    perform public.record_outbound_results(attempt.dispatcher, jsonb_build_array(jsonb_build_object(
      'id', attempt.message, 'attempts', attempt.attempt, 'outcome', attempt.outcome,
      'provider_message_id', case when attempt.outcome = 'accepted' then attempt.provider_id end)));
  end if;
end
$$;

create function tests.something_happens(n int) returns void language plpgsql as $$
declare
  what text := tests.any_of('claim', 'claim', 'claim', 'tell', 'tell', 'tell', 'tell', 'status', 'status', 'lease', 'time', 'write', 'write', 'keyword');
  person text := '+2417412345' || floor(random() * 5)::int;
  attempt given;
begin
  insert into trail (what) values (what);
  case what
    when 'claim' then perform tests.take();
    when 'tell' then
      for attempt in select * from given order by random() limit 2 loop
        perform tests.tell(attempt);
      end loop;
    when 'status' then
      perform public.record_delivery_statuses((
        select jsonb_agg(jsonb_build_object('provider_message_id', a.provider_id, 'status', tests.any_of('sent', 'delivered', 'read'), 'at', now()))
        from (select * from accepted order by random() limit 2) a))
      where exists (select from accepted);
    when 'lease' then update public.outbound_messages set lease_expires_at = clock_timestamp() - interval '1 second' where lease_expires_at is not null;
    when 'time' then perform tests.time_runs(tests.any_of('10 seconds', '2 minutes', '1 hour')::interval);
    when 'write' then
      if random() < 0.7 then
        perform private.enqueue_message('walk:' || gen_random_uuid(), 'custom', 'whatsapp', person, 'fr', '{"text": "Bonjour"}', urgent => random() < 0.1);
      else
        perform private.enqueue_message('walk:' || gen_random_uuid(), 'custom', 'email', 'a' || right(person, 1) || '@b.invalid', 'fr', '{"text": "Bonjour"}');
      end if;
    else
      -- Each later than the one before.
      perform public.record_keyword(substr(person, 2), random() < 0.4, 'k' || n || random(), now() - interval '2 hours' + n * interval '1 second');
  end case;
end
$$;

-- All goes well from here on: what remains is sent within a few rounds.
create function tests.settles() returns boolean language plpgsql as $$
declare
  attempt given;
begin
  for round in 1 .. 60 loop
    if not exists (select from public.outbound_messages m where m.state in ('queued', 'sending', 'uncertain')) then
      return true;
    end if;
    perform tests.time_runs('2 hours');
    delete from given;
    perform tests.take(true);
    for attempt in select * from given loop
      perform tests.tell(attempt);
    end loop;
  end loop;
  return false;
end
$$;

create temp table walks as select n, null::boolean as settled from generate_series(1, 25) n;
do $$
declare
  walk int;
  fine boolean;
begin
  for walk in select w.n from walks w order by w.n loop
    perform setseed(walk / 100.0);
    for step in 1 .. 70 loop
      perform tests.something_happens(walk * 100 + step);
    end loop;
    fine := tests.settles();
    update walks set settled = fine where walks.n = walk;
    delete from given;
  end loop;
end
$$;

select is_empty($$ select n from walks where not settled $$, 'never stuck: each of 25 walks of 70 events comes to an end');
select is_empty($$
  select * from outbound_message_events
  where from_state in ('sent', 'delivered', 'read', 'cancelled') and to_state not in ('delivered', 'read', from_state)
     or from_state = 'read' and to_state <> 'read'
     or from_state = 'failed' and to_state not in ('sent', 'delivered', 'read', 'failed') $$, 'never backwards');
select is_empty($$ select message from accepted group by message having count(*) > 1 $$, 'the provider has nothing twice');
-- An e-mail may be given up that the provider has: nobody can ask it.
select is_empty($$
  select m.channel, m.state, m.id from outbound_messages m left join accepted a on a.message = m.id
  where (m.state in ('sent', 'delivered', 'read')) <> (a.message is not null) and not (m.channel = 'email' and m.state = 'failed') $$,
  'and what it has, and only that, was sent');

select * from finish();
rollback;
