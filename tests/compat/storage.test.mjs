import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { client, newAccount, ok, openDatabase, project, signedIn } from "./project.mjs";

const sql = openDatabase();
const bucket = `compat-${randomUUID().slice(0, 8)}`;
const pdf = Buffer.from("%PDF-1.7\nétudiant\n%%EOF\n");
const service = client(project.secret);

before(async () => {
  ok(await service.storage.createBucket(bucket, { public: false, fileSizeLimit: 1024, allowedMimeTypes: ["application/pdf"] }));
  // Each person has a folder named by their id.
  await sql.unsafe(`
    create policy "${bucket} own read" on storage.objects for select to authenticated
      using (bucket_id = '${bucket}' and (storage.foldername(name))[1] = (select auth.uid())::text);
    create policy "${bucket} own insert" on storage.objects for insert to authenticated
      with check (bucket_id = '${bucket}' and (storage.foldername(name))[1] = (select auth.uid())::text);
    create policy "${bucket} own update" on storage.objects for update to authenticated
      using (bucket_id = '${bucket}' and (storage.foldername(name))[1] = (select auth.uid())::text);
    create policy "${bucket} own delete" on storage.objects for delete to authenticated
      using (bucket_id = '${bucket}' and (storage.foldername(name))[1] = (select auth.uid())::text);
  `);
});

after(async () => {
  await service.storage.emptyBucket(bucket);
  await service.storage.deleteBucket(bucket);
  for (const what of ["read", "insert", "update", "delete"]) {
    await sql.unsafe(`drop policy if exists "${bucket} own ${what}" on storage.objects`);
  }
  await sql.end();
});

/** Somebody with one file in their folder. */
async function owner(t) {
  const person = await newAccount(t);
  const { supabase, session } = await signedIn(person);
  const files = supabase.storage.from(bucket);
  const path = `${person.id}/cours é.pdf`;
  const uploaded = ok(await files.upload(path, pdf, { contentType: "application/pdf" }));
  t.after(() => service.storage.from(bucket).remove([path]));
  return { files, path, uploaded, token: session.access_token, id: person.id };
}

const bytes = async (blob) => Buffer.from(await blob.arrayBuffer());

test("what is uploaded is downloaded, byte for byte, by its owner", async (t) => {
  const { files, path, uploaded } = await owner(t);
  assert.equal(uploaded.path, path);
  assert.deepEqual(await bytes(ok(await files.download(path))), pdf);
});

test("a Blob uploads as a Buffer does", async (t) => {
  const { files, id } = await owner(t);
  const path = `${id}/blob.pdf`;
  ok(await files.upload(path, new Blob([pdf], { type: "application/pdf" }), { contentType: "application/pdf" }));
  assert.deepEqual(await bytes(ok(await files.download(path))), pdf);
  assert.equal(ok(await files.info(path)).metadata?.mimetype ?? "application/pdf", "application/pdf");
  ok(await files.remove([path]));
});

test("strangers and visitors neither read nor write it; the secret key reads it", async (t) => {
  const { path, id } = await owner(t);
  const stranger = await owner(t);
  for (const files of [stranger.files, client().storage.from(bucket)]) {
    assert.ok((await files.download(path)).error);
    assert.ok((await files.createSignedUrl(path, 60)).error);
    assert.ok((await files.upload(`${id}/forged.pdf`, pdf, { contentType: "application/pdf" })).error);
    assert.ok((await files.upload(path, Buffer.from("%PDF-x"), { contentType: "application/pdf", upsert: true })).error);
    await files.remove([path]);
  }
  assert.deepEqual(await bytes(ok(await service.storage.from(bucket).download(path))), pdf);
});

test("the bucket's type and size limits hold", async (t) => {
  const { files, id } = await owner(t);
  assert.ok((await files.upload(`${id}/page.html`, Buffer.from("<p>"), { contentType: "text/html" })).error);
  assert.ok((await files.upload(`${id}/big.pdf`, Buffer.alloc(2048), { contentType: "application/pdf" })).error);
  assert.equal((await files.exists(`${id}/big.pdf`)).data, false);
});

test("a second upload of a name is refused unless it replaces", async (t) => {
  const { files, path } = await owner(t);
  const again = await files.upload(path, pdf, { contentType: "application/pdf" });
  assert.equal(String(again.error.statusCode), "409");
  const other = Buffer.from("%PDF-1.7 other");
  ok(await files.upload(path, other, { contentType: "application/pdf", upsert: true }));
  assert.deepEqual(await bytes(ok(await files.download(path))), other);
});

test("a signed URL opens the file without any key, and only that file", async (t) => {
  const { files, path, id } = await owner(t);
  const { signedUrl } = ok(await files.createSignedUrl(path, 60));
  assert.ok(signedUrl.startsWith(`${project.url}/storage/v1/object/sign/`), signedUrl);
  const answer = await fetch(signedUrl);
  assert.equal(answer.status, 200);
  assert.deepEqual(Buffer.from(await answer.arrayBuffer()), pdf);
  assert.notEqual((await fetch(signedUrl.replace(encodeURIComponent("cours é"), "other"))).status, 200);
  assert.notEqual((await fetch(signedUrl.split("?")[0])).status, 200);
  const many = ok(await files.createSignedUrls([path, `${id}/none.pdf`], 60));
  assert.equal((await fetch(many[0].signedUrl)).status, 200);
  assert.ok(many[1].error);
});

test("a signed upload URL takes one file without a session", async (t) => {
  const { files, id } = await owner(t);
  const path = `${id}/signed.pdf`;
  const { token } = ok(await files.createSignedUploadUrl(path));
  ok(await client().storage.from(bucket).uploadToSignedUrl(path, token, pdf, { contentType: "application/pdf" }));
  assert.deepEqual(await bytes(ok(await files.download(path))), pdf);
  ok(await files.remove([path]));
});

test("the authenticated path, as other clients write it", async (t) => {
  const { path, token } = await owner(t);
  const url = `${project.url}/storage/v1/object/authenticated/${bucket}/${encodeURI(path)}`;
  const get = (headers) => fetch(url, { headers: { apikey: project.publishable, ...headers } });
  const answer = await get({ authorization: `Bearer ${token}` });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("content-type"), "application/pdf");
  assert.deepEqual(Buffer.from(await answer.arrayBuffer()), pdf);
  assert.notEqual((await get({})).status, 200);
});

test("list, exists, move, copy and remove", async (t) => {
  const { files, path, id } = await owner(t);
  const names = async () => ok(await files.list(id)).map(({ name }) => name).sort();
  assert.deepEqual(await names(), ["cours é.pdf"]);
  ok(await files.copy(path, `${id}/copy.pdf`));
  ok(await files.move(`${id}/copy.pdf`, `${id}/moved.pdf`));
  assert.deepEqual(await names(), ["cours é.pdf", "moved.pdf"]);
  assert.equal((await files.exists(`${id}/moved.pdf`)).data, true);
  assert.deepEqual(await bytes(ok(await files.download(`${id}/moved.pdf`))), pdf);
  ok(await files.remove([`${id}/moved.pdf`]));
  assert.deepEqual(await names(), ["cours é.pdf"]);
});
