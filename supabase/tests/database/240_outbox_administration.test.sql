-- What staff see and do with the outbox; health; the webhook; the export.
begin;
set local search_path = tests, public, extensions;
select plan(80);

delete from outbound_messages;
update message_channels set per_second = null, per_day = null, quiet_from = null, quiet_until = null, paused = false;
select tests.create_user('awa');
select tests.create_user('moussa');
select tests.create_user('tutor', 'tuteur');
update profiles set full_name = 'Awa Ndong Zwanzig', whatsapp_number = '+24174111111' where id = tests.user_id('awa');
update profiles set whatsapp_number = '+24174222222' where id = tests.user_id('moussa');
select tests.let('m', tests.create_masterclass(12));
select tests.let('i', tests.register('awa', tests.id('m'), 4));
select tests.register('moussa', tests.id('m'), 9) is not null;
update outbound_messages set state = 'cancelled', last_error = 'test' where recipient = '+24174222222' and message_type = 'pre_test_result';

create function tests.listed(answer jsonb) returns text language sql as $$
  select string_agg((m ->> 'message_type') || ' ' || right(m ->> 'recipient', 3), ', ' order by n) from jsonb_array_elements(answer -> 'messages') with ordinality as a (m, n)
$$;
-- All of it, one by one, there and back.
create function tests.walk_list() returns text language plpgsql as $$
declare
  answer jsonb := public.list_outbound_messages(per_page => 1);
  seen text := tests.listed(answer);
begin
  while answer -> 'next' <> 'null' loop
    answer := public.list_outbound_messages(per_page => 1, cursor => answer -> 'next');
    seen := seen || ' > ' || tests.listed(answer);
  end loop;
  while answer -> 'previous' <> 'null' loop
    answer := public.list_outbound_messages(per_page => 1, cursor => answer -> 'previous');
    seen := seen || ' < ' || tests.listed(answer);
  end loop;
  return replace(replace(seen, 'registration_confirmation', 'r'), 'pre_test_result', 'p');
end
$$;
create function tests.done(answer jsonb) returns text language sql as $$
  select string_agg(coalesce(m ->> 'state', '?') || coalesce(':' || (m ->> 'code'), '') || case when (m ->> 'done')::boolean then '!' else '' end, ' ' order by n)
  from jsonb_array_elements(answer -> 'messages') with ordinality as a (m, n)
$$;
create function tests.all_of_them() returns uuid[] language sql as $$
  select array[tests.id('failed'), tests.id('auth'), tests.id('uncertain'), tests.id('sending'), tests.id('queued'), tests.id('one'), tests.id('nobody')]
$$;

-- ---------------------------------------------------------------- who
create function tests.refuse_everybody_else() returns setof text language plpgsql as $$
declare
  call text;
begin
  foreach call in array array['select list_outbound_messages()', 'select get_outbound_message(gen_random_uuid())',
    'select retry_outbound_messages(array[gen_random_uuid()])', 'select cancel_outbound_messages(array[gen_random_uuid()])', 'select outbound_summary()'] loop
    perform tests.act_as_visitor();
    return next tests.forbids(call, 'a visitor: ' || call);
    perform tests.act_as_service();
    return next tests.forbids(call, 'the secret key: ' || call);
    perform tests.act_as('awa');
    return next tests.refuses(call, 'staff_only', 'a student: ' || call);
  end loop;
end
$$;
select tests.refuse_everybody_else();

-- ---------------------------------------------------------------- the list
select tests.act_as('tutor');
select is(tests.listed(list_outbound_messages()),
  'pre_test_result 222, registration_confirmation 222, pre_test_result 111, registration_confirmation 111', 'the newest first');
select is(list_outbound_messages() - array['messages', 'oldest_queued'],
  '{"page": 1, "per_page": 20, "total": 4, "total_is_exact": true, "next": null, "previous": null,
    "counts": {"queued": 3, "sending": 0, "sent": 0, "delivered": 0, "read": 0, "failed": 0, "uncertain": 0, "cancelled": 1}}', 'with the counts by state');
select is((list_outbound_messages() ->> 'oldest_queued')::timestamptz, now(), 'and the oldest that waits');
select is((select array_agg(k order by k) from jsonb_object_keys(list_outbound_messages() #> '{messages,0}') as k),
  array['attempts', 'channel', 'created_at', 'due_at', 'full_name', 'id', 'language', 'last_error', 'last_error_detail', 'masterclass_id', 'message_type',
    'profile_id', 'recipient', 'sent_at', 'state', 'updated_at', 'urgent'], 'each with what a list shows');
select is(tests.listed(list_outbound_messages(state => 'cancelled')), 'pre_test_result 222', 'by state');
select is(list_outbound_messages(state => 'cancelled') -> 'total', '1', 'which are counted');
select is(list_outbound_messages(state => 'cancelled') #> '{counts,queued}', '3', 'while the counts stay those of all');
select is(tests.listed(list_outbound_messages(message_type => 'registration_confirmation')), 'registration_confirmation 222, registration_confirmation 111', 'by template');
select is(tests.listed(list_outbound_messages(person => tests.user_id('awa')::text)), 'pre_test_result 111, registration_confirmation 111', 'by person');
select is(tests.listed(list_outbound_messages(person => 'zwanzig')), 'pre_test_result 111, registration_confirmation 111', 'by name');
select is(tests.listed(list_outbound_messages(person => 'nobody of that name')), null, 'which may be nobody''s');
-- Of several people, whether a page has all of theirs or not.
select is(tests.listed(list_outbound_messages(person => 'pgtap')), tests.listed(list_outbound_messages()), 'or those of several people');
select is((list_outbound_messages(person => 'pgtap') -> 'total', list_outbound_messages(person => 'pgtap', per_page => 1) -> 'total',
           list_outbound_messages(person => 'pgtap', per_page => 1, page => 3) -> 'total', list_outbound_messages(person => 'pgtap', state => 'queued') -> 'total',
           list_outbound_messages(person => 'pgtap', per_page => 3, cursor => list_outbound_messages(person => 'pgtap', per_page => 3) -> 'next') -> 'total'),
  ('4'::jsonb, '4'::jsonb, '4'::jsonb, '3'::jsonb, '4'::jsonb), 'counted on every page');
select is(tests.listed(list_outbound_messages(recipient => '+24174111111', message_type => 'pre_test_result')), 'pre_test_result 111', 'by number and template together');
select is((list_outbound_messages(created_from => (now() at time zone 'Africa/Libreville')::date) -> 'total',
           list_outbound_messages(created_to => (now() at time zone 'Africa/Libreville')::date - 1) -> 'total',
           list_outbound_messages(created_from => '-infinity', created_to => 'infinity') -> 'total'), ('4'::jsonb, '0'::jsonb, '4'::jsonb), 'by day');
select tests.refuses($$ select list_outbound_messages(state => 'lost') $$, 'invalid_message_filter', 'a state there is not');
select tests.refuses($$ select list_outbound_messages(message_type => 'Wrong') $$, 'invalid_message_filter', 'nor such a template');
select tests.refuses($$ select list_outbound_messages(person => 'x') $$, 'search_too_short', 'a letter is no search');
select tests.refuses(format($$ select list_outbound_messages(cursor => %L) $$, bad), 'invalid_cursor', 'no cursor: ' || bad)
from unnest(array['{}', '1', '[]', '{"c": "x", "q": 1, "b": false}', '{"c": "2026-01-01", "q": "x", "b": false}', '{"c": "2026-01-01", "q": 1}']) as bad;
select is(tests.walk_list(), 'p 222 > r 222 > p 111 > r 111 < p 111 < r 222 < p 222', 'pages follow one another, there and back');
select is(tests.listed(list_outbound_messages(page => 2, per_page => 3)), 'registration_confirmation 111', 'or by number');

-- ---------------------------------------------------------------- one message
select tests.let('one', (select id from outbound_messages where recipient = '+24174222222' and message_type = 'pre_test_result'));
select is(get_outbound_message(tests.id('one')) #> '{history}' #>> '{1,code}', 'test', 'with its history');
select is(get_outbound_message(tests.id('one')) #> '{data,score}', '9', 'and its variables');
select tests.refuses('select get_outbound_message(gen_random_uuid())', 'message_not_found', 'or none');
select tests.refuses('select get_outbound_message(null)', 'message_not_found', 'nor without an id');

-- ---------------------------------------------------------------- retry and cancel
select tests.act_as_service();
select tests.let('claim', claim_outbound_messages('d', 1)::text);
select tests.act_as_owner();
select tests.let('failed', private.enqueue_message('f', 'custom', 'whatsapp', '+24174333333', 'fr', '{}')::outbound_messages is not null);
select tests.let('failed', (select id from outbound_messages where dedupe_key = 'f'));
update outbound_messages set state = 'failed', attempts = 8, last_error = 'http_400', last_error_detail = 'x' where dedupe_key = 'f';
select tests.let('auth', (enqueue_auth_email('w', null, 'a@b.invalid', 'reset_password', 'fr', '{}') ->> 'id'));
update outbound_messages set state = 'failed' where dedupe_key = 'auth:w';
select private.enqueue_message('u', 'custom', 'whatsapp', '+24174444444', 'fr', '{}') is not null;
select tests.let('uncertain', (select id from outbound_messages where dedupe_key = 'u'));
update outbound_messages set state = 'sending', claimed_by = 'd', lease_expires_at = now() where dedupe_key = 'u';
update outbound_messages set state = 'uncertain' where dedupe_key = 'u';
select tests.let('sending', tests.the('claim')::jsonb #>> '{messages,0,id}');
select tests.let('queued', (select id from outbound_messages where state = 'queued' order by sequence limit 1));
select tests.let('nobody', gen_random_uuid());
select tests.act_as('tutor');
select is(tests.done(retry_outbound_messages(tests.all_of_them())),
  'queued! failed:not_retryable uncertain:not_failed sending:not_failed queued:not_failed cancelled:not_failed ?:message_not_found', 'what failed is tried again; it is said of each what was done');
select results_eq($$ select state, attempts, last_error, last_error_detail from outbound_messages where dedupe_key = 'f' $$, $$ values ('queued', 0, 'retried_by_staff', null::text) $$, 'from the beginning');
select is(tests.done(cancel_outbound_messages(tests.all_of_them())),
  'cancelled! failed:finished failed! sending:being_sent cancelled! cancelled:finished ?:message_not_found', 'what waits is cancelled, what is uncertain given up');
select is((select last_error from outbound_messages where dedupe_key = 'u'), 'given_up_by_staff', 'and says so');
select tests.refuses(format('select %s(%s)', f, ids), 'invalid_message_list', f || ' ' || left(ids, 20))
from unnest(array['retry_outbound_messages', 'cancel_outbound_messages']) as f, unnest(array['null', '''{}''', '''{null}''', 'array(select gen_random_uuid() from generate_series(1, 201))']) as ids;

-- ---------------------------------------------------------------- a day
select is((select c - 'median_seconds_to_sent' from jsonb_array_elements(outbound_summary() -> 'channels') as c where c ->> 'channel' = 'whatsapp'),
  '{"channel": "whatsapp", "paused": false, "written": 6, "queued": 1, "sending": 1, "sent": 0, "delivered": 0, "read": 0, "failed": 1, "uncertain": 0, "cancelled": 3}', 'a day in figures');
select is((select c -> 'written' from jsonb_array_elements(outbound_summary((now() at time zone 'Africa/Libreville')::date - 1) -> 'channels') as c limit 1), '0', 'another day has its own');
select lives_ok($$ select outbound_summary('infinity') $$, 'any day has');
select tests.act_as_owner();
update outbound_messages set state = 'sent', sent_at = now() where id = tests.id('sending');
select tests.act_as('tutor');
select ok((select (c ->> 'median_seconds_to_sent')::numeric >= 0 from jsonb_array_elements(outbound_summary() -> 'channels') as c where c ->> 'channel' = 'whatsapp'), 'with the time until they were sent');

-- ---------------------------------------------------------------- health
select tests.act_as_owner();
delete from outbound_messages;
select tests.act_as_visitor();
select is(outbound_health(), 0, 'nothing is late');
select tests.act_as_owner();
select private.enqueue_message('h1', 'custom', 'whatsapp', '+24174333333', 'fr', '{}', due_at => now() + interval '1 hour') is not null;
select is(outbound_health(), 0, 'nor is what is not due');
select private.enqueue_message('h0', 'custom', 'whatsapp', '+24174333333', 'fr', '{}', due_at => now() - interval '1 hour') is not null;
select is(outbound_health(), 0, 'nor what waits for an earlier message of the same person');
select private.enqueue_message('h2', 'custom', 'whatsapp', '+24174333334', 'fr', '{}', due_at => now() - interval '100 seconds') is not null;
select tests.act_as_visitor();
select ok(outbound_health() between 100 and 110, 'the oldest due message says how late it is, to anybody');
select tests.act_as_owner();

-- ---------------------------------------------------------------- webhook
create schema if not exists supabase_functions;
select lives_ok($$ select private.connect_webhook('http://127.0.0.1:9/api/hooks/database', 'a''secret') $$, 'a webhook is connected');
select lives_ok($$ select private.connect_webhook('http://127.0.0.1:9/api/hooks/database', 'another') $$, 'and again');
select is((select count(*) from pg_trigger where tgname = 'outbound_messages_webhook'), 1::bigint, 'once');
select ok((select encode(tgargs, 'escape') like '%another%' and encode(tgargs, 'escape') not like '%a''secret%' from pg_trigger where tgname = 'outbound_messages_webhook'), 'with the last secret');
select lives_ok($$ select private.enqueue_message('hook', 'custom', 'whatsapp', '+24174333335', 'fr', '{}') $$, 'a message calls it');
select lives_ok($$ select private.connect_webhook(null, null) $$, 'and it is disconnected');
select is((select count(*) from pg_trigger where tgname = 'outbound_messages_webhook'), 0::bigint, 'altogether');

-- ---------------------------------------------------------------- export
delete from outbound_messages;
select private.enqueue_message('x', 'custom', 'whatsapp', '+24174111111', 'fr', '{"text": "Bonjour Awa"}', tests.user_id('awa')) is not null;
select enqueue_auth_email('w9', tests.user_id('awa'), 'awa@b.invalid', 'reset_password', 'fr', '{"link": "https://geheim"}') is not null;
select private.enqueue_message('y', 'custom', 'whatsapp', '+24174222222', 'fr', '{"text": "Fremd"}', tests.user_id('moussa'), requested_by => tests.user_id('awa')) is not null;
select tests.act_as('awa');
select is(export_account() -> 'messages', '[]', 'within the transaction that wrote it a message tells no score');
select tests.act_as_owner();
alter table outbound_messages disable trigger check_outbound_message;
update outbound_messages set created_at = created_at - interval '1 second';
alter table outbound_messages enable trigger check_outbound_message;
select tests.act_as('awa');
select is((select jsonb_agg(m -> 'message_type') from jsonb_array_elements(export_account() -> 'messages') as m), '["custom", "reset_password"]', 'a person is given the messages to them');
select is(export_account() #> '{messages,0,data}', '{"text": "Bonjour Awa"}', 'with their words');
select is(export_account() #> '{messages,0,history,0,state}', '"queued"', 'and their history');
select unalike(export_account()::text, '%geheim%', 'no link to sign in with');
select unalike(export_account()::text, '%Fremd%', 'nothing of messages to others');
select is(jsonb_array_length(export_account() -> 'requested_messages'), 1, 'but that they were asked for');

-- More messages than a page looks for are counted all the same.
select tests.act_as_owner();
insert into outbound_messages (dedupe_key, message_type, language, data, channel, recipient, profile_id)
select 'many ' || n, 'custom', 'fr', '{"text": "Viel"}', 'whatsapp', '+24174111111', tests.user_id('awa') from generate_series(1, 5) as n;
select tests.let('many', (select count(*) from outbound_messages where profile_id = tests.user_id('awa')));
select tests.act_as('tutor');
select is(list_outbound_messages(person => 'zwanzig', per_page => 1) ->> 'total', tests.the('many'), 'many messages to one person are counted to the last');

select * from finish();
rollback;
