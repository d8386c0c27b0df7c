-- The messages of whom a search finds are listed of everybody or not at all: of the first thousand people only, some would
-- be missing without a word.
insert into private.error_messages (code, http_status, message_fr, hint_fr, message_en, hint_en) values
  ('search_too_broad', 422,
   'Plus de 1 000 inscriptions répondent à cette recherche.', 'Donnez le nom complet, l''adresse ou le numéro de la personne.',
   'More than 1,000 registrations match this search.', 'Give the person''s full name, address or number.');

create or replace function private.find_students(patterns text[], most int)
returns uuid[]
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  parameter constant text[] := private.search_parameter(find_students.patterns);
  found uuid[];
  registrations bigint;
begin
  execute format(
    'select array_agg(distinct f.student_id), count(*)
     from (select r.student_id from private.student_records r where r.student_id is not null%s limit $2 + 1) as f',
    array_to_string(private.search_conditions(parameter, '$1'), ''))
  into found, registrations using parameter, find_students.most;
  if registrations > find_students.most then
    perform private.raise_error('search_too_broad');
  end if;
  return coalesce(found, '{}');
end
$$;

comment on function private.find_students(text[], int) is 'Whom the patterns find; refuses with search_too_broad beyond so many registrations.';
