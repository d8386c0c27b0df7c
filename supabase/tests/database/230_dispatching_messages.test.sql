-- Claiming, recording, resolving, delivery statuses. A file is one transaction, but these functions go
-- by the clock on the wall; what should be long ago is moved back.
begin;
set local search_path = tests, public, extensions;
select plan(107);

delete from outbound_messages;
delete from private.early_statuses;
delete from private.opt_outs;
update message_channels set per_second = null, per_day = null, quiet_from = null, quiet_until = null, paused = false, max_attempts = 3, settle = '3 minutes';
update private.message_pacing set next_slot_at = '-infinity', day = '-infinity', used = 0;

create function tests.write(key text, number text default null, channel text default 'whatsapp', urgent boolean default false, person uuid default null) returns uuid language sql as $$
  select (private.enqueue_message(key, 'custom', channel, coalesce(number, case channel when 'email' then key || '@b.invalid' else '+2417' || lpad(abs(hashtext(key) % 9999999)::text, 7, '0') end),
    'fr', '{"text": "Bonjour"}', person, urgent => urgent)).id
$$;
create function tests.key_of(id text) returns text language sql security definer as $$ select m.dedupe_key from public.outbound_messages m where m.id = key_of.id::uuid $$;
create function tests.state_of(key text) returns text language sql security definer as $$ select m.state from public.outbound_messages m where m.dedupe_key = key $$;
-- Claims as the service; the keys in the order they are to be sent.
create function tests.claim(dispatcher text default 'd1', most int default 100, lease int default 60) returns text language plpgsql as $$
declare
  answer jsonb;
begin
  perform tests.act_as_service();
  answer := public.claim_outbound_messages(dispatcher, most, lease);
  perform tests.act_as_owner();
  perform tests.let('claim', answer::text);
  return (select string_agg(tests.key_of(m ->> 'id'), ' ' order by n) from jsonb_array_elements(answer -> 'messages') with ordinality as a (m, n));
end
$$;
create function tests.looked_up() returns text language sql as $$
  select string_agg(tests.key_of(m ->> 'id'), ' ' order by n) from jsonb_array_elements(tests.the('claim')::jsonb -> 'uncertain') with ordinality as a (m, n)
$$;
create function tests.waits() returns bigint[] language sql as $$
  select array_agg((m ->> 'wait_ms')::bigint order by n) from jsonb_array_elements(tests.the('claim')::jsonb -> 'messages') with ordinality as a (m, n)
$$;
create function tests.record(dispatcher text, key text, outcome text, extra jsonb default '{}') returns text language plpgsql as $$
declare
  answer jsonb;
  message uuid := (select m.id from public.outbound_messages m where m.dedupe_key = key);
begin
  perform tests.act_as_service();
  answer := public.record_outbound_results(dispatcher, jsonb_build_array(jsonb_build_object('id', message, 'outcome', outcome) || extra));
  perform tests.act_as_owner();
  return (select string_agg(k || ' ' || v, ' ' order by k) from jsonb_each_text(answer) as a (k, v) where v <> '0');
end
$$;
create function tests.resolve(dispatcher text, key text, was_found boolean, provider text default null) returns text language plpgsql as $$
declare
  answer jsonb;
  message uuid := (select m.id from public.outbound_messages m where m.dedupe_key = key);
begin
  perform tests.act_as_service();
  answer := public.resolve_uncertain_messages(dispatcher, jsonb_build_array(jsonb_build_object('id', message, 'found', was_found, 'provider_message_id', provider)));
  perform tests.act_as_owner();
  return (select string_agg(k || ' ' || v, ' ' order by k) from jsonb_each_text(answer) as a (k, v) where v <> '0');
end
$$;
create function tests.status(provider text, variadic statuses text[]) returns text language plpgsql as $$
declare
  answer jsonb;
begin
  perform tests.act_as_service();
  answer := public.record_delivery_statuses((select jsonb_agg(jsonb_build_object('provider_message_id', provider, 'status', s, 'at', now())) from unnest(statuses) as s));
  perform tests.act_as_owner();
  return (select string_agg(k || ' ' || v, ' ' order by k) from jsonb_each_text(answer) as a (k, v) where v <> '0');
end
$$;
create function tests.lease_runs_out() returns void language sql as $$
  update public.outbound_messages set lease_expires_at = clock_timestamp() - interval '1 second' where lease_expires_at is not null
$$;
create function tests.time_passes(span interval) returns void language sql as $$
  update public.outbound_messages set due_at = due_at - span, lease_expires_at = lease_expires_at - span where state in ('queued', 'sending', 'uncertain')
$$;

-- ---------------------------------------------------------------- who
select tests.create_user('tutor', 'tuteur');
select tests.act_as('tutor');
select tests.forbids(call, 'staff do not call ' || call)
from unnest(array[$$ select claim_outbound_messages('d') $$, $$ select record_outbound_results('d', '[]') $$, $$ select resolve_uncertain_messages('d', '[]') $$,
  $$ select record_delivery_statuses('[]') $$, $$ select record_keyword('24174111111', true) $$]) as call;
select tests.act_as_service();
select tests.refuses($$ select claim_outbound_messages('') $$, 'invalid_dispatcher', 'a dispatcher has a name');
select tests.refuses($$ select record_outbound_results('d', '{}') $$, 'invalid_results', 'results are an array');
select tests.refuses($$ select resolve_uncertain_messages('d', 'null') $$, 'invalid_results', 'so is what was looked up');
select tests.refuses($$ select record_delivery_statuses('1') $$, 'invalid_results', 'and statuses');
select is(claim_outbound_messages('d'), '{"messages": [], "uncertain": [], "next_due_in_ms": null}', 'nothing is claimed where there is nothing');
select tests.act_as_owner();

-- ---------------------------------------------------------------- what is claimed
select tests.write('a'), tests.write('b'), tests.write('c');
update outbound_messages set due_at = now() + interval '1 hour' where dedupe_key = 'c';
update outbound_messages set due_at = now() - interval '1 minute' where dedupe_key = 'b';
select is(tests.claim(), 'b a', 'what is due, the oldest first');
select is((select array_agg(k order by k) from jsonb_object_keys(tests.the('claim')::jsonb #> '{messages,0}') as k),
  array['attempts', 'channel', 'data', 'id', 'language', 'message_type', 'recipient', 'urgent', 'wait_ms'], 'with what is needed to send it');
select is(tests.the('claim')::jsonb #> '{messages,0,attempts}', '1', 'as the first attempt');
select is(tests.claim('d2'), null, 'nobody gets it twice');
select cmp_ok((tests.the('claim')::jsonb ->> 'next_due_in_ms')::int, '<=', 60000, 'the next thing to do is when the lease runs out');
select is(tests.record('d2', 'a', 'refused'), 'ignored 1', 'only whoever has it says what became of it');
select is(tests.record('d1', 'a', 'accepted', '{"provider_message_id": "p-a"}'), 'sent 1', 'it was accepted');
select results_eq($$ select state, provider_message_id, claimed_by, sent_at is not null from outbound_messages where dedupe_key = 'a' $$,
  $$ values ('sent', 'p-a', null::text, true) $$, 'and is sent');
select is(tests.record('d1', 'a', 'accepted', '{"provider_message_id": "p-a"}'), 'ignored 1', 'once');
select is(tests.record('d1', 'a', 'retry'), 'ignored 1', 'nothing takes that back');
select tests.record('d1', 'b', 'accepted') is not null;
select is(array[tests.claim(), ((tests.the('claim')::jsonb ->> 'next_due_in_ms')::int between 3590000 and 3600000)::text], array[null, 'true'], 'then the one in an hour is next');
delete from outbound_messages;

select tests.write('n' || n, most) from generate_series(1, 5) n, lateral (select '+2417000000' || n as most) x;
select is(tests.claim(most => 2), 'n1 n2', 'as many as are wanted');
select is((tests.the('claim')::jsonb ->> 'next_due_in_ms')::int, 0, 'and the next at once');
update message_channels set paused = true where channel = 'whatsapp';
select is(tests.claim(), null, 'from a channel that is paused nothing');
select isnt((tests.the('claim')::jsonb ->> 'next_due_in_ms')::int, 0, 'and nobody asks again and again');
update message_channels set paused = false;
select is(tests.claim(), 'n3 n4 n5', 'until it goes on');
delete from outbound_messages;

-- ---------------------------------------------------------------- in order, for each person
select tests.write('first', '+24170000001'), tests.write('second', '+24170000001'), tests.write('third', '+24170000001'), tests.write('another', '+24170000002');
select is(tests.claim(), 'first another', 'of each person the first');
select is(tests.claim(), null, 'the next only when it is done');
select is(tests.record('d1', 'first', 'uncertain', '{"code": "timeout"}'), 'uncertain 1', 'it is uncertain');
select is(tests.claim(), null, 'which holds up the next');
select tests.write('asked', '+24170000001', urgent => true) is not null;
select is(tests.claim(), 'asked', 'but not what the person has just asked for');
select tests.record('d1', 'asked', 'accepted') is not null;
select is(tests.record('d1', 'another', 'retry', '{"code": "http_429", "detail": "slow down", "retry_after_seconds": 4000}'), 'queued 1', 'another is tried again later');
select cmp_ok((select due_at from outbound_messages where dedupe_key = 'another'), '>=', now() + interval '4000 seconds', 'not before the provider wants it');
select is((select last_error || ': ' || last_error_detail from outbound_messages where dedupe_key = 'another'), 'http_429: slow down', 'with the reason');
select tests.time_passes('4 minutes');
select is(array[tests.claim(), tests.looked_up()], array[null, 'first'], 'after a while the uncertain one can be looked up');
select is(array[tests.claim('d2'), tests.looked_up()], array[null, null]::text[], 'by one dispatcher');
select is(tests.resolve('d2', 'first', false), 'ignored 1', 'another''s word counts for nothing');
select is(tests.resolve('d1', 'first', null), 'uncertain 1', 'a list that could not be read proves nothing');
select tests.time_passes('2 minutes');
select tests.claim('d2') is null;
select is(tests.resolve('d2', 'first', true, 'p-first'), 'sent 1', 'found is sent');
select is(array[tests.claim(), tests.looked_up()], array['second', null], 'and the next may go');
select tests.record('d1', 'second', 'uncertain') is not null;
select tests.time_passes('4 minutes');
select tests.claim() is null;
select is(tests.resolve('d1', 'second', false), 'queued 1', 'proven absent is sent again');
select is(tests.claim(), 'second', 'before the third');
select is(tests.record('d1', 'second', 'refused', '{"code": "http_400", "detail": "bad number"}'), 'failed 1', 'what is refused has failed');
select is((select state || ' ' || last_error || ' ' || last_error_detail from outbound_messages where dedupe_key = 'second'), 'failed http_400 bad number', 'with the provider''s reason');
select is(tests.claim(), 'third', 'and holds up nobody');
delete from outbound_messages;

-- ---------------------------------------------------------------- attempts
select is((select bool_and(extract(epoch from private.retry_delay(n)) between 0.8 * least(30 * 2 ^ (n - 1), 3600) and 1.2 * least(30 * 2 ^ (n - 1), 3600))
  from generate_series(1, 12) n, generate_series(1, 20)), true, '30 s, doubled up to an hour, give or take a fifth');
select isnt(private.retry_delay(3), private.retry_delay(3), 'by chance');
select tests.write('poor') is not null, tests.write('other') is not null;
select tests.claim() is not null;
select tests.record('d1', 'other', 'not_sent') is not null;
select is((select state || ' ' || attempts from outbound_messages where dedupe_key = 'other'), 'queued 0', 'an attempt that was not begun does not count');
select tests.record('d1', 'poor', 'retry', '{"code": "unreachable"}') is not null;
select is((select state || ' ' || attempts from outbound_messages where dedupe_key = 'poor'), 'queued 1', 'a failed one does');
select is(tests.claim(), 'other', 'a poison message holds up nobody');
select tests.time_passes('1 hour'), tests.claim() is not null, tests.record('d1', 'poor', 'retry') is not null;
select tests.time_passes('2 hours'), tests.claim() is not null;
select is(tests.record('d1', 'poor', 'retry', '{"attempts": 2}'), 'ignored 1', 'the answer to an earlier attempt says nothing about this one');
select is(tests.record('d1', 'poor', 'retry', '{"code": "unreachable", "attempts": 3}'), 'failed 1', 'after the last attempt it has failed');
select is((select state || ' ' || attempts || ' ' || last_error from outbound_messages where dedupe_key = 'poor'), 'failed 3 unreachable', 'and stays to be seen');
select tests.write('vague') is not null;
update outbound_messages set attempts = 2 where dedupe_key = 'vague';
select tests.claim() is not null, tests.record('d1', 'vague', 'uncertain') is not null;
select tests.time_passes('4 minutes'), tests.claim() is null;
select is(tests.resolve('d1', 'vague', false), 'failed 1', 'after the last attempt also what is proven absent');
delete from outbound_messages;

-- ---------------------------------------------------------------- a dispatcher dies
select tests.write('w'), tests.write('e', channel => 'email'), tests.write('w2', '+24170000009');
select is(tests.claim(), 'w w2 e', 'both channels');
select tests.lease_runs_out();
select is(array[tests.claim('d2'), tests.state_of('w'), tests.state_of('e')], array[null, 'uncertain', 'queued'],
  'a WhatsApp message may have been sent; an e-mail is sent again under the same key');
select cmp_ok((select due_at from outbound_messages where dedupe_key = 'w'), '>', now() + interval '2 minutes', 'its absence proves nothing before the time to settle is over');
select is(tests.record('d1', 'w', 'retry'), 'ignored 1', 'whoever lost the lease says nothing');
select is(tests.record('d1', 'w', 'accepted', '{"provider_message_id": "p-w"}'), 'sent 1', 'but that it was accepted');
select tests.time_passes('4 minutes'), tests.claim('d2') is not null, tests.resolve('d2', 'w2', false) is not null;
select is(tests.record('d1', 'w2', 'accepted', '{"provider_message_id": "p-w2"}'), 'sent 1', 'also where it was put back meanwhile');
select is((select array_agg(e.to_state order by e.id) from outbound_message_events e join outbound_messages m on m.id = message_id where dedupe_key = 'w2'),
  array['queued', 'sending', 'uncertain', 'queued', 'sending', 'sent'], 'as the history tells');
select is(tests.record('d2', 'w2', 'accepted', '{"provider_message_id": "p-other"}'), 'ignored 1', 'accepted twice under another name');
select is((select code || ' ' || detail from outbound_message_events order by id desc limit 1), 'accepted_twice p-other', 'is noted');
select is((select state from outbound_messages where dedupe_key = 'e'), 'sending', 'the e-mail went again');
update outbound_messages set attempts = 3 where dedupe_key = 'e';
select tests.lease_runs_out(), tests.claim() is null;
select is(tests.state_of('e'), 'failed', 'but not for ever');
delete from outbound_messages;

-- ---------------------------------------------------------------- a number that WhatsApp does not know
select tests.create_user('student');
update profiles set whatsapp_number = '+24174111111' where id = tests.user_id('student');
select tests.write('reachable', '+24174111111', person => tests.user_id('student')), tests.write('unreachable', '+24174222222');
select tests.claim() is not null;
select is(tests.record('d1', 'unreachable', 'unknown_number'), 'failed 1', 'without an address it has failed');
select is(tests.record('d1', 'reachable', 'unknown_number', '{"detail": "not on WhatsApp"}'), 'failed 1 fallbacks 1', 'with one an e-mail is written');
select results_eq($$ select f.recipient, f.channel, f.dedupe_key, f.state, f.data = m.data, f.profile_id = m.profile_id from outbound_messages f join outbound_messages m on m.id = f.fallback_for $$,
  $$ values ('student@pgtap.invalid', 'email', 'reachable:email', 'queued', true, true) $$, 'in its place');
select is(tests.claim(), 'reachable:email', 'and sent');
delete from outbound_messages;

-- ---------------------------------------------------------------- delivery
select tests.write('d' || n, '+2417000010' || n) from generate_series(1, 6) n;
select tests.claim() is not null;
select tests.record('d1', 'd' || n, 'accepted', jsonb_build_object('provider_message_id', 'p' || n)) from generate_series(1, 5) n;
select is(tests.status('p1', 'delivered'), 'applied 1', 'delivered');
select is(tests.status('p1', 'delivered', 'sent'), 'ignored 2', 'twice and backwards changes nothing');
select is(array[tests.status('p1', 'failed'), tests.state_of('d1')], array['ignored 1', 'delivered'], 'what has arrived has not failed');
select is(array[tests.status('p1', 'read'), tests.status('p1', 'delivered'), tests.state_of('d1')], array['applied 1', 'ignored 1', 'read'], 'read is the end');
select is(array[tests.status('p2', 'read', 'delivered', 'sent'), tests.state_of('d2')], array['applied 1 ignored 2', 'read'], 'of several the furthest counts');
select is(array[tests.status('p3', 'failed'), tests.state_of('d3')], array['applied 1', 'failed'], 'the provider could not deliver');
select is(array[tests.status('p3', 'sent'), tests.state_of('d3')], array['ignored 1', 'failed'], 'that it was sent before does not help');
select is(array[tests.status('p3', 'delivered'), tests.state_of('d3')], array['applied 1', 'delivered'], 'unless it arrived after all');
select is(tests.status('p4', 'pending', 'played'), 'ignored 2', 'other words are ignored');
select is(array[tests.status('p6', 'delivered', 'sent'), tests.status('p6', 'read')], array['unknown 2', 'unknown 1'], 'a message nobody knows is counted');
select is((select count(*) from private.early_statuses), 3::bigint, 'and kept');
select is(tests.record('d1', 'd6', 'accepted', '{"provider_message_id": "p6"}'), 'sent 1', 'until its sending is recorded');
select is(array[tests.state_of('d6'), (select count(*)::text from private.early_statuses)], array['read', '0'], 'and then applied');
select tests.status('foreign', 'read') is not null;
update private.early_statuses set received_at = now() - interval '25 hours';
select tests.status('foreign2', 'read') is not null;
select results_eq('select provider_message_id from private.early_statuses', array['foreign2'], 'for a day');
delete from outbound_messages;

-- ---------------------------------------------------------------- opted out meanwhile
select tests.write('early', '+24174333333'), tests.write('urgent', '+24174333333', urgent => true), tests.write('refused', '+24174111111', person => tests.user_id('student'));
insert into private.opt_outs values (private.number_hash('+24174333333'), true, now());
insert into consents (user_id, purpose, granted) values (tests.user_id('student'), 'whatsapp_messages', false);
select is(tests.claim(), 'urgent', 'who opted out since it was written gets only what they asked for');
select is(array[tests.state_of('early'), tests.state_of('refused')], array['cancelled', 'cancelled'], 'the rest is cancelled when its turn comes');
select tests.record('d1', 'urgent', 'accepted') is not null, tests.claim() is null;
delete from outbound_messages;

-- ---------------------------------------------------------------- pace
update message_channels set per_second = 2 where channel = 'whatsapp';
select tests.write('p' || n) from generate_series(1, 80) n;
select is((select array_length(string_to_array(tests.claim(), ' '), 1)), 11, 'as many as begin within five seconds');
select is((select bool_and(w - 500 * (n - 1) between 0 and 1) from unnest(tests.waits()) with ordinality as a (w, n)), true, 'half a second apart');
select is(array[tests.claim('d2', lease => 120), ((tests.the('claim')::jsonb ->> 'next_due_in_ms')::int between 4000 and 5500)::text], array[null, 'true'], 'a second dispatcher waits until there are moments again');
select tests.write('code', urgent => true) is not null;
update private.message_pacing set next_slot_at = next_slot_at - interval '3 seconds' where channel = 'whatsapp';
select is(array[left(tests.claim('d2'), 4), ((tests.waits())[1] between 2000 and 2500)::text], array['code', 'true'], 'the urgent come next');
delete from outbound_messages;
update private.message_pacing set next_slot_at = '-infinity';
update message_channels set per_second = 0.05 where channel = 'whatsapp';
select tests.write('s' || n) from generate_series(1, 3) n;
select is(array[tests.claim(), (tests.waits())[2]::text], array['s1 s2', '20000'], 'of a slow pace the next moment is given away too, so that it is kept');
update message_channels set per_second = 0.02 where channel = 'whatsapp';
update private.message_pacing set next_slot_at = '-infinity';
delete from outbound_messages;
select tests.write('s' || n) from generate_series(1, 2) n;
select is(tests.claim(), 's1', 'unless there would be no time to record it');
update message_channels set per_second = 2 where channel = 'whatsapp';
delete from outbound_messages;
update private.message_pacing set next_slot_at = '-infinity';
select tests.write('slow'), tests.write('fast', urgent => true);
select is(tests.claim(), 'fast slow', 'the urgent take the first moment');
delete from outbound_messages;

-- ---------------------------------------------------------------- a day's messages
update message_channels set per_second = null, per_day = 3 where channel = 'whatsapp';
update private.message_pacing set used = 0;
select tests.write('t' || n) from generate_series(1, 5) n;
select tests.write('tu', urgent => true) is not null;
select is(tests.claim(), 'tu t1 t2', 'three a day');
select is((select count(*) from outbound_messages where state = 'queued' and due_at = ((now() at time zone 'Africa/Libreville')::date + 1)::timestamp at time zone 'Africa/Libreville'), 3::bigint,
  'the rest is put off to the next');
select is((select distinct code from outbound_message_events where from_state = to_state and code <> 'accepted_twice'), 'daily_limit', 'as the history notes');
select tests.write('tu2', urgent => true) is not null;
select is(tests.claim(), 'tu2', 'the urgent go all the same');
update private.message_pacing set day = day - 1;
update outbound_messages set due_at = now() where state = 'queued';
select is(tests.claim(), 't3 t4 t5', 'the next day begins anew');
select tests.record('d1', 't5', 'not_sent') is not null;
select is(tests.claim(), 't5', 'what was given back does not count');
delete from outbound_messages;

-- ---------------------------------------------------------------- quiet hours, wherever it is night now
update message_channels set per_day = null;
create function tests.local_minute(zone text, more interval) returns time language sql as $$
  select date_trunc('minute', (now() + more) at time zone zone)::time
$$;
update message_channels set quiet_from = tests.local_minute('Africa/Libreville', '-30 minutes'), quiet_until = tests.local_minute('Africa/Libreville', '30 minutes') where channel = 'whatsapp';
select tests.create_user('far');
update profiles set time_zone = 'Asia/Kolkata', whatsapp_number = '+24175555555' where id = tests.user_id('far');
select tests.write('here'), tests.write('far', '+24175555555', person => tests.user_id('far')), tests.write('pressing', '+24176666666', urgent => true), tests.write('mail', channel => 'email');
select is(tests.claim(), 'pressing far mail', 'nobody is written to at night, in their own zone, but for what they asked for');
select is((select due_at from outbound_messages where dedupe_key = 'here'), date_trunc('minute', now() + interval '30 minutes'), 'but at the first minute of the morning');
select is((select code || ' ' || detail from outbound_message_events e where e.from_state = e.to_state order by id desc limit 1),
  'quiet_hours ' || to_char(date_trunc('minute', now() + interval '30 minutes') at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'as the history notes');
select is(array[tests.claim(), tests.state_of('here')], array[null, 'queued'], 'once');
delete from outbound_messages;
update message_channels set quiet_from = tests.local_minute('Africa/Libreville', '1 minute'), quiet_until = tests.local_minute('Africa/Libreville', '60 minutes') where channel = 'whatsapp';
select tests.write('late') is not null;
select is(tests.claim(lease => 120), null, 'nor given out when the night begins within the lease');
select is((select due_at from outbound_messages where dedupe_key = 'late'), date_trunc('minute', now() + interval '60 minutes'), 'but in the morning');
delete from outbound_messages;

-- ---------------------------------------------------------------- a dispatcher with one provider
update message_channels set quiet_from = null, quiet_until = null;
select tests.write('w'), tests.write('m', channel => 'email');
select tests.act_as_service();
select tests.let('claim', claim_outbound_messages('d1', channels => array['email'])::text);
select tests.act_as_owner();
select is(array[tests.state_of('w'), tests.state_of('m')], array['queued', 'sending'], 'claims what it can send');
select tests.act_as_service();
select is(claim_outbound_messages('d1', channels => array['email']) #>> '{messages}', '[]', 'and is not told to hurry');
select tests.act_as_owner();
select is(tests.claim(), 'w', 'the rest is for another');

select * from finish();
rollback;
