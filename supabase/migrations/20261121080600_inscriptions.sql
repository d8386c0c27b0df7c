-- Registrations. Rows come from register_for_masterclass, together with their PRE test.

create table public.inscriptions (
  id                uuid primary key default gen_random_uuid(),
  profile_id        uuid references public.profiles (id) on delete set null,
  masterclass_id    uuid not null references public.masterclasses (id) on delete restrict,
  validated         boolean not null default false,
  registration_date timestamptz not null default now(),
  unique (profile_id, masterclass_id)
);

comment on table public.inscriptions is 'A student''s registration for a masterclass; made only by register_for_masterclass.';
comment on column public.inscriptions.id is 'Identifier.';
comment on column public.inscriptions.profile_id is 'The student. Empty once the account is deleted: the row then counts in statistics and names nobody.';
comment on column public.inscriptions.masterclass_id is 'The masterclass.';
comment on column public.inscriptions.validated is 'Set by staff; opens the POST test.';
comment on column public.inscriptions.registration_date is 'When the student registered.';

-- unique (profile_id, masterclass_id) serves the policies and the foreign key to profiles.
create index inscriptions_masterclass_id_idx on public.inscriptions (masterclass_id, registration_date);

alter table public.inscriptions enable row level security;

revoke all on table public.inscriptions from anon, authenticated, service_role;
-- The insert grant has no policy: it only lets the trigger below say what to call instead.
grant select, insert on table public.inscriptions to authenticated;
grant update (validated) on table public.inscriptions to authenticated;
grant select on table public.inscriptions to service_role;
grant update (validated) on table public.inscriptions to service_role;

create policy "students read their own inscriptions and staff read all"
  on public.inscriptions for select to authenticated
  using (profile_id = (select auth.uid()) or (select private.is_staff()));

create policy "staff validate inscriptions"
  on public.inscriptions for update to authenticated
  using ((select private.is_staff()))
  with check ((select private.is_staff()));

-- Shared by inscriptions and tests: the argument is the error that names the function to call.
create function private.refuse_direct_insert()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.raise_error(tg_argv[0]);
  return null;
end
$$;

comment on function private.refuse_direct_insert() is 'Refuses an insert over REST and names the function to call.';

revoke execute on function private.refuse_direct_insert() from public, anon, authenticated, service_role;

create trigger refuse_direct_insert
  before insert on public.inscriptions
  for each statement
  when (current_user in ('anon', 'authenticated', 'service_role'))
  execute function private.refuse_direct_insert('use_register_for_masterclass');
