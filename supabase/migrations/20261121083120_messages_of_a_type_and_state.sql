-- Messages of a type in a state are counted in the index alone: to a thousand of them, without looking each up.
drop index public.outbound_messages_type_idx;
create index outbound_messages_type_idx on public.outbound_messages (message_type, created_at, sequence) include (state);
