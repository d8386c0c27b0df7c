// What only the Worker itself can show, in a workerd of its own: it goes on after a trap, and it does not wait for
// ever for a project that does not answer. And what its files must not show.

import assert from 'node:assert/strict'
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { token } from '../../benches/lib/tokens.mjs'
import { worker } from '../../benches/lib/workerd.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const file = (path) => `${root}/${path}`
// The one that wrangler brings.
const { default: workerd } = createRequire(createRequire(import.meta.url).resolve('wrangler/package.json'))('workerd')

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const keys = { key_id: randomUUID(), signing_key: privateKey.export({ type: 'pkcs8', format: 'pem' }) }

/** A Worker with these variables, `/trap` of which traps; where it is. */
async function start(t, name, variables) {
  const { url, stop } = await worker({ root, workerd }, name, [
    ['functions/gateway/trapping.mjs', 'esModule', file('tests/gateway/trapping.mjs')],
    ['functions/gateway/entry.mjs', 'esModule', file('functions/gateway/entry.mjs')],
    ['crates/document-module/instance.mjs', 'esModule', file('crates/document-module/instance.mjs')],
    ['build/document.wasm', 'wasm', file('build/document.wasm')],
    ['build/index.js', 'esModule', file('build/index.js')],
    ['build/index_bg.wasm', 'wasm', file('build/index_bg.wasm')],
  ], { SUPABASE_PUBLISHABLE_KEY: 'sb_publishable_test', ...variables })()
  t.after(stop)
  return url
}

/**
 * A Worker, `/trap` of which traps, and its project, which publishes its keys and says nothing else. `overview()` gives
 * the answer once it comes, `{ status, code, seconds }`, and the call to the project that is under way.
 */
async function stage(t, name) {
  const project = createServer((request, response) => {
    if (request.url !== '/auth/v1/.well-known/jwks.json') return project.emit('waiting', request)
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: keys.key_id, alg: 'ES256', use: 'sig' }] }))
  })
  project.listen(0, '127.0.0.1')
  await once(project, 'listening')
  t.after(() => {
    project.closeAllConnections()
    project.close()
  })
  const supabase_url = `http://127.0.0.1:${project.address().port}`
  const url = await start(t, name, { SUPABASE_URL: supabase_url })
  return {
    status: async (path) => (await fetch(`${url}${path}`)).status,
    overview: async () => {
      const began = performance.now()
      const headers = { authorization: `Bearer ${token({ keys, supabase_url }, randomUUID())}` }
      const answer = fetch(`${url}/api/admin/overview`, { headers }).then(async (answer) => {
        const body = await answer.text()
        const seconds = (performance.now() - began) / 1000
        return { status: answer.status, code: body.startsWith('{') ? JSON.parse(body).code : null, seconds }
      })
      const call = await Promise.race([once(project, 'waiting').then(([request]) => request), answer])
      assert.equal(call.url, '/rest/v1/rpc/masterclass_overview', JSON.stringify(call.code))
      return { answer, call }
    },
  }
}

describe('the Worker', { concurrency: true, timeout: 60_000 }, () => {
  test('after a trap a new instance serves the next request; what was under way ends', async (t) => {
    const { status, overview } = await stage(t, 'trapping')
    const { answer } = await overview()
    for (let round = 0; round < 3; round++) {
      assert.equal(await status('/api/health'), 200)
      assert.equal(await status('/trap'), 500)
      assert.deepEqual(await Promise.all(Array.from({ length: 5 }, () => status('/api/health'))), Array(5).fill(200))
    }
    assert.equal((await answer).status, 500)
    assert.equal(await status('/api/health'), 200)
  })

  test('a project that does not answer is given up after 15 seconds, with an answer', async (t) => {
    const { overview } = await stage(t, 'waiting')
    const { answer, call } = await overview()
    const hungUp = once(call.socket, 'close')
    const { status, code, seconds } = await answer
    assert.deepEqual([status, code], [503, 'service_unavailable'])
    assert.ok(seconds >= 14.5, `given up after ${seconds} s`)
    await hungUp
  })

  test('what a provider refuses is recorded with the wait it asks for, what it cuts off as uncertain', async (t) => {
    const answers = [
      (response) => response.writeHead(429, { 'retry-after': '7', 'ratelimit-reset': '3' }).end('{}'),
      (response) => response.writeHead(400).end('{"error":{"message":"no such thing"}}'),
      (response) => response.writeHead(200, { 'content-length': 300_000 }).end('x'.repeat(300_000)),
      (response) => response.socket.destroy(),
      (response) => response.end('{"sent":true,"message":{"id":"PsoT.abc-gIcNRJ"}}'),
    ]
    const messages = answers.map((_, nth) => ({
      id: randomUUID(), channel: 'whatsapp', recipient: `+2417400000${nth}`, message_type: 'custom', language: 'fr', data: { text: 'Bonjour' },
      attempts: 1, urgent: false, wait_ms: 0,
    }))
    const recorded = new Map()
    let claims = 0
    // Project and provider in one.
    const server = createServer(async (request, response) => {
      const pieces = []
      for await (const piece of request) pieces.push(piece)
      const body = JSON.parse(Buffer.concat(pieces).toString())
      if (request.url === '/messages/text') return answers[Number(body.to.at(-1))](response)
      response.setHeader('content-type', 'application/json')
      if (request.url.endsWith('/claim_outbound_messages')) {
        return response.end(JSON.stringify({ messages: claims++ ? [] : messages, uncertain: [], next_due_in_ms: null }))
      }
      for (const result of body.results) recorded.set(result.id, result)
      response.end('{}')
      if (recorded.size === messages.length) server.emit('recorded')
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => {
      server.closeAllConnections()
      server.close()
    })
    const here = `http://127.0.0.1:${server.address().port}`
    const url = await start(t, 'refusing', {
      SUPABASE_URL: here, SUPABASE_SECRET_KEY: 'sb_secret_test', WHAPI_BASE_URL: here, WHAPI_TOKEN: 'test', WEBHOOK_SECRET: 'test',
    })
    const all = once(server, 'recorded')
    const answer = await fetch(`${url}/api/hooks/database`, { method: 'POST', headers: { 'x-webhook-secret': 'test' }, body: '{}' })
    assert.equal(answer.status, 202)
    await all
    const of = (nth) => {
      const { outcome, code, retry_after_seconds, provider_message_id } = recorded.get(messages[nth].id)
      return { outcome, code, retry_after_seconds, provider_message_id }
    }
    const nothing = { code: undefined, retry_after_seconds: undefined, provider_message_id: undefined }
    assert.deepEqual(messages.map((_, nth) => of(nth)), [
      { ...nothing, outcome: 'retry', code: 'rate_limited', retry_after_seconds: 7 },
      { ...nothing, outcome: 'refused', code: 'bad_request' },
      // Longer than any answer of Whapi's.
      { ...nothing, outcome: 'uncertain', code: 'unreadable_answer' },
      { ...nothing, outcome: 'uncertain', code: 'connection_lost' },
      { ...nothing, outcome: 'accepted', provider_message_id: 'PsoT.abc-gIcNRJ' },
    ])
  })
})

test('what is deployed names no folder of the machine that built it', () => {
  const folders = [resolve(root), process.env.CARGO_HOME || join(homedir(), '.cargo')]
  for (const name of ['index.js', 'index_bg.wasm', 'document.wasm']) {
    const bytes = readFileSync(file(`build/${name}`))
    for (const folder of folders) assert.ok(!bytes.includes(`${folder}/`), `${name} names ${folder}`)
  }
})
