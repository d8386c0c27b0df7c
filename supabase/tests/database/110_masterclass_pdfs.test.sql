-- The bucket of the PDFs: private, PDF only, staff only, one folder per masterclass.
begin;
\ir helpers.psql
select plan(21);

select tests.create_user('student');
select tests.create_user('tutor', 'tuteur');
select tests.create_masterclass(0) as m \gset
insert into storage.buckets (id, name) values ('another-bucket', 'another-bucket');
select format($f$ insert into storage.objects (bucket_id, name) values ('masterclass-pdfs', '%s/new.pdf') $f$, :'m') as upload \gset
select format($f$ update storage.objects set name = '%1$s/b.pdf' where bucket_id = 'masterclass-pdfs' and name = '%1$s/a.pdf' $f$, :'m') as move \gset
select format($f$ select name from storage.objects where bucket_id = 'masterclass-pdfs' and name like '%s/%%' $f$, :'m') as list \gset

select results_eq(
  $$ select public, file_size_limit, allowed_mime_types from storage.buckets where id = 'masterclass-pdfs' $$,
  $$ values (false, 52428800::bigint, array['application/pdf']) $$,
  'the bucket is private and takes PDFs up to 50 MB');

select tests.act_as('tutor');
select lives_ok(format($f$ insert into storage.objects (bucket_id, name) values ('masterclass-pdfs', '%s/a.pdf') $f$, :'m'), 'a tutor uploads a PDF');
select isnt_empty(:'list', 'a tutor lists PDFs');
select tests.forbids(format('insert into storage.objects (bucket_id, name) values (''masterclass-pdfs'', %L)', replace(bad, 'M', :'m')), 'a tutor does not upload to ' || bad)
from unnest(array['a.pdf', 'M/a.exe', 'M/a', 'M/deep/a.pdf', 'elsewhere/a.pdf', '00000000-0000-0000-0000-000000000000/a.pdf', '../M/a.pdf', '/M/a.pdf']) as bad;
select tests.forbids(format($f$ insert into storage.objects (bucket_id, name) values ('another-bucket', '%s/a.pdf') $f$, :'m'), 'a tutor does not upload to another bucket');
select tests.forbids(format($f$ update storage.objects set name = 'elsewhere/a.pdf' where name = '%s/a.pdf' $f$, :'m'), 'a tutor does not move a PDF out of its folder');

select tests.act_as('student');
select is_empty(:'list', 'a student lists no PDF');
select tests.forbids(:'upload', 'a student uploads none');
select tests.touches(:'move', 0, 'a student moves none');
select tests.act_as_visitor();
select is_empty(:'list', 'a visitor lists no PDF');
select tests.forbids(:'upload', 'a visitor uploads none');
select tests.touches(:'move', 0, 'a visitor moves none');

select tests.act_as('tutor');
select tests.touches(:'move', 1, 'a tutor moves a PDF within its folder');

select results_eq(
  $$ select cmd::text collate "default", roles::text collate "default" from pg_policies where schemaname = 'storage' and policyname like 'staff % masterclass PDFs' order by cmd $$,
  $$ values ('DELETE', '{authenticated}'), ('INSERT', '{authenticated}'), ('SELECT', '{authenticated}'), ('UPDATE', '{authenticated}') $$,
  'each operation has its policy');

select * from finish();
rollback;
