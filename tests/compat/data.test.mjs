import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { client, newAccount, ok, openDatabase, project, signedIn } from "./project.mjs";

const sql = openDatabase();
const suffix = randomUUID().slice(0, 8);
const [authors, notes, add] = [`compat_authors_${suffix}`, `compat_notes_${suffix}`, `compat_add_${suffix}`];
let service;

before(async () => {
  await sql.unsafe(`
    create table public.${authors} (id uuid primary key default auth.uid(), name text not null unique);
    create table public.${notes} (
      id int primary key, author_id uuid not null references public.${authors} (id), body text, public boolean not null default false);
    alter table public.${authors} enable row level security;
    alter table public.${notes} enable row level security;
    create policy "everybody reads authors" on public.${authors} for select to anon, authenticated using (true);
    create policy "everybody reads public notes" on public.${notes} for select to anon, authenticated using (public);
    create policy "authors read theirs" on public.${notes} for select to authenticated using (author_id = (select auth.uid()));
    create policy "authors write theirs" on public.${notes} for insert to authenticated with check (author_id = (select auth.uid()));
    create policy "authors change theirs" on public.${notes} for update to authenticated
      using (author_id = (select auth.uid())) with check (author_id = (select auth.uid()));
    create policy "authors delete theirs" on public.${notes} for delete to authenticated using (author_id = (select auth.uid()));
    create function public.${add}(a int, b int) returns int language sql as 'select a + b';
    grant select on public.${authors}, public.${notes} to anon;
    grant all on public.${authors}, public.${notes} to authenticated, service_role;
    grant execute on function public.${add} to anon, authenticated, service_role;
  `);
  service = client(project.secret);
  // PostgREST hears of the tables a moment later.
  for (let tries = 0; tries < 100; tries += 1) {
    const { error } = await service.rpc(add, { a: 1, b: 1 });
    if (!error) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("PostgREST did not see the new tables within 5 s");
});

after(async () => {
  await sql.unsafe(`drop table if exists public.${notes}, public.${authors} cascade; drop function if exists public.${add}`);
  await sql.end();
});

/** An author with three notes, the first of them public. */
async function author(t) {
  const person = await newAccount(t);
  const name = `author ${person.id}`;
  ok(await service.from(authors).insert({ id: person.id, name }));
  t.after(async () => {
    await sql`delete from ${sql(notes)} where author_id = ${person.id}`;
    await sql`delete from ${sql(authors)} where id = ${person.id}`;
  });
  const first = Math.floor(Math.random() * 1e9);
  const rows = [0, 1, 2].map((n) => ({ id: first + n, author_id: person.id, body: `note ${n}`, public: n === 0 }));
  ok(await service.from(notes).insert(rows));
  return { ...person, name, rows, ...(await signedIn(person)) };
}

test("each role sees its rows: visitor, owner, stranger, service", async (t) => {
  const owner = await author(t);
  const stranger = await author(t);
  const seen = async (supabase) => ok(await supabase.from(notes).select("id").eq("author_id", owner.id)).length;
  assert.equal(await seen(client()), 1);
  assert.equal(await seen(owner.supabase), 3);
  assert.equal(await seen(stranger.supabase), 1);
  assert.equal(await seen(service), 3);
});

test("nobody writes in another's name", async (t) => {
  const [owner, stranger] = [await author(t), await author(t)];
  const forged = await stranger.supabase.from(notes).insert({ id: 1, author_id: owner.id, body: "forged" });
  assert.equal(forged.error.code, "42501");
  assert.equal((await client().from(notes).insert({ id: 2, author_id: owner.id })).error.code, "42501");
  const changed = ok(await stranger.supabase.from(notes).update({ body: "x" }).eq("author_id", owner.id).select());
  assert.deepEqual(changed, []);
});

test("embeds follow foreign keys both ways and obey policies", async (t) => {
  const owner = await author(t);
  const [row] = ok(await client().from(authors).select(`name, ${notes}(id, body)`).eq("id", owner.id));
  assert.equal(row.name, owner.name);
  assert.deepEqual(row[notes], [{ id: owner.rows[0].id, body: "note 0" }]);
  const note = ok(await owner.supabase.from(notes).select(`body, author:${authors}(name)`).eq("id", owner.rows[1].id).single());
  assert.deepEqual(note, { body: "note 1", author: { name: owner.name } });
  const inner = ok(await owner.supabase.from(authors).select(`name, ${notes}!inner(id)`).eq(`${notes}.body`, "note 2"));
  assert.deepEqual(inner.map(({ name }) => name), [owner.name]);
});

test("single wants exactly one row, maybeSingle at most one", async (t) => {
  const { supabase, rows, id } = await author(t);
  const one = ok(await supabase.from(notes).select("body").eq("id", rows[0].id).single());
  assert.equal(one.body, "note 0");
  const many = await supabase.from(notes).select().eq("author_id", id).single();
  assert.equal(many.error.code, "PGRST116");
  assert.equal(many.status, 406);
  assert.equal(ok(await supabase.from(notes).select().eq("id", -1).maybeSingle()), null);
});

test("counts and ranges are exact", async (t) => {
  const { supabase, id } = await author(t);
  const head = await supabase.from(notes).select("*", { count: "exact", head: true }).eq("author_id", id);
  assert.deepEqual([head.count, head.data], [3, null]);
  const page = await supabase.from(notes).select("body", { count: "exact" }).eq("author_id", id).order("id").range(1, 2);
  assert.deepEqual([page.count, page.data.map(({ body }) => body)], [3, ["note 1", "note 2"]]);
  const beyond = await supabase.from(notes).select("body", { count: "exact" }).eq("author_id", id).range(10, 20);
  assert.equal(beyond.status, 416);
});

test("filters and order", async (t) => {
  const { supabase, id, rows } = await author(t);
  const ids = async (query) => ok(await query).map((row) => row.id - rows[0].id);
  const from = () => supabase.from(notes).select("id").eq("author_id", id).order("id", { ascending: false });
  assert.deepEqual(await ids(from()), [2, 1, 0]);
  assert.deepEqual(await ids(from().ilike("body", "NOTE 1")), [1]);
  assert.deepEqual(await ids(from().in("body", ["note 0", "note 2"])), [2, 0]);
  assert.deepEqual(await ids(from().or("body.eq.note 0,public.is.true")), [0]);
  assert.deepEqual(await ids(from().not("public", "is", true).limit(1)), [2]);
});

test("insert, update and delete answer the rows they touched", async (t) => {
  const { supabase, id } = await author(t);
  const made = ok(await supabase.from(notes).insert({ id: -7, author_id: id, body: "é" }).select().single());
  assert.equal(made.body, "é");
  const changed = ok(await supabase.from(notes).update({ body: "è" }).eq("id", -7).select("body"));
  assert.deepEqual(changed, [{ body: "è" }]);
  assert.equal((await supabase.from(notes).insert({ id: -7, author_id: id })).error.code, "23505");
  assert.deepEqual(ok(await supabase.from(notes).delete().eq("id", -7).select("id")), [{ id: -7 }]);
});

test("upsert changes what is there and can leave it alone", async (t) => {
  const { supabase, id, rows } = await author(t);
  const row = { ...rows[1], body: "upserted" };
  assert.equal(ok(await supabase.from(notes).upsert(row).select().single()).body, "upserted");
  ok(await supabase.from(notes).upsert({ ...row, body: "ignored" }, { onConflict: "id", ignoreDuplicates: true }));
  assert.equal(ok(await supabase.from(notes).select("body").eq("id", row.id).single()).body, "upserted");
  assert.equal(ok(await supabase.from(notes).select("id").eq("author_id", id)).length, 3);
});

test("rpc calls a function with named parameters", async () => {
  assert.equal(ok(await client().rpc(add, { a: 2, b: 40 })), 42);
  assert.equal((await client().rpc(add, { a: 2 })).error.code, "PGRST202");
});

test("the schema is described to the secret key only", async () => {
  const read = (key) => fetch(`${project.url}/rest/v1/`, { headers: { apikey: key } });
  assert.equal((await read(project.publishable)).status, 401);
  assert.equal((await read(project.secret)).status, 200);
});
