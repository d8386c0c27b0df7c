-- Many questions published at once, as they were read, all or none.

insert into private.error_messages (code, http_status, message_fr, hint_fr, message_en, hint_en) values
  ('invalid_publication', 422,
   'La liste des questions à publier n''est pas lisible.', 'Envoyez un tableau de 1 à 200 objets {"id": "…", "version": 1}, chaque question une seule fois.',
   'The list of questions to publish cannot be read.', 'Send an array of 1 to 200 objects {"id": "…", "version": 1}, each question once.');

-- A definer only to refuse: whoever may publish is decided by the policies of questions.
create function private.questions_to_publish(questions jsonb)
returns table (id uuid, version int, place bigint)
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  if not private.is_staff() then
    perform private.raise_error('staff_only');
  end if;
  if jsonb_typeof(questions_to_publish.questions) is distinct from 'array' then
    perform private.raise_error('invalid_publication');
  end if;
  if jsonb_array_length(questions_to_publish.questions) not between 1 and 200
     or exists (
       select from jsonb_array_elements(questions_to_publish.questions) as q
       where jsonb_typeof(q) <> 'object'
          or jsonb_typeof(q -> 'id') is distinct from 'string'
          or q ->> 'id' !~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
          or jsonb_typeof(q -> 'version') is distinct from 'number'
          -- At most 999,999,999: a version rises by one with each change.
          or q ->> 'version' !~ '^[1-9][0-9]{0,8}$')
     or (select count(distinct lower(q ->> 'id')) from jsonb_array_elements(questions_to_publish.questions) as q)
        <> jsonb_array_length(questions_to_publish.questions) then
    perform private.raise_error('invalid_publication');
  end if;
  return query
    select (q.value ->> 'id')::uuid, (q.value ->> 'version')::int, q.ordinality
    from jsonb_array_elements(questions_to_publish.questions) with ordinality as q;
end
$$;

comment on function private.questions_to_publish(jsonb) is
  'Reads the argument of publish_questions; refuses callers who are not staff and lists that cannot be read.';

-- Its body is parsed here, so that the caller need not be able to name anything in private.
create function public.publish_questions(questions jsonb)
returns jsonb
language sql
security invoker
set search_path = ''
begin atomic
  -- In one order, so that two lists with the same questions wait for each other and do not deadlock.
  select q.id
  from public.questions q
  where q.id in (select wanted.id from private.questions_to_publish(publish_questions.questions) as wanted)
  order by q.id
  for update;

  -- A statement of its own: it sees what the wait above was for.
  with wanted as materialized (
    select w.id, w.place, w.version, q.version as current_version, q.status
    from private.questions_to_publish(publish_questions.questions) as w
    left join public.questions q on q.id = w.id
  ), verdict as materialized (
    select bool_and(w.current_version is not distinct from w.version) as all_as_read from wanted w
  ), changed as (
    update public.questions q
    set status = 'published'
    from wanted w, verdict v
    where q.id = w.id and w.status <> 'published' and v.all_as_read
    returning q.id, q.version
  )
  select jsonb_build_object(
    'published', coalesce(
      jsonb_agg(jsonb_build_object('id', w.id, 'version', coalesce(c.version, w.current_version)) order by w.place)
        filter (where v.all_as_read), '[]'),
    'stale', coalesce(
      jsonb_agg(jsonb_build_object('id', w.id, 'version', w.current_version) order by w.place)
        filter (where w.current_version <> w.version), '[]'),
    'missing', coalesce(
      jsonb_agg(w.id order by w.place) filter (where w.current_version is null), '[]'))
  from wanted w
  cross join verdict v
  left join changed c on c.id = w.id;
end;

comment on function public.publish_questions(jsonb) is
  'Publishes [{id, version}] if all are still as they were read: {published: [{id, version}], stale: [{id, version}], missing: [id]}. With anything stale or missing nothing is published. Staff only.';

revoke execute on function private.questions_to_publish(jsonb) from public, anon, service_role;
grant execute on function private.questions_to_publish(jsonb) to authenticated;
revoke execute on function public.publish_questions(jsonb) from public, anon, service_role;
grant execute on function public.publish_questions(jsonb) to authenticated;
