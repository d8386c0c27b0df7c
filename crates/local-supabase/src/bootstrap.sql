-- What a hosted project has before its first migration: roles, schemas, extensions, default
-- privileges. Run once, on an empty cluster.

create role anon nologin noinherit;
create role authenticated nologin noinherit;
create role service_role nologin noinherit bypassrls;
create role authenticator noinherit login;
create role supabase_admin superuser noinherit nologin;
create role supabase_auth_admin noinherit createrole nologin;
create role supabase_storage_admin noinherit createrole nologin;
create role supabase_functions_admin noinherit createrole nologin;
create role supabase_realtime_admin noinherit nologin;
create role dashboard_user noinherit nologin;
grant anon, authenticated, service_role to authenticator;
grant anon, authenticated, service_role to postgres;
alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';

create schema auth;
create schema storage;
create schema extensions;
create schema graphql_public;
create schema supabase_functions;
grant usage on schema auth, storage, extensions, public to postgres, anon, authenticated, service_role;
grant usage, create on schema auth to supabase_auth_admin;
grant usage, create on schema storage to supabase_storage_admin;
grant usage on schema supabase_functions to postgres, anon, authenticated, service_role;
grant usage on schema graphql_public to postgres, anon, authenticated, service_role;

create extension if not exists pgcrypto with schema extensions;
create extension if not exists "uuid-ossp" with schema extensions;
create extension if not exists dblink with schema extensions;
create extension if not exists pgtap with schema extensions;

alter default privileges in schema public grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges in schema public grant all on functions to postgres, anon, authenticated, service_role;
alter default privileges in schema public grant all on sequences to postgres, anon, authenticated, service_role;
grant all on all tables in schema public to postgres, anon, authenticated, service_role;

alter database postgres set search_path to "$user", public, extensions;

create publication supabase_realtime;

-- PostgREST reads the schema anew when it changes, as on hosted projects.
create function extensions.pgrst_ddl_watch() returns event_trigger language plpgsql set search_path = '' as $$
begin
  perform pg_catalog.pg_notify('pgrst', 'reload schema');
end
$$;
create event trigger pgrst_ddl_watch on ddl_command_end execute function extensions.pgrst_ddl_watch();
create event trigger pgrst_drop_watch on sql_drop execute function extensions.pgrst_ddl_watch();

-- Database webhooks. On hosted projects `supabase_functions.http_request` queues a request for
-- pg_net, in an unlogged table, sent at most once. Here it queues it for the stack.
create unlogged table supabase_functions.outbox (
  id         bigint generated always as identity primary key,
  url        text not null,
  method     text not null,
  headers    jsonb not null,
  body       jsonb,
  timeout_ms integer not null,
  created_at timestamptz not null default now()
);
create table supabase_functions.hooks (
  id             bigint generated always as identity primary key,
  hook_table_id  integer not null,
  hook_name      text not null,
  created_at     timestamptz not null default now(),
  request_id     bigint
);

create function supabase_functions.http_request() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  url text := tg_argv[0];
  method text := upper(tg_argv[1]);
  headers jsonb := '{"Content-Type": "application/json"}';
  params jsonb := '{}';
  timeout_ms integer := 1000;
  payload jsonb;
  request_id bigint;
begin
  if url is null or url = 'null' then
    raise exception 'url argument is missing';
  end if;
  if method is null or method not in ('GET', 'POST') then
    raise exception 'method argument % is invalid', method;
  end if;
  if tg_argv[2] is not null and tg_argv[2] <> 'null' then
    headers := tg_argv[2]::jsonb;
  end if;
  if tg_argv[3] is not null and tg_argv[3] <> 'null' then
    params := tg_argv[3]::jsonb;
  end if;
  if tg_argv[4] is not null and tg_argv[4] <> 'null' then
    timeout_ms := tg_argv[4]::integer;
  end if;
  if method = 'POST' then
    payload := jsonb_build_object(
      'old_record', case when tg_op in ('UPDATE', 'DELETE') then to_jsonb(old) end,
      'record', case when tg_op in ('INSERT', 'UPDATE') then to_jsonb(new) end,
      'type', tg_op, 'table', tg_table_name, 'schema', tg_table_schema);
  elsif params <> '{}' then
    url := url || '?' || (select string_agg(p.key || '=' || p.value, '&') from jsonb_each_text(params) p);
  end if;
  insert into supabase_functions.outbox (url, method, headers, body, timeout_ms)
  values (url, method, headers, payload, timeout_ms)
  returning id into request_id;
  insert into supabase_functions.hooks (hook_table_id, hook_name, request_id)
  values (tg_relid::bigint::integer, tg_name, request_id);
  perform pg_notify('supabase_functions', '');
  return coalesce(new, old);
end
$$;
grant execute on function supabase_functions.http_request() to postgres, anon, authenticated, service_role;
