// The project under test: read from the environment, else from `.griot/stack.env`.
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createClient } from "@supabase/supabase-js";
import postgres from "postgres";

const file = new URL("../../.griot/stack.env", import.meta.url);
const variables = { ...process.env };
if (!variables.SUPABASE_URL) {
  if (!existsSync(file)) throw new Error("no project to test: run `cargo xtask dev`, or set SUPABASE_URL and the keys");
  for (const line of readFileSync(file, "utf8").split("\n")) {
    const at = line.indexOf("=");
    if (at > 0) variables[line.slice(0, at)] = line.slice(at + 1);
  }
}

export const project = {
  url: variables.SUPABASE_URL,
  publishable: variables.SUPABASE_PUBLISHABLE_KEY,
  secret: variables.SUPABASE_SECRET_KEY,
  anon: variables.SUPABASE_ANON_KEY,
  serviceRole: variables.SUPABASE_SERVICE_ROLE_KEY,
  functions: variables.FUNCTIONS_URL,
  database: variables.DATABASE_URL,
};
export const account = (who) => ({ email: variables[`${who}_EMAIL`], password: variables[`${who}_PASSWORD`] });

const quiet = { auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false } };
/** A supabase-js client that acts with this key. */
export const client = (key = project.publishable) => createClient(project.url, key, quiet);

/** A client that somebody is signed in on. */
export async function signedIn({ email, password }) {
  const supabase = client();
  const { data, error } = await supabase.auth.signInWithPassword({ email, password });
  if (error) throw error;
  return { supabase, session: data.session, user: data.user };
}

/** An account of its own for a test, deleted when the test ends. */
export async function newAccount(t, metadata = {}) {
  const credentials = { email: `compat-${randomUUID()}@griot.test`, password: `p-${randomUUID()}` };
  const admin = client(project.secret);
  const { data, error } = await admin.auth.admin.createUser({
    ...credentials,
    email_confirm: true,
    user_metadata: metadata,
  });
  if (error) throw error;
  t.after(() => admin.auth.admin.deleteUser(data.user.id));
  return { ...credentials, id: data.user.id };
}

/** The database as its owner, for what a test must prepare. */
export function openDatabase() {
  if (!project.database) throw new Error("these tests prepare tables of their own and need DATABASE_URL");
  return postgres(project.database, { max: 2, onnotice: () => {} });
}

/** Header, payload and signature of a JWT. */
export function decode(token) {
  const [header, payload, signature] = token.split(".");
  const parse = (part) => JSON.parse(Buffer.from(part, "base64url").toString());
  return { header: parse(header), payload: parse(payload), signature };
}

/** What nobody answered wrongly: the data, or the error as an exception. */
export function ok({ data, error }) {
  if (error) throw Object.assign(new Error(`${error.code ?? ""} ${error.message}`), { cause: error });
  return data;
}
