import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { test } from "node:test";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { account, client, decode, newAccount, ok, project, signedIn } from "./project.mjs";

const asToken = (token) => ({ headers: { apikey: project.publishable, authorization: `Bearer ${token}` } });
const profiles = `${project.url}/rest/v1/profiles?select=id`;
const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

test("somebody signs up, is signed in at once and is who the server says", async (t) => {
  const supabase = client();
  const email = `compat-${randomUUID()}@griot.test`;
  const data = ok(
    await supabase.auth.signUp({ email, password: "correct horse", options: { data: { full_name: "Ève Ondo" } } }),
  );
  t.after(() => client(project.secret).auth.admin.deleteUser(data.user.id));
  assert.equal(data.user.email, email);
  assert.equal(data.session.user.user_metadata.full_name, "Ève Ondo");
  const { user } = ok(await supabase.auth.getUser());
  assert.equal(user.id, data.user.id);
});

test("a sign-up with a known address makes no second account", async (t) => {
  const known = await newAccount(t);
  const { data, error } = await client().auth.signUp({ email: known.email, password: "another password" });
  // Either answer is Auth's, depending on whether addresses are confirmed.
  assert.ok(error?.code === "user_already_exists" || data.user?.identities?.length === 0, JSON.stringify({ data, error }));
});

test("a wrong password is refused with Auth's code", async (t) => {
  const { email } = await newAccount(t);
  const { data, error } = await client().auth.signInWithPassword({ email, password: "wrong" });
  assert.equal(data.session, null);
  assert.equal(error.status, 400);
  assert.equal(error.code, "invalid_credentials");
});

test("an access token is ES256 and carries the claims of a hosted project", async (t) => {
  const { email, password, id } = await newAccount(t, { full_name: "A" });
  const { session } = await signedIn({ email, password });
  const { header, payload } = decode(session.access_token);
  assert.equal(header.alg, "ES256");
  assert.ok(header.kid);
  assert.equal(payload.iss, `${project.url}/auth/v1`);
  assert.equal(payload.sub, id);
  assert.equal(payload.aud, "authenticated");
  assert.equal(payload.role, "authenticated");
  assert.equal(payload.email, email);
  assert.equal(payload.phone, "");
  assert.equal(payload.app_metadata.provider, "email");
  assert.equal(payload.user_metadata.full_name, "A");
  assert.equal(payload.aal, "aal1");
  assert.equal(payload.amr[0].method, "password");
  assert.match(payload.session_id, /^[0-9a-f-]{36}$/);
  assert.equal(payload.is_anonymous, false);
  assert.equal(payload.exp - payload.iat, session.expires_in);
});

test("the published keys verify an access token, with jose and with getClaims", async (t) => {
  const { supabase, session, user } = await signedIn(await newAccount(t));
  const keys = createRemoteJWKSet(new URL(`${project.url}/auth/v1/.well-known/jwks.json`));
  const { payload } = await jwtVerify(session.access_token, keys, { issuer: `${project.url}/auth/v1`, audience: "authenticated" });
  assert.equal(payload.sub, user.id);
  const { claims } = ok(await supabase.auth.getClaims(session.access_token));
  assert.equal(claims.sub, user.id);
});

test("a refresh gives a new token for the same session", async (t) => {
  const { supabase, session } = await signedIn(await newAccount(t));
  const refreshed = ok(await supabase.auth.refreshSession());
  assert.notEqual(refreshed.session.refresh_token, session.refresh_token);
  const { header, payload } = decode(refreshed.session.access_token);
  assert.equal(header.alg, "ES256");
  assert.equal(payload.session_id, decode(session.access_token).payload.session_id);
});

test("somebody changes their own data and password and signs out", async (t) => {
  const mine = await newAccount(t);
  const { supabase, session } = await signedIn(mine);
  const { user } = ok(await supabase.auth.updateUser({ password: "a new password", data: { full_name: "B" } }));
  assert.equal(user.user_metadata.full_name, "B");
  await signedIn({ email: mine.email, password: "a new password" });
  assert.equal((await supabase.auth.signOut()).error, null);
  const { error } = await client().auth.refreshSession({ refresh_token: session.refresh_token });
  assert.ok(error, "the session of a signed-out user can still be refreshed");
});

test("unsigned, forged, confused and expired tokens are refused by every server", async (t) => {
  const { session } = await signedIn(await newAccount(t));
  const [head, body, signature] = session.access_token.split(".");
  const { header, payload } = decode(session.access_token);
  const foreign = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const forge = (claims) => {
    const text = `${head}.${encode(claims)}`;
    return `${text}.${sign("sha256", Buffer.from(text), { key: foreign, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
  };
  const { keys } = await (await fetch(`${project.url}/auth/v1/.well-known/jwks.json`)).json();
  const confused = `${encode({ alg: "HS256", typ: "JWT", kid: header.kid })}.${body}`;
  const tokens = {
    unsigned: `${encode({ alg: "none", typ: "JWT" })}.${body}.`,
    "another key": forge(payload),
    "changed claims": `${head}.${encode({ ...payload, role: "service_role" })}.${signature}`,
    "the public key as a secret": `${confused}.${createHmac("sha256", JSON.stringify(keys[0])).update(confused).digest("base64url")}`,
    garbage: "not.a.token",
  };
  assert.equal((await fetch(profiles, asToken(session.access_token))).status, 200);
  for (const [what, token] of Object.entries(tokens)) {
    assert.equal((await fetch(profiles, asToken(token))).status, 401, `${what} at the Data API`);
    const auth = await fetch(`${project.url}/auth/v1/user`, asToken(token));
    assert.equal(auth.status, 403, `${what} at Auth`);
    assert.equal((await auth.json()).error_code, "bad_jwt");
    const storage = await fetch(`${project.url}/storage/v1/bucket`, asToken(token));
    assert.ok([400, 401, 403].includes(storage.status), `${what} at Storage: ${storage.status}`);
  }
});

test("keys: none and unknown ones are refused, legacy ones work as the new ones do", async () => {
  const get = (headers) => fetch(`${project.url}/rest/v1/masterclasses?select=id&limit=1`, { headers });
  assert.equal((await get({})).status, 401);
  assert.equal((await get({ apikey: "sb_publishable_unknown" })).status, 401);
  assert.equal((await get({ apikey: `${project.anon}x` })).status, 401);
  assert.equal((await get({ apikey: project.publishable })).status, 200);
  assert.equal((await get({ apikey: project.anon })).status, 200);
  assert.equal((await get({ apikey: project.anon, authorization: `Bearer ${project.anon}` })).status, 200);
  for (const key of [project.secret, project.serviceRole]) {
    ok(await client(key).from("profiles").select("id").limit(1));
    ok(await client(key).auth.admin.listUsers({ page: 1, perPage: 1 }));
  }
  const { error } = await client(project.anon).from("profiles").select("id");
  assert.equal(error?.code, "42501");
});

test("the admin API makes, lists, reads, changes and deletes accounts", async () => {
  const { admin } = client(project.secret).auth;
  const email = `Compat-${randomUUID()}@griot.test`;
  const { user } = ok(await admin.createUser({ email, password: "first password", email_confirm: true, app_metadata: { plan: "x" } }));
  assert.equal(user.email, email.toLowerCase());
  assert.equal(user.app_metadata.plan, "x");
  assert.equal(user.app_metadata.provider, "email");
  assert.ok(user.email_confirmed_at);
  assert.equal((await admin.createUser({ email, password: "second password" })).error.code, "email_exists");
  const { total } = ok(await admin.listUsers({ page: 1, perPage: 1 }));
  assert.ok(total >= 4, `${total}`);
  // Two pages: supabase-js reads one digit of the last page's number.
  const page = ok(await admin.listUsers({ page: 1, perPage: total - 1 }));
  assert.equal(page.users.length, total - 1);
  assert.equal(page.lastPage, 2, JSON.stringify(page));
  assert.equal(ok(await admin.getUserById(user.id)).user.email, email.toLowerCase());
  const changed = ok(await admin.updateUserById(user.id, { password: "third password", user_metadata: { a: 1 }, app_metadata: { plan: null } }));
  assert.deepEqual(changed.user.user_metadata.a, 1);
  assert.equal("plan" in changed.user.app_metadata, false);
  await signedIn({ email, password: "third password" });
  ok(await admin.deleteUser(user.id));
  assert.equal((await admin.getUserById(user.id)).error.status, 404);
  assert.ok((await client().auth.signInWithPassword({ email, password: "third password" })).error);
});

test("the admin API is closed to everybody without the secret key", async (t) => {
  const { session } = await signedIn(account("ADMIN"));
  const list = (headers) => fetch(`${project.url}/auth/v1/admin/users`, { headers });
  assert.equal((await list({})).status, 401);
  assert.equal((await list({ apikey: project.publishable })).status, 403);
  assert.equal((await list(asToken(session.access_token).headers)).status, 403);
  const mixed = { apikey: project.secret, authorization: `Bearer ${session.access_token}` };
  assert.equal((await list(mixed)).status, 403);
  t.diagnostic("tried without a key, with the publishable key, as an administrator, and with both");
});

test("a browser's preflight is answered", async () => {
  const answer = await fetch(`${project.url}/rest/v1/profiles`, {
    method: "OPTIONS",
    headers: { origin: "http://localhost:3000", "access-control-request-method": "POST", "access-control-request-headers": "apikey,content-profile" },
  });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("access-control-allow-origin"), "*");
  assert.match(answer.headers.get("access-control-allow-headers"), /content-profile/);
});
