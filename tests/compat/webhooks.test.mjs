import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { test } from "node:test";
import { openDatabase } from "./project.mjs";

test("a trigger that calls http_request delivers each change, unchanged SQL of a hosted project", async (t) => {
  const received = [];
  const waiting = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    response.end();
    received.push({ method: request.method, secret: request.headers["x-secret"], type: request.headers["content-type"], body: JSON.parse(body) });
    waiting.splice(0).forEach((wake) => wake());
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const sql = openDatabase();
  const table = `compat_hooked_${randomUUID().slice(0, 8)}`;
  t.after(async () => {
    await sql.unsafe(`drop table if exists public.${table}`);
    await sql.end();
    await new Promise((resolve) => server.close(resolve));
  });
  const next = async (count) => {
    while (received.length < count) await new Promise((resolve) => waiting.push(resolve));
    return received[count - 1];
  };
  await sql.unsafe(`
    create table public.${table} (id int primary key, name text);
    create trigger hook after insert or update or delete on public.${table}
    for each row execute function supabase_functions.http_request(
      'http://127.0.0.1:${server.address().port}/hook', 'POST',
      '{"Content-Type":"application/json","x-secret":"s3"}', '{}', '2000');
  `);
  const common = { table, schema: "public" };

  await sql.unsafe(`insert into public.${table} values (1, 'é')`);
  assert.deepEqual(await next(1), {
    method: "POST",
    secret: "s3",
    type: "application/json",
    body: { type: "INSERT", ...common, record: { id: 1, name: "é" }, old_record: null },
  });
  await sql.unsafe(`update public.${table} set name = 'b'`);
  assert.deepEqual((await next(2)).body, { type: "UPDATE", ...common, record: { id: 1, name: "b" }, old_record: { id: 1, name: "é" } });
  await sql.unsafe(`delete from public.${table}`);
  assert.deepEqual((await next(3)).body, { type: "DELETE", ...common, record: null, old_record: { id: 1, name: "b" } });

  const rolledBack = sql.unsafe(`do $$ begin insert into public.${table} values (2, 'x'); raise exception 'no'; end $$`);
  await assert.rejects(rolledBack, /no/);
  await sql.unsafe(`insert into public.${table} values (3, 'kept')`);
  assert.equal((await next(4)).body.record.name, "kept", "a change that was rolled back is not told");
});
