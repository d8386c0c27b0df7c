-- What must hold for every table, function and policy, also for those added later.
begin;
set local search_path = tests, public, extensions;
select plan(24);

create view tests.our_tables as
  select c.oid, n.nspname::text as schema, c.relname::text as name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname in ('public', 'private') and c.relkind in ('r', 'p');

create view tests.our_functions as
  select p.*, n.nspname as schema, p.oid::regprocedure::text as signature
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  where n.nspname in ('public', 'private')
    and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e');

select is_empty(
  $$ select schema, name from tests.our_tables t join pg_class c using (oid) where not c.relrowsecurity $$,
  'every table has row-level security');

select is_empty(
  $$ select signature from tests.our_functions
     where not coalesce(proconfig @> array['search_path=""'], false) $$,
  'every function has an empty search_path');

select is_empty(
  $$ select polrelid::regclass, polname from pg_policy where 0 = any (polroles) $$,
  'every policy names the roles it is for');

select is_empty(
  $$ select polrelid::regclass, polname from pg_policy where polcmd in ('w', '*') and polwithcheck is null $$,
  'every policy for changes checks the new row');

select is_empty(
  $$ select schemaname, tablename, policyname from pg_policies
     where regexp_replace(coalesce(qual, '') || coalesce(with_check, ''), '\( SELECT [^()]*\(\)', '', 'g')
           ~ '(auth\.uid|is_staff|is_admin)\(\)' $$,
  'every policy asks for the caller once per statement, not once per row');

select is_empty(
  $$ select polrelid::regclass, polcmd, role from pg_policy, unnest(polroles) as role
     where polpermissive group by 1, 2, 3 having count(*) > 1 $$,
  'a table has one policy per operation and role');

select is_empty(
  $$ select c.conrelid::regclass, c.conname from pg_constraint c
     join tests.our_tables t on t.oid = c.conrelid
     where c.contype = 'f' and not exists (
       select from pg_index i
       where i.indrelid = c.conrelid
         and (string_to_array(i.indkey::text, ' ')::int2[])[1:cardinality(c.conkey)] @> c.conkey) $$,
  'every foreign key has an index');

select is_empty(
  $$ select c.oid::regclass from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'public'
       and (c.relkind = 'm' or c.relkind = 'v' and not coalesce(c.reloptions @> array['security_invoker=true'], false)) $$,
  'no view reads with the rights of its owner');

select is_empty(
  $$ select pubname, tablename from pg_publication_tables where schemaname in ('public', 'private') $$,
  'no table is broadcast');

select is_empty(
  $$ select schema, name from tests.our_tables where obj_description(oid, 'pg_class') is null $$,
  'every table has a comment');

select is_empty(
  $$ select t.schema, t.name, a.attname from tests.our_tables t
     join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
     where col_description(t.oid, a.attnum) is null $$,
  'every column has a comment');

select is_empty(
  $$ select signature from tests.our_functions where obj_description(oid, 'pg_proc') is null $$,
  'every function has a comment');

-- ---------------------------------------------------------------- grants

select is_empty(
  $$ select r, p from unnest(array['anon', 'authenticated', 'service_role']) as r,
            unnest(array['usage', 'create']) as p
     where has_schema_privilege(r, 'private', p) $$,
  'no role of the API may name anything in private');

select is_empty(
  $$ select r from unnest(array['anon', 'authenticated', 'service_role']) as r
     where has_schema_privilege(r, 'public', 'create') $$,
  'no role of the API creates anything in public');

select is_empty(
  $$ select t.name, r, p from tests.our_tables t, unnest(array['anon', 'authenticated', 'service_role']) as r,
            unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) as p
     where t.schema = 'private' and (has_table_privilege(r, t.oid, p)
       or p in ('select', 'insert', 'update', 'references') and has_any_column_privilege(r, t.oid, p)) $$,
  'no role of the API has a right on a private table');

select bag_eq(
  $$ select t.name || ' ' || acl.grantee::regrole || ' ' || string_agg(lower(acl.privilege_type), ' ' order by acl.privilege_type)
     from tests.our_tables t join pg_class c using (oid), aclexplode(c.relacl) acl
     where t.schema = 'public' and (acl.grantee = 0 or acl.grantee::regrole::text in ('anon', 'authenticated', 'service_role'))
     group by t.name, acl.grantee $$,
  $$ values
     ('consents authenticated select'),
     ('consents service_role select'),
     ('inscriptions authenticated insert select'),
     ('inscriptions service_role select'),
     ('masterclass_statistics authenticated select'),
     ('masterclasses anon select'),
     ('masterclasses authenticated delete select'),
     ('masterclasses service_role delete insert select update'),
     ('message_channels authenticated select'),
     ('outbound_message_events authenticated select'),
     ('outbound_messages authenticated select'),
     ('privacy_policies anon select'),
     ('privacy_policies authenticated select'),
     ('privacy_policies service_role select'),
     ('profiles authenticated select'),
     ('profiles service_role insert select update'),
     ('question_statistics authenticated select'),
     ('questions authenticated delete select'),
     ('questions service_role delete insert select update'),
     ('registration_statistics authenticated select'),
     ('score_statistics authenticated select'),
     ('tests authenticated insert select'),
     ('tests service_role select'),
     ('user_roles authenticated delete select'),
     ('user_roles service_role delete insert select') $$,
  'the grants on tables are those that are meant');

select bag_eq(
  $$ select t.name || ' ' || acl.grantee::regrole || ' ' || lower(acl.privilege_type) || ' '
            || string_agg(a.attname::text, ' ' order by a.attname::text)
     from tests.our_tables t join pg_attribute a on a.attrelid = t.oid, aclexplode(a.attacl) acl
     where t.schema = 'public'
     group by t.name, acl.grantee, acl.privilege_type $$,
  $$ values
     ('consents authenticated insert granted purpose version'),
     ('consents service_role insert granted purpose source user_id version'),
     ('inscriptions authenticated update validated'),
     ('inscriptions service_role update validated'),
     ('masterclasses authenticated insert description id pdf_url published title'),
     ('masterclasses authenticated update description pdf_url published title'),
     ('message_channels authenticated update max_attempts paused per_day per_second quiet_from quiet_until settle'),
     ('privacy_policies authenticated insert content effective_at version'),
     ('profiles authenticated insert date_of_birth full_name id language time_zone whatsapp_number'),
     ('profiles authenticated update date_of_birth full_name id language time_zone whatsapp_number'),
     ('questions authenticated insert choices correct_choice evidence_page evidence_quote flaws id masterclass_id question_text status'),
     ('questions authenticated update choices correct_choice evidence_page evidence_quote flaws question_text status'),
     ('user_roles authenticated insert role user_id') $$,
  'the grants on columns are those that are meant');

select bag_eq(
  $$ select f.signature || ' ' || r
     from tests.our_functions f, unnest(array['anon', 'authenticated', 'service_role']) as r
     where has_function_privilege(r, f.oid, 'execute') $$,
  $$ values
     ('abandon_idempotent_request(text,text) authenticated'),
     ('begin_idempotent_request(text,text,text) authenticated'),
     ('cancel_outbound_messages(uuid[]) authenticated'),
     ('claim_outbound_messages(text,integer,integer,text[]) service_role'),
     ('delete_account() authenticated'),
     ('enqueue_auth_email(text,uuid,text,text,text,jsonb) service_role'),
     ('export_account() authenticated'),
     ('get_outbound_message(uuid) authenticated'),
     ('get_student(uuid) authenticated'),
     ('get_test(uuid,text) authenticated'),
     ('list_students(text,uuid,boolean,date,date,text,boolean,integer,integer,jsonb,text) authenticated'),
     ('list_outbound_messages(text,text,text,text,date,date,integer,integer,jsonb) authenticated'),
     ('masterclass_overview(uuid) authenticated'),
     ('outbound_health() anon'),
     ('outbound_health() authenticated'),
     ('outbound_health() service_role'),
     ('outbound_summary(date) authenticated'),
     ('private.are_choices(jsonb) authenticated'),
     ('private.are_choices(jsonb) service_role'),
     ('private.is_admin() authenticated'),
     ('private.is_policy_text(jsonb) authenticated'),
     ('private.is_staff() authenticated'),
     ('private.is_time_zone(text) authenticated'),
     ('private.is_time_zone(text) service_role'),
     ('private.questions_to_publish(jsonb) authenticated'),
     ('publish_questions(jsonb) authenticated'),
     ('private.require_staff() authenticated'),
     ('record_delivery_statuses(jsonb) service_role'),
     ('record_keyword(text,boolean,text,timestamp with time zone) service_role'),
     ('record_outbound_results(text,jsonb) service_role'),
     ('register_for_masterclass(uuid,jsonb) authenticated'),
     ('resolve_uncertain_messages(text,jsonb) service_role'),
     ('retry_outbound_messages(uuid[]) authenticated'),
     ('review_test(uuid) authenticated'),
     ('send_message(text,text,text,jsonb,text) authenticated'),
     ('store_generated_questions(uuid,jsonb,text,text,jsonb) authenticated'),
     ('submit_test(uuid,jsonb) authenticated') $$,
  'each function may be called by those who are meant');

create table public.a_new_table (id int);
create function public.a_new_function() returns int language sql as 'select 1';

select is_empty(
  $$ select r from unnest(array['anon', 'authenticated', 'service_role']) as r
     where has_table_privilege(r, 'public.a_new_table', 'select')
        or has_function_privilege(r, 'public.a_new_function()', 'execute') $$,
  'a new table and a new function start closed');

-- ---------------------------------------------------------------- errors

select is_empty(
  $$ select code[1] from tests.our_functions,
            regexp_matches(prosrc, 'raise_error\(''([a-z_]+)''\)', 'g') as code
     where code[1] not in (select e.code from private.error_messages e) $$,
  'every error a function raises has its texts');

select is_empty(
  $$ select e.code from private.error_messages e
     where not exists (select from tests.our_functions f where f.prosrc like '%''' || e.code || '''%')
       and not exists (select from pg_trigger t where encode(t.tgargs, 'escape') like e.code || '%') $$,
  'every text belongs to an error that is raised');

set local "request.headers" = '{"accept-language": "en-GB,fr;q=0.5"}';
select throws_like($$ select private.raise_error('last_admin') $$, '%cannot be removed%', 'a person is answered in English when they ask for it');
set local "request.headers" = '{"accept-language": "fr-GA,en;q=0.5"}';
select throws_like($$ select private.raise_error('last_admin') $$, '%ne peut pas être retiré%', 'a person is answered in French when they ask for it');
set local "request.headers" = '{}';
select throws_like($$ select private.raise_error('last_admin') $$, '%ne peut pas être retiré%', 'a person is answered in French by default');

select * from finish();
rollback;
