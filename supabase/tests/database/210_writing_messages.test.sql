-- Which facts write which messages; staff, Supabase Auth, STOP and START.
begin;
set local search_path = tests, public, extensions;
select plan(58);

delete from outbound_messages;
delete from private.early_statuses;
delete from private.opt_outs;
update private.message_pacing set next_slot_at = '-infinity';
select tests.create_user('student');
select tests.create_user('other');
select tests.create_user('refusing');
select tests.create_user('tutor', 'tuteur');
select tests.create_user('bare', profile => false);
update profiles set full_name = 'Awa Ndong', whatsapp_number = '+24174111111' where id = tests.user_id('student');
update profiles set whatsapp_number = '+24174222222', language = 'en' where id = tests.user_id('other');
update profiles set whatsapp_number = '+24174444444' where id = tests.user_id('refusing');
select tests.let('m', tests.create_masterclass(12));

create function tests.written_to(number text) returns table (message_type text, state text, data jsonb) language sql as $$
  select m.message_type, m.state, m.data from public.outbound_messages m where m.recipient = number order by m.sequence
$$;

-- ---------------------------------------------------------------- registration, validation, results
select tests.let('i', tests.register('student', tests.id('m'), 4));
select results_eq($$ select * from tests.written_to('+24174111111') $$,
  $$ values ('registration_confirmation', 'queued', '{"name": "Awa Ndong", "masterclass": "Une masterclass"}'::jsonb),
            ('pre_test_result', 'queued', '{"name": "Awa Ndong", "masterclass": "Une masterclass", "score": 4, "max_score": 10}') $$,
  'a registration is confirmed, with the result of the test, in this order');
select results_eq($$ select dedupe_key, language, channel, profile_id, masterclass_id, urgent from outbound_messages where message_type = 'registration_confirmation' $$,
  format($$ values ('registration_confirmation:%s', 'fr', 'whatsapp', %L::uuid, %L::uuid, false) $$, tests.the('i'), tests.user_id('student'), tests.id('m')),
  'to the person, about the masterclass, once per registration');
select tests.act_as('tutor');
update inscriptions set validated = true where id = tests.id('i');
update inscriptions set validated = false where id = tests.id('i');
update inscriptions set validated = true where id = tests.id('i');
update inscriptions set validated = true where id = tests.id('i');
select tests.act_as('student');
select submit_test(tests.id('i'), tests.responses('student', tests.id('m'), 8)) is not null;
select tests.act_as_owner();
select results_eq($$ select message_type, data -> 'score', data -> 'gain' from tests.written_to('+24174111111') offset 2 $$,
  $$ values ('validation', null::jsonb, null::jsonb), ('post_test_result', '8', '0.6667') $$,
  'validation is told once whatever is toggled, the result with the gain');
select tests.let('i2', tests.register('other', tests.id('m'), 10));
select tests.validate(tests.id('i2'));
select tests.act_as('other');
select submit_test(tests.id('i2'), '{}') is not null;
select tests.act_as_owner();
select is((select data - 'name' from outbound_messages where dedupe_key = 'post_test_result:' || tests.the('i2')),
  '{"masterclass": "Une masterclass", "score": 0, "max_score": 10}', 'who had everything right before has no gain');
select is((select distinct language from outbound_messages where recipient = '+24174222222'), 'en', 'in the person''s language');

-- A registration that does not happen writes nothing.
select tests.create_user('failing');
savepoint registering;
select tests.register('failing', tests.id('m'), 4) is not null;
rollback to registering;
select is_empty(format('select from outbound_messages where profile_id = %L', tests.user_id('failing')), 'what is rolled back is not told');

-- ---------------------------------------------------------------- consent
select tests.act_as('refusing');
insert into consents (purpose, granted) values ('whatsapp_messages', true);
insert into consents (purpose, granted) values ('whatsapp_messages', false);
select tests.act_as_owner();
select tests.let('i3', tests.register('refusing', tests.id('m'), 4));
select results_eq($$ select state, last_error from outbound_messages where recipient = '+24174444444' order by sequence $$,
  $$ values ('cancelled', 'opted_out'), ('cancelled', 'opted_out') $$, 'who refused WhatsApp is not written to, and it shows');
select tests.act_as('refusing');
insert into consents (purpose, granted) values ('whatsapp_messages', true);
select tests.act_as_owner();
select tests.validate(tests.id('i3'));
select is((select state from outbound_messages where dedupe_key = 'validation:' || tests.the('i3')), 'queued', 'the latest consent counts');

-- ---------------------------------------------------------------- a key writes once
select is((private.enqueue_message('k', 'custom', 'whatsapp', '+24177000000', 'fr', '{"text": "1"}')).id,
          (private.enqueue_message('k', 'custom', 'whatsapp', '+24177000000', 'fr', '{"text": "2"}')).id, 'one key, one message');
select is((select data ->> 'text' from outbound_messages where dedupe_key = 'k'), '1', 'the first');

-- ---------------------------------------------------------------- staff
select tests.act_as_visitor();
select tests.forbids($$ select send_message('+24174111111', 'custom', 'fr', '{"text": "Bonjour"}') $$, 'a visitor sends nothing');
select tests.act_as_service();
select tests.forbids($$ select send_message('+24174111111', 'custom', 'fr', '{"text": "Bonjour"}') $$, 'the secret key is nobody');
select tests.act_as('student');
select tests.refuses($$ select send_message('+24174111111', 'custom', 'fr', '{"text": "Bonjour"}') $$, 'staff_only', 'a student sends nothing');
select tests.act_as('tutor');
select is(send_message('+24174111111', 'custom', 'fr', '{"text": "Bonjour"}') - 'id', '{"state": "queued", "code": null, "to": "+24174111111"}', 'staff send');
select is(send_message('+24174222222', 'custom', null, '{"text": "Hello"}', 'mine') -> 'id', send_message('+24174222222', 'custom', null, '{"text": "Hello"}', 'mine') -> 'id', 'once per key');
select tests.refuses($$ select send_message('+24174222222', 'custom', null, '{"text": "Bye"}', 'mine') $$, 'dedupe_key_conflict', 'a key does not name two messages');
select results_eq($$ select profile_id, language, requested_by from outbound_messages where dedupe_key like 'send:%:mine' $$,
  format($$ values (%L::uuid, 'en', %L::uuid) $$, tests.user_id('other'), tests.user_id('tutor')), 'the person is found by number, and their language');
select is((select dedupe_key from outbound_messages where dedupe_key like 'send:%:mine'), format('send:%s:mine', tests.user_id('tutor')), 'a key is the caller''s own');
select tests.refuses(format('select send_message(%L, %L, %L, %L, %L)', number, type, language, data, key), code, format('refused: %s %s %s %s', number, type, language, left(data, 20)))
from (values
  ('24174111111', 'custom', 'fr', '{}', null, 'invalid_recipient'), ('+0', 'custom', 'fr', '{}', null, 'invalid_recipient'),
  (null, 'custom', 'fr', '{}', null, 'invalid_recipient'), ('+24174111111', 'verify_email', 'fr', '{}', null, 'invalid_message'),
  ('+24174111111', null, 'fr', '{}', null, 'invalid_message'), ('+24174111111', 'custom', 'de', '{}', null, 'invalid_message'),
  ('+24174111111', 'custom', 'fr', '[]', null, 'invalid_message'), ('+24174111111', 'custom', 'fr', null, null, 'invalid_message'),
  ('+24174111111', 'custom', 'fr', format('{"text": "%s"}', repeat('x', 17000)), null, 'invalid_message'),
  ('+24174111111', 'custom', 'fr', '{}', repeat('k', 201), 'invalid_message')) as v (number, type, language, data, key, code);
select tests.act_as_owner();
update profiles set whatsapp_number = '+24174111111' where id = tests.user_id('other');
select tests.act_as('tutor');
select send_message('+24174111111', 'custom', 'fr', '{"text": "Bonjour"}', 'shared') is not null;
select is((select profile_id from outbound_messages where dedupe_key like 'send:%:shared'), null, 'a number that two people have names neither');
select tests.act_as_owner();
update profiles set whatsapp_number = '+24174222222' where id = tests.user_id('other');

-- ---------------------------------------------------------------- Supabase Auth
select tests.act_as('tutor');
select tests.forbids($$ select enqueue_auth_email('w', null, 'a@b.invalid', 'verify_email', 'fr', '{}') $$, 'staff do not write for Supabase Auth');
select tests.act_as_service();
select is(enqueue_auth_email('w1', tests.user_id('student'), 'awa@b.invalid', 'reset_password', 'fr', '{"link": "https://secret"}') -> 'id',
          enqueue_auth_email('w1', tests.user_id('student'), 'awa@b.invalid', 'reset_password', 'fr', '{"link": "https://secret"}') -> 'id', 'one delivery of the hook, one e-mail');
select tests.refuses(format('select enqueue_auth_email(%L, null, %L, %L, %L, %L)', hook, email, type, 'fr', data), 'invalid_message', 'refused: ' || coalesce(hook, 'null') || email || type || data)
from (values (null, 'a@b.invalid', 'verify_email', '{}'), ('w', 'nobody', 'verify_email', '{}'), ('w', 'a@b.invalid', 'custom', '{}'), ('w', 'a@b.invalid', 'verify_email', '1')) as v (hook, email, type, data);
select enqueue_auth_email('w2', null, 'new@b.invalid', 'verify_email', 'en', '{"link": "https://secret"}') is not null;
select tests.act_as('tutor');
select results_eq($$ select channel, urgent, data from outbound_messages where dedupe_key = 'auth:w1' $$, $$ values ('email', true, '{}'::jsonb) $$, 'staff see that it was written, not its link');
select tests.act_as_service();
select is((select m -> 'data' from jsonb_array_elements(claim_outbound_messages('d') -> 'messages') as m where m ->> 'recipient' = 'awa@b.invalid'),
  '{"link": "https://secret"}', 'whoever sends it gets the link');
select tests.act_as_owner();
select is((select count(*) from private.message_secrets), 2::bigint, 'which is kept until then');
update outbound_messages set state = 'sent' where dedupe_key = 'auth:w1';
update outbound_messages set state = 'failed' where dedupe_key = 'auth:w2';
select is_empty('select from private.message_secrets', 'and forgotten once it is sent or has failed');

-- ---------------------------------------------------------------- STOP and START
create function tests.say(number text, stop boolean, minutes int) returns jsonb language plpgsql as $$
declare answer jsonb;
begin
  perform tests.act_as_service();
  answer := public.record_keyword(number, stop, 'wamid', now() + make_interval(mins => minutes));
  perform tests.act_as_owner();
  return answer;
end
$$;
update outbound_messages set state = 'queued', claimed_by = null, lease_expires_at = null where state = 'sending';
select is((select count(*) from outbound_messages where recipient = '+24174111111' and state = 'queued'), 6::bigint, 'six messages wait');
select private.enqueue_message('urgent', 'custom', 'whatsapp', '+24174111111', 'fr', '{}', urgent => true) is not null;
select is(tests.say('24174111111', true, -50), '{"changed": true, "people": 1, "cancelled": 6}', 'STOP cancels what waits');
select results_eq($$ select state, count(*) from outbound_messages where recipient = '+24174111111' group by state order by state $$,
  $$ values ('cancelled', 6::bigint), ('queued', 1) $$, 'but for what the person has just asked for');
select results_eq($$ select granted, source from consents where purpose = 'whatsapp_messages' and user_id = tests.user_id('student') $$,
  $$ values (false, 'whatsapp') $$, 'it is a consent withdrawn');
select is((private.enqueue_message('later', 'custom', 'whatsapp', '+24174111111', 'fr', '{}')).state, 'cancelled', 'the future is blocked');
select is((private.enqueue_message('later0', 'custom', 'whatsapp', '+241074111111', 'fr', '{}')).state, 'cancelled', 'however the number is written');
select is((private.enqueue_message('asked', 'custom', 'whatsapp', '+24174111111', 'fr', '{}', urgent => true)).state, 'queued', 'except what they ask for');
select tests.act_as('student');
insert into consents (purpose, granted) values ('whatsapp_messages', true);
select tests.act_as_owner();
select is((private.enqueue_message('app', 'custom', 'whatsapp', '+24174111111', 'fr', '{}', tests.user_id('student'))).state, 'cancelled',
  'only the telephone takes back what the telephone said');
select is(tests.say('+24174111111', true, -50), '{"changed": false, "people": 0, "cancelled": 0}', 'STOP that comes twice changes nothing');
select is(tests.say('24174111111', false, -55) -> 'changed', 'false', 'nor does an older START that comes late');
select is(tests.say('24174111111', false, -40), '{"changed": true, "people": 1, "cancelled": 0}', 'START undoes it');
select is((private.enqueue_message('again', 'custom', 'whatsapp', '+24174111111', 'fr', '{}', tests.user_id('student'))).state, 'queued', 'and messages come again');
select is(tests.say('24174111111', true, -40) -> 'changed', 'true', 'in the same second STOP counts');
select is(tests.say('24179999999', true, 60) -> 'changed', 'true', 'a number of nobody may say STOP');
select is((select said_at from private.opt_outs order by said_at desc limit 1), now(), 'a time to come is now');
select tests.refuses($$ select tests.say('stop', true, 0) $$, 'invalid_recipient', 'words are no number');
select tests.act_as_owner();

-- ---------------------------------------------------------------- an account is deleted
select tests.act_as_service();
select enqueue_auth_email('w3', tests.user_id('bare'), 'bare@b.invalid', 'email_change', 'fr', '{"link": "https://secret"}') is not null;
select tests.act_as('tutor');
select send_message('+24174222222', 'custom', 'fr', '{"text": "Au revoir"}', 'gone') is not null;
select tests.act_as_owner();
insert into outbound_messages (dedupe_key, message_type, language, channel, recipient) values ('nobody', 'custom', 'fr', 'whatsapp', '+24174222222');
delete from auth.users where id = tests.user_id('other');
select is_empty($$ select from outbound_messages where recipient = '+24174222222' $$, 'the messages to a person go with the account');
delete from auth.users where id = tests.user_id('bare');
select is_empty($$ select from outbound_messages where recipient = 'bare@b.invalid' $$, 'also those of Supabase Auth to somebody without a profile');
delete from auth.users where id = tests.user_id('tutor');
select is((select count(*) from outbound_messages where recipient = '+24174111111' and requested_by is null and dedupe_key like 'send:%'), 2::bigint,
  'what staff sent to others stays and names its author no more');

select * from finish();
rollback;
