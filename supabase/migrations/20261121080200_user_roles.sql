-- Who is staff. A role is a row here and nowhere else: never user metadata, which users write themselves.

create table public.user_roles (
  id          uuid primary key default gen_random_uuid(),
  user_id     uuid not null references auth.users (id) on delete cascade,
  role        text not null check (role in ('admin', 'tuteur')),
  assigned_at timestamptz not null default now(),
  unique (user_id, role)
);

comment on table public.user_roles is
  'Roles of staff. Students have no row. The first admin: select private.make_first_admin(''email''), as the database owner.';
comment on column public.user_roles.id is 'Identifier of the assignment.';
comment on column public.user_roles.user_id is 'Account that has the role.';
comment on column public.user_roles.role is 'admin appoints staff; tuteur and admin manage masterclasses, questions and registrations.';
comment on column public.user_roles.assigned_at is 'When the role was given.';

-- unique (user_id, role) serves the foreign key and the policies; this one the question "is an admin left?"
create index user_roles_role_idx on public.user_roles (role);

alter table public.user_roles enable row level security;

revoke all on table public.user_roles from anon, authenticated, service_role;
grant select, delete on table public.user_roles to authenticated;
grant insert (user_id, role) on table public.user_roles to authenticated;
grant select, insert, delete on table public.user_roles to service_role;

create function private.is_admin()
returns boolean
language sql
stable
security definer
set search_path = ''
as $$
  select exists (
    select from public.user_roles r
    where r.user_id = (select auth.uid()) and r.role = 'admin')
$$;

create function private.is_staff()
returns boolean
language sql
stable
security definer
set search_path = ''
as $$
  select exists (
    select from public.user_roles r
    where r.user_id = (select auth.uid()) and r.role in ('admin', 'tuteur'))
$$;

comment on function private.is_admin() is 'Whether the caller is an admin. A definer, so that the policies of user_roles can ask it about user_roles.';
comment on function private.is_staff() is 'Whether the caller is an admin or a tuteur.';

-- Policies call them as the querying role; without usage on the schema nobody can name them otherwise.
revoke execute on function private.is_admin(), private.is_staff() from public, anon, service_role;
grant execute on function private.is_admin(), private.is_staff() to authenticated;

create policy "users read their own roles and admins read all"
  on public.user_roles for select to authenticated
  using (user_id = (select auth.uid()) or (select private.is_admin()));

create policy "admins assign roles to others"
  on public.user_roles for insert to authenticated
  with check ((select private.is_admin()) and user_id <> (select auth.uid()));

create policy "admins revoke the roles of others"
  on public.user_roles for delete to authenticated
  using ((select private.is_admin()) and user_id <> (select auth.uid()));

-- Deletions queue here, so that two admins who remove each other at the same moment leave one.
create function private.queue_role_deletions()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform pg_advisory_xact_lock(hashtext('public.user_roles'));
  return null;
end
$$;

create function private.keep_one_admin()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if exists (select from removed where role = 'admin')
     and not exists (select from public.user_roles where role = 'admin') then
    perform private.raise_error('last_admin');
  end if;
  return null;
end
$$;

comment on function private.queue_role_deletions() is 'Makes deletions of roles wait for one another.';
comment on function private.keep_one_admin() is 'Refuses to remove the last admin, by revocation or with the account.';

revoke execute on function private.queue_role_deletions(), private.keep_one_admin()
  from public, anon, authenticated, service_role;

create trigger queue_role_deletions
  before delete on public.user_roles
  for each statement execute function private.queue_role_deletions();

create trigger keep_one_admin
  after delete on public.user_roles
  referencing old table as removed
  for each statement execute function private.keep_one_admin();

create function private.make_first_admin(email text)
returns uuid
language plpgsql
set search_path = ''
as $$
declare
  account auth.users;
begin
  select * into account from auth.users u where lower(u.email) = lower(make_first_admin.email);
  if not found then
    raise exception 'no account has this address' using hint = 'Sign up first, then run this again.';
  end if;
  -- An address nobody confirmed may have been taken by somebody else.
  if account.email_confirmed_at is null then
    raise exception 'the address of this account is not confirmed' using hint = 'Follow the link in the confirmation mail, then run this again.';
  end if;
  perform pg_advisory_xact_lock(hashtext('public.user_roles'));
  if exists (select from public.user_roles r where r.role = 'admin' and r.user_id <> account.id) then
    raise exception 'there is an admin already' using hint = 'Admins appoint others by inserting into user_roles.';
  end if;
  insert into public.user_roles (user_id, role) values (account.id, 'admin')
  on conflict (user_id, role) do nothing;
  return account.id;
end
$$;

comment on function private.make_first_admin(text) is
  'Makes the account with this confirmed address the first admin. Run it as the database owner: select private.make_first_admin(''you@example.org''). Refused once there is an admin.';

revoke execute on function private.make_first_admin(text) from public, anon, authenticated, service_role;
