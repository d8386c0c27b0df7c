-- `Prefer: count=planned` shows the planner's estimate to anyone who may name the table, whatever the
-- policies say. With statistics on a score, a student who asks for score=gte.5, then gte.6 and so on
-- reads how a class did; likewise how many agreed to the policy, or who is staff. No query needs these.

alter table public.tests
  alter column score set statistics 0,
  alter column responses set statistics 0;

alter table public.consents
  alter column purpose set statistics 0,
  alter column version set statistics 0,
  alter column granted set statistics 0,
  alter column source set statistics 0;

alter table public.user_roles
  alter column role set statistics 0;

alter table public.masterclass_statistics
  alter column registered set statistics 0,
  alter column validated set statistics 0,
  alter column pre_taken set statistics 0,
  alter column post_taken set statistics 0;

alter table public.registration_statistics
  alter column validated set statistics 0,
  alter column registered set statistics 0;

alter table public.score_statistics
  alter column max_score set statistics 0,
  alter column pre_score set statistics 0,
  alter column post_score set statistics 0,
  alter column students set statistics 0;

alter table public.question_statistics
  alter column answers set statistics 0,
  alter column right_answers set statistics 0,
  alter column rest_sum set statistics 0,
  alter column rest_squares set statistics 0,
  alter column right_rest set statistics 0;
