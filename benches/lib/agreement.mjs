// Before a round counts: Griot and its peer give the same answers to the same requests.

import assert from 'node:assert/strict'
import { token } from './tokens.mjs'

const HEADERS = ['content-type', 'cache-control', 'www-authenticate', 'retry-after', 'access-control-allow-origin']

/** Sends each request (`{ name, method, path, headers, body, status }`) to both; they must answer alike, with this status. */
export async function agree({ griot, twin }, requests) {
  for (const request of requests) {
    const [ours, theirs] = await Promise.all([ask(griot, request), ask(twin, request)])
    assert.equal(ours.status, request.status, `${request.name}: ${JSON.stringify(ours.body)}`)
    assert.deepEqual(theirs, ours, `${request.name}: the peer answers otherwise than Griot`)
  }
  console.error(`  ${requests.length} answers agree`)
}

async function ask(url, { method = 'GET', path, headers = {}, body }) {
  const answer = await fetch(`${url}${path}`, { method, headers, body })
  const text = await answer.text()
  const said = Object.fromEntries(HEADERS.map((name) => [name, answer.headers.get(name)?.toLowerCase().replace('; charset=utf-8', '') ?? null]))
  const link = answer.headers.get('link')
  return { status: answer.status, headers: { ...said, link: link && readable(link) }, body: normal(JSON.parse(text)) }
}

/** Without what is new each time, and without the words of a library. */
function normal(body) {
  if (body.code === 'invalid_request' || body.code === 'malformed_json') body.details = null
  // A message that was written: another id, and it may be on its way already.
  if (body.state && body.to) Object.assign(body, { id: 'an id', state: 'a state', code: 'a code' })
  if ('request_id' in body) body.request_id = body.request_id ? 'an id' : null
  if (body.links) body.links = { next: body.links.next && readable(body.links.next), previous: body.links.previous && readable(body.links.previous) }
  return body
}

/** Cursors are JSON, in which white space and the order of members say nothing. */
const readable = (text) => text.replace(/cursor=([\w-]+)/g, (_, cursor) =>
  JSON.stringify(Object.entries(JSON.parse(Buffer.from(cursor, 'base64url').toString())).sort()))

/** What every endpoint for people who are signed in refuses, and for whom it is not. */
export function refusals({ method, path, headers = {}, body }, given, staff, student) {
  const as = (name, bearer, status) => ({
    name: `${path}: ${name}`, status, method, path, body, headers: { ...headers, ...(bearer && { authorization: `Bearer ${bearer}` }) },
  })
  const [head, claims, signature] = staff.token.split('.')
  const other = (changes) => token(given, staff.id, changes)
  return [
    as('no token', null, 401),
    as('garbage', 'garbage', 401),
    as('an expired token', other({ exp: Math.floor(Date.now() / 1000) - 60 }), 401),
    as('another issuer', other({ iss: 'https://elsewhere.example/auth/v1' }), 401),
    as('another audience', other({ aud: 'elsewhere' }), 401),
    as('not a person', other({ role: 'service_role' }), 401),
    as('a wrong signature', `${head}.${claims}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`, 401),
    as('not for students', student.token, 403),
  ]
}
