-- The answer says to whom it goes, so that the Worker can pass it on as it stands.
create or replace function public.send_message(
  recipient text, message_type text, language text default null, data jsonb default '{}', dedupe_key text default null)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  caller uuid := auth.uid();
  person uuid;
  spoken text;
  message public.outbound_messages;
begin
  perform private.require_staff();
  if send_message.recipient is null or send_message.recipient !~ '^\+[1-9][0-9]{6,14}$' then
    perform private.raise_error('invalid_recipient');
  end if;
  if coalesce(send_message.message_type, '') not in (
       'registration_confirmation', 'pre_test_result', 'post_test_result', 'masterclass_reminder', 'validation', 'custom')
     or coalesce(send_message.language, 'fr') not in ('fr', 'en')
     or jsonb_typeof(send_message.data) is distinct from 'object'
     or octet_length(send_message.data::text) > 16384
     or length(send_message.dedupe_key) not between 1 and 200 then
    perform private.raise_error('invalid_message');
  end if;

  -- Whose number it is, where that is certain.
  select (array_agg(p.id))[1], min(p.language) into person, spoken
  from public.profiles p
  where regexp_replace(p.whatsapp_number, '^\+2410(\d{8})$', '+241\1')
      = regexp_replace(send_message.recipient, '^\+2410(\d{8})$', '+241\1')
  having count(*) = 1;

  message := private.enqueue_message(
    'send:' || caller || ':' || coalesce(send_message.dedupe_key, gen_random_uuid()::text),
    send_message.message_type, 'whatsapp', send_message.recipient, coalesce(send_message.language, spoken, 'fr'),
    send_message.data, person, requested_by => caller);
  if (message.recipient, message.message_type, message.data)
     is distinct from (send_message.recipient, send_message.message_type, send_message.data) then
    perform private.raise_error('dedupe_key_conflict');
  end if;
  return jsonb_build_object('id', message.id, 'state', message.state, 'code', message.last_error, 'to', message.recipient);
end
$$;

comment on function public.send_message(text, text, text, jsonb, text) is
  'Writes a WhatsApp message to a number in E.164: {id, state, code, to}; code is opted_out when it was cancelled at once. Staff only.';
