-- Registrations: made with the PRE test or not at all; read by their student and by staff; validated by staff.
begin;
set local search_path = tests, public, extensions;
select plan(43);

select tests.create_user('student');
select tests.create_user('stranger');
select tests.create_user('newcomer', profile => false);
select tests.create_user('tutor', 'tuteur');
select tests.let('m', tests.create_masterclass(12));
select tests.let('hidden', tests.create_masterclass(3, published => false));
select tests.let('empty', tests.create_masterclass(0));
select tests.let('direct', format('insert into inscriptions (profile_id, masterclass_id) values (tests.user_id(''student''), %L)', tests.id('m')));

-- ---------------------------------------------------------------- no way around the function
select tests.act_as_visitor();
select tests.forbids(tests.the('direct'), 'a visitor creates no registration');
select tests.forbids('select * from inscriptions', 'a visitor reads no registration');
select tests.forbids(format('select register_for_masterclass(%L, ''{}'')', tests.id('m')), 'a visitor does not register');
select tests.act_as('student');
select tests.refuses(tests.the('direct'), 'use_register_for_masterclass', 'a direct insert names the function to call');
select tests.refuses('insert into inscriptions (masterclass_id) values (gen_random_uuid())', 'use_register_for_masterclass', 'whatever it holds');
select tests.act_as('tutor');
select tests.refuses(tests.the('direct'), 'use_register_for_masterclass', 'staff register nobody directly');
select tests.act_as_service();
select tests.forbids(tests.the('direct'), 'the secret key registers nobody directly');
select tests.act_as_owner();
savepoint direct;
select lives_ok(tests.the('direct'), 'the owner may insert a registration');
select tests.refuses('set constraints all immediate', 'inscription_without_pre_test', 'but cannot commit it without its PRE test');
rollback to direct;

-- ---------------------------------------------------------------- registering
select tests.act_as('student');
select tests.refuses(format('select register_for_masterclass(%L, ''{}'')', tests.id('m')), 'test_not_opened', 'the test is opened first');
select tests.refuses(format('select register_for_masterclass(%L, ''{}'')', tests.id('hidden')), 'masterclass_not_found', 'nobody registers for a draft');
select tests.refuses(format('select register_for_masterclass(%L, ''{}'')', gen_random_uuid()), 'masterclass_not_found', 'a draft is refused like one that does not exist');
select tests.refuses(format('select get_test(%L, ''PRE'')', tests.id('hidden')), 'masterclass_not_found', 'nor opens its test');
select tests.refuses('select register_for_masterclass(null, null)', 'masterclass_not_found', 'nothing is refused like one that does not exist');
select tests.refuses(format('select get_test(%L, ''PRE'')', tests.id('empty')), 'masterclass_has_no_questions', 'without questions there is no test');
select tests.act_as('newcomer');
select tests.refuses(format('select get_test(%L, ''PRE'')', tests.id('m')), 'profile_required', 'a student without a profile opens no test');
select tests.refuses(format('select register_for_masterclass(%L, ''{}'')', tests.id('m')), 'profile_required', 'a student without a profile does not register');
select tests.act_as('tutor');
select tests.refuses(format('select get_test(%L, ''PRE'')', tests.id('m')), 'staff_cannot_take_tests', 'staff open no test');
select tests.refuses(format('select register_for_masterclass(%L, ''{}'')', tests.id('m')), 'staff_cannot_take_tests', 'staff do not register');
select tests.act_as_service();
select tests.forbids(format('select register_for_masterclass(%L, ''{}'')', tests.id('m')), 'the secret key does not register');

select tests.act_as('student');
select get_test(tests.id('m'), 'PRE') is not null;
select tests.refuses(format('select register_for_masterclass(%L, ''{"x": "A"}'')', tests.id('m')), 'unknown_question', 'with responses that are refused');
select is_empty('select * from inscriptions', 'there is no registration either');
select tests.let('answer', register_for_masterclass(tests.id('m'), tests.responses('student', tests.id('m'), 4)));
select is(tests.the('answer')::jsonb #>> '{test,type}', 'PRE', 'registering stores the PRE test');
select is((tests.the('answer')::jsonb ->> 'inscription_id')::uuid, tests.inscription_of('student', tests.id('m')), 'and answers with the registration');
select tests.refuses(format('select register_for_masterclass(%L, ''{}'')', tests.id('m')), 'already_registered', 'a student registers once');
select tests.refuses(format('select get_test(%L, ''PRE'')', tests.id('m')), 'already_registered', 'and does not open the PRE test again');
select lives_ok('set constraints all immediate', 'the registration may be committed');
select tests.act_as_owner();
set constraints all deferred;
select throws_ok(tests.the('direct'), '23505', null, 'a second registration of one student is impossible');

-- ---------------------------------------------------------------- reading
select tests.act_as('student');
select results_eq('select profile_id, validated from inscriptions', $$ values (tests.user_id('student'), false) $$, 'a student reads the own registration, not yet validated');
select tests.act_as('stranger');
select is_empty('select * from inscriptions', 'a stranger reads none');
select tests.act_as('tutor');
select isnt_empty(format('select * from inscriptions where masterclass_id = %L', tests.id('m')), 'a tutor lists the registrations of a masterclass');
select tests.act_as_service();
select isnt_empty(format('select * from inscriptions where masterclass_id = %L', tests.id('m')), 'the service reads registrations');

-- ---------------------------------------------------------------- changing
select tests.act_as('student');
select tests.touches('update inscriptions set validated = true', 0, 'a student validates nothing');
select tests.forbids('delete from inscriptions', 'a student does not leave and come back for another try');
select tests.forbids('update inscriptions set profile_id = null', 'a student does not give the registration away');
select tests.act_as('stranger');
select tests.touches('update inscriptions set validated = true', 0, 'a stranger validates nothing');
select tests.act_as('tutor');
select tests.forbids('delete from inscriptions', 'a tutor deletes no registration');
select tests.forbids(format('update inscriptions set masterclass_id = %L', tests.id('empty')), 'a tutor moves no registration');
select tests.forbids('update inscriptions set registration_date = now()', 'a tutor dates no registration');
select tests.touches(format('update inscriptions set validated = true where masterclass_id = %L', tests.id('m')), 1, 'a tutor validates a registration');
select tests.touches(format('update inscriptions set validated = false where masterclass_id = %L', tests.id('m')), 1, 'and may take it back before the POST test');
select tests.act_as_owner();
select tests.refuses(format('update inscriptions set profile_id = tests.user_id(''stranger'') where masterclass_id = %L', tests.id('m')), 'inscription_is_final', 'not even the owner gives a registration to another');
select tests.refuses(format('update inscriptions set masterclass_id = %L where masterclass_id = %L', tests.id('empty'), tests.id('m')), 'inscription_is_final', 'nor moves it to another masterclass');

select * from finish();
rollback;
