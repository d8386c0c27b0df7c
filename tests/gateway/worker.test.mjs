// What only the Worker itself can show, in a workerd of its own: it goes on after a trap, and it does not wait for
// ever for a project that does not answer.

import assert from 'node:assert/strict'
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import program from 'workerd'
import { token } from '../../benches/lib/tokens.mjs'
import { worker } from '../../benches/lib/workerd.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const file = (path) => `${root}/${path}`

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const keys = { key_id: randomUUID(), signing_key: privateKey.export({ type: 'pkcs8', format: 'pem' }) }

/** A project that publishes its keys, and says nothing else. */
const project = createServer((request, response) => {
  if (request.url !== '/auth/v1/.well-known/jwks.json') return project.emit('waiting', request)
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: keys.key_id, alg: 'ES256', use: 'sig' }] }))
})

let griot, supabase_url

before(async () => {
  project.listen(0, '127.0.0.1')
  await once(project, 'listening')
  supabase_url = `http://127.0.0.1:${project.address().port}`
  griot = await worker({ root, workerd: program.default }, 'trapping', [
    ['functions/gateway/trapping.mjs', 'esModule', file('tests/gateway/trapping.mjs')],
    ['functions/gateway/entry.mjs', 'esModule', file('functions/gateway/entry.mjs')],
    ['crates/document-module/instance.mjs', 'esModule', file('crates/document-module/instance.mjs')],
    ['build/document.wasm', 'wasm', file('build/document.wasm')],
    ['build/index.js', 'esModule', file('build/index.js')],
    ['build/index_bg.wasm', 'wasm', file('build/index_bg.wasm')],
  ], { SUPABASE_URL: supabase_url, SUPABASE_PUBLISHABLE_KEY: 'sb_publishable_test' })()
})

after(async () => {
  await griot?.stop()
  project.closeAllConnections()
  project.close()
})

const status = async (path) => (await fetch(`${griot.url}${path}`)).status

test('after a trap a new instance serves the next request, each time', { timeout: 60_000 }, async () => {
  for (let round = 0; round < 3; round++) {
    assert.equal(await status('/api/health'), 200)
    assert.equal(await status('/trap'), 500)
    assert.deepEqual(await Promise.all(Array.from({ length: 5 }, () => status('/api/health'))), Array(5).fill(200))
  }
})

test('a project that does not answer is given up, with an answer', { timeout: 60_000 }, async () => {
  const waiting = once(project, 'waiting')
  const asked = fetch(`${griot.url}/api/admin/overview`, {
    headers: { authorization: `Bearer ${token({ keys, supabase_url }, randomUUID())}` },
  })
  const [request] = await waiting
  assert.equal(request.url, '/rest/v1/rpc/masterclass_overview')
  const hungUp = once(request.socket, 'close')
  const answer = await asked
  assert.deepEqual([answer.status, (await answer.json()).code], [503, 'service_unavailable'])
  await hungUp
})
