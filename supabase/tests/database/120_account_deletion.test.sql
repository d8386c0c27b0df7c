-- Deleting an account leaves nothing that names the person, and everything that statistics count.
begin;
\ir helpers.psql
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

select tests.create_user('leaving') as leaving \gset
select tests.create_user('staying');
select tests.create_user('tutor', 'tuteur') as tutor \gset
update profiles set full_name = 'Zéphyrine Partante', whatsapp_number = '+241998877665' where id = :'leaving';
select tests.create_masterclass(12) as m \gset
select tests.create_masterclass(12) as opened \gset
select tests.register('leaving', :'m', 4) as inscription \gset
select tests.register('staying', :'m', 6) as kept \gset
select tests.validate(:'inscription');
select tests.act_as('leaving');
select submit_test(:'inscription', tests.responses('leaving', :'m', 8)) is null as submitted \gset
select get_test(:'opened', 'PRE') is null as opened_it \gset
select begin_idempotent_request('e', 'k', 'f') is null as claimed \gset
select tests.act_as('tutor');
insert into questions (masterclass_id, question_text, choices, correct_choice) values (:'m', 'Q', '{"A": "1", "B": "2", "C": "3", "D": "4"}', 'A') returning id as written \gset
select tests.act_as_owner();

select set_eq(
  format('select tests.places_of(%L)', :'leaving'),
  array['public.profiles.id', 'public.inscriptions.profile_id', 'private.test_papers.profile_id', 'private.idempotent_requests.caller'],
  'before, the account is named where it is expected');
select set_eq($$ select tests.places_of('Partante') $$, array['public.profiles.full_name'], 'the name is in one place');
select set_eq($$ select tests.places_of('998877665') $$, array['public.profiles.whatsapp_number'], 'the number is in one place');

select lives_ok(format('delete from auth.users where id = %L', :'leaving'), 'a student''s account is deleted');
select is_empty(format('select tests.places_of(%L)', :'leaving'), 'afterwards the account is named nowhere');
select is_empty($$ select tests.places_of('Partante') $$, 'nor the name');
select is_empty($$ select tests.places_of('998877665') $$, 'nor the number');
select is_empty($$ select tests.places_of('leaving@') $$, 'nor the address');

select results_eq(
  format('select type, score, max_score from tests where inscription_id = %L order by score', :'inscription'),
  $$ values ('PRE', 4, 10), ('POST', 8, 10) $$, 'the scores stay');
select results_eq(
  format('select profile_id, masterclass_id, validated from inscriptions where id = %L', :'inscription'),
  format('values (null::uuid, %L::uuid, true)', :'m'), 'the registration stays, and names nobody');
select is((select count(*) from private.test_papers p join private.test_paper_questions q on q.paper_id = p.id where p.inscription_id = :'inscription'), 10::bigint, 'the questions that were asked stay');
select is_empty(format('select * from private.test_papers where masterclass_id = %L', :'opened'), 'a test that was only opened goes');
select tests.act_as('staying');
select results_eq('select id from inscriptions', array[:'kept'::uuid], 'the registration of another is as before');

select tests.act_as_owner();
select lives_ok(format('delete from auth.users where id = %L', :'tutor'), 'a tutor''s account is deleted');
select is_empty(format('select tests.places_of(%L)', :'tutor'), 'afterwards it is named nowhere');
select isnt_empty(format('select * from questions where id = %L and created_by is null', :'written'), 'the questions stay, without their author');

-- Whoever comes back starts again, as somebody else.
select tests.create_user('leaving');
select tests.act_as('leaving');
select is_empty('select * from inscriptions', 'a new account with the same address inherits no registration');
select tests.refuses(format('select submit_test(%L, ''{}'')', :'inscription'), 'inscription_not_found', 'and cannot go on with the old one');
select tests.refuses(format('select review_test(%L)', :'inscription'), 'inscription_not_found', 'nor read its review');

select * from finish();
rollback;
