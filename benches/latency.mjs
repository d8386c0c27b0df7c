// How long the functions take, over HTTP: `cargo xtask bench latency` starts a stack of its own
// for this and passes its addresses. Each route is called one call after the other, then over four
// connections at once, with the seed; then the administrator's routes again with many rows.
// Prints one JSON object. Anything but a 2xx ends it: what is refused is not what is measured.

import autocannon from 'autocannon'
import { createPrivateKey, randomUUID, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import postgres from 'postgres'

const { FUNCTIONS_URL, SUPABASE_URL, DATABASE_URL, GRIOT_BENCH_KEYS, GRIOT_BENCH_ROWS = '100000' } = process.env
const CALLS = 200
// One person may make 100 requests a minute, and all of it may fit into one.
const STAFF = 160

const database = postgres(DATABASE_URL, { max: 1, onnotice: () => {} })
const keys = JSON.parse(readFileSync(GRIOT_BENCH_KEYS))
const key = createPrivateKey(keys.signing_key)

/** An access token as Auth would sign it: signing in takes longer than what is measured. */
function token(id) {
  const now = Math.floor(Date.now() / 1000)
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = {
    iss: `${SUPABASE_URL}/auth/v1`, aud: 'authenticated', role: 'authenticated', sub: id, iat: now, exp: now + 3600,
    session_id: randomUUID(), aal: 'aal1', amr: [{ method: 'password', timestamp: now }], is_anonymous: false,
  }
  const text = `${part({ alg: 'ES256', kid: keys.key_id, typ: 'JWT' })}.${part(claims)}`
  return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

/** Accounts without a password: nobody can sign in to them. Returns their tokens. */
async function people(count, role) {
  const made = Array.from({ length: count }, () => ({ id: randomUUID() }))
  await database`insert into auth.users ${database(made.map(({ id }) => ({
    id, aud: 'authenticated', role: 'authenticated', email: `${id}@griot.test`,
  })))}`
  if (role) await database`insert into public.user_roles ${database(made.map(({ id }) => ({ user_id: id, role })))}`
  return made.map(({ id }) => token(id))
}

const seeded = '5eed0000-0000-4000-8000-000000000001'
// What is written goes here, so that the seed stays as it is.
const masterclass = randomUUID()
const text = {
  question_text: 'Combien font deux et deux ?', choices: { A: 'trois', B: 'quatre', C: 'cinq', D: 'six' }, correct_choice: 'B',
}
async function questions(count) {
  const rows = Array.from({ length: count }, () => ({ masterclass_id: masterclass, ...text, choices: database.json(text.choices) }))
  return (await database`insert into public.questions ${database(rows)} returning id, version`).map((row) => ({ ...row }))
}

/** Runs the part of psql's language that the data set is written in. */
async function load(rows) {
  const script = readFileSync(new URL('dataset.sql', import.meta.url), 'utf8').replace(/:n\b/g, rows)
  let statements = ''
  const flush = async () => {
    const answers = await database.unsafe(statements)
    statements = ''
    // Of several statements the last one's rows.
    return Array.isArray(answers.at(-1)) ? answers.at(-1) : answers
  }
  for (const line of script.split('\n')) {
    const [sql, command] = line.split(/\s*\\(?=(?:set|if|else|endif|timing|pset|echo|gexec|g)\b)/)
    // It runs in no transaction, which statements sent together are.
    if (/^vacuum\b/.test(sql)) await flush()
    statements += `${sql}\n`
    if (/^vacuum\b/.test(sql)) await flush()
    if (command?.startsWith('gexec')) {
      for (const row of await flush()) await database.unsafe(Object.values(row)[0])
    } else if (/^g\b/.test(command ?? '')) {
      statements += ';\n'
    }
  }
  await flush()
}

const next = (list) => { let at = 0; return () => list[at++ % list.length] }

async function measure(name, connections, call) {
  const times = []
  let wrong
  const result = await new Promise((resolve, reject) => {
    const run = autocannon({
      url: FUNCTIONS_URL, connections, amount: call.amount ?? CALLS, timeout: 60,
      requests: [{
        setupRequest: (request) => {
          const { method = 'GET', path, token, body, accept = '*/*' } = call()
          return {
            ...request, method, path: new URL(FUNCTIONS_URL).pathname + path,
            headers: { accept, ...(token && { authorization: `Bearer ${token}` }), ...(body && { 'content-type': 'application/json' }) },
            ...(body && { body: JSON.stringify(body) }),
          }
        },
        onResponse: (status, body) => { if (status >= 300) wrong ??= `${status} ${body.slice(0, 300)}` },
      }],
    }, (error, result) => error ? reject(error) : resolve(result))
    run.on('response', (client, status, bytes, milliseconds) => times.push(milliseconds))
  })
  if (wrong || result.errors || result.timeouts || result.non2xx) {
    throw new Error(`${name}: ${wrong ?? `${result.errors} calls were not answered`}`)
  }
  times.sort((a, b) => a - b)
  // Nearest rank.
  const percentile = (part) => Math.round(times[Math.ceil(part * times.length) - 1] * 10) / 10
  return { route: name, connections, calls: times.length, p50: percentile(0.5), p95: percentile(0.95), p99: percentile(0.99) }
}

const staff = next(await people(STAFF, 'admin'))
const as = (method, path, body, accept) => () => ({ method, path, token: staff(), body: body?.(), accept })

/** Routes whose time may depend on the number of registrations. */
function growing(student) {
  return {
    'GET /api/admin/students': as('GET', '/admin/students'),
    'GET /api/admin/students?masterclass_id&sort=gain': as('GET', `/admin/students?masterclass_id=${student.masterclass_id}&sort=gain`),
    'GET /api/admin/students?search': as('GET', `/admin/students?search=${encodeURIComponent(student.full_name.split(' ')[0])}`),
    'GET /api/admin/students?page=200': as('GET', '/admin/students?page=200'),
    'GET /api/admin/students (CSV, 100 rows)': as('GET', '/admin/students?per_page=100', undefined, 'text/csv'),
    'GET /api/admin/student/{id}': as('GET', `/admin/student/${student.user_id}`),
    'GET /api/admin/overview': as('GET', '/admin/overview'),
    'GET /api/admin/overview?masterclass_id': as('GET', `/admin/overview?masterclass_id=${student.masterclass_id}`),
    'GET /api/admin/questions': as('GET', `/admin/questions?masterclass_id=${student.masterclass_id}`),
  }
}

/** Somebody with both tests, if there is anybody. */
async function someone() {
  const [found] = await database`
    select p.id as user_id, i.masterclass_id, p.full_name from public.inscriptions i join public.profiles p on p.id = i.profile_id
    order by p.id limit 1`
  return found
}

async function all(routes, told) {
  const rows = []
  for (const [name, call] of Object.entries(routes)) {
    for (const connections of [1, 4]) {
      // The first calls fill caches and start isolates.
      await measure(name, connections, Object.assign(() => call(), { amount: Math.min(call.amount ?? 20, 20) }))
      rows.push(await measure(name, connections, call))
      const { p50, p95, p99 } = rows.at(-1)
      console.error(`  ${told}  ${name}  × ${connections}: p50 ${p50} ms, p95 ${p95} ms, p99 ${p99} ms`)
    }
  }
  return rows
}

try {
  await database`insert into public.masterclasses ${database({ id: masterclass, title: 'Mesure' })}`
  // Each of these is used up once, in four rounds.
  const uses = 2 * (CALLS + 20)
  const [changed, deleted, published] = [await questions(uses), await questions(uses), await questions(uses)].map(next)
  const leaving = next(await people(uses))
  // A student with a page of one's own, so that a small project has something to list.
  const [first] = await people(1)
  const id = JSON.parse(Buffer.from(first.split('.')[1], 'base64url')).sub
  await database`insert into public.profiles ${database({ id, full_name: 'Awa Mbeng', date_of_birth: '1998-05-17', whatsapp_number: '+24174000000' })}`
  const everything = {
    'GET /api/health': () => ({ path: '/health' }),
    'GET /api/health?deep=1': () => ({ path: '/health?deep=1' }),
    'GET /api/privacy': () => ({ path: '/privacy' }),
    'GET /api/openapi.json': () => ({ path: '/openapi.json' }),
    'GET /api/docs': () => ({ path: '/docs' }),
    'GET /api/account/export': as('GET', '/account/export'),
    'DELETE /api/account': () => ({ method: 'DELETE', path: '/account', token: leaving() }),
    'POST /api/admin/questions': as('POST', '/admin/questions', () => ({ masterclass_id: masterclass, ...text })),
    'PUT /api/admin/questions/{id}': () => {
      const { id, version } = changed()
      return { method: 'PUT', path: `/admin/questions/${id}`, token: staff(), body: { ...text, status: 'draft', version } }
    },
    'POST /api/admin/questions/publish': as('POST', '/admin/questions/publish', () => ({ questions: [published()] })),
    'DELETE /api/admin/questions/{id}': () => {
      const { id, version } = deleted()
      return { method: 'DELETE', path: `/admin/questions/${id}?version=${version}`, token: staff() }
    },
    ...growing({ user_id: id, masterclass_id: seeded, full_name: 'Awa Mbeng' }),
  }
  const seed = await all(everything, 'seed')
  console.error(`  loading ${GRIOT_BENCH_ROWS} registrations`)
  await load(GRIOT_BENCH_ROWS)
  const [{ count }] = await database`select count(*)::int from public.inscriptions`
  const many = await all(growing(await someone()), `${count} registrations`)
  console.log(JSON.stringify({
    machine: `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}`,
    node: process.version, calls: CALLS, seed, registrations: count, many,
  }))
} finally {
  await database.end()
}
