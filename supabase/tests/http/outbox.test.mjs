// The outbox when many write, claim and record at the same moment. With e-mails that their people have
// just asked for: those are neither held back at night nor counted.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { asService, asVisitor, cleanUp, createMasterclass, createUser, openTest, responses } from './client.mjs'

after(cleanUp)

const times = (n, request) => Promise.all(Array.from({ length: n }, (_, k) => request(k)))
const rpc = (name, args) => asService('POST', `/rest/v1/rpc/${name}`, args)
const write = (key, email = `${randomUUID()}@griot.test`) => rpc('enqueue_auth_email', {
  webhook_id: key, user_id: null, email, message_type: 'magic_link', language: 'fr', data: { link: 'https://griot.test/' },
})

/** Claims until nothing is left; gives back what belongs to others. */
async function claim(dispatcher, ids, most = 100) {
  const claimed = []
  for (;;) {
    const { messages } = await rpc('claim_outbound_messages', { dispatcher, max_messages: most, lease_seconds: 600 })
    if (!messages.length) break
    claimed.push(...messages)
  }
  const others = claimed.filter((m) => !ids.has(m.id))
  if (others.length) {
    await rpc('record_outbound_results', { dispatcher, results: others.map(({ id }) => ({ id, outcome: 'not_sent' })) })
  }
  return claimed.filter((m) => ids.has(m.id)).map((m) => ({ ...m, dispatcher }))
}

const accept = (dispatcher, messages) => rpc('record_outbound_results', {
  dispatcher, results: messages.map(({ id }) => ({ id, outcome: 'accepted', provider_message_id: `p-${id}` })),
})

test('twenty deliveries of one hook write one e-mail', async () => {
  const key = randomUUID()
  const answers = await times(20, () => write(key))
  assert.equal(new Set(answers.map((a) => a.id)).size, 1)
  const ids = new Set([answers[0].id])
  const [message] = await claim('one', ids)
  await accept('one', [message])
})

test('ten dispatchers at once: each message goes to one of them, each moment to one message', async () => {
  // Five a second, for the next five seconds: those of the test after this have their place too.
  const written = await times(15, () => write(randomUUID()))
  const ids = new Set(written.map((w) => w.id))
  const claimed = (await times(10, (n) => claim(`dispatcher-${n}`, ids, 10))).flat()
  assert.equal(new Set(claimed.map((m) => m.id)).size, claimed.length, 'nothing is claimed twice')
  assert.equal(claimed.length, ids.size, 'nothing is left')
  assert.ok(new Set(claimed.map((m) => m.dispatcher)).size > 1, 'several took part')
  // The moments are given away one after the other, across all dispatchers.
  const staff = await createUser('tuteur')
  const { body } = await staff.call('GET', `/outbound_messages?select=attempt_started_at&id=in.(${[...ids]})`)
  const moments = body.map((m) => Date.parse(m.attempt_started_at)).sort((a, b) => a - b)
  assert.equal(moments.length, 15)
  for (let n = 1; n < moments.length; n += 1) assert.ok(moments[n] - moments[n - 1] >= 199, `${moments[n] - moments[n - 1]} ms`)
  for (const message of claimed) await accept(message.dispatcher, [message])
})

test('a delivery that overtakes the record of its sending is not lost', async () => {
  const written = await times(8, () => write(randomUUID()))
  const ids = new Set(written.map((w) => w.id))
  const messages = await claim('overtaken', ids)
  assert.equal(messages.length, 8)
  await Promise.all(messages.flatMap((message) => [
    accept('overtaken', [message]),
    rpc('record_delivery_statuses', { statuses: [{ provider_message_id: `p-${message.id}`, status: 'delivered', at: new Date().toISOString() }] }),
  ]))
  const staff = await createUser('tuteur')
  const { body } = await staff.call('GET', `/outbound_messages?select=state&id=in.(${[...ids]})`)
  assert.deepEqual(new Set(body.map((m) => m.state)), new Set(['delivered']))
})

test('twenty toggles of a validation tell it once', async () => {
  const student = await createUser()
  const masterclass = await createMasterclass()
  const pre = await openTest(student, masterclass)
  const { body } = await student.rpc('register_for_masterclass',
    { masterclass_id: masterclass.id, responses: responses(pre, masterclass, false) })
  await times(20, (n) => asService('PATCH', `/rest/v1/inscriptions?id=eq.${body.inscription_id}`, { validated: n % 2 === 0 }))
  await asService('PATCH', `/rest/v1/inscriptions?id=eq.${body.inscription_id}`, { validated: true })
  const staff = await createUser('tuteur')
  const written = (await staff.call('GET', `/outbound_messages?select=message_type&profile_id=eq.${student.id}&order=sequence`)).body
  assert.deepEqual(written.map((m) => m.message_type), ['registration_confirmation', 'pre_test_result', 'validation'])
  const listed = await staff.rpc('list_outbound_messages', { person: student.id })
  assert.equal(listed.body.total, 3)
})

test('the outbox is closed', async () => {
  const student = await createUser()
  assert.equal((await asVisitor('GET', '/rest/v1/outbound_messages')).status, 401)
  assert.deepEqual((await student.call('GET', '/outbound_messages')).body, [])
  assert.equal((await student.rpc('list_outbound_messages', {})).body.code, 'staff_only')
  assert.equal((await student.rpc('claim_outbound_messages', { dispatcher: 'me' })).status, 403)
  assert.equal((await student.rpc('record_keyword', { number: '24174000000', stop: true })).status, 403)
  assert.equal(typeof (await asVisitor('POST', '/rest/v1/rpc/outbound_health', {})).body, 'number')
})
