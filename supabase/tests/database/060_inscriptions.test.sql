-- Registrations: made with the PRE test or not at all; read by their student and by staff; validated by staff.
begin;
\ir helpers.psql
select plan(43);

select tests.create_user('student');
select tests.create_user('stranger');
select tests.create_user('newcomer', profile => false);
select tests.create_user('tutor', 'tuteur');
select tests.create_masterclass(12) as m \gset
select tests.create_masterclass(3, published => false) as hidden \gset
select tests.create_masterclass(0) as empty \gset
select format('insert into inscriptions (profile_id, masterclass_id) values (tests.user_id(''student''), %L)', :'m') as direct \gset

-- ---------------------------------------------------------------- no way around the function
select tests.act_as_visitor();
select tests.forbids(:'direct', 'a visitor creates no registration');
select tests.forbids('select * from inscriptions', 'a visitor reads no registration');
select tests.forbids(format('select register_for_masterclass(%L, ''{}'')', :'m'), 'a visitor does not register');
select tests.act_as('student');
select tests.refuses(:'direct', 'use_register_for_masterclass', 'a direct insert names the function to call');
select tests.refuses('insert into inscriptions (masterclass_id) values (gen_random_uuid())', 'use_register_for_masterclass', 'whatever it holds');
select tests.act_as('tutor');
select tests.refuses(:'direct', 'use_register_for_masterclass', 'staff register nobody directly');
select tests.act_as_service();
select tests.forbids(:'direct', 'the secret key registers nobody directly');
select tests.act_as_owner();
savepoint direct;
select lives_ok(:'direct', 'the owner may insert a registration');
select tests.refuses('set constraints all immediate', 'inscription_without_pre_test', 'but cannot commit it without its PRE test');
rollback to direct;

-- ---------------------------------------------------------------- registering
select tests.act_as('student');
select tests.refuses(format('select register_for_masterclass(%L, ''{}'')', :'m'), 'test_not_opened', 'the test is opened first');
select tests.refuses(format('select register_for_masterclass(%L, ''{}'')', :'hidden'), 'masterclass_not_found', 'nobody registers for a draft');
select tests.refuses(format('select register_for_masterclass(%L, ''{}'')', gen_random_uuid()), 'masterclass_not_found', 'a draft is refused like one that does not exist');
select tests.refuses(format('select get_test(%L, ''PRE'')', :'hidden'), 'masterclass_not_found', 'nor opens its test');
select tests.refuses('select register_for_masterclass(null, null)', 'masterclass_not_found', 'nothing is refused like one that does not exist');
select tests.refuses(format('select get_test(%L, ''PRE'')', :'empty'), 'masterclass_has_no_questions', 'without questions there is no test');
select tests.act_as('newcomer');
select tests.refuses(format('select get_test(%L, ''PRE'')', :'m'), 'profile_required', 'a student without a profile opens no test');
select tests.refuses(format('select register_for_masterclass(%L, ''{}'')', :'m'), 'profile_required', 'a student without a profile does not register');
select tests.act_as('tutor');
select tests.refuses(format('select get_test(%L, ''PRE'')', :'m'), 'staff_cannot_take_tests', 'staff open no test');
select tests.refuses(format('select register_for_masterclass(%L, ''{}'')', :'m'), 'staff_cannot_take_tests', 'staff do not register');
select tests.act_as_service();
select tests.forbids(format('select register_for_masterclass(%L, ''{}'')', :'m'), 'the secret key does not register');

select tests.act_as('student');
select get_test(:'m', 'PRE') is null as opened \gset
select tests.refuses(format('select register_for_masterclass(%L, ''{"x": "A"}'')', :'m'), 'unknown_question', 'with responses that are refused');
select is_empty('select * from inscriptions', 'there is no registration either');
select register_for_masterclass(:'m', tests.responses('student', :'m', 4)) as answer \gset
select is(:'answer'::jsonb #>> '{test,type}', 'PRE', 'registering stores the PRE test');
select is((:'answer'::jsonb ->> 'inscription_id')::uuid, tests.inscription_of('student', :'m'), 'and answers with the registration');
select tests.refuses(format('select register_for_masterclass(%L, ''{}'')', :'m'), 'already_registered', 'a student registers once');
select tests.refuses(format('select get_test(%L, ''PRE'')', :'m'), 'already_registered', 'and does not open the PRE test again');
select lives_ok('set constraints all immediate', 'the registration may be committed');
select tests.act_as_owner();
set constraints all deferred;
select throws_ok(:'direct', '23505', null, 'a second registration of one student is impossible');

-- ---------------------------------------------------------------- reading
select tests.act_as('student');
select results_eq('select profile_id, validated from inscriptions', $$ values (tests.user_id('student'), false) $$, 'a student reads the own registration, not yet validated');
select tests.act_as('stranger');
select is_empty('select * from inscriptions', 'a stranger reads none');
select tests.act_as('tutor');
select isnt_empty(format('select * from inscriptions where masterclass_id = %L', :'m'), 'a tutor lists the registrations of a masterclass');
select tests.act_as_service();
select isnt_empty(format('select * from inscriptions where masterclass_id = %L', :'m'), 'the service reads registrations');

-- ---------------------------------------------------------------- changing
select tests.act_as('student');
select tests.touches('update inscriptions set validated = true', 0, 'a student validates nothing');
select tests.forbids('delete from inscriptions', 'a student does not leave and come back for another try');
select tests.forbids('update inscriptions set profile_id = null', 'a student does not give the registration away');
select tests.act_as('stranger');
select tests.touches('update inscriptions set validated = true', 0, 'a stranger validates nothing');
select tests.act_as('tutor');
select tests.forbids('delete from inscriptions', 'a tutor deletes no registration');
select tests.forbids(format('update inscriptions set masterclass_id = %L', :'empty'), 'a tutor moves no registration');
select tests.forbids('update inscriptions set registration_date = now()', 'a tutor dates no registration');
select tests.touches(format('update inscriptions set validated = true where masterclass_id = %L', :'m'), 1, 'a tutor validates a registration');
select tests.touches(format('update inscriptions set validated = false where masterclass_id = %L', :'m'), 1, 'and may take it back before the POST test');
select tests.act_as_owner();
select tests.refuses(format('update inscriptions set profile_id = tests.user_id(''stranger'') where masterclass_id = %L', :'m'), 'inscription_is_final', 'not even the owner gives a registration to another');
select tests.refuses(format('update inscriptions set masterclass_id = %L where masterclass_id = %L', :'empty', :'m'), 'inscription_is_final', 'nor moves it to another masterclass');

select * from finish();
rollback;
