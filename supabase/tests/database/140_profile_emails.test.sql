-- profiles.email: the address of the account, and nobody's to write.
begin;
set local search_path = tests, public, extensions;
select plan(17);

select tests.create_user('owner');
select tests.create_user('stranger');
select tests.create_user('tutor', 'tuteur');
select tests.create_user('bare', null, false);

select is((select email from profiles where id = tests.user_id('owner')), 'owner@pgtap.invalid', 'a profile has the address of its account');

-- ---------------------------------------------------------------- who reads and writes
select tests.act_as('owner');
select results_eq($$ select email from profiles $$, $$ values ('owner@pgtap.invalid') $$, 'a person reads the own address');
select tests.forbids($$ update profiles set email = 'other@pgtap.invalid' $$, 'and does not write it');
select tests.act_as('bare');
select tests.forbids(
  format($$ insert into profiles (id, full_name, date_of_birth, whatsapp_number, email) values (%L, 'X', '2000-01-01', '+24107000000', 'owner@pgtap.invalid') $$, tests.user_id('bare')),
  'nor brings one along');
select tests.act_as('stranger');
select is_empty($$ select email from profiles where email = 'owner@pgtap.invalid' $$, 'a stranger does not find the address');
select tests.act_as('tutor');
select isnt_empty($$ select from profiles where email = 'owner@pgtap.invalid' $$, 'a tutor finds it');
select tests.act_as_visitor();
select tests.forbids($$ select email from profiles $$, 'a visitor reads none');
select tests.act_as_service();
select lives_ok(
  format($$ update profiles set email = 'made-up@pgtap.invalid' where id = %L $$, tests.user_id('owner')), 'the service may send one');
select lives_ok(
  format($$ insert into profiles (id, full_name, date_of_birth, whatsapp_number, email) values (%L, 'Nu', '2000-01-01', '+24107000000', 'made-up@pgtap.invalid') $$, tests.user_id('bare')),
  'with a new profile too');
select tests.act_as_owner();
select is_empty($$ select from profiles where email = 'made-up@pgtap.invalid' $$, 'but that of the account is kept');
select is((select email from profiles where id = tests.user_id('bare')), 'bare@pgtap.invalid', 'also for the new profile');

-- ---------------------------------------------------------------- the account changes
select tests.let('owner', tests.user_id('owner'));
update auth.users set email = 'Neuve@pgtap.invalid' where id = tests.id('owner');
select is((select email from profiles where id = tests.id('owner')), 'Neuve@pgtap.invalid', 'a new address is carried over, as it is written');
update auth.users set raw_user_meta_data = '{"a": 1}' where id = tests.id('owner');
select is((select email from profiles where id = tests.id('owner')), 'Neuve@pgtap.invalid', 'another change of the account leaves it');
update auth.users set email = null where id = tests.id('owner');
select is((select email from profiles where id = tests.id('owner')), null, 'an account without address has a profile without');
update profiles set full_name = 'Autre Nom' where id = tests.user_id('stranger');
select is((select email from profiles where id = tests.user_id('stranger')), 'stranger@pgtap.invalid', 'a change of name leaves the address');

insert into auth.users (id, email, raw_user_meta_data)
values (gen_random_uuid(), 'signing-up@pgtap.invalid', '{"full_name": "Awa Sign", "date_of_birth": "2000-01-31", "whatsapp_number": "+24107123456"}');
select is((select email from profiles where full_name = 'Awa Sign'), 'signing-up@pgtap.invalid', 'a profile made at sign-up has the address');

-- Row estimates are shown to anyone who may name the table.
select is_empty(
  $$ select attname from pg_attribute where attrelid = 'public.profiles'::regclass
     and attname in ('email', 'full_name', 'date_of_birth', 'whatsapp_number') and attstattarget is distinct from 0 $$,
  'the planner keeps no names, addresses or numbers where a client could ask it');

select * from finish();
rollback;
