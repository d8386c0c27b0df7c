// What only the Worker itself can show, in a workerd of its own: it goes on after a trap, and it does not wait for
// ever for a project that does not answer.

import assert from 'node:assert/strict'
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
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
  const { url, stop } = await worker({ root, workerd }, name, [
    ['functions/gateway/trapping.mjs', 'esModule', file('tests/gateway/trapping.mjs')],
    ['functions/gateway/entry.mjs', 'esModule', file('functions/gateway/entry.mjs')],
    ['crates/document-module/instance.mjs', 'esModule', file('crates/document-module/instance.mjs')],
    ['build/document.wasm', 'wasm', file('build/document.wasm')],
    ['build/index.js', 'esModule', file('build/index.js')],
    ['build/index_bg.wasm', 'wasm', file('build/index_bg.wasm')],
  ], { SUPABASE_URL: supabase_url, SUPABASE_PUBLISHABLE_KEY: 'sb_publishable_test' })()
  t.after(stop)
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
})
