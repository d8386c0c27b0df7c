// The claim under concurrency: sessions of their own at the database, whose transactions are open at the
// same time. A function that waits where it should skip ends with a lock timeout here.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { connect, newNumber, openOutbox } from './stage.mjs'

const missing = process.env.DATABASE_URL ? false : 'needs the database'

test('claims at once', { skip: missing, timeout: 60_000 }, async (t) => {
  // These tests are the only dispatchers: a run of the Worker that goes on from earlier gets nothing.
  const sessions = connect(11)
  t.after(async () => {
    await sessions`grant execute on function public.claim_outbound_messages to service_role`
    await sessions.end()
  })
  await sessions`revoke execute on function public.claim_outbound_messages from service_role`
  const sql = await openOutbox(t)

  /** A session that never waits long, with what a dispatcher calls. */
  const session = async (t, name) => {
    const own = await sessions.reserve()
    await own`select set_config('lock_timeout', '3s', false), set_config('statement_timeout', '10s', false)`
    t.after(async () => {
      await own`rollback`
      own.release()
    })
    const claim = async (most = 100) =>
      (await own`select public.claim_outbound_messages(${name}, ${most}, 60) as answer`)[0].answer
    return {
      own,
      claim,
      ids: async (most) => (await claim(most)).messages.map(({ id }) => id),
      record: async (id, result) =>
        (await own`select public.record_outbound_results(${name}, ${sql.json([{ id, attempts: 1, ...result }])}) as answer`)[0].answer,
      pid: (await own`select pg_backend_pid() as pid`)[0].pid,
    }
  }
  /** Writes messages, one to each recipient, and answers with their ids in order. Nothing else is due. */
  const write = async (recipients, channel = 'whatsapp') => {
    await sql`delete from public.outbound_messages where state in ('queued', 'sending', 'uncertain')`
    const rows = []
    for (const recipient of recipients) {
      rows.push(...await sql`select (private.enqueue_message(${`claim:${randomUUID()}`}, 'custom', ${channel}, ${recipient}, 'fr', '{"text": "Bonjour"}')).id`)
    }
    return rows.map(({ id }) => id)
  }
  // No two alike.
  const people = (count) => Array.from({ length: count }, (_, n) => `+24177${String(100000 + n)}`)
  const row = async (id) => (await sql`select * from public.outbound_messages where id = ${id}`)[0]
  /** Answers when a session waits for another's lock. */
  const waits = async (pid) => {
    for (;;) {
      const [found] = await sql`select from pg_stat_activity where pid = ${pid} and wait_event_type = 'Lock'`
      if (found) return
    }
  }
  const pace = (t, settings) => {
    t.after(() => sql`update public.message_channels set per_second = null, per_day = null`)
    return Promise.all([
      sql`update public.message_channels set ${sql(settings)}`,
      sql`update private.message_pacing set next_slot_at = '-infinity', day = '-infinity', used = 0`,
    ])
  }

  await t.test('what one holds in an open transaction the other passes over at once, and takes the rest', async (t) => {
    const [a, b] = [await session(t, 'a'), await session(t, 'b')]
    const all = await write(people(200))
    await a.own`begin`
    const first = await a.ids(20)
    const rest = await b.ids(500)
    await a.own`commit`
    // A claim locks some rows ahead of those it takes.
    assert.ok(first.length === 20 && rest.length >= 100, `${first.length} and ${rest.length}`)
    rest.push(...await b.ids(500))
    assert.deepEqual([...first, ...rest].sort(), all.sort(), 'each of them once')
  })

  await t.test('what one has claimed and then not kept is there for the other', async (t) => {
    const [a, b] = [await session(t, 'a'), await session(t, 'b')]
    const [only] = await write(people(1))
    await a.own`begin`
    assert.deepEqual(await a.ids(), [only])
    assert.deepEqual(await b.ids(), [])
    await a.own`rollback`
    assert.deepEqual(await b.ids(), [only])
    assert.equal((await row(only)).attempts, 1)
  })

  await t.test('ten at once: no message twice, none forgotten', async (t) => {
    const many = await Promise.all(Array.from({ length: 10 }, (_, n) => session(t, `d${n}`)))
    const all = await write(people(200))
    const claimed = []
    // Who comes while others hold what is due finds nothing: everybody asks until all is gone.
    const deadline = Date.now() + 20_000
    while (claimed.length < all.length && Date.now() < deadline) {
      claimed.push(...(await Promise.all(many.map(({ ids }) => ids(15)))).flat())
    }
    assert.deepEqual(claimed.sort(), all.sort())
    const events = await sql`select count(*)::int from public.outbound_message_events where message_id in ${sql(all)} and to_state = 'sending'`
    assert.equal(events[0].count, 200)
  })

  await t.test("a person's second message waits until the first is done, seen or not", async (t) => {
    const [a, b] = [await session(t, 'a'), await session(t, 'b')]
    const person = newNumber()
    const [first, second] = await write([person, person])
    await a.own`begin`
    assert.deepEqual(await a.ids(), [first])
    assert.deepEqual(await b.ids(), [], 'claimed, not committed')
    await a.own`commit`
    assert.deepEqual(await b.ids(), [], 'claimed')
    await a.own`begin`
    await a.record(first, { outcome: 'accepted', provider_message_id: `p-${first}` })
    assert.deepEqual(await b.ids(), [], 'sent, not committed')
    await a.own`commit`
    assert.deepEqual(await b.ids(), [second])
  })

  await t.test('two share one pace: no two moments are closer than it allows', async (t) => {
    const [a, b] = [await session(t, 'a'), await session(t, 'b')]
    await pace(t, { per_second: 20 })
    const all = await write(people(20))
    await a.own`begin`
    const first = await a.ids(10)
    const second = b.ids(10)
    await waits(b.pid)
    await a.own`commit`
    assert.deepEqual([...first, ...await second].sort(), all.sort())
    const [{ closest, count }] = await sql`
      select min(gap)::float8 as closest, count(*)::int from (
        select extract(epoch from attempt_started_at - lag(attempt_started_at) over (order by attempt_started_at)) as gap
        from public.outbound_messages where id in ${sql(all)}) as gaps where gap is not null`
    assert.equal(count, 19)
    assert.ok(closest > 0.0499, `${closest} s between two`)
  })

  await t.test('two share one daily limit', async (t) => {
    const [a, b] = [await session(t, 'a'), await session(t, 'b')]
    await pace(t, { per_day: 5 })
    await write(people(8))
    await a.own`begin`
    const first = await a.ids(3)
    const second = b.ids()
    await waits(b.pid)
    await a.own`commit`
    assert.deepEqual([first.length, (await second).length], [3, 2])
    const [{ count }] = await sql`select count(*)::int from public.outbound_messages where state = 'queued' and due_at > now()`
    assert.equal(count, 3, 'the others are for tomorrow')
  })

  await t.test('a lease that ran out is for somebody else, and who had it has no more to say', async (t) => {
    const [a, b] = [await session(t, 'a'), await session(t, 'b')]
    const [id] = await write([`${randomUUID()}@griot.test`], 'email')
    assert.deepEqual(await a.ids(), [id])
    assert.deepEqual(await b.ids(), [], 'not before')
    await sql`update public.outbound_messages set lease_expires_at = now() where id = ${id}`
    assert.deepEqual(await b.ids(), [], 'it is put back, to be tried again')
    assert.equal((await row(id)).last_error, 'lease_expired')
    await sql`update public.outbound_messages set due_at = now() where id = ${id}`
    assert.deepEqual(await b.ids(), [id])
    for (const outcome of ['refused', 'retry', 'uncertain', 'not_sent']) {
      assert.equal((await a.record(id, { outcome })).ignored, 1, outcome)
    }
    const held = await row(id)
    assert.deepEqual([held.state, held.claimed_by, held.attempts], ['sending', 'b', 2])
    assert.equal((await b.record(id, { outcome: 'accepted', attempts: 2, provider_message_id: `p-${id}` })).sent, 1)
  })

  await t.test('nobody may take back what its holder is recording at this moment', async (t) => {
    const [a, b] = [await session(t, 'a'), await session(t, 'b')]
    const [id] = await write(people(1))
    assert.deepEqual(await a.ids(), [id])
    await sql`update public.outbound_messages set lease_expires_at = now() where id = ${id}`
    await a.own`begin`
    assert.equal((await a.record(id, { outcome: 'accepted', provider_message_id: `p-${id}` })).sent, 1)
    const answer = await b.claim()
    await a.own`commit`
    assert.deepEqual([answer.messages, answer.uncertain], [[], []])
    assert.equal((await row(id)).state, 'sent')
  })

  await t.test('an uncertain message is looked up by one', async (t) => {
    const [a, b] = [await session(t, 'a'), await session(t, 'b')]
    const [id] = await write(people(1))
    await a.ids()
    await a.record(id, { outcome: 'uncertain' })
    await a.own`begin`
    assert.deepEqual((await a.claim()).uncertain.map((message) => message.id), [id])
    assert.deepEqual((await b.claim()).uncertain, [])
    await a.own`commit`
    assert.deepEqual((await b.claim()).uncertain, [])
  })
})
