-- The estimates of `Prefer: count=planned` say nothing about scores, figures of a class, roles and consents.
begin;
set local search_path = tests, public, extensions;
select plan(1);

select is_empty(
  $$ select a.attrelid::regclass, a.attname from pg_attribute a
     where (a.attrelid::regclass::text, a.attname) in (
         ('tests', 'score'), ('tests', 'responses'), ('user_roles', 'role'),
         ('consents', 'purpose'), ('consents', 'version'), ('consents', 'granted'), ('consents', 'source'),
         ('registration_statistics', 'validated'))
       and a.attstattarget is distinct from 0
     union all
     select a.attrelid::regclass, a.attname from pg_attribute a
     where a.attrelid in ('masterclass_statistics'::regclass, 'registration_statistics'::regclass,
                          'score_statistics'::regclass, 'question_statistics'::regclass)
       and a.atttypid in ('int4'::regtype, 'int8'::regtype) and a.attnum > 0
       and a.attstattarget is distinct from 0 $$,
  'no statistics are kept of scores, figures and consents');

select * from finish();
rollback;
