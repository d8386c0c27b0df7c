// Messages, from the fact to the provider's book and back: the Worker in workerd, the database, and
// stand-ins that fail as told.

import assert from 'node:assert/strict'
import { createHmac, randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { call, createStaff, createStudent } from '../functions/project.mjs'
import { accepted, control, look, missing, newNumber, openOutbox, secrets, until } from './stage.mjs'

const options = { skip: missing, timeout: 120_000 }

test('messages', options, async (t) => {
  const sql = await openOutbox(t)
  for (const provider of ['whapi', 'resend']) await control('DELETE', provider)
  const staff = await createStaff()
  const write = (to, data = { text: 'Bonjour' }, more = {}) =>
    call('/send-whatsapp', { token: staff.token, body: { to, messageType: 'custom', data }, ...more })
  const state = async (id) => (await sql`select * from public.outbound_messages where id = ${id}`)[0]
  const comesTo = (id, ...states) => until(async () => {
    const row = await state(id)
    return states.includes(row.state) && row
  })

  await t.test('what staff write is sent once, with its reference, and shown with its history', async () => {
    const to = newNumber()
    const key = { headers: { 'idempotency-key': randomUUID() } }
    const first = await write(to, undefined, key)
    assert.deepEqual([first.status, first.body.to], [202, to])
    const again = await write(to, undefined, key)
    assert.equal(again.body.id, first.body.id)
    const other = await write(to, { text: 'Autre' }, key)
    assert.deepEqual([other.status, other.body.code], [409, 'dedupe_key_conflict'])
    await comesTo(first.body.id, 'sent', 'delivered', 'read')
    const [message, ...more] = await accepted(to)
    assert.equal(more.length, 0)
    assert.match(message.body, /Bonjour[^]*\nRéf\. [0-9A-Z]{4}-[0-9A-Z]{4}$/)
    const shown = await call(`/admin/outbound-messages/${first.body.id}`, { method: 'GET', token: staff.token })
    assert.deepEqual(shown.body.history.slice(0, 3).map(({ to }) => to), ['queued', 'sending', 'sent'])
    assert.equal(shown.body.provider_message_id, message.id)
    const listed = await call(`/admin/outbound-messages?recipient=${encodeURIComponent(to)}`, { method: 'GET', token: staff.token })
    assert.deepEqual(listed.body.messages.map(({ id }) => id), [first.body.id])
  })

  await t.test('a cut connection leaves nobody in doubt: sent is found, not sent is sent', async () => {
    for (const fault of ['cut_after', 'cut_before', { error_after: { status: 500 } }]) {
      const to = newNumber()
      await control('POST', 'whapi', { faults: [fault] })
      const { body } = await write(to)
      const row = await comesTo(body.id, 'sent', 'delivered', 'read')
      const book = await accepted(to)
      assert.equal(book.length, 1, JSON.stringify(fault))
      assert.equal(row.provider_message_id, book[0].id)
      const history = await sql`select to_state from public.outbound_message_events where message_id = ${body.id} order by id`
      assert.ok(history.some(({ to_state }) => to_state === 'uncertain'), JSON.stringify(fault))
    }
  })

  await t.test('a refusal is final, is shown with its reason, and may be tried again by staff', async () => {
    const to = newNumber()
    await control('POST', 'whapi', { faults: [{ reject: { status: 403, message: 'blocked' } }] })
    const { body } = await write(to)
    const row = await comesTo(body.id, 'failed')
    assert.deepEqual([row.last_error, row.attempts], ['forbidden', 1])
    const again = await call('/admin/outbound-messages/retry', { token: staff.token, body: { ids: [body.id] } })
    assert.equal(again.body.messages[0].done, true)
    await comesTo(body.id, 'sent', 'delivered', 'read')
    assert.equal((await accepted(to)).length, 1)
  })

  await t.test('STOP ends messages to a number, START brings them back; states move forward only', async () => {
    const to = newNumber()
    const hook = (body, secret = secrets.whapi) =>
      call('/hooks/whapi', { body, headers: { 'x-webhook-secret': secret } })
    const say = (text, at) => hook({ messages: [{
      id: `in-${randomUUID()}`, from_me: false, type: 'text', chat_id: `${to.slice(1)}@s.whatsapp.net`, from: to.slice(1),
      timestamp: at, text: { body: text },
    }] })
    const now = Math.floor(Date.now() / 1000)
    assert.equal((await hook({}, 'wrong')).status, 401)
    assert.equal((await say('Arrêt !', now - 20)).body.keywords, 1)
    const stopped = await write(to)
    assert.deepEqual([stopped.body.state, stopped.body.code], ['cancelled', 'opted_out'])
    assert.equal((await say('start', now - 10)).body.keywords, 1)
    const { body } = await write(to)
    const { provider_message_id: id } = await comesTo(body.id, 'sent', 'delivered', 'read')
    const status = (name) => hook({ statuses: [{ id, status: name, timestamp: String(now) }] })
    await status('read')
    assert.equal((await status('delivered')).body.applied, 0)
    assert.equal((await state(body.id)).state, 'read')
    assert.equal((await hook({ statuses: [{ id: `nobody-${randomUUID()}`, status: 'sent', timestamp: '1' }] })).body.unknown, 1)
  })

  await t.test('a number WhatsApp does not know is written to by e-mail', async () => {
    const student = await createStudent()
    const to = newNumber()
    await student.client.from('profiles').update({ whatsapp_number: to }).eq('id', student.id)
    await control('POST', 'whapi/settings', { unknown: [to.slice(1)] })
    const { body } = await write(to)
    await comesTo(body.id, 'failed')
    const [fallback] = await sql`select * from public.outbound_messages where fallback_for = ${body.id}`
    await comesTo(fallback.id, 'sent')
    const book = await control('GET', 'resend/book')
    assert.equal(book.filter(({ key }) => key === fallback.id).length, 1)
  })

  await t.test('Supabase Auth has its e-mails written, once for each call', async () => {
    const email = `${randomUUID()}@griot.test`
    const body = JSON.stringify({
      user: { id: randomUUID(), email, user_metadata: { language: 'fr' } },
      email_data: { token: '123456', token_hash: 'hash', email_action_type: 'recovery', redirect_to: 'https://academy.example/' },
    })
    const ask = (id, sign = true) => {
      const at = String(Math.floor(Date.now() / 1000))
      const key = Buffer.from(secrets.auth.replace('v1,whsec_', ''), 'base64')
      const signature = createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64')
      return call('/hooks/auth-email', { body, headers: {
        'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': at,
        'webhook-signature': `v1,${sign ? signature : 'AAAA'}`,
      } })
    }
    assert.equal((await ask('msg', false)).status, 401)
    const id = randomUUID()
    for (let n = 0; n < 3; n++) {
      const answer = await ask(id)
      assert.deepEqual([answer.status, answer.body], [200, {}])
    }
    const sent = await until(async () =>
      (await control('GET', 'resend/book')).filter(({ to }) => to === email).at(0))
    await look()
    assert.match(sent.text, /\/auth\/v1\/verify\?token=hash&type=recovery&redirect_to=/)
    const rows = await sql`select * from public.outbound_messages where recipient = ${email}`
    assert.deepEqual(rows.map(({ data }) => data), [{}], 'staff do not read the link')
  })

  await t.test('health says how late messages are', async () => {
    const { body } = await call('/health?deep=1', { method: 'GET' })
    assert.equal(typeof body.outbox.oldest_due_seconds, 'number')
    assert.deepEqual([body.providers.whapi, body.providers.resend], ['configured', 'configured'])
  })
})
