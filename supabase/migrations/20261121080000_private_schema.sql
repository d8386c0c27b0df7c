-- Nothing is reachable over REST unless a migration says so.

create schema if not exists private;

comment on schema private is
  'What policies, triggers and functions need and no client may name: not exposed by the API, no usage for its roles.';

revoke all on schema private from public, anon, authenticated, service_role;

-- A new table, sequence or function starts closed; each migration grants what is meant.
alter default privileges in schema public
  revoke all on tables from anon, authenticated, service_role;
alter default privileges in schema public
  revoke all on sequences from anon, authenticated, service_role;
alter default privileges in schema public
  revoke all on functions from anon, authenticated, service_role;

-- PostgreSQL lets everyone execute a new function; only the global default can take that away.
alter default privileges revoke execute on functions from public;
-- Extensions live in their own schema and are meant for everyone.
alter default privileges in schema extensions grant execute on functions to public;
