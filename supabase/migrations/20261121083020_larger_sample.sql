-- How a search goes about it depends on how many match, which the planner guesses from a sample of the texts.
-- A sample of a hundred, as usual, misses a name that one in fifty has once in eight times; one of a thousand
-- practically never does.
alter table private.student_records alter column search_text set statistics 1000;
analyze private.student_records (search_text);
