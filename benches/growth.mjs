// `cargo xtask bench growth`: what each list, page and figure of the administration takes, and the claim of
// messages, at a thousand rows and at a million. Over HTTP through Griot with one connection, and beside it
// the function of the database alone, called as the same person.

import assert from 'node:assert/strict'
import postgres from 'postgres'
import { connect, fill, load, people } from './lib/database.mjs'
import { given, print } from './lib/given.mjs'
import { generator } from './lib/load.mjs'
import { figure, median, percentile, round, spread } from './lib/stats.mjs'

const { quick, griot } = given
const SIZES = quick ? [200, 1000] : [1_000, 10_000, 100_000, 1_000_000]
const ROUNDS = quick ? 1 : 9
/** Calls in a round, of each route and of each function. */
const CALLS = quick ? 3 : 15
/** The last page of the fewest rows. */
const DEEP = SIZES[0] / 20
const SEEDED = '5eed0000-0000-4000-8000-000000000001'
const FLAT = 1.5
/** A page of the same few rows whatever the number of registrations. */
const STILL = 'questions'
const AGGREGATE_MS = 200

const database = connect(given)
// Functions are called as whom they are for.
const caller = postgres(given.database_url, { max: 1, onnotice: () => {} })
const generate = generator()

async function as(id) {
  await caller.unsafe('reset role')
  await caller`select set_config('request.jwt.claims', ${JSON.stringify({ sub: id, role: 'authenticated' })}, false)`
  await caller.unsafe('set role authenticated')
}

/** A call of a function with arguments by name; answers with what it gives and the milliseconds. */
async function call(name, args) {
  const names = Object.keys(args)
  const text = `select public.${name}(${names.map((one, n) => `${one} => $${n + 1}`).join(', ')}) as answer`
  const began = performance.now()
  const [{ answer }] = await caller.unsafe(text, Object.values(args), { prepare: true })
  return { answer, ms: performance.now() - began }
}

/** What is measured, of a database of this size. `kind`: a page of a list, one thing, or a sum over all. */
async function cases(size, staff) {
  const get = async (path, query = {}) => {
    const answer = await fetch(`${griot}${url(path, query)}`, { headers: { authorization: `Bearer ${staff.token}` } })
    assert.equal(answer.status, 200, `${path} ${JSON.stringify(query)}`)
    return answer.json()
  }
  const url = (path, query) => `/api${path}?${new URLSearchParams(query)}`
  const [student] = await database`
    select p.id, p.whatsapp_number, i.masterclass_id, p.full_name
    from public.inscriptions i join public.profiles p on p.id = i.profile_id
    where i.id between 'be4cbe4c-0000-0000-0000-000000000000' and 'be4cbe4c-ffff-ffff-ffff-ffffffffffff'
      and exists (select from public.tests t where t.inscription_id = i.id and t.type = 'POST' and t.responses <> '{}')
      and exists (select from public.outbound_messages m where m.profile_id = p.id)
    order by p.id limit 1`
  // By turns, as what a search takes depends on how common the words are.
  const several = (rows, one) => ({ ...one(rows[0]), others: rows.slice(1).map(one) })
  const whose = (words) => database`
    select f.full_name, f.whatsapp_number
    from generate_series(1, ${Math.ceil(SIZES[0] * 0.8)}::int) as p
    join public.profiles f on f.id = ('be4cbe4c' || substr(md5('person' || p), 9))::uuid
    where f.full_name ~ ${`^[^ -]+( [^ ]+){${words - 1}}$`}
    order by md5(p::text) limit ${CALLS}`
  // Two words hundreds have of a million, three only a few.
  const [two, three] = await Promise.all([whose(2), whose(3)])
  const [message] = await database`select id from public.outbound_messages where dedupe_key like 'bench:%' and profile_id = ${student.id} limit 1`
  const [days] = await database`select current_date - 40 as from, current_date - 10 as to`
  const [from, to] = [days.from, days.to].map((day) => day.toISOString().slice(0, 10))
  const students = (query, accept) => ({ kind: 'page', path: '/admin/students', query, accept, sql: ['list_students', studentArguments(query)] })
  const messages = (query) => ({ kind: 'page', path: '/admin/outbound-messages', query, sql: ['list_outbound_messages', messageArguments(query)] })
  const behind = async (path, page) => Object.fromEntries(new URL((await get(path, { page: page - 1 })).links.next, griot).searchParams)
  const found = {
    'students': students({}),
    'students, by name': students({ sort: 'full_name', order: 'asc' }),
    'students, by gain': students({ sort: 'gain' }),
    'students, a masterclass by POST score': students({ masterclass_id: student.masterclass_id, sort: 'post_score' }),
    'students, not validated, by PRE score': students({ validated: false, sort: 'pre_score' }),
    'students, of a month': students({ registered_from: from, registered_to: to }),
    'students, searched by number': several(three, ({ whatsapp_number }) => students({ search: whatsapp_number })),
    'students, searched by full name': several(three, ({ full_name }) => students({ search: full_name })),
    'students, searched by name and surname': several(two, ({ full_name }) => students({ search: full_name })),
    'students, searched by first name': students({ search: 'éloïse' }),
    'students, searched by compound first name': students({ search: 'marie-claire' }),
    'students, searched by first name, in order of names': students({ search: 'éloïse', sort: 'full_name', order: 'asc' }),
    [`students, page ${DEEP}`]: students({ page: DEEP }),
    [`students, page ${DEEP} by its link`]: students(await behind('/admin/students', DEEP)),
    'students, CSV of 100': students({ per_page: 100 }, 'text/csv'),
    [STILL]: { kind: 'page', path: '/admin/questions', query: { masterclass_id: SEEDED } },
    'messages': messages({}),
    'messages that failed': messages({ state: 'failed' }),
    'messages of a type': messages({ message_type: 'validation' }),
    'messages of a month': messages({ created_from: from, created_to: to }),
    'messages of a type and a month, read': messages({ message_type: 'validation', state: 'read', created_from: from, created_to: to }),
    'messages to a student': messages({ person: student.id }),
    'messages to a number': messages({ recipient: student.whatsapp_number }),
    'messages to whom a search finds': several(three, ({ full_name }) => messages({ person: full_name })),
    [`messages, page ${DEEP}`]: messages({ page: DEEP }),
    [`messages, page ${DEEP} by its link`]: messages(await behind('/admin/outbound-messages', DEEP)),
    ...(size >= 500 * 20 && {
      'students, page 500': students({ page: 500 }),
      'students, page 500 by its link': students(await behind('/admin/students', 500)),
      'messages, page 500': messages({ page: 500 }),
      'messages, page 500 by its link': messages(await behind('/admin/outbound-messages', 500)),
    }),
    'a student': { kind: 'one', path: `/admin/student/${student.id}`, sql: ['get_student', { student_id: student.id }] },
    'a message': { kind: 'one', path: `/admin/outbound-messages/${message.id}`, sql: ['get_outbound_message', { id: message.id }] },
    'overview of all': { kind: 'sum', path: '/admin/overview', sql: ['masterclass_overview', {}] },
    'overview of a masterclass': {
      kind: 'sum', path: '/admin/overview', query: { masterclass_id: student.masterclass_id },
      sql: ['masterclass_overview', { masterclass_id: student.masterclass_id }],
    },
    'messages of a day, in figures': { kind: 'sum', path: '/admin/outbound-messages/summary', query: { day: from }, sql: ['outbound_summary', { day: from }] },
    'export of an account': { kind: 'one', path: '/account/export', of: { id: student.id, token: staff.of(student.id) }, sql: ['export_account', {}] },
  }
  for (const one of Object.values(found)) one.turns = [one, ...one.others ?? []].map(({ path, query = {}, sql }) => ({ url: url(path, query), path, query, sql }))

  // The two ways to the same page, and the list beside what it is made of.
  const [byNumber, byLink] = await Promise.all([`students, page ${DEEP}`, `students, page ${DEEP} by its link`].map((name) => get('/admin/students', found[name].query)))
  assert.deepEqual(byLink.students, byNumber.students)
  const [{ count }] = await database`select count(*)::int from public.inscriptions`
  assert.equal((await get('/admin/students')).pagination.total, count)
  assert.equal((await get('/admin/overview')).completion.registered, count)
  for (const { student_id } of (await get('/admin/students', { search: student.whatsapp_number })).students) assert.ok(student_id)
  // A common word in the order of names, beside all who have it, sorted.
  const sorted = await database`
    select inscription_id as id from private.student_records where replace(search_text, 'X', '') like '%eloise%' order by name_key, inscription_id limit 20`
  const named = found['students, searched by first name, in order of names'].query
  assert.deepEqual((await get('/admin/students', named)).students.map((one) => one.inscription_id), sorted.map((one) => one.id))
  for (const { turns, kind, accept } of Object.values(found)) {
    for (const { path, query, sql } of kind === 'page' && !accept ? turns : []) {
      if (!sql) continue
      const list = path === '/admin/students' ? 'students' : 'messages'
      const over = (await get(path, query))[list]
      const { answer } = await call(...sql)
      assert.ok(over.length > 0, `${path} ${JSON.stringify(query)} lists nothing`)
      assert.deepEqual(over, answer[list], `${path} ${JSON.stringify(query)}`)
    }
  }
  return found
}

function studentArguments({ page = 1, per_page = 20, sort = 'registered_at', order = 'desc', cursor, ...filters }) {
  return { ...filters, sort, descending: order === 'desc', page: Number(page), per_page: Number(per_page), ...(cursor && { cursor: opened(cursor) }) }
}

function messageArguments({ page = 1, per_page = 20, cursor, ...filters }) {
  return { ...filters, page: Number(page), per_page: Number(per_page), ...(cursor && { cursor: opened(cursor) }) }
}

const opened = (cursor) => JSON.parse(Buffer.from(cursor, 'base64url').toString())

/** The queue with so many finished messages behind it: milliseconds per message, a batch of 100 at a time. */
async function queue() {
  const due = quick ? 200 : 2_000
  const before = await database`select * from public.message_channels`
  await database`update public.message_channels set per_second = null, per_day = null, quiet_from = null, quiet_until = null, paused = channel <> 'whatsapp'`
  const times = { claim: [], record: [], idle: [] }
  const timed = async (name, each, statement) => {
    const began = performance.now()
    const [{ answer }] = await statement
    times[name].push((performance.now() - began) / each)
    return answer
  }
  try {
    // The dispatcher of a Worker that another bench called looks for messages up to 20 s after, and would take some of these.
    await database`revoke execute on function public.claim_outbound_messages from service_role`
    // What other benches left would be claimed too.
    await database`update public.outbound_messages set state = 'cancelled', last_error = 'cancelled_by_staff' where state = 'queued'`
    await database`
      select count(private.enqueue_message('bench:due:' || k, 'custom', 'whatsapp', '+2416' || lpad(k::text, 7, '0'), 'fr', '{"text": "Mesure"}'))
      from generate_series(1, ${due}::int) as k`
    let sent = 0
    for (;;) {
      const { messages } = await timed('claim', 100, database`select public.claim_outbound_messages('bench', 100, 60) as answer`)
      if (messages.length === 0) break
      sent += messages.length
      const results = messages.map(({ id, attempts }) => ({ id, attempts, outcome: 'accepted', provider_message_id: `bench-${id}` }))
      await timed('record', messages.length, database`select public.record_outbound_results('bench', ${database.json(results)}) as answer`)
    }
    assert.equal(sent, due)
    times.claim.pop()
    for (let n = 0; n < CALLS; n++) await timed('idle', 1, database`select public.claim_outbound_messages('bench', 100, 60) as answer`)
  } finally {
    await database`delete from public.outbound_messages where dedupe_key like 'bench:due:%'`
    for (const { channel, per_second, per_day, quiet_from, quiet_until, paused } of before) {
      await database`update public.message_channels set ${database({ per_second, per_day, quiet_from, quiet_until, paused })} where channel = ${channel}`
    }
    await database`grant execute on function public.claim_outbound_messages to service_role`
  }
  return times
}

try {
  const [administrator] = await people(database, given, 1, 'admin')
  const { token } = await import('./lib/tokens.mjs')
  const staff = { ...administrator, of: (id) => token(given, id) }
  // By name, a list for each size: of the rounds' p50, over HTTP and of the function alone.
  const http = {}
  const sql = {}
  const claims = []
  let kinds
  for (const size of SIZES) {
    let began = performance.now()
    await load(database, size)
    await fill(database, 'outbox.sql', size)
    console.error(`  ${size.toLocaleString('en')} registrations and messages, loaded in ${Math.round((performance.now() - began) / 1000)} s`)
    await as(staff.id)
    const found = await cases(size, staff)
    kinds = Object.fromEntries(Object.entries(found).map(([name, { kind }]) => [name, kind]))
    const rounds = Object.fromEntries(Object.keys(found).map((name) => [name, { http: [], sql: [] }]))
    for (let nth = 0; nth <= ROUNDS; nth++) {
      for (const [name, { turns, accept = 'application/json', of = staff }] of Object.entries(found)) {
        const requests = turns.map(({ url }) => ({ path: url, headers: { authorization: `Bearer ${of.token}`, accept } }))
        const { p50 } = await generate.run({ url: griot, requests, connections: 1, amount: CALLS, status: 200 })
        const times = []
        if (turns[0].sql && nth) {
          if (of !== staff) await as(of.id)
          while (times.length < CALLS) times.push((await call(...turns[times.length % turns.length].sql)).ms)
          if (of !== staff) await as(staff.id)
        }
        // The first calls fill caches.
        if (nth) rounds[name].http.push(p50)
        if (times.length) rounds[name].sql.push(percentile(times, 50))
      }
    }
    for (const name of Object.keys(found)) {
      (http[name] ??= []).push(rounds[name].http);
      (sql[name] ??= []).push(rounds[name].sql)
      console.error(`  ${size.toLocaleString('en')}  ${name}: ${round(median(rounds[name].http))} ms, of which the database ${rounds[name].sql.length ? round(median(rounds[name].sql)) : '–'} ms`)
    }
    claims.push(await queue())
    const { claim, record, idle } = claims.at(-1)
    console.error(`  ${size.toLocaleString('en')}  queue: ${round(median(claim))} ms to claim a message, ${round(median(record))} to record; ${round(median(idle))} ms with nothing to do`)
  }

  // Sizes are measured minutes apart, in which the machine's own pace moves by a third: growth is that beside a call
  // whose rows are the same at every size.
  const pace = (rounds) => median(http[STILL].at(-1)) / median(http[STILL][SIZES.length - rounds.length])
  const growth = (rounds) => rounds.at(-1).map((value, nth) => value / rounds[0][nth] / pace(rounds))
  const factor = Object.fromEntries(Object.entries(http).map(([name, rounds]) => [name, growth(rounds)]))
  const flat = Object.keys(http).filter((name) => kinds[name] !== 'sum' && name !== STILL)
  const worst = flat.reduce((one, other) => median(factor[other]) > median(factor[one]) ? other : one)
  const inverse = factor[worst].map((value) => 1 / value)
  const largest = SIZES.at(-1).toLocaleString('en')
  const ms = (values) => values.length ? round(median(values)) : null
  // What there is only where there are enough rows is compared with the fewest of those.
  const fewest = (name) => SIZES[SIZES.length - http[name].length].toLocaleString('en')
  const padded = (values) => [...Array(SIZES.length - values.length).fill(null), ...values]
  const queued = (name) => claims.map((times) => median(times[name]))
  print({
    ratio: round(median(inverse)), spread: spread(inverse).map((value) => round(value)), unit: 'p50 of the fewest rows over p50 of the most',
    figures: [
      ...Object.entries(http).map(([name, rounds]) => figure(`${name}, ${largest} rows`, rounds.at(-1), 'ms')),
      ...['claim', 'record', 'idle'].map((name) => figure(
        { claim: 'claiming, per message', record: 'recording, per message', idle: 'a claim of nothing' }[name] + `, ${largest} sent`, claims.at(-1)[name], 'ms')),
    ],
    targets: [
      ...flat.map((name) => {
        const measured = round(median(factor[name]))
        return { what: `${name}: p50 with ${largest} rows over that with ${fewest(name)}`, wanted: `≤ ${FLAT}`, measured, met: measured <= FLAT }
      }),
      ...Object.keys(http).filter((name) => kinds[name] === 'sum').map((name) => {
        const measured = ms(http[name].at(-1))
        return { what: `${name}: p50`, wanted: `≤ ${AGGREGATE_MS} ms`, measured, met: measured <= AGGREGATE_MS }
      }),
      ...['claim', 'idle'].map((name) => {
        const measured = round(queued(name).at(-1) / queued(name)[0] / pace(claims))
        return { what: `${name === 'idle' ? 'a claim of nothing' : 'claiming a message'}: with ${largest} sent over that with ${SIZES[0].toLocaleString('en')}`, wanted: `≤ ${FLAT}`, measured, met: measured <= FLAT }
      }),
    ],
    tables: [
      {
        title: 'p50 over HTTP through Griot, and of the function of the database alone (ms)',
        columns: ['', ...SIZES.map((size) => `${size.toLocaleString('en')} HTTP`), 'growth', ...SIZES.map((size) => `${size.toLocaleString('en')} SQL`), 'growth'],
        rows: Object.keys(http).map((name) => [
          name, ...padded(http[name].map(ms)), round(median(factor[name])),
          ...padded(sql[name].map(ms)), sql[name][0].length ? round(median(growth(sql[name]))) : null,
        ]),
      },
      {
        title: 'The queue beside messages already sent (ms)',
        columns: ['', ...SIZES.map((size) => size.toLocaleString('en'))],
        rows: [
          ['claiming, per message', ...queued('claim').map((value) => round(value))],
          ['recording, per message', ...queued('record').map((value) => round(value))],
          ['a claim of nothing', ...queued('idle').map((value) => round(value))],
        ],
      },
    ],
    notes: [
      'Rows: registrations, and as many messages in the outbox. Of more than 100,000 registrations the first 100,000 have answers to questions (1.6 million answers), the others only scores.',
      '“questions” lists the same few questions at every size: what moves there is the machine, and growth is that beside it, not the quotient of two columns.',
      'Growth is that from the fewest rows for which there is such a page. The ratio is that of the worst page.',
      'Searched by first name, in order of names: all who have it stand together in that order, far from where the list begins. They are found along the names; the few who have the word elsewhere by the index of the words.',
      `Searched by number, by full name and by name and surname: those of ${CALLS} people by turns, the same at every size. A full name has three words, which some ten of a million have together; name and surname are what some 550 have, who are fetched and counted.`,
      'Before it is measured each page is compared with what its function answers, and a deep page by number with that by link.',
    ],
    versions: {},
  })
} finally {
  generate.stop()
  await Promise.all([database.end(), caller.end()])
}
