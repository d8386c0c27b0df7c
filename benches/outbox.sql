-- What a message costs in the database, and whether it grows with what was sent before. On a
-- disposable local database, in psql:
--
--   psql "$DATABASE_URL" -v sent=1000000 -f benches/outbox.sql    (messages sent before)
--
-- It puts that many finished messages into the outbox, then 10,000 due ones, claims and records them in
-- batches of 100 with pacing off, asks once more with nothing to do, and takes everything away again.
-- Filling goes around the triggers, which takes a superuser; a hosted project does not give that.

\set ON_ERROR_STOP on
\set QUIET on
\if :{?sent}
\else
  \set sent 1000
\endif
\if :{?due}
\else
  \set due 10000
\endif
\if :{?batch}
\else
  \set batch 100
\endif
\pset tuples_only on
select set_config('bench.due', :'due', false), set_config('bench.batch', :'batch', false) \g /dev/null

begin;
set local session_replication_role = replica;
delete from public.outbound_message_events e using public.outbound_messages m
where m.id = e.message_id and m.dedupe_key like 'bench:%';
delete from public.outbound_messages where dedupe_key like 'bench:%';
insert into public.outbound_messages (
  dedupe_key, message_type, language, data, channel, recipient, state, attempts, provider_message_id, created_at, updated_at, sent_at, due_at)
select 'bench:sent:' || n, 'pre_test_result', 'fr', '{"name": "Mesure", "masterclass": "Banc", "score": 4, "max_score": 10}',
  'whatsapp', '+2417' || lpad((n % 200000)::text, 7, '0'), (array['sent', 'delivered', 'read'])[1 + n % 3], 1, 'bench-' || n,
  t, t, t, t
from generate_series(1, :sent) n, lateral (select now() - interval '2 years' * (1 - n / (:sent + 1.0)) as t) as times;
insert into public.outbound_message_events (message_id, at, from_state, to_state, attempt)
select m.id, m.sent_at, 'sending', 'sent', 1 from public.outbound_messages m where m.dedupe_key like 'bench:sent:%';
commit;
vacuum analyze public.outbound_messages;
vacuum analyze public.outbound_message_events;

create temp table before as select * from public.message_channels;
update public.message_channels set per_second = null, per_day = null, quiet_from = null, quiet_until = null, paused = channel <> 'whatsapp';

create temp table measured (what text, calls bigint, messages bigint, ms double precision);

do $$
declare
  due constant int := current_setting('bench.due');
  size constant int := current_setting('bench.batch');
  started timestamptz;
  answer jsonb;
  claiming interval := '0';
  recording interval := '0';
  calls bigint := 0;
  n bigint := 0;
begin
  started := clock_timestamp();
  for k in 1 .. due loop
    perform private.enqueue_message('bench:due:' || k, 'pre_test_result', 'whatsapp', '+2416' || lpad((k % 9000)::text, 7, '0'), 'fr',
      '{"name": "Mesure", "masterclass": "Banc", "score": 4, "max_score": 10}');
    if k % 100 = 0 then commit; end if;
  end loop;
  insert into measured values ('writing', due, due, extract(epoch from clock_timestamp() - started) * 1000);
  commit;
  loop
    started := clock_timestamp();
    answer := public.claim_outbound_messages('bench', size, 60);
    commit;
    claiming := claiming + (clock_timestamp() - started);
    exit when answer -> 'messages' = '[]';
    calls := calls + 1;
    n := n + jsonb_array_length(answer -> 'messages');
    answer := (select jsonb_agg(jsonb_build_object(
        'id', m -> 'id', 'outcome', 'accepted', 'provider_message_id', 'bench-' || (m ->> 'id'), 'attempts', m -> 'attempts'))
      from jsonb_array_elements(answer -> 'messages') as m);
    started := clock_timestamp();
    perform public.record_outbound_results('bench', answer);
    commit;
    recording := recording + (clock_timestamp() - started);
  end loop;
  insert into measured values
    ('claiming', calls, n, extract(epoch from claiming) * 1000),
    ('recording', calls, n, extract(epoch from recording) * 1000);
  commit;
  started := clock_timestamp();
  for k in 1 .. 100 loop
    perform public.claim_outbound_messages('bench', size, 60);
    commit;
  end loop;
  insert into measured values ('claiming nothing', 100, null, extract(epoch from clock_timestamp() - started) * 1000);
end
$$;

\pset tuples_only off
\pset footer off
select what, calls, messages, round((ms / calls)::numeric, 3) as ms_per_call, round((ms / messages)::numeric, 3) as ms_per_message
from measured;
\pset tuples_only on

update public.message_channels c
set per_second = b.per_second, per_day = b.per_day, quiet_from = b.quiet_from, quiet_until = b.quiet_until, paused = b.paused
from before b where b.channel = c.channel;
begin;
set local session_replication_role = replica;
delete from public.outbound_message_events e using public.outbound_messages m
where m.id = e.message_id and m.dedupe_key like 'bench:%';
delete from public.outbound_messages where dedupe_key like 'bench:%';
delete from private.outbound_message_counts;
insert into private.outbound_message_counts (state, n) select state, count(*) from public.outbound_messages group by state;
commit;
