-- Short words among several. Where a name begins there is an X in them, so that the index was asked for two spellings, and
-- all places of each word were looked up and merged. Now one scan of the index goes through all words together.

create or replace function private.search_parameter(patterns text[])
returns text[]
language plpgsql
immutable
set search_path = ''
as $$
declare
  several constant boolean := cardinality(search_parameter.patterns) > 1;
  most constant int := case cardinality(search_parameter.patterns) when 1 then 6 when 2 then 4 else 3 end;
  pieces text[] := '{}';
  firsts text[] := '{}';
  pattern text;
  words text;
  piece text;
  letters text;
begin
  foreach pattern in array search_parameter.patterns loop
    words := substr(pattern, 2, length(pattern) - 2);
    -- With what comes before it, which tells the index where a word begins.
    select m.found[1] into piece
    from regexp_matches(coalesce(nullif(split_part(words, '@', 1), ''), words), '[^a-z0-9]?[a-z0-9]+', 'g') with ordinality as m (found, n)
    order by length(m.found[1]) desc, m.n desc limit 1;
    letters := regexp_replace(piece, '^[^a-z0-9]', '');
    -- Of four letters the last three will do where there are other words.
    if length(letters) > 4 or several and letters ~ '^[a-z]{2}..$' then
      pieces := pieces || ('%' || case when letters ~ '[0-9]$' then right(letters, least(most, length(letters) - 1))
        else substr(letters, 2, most) end || '%');
      firsts := firsts || null::text;
    else
      pieces := pieces || ('%' || coalesce(piece, words) || '%');
      firsts := firsts || case
        when letters !~ '^[a-z]{2}' then null
        when several then regexp_replace(regexp_replace(piece, '^\W', '\\\&'), '[a-z]', '\&X?')
        else '%' || regexp_replace(piece, '[a-z]', '\&X') || '%' end;
    end if;
  end loop;
  return search_parameter.patterns || pieces || firsts;
end
$$;

comment on function private.search_parameter(text[]) is
  'The patterns of a search, the pieces of them that the index is asked for, and those that may begin a name: as they do, or, of several, as a regular expression of both.';

create or replace function private.search_conditions(parameter text[], name text, whole boolean default true)
returns text[]
language plpgsql
immutable
set search_path = ''
as $$
declare
  k constant int := cardinality(search_conditions.parameter) / 3;
  conditions text[] := '{}';
begin
  for n in 1 .. k loop
    conditions := conditions || (
      format(case
        when search_conditions.parameter[2 * k + n] is null then ' and r.search_text like %1$s[%2$s]'
        when k > 1 then ' and r.search_text ~ %1$s[%3$s]'
        else ' and (r.search_text like %1$s[%2$s] or r.search_text like %1$s[%3$s])' end, search_conditions.name, k + n, 2 * k + n)
      || case when search_conditions.whole and search_conditions.parameter[k + n] <> search_conditions.parameter[n]
        then format(' and replace(r.search_text, ''X'', '''') like %s[%s]', search_conditions.name, n) else '' end);
  end loop;
  return conditions;
end
$$;

-- The planner's sample tells whole words better than pieces of them. Between first letter and second there may be an X.
create or replace function private.words_in_order(parameter text[])
returns text
language sql
immutable
set search_path = ''
return (
  select string_agg(left(regexp_replace(p.pattern, '[a-z]', '\&%'), -1), '' order by p.n) || '%'
  from unnest(words_in_order.parameter[:cardinality(words_in_order.parameter) / 3]) with ordinality as p (pattern, n));

comment on function private.words_in_order(text[]) is 'One pattern of all words in the order in which they were written.';
