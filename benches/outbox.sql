-- Fills the outbox of a disposable local database with messages that are finished, in psql:
--
--   psql "$DATABASE_URL" -v n=100000 -f benches/outbox.sql    (n messages; 0 takes all of them away)
--
-- Of two years, one in a hundred failed, to the people of dataset.sql by turns where there are any. Their
-- dedupe keys begin with "bench:". It goes around the triggers, for speed, and counts afterwards; that takes
-- a superuser, which a hosted project does not give.

\set ON_ERROR_STOP on
\set QUIET on
\if :{?n}
\else
  \set n 1000
\endif

begin;
set local session_replication_role = replica;
delete from public.outbound_message_events e using public.outbound_messages m
where m.id = e.message_id and m.dedupe_key like 'bench:%';
delete from public.outbound_messages where dedupe_key like 'bench:%';
commit;

-- What comes now goes where that was.
vacuum public.outbound_messages;
vacuum public.outbound_message_events;

begin;
set local session_replication_role = replica;
set local work_mem = '256MB';
set local jit = off;
create temp table addressee on commit drop as
select row_number() over (order by p.id) - 1 as k, p.id, p.whatsapp_number
from public.profiles p
where p.id between 'be4cbe4c-0000-0000-0000-000000000000' and 'be4cbe4c-ffff-ffff-ffff-ffffffffffff';
analyze addressee;

insert into public.outbound_messages (
  dedupe_key, message_type, language, data, channel, recipient, profile_id, state, attempts, provider_message_id,
  created_at, updated_at, sent_at, due_at)
select 'bench:sent:' || n, (array['registration_confirmation', 'pre_test_result', 'validation', 'post_test_result'])[1 + n % 4], 'fr',
  '{"name": "Mesure", "masterclass": "Banc", "score": 4, "max_score": 10}', 'whatsapp',
  coalesce(a.whatsapp_number, '+2417' || lpad((n % 200000)::text, 7, '0')), a.id,
  case when n % 100 = 0 then 'failed' else (array['sent', 'delivered', 'read'])[1 + n % 3] end, 1, 'bench-' || n, t, t, t, t
from generate_series(1, :n::bigint) n
cross join lateral (select now() - interval '2 years' * (1 - n / (:n + 1.0)) as t) as times
left join addressee a on a.k = n * 7919 % (select greatest(count(*), 1) from addressee)
order by n;
insert into public.outbound_message_events (message_id, at, from_state, to_state, attempt)
select m.id, m.created_at, 'sending', m.state, 1 from public.outbound_messages m where m.dedupe_key like 'bench:%';

-- What triggers would have kept.
delete from private.outbound_message_counts;
insert into private.outbound_message_counts (state, n) select state, count(*) from public.outbound_messages group by state;
commit;

vacuum analyze public.outbound_messages;
vacuum analyze public.outbound_message_events;
vacuum analyze private.outbound_message_counts;
checkpoint;
