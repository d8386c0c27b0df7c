-- What is taught.

create table public.masterclasses (
  id          uuid primary key default gen_random_uuid(),
  title       text not null check (length(btrim(title)) between 1 and 200),
  description text check (length(description) <= 10000),
  pdf_url     text check (length(pdf_url) between 1 and 2048 and pdf_url !~* '[?&]token='),
  published   boolean not null default false,
  created_at  timestamptz not null default now()
);

comment on table public.masterclasses is 'A masterclass and its PDF. Everyone sees the published ones; staff manage all.';
comment on column public.masterclasses.id is 'Identifier; also the folder of its PDF in Storage.';
comment on column public.masterclasses.title is 'Title, as learners read it.';
comment on column public.masterclasses.description is 'Presentation, as learners read it.';
comment on column public.masterclasses.pdf_url is 'Where the PDF is: an object of the bucket masterclass-pdfs or a public https address. Visitors read it, so a signed URL is refused.';
comment on column public.masterclasses.published is 'Visible to visitors and open to registration.';
comment on column public.masterclasses.created_at is 'When it was made.';

create index masterclasses_published_created_at_idx on public.masterclasses (published, created_at desc);

alter table public.masterclasses enable row level security;

revoke all on table public.masterclasses from anon, authenticated, service_role;
grant select on table public.masterclasses to anon, authenticated;
grant insert (id, title, description, pdf_url, published) on table public.masterclasses to authenticated;
grant update (title, description, pdf_url, published) on table public.masterclasses to authenticated;
grant delete on table public.masterclasses to authenticated;
grant select, insert, update, delete on table public.masterclasses to service_role;

create policy "visitors read published masterclasses"
  on public.masterclasses for select to anon
  using (published);

create policy "users read published masterclasses and staff read all"
  on public.masterclasses for select to authenticated
  using (published or (select private.is_staff()));

create policy "staff create masterclasses"
  on public.masterclasses for insert to authenticated
  with check ((select private.is_staff()));

create policy "staff change masterclasses"
  on public.masterclasses for update to authenticated
  using ((select private.is_staff()))
  with check ((select private.is_staff()));

create policy "staff delete masterclasses"
  on public.masterclasses for delete to authenticated
  using ((select private.is_staff()));
