-- The overview that is kept: used while nothing changed, never after something did.
begin;
set local search_path = tests, public, extensions;
select plan(60);

-- The overviews of a masterclass and of all, as the tutor gets them. Ends as the owner.
create function tests.shown(masterclass uuid) returns text[] language plpgsql as $$
declare
  shown text[];
begin
  perform tests.act_as('tutor');
  shown := array[public.masterclass_overview(masterclass)::text, public.masterclass_overview()::text];
  perform tests.act_as_owner();
  return shown;
end
$$;

-- The same, worked out.
create function tests.worked_out(masterclass uuid) returns text[] language sql as $$
  select array[private.masterclass_figures(masterclass)::text, private.masterclass_figures(null)::text]
$$;

-- A file is one transaction: what would be done at commit is done here.
create function tests.commit() returns void language plpgsql as $$
begin
  set constraints all immediate;
  set constraints all deferred;
end
$$;

-- The overviews are looked at, and so kept. Then the statement runs, and they are looked at again. Which of them it
-- must change is said in `changes`: one that changes nothing would prove nothing.
create function tests.shows(statement text, description text, changes boolean[] default '{t,t}', masterclass uuid default tests.id('m'))
returns text language plpgsql as $$
declare
  before text[];
  after text[];
begin
  perform tests.commit();
  before := tests.shown(masterclass);
  execute statement;
  perform tests.commit();
  after := tests.worked_out(masterclass);
  if array[after[1] <> before[1], after[2] <> before[2]] <> changes then
    return extensions.fail(description || ' (it changes others than it is said to)');
  end if;
  return extensions.is(tests.shown(masterclass), after, description);
end
$$;

-- Puts something into what is kept that nobody works out.
create function tests.mark_kept() returns void language sql as $$
  update private.kept_overviews set body = '{"kept": true}'
$$;

-- By GET, PostgREST begins a transaction that may only read. Here a part of this one may: it ends by what it found.
create function tests.shown_read_only(masterclass uuid) returns text language plpgsql as $$
begin
  perform set_config('transaction_read_only', 'on', true);
  raise exception using errcode = 'TEST0', message = public.masterclass_overview(masterclass)::text;
exception when sqlstate 'TEST0' then
  return sqlerrm;
end
$$;

create function tests.submit_post(name text, good int) returns void language plpgsql as $$
begin
  perform tests.act_as(name);
  perform public.submit_test(tests.inscription_of(name, tests.id('m')), tests.responses(name, tests.id('m'), good));
  perform tests.act_as_owner();
end
$$;

-- The registration of a student who knows two questions; it takes the place of an earlier one.
create function tests.sit(name text, known text, known_too text) returns void language plpgsql as $$
begin
  delete from public.tests where inscription_id = tests.inscription_of(name, tests.id('m'));
  delete from public.inscriptions where id = tests.inscription_of(name, tests.id('m'));
  perform tests.act_as(name);
  perform public.get_test(tests.id('m'), 'PRE');
  perform tests.act_as_owner();
  perform tests.let('responses', (
    select jsonb_object_agg(q.id, q.correct_choice)::text from public.questions q
    where q.masterclass_id = tests.id('m') and q.question_text in (known, known_too)));
  perform tests.act_as(name);
  perform public.register_for_masterclass(tests.id('m'), tests.the('responses')::jsonb);
  perform tests.act_as_owner();
end
$$;

select tests.create_user('tutor', 'tuteur');
select tests.create_user('admin', 'admin');
select tests.create_user('s' || n) from generate_series(1, 8) n;
select tests.let('m', tests.create_masterclass(4));
select tests.let('other', tests.create_masterclass(4));

-- ---------------------------------------------------------------- kept while nothing changes
select tests.register('s1', tests.id('m'), 2) is not null;
select tests.commit();

delete from private.kept_overviews;
select is(tests.shown(tests.id('m')), tests.worked_out(tests.id('m')), 'an overview that is not kept is worked out');
select results_eq('select body::text from private.kept_overviews order by scope = tests.id(''m'') desc',
  $$ select unnest(tests.worked_out(tests.id('m'))) $$, 'and kept');
select tests.mark_kept();
select is(tests.shown(tests.id('m')), array['{"kept": true}', '{"kept": true}'], 'a second call is given what is kept');
select tests.act_as('admin');
select is(masterclass_overview()::text, '{"kept": true}', 'and so is anybody else on the staff');
select is(masterclass_overview(tests.id('other'))::jsonb ->> 'masterclass_id', tests.the('other'), 'but not for another masterclass');
select tests.act_as_owner();
select is((select count(*) from private.kept_overviews), 3::bigint, 'each masterclass has its own');

delete from private.kept_overviews;
select tests.shows($$ select tests.register('s1', tests.id('other'), 4) $$, 'what is registered elsewhere changes the overview of all', '{f,t}');
select tests.mark_kept();
select tests.register('s2', tests.id('other'), 1) is not null;
select tests.commit();
select is(tests.shown(tests.id('m')), array['{"kept": true}', (tests.worked_out(tests.id('m')))[2]], 'and leaves that of another masterclass kept');
delete from private.kept_overviews;

-- ---------------------------------------------------------------- each change
select tests.shows($$ select tests.register('s2', tests.id('m'), 3) $$, 'a registration and its PRE test');
select tests.shows($$ select tests.validate(tests.inscription_of('s2', tests.id('m'))) $$, 'a validation');
select tests.shows($$ update inscriptions set validated = false where id = tests.inscription_of('s2', tests.id('m')) $$, 'one that is taken back');
select tests.shows($$ update inscriptions set validated = true where masterclass_id = tests.id('m') $$, 'several validations');
select tests.shows($$ select tests.submit_post('s2', 4) $$, 'a POST test');
select tests.shows($$ select tests.submit_post('s1', 1) $$, 'another one');
select tests.shows($$ update inscriptions set registration_date = registration_date - interval '1 year' where id = tests.inscription_of('s2', tests.id('m')) $$,
  'a date that the owner mends');
select tests.shows($$ delete from tests where inscription_id = tests.inscription_of('s2', tests.id('m')) and type = 'POST' $$, 'a POST test that is deleted');
select tests.shows($$ select tests.submit_post('s2', 0) $$, 'and taken again');
select tests.shows($$ delete from auth.users where id = tests.user_id('s2') $$, 'an account that is deleted leaves the figures', '{f,f}');

select tests.register('s3', tests.id('m'), 2) is not null;
select tests.validate(tests.inscription_of('s3', tests.id('m')));
select tests.submit_post('s3', 3);
select tests.shows($$ delete from tests where inscription_id = tests.inscription_of('s3', tests.id('m')) and type = 'PRE' $$, 'a PRE test that is deleted');
select tests.shows($$ delete from tests where inscription_id = tests.inscription_of('s3', tests.id('m')) $$,
  'a POST test whose PRE test is gone: only answers change, which only the overview of the masterclass shows', '{t,f}');
select tests.shows($$ delete from inscriptions where id = tests.inscription_of('s3', tests.id('m')) $$, 'a registration that is deleted');

-- The same scores by other answers: nothing but the figures of the questions is another.
select tests.sit('s4', 'Question 1', 'Question 2');
select tests.shows($$ select tests.sit('s4', 'Question 3', 'Question 4') $$, 'a registration that another one takes the place of, with the same score', '{t,f}');

-- ---------------------------------------------------------------- questions
select tests.let('q', (select id from questions where masterclass_id = tests.id('m') and question_text = 'Question 1'));
select tests.shows($$ update questions set question_text = 'Question 1, corrigée' where id = tests.id('q') $$, 'a question whose text is mended', '{t,f}');
select tests.shows($$ update questions set status = 'archived' where id = tests.id('q') $$, 'one that is no longer asked', '{t,f}');
select tests.shows($$ insert into questions (id, masterclass_id, question_text, choices, correct_choice)
  select 'f0000000-0000-4000-8000-000000000001', masterclass_id, 'Nouvelle', choices, correct_choice from questions where id = tests.id('q') $$, 'one that is added', '{t,f}');
select tests.shows($$ update questions set created_at = created_at - interval '1 day' where id = 'f0000000-0000-4000-8000-000000000001' $$,
  'one that is put before the others', '{t,f}');
select tests.shows($$
  with gone as (delete from questions where id = 'f0000000-0000-4000-8000-000000000001' returning *)
  select tests.let('question', to_jsonb(gone.*)::text) from gone $$, 'one that is deleted', '{t,f}');
select tests.shows($$ insert into questions select (jsonb_populate_record(null::questions, tests.the('question')::jsonb)).* $$, 'and put back as it was', '{t,f}');
select tests.shows($$
  delete from questions where id = 'f0000000-0000-4000-8000-000000000001';
  insert into questions select (jsonb_populate_record(null::questions, tests.the('question')::jsonb || '{"question_text": "Toute nouvelle"}')).* $$,
  'one that is made again with its id, version and times, and another text', '{t,f}');
select tests.shows($$ update questions set choices = '{"A": "w", "B": "x", "C": "y", "D": "z"}' where id = 'f0000000-0000-4000-8000-000000000001' $$,
  'choices are not shown', '{f,f}');

-- ---------------------------------------------------------------- masterclasses
select tests.let('new', gen_random_uuid());
select tests.shows($$ insert into masterclasses (id, title) values (tests.id('new'), 'Nouvelle') $$, 'a masterclass that is added', '{f,f}');
select is(tests.shown(tests.id('new')), tests.worked_out(tests.id('new')), 'and its own overview');
delete from masterclasses where id = tests.id('new');
select is_empty($$ select from private.kept_overviews where scope = tests.id('new') $$, 'deleted, it has nothing kept');
select tests.act_as('tutor');
select tests.refuses($$ select masterclass_overview(tests.id('new')) $$, 'masterclass_not_found', 'and is not found');
select tests.refuses($$ select masterclass_overview('00000000-0000-0000-0000-000000000000') $$, 'masterclass_not_found',
  'nor is the id under which the overview of all is kept');
select tests.act_as_owner();
insert into masterclasses (id, title) values ('00000000-0000-0000-0000-000000000000', 'Celle de tout le monde');
-- Nobody registered elsewhere, so that it is made of the same as that of all.
delete from public.masterclass_statistics;
insert into public.masterclass_statistics (masterclass_id, registered) values ('00000000-0000-0000-0000-000000000000', 1);
select is(tests.shown('00000000-0000-0000-0000-000000000000'), tests.worked_out('00000000-0000-0000-0000-000000000000'),
  'a masterclass of that id has its own overview, and all have theirs')
from generate_series(1, 2);
select private.recompute_statistics() is not null;

-- Made again with the same id, it has as many changes behind it as before, and other figures.
create function tests.make_again(name text, good int) returns void language plpgsql as $$
begin
  delete from public.tests where inscription_id in (select id from public.inscriptions where masterclass_id = tests.id('new'));
  delete from public.inscriptions where masterclass_id = tests.id('new');
  perform tests.commit();
  delete from public.masterclasses where id = tests.id('new');
  insert into public.masterclasses (id, title, published) values (tests.id('new'), 'Encore', true);
  insert into public.questions (id, masterclass_id, question_text, choices, correct_choice, status)
  values ('f0000000-0000-4000-8000-000000000002', tests.id('new'), 'Seule', '{"A": "w", "B": "x", "C": "y", "D": "z"}', 'A', 'published');
  perform tests.register(name, tests.id('new'), good);
end
$$;
select tests.make_again('s5', 1);
select tests.commit();
select tests.shows($$ select tests.make_again('s6', 0) $$, 'a masterclass that is deleted and made again with the same id', '{t,t}', tests.id('new'));

-- ---------------------------------------------------------------- counted anew
update public.masterclass_statistics set registered = registered + 1 where masterclass_id = tests.id('m');
update public.registration_statistics set registered = registered + 1 where masterclass_id = tests.id('m');
select tests.shows('select private.recompute_statistics()', 'statistics that are counted anew');
select tests.shows($$ update public.masterclass_statistics set validated = validated + 1 where masterclass_id = tests.id('m') $$, 'a row that the owner mends');
select tests.shows('select private.recompute_statistics()', 'and it is counted anew');
select tests.mark_kept();
select is(tests.shown(tests.id('m')), array['{"kept": true}', '{"kept": true}'], 'after all of this they are still kept');

-- ---------------------------------------------------------------- where it cannot be kept
delete from private.kept_overviews;
select tests.act_as('tutor');
select is(tests.shown_read_only(tests.id('m')), masterclass_overview(tests.id('m'))::text, 'a transaction that may only read is given the overview');
select tests.act_as_owner();
delete from private.kept_overviews;
select tests.act_as('tutor');
select isnt(tests.shown_read_only(tests.id('m')), null, 'once more');
select tests.act_as_owner();
select is_empty('select from private.kept_overviews', 'and keeps nothing');
select tests.shown(tests.id('m')) is not null;
select tests.mark_kept();
select tests.act_as('tutor');
select is(tests.shown_read_only(tests.id('m')), '{"kept": true}', 'what others kept it is given');

-- ---------------------------------------------------------------- who
select tests.act_as('s1');
select tests.refuses('select masterclass_overview()', 'staff_only', 'a student is refused what is kept');
select tests.refuses($$ select masterclass_overview(tests.id('m')) $$, 'staff_only', 'of a masterclass too');
select tests.refuses($$ select masterclass_overview(gen_random_uuid()) $$, 'staff_only', 'and does not learn which there are');
select tests.act_as_visitor();
select tests.forbids('select masterclass_overview()', 'a visitor may not ask');
select tests.act_as_service();
select tests.forbids('select masterclass_overview()', 'nor the service, which nobody on the staff is behind');
select tests.act_as_owner();
delete from public.user_roles where user_id = tests.user_id('tutor');
select tests.act_as('tutor');
select tests.refuses('select masterclass_overview()', 'staff_only', 'who is no longer a tutor is refused what they were shown before');

select tests.act_as('s1');
select tests.forbids('select * from private.kept_overviews', 'a student does not read what is kept');
select tests.forbids($$ insert into private.kept_overviews values (gen_random_uuid(), '', '{}') $$, 'nor write there');
select tests.forbids('select private.current_overview(null)', 'nor go around the function');
select tests.act_as('admin');
select tests.forbids('select * from private.kept_overviews', 'nor does an admin');
select tests.forbids('update private.kept_overviews set body = ''{}''', 'who does not change it either');
select tests.forbids('delete from private.kept_overviews', 'nor empty it');
select tests.act_as_service();
select tests.forbids('select * from private.kept_overviews', 'the service has no business there');

-- No role of the API may name anything in `private`: that it could not execute them either is another matter.
select tests.act_as_owner();
select is_empty(
  $$ select r, f from unnest(array['anon', 'authenticated', 'service_role']) r,
       unnest(array['private.current_overview(uuid)', 'private.masterclass_figures(uuid)', 'private.overview_is_made_of(uuid)', 'private.may_keep_overview(uuid)']) f
     where has_function_privilege(r, f, 'execute') $$,
  'only the overview itself calls what it is made with');

select * from finish();
rollback;
