// `cargo xtask bench send`: POST /api/send-whatsapp with a provider that answers at once, beside the TypeScript
// peer. Both write the message into the outbox, answer, and send what is due afterwards.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { agree, refusals } from './lib/agreement.mjs'
import { beside, together } from './lib/beside.mjs'
import { connect, people } from './lib/database.mjs'
import { given, peer, print } from './lib/given.mjs'
import { generator } from './lib/load.mjs'
import { comparison, figure } from './lib/stats.mjs'

const { quick, processes, griot, twin, supabase_url, publishable_key, provider, provider_control } = given
const PATH = '/api/send-whatsapp'
const database = connect(given)
const generate = generator()

let last = Math.floor(Math.random() * 900_000)
/** Somebody else each time: one person's messages go one after the other. */
const number = () => `074${String(++last % 1_000_000).padStart(6, '0')}`
const e164 = (number) => `+241${number.slice(1)}`

const message = (changes = {}) => ({
  to: number(), messageType: 'pre_test_result', data: { name: 'Éloïse N\'Nang', masterclass: 'Gérer sa *trésorerie*', score: 7, max_score: 10 }, ...changes,
})

/** Until nothing waits to be sent. There is no cron here: what no dispatcher looks for stays. */
async function sent() {
  for (const began = performance.now(); performance.now() - began < 60_000;) {
    const [{ left }] = await database`select count(*)::int as left from public.outbound_messages where state in ('queued', 'sending')`
    if (left === 0) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error('messages wait that nobody sends')
}

/** Until whoever sent them rests: it claims once more, a quarter of a second after it did last, and would send another's messages. */
async function atRest() {
  await sent()
  await new Promise((resolve) => setTimeout(resolve, 500))
}

const book = async () => (await fetch(`${provider_control}/whapi/book`)).json()

const before = await database`select * from public.message_channels`
try {
  await fetch(`${provider_control}/whapi/settings`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ latency_milliseconds: 0 }),
  })
  // How fast it may go is not what is measured.
  await database`update public.message_channels set per_second = null, per_day = null, quiet_from = null, quiet_until = null`
  const staff = await people(database, given, 20, 'admin')
  const [student] = await people(database, given, 1)
  const headers = { authorization: `Bearer ${staff[0].token}`, 'content-type': 'application/json' }
  const asked = (name, body, status, more = {}) =>
    ({ name, status, method: 'POST', path: PATH, headers: { ...headers, ...more }, body: typeof body === 'string' ? body : JSON.stringify(body) })
  const data = (data, messageType = 'pre_test_result') => message({ messageType, data })
  const good = message().data
  await agree(given, [
    asked('good', message({ to: '074 00 00 01' }), 202),
    asked('in English', message({ to: '+241 74 00 00 02', language: 'en' }), 202),
    asked('another country', message({ to: '+229 01 97 00 00 00' }), 202),
    asked('another JSON', message(), 202, { 'content-type': 'application/vnd.api+json; charset=utf-8' }),
    ...[{ 'accept-language': 'fr' }, { 'accept-language': 'en' }].flatMap((more) => [
      asked('no number', message({ to: ' ' }), 422, more), asked('letters', message({ to: 'zéro sept' }), 422, more),
      asked('too short', message({ to: '074 00' }), 422, more), asked('no country', message({ to: '+999 74 00 00 00' }), 422, more),
      asked('no object', data([1]), 422, more), asked('nothing', data({}), 422, more),
      asked('null', data({ ...good, name: null }), 422, more), asked('empty', data({ ...good, name: ' ' }), 422, more),
      asked('unknown variable', data({ ...good, colour: 'blue' }), 422, more), asked('too long', data({ ...good, name: 'é'.repeat(201) }), 422, more),
      asked('no text', data({ ...good, name: 7 }), 422, more), asked('half a point', data({ ...good, score: 1.5 }), 422, more),
      asked('too good', data({ ...good, score: 11 }), 422, more), asked('no link', data({ ...good, link: 'javascript:x' }), 422, more),
    ]),
    asked('no such message', message({ messageType: 'verify_email' }), 422), asked('no such language', message({ language: 'es' }), 422),
    asked('no such field', message({ at: 'noon' }), 422), asked('a field is missing', { to: number() }, 422), asked('a list', '[]', 422),
    asked('no JSON', '{', 400), asked('no content type', message(), 415, { 'content-type': 'text/plain' }),
    asked('a large body', data({ ...good, name: 'x'.repeat(70_000) }), 413),
    asked('an empty key', message(), 422, { 'idempotency-key': '' }), asked('a long key', message(), 422, { 'idempotency-key': 'x'.repeat(201) }),
    ...refusals({ method: 'POST', path: PATH, headers: { 'content-type': 'application/json' }, body: JSON.stringify(message()) }, given, staff[0], student),
  ])
  await replayed(headers)
  await theSameWords(headers)

  const requests = (make) => Array.from({ length: 4_000 }, (_, nth) => make(staff[nth % staff.length].token))
  const post = (token) => ({ method: 'POST', path: PATH, headers: { ...headers, authorization: `Bearer ${token}` }, body: JSON.stringify(message()) })
  const bare = (token) => ({
    method: 'POST', path: '/rest/v1/rpc/send_message',
    headers: { authorization: `Bearer ${token}`, apikey: publishable_key, accept: 'application/json', 'content-type': 'application/json' },
    body: JSON.stringify({ recipient: e164(number()), message_type: 'pre_test_result', data: good }),
  })
  const targets = {
    griot: { processes: processes.griot, requests: requests(post) },
    twin: { processes: processes.twin, requests: requests(post) },
    bare: { url: supabase_url, requests: requests(bare) },
    least: { processes: processes.least, requests: requests(bare) },
    provider: {
      url: provider,
      requests: requests(() => ({
        method: 'POST', path: '/messages/text', headers: { authorization: 'Bearer bench', 'content-type': 'application/json' },
        body: JSON.stringify({ to: e164(number()).slice(1), body: 'Bonjour Éloïse, votre résultat : 7/10.', no_link_preview: true }),
      })),
    },
  }
  const settle = async (name, answer) => {
    if (name === 'bare') {
      // Nobody was told to send these.
      await database`delete from public.outbound_messages where state = 'queued'`
      return
    }
    if (name === 'provider') {
      // It keeps all that it was ever asked.
      assert.ok((await fetch(`${provider_control}/whapi`, { method: 'DELETE' })).ok)
      return
    }
    const began = performance.now()
    await sent()
    const took = answer.calls / answer.throughput + (performance.now() - began) / 1000
    answer.delivered = answer.calls / took
    await atRest()
  }
  // Longer slices than elsewhere: messages go out up to a quarter of a second after the last answer, when they are due together.
  const result = await beside(generate, 'write and answer', targets, quick, { settle, ...(!quick && { seconds: 2, rounds: 9 }) })
  const delivered = (name) => result.busy[name].map((one) => one.delivered)
  const besideTwin = (name) => comparison(delivered(name).map((one, nth) => one / delivered('twin')[nth]))
  const ratios = besideTwin('griot')
  result.figures.push(figure('griot, until the provider has them', delivered('griot'), 'messages/s'),
    figure('twin, until the provider has them', delivered('twin'), 'messages/s'),
    figure('least, until the provider has them', delivered('least'), 'messages/s'))
  result.targets.push({
    what: `until the provider has them: times the peer's messages per second (the same pace without checks and texts: ${besideTwin('least').ratio})`, wanted: '≥ 1.2', measured: ratios.ratio, met: ratios.ratio >= 1.2,
  })
  print(together([result], {
    title: `POST ${PATH}`,
    notes: [
      'Both verify the token, check number and variables, write the message through send_message as the caller, answer 202, and then claim, render, send and record what is due, which goes on while other requests come.',
      'Bare: the call of send_message alone. Least: a Worker that makes that call under a deadline, answers with the headers of ours and a line of log, and then claims, sends and records, at the pace of Griot, without any check or template. Provider: the bare call of the stand-in for Whapi. Pace, quiet hours and daily limits are off.',
      'Slices are longer than elsewhere: of a short one the quarter of a second that Griot lets messages come together would be a good part.',
    ],
    versions: { ...peer },
  }))
} finally {
  for (const { channel, per_second, per_day, quiet_from, quiet_until } of before) {
    await database`update public.message_channels set ${database({ per_second, per_day, quiet_from, quiet_until })} where channel = ${channel}`
  }
  generate.stop()
  await database.end()
}

/** The same key again writes nothing new, whoever is asked; for another message it is refused. */
async function replayed(headers) {
  const key = randomUUID()
  const body = message()
  const ask = async (url, body) => {
    const answer = await fetch(`${url}${PATH}`, { method: 'POST', headers: { ...headers, 'idempotency-key': key }, body: JSON.stringify(body) })
    return [answer.status, await answer.json()]
  }
  const [status, { id }] = await ask(griot, body)
  assert.equal(status, 202)
  for (const url of [twin, griot]) assert.equal((await ask(url, body))[1].id, id)
  for (const url of [twin, griot]) assert.deepEqual((await ask(url, message())).map((part) => part.code ?? part), [409, 'dedupe_key_conflict'])
}

/** What arrives says the same, for each type of message and language. */
async function theSameWords(headers) {
  const name = 'Éloïse *N\'Nang*'
  const course = { name, masterclass: 'Gérer_sa trésorerie' }
  const kinds = {
    registration_confirmation: { ...course, link: 'https://example.org/a?b=c' },
    pre_test_result: { ...course, score: 0, max_score: 10 },
    post_test_result: { ...course, score: 9, max_score: 10, gain: 0.756 },
    masterclass_reminder: { ...course, date: '2026-12-01', time: '18:30:00', time_zone: 'Africa/Libreville' },
    validation: course,
    custom: { text: 'Bonjour à tous,\n*la salle* a changé.', name },
  }
  const pairs = []
  for (const language of ['fr', 'en']) {
    for (const [messageType, data] of Object.entries(kinds)) {
      const pair = [number(), number()]
      for (const [nth, url] of [griot, twin].entries()) {
        const body = JSON.stringify({ to: pair[nth], messageType, data, language })
        assert.equal((await fetch(`${url}${PATH}`, { method: 'POST', headers, body })).status, 202)
        // Whoever wrote it sends it.
        await atRest()
      }
      pairs.push({ messageType, language, pair })
    }
  }
  const accepted = new Map((await book()).map(({ to, body }) => [to, body.replace(/(R[ée]f\.) \S+$/, '$1')]))
  for (const { messageType, language, pair } of pairs) {
    const [ours, theirs] = pair.map((number) => accepted.get(e164(number).slice(1)))
    assert.ok(ours, `${messageType} ${language} did not arrive`)
    assert.equal(theirs, ours, `${messageType} ${language}`)
  }
}
