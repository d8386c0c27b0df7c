-- A person behind an account.

create table public.profiles (
  id              uuid primary key default auth.uid() references auth.users (id) on delete cascade,
  full_name       text not null check (length(btrim(full_name)) between 1 and 200 and full_name !~ '[[:cntrl:]]'),
  date_of_birth   date not null,
  whatsapp_number text not null check (whatsapp_number ~ '^\+[1-9][0-9]{6,14}$'),
  created_at      timestamptz not null default now(),
  constraint profiles_date_of_birth_check
    check (date_of_birth >= date '1900-01-01' and date_of_birth < (created_at at time zone 'UTC')::date)
);

comment on table public.profiles is 'Extends an account of Supabase Auth with what registration needs. Deleted with the account.';
comment on column public.profiles.id is 'The account (auth.users.id).';
comment on column public.profiles.full_name is 'Name as the person writes it.';
comment on column public.profiles.date_of_birth is 'From 1900 to the day before the profile was made.';
comment on column public.profiles.whatsapp_number is 'E.164: +, country code, at most 15 digits. Not unique: a refusal would tell who is registered.';
comment on column public.profiles.created_at is 'When the profile was made.';

create index profiles_created_at_idx on public.profiles (created_at);

alter table public.profiles enable row level security;

revoke all on table public.profiles from anon, authenticated, service_role;
grant select on table public.profiles to authenticated;
-- id is in the update grant because an upsert names every column it sends; the policy keeps it the caller's.
grant insert (id, full_name, date_of_birth, whatsapp_number) on table public.profiles to authenticated;
grant update (id, full_name, date_of_birth, whatsapp_number) on table public.profiles to authenticated;
grant select, insert, update on table public.profiles to service_role;

create policy "users read their own profile and staff read all"
  on public.profiles for select to authenticated
  using (id = (select auth.uid()) or (select private.is_staff()));

create policy "users create their own profile"
  on public.profiles for insert to authenticated
  with check (id = (select auth.uid()));

create policy "users change their own profile"
  on public.profiles for update to authenticated
  using (id = (select auth.uid()))
  with check (id = (select auth.uid()));

-- Sign-up may carry the three fields; a sign-up never fails because of them.
create function private.create_profile_at_sign_up()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into public.profiles (id, full_name, date_of_birth, whatsapp_number)
  values (
    new.id,
    new.raw_user_meta_data ->> 'full_name',
    (new.raw_user_meta_data ->> 'date_of_birth')::date,
    new.raw_user_meta_data ->> 'whatsapp_number');
  return null;
exception when others then
  -- The person fills in the profile later. Nothing personal goes to the log.
  raise log 'no profile made at sign-up: %', sqlstate;
  return null;
end
$$;

comment on function private.create_profile_at_sign_up() is
  'Makes the profile from raw_user_meta_data (full_name, date_of_birth, whatsapp_number) when all three are there and valid.';

revoke execute on function private.create_profile_at_sign_up() from public, anon, authenticated, service_role;

create trigger create_profile_at_sign_up
  after insert on auth.users
  for each row execute function private.create_profile_at_sign_up();
