-- The messages of those whom a search finds, who may be hundreds, are looked up once for the page and for the count
-- where that is enough.
create or replace function public.list_outbound_messages(
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
  most_counted constant int := 1000;
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
  filters text := '';
  beyond text := '';
  direction text;
  source text;
  counts jsonb;
  counted boolean;
  total bigint;
  seen bigint;
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
        select m.created_at, m.sequence, m.profile_id from public.outbound_messages m where m.profile_id = who.id%1$s
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
    people := private.find_students(private.search_patterns(list_outbound_messages.person), 1000);
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

  -- One row more than is shown tells whether another page follows. Of people whose messages are all there, they are
  -- counted there too.
  execute format($page$
    with hits as %3$s (select m.* from %2$s as m),
    walked as materialized (
      select m.*, w.n
      from (
        select f.created_at, f.sequence, row_number() over (order by f.created_at %1$s, f.sequence %1$s) as n
        from (select h.created_at, h.sequence from hits as h
              order by h.created_at %1$s, h.sequence %1$s limit $9 + 1 offset $10) as f) as w
      join public.outbound_messages m on m.created_at = w.created_at and m.sequence = w.sequence)
    select
      %4$s,
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
    where w.n <= $9 $page$, direction, format(source, filters || beyond, direction),
    case when people is null then 'not materialized' else 'materialized' end,
    case when people is null or from_sequence is not null then 'null::bigint'
      else '(select case when max(h.n) <= $9 + $10 then sum(h.n)::bigint end from (select count(*) as n from hits group by hits.profile_id) as h)' end)
  into seen, fetched, messages, edges
  using list_outbound_messages.state, list_outbound_messages.message_type, list_outbound_messages.recipient, people,
    since, until, from_time, from_sequence, size, skipped, case when back then -1 else 1 end;

  if seen is not null then
    total := seen;
  elsif counted then
    execute format('select count(*) from (select from %s as m limit $9 + 1) as hits',
      format(source, filters, direction))
    into total
    using list_outbound_messages.state, list_outbound_messages.message_type, list_outbound_messages.recipient, people,
      since, until, from_time, from_sequence, most_counted, 0;
  end if;

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
