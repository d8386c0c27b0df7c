-- When somebody may be written to: examples, and random clocks in zones that change theirs, against a
-- formulation of its own.
begin;
set local search_path = tests, public, extensions;
select plan(29);

create function tests.allowed(at text, zone text, quiet_from text default '21:00', quiet_until text default '07:00') returns text language sql as $$
  select to_char(private.next_allowed_time(at::timestamptz, zone, quiet_from::time, quiet_until::time) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')
$$;
select is(tests.allowed(at, zone, since, until), wanted, description)
from (values
  ('2026-11-21 12:00+00', 'Africa/Libreville', '21:00', '07:00', '2026-11-21 12:00:00', 'noon is no time of rest'),
  ('2026-11-21 19:59:59+00', 'Africa/Libreville', '21:00', '07:00', '2026-11-21 19:59:59', 'nor is the second before nine in the evening'),
  ('2026-11-21 20:00+00', 'Africa/Libreville', '21:00', '07:00', '2026-11-22 06:00:00', 'at nine it begins, until seven'),
  ('2026-11-22 05:59:59+00', 'Africa/Libreville', '21:00', '07:00', '2026-11-22 06:00:00', 'and lasts to the last second'),
  ('2026-11-22 06:00+00', 'Africa/Libreville', '21:00', '07:00', '2026-11-22 06:00:00', 'at seven it is over'),
  ('2026-11-21 20:00+00', 'Africa/Abidjan', '21:00', '07:00', '2026-11-21 20:00:00', 'in Abidjan it is an hour earlier'),
  ('2026-11-21 23:30+00', 'UTC', null, null, '2026-11-21 23:30:00', 'without quiet hours always'),
  ('2026-11-21 12:30+00', 'UTC', '12:00', '14:00', '2026-11-21 14:00:00', 'quiet hours at noon'),
  ('2026-11-21 11:59:59+00', 'UTC', '12:00', '14:00', '2026-11-21 11:59:59', 'and before'),
  ('2026-11-21 20:30+00', 'No/Where', '21:00', '07:00', '2026-11-22 06:00:00', 'a zone that is not known is Libreville'),
  -- Paris, 29 March 2026: 02:00 becomes 03:00.
  ('2026-03-28 22:00+00', 'Europe/Paris', '21:00', '07:00', '2026-03-29 05:00:00', 'the night that is an hour shorter'),
  ('2026-03-29 00:30+00', 'Europe/Paris', '21:00', '02:30', '2026-03-29 01:00:00', 'an end that the clock leaps over comes with the leap'),
  -- Paris, 25 October 2026: 03:00 becomes 02:00.
  ('2026-10-24 20:00+00', 'Europe/Paris', '21:00', '07:00', '2026-10-25 06:00:00', 'the night that is an hour longer'),
  ('2026-10-24 22:00+00', 'Europe/Paris', '21:00', '02:30', '2026-10-25 00:30:00', 'the first half past two'),
  ('2026-10-25 01:10+00', 'Europe/Paris', '21:00', '02:30', '2026-10-25 01:30:00', 'and the quiet that comes back with it'),
  -- The same two nights, with quiet hours that begin in the hour that is missing or there twice.
  ('2026-03-29 00:59:59+00', 'Europe/Paris', '02:30', '04:00', '2026-03-29 00:59:59', 'before the leap nothing has begun'),
  ('2026-03-29 01:00+00', 'Europe/Paris', '02:30', '04:00', '2026-03-29 02:00:00', 'a beginning that the clock leaps over comes with the leap'),
  ('2026-03-29 01:00+00', 'Europe/Paris', '02:10', '02:40', '2026-03-29 01:00:00', 'quiet hours that it leaps over altogether are not'),
  ('2026-10-25 00:30+00', 'Europe/Paris', '02:30', '02:50', '2026-10-25 00:50:00', 'those that are there twice the first time'),
  ('2026-10-25 01:30+00', 'Europe/Paris', '02:30', '02:50', '2026-10-25 01:50:00', 'and the second'),
  -- Lord Howe sets its clock by half an hour: 4 April 2027, 02:00 to 01:30.
  ('2027-04-03 14:00+00', 'Australia/Lord_Howe', '21:00', '01:45', '2027-04-03 14:45:00', 'half an hour: the first quarter to two'),
  ('2027-04-03 15:10+00', 'Australia/Lord_Howe', '21:00', '01:45', '2027-04-03 15:15:00', 'and the second'),
  -- Casablanca sets its clock back for Ramadan, 15 February 2026, 03:00 to 02:00, and on again on 22 March.
  ('2026-02-14 23:00+00', 'Africa/Casablanca', '21:00', '07:00', '2026-02-15 07:00:00', 'the first night of Ramadan'),
  ('2026-03-21 23:00+00', 'Africa/Casablanca', '21:00', '07:00', '2026-03-22 06:00:00', 'and the last')
) as v (at, zone, since, until, wanted, description);

-- The same by walking: minute for minute until the clock on the wall shows a time that is not quiet.
create function tests.is_quiet(at timestamptz, zone text, quiet_from int, quiet_until int) returns boolean language sql as $$
  select mod(minute - quiet_from + 1440, 1440) < mod(quiet_until - quiet_from + 1440, 1440)
  from (select extract(hour from at at time zone zone)::int * 60 + extract(minute from at at time zone zone)::int as minute) as wall
$$;
create function tests.walked(at timestamptz, zone text, quiet_from int, quiet_until int) returns timestamptz language plpgsql as $$
declare
  moment timestamptz := at;
begin
  while tests.is_quiet(moment, zone, quiet_from, quiet_until) loop
    moment := date_trunc('minute', moment) + interval '1 minute';
  end loop;
  return moment;
end
$$;
select setseed(0.2026) is not null;
create temp table tries as
select (array['Africa/Libreville', 'Africa/Casablanca', 'Europe/Paris', 'America/New_York', 'America/Santiago', 'America/Port-au-Prince',
    'Australia/Lord_Howe', 'Asia/Kathmandu', 'Asia/Kolkata', 'Pacific/Apia', 'Pacific/Chatham', 'Africa/El_Aaiun'])[1 + n / 2 % 12] as zone,
  timestamptz '2026-01-01 00:00+00' + random() * interval '700 days' as anytime,
  floor(random() * 1440)::int as quiet_from, (15 + floor(random() * 1365))::int as long, random() as chance, n
from generate_series(1, 400) n;
-- Half of them in the two days around a change of the clock.
create temp table changes as
select zone, h as at from (select distinct zone from tries) z, generate_series(timestamptz '2026-01-01 00:00+00', timestamptz '2027-12-01 00:00+00', '1 hour') as h
where (h at time zone zone) - (h at time zone 'UTC') <> ((h - interval '1 hour') at time zone zone) - ((h - interval '1 hour') at time zone 'UTC');
select cmp_ok((select count(distinct zone) from changes), '>=', 6::bigint, 'zones that change their clocks are among them');
create temp table cases as
select t.zone, case when t.n % 2 = 0 then t.anytime else coalesce(
    (select c.at from changes c where c.zone = t.zone order by md5(c.at::text || t.n) limit 1) + (t.chance * 48 - 40) * interval '1 hour', t.anytime) end as at,
  t.quiet_from, mod(t.quiet_from + t.long, 1440) as quiet_until
from tries t;
select is_empty($$
  select * from (
    select c.*, private.next_allowed_time(at, zone, time '00:00' + quiet_from * interval '1 minute', time '00:00' + quiet_until * interval '1 minute') as found,
      tests.walked(at, zone, quiet_from, quiet_until) as walked
    from cases c) as both_ways
  where found <> walked $$, 'four hundred random clocks, on each the first minute that is not quiet');
select throws_ok($$ update message_channels set quiet_from = '08:00', quiet_until = '08:00' $$, '23514', null, 'quiet hours that end when they begin would be none, or for ever');

-- The same of what a claim does: wherever it is whatever time now, and whenever the quiet hours are.
delete from outbound_messages;
update message_channels set per_second = null, per_day = null;
create temp table people as
select z.zone, 'person' || z.n as name, '+2417412340' || lpad(z.n::text, 2, '0') as number
from unnest(array['Africa/Libreville', 'Africa/Casablanca', 'Europe/Paris', 'America/New_York', 'America/Santiago', 'America/St_Johns', 'Australia/Lord_Howe',
  'Asia/Kathmandu', 'Asia/Kolkata', 'Pacific/Apia', 'Pacific/Chatham', 'Pacific/Marquesas']) with ordinality as z (zone, n);
select tests.create_user(name) from people;
update profiles p set time_zone = w.zone, whatsapp_number = w.number from people w where p.id = tests.user_id(w.name);
create temp table claims (zone text, quiet_from int, quiet_until int, before timestamptz, after timestamptz, state text, due_at timestamptz);
do $$
declare
  since int;
  until int;
  before timestamptz;
begin
  for n in 1 .. 40 loop
    since := floor(random() * 1440);
    until := mod(since + 15 + floor(random() * 1365)::int, 1440);
    update public.message_channels set quiet_from = time '00:00' + since * interval '1 minute', quiet_until = time '00:00' + until * interval '1 minute';
    perform private.enqueue_message('night:' || n || w.name, 'custom', 'whatsapp', w.number, 'fr', '{"text": "Bonjour"}', tests.user_id(w.name)) from people w;
    before := clock_timestamp();
    perform public.claim_outbound_messages('d', 100, 600);
    insert into claims select w.zone, since, until, before, clock_timestamp(), m.state, m.due_at
    from people w join public.outbound_messages m on m.recipient = w.number;
    delete from public.outbound_messages;
  end loop;
end
$$;
-- A night that falls within the lease is a night.
create function tests.waits_until(at timestamptz, zone text, quiet_from int, quiet_until int) returns timestamptz language sql as $$
  select nullif(greatest(tests.walked(at, zone, quiet_from, quiet_until),
    nullif(tests.walked(at + interval '10 minutes', zone, quiet_from, quiet_until), at + interval '10 minutes')), at)
$$;
select is_empty($$
  select * from claims c
  where case c.state when 'queued' then c.due_at end is distinct from tests.waits_until(c.before, c.zone, c.quiet_from, c.quiet_until)
    and case c.state when 'queued' then c.due_at end is distinct from tests.waits_until(c.after, c.zone, c.quiet_from, c.quiet_until) $$,
  'twelve zones and forty nights: who is asleep waits until the morning, nobody else waits');
select ok(count(*) filter (where state = 'queued') between 100 and 380 and count(*) = 480, 'some slept, some did not') from claims;

select * from finish();
rollback;
