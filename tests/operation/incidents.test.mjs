// Faults of kind 5xx are reported to the address of SENTRY_DSN. The Worker of the test stack is
// told one on this machine, where this test listens. It runs alone: it makes the database wait.

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import postgres from 'postgres'
import { call, createStudent } from '../functions/project.mjs'

const { DATABASE_URL, SENTRY_DSN } = process.env

test('an answer of kind 5xx is reported, with its request id and without personal data', { timeout: 60_000 }, async (t) => {
  if (!DATABASE_URL || !SENTRY_DSN) return t.skip('needs the database and a Worker that reports to this machine')
  let take
  const reported = new Promise((resolve) => { take = resolve })
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const piece of request) body += piece
    response.end('{}')
    take({ path: request.url, headers: request.headers, body })
  })
  await new Promise((resolve) => server.listen(Number(new URL(SENTRY_DSN).port), '127.0.0.1', resolve))
  const database = postgres(DATABASE_URL, { max: 1 })
  const student = await createStudent('Awa Mbeng')
  const ask = () => call('/account/export', { method: 'GET', token: student.token })
  let answer
  try {
    // A table that is locked answers nobody: what a database that is stuck looks like.
    await database.begin(async (sql) => {
      await sql`lock table public.consents in access exclusive mode`
      answer = await ask()
    })
    assert.deepEqual([answer.status, answer.body.code], [503, 'service_unavailable'])
    assert.ok(answer.headers.get('retry-after'))

    const { path, headers, body } = await reported
    assert.equal(path, '/api/1/envelope/')
    assert.equal(headers['content-type'], 'application/x-sentry-envelope')
    assert.match(headers['x-sentry-auth'], /sentry_version=7, .*sentry_key=key/)
    const [header, item, event] = body.trim().split('\n').map((line) => JSON.parse(line))
    assert.equal(item.type, 'event')
    assert.equal(event.event_id, header.event_id)
    assert.equal(event.transaction, 'GET /api/account/export')
    assert.deepEqual(event.tags, { 'http.status': '503', 'request.id': answer.body.request_id })
    for (const personal of ['Mbeng', student.id, student.token]) assert.ok(!body.includes(personal), body)
    assert.equal((await ask()).status, 200, 'the next request is served')
  } finally {
    await database.end()
    server.closeAllConnections()
    server.close()
  }
})
