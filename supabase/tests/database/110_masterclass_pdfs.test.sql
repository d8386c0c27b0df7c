-- The bucket of the PDFs: private, PDF only, staff only, one folder per masterclass.
begin;
set local search_path = tests, public, extensions;
select plan(21);

select tests.create_user('student');
select tests.create_user('tutor', 'tuteur');
select tests.let('m', tests.create_masterclass(0));
insert into storage.buckets (id, name) values ('another-bucket', 'another-bucket');
select tests.let('upload', format($f$ insert into storage.objects (bucket_id, name) values ('masterclass-pdfs', '%s/new.pdf') $f$, tests.id('m')));
select tests.let('move', format($f$ update storage.objects set name = '%1$s/b.pdf' where bucket_id = 'masterclass-pdfs' and name = '%1$s/a.pdf' $f$, tests.id('m')));
select tests.let('list', format($f$ select name from storage.objects where bucket_id = 'masterclass-pdfs' and name like '%s/%%' $f$, tests.id('m')));

select results_eq(
  $$ select public, file_size_limit, allowed_mime_types from storage.buckets where id = 'masterclass-pdfs' $$,
  $$ values (false, 52428800::bigint, array['application/pdf']) $$,
  'the bucket is private and takes PDFs up to 50 MB');

select tests.act_as('tutor');
select lives_ok(format($f$ insert into storage.objects (bucket_id, name) values ('masterclass-pdfs', '%s/a.pdf') $f$, tests.id('m')), 'a tutor uploads a PDF');
select isnt_empty(tests.the('list'), 'a tutor lists PDFs');
select tests.forbids(format('insert into storage.objects (bucket_id, name) values (''masterclass-pdfs'', %L)', replace(bad, 'M', tests.the('m'))), 'a tutor does not upload to ' || bad)
from unnest(array['a.pdf', 'M/a.exe', 'M/a', 'M/deep/a.pdf', 'elsewhere/a.pdf', '00000000-0000-0000-0000-000000000000/a.pdf', '../M/a.pdf', '/M/a.pdf']) as bad;
select tests.forbids(format($f$ insert into storage.objects (bucket_id, name) values ('another-bucket', '%s/a.pdf') $f$, tests.id('m')), 'a tutor does not upload to another bucket');
select tests.forbids(format($f$ update storage.objects set name = 'elsewhere/a.pdf' where name = '%s/a.pdf' $f$, tests.id('m')), 'a tutor does not move a PDF out of its folder');

select tests.act_as('student');
select is_empty(tests.the('list'), 'a student lists no PDF');
select tests.forbids(tests.the('upload'), 'a student uploads none');
select tests.touches(tests.the('move'), 0, 'a student moves none');
select tests.act_as_visitor();
select is_empty(tests.the('list'), 'a visitor lists no PDF');
select tests.forbids(tests.the('upload'), 'a visitor uploads none');
select tests.touches(tests.the('move'), 0, 'a visitor moves none');

select tests.act_as('tutor');
select tests.touches(tests.the('move'), 1, 'a tutor moves a PDF within its folder');

select results_eq(
  $$ select cmd::text collate "default", roles::text collate "default" from pg_policies where schemaname = 'storage' and policyname like 'staff % masterclass PDFs' order by cmd $$,
  $$ values ('DELETE', '{authenticated}'), ('INSERT', '{authenticated}'), ('SELECT', '{authenticated}'), ('UPDATE', '{authenticated}') $$,
  'each operation has its policy');

select * from finish();
rollback;
