-- Roles: admins appoint and revoke others; nobody promotes themselves; an admin always remains.
begin;
set local search_path = tests, public, extensions;
select plan(33);

-- Whoever is staff here already steps aside until the rollback.
alter table public.user_roles disable trigger keep_one_admin;
delete from public.user_roles;
alter table public.user_roles enable trigger keep_one_admin;

-- ---------------------------------------------------------------- the first admin
select tests.create_user('founder');
select tests.create_user('other');
insert into auth.users (id, email) values (gen_random_uuid(), 'unconfirmed@pgtap.invalid');

select throws_like($$ select private.make_first_admin('nobody@pgtap.invalid') $$, 'no account%', 'the first admin must have an account');
select throws_like($$ select private.make_first_admin('unconfirmed@pgtap.invalid') $$, '%not confirmed', 'the first admin must have confirmed the address');
select lives_ok($$ select private.make_first_admin('Founder@pgtap.invalid') $$, 'the database owner makes the first admin');
select lives_ok($$ select private.make_first_admin('founder@pgtap.invalid') $$, 'making the same first admin again changes nothing');
select is((select count(*) from public.user_roles), 1::bigint, 'there is one role then');
select throws_like($$ select private.make_first_admin('other@pgtap.invalid') $$, 'there is an admin%', 'there is one first admin only');

select tests.act_as('other');
select tests.forbids($$ select private.make_first_admin('other@pgtap.invalid') $$, 'a student cannot make the first admin');
select tests.act_as_service();
select tests.forbids($$ select private.make_first_admin('other@pgtap.invalid') $$, 'the secret key cannot make the first admin over the API');
select tests.act_as_owner();

-- ---------------------------------------------------------------- reading
select tests.create_user('tutor', 'tuteur');
select tests.create_user('second', 'admin');

select tests.act_as('tutor');
select results_eq($$ select user_id, role from user_roles $$, $$ values (tests.user_id('tutor'), 'tuteur') $$, 'a tutor reads the own role and no other');
select tests.act_as('other');
select is_empty($$ select * from user_roles $$, 'a student reads no role');
select tests.act_as('founder');
select is((select count(*) from user_roles), 3::bigint, 'an admin reads all roles');
select tests.act_as_visitor();
select tests.forbids($$ select * from user_roles $$, 'a visitor reads no role');

-- ---------------------------------------------------------------- assigning
select tests.act_as('other');
select tests.forbids($$ insert into user_roles (user_id, role) values (tests.user_id('other'), 'admin') $$, 'a student cannot take a role');
select tests.forbids($$ insert into user_roles (user_id, role) values (tests.user_id('tutor'), 'admin') $$, 'a student cannot give a role');
select tests.act_as('tutor');
select tests.forbids($$ insert into user_roles (user_id, role) values (tests.user_id('tutor'), 'admin') $$, 'a tutor cannot become admin');
select tests.forbids($$ insert into user_roles (user_id, role) values (tests.user_id('other'), 'tuteur') $$, 'a tutor cannot appoint a tutor');
select tests.forbids($$ update user_roles set role = 'admin' $$, 'a tutor cannot change a role');
select tests.act_as_visitor();
select tests.forbids($$ insert into user_roles (user_id, role) values (tests.user_id('other'), 'admin') $$, 'a visitor cannot give a role');
select tests.act_as('founder');
select tests.forbids($$ insert into user_roles (user_id, role) values (tests.user_id('founder'), 'tuteur') $$, 'an admin does not change the own roles');
select tests.forbids($$ update user_roles set role = 'tuteur' $$, 'an admin revokes and assigns, and changes no row');
select lives_ok($$ insert into user_roles (user_id, role) values (tests.user_id('other'), 'tuteur') $$, 'an admin appoints a tutor');
select throws_ok($$ insert into user_roles (user_id, role) values (tests.user_id('other'), 'tuteur') $$, '23505', null, 'a role is given once');
select throws_ok($$ insert into user_roles (user_id, role) values (tests.user_id('other'), 'root') $$, '23514', null, 'there are two roles only');

set local request.jwt.claims = '';
select tests.act_as('tutor');
select set_config('request.jwt.claims', json_build_object('sub', tests.user_id('tutor'), 'role', 'authenticated',
  'user_metadata', json_build_object('role', 'admin'), 'app_metadata', json_build_object('role', 'admin'))::text, true);
select tests.forbids($$ insert into user_roles (user_id, role) values (tests.user_id('tutor'), 'admin') $$, 'a role written in metadata counts for nothing');

-- ---------------------------------------------------------------- revoking
select tests.act_as('tutor');
select tests.touches($$ delete from user_roles $$, 0, 'a tutor revokes no role, not even the own');
select tests.act_as('founder');
select tests.touches($$ delete from user_roles where user_id = tests.user_id('founder') $$, 0, 'an admin does not revoke the own role');
select tests.touches($$ delete from user_roles where user_id = tests.user_id('other') $$, 1, 'an admin revokes a tutor');
select tests.touches($$ delete from user_roles where user_id = tests.user_id('second') $$, 1, 'an admin revokes another admin');
select tests.act_as_service();
select tests.refuses($$ delete from user_roles where role = 'admin' $$, 'last_admin', 'the secret key cannot revoke the last admin');
select tests.refuses($$ delete from user_roles where true $$, 'last_admin', 'not even together with all the others');
select tests.act_as_owner();
select tests.refuses($$ delete from auth.users where id = tests.user_id('founder') $$, 'last_admin', 'the account of the last admin cannot be deleted');
select lives_ok($$ delete from auth.users where id = tests.user_id('tutor') $$, 'the account of a tutor can be deleted');
select is((select count(*) from public.user_roles), 1::bigint, 'the roles went with the account');

select * from finish();
rollback;
