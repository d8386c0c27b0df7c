-- private.student_records: always what profiles, inscriptions and tests say.
begin;
set local search_path = tests, public, extensions;
select plan(39);

-- The same rows, joined afresh.
create view tests.expected_records as
  select i.id, i.profile_id, p.full_name, p.email, p.whatsapp_number, i.masterclass_id, i.validated, i.registration_date,
    pre.score as pre_score, post.score as post_score, pre.max_score, pre.taken_at as pre_taken_at, post.taken_at as post_taken_at
  from public.inscriptions i
  left join public.profiles p on p.id = i.profile_id
  join public.tests pre on pre.inscription_id = i.id and pre.type = 'PRE'
  left join public.tests post on post.inscription_id = i.id and post.type = 'POST';

create function tests.records_are_right(description text) returns text language sql as $$
  select bag_eq(
    $q$ select inscription_id, student_id, full_name, email, whatsapp_number, masterclass_id, validated, registered_at,
               pre_score, post_score, max_score, pre_taken_at, post_taken_at from private.student_records $q$,
    'select * from tests.expected_records', description)
$$;

select tests.create_user('ada');
select tests.create_user('bob');
select tests.create_user('tutor', 'tuteur');
select tests.let('ada', tests.user_id('ada'));
select tests.let('m', tests.create_masterclass(12));
select tests.let('other', tests.create_masterclass(3));

select tests.let('i', tests.register('ada', tests.id('m'), 4));
select tests.records_are_right('a registration has its record, with the PRE score');
select tests.let('i2', tests.register('ada', tests.id('other'), 3));
select tests.let('i3', tests.register('bob', tests.id('m'), 10));
select tests.records_are_right('so have others');

select tests.act_as('tutor');
update inscriptions set validated = true where masterclass_id = tests.id('m');
select tests.act_as_owner();
select tests.records_are_right('validation of several is carried over');
select is((select count(*) from private.student_records where validated and masterclass_id = tests.id('m')), 2::bigint, 'to each of them');

select tests.act_as('ada');
select submit_test(tests.id('i'), tests.responses('ada', tests.id('m'), 7)) is not null;
select tests.act_as('bob');
select submit_test(tests.id('i3'), tests.responses('bob', tests.id('m'), 9)) is not null;
select tests.act_as_owner();
select tests.records_are_right('the POST score is carried over');

update profiles set full_name = 'Ada Nzé-Mba', whatsapp_number = '+24174000000' where id = tests.id('ada');
select tests.records_are_right('a new name and number are carried over, to each registration');
update auth.users set email = 'ada.nze@pgtap.invalid' where id = tests.id('ada');
select tests.records_are_right('a new address too');
select is((select count(*) from private.student_records where email = 'ada.nze@pgtap.invalid'), 2::bigint, 'in both records');

-- An index entry has room for some 2,700 bytes. Decomposed, a syllable of Hangul takes nine.
update profiles set full_name = (select string_agg(chr(44032 + (hashint4(n) & 8191)), '') from generate_series(1, 200) as n) where id = tests.id('ada');
update auth.users set email = (select left(string_agg(md5(n::text), ''), 241) from generate_series(1, 8) as n) || '@pgtap.invalid' where id = tests.id('ada');
select tests.records_are_right('the longest name and address have their records');
update profiles set full_name = 'Ada Nzé-Mba' where id = tests.id('ada');
update auth.users set email = 'ada.nze@pgtap.invalid' where id = tests.id('ada');

select is((select gain from private.student_records where inscription_id = tests.id('i')), 0.5, 'the gain of (4, 7) of 10 is 3/6');
select is((select gain from private.student_records where inscription_id = tests.id('i2')), null, 'without POST test there is none');
select is((select gain from private.student_records where inscription_id = tests.id('i3')), null, 'nor when the PRE test was all right');
select results_eq(
  format($$ select name_key, pre_key, post_key, gain_key from private.student_records where student_id = %L order by max_score desc $$, tests.id('ada')),
  $$ values ('ada nze-mba' collate "C", 4, 7, 5000), ('ada nze-mba', 3, -1, -2147483648) $$, 'the keys stand for what is sorted');

delete from tests where inscription_id = tests.id('i3') and type = 'POST';
select tests.records_are_right('a test that the owner deletes is taken out');

delete from auth.users where id = tests.id('ada');
select tests.records_are_right('an account that is deleted leaves records');
select results_eq(
  format($$ select full_name, email, whatsapp_number, name_key, btrim(search_text) from private.student_records where inscription_id = %L $$, tests.id('i')),
  $$ values (null::text, null::text, null::text, '' collate "C", '') $$, 'that name nobody');

delete from tests where inscription_id = tests.id('i3');
delete from inscriptions where id = tests.id('i3');
select tests.records_are_right('a registration that the owner deletes takes its record along');
select is_empty(format($$ select from private.student_records where inscription_id = %L $$, tests.id('i3')), 'for good');

-- A repair finds nothing to do, and mends what was broken.
update private.student_records set pre_score = 0, full_name = 'faux';
select lives_ok($$ select private.refresh_student_records(array_agg(id)) from inscriptions $$, 'all records are written anew');
select tests.records_are_right('and are right again');

-- ---------------------------------------------------------------- folding
select is(private.fold(written), folded, format('%s is sorted as %s', written, folded))
from (values
  ('Éloïse NZÉ', 'eloise nze'), ('Œuvrard', 'oeuvrard'), ('Ælis', 'aelis'), ('Ɛkoué Ɖossou', 'ekoue dossou'),
  ('d’Almeida', 'd''almeida'), (E'E\u0301milie', 'emilie'), ('ŞIK', 'sik'), ('', '')) as vectors (written, folded);
select is(private.search_text(name, email, number), text, format('a search for %s looks through "%s"', name, text))
from (values
  ('Jean-Pierre  d’Almeida', 'JP@Exemple.GA', '+24174000000', ' jXean pierre d almeida jp@exemple.ga 24174000000 074000000'),
  ('Awa', null, '+241074000000', ' aXwa 24174000000 074000000'),
  ('Koné', 'k@x.ci', '+2250700000003', ' kXone k@x.ci 2250700000003'),
  -- What begins like the name, everywhere.
  ('Élo Melo Eloïse', 'x.eloi7@elo.ga', null, ' eXlo melo eXloise x.eXloi7@eXlo.ga'),
  ('D''Élo', 'elo@x.ga', null, ' d elo elo@x.ga'),
  ('É Nzé', 'e@x.ga', null, ' e nze e@x.ga'),
  (null, null, null, '')) as vectors (name, email, number, text);

-- ---------------------------------------------------------------- who reads
select tests.act_as('tutor');
select tests.forbids('select * from private.student_records', 'staff read the records through list_students only');
select tests.act_as('bob');
select tests.forbids('select * from private.student_records', 'students do not read them');
select tests.act_as_visitor();
select tests.forbids('select * from private.student_records', 'nor visitors');
select tests.act_as_service();
select tests.forbids('select * from private.student_records', 'nor the service');

select * from finish();
rollback;
