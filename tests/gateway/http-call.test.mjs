// What `http-call` does in a Worker, in workerd: natively it is tested with the clients of the providers.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { worker } from '../../benches/lib/workerd.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const { default: workerd } = createRequire(createRequire(import.meta.url).resolve('wrangler/package.json'))('workerd')

/** Resolves once somebody who asked for `/silent` has given up. */
let gaveUp

/** What the other side does with a request, by its path. */
const server = createServer(async (request, response) => {
  const pieces = []
  for await (const piece of request) pieces.push(piece)
  const body = Buffer.concat(pieces).toString()
  const answers = {
    '/echo': () => response.end(JSON.stringify([request.method, request.headers.authorization, request.headers['content-type'], body])),
    '/eight': () => response.setHeader('content-length', 8).setHeader('link', '</nine>; rel="next"').end('12345678'),
    '/pieces': () => {
      response.write('1234')
      response.end('5678')
    },
    '/zipped': () => response.setHeader('content-encoding', 'gzip').end(gzipSync('1'.repeat(1000))),
    '/nothing': () => response.writeHead(204).end(),
    '/later': () => response.writeHead(429, { 'retry-after': '7', 'ratelimit-reset': '3' }).end('{}'),
    '/reset': () => response.writeHead(503, { 'ratelimit-reset': '3' }).end('{}'),
    '/broken': () => {
      response.writeHead(200, { 'content-length': '8' })
      response.write('1234', () => request.socket.destroy())
    },
    '/stalled': () => response.writeHead(200, { 'content-length': '8' }).write('1234'),
    '/silent': () => gaveUp = once(request.socket, 'close'),
    '/given-up': async () => {
      // A call that is still open keeps its connection as long as its invocation lasts, which waits for this.
      const closed = await Promise.race([gaveUp.then(() => true), new Promise((resolve) => setTimeout(resolve, 2_000, false))])
      response.end(String(closed))
    },
    '/cut': () => request.socket.destroy(),
  }
  answers[request.url]()
})

describe('a call from a Worker', { timeout: 60_000 }, () => {
  let ask, stop
  before(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const started = await worker({ root, workerd }, 'calling', [
      ['tests/gateway/calling.mjs', 'esModule', `${root}/tests/gateway/calling.mjs`],
      ['crates/http-call/src/call.js', 'esModule', `${root}/crates/http-call/src/call.js`],
    ])()
    stop = started.stop
    /** What a call gives: of several, `[path, more]`, made by one invocation, the last. */
    ask = async (...calls) => {
      const [path] = calls
      const asked = (typeof path === 'string' ? [calls] : calls).map(([path, more]) =>
        ({ method: 'GET', address: `http://127.0.0.1:${server.address().port}${path}`, ...more }))
      const answer = await fetch(started.url, { method: 'POST', body: JSON.stringify(asked) })
      const told = JSON.parse(decodeURIComponent(answer.headers.get('x-answer')))
      return { ...told, ...(told.link && { passedOn: await answer.text() }) }
    }
  })
  after(async () => {
    await stop()
    server.closeAllConnections()
    server.close()
  })

  test('carries method, headers and body', async () => {
    const more = { method: 'POST', headers: { authorization: 'Bearer x', 'content-type': 'application/json' }, body: '{"é":1}' }
    const { status, body } = await ask('/echo', more)
    assert.deepEqual([status, JSON.parse(body)], [200, ['POST', 'Bearer x', 'application/json', '{"é":1}']])
  })

  test('reads a body up to its limit, however it comes', async () => {
    for (const path of ['/eight', '/pieces']) {
      assert.deepEqual(await ask(path), { status: 200, body: '12345678' }, path)
      assert.deepEqual(await ask(path, { longest: 8 }), { status: 200, body: '12345678' }, path)
      assert.deepEqual(await ask(path, { longest: 7 }), { status: 200 }, path)
    }
    assert.deepEqual(await ask('/nothing', { longest: 8 }), { status: 204, body: '' })
    // What it holds counts, not what travels.
    assert.deepEqual(await ask('/zipped', { longest: 1000 }), { status: 200, body: '1'.repeat(1000) })
    assert.deepEqual(await ask('/zipped', { longest: 999 }), { status: 200 })
  })

  test('a status is an answer where its body is not', async () => {
    for (const longest of [undefined, 7, 8]) {
      assert.deepEqual(await ask('/broken', { longest }), { status: 200 })
      assert.deepEqual(await ask('/stalled', { longest, milliseconds: 300 }), { status: 200 })
    }
  })

  test('tells how long to wait, where it was refused', async () => {
    assert.deepEqual(await ask('/later'), { status: 429, retryAfter: '7', rateLimitReset: '3', body: '{}' })
    assert.deepEqual(await ask('/reset'), { status: 503, rateLimitReset: '3', body: '{}' })
  })

  test('makes more calls than an invocation may have timers', async () => {
    assert.deepEqual(await ask('/eight', { times: 10_001 }), { status: 200, body: '12345678' })
  })

  test('the body of a success is passed on unread where that is wanted, and no other', async () => {
    assert.deepEqual(await ask('/eight', { passOn: true }), { status: 200, link: '</nine>; rel="next"', passedOn: '12345678' })
    assert.deepEqual(await ask('/later', { passOn: true }), { status: 429, retryAfter: '7', rateLimitReset: '3', body: '{}' })
  })

  test('who is late is hung up on', async () => {
    for (const longest of [undefined, 8]) {
      assert.equal((await ask(['/silent', { milliseconds: 100, longest }], ['/given-up', {}])).body, 'true')
    }
  })

  test('no answer in time is told from no answer', async () => {
    assert.deepEqual(await ask('/silent', { milliseconds: 300 }), { name: 'TimeoutError' })
    assert.deepEqual(await ask('/cut'), { name: 'Error' })
  })
})
