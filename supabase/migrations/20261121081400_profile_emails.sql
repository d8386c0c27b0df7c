-- The address of a profile, kept equal to the one of the account: staff look people up by it, and
-- `auth.users` is closed to everyone who calls over REST.

alter table public.profiles add column email text;

comment on column public.profiles.email is
  'Address of the account (auth.users.email), kept by triggers: nobody writes it here. Empty for an account without one.';

-- `Prefer: count=planned` shows row estimates to anyone who may name the table: without statistics
-- they say nothing about who is in it. Profiles are looked up by id.
alter table public.profiles
  alter column email set statistics 0,
  alter column full_name set statistics 0,
  alter column date_of_birth set statistics 0,
  alter column whatsapp_number set statistics 0;

create function private.read_profile_email()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  -- `for share` waits for a change of address in progress; one that comes later finds the profile.
  new.email := null;
  select u.email into new.email from auth.users u where u.id = new.id for share;
  return new;
end
$$;

create function private.copy_account_email()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  update public.profiles p set email = new.email where p.id = new.id;
  return null;
end
$$;

comment on function private.read_profile_email() is 'Takes the address of a profile from its account, whatever the writer sent.';
comment on function private.copy_account_email() is 'Carries a new address of an account into its profile.';

revoke execute on function private.read_profile_email(), private.copy_account_email()
  from public, anon, authenticated, service_role;

-- `of email`: another change of a profile has no business with the row of the account.
create trigger read_profile_email
  before insert or update of email on public.profiles
  for each row execute function private.read_profile_email();

create trigger copy_account_email
  after update on auth.users
  for each row
  when (old.email is distinct from new.email)
  execute function private.copy_account_email();

update public.profiles p set email = u.email from auth.users u where u.id = p.id;

-- What the functions for staff begin with.
create function private.require_staff()
returns void
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  if not private.is_staff() then
    perform private.raise_error('staff_only');
  end if;
end
$$;

comment on function private.require_staff() is 'Refuses whoever is neither an admin nor a tuteur.';

-- A function that runs as its caller begins with it too.
revoke execute on function private.require_staff() from public, anon, service_role;
grant execute on function private.require_staff() to authenticated;
