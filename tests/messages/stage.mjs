// What these tests share: the Worker they talk to sends to the stand-ins of both providers
// (`tests/providers`), which are scripted here. PROVIDERS_URL names their control; without it, and the
// secrets of the hooks, these tests are skipped.

import { randomInt } from 'node:crypto'
import postgres from 'postgres'
import { functionsUrl } from '../functions/project.mjs'

const { PROVIDERS_URL, DATABASE_URL, WEBHOOK_SECRET, WHAPI_WEBHOOK_SECRET, AUTH_HOOK_SECRET } = process.env

export const missing = [PROVIDERS_URL, DATABASE_URL, WEBHOOK_SECRET, WHAPI_WEBHOOK_SECRET, AUTH_HOOK_SECRET]
  .every(Boolean) ? false : 'needs the stand-ins of the providers, the database and the secrets of the hooks'
export const secrets = { database: WEBHOOK_SECRET, whapi: WHAPI_WEBHOOK_SECRET, auth: AUTH_HOOK_SECRET }

/** The database, in as many sessions as are needed at once. */
export const connect = (max) => postgres(DATABASE_URL, { max, onnotice: () => {} })

/** The database, its channels without pace and quiet hours until the test ends. */
export async function openOutbox(t) {
  const sql = connect(2)
  const before = await sql`select * from public.message_channels`
  // What other tests left to send would take the faults that are scripted here.
  await sql`update public.outbound_messages set state = 'cancelled' where state = 'queued'`
  await sql`update public.message_channels set per_second = null, per_day = null, quiet_from = null, quiet_until = null, settle = '0'`
  t.after(async () => {
    for (const { channel, ...columns } of before) await sql`update public.message_channels set ${sql(columns)} where channel = ${channel}`
    await sql.end()
  })
  return sql
}

/** One call to the control of the stand-ins. */
export async function control(method, path, body) {
  const response = await fetch(`${PROVIDERS_URL}/_control/${path}`, {
    method, headers: { 'content-type': 'application/json' }, body: body && JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`)
  const text = await response.text()
  return text ? JSON.parse(text) : null
}

/** A number of Gabon that no other test writes to. */
export const newNumber = () => `+24174${String(randomInt(1e6)).padStart(6, '0')}`

/** What WhatsApp has accepted for this number. */
export const accepted = async (number) =>
  (await control('GET', 'whapi/book')).filter(({ to }) => `+${to}` === number)

/** Tells the Worker to look, as the database does. */
export const look = () => fetch(`${functionsUrl}/hooks/database`, {
  method: 'POST',
  headers: { 'content-type': 'application/json', 'x-webhook-secret': WEBHOOK_SECRET },
  body: JSON.stringify({ type: 'INSERT', table: 'outbound_messages', schema: 'public', record: {}, old_record: null }),
})

/** Asks until the answer is something, while the Worker looks; the test's own time limit ends it. */
export async function until(ask) {
  for (;;) {
    const answer = await ask()
    if (answer) return answer
    await look()
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}
