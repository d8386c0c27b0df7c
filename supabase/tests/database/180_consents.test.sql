-- The privacy policy in its versions, what people agree to, and that nobody registers without.
begin;
set local search_path = tests, public, extensions;
select plan(100);

-- Policies of this project's own step aside until the rollback.
delete from consents;
delete from privacy_policies where version <> '2026-11-21';

create function tests.policy(title text default 'Titre') returns jsonb language sql as $$
  select jsonb_build_object('fr', p, 'en', p)
  from (select jsonb_build_object('title', title,
    'sections', jsonb_build_array(jsonb_build_object('heading', 'H', 'paragraphs', jsonb_build_array('P'))))) as t (p)
$$;

select tests.create_user('student');
select tests.create_user('stranger');
select tests.create_user('newcomer', profile => false);
select tests.create_user('tutor', 'tuteur');
select tests.create_user('chief', 'admin');
select tests.let('m', tests.create_masterclass(10));
delete from consents;

-- ---------------------------------------------------------------- the policy that is shipped
select is(private.current_privacy_policy(), '2026-11-21', 'the shipped policy is in force');
select is(jsonb_array_length(content -> 'fr' -> 'sections'), jsonb_array_length(content -> 'en' -> 'sections'), 'it has the same sections in both languages')
from privacy_policies;
select is_empty(
  $$ select fr.n from privacy_policies, jsonb_array_elements(content #> '{fr,sections}') with ordinality as fr (section, n)
     join jsonb_array_elements((select content #> '{en,sections}' from privacy_policies)) with ordinality as en (section, n) using (n)
     where jsonb_array_length(fr.section -> 'paragraphs') <> jsonb_array_length(en.section -> 'paragraphs') $$,
  'and as many paragraphs in each');
select matches(content::text, word, 'it speaks of ' || word)
from privacy_policies, unnest(array['025/2023', 'APDPVP', 'STOP', 'OpenAI', 'Supabase', 'Cloudflare', 'WhatsApp', 'date de naissance', 'date of birth']) as word;

-- ---------------------------------------------------------------- who reads and publishes policies
select tests.act_as_visitor();
select isnt_empty('select * from privacy_policies', 'a visitor reads the policy');
select tests.forbids($$ insert into privacy_policies (version, content) values ('v', tests.policy()) $$, 'a visitor publishes none');
select tests.act_as('student');
select isnt_empty('select * from privacy_policies', 'a student reads the policy');
select tests.forbids($$ insert into privacy_policies (version, content) values ('v', tests.policy()) $$, 'a student publishes none');
select tests.act_as('tutor');
select tests.forbids($$ insert into privacy_policies (version, content) values ('v', tests.policy()) $$, 'nor does a tutor');
select tests.act_as_service();
select isnt_empty('select * from privacy_policies', 'the service reads the policy');
select tests.forbids($$ insert into privacy_policies (version, content) values ('v', tests.policy()) $$, 'and publishes none');
select tests.act_as('chief');
select lives_ok($$ insert into privacy_policies (version, effective_at, content) values ('later', now() + interval '30 days', tests.policy()) $$, 'an admin announces a version');
select tests.forbids($$ update privacy_policies set content = tests.policy() $$, 'an admin changes none');
select tests.forbids($$ delete from privacy_policies $$, 'an admin removes none');
select throws_ok($$ insert into privacy_policies (version, content) values ('later', tests.policy()) $$, '23505', null, 'a version has one text');
select throws_ok($$ insert into privacy_policies (version, effective_at, content) select 'twin', effective_at, content from privacy_policies where version = 'later' $$, '23505', null, 'two versions do not begin together');
select tests.act_as_owner();
select is(private.current_privacy_policy(), '2026-11-21', 'an announced version is not in force yet');

select tests.act_as('chief');
select throws_ok(format($$ insert into privacy_policies (version, content) values ('bad', %L) $$, bad), '23514', null, 'this is no policy: ' || left(bad::text, 60))
from (values
  ('null'::jsonb), ('[]'), ('"fr"'), ('{}'), (tests.policy() - 'en'), (tests.policy() - 'fr'), (tests.policy() || '{"de": {}}'),
  (tests.policy() || '{"fr": null}'), (tests.policy() || '{"fr": "texte"}'), (tests.policy('  ')),
  (jsonb_set(tests.policy(), '{fr,sections}', '[]')), (jsonb_set(tests.policy(), '{fr,sections}', '{}')),
  (jsonb_set(tests.policy(), '{fr,sections,0}', '"s"')), (jsonb_set(tests.policy(), '{fr,sections,0,heading}', '7')),
  (jsonb_set(tests.policy(), '{en,sections,0,paragraphs}', '[]')), (jsonb_set(tests.policy(), '{en,sections,0,paragraphs}', '"p"')),
  (jsonb_set(tests.policy(), '{en,sections,0,paragraphs,0}', 'null')), (tests.policy() #- '{fr,sections,0,heading}'),
  (jsonb_set(tests.policy(), '{fr,extra}', '1')), (tests.policy(repeat('x', 70000)))) as v (bad);
select throws_ok($$ insert into privacy_policies (version, content) values ('bad', null) $$, '23502', null, 'nothing is no policy');
select throws_ok(format($$ insert into privacy_policies (version, content) values (%L, tests.policy()) $$, bad), '23514', null, 'this is no version: ' || bad)
from unnest(array['', ' ', 'a b', '-1', repeat('1', 65), E'1\n']) as bad;
select throws_ok($$ insert into privacy_policies (version, effective_at, content) values ('never', 'infinity', tests.policy()) $$, '23514', null, 'a version begins at some time');

-- ---------------------------------------------------------------- who records and reads consents
select tests.act_as_visitor();
select tests.forbids($$ insert into consents (purpose, version, granted) values ('privacy_policy', '2026-11-21', true) $$, 'a visitor agrees to nothing');
select tests.forbids('select * from consents', 'a visitor reads no consent');
select tests.act_as('student');
select lives_ok($$ insert into consents (purpose, version, granted) values ('privacy_policy', '2026-11-21', true) $$, 'a student agrees to the policy');
select lives_ok($$ insert into consents (purpose, granted) values ('whatsapp_messages', true) $$, 'and to messages, for which no version is needed');
select results_eq('select user_id, purpose, version, granted, source from consents order by recorded_at',
  $$ values (tests.user_id('student'), 'privacy_policy', '2026-11-21', true, 'app'), (tests.user_id('student'), 'whatsapp_messages', null, true, 'app') $$,
  'a student reads the own consents, with person, version and source');
select ok((select bool_and(recorded_at between now() and clock_timestamp()) and count(distinct recorded_at) = 2 from consents), 'and the time of each');
select tests.forbids($$ insert into consents (user_id, purpose, granted) values (tests.user_id('stranger'), 'whatsapp_messages', true) $$, 'nobody agrees for another');
select tests.forbids($$ insert into consents (purpose, granted, source) values ('whatsapp_messages', true, 'staff') $$, 'nobody says that it came another way');
select tests.forbids($$ insert into consents (purpose, granted, recorded_at) values ('whatsapp_messages', true, '2020-01-01') $$, 'nobody dates it');
select tests.forbids('update consents set granted = false', 'a consent is withdrawn by another row, never changed');
select tests.forbids('delete from consents', 'nor deleted');
select throws_ok($$ insert into consents (purpose, granted) values ('privacy_policy', true) $$, '23514', null, 'whoever agrees to the policy names the version');
select throws_ok($$ insert into consents (purpose, version, granted) values ('privacy_policy', 'unknown', true) $$, '23503', null, 'and one that exists');
select throws_ok($$ insert into consents (purpose, granted) values ('everything', true) $$, '23514', null, 'there are two purposes');
select throws_ok($$ insert into consents (purpose, granted) values ('whatsapp_messages', null) $$, '23502', null, 'perhaps is no consent');
select tests.act_as('stranger');
select is_empty('select * from consents', 'a stranger reads none');
select tests.act_as('tutor');
select is((select count(*) from consents where user_id = tests.user_id('student')), 2::bigint, 'staff read those of a student');
select tests.forbids($$ update consents set granted = true $$, 'and change none');
select tests.forbids($$ insert into consents (user_id, purpose, granted) values (tests.user_id('student'), 'whatsapp_messages', true) $$, 'nor add any for a student');
select tests.act_as_service();
select lives_ok($$ insert into consents (user_id, purpose, granted, source) values (tests.user_id('student'), 'whatsapp_messages', false, 'whatsapp') $$, 'the service records a STOP');
select tests.forbids('update consents set granted = true', 'the service changes none');
select tests.forbids('delete from consents', 'nor deletes any');


-- The policy would hold even if the grants were wider.
select tests.act_as_owner();
grant insert on consents to authenticated;
select tests.act_as('student');
select tests.forbids($$ insert into consents (user_id, purpose, granted) values (tests.user_id('stranger'), 'whatsapp_messages', true) $$, 'the policy keeps the person');
select tests.forbids($$ insert into consents (purpose, granted, source) values ('whatsapp_messages', true, 'staff') $$, 'and the source');
select tests.act_as_owner();
revoke insert on consents from authenticated;
grant insert (purpose, version, granted) on consents to authenticated;

-- ---------------------------------------------------------------- registration
delete from consents;
create function tests.consents(granted boolean, version text default '2026-11-21') returns void language sql as $$
  insert into consents (purpose, version, granted) values ('privacy_policy', version, granted)
$$;
select tests.let('register', format('select register_for_masterclass(%L, ''{}'')', tests.id('m')));

select tests.act_as('newcomer');
select tests.refuses(tests.the('register'), 'profile_required', 'the profile comes first');
select tests.act_as('student');
select tests.refuses(tests.the('register'), 'consent_required', 'nobody registers who has agreed to nothing');
select tests.refuses('select register_for_masterclass(gen_random_uuid(), ''{}'')', 'masterclass_not_found', 'what does not exist needs no consent');
select lives_ok($$ insert into consents (purpose, version, granted) values ('whatsapp_messages', '2026-11-21', true) $$, 'agreeing to messages');
select tests.refuses(tests.the('register'), 'consent_required', 'is not agreeing to the policy');
select tests.consents(true, 'later');
select tests.refuses(tests.the('register'), 'consent_required', 'a version that is not in force is another policy');
select tests.consents(true);
select tests.refuses(tests.the('register'), 'test_not_opened', 'with the consent the way is free');
select tests.consents(false);
select tests.refuses(tests.the('register'), 'consent_required', 'the latest word counts: withdrawn');
select tests.consents(true);
select tests.refuses(tests.the('register'), 'test_not_opened', 'and given again');
select tests.act_as('stranger');
select tests.refuses(tests.the('register'), 'consent_required', 'the consent of another counts for nothing');
select tests.act_as('student');
select get_test(tests.id('m'), 'PRE') is not null;
select tests.consents(false);
select tests.refuses(tests.the('register'), 'consent_required', 'also with the test open');
select is_empty('select * from inscriptions', 'nothing is written then');

-- Two rows of the very same instant.
select tests.act_as_owner();
insert into consents (user_id, purpose, version, granted, recorded_at)
select tests.user_id('student'), 'privacy_policy', '2026-11-21', granted, now() + interval '1 minute' from unnest(array[true, false]) as granted;
select ok(not private.has_accepted_privacy_policy(tests.user_id('student')), 'at the same instant the refusal counts');
delete from consents;
select tests.act_as('student');
select tests.consents(true);
select tests.act_as_owner();
insert into privacy_policies (version, content) values ('today', tests.policy());
select is(private.current_privacy_policy(), 'today', 'a new version comes into force');
select tests.act_as('student');
select tests.refuses(tests.the('register'), 'consent_required', 'and is agreed to anew');
select tests.consents(true, 'today');
select lives_ok(tests.the('register'), 'then the registration is accepted');
select tests.consents(false, 'today');
select tests.refuses(tests.the('register'), 'already_registered', 'a registration outlives a withdrawal');
set local "request.headers" = '{"accept-language": "en"}';
select tests.act_as('stranger');
select throws_like(tests.the('register'), '%GET /api/privacy%POST /rest/v1/consents%', 'the refusal says what to read and what to send');

-- ---------------------------------------------------------------- how often
select lives_ok($$ insert into consents (purpose, granted) select 'whatsapp_messages', n % 2 = 0 from generate_series(1, 100) as n $$, 'a hundred changes of mind a day are enough for anyone');
select tests.refuses($$ insert into consents (purpose, granted) values ('whatsapp_messages', false) $$, 'too_many_consents', 'and one more is refused');
select tests.act_as('newcomer');
select tests.refuses($$ insert into consents (purpose, granted) select 'whatsapp_messages', true from generate_series(1, 101) $$, 'too_many_consents', 'also in one request');
select tests.act_as_service();
select lives_ok($$ insert into consents (user_id, purpose, granted, source) values (tests.user_id('stranger'), 'whatsapp_messages', false, 'whatsapp') $$, 'a STOP is always recorded');
select tests.act_as_owner();
update consents set recorded_at = now() - interval '25 hours' where user_id = tests.user_id('stranger');
select tests.act_as('stranger');
select lives_ok($$ insert into consents (purpose, granted) values ('whatsapp_messages', false) $$, 'the next day is another');

select * from finish();
rollback;
