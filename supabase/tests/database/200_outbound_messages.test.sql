-- The outbox: who may touch it, what never changes, the states, the history, the counts.
begin;
set local search_path = tests, public, extensions;
select plan(62);

delete from outbound_messages;
select tests.create_user('student');
select tests.create_user('stranger');
select tests.create_user('tutor', 'tuteur');
select tests.create_user('chief', 'admin');

-- ---------------------------------------------------------------- who
select tests.let('message', (private.enqueue_message(
  'test:1', 'custom', 'whatsapp', '+24174111111', 'fr', '{"text": "Bonjour"}', tests.user_id('student'))).id);
select tests.act_as_visitor();
select tests.forbids('select * from outbound_messages', 'a visitor does not read the outbox');
select tests.forbids('select * from outbound_message_events', 'nor its history');
select tests.forbids('select * from message_channels', 'nor the channels');
select tests.act_as('student');
select is_empty('select * from outbound_messages', 'a student does not read the outbox, not even the own messages');
select is_empty('select * from outbound_message_events', 'nor its history');
select is_empty('select * from message_channels', 'nor the channels');
select tests.touches('update message_channels set paused = true', 0, 'a student does not pause a channel');
select tests.forbids($$ insert into outbound_messages (dedupe_key, message_type, language, channel, recipient) values ('x', 'custom', 'fr', 'whatsapp', '+24174111111') $$, 'a student writes no message');
select tests.act_as('tutor');
select results_eq('select dedupe_key from outbound_messages', array['test:1'], 'staff read the outbox');
select results_eq('select to_state from outbound_message_events', array['queued'], 'and its history');
select is((select count(*) from message_channels), 2::bigint, 'and the channels');
select tests.touches('update message_channels set paused = true', 0, 'a tutor does not pause a channel');
select tests.forbids($$ update outbound_messages set state = 'cancelled' $$, 'staff do not write states');
select tests.forbids('delete from outbound_messages', 'nor delete messages');
select tests.forbids($$ insert into outbound_message_events (message_id, to_state, attempt) select id, 'read', 1 from outbound_messages $$, 'nor write history');
select tests.act_as('chief');
select tests.touches('update message_channels set paused = true', 2, 'an admin pauses channels');
select tests.forbids($$ update message_channels set channel = 'x' $$, 'but makes no others');
select throws_ok($$ update message_channels set quiet_from = '21:00', quiet_until = '21:05' $$, '23514', null, 'quiet hours last at least a quarter of an hour');
select throws_ok($$ update message_channels set quiet_from = '21:00', quiet_until = '20:30' $$, '23514', null, 'and leave an hour');
select throws_ok($$ update message_channels set quiet_from = '21:00', quiet_until = null $$, '23514', null, 'and end');
select throws_ok($$ update message_channels set quiet_from = '21:00:30' $$, '23514', null, 'on whole minutes');
select tests.touches($$ update message_channels set quiet_from = '22:00', quiet_until = '06:30', per_second = 0.5, paused = false $$, 2, 'and can be changed');
select tests.act_as_service();
select tests.forbids('select * from outbound_messages', 'the secret key goes through functions');
select tests.forbids('delete from outbound_messages', 'also for deleting');
select tests.act_as_owner();

-- ---------------------------------------------------------------- the person's own settings
select tests.act_as('student');
select tests.touches($$ update profiles set time_zone = 'Africa/Casablanca', language = 'en' $$, 1, 'people set their zone and language');
select throws_ok(format('update profiles set time_zone = %L', zone), '23514', null, format('%s is no zone', zone))
from unnest(array['Afrique/Libreville', 'Foo5', 'CET-1CEST', '+01', 'africa/libreville ', 'Europe/Paris5', '']) as zone;
select lives_ok(format('update profiles set time_zone = %L', zone), format('%s is a zone', zone))
from unnest(array['UTC', 'Africa/Abidjan', 'America/Port-au-Prince', 'America/Argentina/Buenos_Aires']) as zone;
select throws_ok($$ update profiles set language = 'de' $$, '23514', null, 'there are two languages');
select tests.act_as_owner();

-- ---------------------------------------------------------------- what never changes
select throws_ok(format('update outbound_messages set %s', change), '23514', null, 'no change of ' || change)
from unnest(array[$$recipient = '+24174222222'$$, $$data = '{}'$$, $$message_type = 'validation'$$, $$channel = 'email', recipient = 'a@b.invalid'$$,
  $$language = 'en'$$, $$urgent = true$$, $$dedupe_key = 'y'$$, $$created_at = now() - interval '1 day'$$, $$profile_id = null$$]) as change;
select throws_ok($$ insert into outbound_messages (dedupe_key, message_type, language, channel, recipient, state) values ('z', 'custom', 'fr', 'whatsapp', '+24174111111', 'sent') $$,
  '23514', null, 'a message does not begin as sent');
select throws_ok(format($$ insert into outbound_messages (dedupe_key, message_type, language, channel, recipient) values ('z', 'custom', 'fr', %L, %L) $$, channel, recipient),
  '23514', null, format('%s is no recipient by %s', recipient, channel))
from (values ('whatsapp', '24174111111'), ('whatsapp', 'a@b.invalid'), ('email', '+24174111111'), ('email', 'a b@c.invalid')) as v (channel, recipient);

-- ---------------------------------------------------------------- states: every pair, against the table of what is allowed
create function tests.a_message_in(state text) returns uuid language plpgsql as $$
declare
  message uuid;
  step text;
begin
  insert into public.outbound_messages (dedupe_key, message_type, language, channel, recipient)
  values ('state:' || gen_random_uuid(), 'custom', 'fr', 'whatsapp', '+24174333333') returning id into message;
  foreach step in array case state
    when 'queued' then '{}'::text[] when 'cancelled' then '{cancelled}' when 'sending' then '{sending}'
    when 'delivered' then '{sending,sent,delivered}' when 'read' then '{sending,sent,read}' else array['sending', state] end
  loop
    update public.outbound_messages m set state = step, claimed_by = 'd', lease_expires_at = now() where m.id = message;
  end loop;
  return message;
end
$$;
create function tests.is_allowed(from_state text, to_state text) returns boolean language plpgsql as $$
declare
  message uuid := tests.a_message_in(from_state);
begin
  update public.outbound_messages set state = to_state, claimed_by = 'd', lease_expires_at = now() where id = message;
  return true;
exception when check_violation then
  return false;
end
$$;
create temp table states as select unnest(array['queued', 'sending', 'sent', 'delivered', 'read', 'failed', 'uncertain', 'cancelled']) as state;
select results_eq(
  $$ select a.state, string_agg(b.state, ' ' order by b.state) from states a join states b on a.state <> b.state and tests.is_allowed(a.state, b.state) group by a.state order by a.state $$,
  $$ values ('delivered', 'read'), ('failed', 'delivered queued read sent'), ('queued', 'cancelled failed sending'),
            ('sending', 'delivered failed queued read sent uncertain'), ('sent', 'delivered failed read'),
            ('uncertain', 'delivered failed queued read sent') $$,
  'the states follow one another as meant; read and cancelled are final');
select tests.let('x', tests.a_message_in('queued'));
select throws_ok(format($$ update outbound_messages set state = 'sending' where id = %L $$, tests.id('x')), '23514', null, 'nobody sends without a lease');

-- ---------------------------------------------------------------- history and counts
select tests.let('x', tests.a_message_in('delivered'));
select results_eq(format('select from_state, to_state from outbound_message_events where message_id = %L order by id', tests.id('x')),
  $$ values (null, 'queued'), ('queued', 'sending'), ('sending', 'sent'), ('sent', 'delivered') $$, 'every change is in the history');
update outbound_messages set attempts = 7 where id = tests.id('x');
select is((select count(*) from outbound_message_events where message_id = tests.id('x')), 4::bigint, 'what is no change of state is not');
select ok((select sent_at is not null and claimed_by is null and lease_expires_at is null from outbound_messages where id = tests.id('x')), 'a lease ends with the sending');
create function tests.counts_are_right() returns boolean language sql as $$
  select not exists (
    (select state, sum(n) from private.outbound_message_counts group by state having sum(n) <> 0)
    except (select state, count(*)::numeric from public.outbound_messages group by state))
  and not exists (
    (select state, count(*)::numeric from public.outbound_messages group by state)
    except (select state, sum(n) from private.outbound_message_counts group by state))
$$;
select ok(tests.counts_are_right(), 'the counts are those of the table');
update outbound_messages set state = 'failed' where state = 'queued';
select ok(tests.counts_are_right(), 'after a change of many rows');
delete from auth.users where id = tests.user_id('student');
select ok(tests.counts_are_right(), 'after the deletion of an account');
select is_empty(format('select from outbound_messages where id = %L', tests.id('message')), 'whose messages go with it');

-- ---------------------------------------------------------------- random walks
-- Whatever is tried in whatever order: only allowed steps happen, a step forward is never undone, and
-- from every state but the final ones the way goes on.
create function tests.walk(seed double precision, steps int) returns text language plpgsql as $$
declare
  message uuid := tests.a_message_in('queued');
  was text := 'queued';
  wanted text;
  arrived int := 0;
  rank jsonb := '{"delivered": 1, "read": 2}';
  trail text := 'queued';
begin
  perform setseed(seed);
  for n in 1 .. steps loop
    wanted := (array['queued', 'sending', 'sent', 'delivered', 'read', 'failed', 'uncertain', 'cancelled'])[1 + floor(random() * 8)];
    begin
      update public.outbound_messages set state = wanted, claimed_by = 'd', lease_expires_at = now() where id = message;
    exception when check_violation then
      continue;
    end;
    if coalesce((rank ->> wanted)::int, 0) < arrived then
      return format('went back: %s -> %s', trail, wanted);
    end if;
    if was in ('read', 'cancelled') and wanted <> was then
      return format('left a final state: %s -> %s', trail, wanted);
    end if;
    arrived := coalesce((rank ->> wanted)::int, 0);
    if wanted <> was then trail := trail || ' ' || wanted; end if;
    was := wanted;
  end loop;
  -- Never stuck: whatever state this is, an end can be reached.
  if was not in ('read', 'cancelled', 'delivered', 'sent') then
    if was = 'queued' then
      update public.outbound_messages set state = 'sending', claimed_by = 'd', lease_expires_at = now() where id = message;
    end if;
    update public.outbound_messages set state = 'sent' where id = message;
  end if;
  if (select string_agg(to_state, ' ' order by id) from public.outbound_message_events where message_id = message) not like trail || '%' then
    return 'the history says something else than ' || trail;
  end if;
  return null;
end
$$;
select is_empty($$ select tests.walk(n / 101.0, 60) from generate_series(1, 100) as n where tests.walk(n / 101.0, 60) is not null $$, 'a hundred random walks go forward and reach an end');
select ok(tests.counts_are_right(), 'and are counted');

select * from finish();
rollback;
