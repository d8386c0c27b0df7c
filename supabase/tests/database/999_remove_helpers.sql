-- The database is left as it was found.
drop schema tests cascade;

select '1..1';
select 'ok 1 - the helpers are gone';
