import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { FunctionsClient } from "@supabase/functions-js";
import { account, client, project, signedIn } from "./project.mjs";

const isUp = () => fetch(`${project.functions}/health`).then(() => true, () => false);

test("functions.invoke reaches the functions through the project's address", async (t) => {
  if (!(await isUp())) {
    // The gateway alone is under test then: something must answer behind it.
    t.diagnostic("the functions are not running: a stand-in answers on their port");
    const port = Number(new URL(project.functions).port);
    const server = createServer((request, response) => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ path: request.url, authorization: request.headers.authorization, status: "ok" }));
    });
    await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
    t.after(() => new Promise((resolve) => server.close(resolve)));
    const { supabase, session } = await signedIn(account("STUDENT"));
    const { data, error } = await supabase.functions.invoke("health", { method: "GET" });
    assert.equal(error, null);
    assert.equal(data.path, "/api/health");
    assert.equal(data.authorization, `Bearer ${session.access_token}`);
    return;
  }
  const { data, error } = await client().functions.invoke("health", { method: "GET" });
  assert.equal(error, null);
  assert.ok(data);
});

test("functions-js alone, at the functions' own address, reaches the same", async (t) => {
  if (!(await isUp())) {
    t.diagnostic("the functions are not running: nothing answers, which must be an error");
    assert.ok((await new FunctionsClient(project.functions).invoke("health", { method: "GET" })).error);
    return;
  }
  const direct = new FunctionsClient(project.functions, { headers: { apikey: project.publishable } });
  const here = await direct.invoke("health", { method: "GET" });
  assert.equal(here.error, null);
  const there = await client().functions.invoke("health", { method: "GET" });
  assert.deepEqual(Object.keys(here.data), Object.keys(there.data));
});

test("a function's refusal arrives as an error with its status and body", async (t) => {
  if (!(await isUp())) {
    t.diagnostic("the functions are not running: nothing answers, which must be an error too");
    const { error } = await client().functions.invoke("generate-questions", { body: {} });
    assert.equal(error.context.status, 503);
    return;
  }
  const { supabase } = await signedIn(account("STUDENT"));
  const { data, error } = await supabase.functions.invoke("generate-questions", { body: { count: 1 } });
  assert.equal(data, null);
  assert.equal(error.context.status, 403);
  assert.ok((await error.context.json()).code);
});
