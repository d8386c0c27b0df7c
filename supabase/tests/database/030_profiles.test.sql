-- Profiles: a person's own, read by staff; made at sign-up when the three fields are there.
begin;
set local search_path = tests, public, extensions;
select plan(44);

select tests.create_user('owner', profile => false);
select tests.create_user('stranger');
select tests.create_user('tutor', 'tuteur');

-- ---------------------------------------------------------------- the owner
select tests.act_as('owner');
select lives_ok(
  $$ insert into profiles (id, full_name, date_of_birth, whatsapp_number) values (tests.user_id('owner'), 'Ngozi É.', '1999-12-31', '+24107123456') $$,
  'a person creates the own profile');
select lives_ok(
  $$ insert into profiles (id, full_name, date_of_birth, whatsapp_number) values (tests.user_id('owner'), 'Ngozi', '1999-12-31', '+24107123456')
     on conflict (id) do update set id = excluded.id, full_name = excluded.full_name $$,
  'a person upserts the own profile');
select tests.touches($$ update profiles set whatsapp_number = '+22997000000' $$, 1, 'a person changes the own profile and no other');
select results_eq($$ select id from profiles $$, $$ values (tests.user_id('owner')) $$, 'a person reads the own profile and no other');
select tests.forbids($$ update profiles set id = tests.user_id('stranger') $$, 'a person cannot take the profile of another');
select tests.forbids($$ update profiles set created_at = '1990-01-01' $$, 'a person does not date the profile');
select tests.forbids($$ delete from profiles $$, 'a profile goes with the account, not before');
select tests.forbids(
  $$ insert into profiles (id, full_name, date_of_birth, whatsapp_number) values (gen_random_uuid(), 'X', '1999-12-31', '+24107123456') $$,
  'a person cannot create the profile of another');
select tests.forbids(
  $$ insert into profiles (id, full_name, date_of_birth, whatsapp_number) values (tests.user_id('stranger'), 'X', '1999-12-31', '+24107123456') $$,
  'a profile that exists is refused in the same way as one that does not');

-- ---------------------------------------------------------------- the others
select tests.act_as('stranger');
select tests.touches($$ update profiles set full_name = 'X' where id = tests.user_id('owner') $$, 0, 'a stranger changes nothing');
select is_empty($$ select * from profiles where id = tests.user_id('owner') $$, 'a stranger reads nothing');
select tests.act_as_visitor();
select tests.forbids($$ select * from profiles $$, 'a visitor reads no profile');
select tests.forbids($$ insert into profiles (id, full_name, date_of_birth, whatsapp_number) values (gen_random_uuid(), 'X', '1999-12-31', '+24107123456') $$, 'a visitor creates no profile');
select tests.act_as('tutor');
select is((select count(*) from profiles where id in (tests.user_id('owner'), tests.user_id('stranger'))), 2::bigint, 'a tutor reads the profiles of students');
select tests.touches($$ update profiles set full_name = 'X' where id = tests.user_id('owner') $$, 0, 'a tutor changes nobody''s profile');
select tests.act_as_service();
select isnt_empty($$ select * from profiles where id = tests.user_id('owner') $$, 'the service reads profiles');
select tests.forbids($$ delete from profiles $$, 'the service deletes accounts, not profiles');

-- ---------------------------------------------------------------- the checks
select tests.act_as('owner');
select throws_ok(format($$ update profiles set whatsapp_number = %L $$, bad), '23514', null, 'this is no WhatsApp number: ' || bad)
from unnest(array['07123456', '+0712345678', '+241 07 12 34 56', '+12345', '+1234567890123456', '+24107123456x', E'+24107123456\n', '']) as bad;
select throws_ok(format($$ update profiles set date_of_birth = %L $$, bad), '23514', null, 'this is no date of birth: ' || bad)
from unnest(array['1899-12-31', current_date::text, '3000-01-01', 'infinity', '-infinity']) as bad;
select throws_ok(format($$ update profiles set full_name = %L $$, bad), '23514', null, 'this is no name: ' || left(bad, 5))
from unnest(array['', '   ', repeat('x', 201), E'a\nb']) as bad;

-- ---------------------------------------------------------------- sign-up
select tests.act_as_owner();
create function tests.sign_up(metadata jsonb) returns uuid language sql as $$
  insert into auth.users (id, email, raw_user_meta_data) values (gen_random_uuid(), gen_random_uuid() || '@pgtap.invalid', metadata) returning id
$$;
select tests.let('awa', tests.sign_up('{"full_name": "Awa", "date_of_birth": "2001-02-03", "whatsapp_number": "+2250700000000", "role": "admin"}'));
select results_eq(
  format($$ select full_name, date_of_birth, whatsapp_number from public.profiles where id = %L $$, tests.id('awa')),
  $$ values ('Awa', date '2001-02-03', '+2250700000000') $$,
  'sign-up with the three fields creates the profile');
select is_empty(format($$ select * from public.user_roles where user_id = %L $$, tests.id('awa')), 'sign-up with a role in the metadata gives no role');
select lives_ok(format($$ select tests.sign_up(%L) $$, bad), 'sign-up succeeds without a profile for ' || coalesce(bad, 'nothing'))
from unnest(array[null, '{}', '[]', '"text"', '{"full_name": "Awa"}',
  '{"full_name": "Awa", "date_of_birth": "soon", "whatsapp_number": "+2250700000000"}',
  '{"full_name": "Awa", "date_of_birth": "2001-02-03", "whatsapp_number": "0700"}',
  '{"full_name": {"a": 1}, "date_of_birth": ["2001-02-03"], "whatsapp_number": 7}']) as bad;

select * from finish();
rollback;
