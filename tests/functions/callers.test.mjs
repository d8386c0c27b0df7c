// Who may call a function, with real tokens of the running project.

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { before, test } from 'node:test'
import { call, createStudent, signInTutor } from './project.mjs'

let tutor, student
before(async () => { [tutor, student] = await Promise.all([signInTutor(), createStudent()]) })

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
const decode = (part) => JSON.parse(Buffer.from(part, 'base64url'))

test('the Worker says that it is well, to anybody', async () => {
  const { status, body } = await call('/health', { method: 'GET' })
  assert.equal(status, 200)
  assert.equal(body.status, 'ok')
})

test('without a token there is a challenge', async () => {
  const { status, headers, body } = await call('/generate-questions', { body: {} })
  assert.equal(status, 401)
  assert.equal(headers.get('www-authenticate'), 'Bearer realm="griot"')
  assert.equal(body.code, 'unauthenticated')
  assert.equal(body.request_id, headers.get('x-request-id'))
})

test('forged tokens are refused', async () => {
  const [header, payload, signature] = tutor.token.split('.')
  const { keys } = await (await fetch(`${process.env.SUPABASE_URL}/auth/v1/.well-known/jwks.json`)).json()
  const hs256 = `${encode({ ...decode(header), alg: 'HS256' })}.${payload}`
  const forged = {
    'alg none': `${encode({ alg: 'none', typ: 'JWT' })}.${payload}.`,
    'the public key as a shared secret': `${hs256}.${createHmac('sha256', JSON.stringify(keys[0])).update(hs256).digest('base64url')}`,
    'another payload': `${header}.${encode({ ...decode(payload), sub: student.id })}.${signature}`,
    'no signature': `${header}.${payload}.`,
    'an unknown key id': `${encode({ ...decode(header), kid: 'x' })}.${payload}.${signature}`,
    garbage: 'garbage',
  }
  for (const [what, token] of Object.entries(forged)) {
    const { status, headers } = await call('/generate-questions', { token, body: {} })
    assert.equal(status, 401, what)
    assert.match(headers.get('www-authenticate'), /invalid_token/, what)
  }
})

test('the keys of the project are not people', async () => {
  for (const name of ['SUPABASE_PUBLISHABLE_KEY', 'SUPABASE_SECRET_KEY', 'SUPABASE_ANON_KEY', 'SUPABASE_SERVICE_ROLE_KEY']) {
    if (!process.env[name]) continue
    const { status } = await call('/generate-questions', { token: process.env[name], body: {} })
    assert.equal(status, 401, name)
  }
})

test('a student may not call a function for staff', async () => {
  const { status, body } = await call('/generate-questions', { token: student.token, body: { pdf_url: 'a/b' } })
  assert.equal(status, 403)
  assert.equal(body.code, 'staff_only')
})

test('unknown routes and wrong methods answer the error body, in the language asked for', async () => {
  const unknown = await call('/nothing', { method: 'GET', headers: { 'accept-language': 'en' } })
  assert.equal(unknown.status, 404)
  assert.match(unknown.body.message, /^There is nothing/)
  const wrong = await call('/generate-questions', { method: 'DELETE' })
  assert.equal(wrong.status, 405)
  assert.equal(wrong.headers.get('allow'), 'POST')
  assert.equal(wrong.body.code, 'method_not_allowed')
})
