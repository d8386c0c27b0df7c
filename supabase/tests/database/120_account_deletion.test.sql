-- Deleting an account leaves nothing that names the person, and everything that statistics count.
begin;
set local search_path = tests, public, extensions;
select plan(19);

-- Where a text occurs: every column of every table of ours.
create function tests.places_of(needle text) returns setof text
language plpgsql security definer set search_path = '' as $$
declare
  place record;
  hit boolean;
begin
  for place in
    select n.nspname, c.relname, a.attname
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where n.nspname in ('public', 'private') and c.relkind in ('r', 'p')
  loop
    execute format('select exists (select from %I.%I where %I::text ilike %L)',
      place.nspname, place.relname, place.attname, '%' || needle || '%') into hit;
    if hit then
      return next format('%s.%s.%s', place.nspname, place.relname, place.attname);
    end if;
  end loop;
end
$$;

select tests.let('leaving', tests.create_user('leaving'));
select tests.create_user('staying');
select tests.let('tutor', tests.create_user('tutor', 'tuteur'));
update profiles set full_name = 'Zéphyrine Partante', whatsapp_number = '+241998877665' where id = tests.id('leaving');
select tests.let('m', tests.create_masterclass(12));
select tests.let('opened', tests.create_masterclass(12));
select tests.let('inscription', tests.register('leaving', tests.id('m'), 4));
select tests.let('kept', tests.register('staying', tests.id('m'), 6));
select tests.validate(tests.id('inscription'));
select tests.act_as('leaving');
select submit_test(tests.id('inscription'), tests.responses('leaving', tests.id('m'), 8)) is not null;
select get_test(tests.id('opened'), 'PRE') is not null;
select begin_idempotent_request('e', 'k', 'f') is not null;
select tests.act_as('tutor');
with written as (
  insert into questions (masterclass_id, question_text, choices, correct_choice)
  values (tests.id('m'), 'Q', '{"A": "1", "B": "2", "C": "3", "D": "4"}', 'A') returning id)
select tests.let('written', id) from written;
select tests.act_as_owner();

select set_eq(
  format('select tests.places_of(%L)', tests.id('leaving')),
  array['public.profiles.id', 'public.inscriptions.profile_id', 'private.test_papers.profile_id', 'private.idempotent_requests.caller', 'public.consents.user_id', 'private.student_records.student_id', 'public.outbound_messages.profile_id'],
  'before, the account is named where it is expected');
select set_eq($$ select tests.places_of('Partante') $$, array['public.profiles.full_name', 'private.student_records.full_name', 'private.student_records.name_key', 'private.student_records.search_text', 'public.outbound_messages.data'], 'the name is in the profile and in what is made from it');
select set_eq($$ select tests.places_of('998877665') $$, array['public.profiles.whatsapp_number', 'private.student_records.whatsapp_number', 'private.student_records.search_text', 'public.outbound_messages.recipient'], 'and so is the number');

select lives_ok(format('delete from auth.users where id = %L', tests.id('leaving')), 'a student''s account is deleted');
select is_empty(format('select tests.places_of(%L)', tests.id('leaving')), 'afterwards the account is named nowhere');
select is_empty($$ select tests.places_of('Partante') $$, 'nor the name');
select is_empty($$ select tests.places_of('998877665') $$, 'nor the number');
select is_empty($$ select tests.places_of('leaving@') $$, 'nor the address');

select results_eq(
  format('select type, score, max_score from tests where inscription_id = %L order by score', tests.id('inscription')),
  $$ values ('PRE', 4, 10), ('POST', 8, 10) $$, 'the scores stay');
select results_eq(
  format('select profile_id, masterclass_id, validated from inscriptions where id = %L', tests.id('inscription')),
  format('values (null::uuid, %L::uuid, true)', tests.id('m')), 'the registration stays, and names nobody');
select is((select count(*) from private.test_papers p join private.test_paper_questions q on q.paper_id = p.id where p.inscription_id = tests.id('inscription')), 10::bigint, 'the questions that were asked stay');
select is_empty(format('select * from private.test_papers where masterclass_id = %L', tests.id('opened')), 'a test that was only opened goes');
select tests.act_as('staying');
select results_eq('select id from inscriptions', array[tests.id('kept')], 'the registration of another is as before');

select tests.act_as_owner();
select lives_ok(format('delete from auth.users where id = %L', tests.id('tutor')), 'a tutor''s account is deleted');
select is_empty(format('select tests.places_of(%L)', tests.id('tutor')), 'afterwards it is named nowhere');
select isnt_empty(format('select * from questions where id = %L and created_by is null', tests.id('written')), 'the questions stay, without their author');

-- Whoever comes back starts again, as somebody else.
select tests.create_user('leaving');
select tests.act_as('leaving');
select is_empty('select * from inscriptions', 'a new account with the same address inherits no registration');
select tests.refuses(format('select submit_test(%L, ''{}'')', tests.id('inscription')), 'inscription_not_found', 'and cannot go on with the old one');
select tests.refuses(format('select review_test(%L)', tests.id('inscription')), 'inscription_not_found', 'nor read its review');

select * from finish();
rollback;
