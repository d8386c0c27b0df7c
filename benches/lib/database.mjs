// The database behind what is measured: accounts, and registrations in great number.

import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import postgres from 'postgres'
import { token } from './tokens.mjs'

/** A connection as its owner. */
export const connect = ({ database_url }) => postgres(database_url, { max: 1, onnotice: () => {} })

/** Accounts without a password: nobody can sign in to them. Returns their ids and access tokens. */
export async function people(database, given, count, role) {
  const ids = Array.from({ length: count }, () => randomUUID())
  await database`insert into auth.users ${database(ids.map((id) => ({
    id, aud: 'authenticated', role: 'authenticated', email: `${id}@griot.test`,
  })))}`
  if (role) await database`insert into public.user_roles ${database(ids.map((id) => ({ user_id: id, role })))}`
  return ids.map((id) => ({ id, token: token(given, id) }))
}

/** Fills the database with so many registrations (`benches/dataset.sql`), unless it has them. */
export async function load(database, registrations) {
  const [{ count }] = await database`select count(*)::int from public.inscriptions where id::text like 'be4cbe4c%'`
  if (count !== registrations) await fill(database, 'dataset.sql', registrations)
}

/** Runs a file of `benches/` with `n` rows, of whose language, psql's, this knows the part that it is written in. */
export async function fill(database, file, n) {
  const script = readFileSync(new URL(`../${file}`, import.meta.url), 'utf8').replace(/:n\b/g, n)
  let statements = ''
  const flush = async () => {
    const answers = await database.unsafe(statements)
    statements = ''
    // Of several statements the last one's rows.
    return Array.isArray(answers.at(-1)) ? answers.at(-1) : answers
  }
  for (const line of script.split('\n')) {
    const [sql, command] = line.split(/\s*\\(?=(?:set|if|else|endif|timing|pset|echo|gexec|g)\b)/)
    // It runs in no transaction, which statements sent together are.
    if (/^vacuum\b/.test(sql)) await flush()
    statements += `${sql}\n`
    if (/^vacuum\b/.test(sql)) await flush()
    if (command?.startsWith('gexec')) {
      for (const row of await flush()) await database.unsafe(Object.values(row)[0])
    } else if (/^g\b/.test(command ?? '')) {
      statements += ';\n'
    }
  }
  await flush()
}
