// `cargo xtask bench submit`: a class of 500 submits its test within ten seconds. Griot's way is one call of
// the project's REST interface, `POST /rest/v1/rpc/submit_test`: no function stands in between. Beside it the
// same call made with supabase-js, and PostgREST itself without the project's gateway in front.

import { createClient } from '@supabase/supabase-js'
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { connect, people } from './lib/database.mjs'
import { given, print, versions } from './lib/given.mjs'
import { comparison, figure, median, percentile, round } from './lib/stats.mjs'

const { quick, supabase_url, postgrest_url, publishable_key } = given
const CLASS = quick ? 40 : 500
const ROUNDS = quick ? 1 : 5
const CONNECTIONS = 50
/** Seconds over which a class arrives, evenly, and within which all have their answer. */
const [ARRIVAL, WITHIN] = quick ? [0.4, 10] : [9, 10]

const database = connect(given)

/** A class that is registered and validated: for each student a token, and the responses to be given. */
async function enrol(size) {
  const masterclass = randomUUID()
  await database`insert into public.masterclasses ${database({ id: masterclass, title: 'Classe de mesure', published: true })}`
  await database`insert into public.questions ${database(Array.from({ length: 15 }, (_, n) => ({
    masterclass_id: masterclass, question_text: `Question ${n + 1} ?`, correct_choice: 'ABCD'[n % 4], status: 'published',
    choices: database.json({ A: 'un', B: 'deux', C: 'trois', D: 'quatre' }), evidence_page: 1, evidence_quote: 'Citation.',
  })))}`
  const students = await people(database, given, size)
  await database`insert into public.profiles ${database(students.map(({ id }, n) => ({
    id, full_name: `Élève ${n + 1}`, date_of_birth: '1998-05-17', whatsapp_number: `+24174${String(n).padStart(6, '0')}`,
  })))}`
  // As they do it themselves: consent, paper, registration with the PRE test.
  await database`
    insert into public.consents (user_id, purpose, version, granted)
    select p.id, 'privacy_policy', v.version, true
    from unnest(${students.map(({ id }) => id)}::uuid[]) as p (id),
      (select version from public.privacy_policies where effective_at <= now() order by effective_at desc limit 1) as v`
  await database.unsafe(`
    do $$
    declare
      student uuid;
    begin
      for student in select p.id from public.profiles p where p.id = any ('{${students.map(({ id }) => id)}}') loop
        perform set_config('request.jwt.claims', json_build_object('sub', student, 'role', 'authenticated')::text, true);
        perform public.get_test('${masterclass}', 'PRE');
        perform public.register_for_masterclass('${masterclass}', '{}');
        commit;
      end loop;
    end
    $$`)
  await database`update public.inscriptions set validated = true where masterclass_id = ${masterclass}`
  const papers = await database`
    select i.profile_id as id, i.id as inscription, jsonb_agg(jsonb_build_object('id', q.id, 'right', q.correct_choice) order by asked.position) as paper
    from public.inscriptions i
    join private.test_papers p on p.inscription_id = i.id
    join private.test_paper_questions asked on asked.paper_id = p.id
    join public.questions q on q.id = asked.question_id
    where i.masterclass_id = ${masterclass} group by 1, 2`
  const tokens = new Map(students.map(({ id, token }) => [id, token]))
  const submissions = papers.map(({ id, inscription, paper }, n) => ({
    token: tokens.get(id), inscription, score: n % (paper.length + 1),
    // So many are right; of the others every second is left out.
    responses: Object.fromEntries(paper
      .map(({ id, right }, place) => [id, place < n % (paper.length + 1) ? right : right === 'A' ? 'B' : 'A', place])
      .filter(([, , place]) => place < n % (paper.length + 1) || place % 2)
      .map(([id, choice]) => [id, choice])),
  }))
  assert.equal(submissions.length, size)
  return { masterclass, submissions }
}

/** What makes a student's call of it; it fails unless the answer is a 2xx. */
const ways = {
  griot: (submission) => posting(`${supabase_url}/rest/v1`, submission),
  'supabase-js': ({ token, inscription, responses }) => {
    const client = createClient(supabase_url, publishable_key, { accessToken: async () => token })
    return async () => {
      const { data, error } = await client.rpc('submit_test', { inscription_id: inscription, responses })
      if (error) throw new Error(`submit_test: ${JSON.stringify(error)}`)
      return data
    }
  },
  PostgREST: (submission) => posting(postgrest_url, submission),
}

function posting(url, { token, inscription, responses }) {
  const request = {
    method: 'POST',
    headers: { apikey: publishable_key, authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ inscription_id: inscription, responses }),
  }
  return async () => {
    const answer = await fetch(`${url}/rpc/submit_test`, request)
    const body = await answer.json()
    if (!answer.ok) throw new Error(`submit_test: ${answer.status} ${JSON.stringify(body)}`)
    return body
  }
}

/** Calls one after the other on so many connections. */
async function closed(calls) {
  const times = []
  const began = performance.now()
  let next = 0
  await Promise.all(Array.from({ length: CONNECTIONS }, async () => {
    while (next < calls.length) times.push(await timed(calls[next++]))
  }))
  return summary(times, began)
}

/** Calls at their moments, whether earlier ones are answered or not. */
async function open(calls) {
  const began = performance.now()
  const times = await Promise.all(calls.map(async (call, nth) => {
    const at = ARRIVAL * 1000 * nth / calls.length
    await wait(Math.max(0, at - (performance.now() - began)))
    return timed(call)
  }))
  return summary(times, began)
}

async function timed(call) {
  const began = performance.now()
  const { max_score, score } = await call()
  const took = performance.now() - began
  assert.equal(max_score, 10)
  assert.equal(score, undefined)
  return took
}

function summary(times, began) {
  const seconds = (performance.now() - began) / 1000
  return { seconds, throughput: times.length / seconds, p50: percentile(times, 50), p99: percentile(times, 99) }
}

/** What is stored is what was submitted, and the figures are those of a recount. */
async function check({ masterclass, submissions }) {
  const stored = await database`
    select t.inscription_id as id, t.score, r.post_score from public.tests t
    join public.inscriptions i on i.id = t.inscription_id
    left join private.student_records r on r.inscription_id = i.id
    where i.masterclass_id = ${masterclass} and t.type = 'POST'`
  const scores = new Map(stored.map(({ id, score, post_score }) => [id, [score, post_score]]))
  for (const { inscription, score } of submissions) assert.deepEqual(scores.get(inscription), [score, score])
  const figures = (sql) => sql`
    select
      (select jsonb_agg(to_jsonb(s) - 'version' order by s.masterclass_id) from public.masterclass_statistics s where s.masterclass_id = ${masterclass}) as masterclass,
      (select jsonb_agg(s order by s.max_score, s.pre_score, s.post_score) from public.score_statistics s
       where s.masterclass_id = ${masterclass} and s.students <> 0) as scores,
      (select jsonb_agg(s order by s.question_id, s.type) from public.question_statistics s
       join public.questions q on q.id = s.question_id where q.masterclass_id = ${masterclass}) as questions`
  const undo = new Error('undo')
  await database.begin(async (sql) => {
    const [kept] = await figures(sql)
    assert.equal(kept.masterclass[0].post_taken, submissions.length)
    await sql`select private.recompute_statistics()`
    const [recounted] = await figures(sql)
    assert.deepEqual(kept, recounted)
    throw undo
  }).catch((error) => { if (error !== undo) throw error })
}

/** A class that submits in this way; what it found, once it is checked. */
async function submits(way, run, size = CLASS) {
  const group = await enrol(size)
  const measured = await run(group.submissions.map(ways[way]))
  await check(group)
  return measured
}

try {
  const busy = Object.fromEntries(Object.keys(ways).map((name) => [name, []]))
  const arriving = []
  for (let nth = 0; nth <= ROUNDS; nth++) {
    for (const name of Object.keys(ways)) {
      const measured = await submits(name, closed, nth ? CLASS : CONNECTIONS)
      // The first opens connections and fills caches.
      if (nth) busy[name].push(measured)
    }
    if (nth) arriving.push(await submits('griot', open))
  }
  const of = (list, value) => list.map((one) => one[value])
  for (const [name, list] of Object.entries(busy)) {
    console.error(`  ${name}: ${round(median(of(list, 'throughput')))} a second, p50 ${round(median(of(list, 'p50')))} ms, p99 ${round(median(of(list, 'p99')))} ms`)
  }
  const longest = Math.max(...of(arriving, 'seconds'))
  const row = (what, list) => [what, ...['seconds', 'throughput', 'p50', 'p99'].map((value) => round(median(of(list, value))))]
  print({
    ...comparison(of(busy.griot, 'throughput').map((value, nth) => value / busy['supabase-js'][nth].throughput)),
    unit: 'submissions/s',
    figures: [
      ...Object.entries(busy).map(([name, list]) =>
        figure({ griot: 'griot', 'supabase-js': 'peer: supabase-js', PostgREST: 'limit: PostgREST' }[name], of(list, 'throughput'), 'submissions/s')),
      figure('griot, the class arrives, p50', of(arriving, 'p50'), 'ms'),
      figure('griot, the class arrives, p99', of(arriving, 'p99'), 'ms'),
    ],
    targets: [
      { what: `${CLASS} students who arrive over ${ARRIVAL} s all have their answer`, wanted: `≤ ${WITHIN} s`, measured: `${round(longest)} s`, met: longest <= WITHIN },
      { what: `${CLASS} students on ${CONNECTIONS} connections all have their answer`, wanted: `≤ ${WITHIN} s`, measured: `${round(Math.max(...of(busy.griot, 'seconds')))} s`, met: Math.max(...of(busy.griot, 'seconds')) <= WITHIN },
    ],
    tables: [{
      title: `A class of ${CLASS}`, columns: ['', 'seconds', 'submissions/s', 'p50 ms', 'p99 ms'],
      rows: [
        ...Object.entries(busy).map(([name, list]) => row(`${name}, ${CONNECTIONS} connections`, list)),
        row(`griot, arriving over ${ARRIVAL} s`, arriving),
      ],
    }],
    notes: [
      'Griot’s clients submit with one call of the REST interface, and supabase-js makes the same call: the ratio is what the library costs in Node.js, where fetch makes all of them. The limit is PostgREST without the local gateway.',
      'A class submits once: each round and way has a class of its own, registered and validated before. Every answer is a 2xx; afterwards each stored score is compared with what was answered, and the statistics with a recount.',
    ],
    versions: versions('@supabase/supabase-js'),
  })
} finally {
  await database.end()
}
