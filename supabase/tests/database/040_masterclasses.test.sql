-- Masterclasses: everyone reads the published ones, staff manage all, those with registrations stay.
begin;
set local search_path = tests, public, extensions;
select plan(22);

select tests.create_user('student');
select tests.create_user('tutor', 'tuteur');
select tests.create_user('boss', 'admin');
select tests.let('shown', tests.create_masterclass(published => true));
select tests.let('hidden', tests.create_masterclass(published => false));
select tests.let('both', format('select id from masterclasses where id in (%L, %L)', tests.id('shown'), tests.id('hidden')));
select tests.let('rename', format('update masterclasses set title = ''X'' where id = %L', tests.id('shown')));
select tests.let('publish', format('update masterclasses set published = true where id = %L', tests.id('hidden')));
select tests.let('remove', format('delete from masterclasses where id = %L', tests.id('hidden')));

-- ---------------------------------------------------------------- visitors
select tests.act_as_visitor();
select results_eq(tests.the('both'), array[tests.id('shown')], 'a visitor reads what is published');
select tests.forbids($$ insert into masterclasses (title) values ('X') $$, 'a visitor creates none');
select tests.forbids(tests.the('rename'), 'a visitor changes none');
select tests.forbids(tests.the('remove'), 'a visitor deletes none');

-- ---------------------------------------------------------------- students
select tests.act_as('student');
select results_eq(tests.the('both'), array[tests.id('shown')], 'a student reads what is published');
select tests.forbids($$ insert into masterclasses (title) values ('X') $$, 'a student creates none');
select tests.touches(tests.the('rename'), 0, 'a student renames none');
select tests.touches(tests.the('publish'), 0, 'a student publishes none');
select tests.touches(tests.the('remove'), 0, 'a student deletes none');

-- ---------------------------------------------------------------- staff
select tests.act_as('tutor');
select is((select count(*) from masterclasses where id in (tests.id('shown'), tests.id('hidden'))), 2::bigint, 'a tutor reads drafts too');
select lives_ok($$ insert into masterclasses (title, description, pdf_url) values ('T', 'D', 'masterclass-pdfs/x/y.pdf') $$, 'a tutor creates a masterclass');
select tests.touches(tests.the('rename'), 1, 'a tutor changes a masterclass');
select tests.touches(tests.the('publish'), 1, 'a tutor publishes a masterclass');
select tests.forbids($$ update masterclasses set created_at = now() $$, 'a tutor does not date a masterclass');
select throws_ok($$ insert into masterclasses (title) values (' ') $$, '23514', null, 'a masterclass has a title');
select throws_ok(
  $$ insert into masterclasses (title, pdf_url) values ('T', 'https://x.supabase.co/storage/v1/object/sign/masterclass-pdfs/a.pdf?token=abc') $$,
  '23514', null, 'a signed URL, which visitors would read, is refused');
select tests.act_as('boss');
select tests.touches(tests.the('rename'), 1, 'an admin changes a masterclass');
select tests.touches(tests.the('remove'), 1, 'an admin deletes a masterclass nobody is registered for');

-- ---------------------------------------------------------------- registrations keep it
select tests.act_as('student');
select lives_ok(format($$ select get_test(%L, 'PRE') $$, tests.id('shown')), 'a student opens the test');
select tests.act_as('boss');
savepoint before_deletion;
select tests.touches(format('delete from masterclasses where id = %L', tests.id('shown')), 1, 'a test that was opened and not submitted does not keep a masterclass');
rollback to before_deletion;
select tests.act_as_owner();
select tests.register('student', tests.id('shown'), 3);
select tests.act_as('boss');
select tests.refuses(format('delete from masterclasses where id = %L', tests.id('shown')), 'masterclass_has_inscriptions', 'a registration keeps its masterclass');
select tests.act_as_service();
select tests.refuses(format('delete from masterclasses where id = %L', tests.id('shown')), 'masterclass_has_inscriptions', 'also from the secret key');

select * from finish();
rollback;
