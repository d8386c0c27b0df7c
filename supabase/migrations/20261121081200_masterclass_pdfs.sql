-- The PDFs of the masterclasses: a private bucket for staff. Objects are named <masterclass id>/<file>.pdf.

insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
values ('masterclass-pdfs', 'masterclass-pdfs', false, 52428800, array['application/pdf'])
on conflict (id) do update
set public = excluded.public,
    file_size_limit = excluded.file_size_limit,
    allowed_mime_types = excluded.allowed_mime_types;

create policy "staff read masterclass PDFs"
  on storage.objects for select to authenticated
  using (bucket_id = 'masterclass-pdfs' and (select private.is_staff()));

create policy "staff upload masterclass PDFs"
  on storage.objects for insert to authenticated
  with check (
    bucket_id = 'masterclass-pdfs'
    and (select private.is_staff())
    and lower(storage.extension(name)) = 'pdf'
    and cardinality(storage.foldername(name)) = 1
    and (storage.foldername(name))[1] in (select m.id::text from public.masterclasses m));

create policy "staff replace masterclass PDFs"
  on storage.objects for update to authenticated
  using (bucket_id = 'masterclass-pdfs' and (select private.is_staff()))
  with check (
    bucket_id = 'masterclass-pdfs'
    and (select private.is_staff())
    and lower(storage.extension(name)) = 'pdf'
    and cardinality(storage.foldername(name)) = 1
    and (storage.foldername(name))[1] in (select m.id::text from public.masterclasses m));

create policy "staff delete masterclass PDFs"
  on storage.objects for delete to authenticated
  using (bucket_id = 'masterclass-pdfs' and (select private.is_staff()));
