// What the Worker says of itself: the OpenAPI document, its page, and its health.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { call, functionsUrl } from '../functions/project.mjs'

test('the document is the one in docs/, and is not sent twice', async () => {
  const { status, headers, body } = await call('/openapi.json', { method: 'GET' })
  assert.equal(status, 200)
  assert.deepEqual(body, JSON.parse(readFileSync(new URL('../../docs/openapi.json', import.meta.url))))
  const again = await call('/openapi.json', { method: 'GET', headers: { 'if-none-match': headers.get('etag') } })
  assert.deepEqual([again.status, again.body], [304, null])
})

test('the page may run its own script and nothing else', async () => {
  const answer = await fetch(`${functionsUrl}/docs`)
  const page = await answer.text()
  assert.equal(answer.status, 200)
  const policy = answer.headers.get('content-security-policy')
  for (const part of ['style', 'script']) {
    const [, text] = page.match(new RegExp(`<${part}>(.*)</${part}>`, 's'))
    assert.ok(policy.includes(`${part}-src 'sha256-${createHash('sha256').update(text).digest('base64')}'`), policy)
  }
})

test('every documented route is routed, with the methods that are documented', async () => {
  const { body } = await call('/openapi.json', { method: 'GET' })
  for (const [path, item] of Object.entries(body.paths)) {
    const address = path.replace(/^\/api/, '').replace(/\{\w+\}/g, '33333333-3333-4333-8333-333333333333')
    const { status, headers } = await call(address, { method: 'PATCH' })
    assert.equal(status, 405, path)
    const allowed = headers.get('allow').split(',').map((method) => method.trim().toLowerCase()).filter((method) => method !== 'head')
    assert.deepEqual(allowed.sort(), Object.keys(item).sort(), path)
  }
})

test('deep health names each service of the project, and keeps its answer', async () => {
  const { status, body } = await call('/health?deep=1', { method: 'GET' })
  assert.equal(status, 200, JSON.stringify(body))
  assert.equal(body.status, 'ok')
  assert.deepEqual(body.checks.map(({ name, status }) => [name, status]), [['database', 'ok'], ['auth_keys', 'ok'], ['storage', 'ok']])
  for (const { latency_ms } of body.checks) assert.ok(latency_ms >= 0 && latency_ms < 3000)
  assert.match(body.providers.openai, /^(not_)?configured$/)
  const started = performance.now()
  const many = await Promise.all(Array.from({ length: 50 }, () => call('/health?deep=1', { method: 'GET' })))
  assert.ok(many.every((answer) => answer.status === 200))
  console.log(`50 deep health requests in ${Math.round(performance.now() - started)} ms`)
  assert.equal((await call('/health?deep=2', { method: 'GET' })).status, 422)
})
