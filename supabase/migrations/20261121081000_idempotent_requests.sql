-- `Idempotency-Key`: the same key gives the first answer again.

create table private.idempotent_requests (
  caller      uuid not null references auth.users (id) on delete cascade,
  endpoint    text not null check (length(endpoint) between 1 and 100),
  key         text not null check (length(key) between 1 and 200),
  fingerprint text not null check (length(fingerprint) between 1 and 200),
  answer      jsonb check (octet_length(answer::text) <= 1048576),
  created_at  timestamptz not null default now(),
  started_at  timestamptz not null default now(),
  primary key (caller, endpoint, key)
);

comment on table private.idempotent_requests is 'Requests sent with an Idempotency-Key, for 24 hours.';
comment on column private.idempotent_requests.caller is 'Who sent it: a key means nothing to another caller.';
comment on column private.idempotent_requests.endpoint is 'Endpoint it was sent to, for instance generate-questions.';
comment on column private.idempotent_requests.key is 'The key, chosen by the caller.';
comment on column private.idempotent_requests.fingerprint is 'Digest of the request: the same key with another request is a mistake.';
comment on column private.idempotent_requests.answer is 'The first answer; empty while the work is in progress.';
comment on column private.idempotent_requests.created_at is 'First use of the key; it is forgotten 24 hours later.';
comment on column private.idempotent_requests.started_at is 'Start of the attempt in progress; after 15 minutes another may take over.';

create index idempotent_requests_created_at_idx on private.idempotent_requests (caller, created_at);

alter table private.idempotent_requests enable row level security;
revoke all on table private.idempotent_requests from public, anon, authenticated, service_role;

create function public.begin_idempotent_request(endpoint text, key text, fingerprint text)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  sender uuid := auth.uid();
  request private.idempotent_requests;
begin
  if sender is null then
    perform private.raise_error('not_authenticated');
  end if;
  if coalesce(length(begin_idempotent_request.endpoint) not between 1 and 100, true)
     or coalesce(length(begin_idempotent_request.key) not between 1 and 200, true)
     or coalesce(length(begin_idempotent_request.fingerprint) not between 1 and 200, true) then
    perform private.raise_error('invalid_idempotency_key');
  end if;

  delete from private.idempotent_requests r
  where r.caller = sender and r.created_at < clock_timestamp() - interval '24 hours';

  insert into private.idempotent_requests (caller, endpoint, key, fingerprint)
  values (sender, begin_idempotent_request.endpoint, begin_idempotent_request.key, begin_idempotent_request.fingerprint)
  on conflict on constraint idempotent_requests_pkey do nothing;
  if found then
    -- Far above what a person or a client that retries needs; bounds what one account can store.
    if (select count(*) from private.idempotent_requests r where r.caller = sender) > 1000 then
      perform private.raise_error('too_many_idempotency_keys');
    end if;
    return jsonb_build_object('state', 'new', 'answer', null);
  end if;

  select * into request from private.idempotent_requests r
  where r.caller = sender and r.endpoint = begin_idempotent_request.endpoint and r.key = begin_idempotent_request.key
  for update;
  if not found then
    -- Abandoned between the two statements: the caller may try again at once.
    return jsonb_build_object('state', 'in_progress', 'answer', null);
  end if;
  if request.fingerprint <> begin_idempotent_request.fingerprint then
    return jsonb_build_object('state', 'mismatch', 'answer', null);
  end if;
  if request.answer is not null then
    return jsonb_build_object('state', 'done', 'answer', request.answer);
  end if;
  -- Whoever had it is gone: a generation ends within eight minutes, its four requests to a model included.
  if request.started_at < clock_timestamp() - interval '15 minutes' then
    update private.idempotent_requests r set started_at = clock_timestamp()
    where r.caller = sender and r.endpoint = request.endpoint and r.key = request.key;
    return jsonb_build_object('state', 'new', 'answer', null);
  end if;
  return jsonb_build_object('state', 'in_progress', 'answer', null);
end
$$;

comment on function public.begin_idempotent_request(text, text, text) is
  'Claims a key for the caller: {state: new | in_progress | done | mismatch, answer}.';

create function public.abandon_idempotent_request(endpoint text, key text)
returns void
language sql
security definer
set search_path = ''
as $$
  delete from private.idempotent_requests r
  where r.caller = (select auth.uid())
    and r.endpoint = abandon_idempotent_request.endpoint
    and r.key = abandon_idempotent_request.key
    and r.answer is null
$$;

comment on function public.abandon_idempotent_request(text, text) is
  'Gives a claimed key back after a failure, so that a repetition works again. An answered key stays.';

revoke execute on function
  public.begin_idempotent_request(text, text, text), public.abandon_idempotent_request(text, text)
  from public, anon, service_role;
grant execute on function
  public.begin_idempotent_request(text, text, text), public.abandon_idempotent_request(text, text)
  to authenticated;
