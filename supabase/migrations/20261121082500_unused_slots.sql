-- A message that is given back was not sent: its place in the daily limit is free again. Its moment has passed.

create function private.return_unused_slots()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  here constant text := 'Africa/Libreville';
begin
  if not exists (
    select from before b join changed c on c.id = b.id
    where b.state = 'sending' and c.state = 'queued' and c.attempts < b.attempts) then
    return null;
  end if;
  -- In the order in which a claim takes them.
  perform from private.message_pacing p order by p.channel desc for update;
  update private.message_pacing p set used = greatest(p.used - back.n, 0)
  from (
    select b.channel, (b.attempt_started_at at time zone here)::date as day, count(*)::int as n
    from before b join changed c on c.id = b.id
    where b.state = 'sending' and c.state = 'queued' and c.attempts < b.attempts
    group by 1, 2) as back
  where back.channel = p.channel and back.day = p.day;
  return null;
end
$$;

comment on function private.return_unused_slots() is 'What was claimed and not sent does not count for the daily limit.';

revoke execute on function private.return_unused_slots() from public, anon, authenticated, service_role;

create trigger return_unused_slots
  after update on public.outbound_messages
  referencing old table as before new table as changed
  for each statement execute function private.return_unused_slots();
