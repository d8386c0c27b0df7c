// `cargo xtask bench overview`: GET /api/admin/overview with 100,000 registrations and their 1,600,000 answers,
// beside the TypeScript peer, the bare call of PostgREST and the bare SQL.

import { agree, refusals } from './lib/agreement.mjs'
import { beside, effort, together } from './lib/beside.mjs'
import { connect, load, people } from './lib/database.mjs'
import { given, peer, print } from './lib/given.mjs'
import { generator, inQuery } from './lib/load.mjs'
import { figure, median, percentile, round } from './lib/stats.mjs'

const { quick, processes, supabase_url, publishable_key } = given
const PATH = '/api/admin/overview'
const database = connect(given)
const generate = generator()

/**
 * The same function over one connection of PostgreSQL, as the caller: milliseconds, the median of each round. With
 * `changed` something it is made of is another before each call: nothing that was kept will do.
 */
async function sql(caller, masterclass_id, changed = false) {
  const { seconds, rounds } = effort(quick)
  const claims = JSON.stringify({ sub: caller.id, role: 'authenticated', aud: 'authenticated' })
  const medians = []
  await database`select set_config('request.jwt.claims', ${claims}, false)`
  for (let nth = 0; nth <= rounds; nth++) {
    const times = []
    const until = performance.now() + (nth ? seconds : 0.2) * 1000
    while (performance.now() < until) {
      if (changed) await database`update public.masterclass_statistics set registered = registered`
      await database`set role authenticated`
      const began = performance.now()
      await database`select public.masterclass_overview(${masterclass_id}::uuid)::text`
      times.push(performance.now() - began)
      await database`reset role`
    }
    if (nth) medians.push(percentile(times, 50))
  }
  await database`select set_config('request.jwt.claims', '', false)`
  return medians
}

try {
  const count = quick ? 2_000 : 100_000
  console.error(`  ${count} registrations`)
  await load(database, count)
  const staff = await people(database, given, 20, 'admin')
  const [student] = await people(database, given, 1)
  const [{ id: masterclass }] = await database`
    select masterclass_id as id from public.inscriptions group by 1 order by count(*) desc, 1 limit 1`
  const cases = { 'all masterclasses': null, 'one masterclass': masterclass }

  const asked = (name, query, status = 200) =>
    ({ name, status, path: `${PATH}?${new URLSearchParams(query)}`, headers: { authorization: `Bearer ${staff[0].token}` } })
  await agree(given, [
    asked('all', {}), asked('one', { masterclass_id: masterclass }), asked('none', { masterclass_id: staff[0].id }, 404),
    asked('no id', { masterclass_id: 'x' }, 422), asked('unknown parameter', { year: 2026 }, 422),
    ...refusals({ path: PATH }, given, staff[0], student),
  ])

  const results = []
  for (const [name, masterclass_id] of Object.entries(cases)) {
    const query = masterclass_id ? `?masterclass_id=${masterclass_id}` : ''
    const requests = staff.map(({ token }) => ({ path: `${PATH}${query}`, headers: { authorization: `Bearer ${token}` } }))
    const bare = staff.map(({ token }) => ({
      method: 'POST', path: '/rest/v1/rpc/masterclass_overview', body: JSON.stringify({ masterclass_id }),
      headers: { authorization: `Bearer ${token}`, apikey: publishable_key, accept: 'application/json', 'content-type': 'application/json' },
    }))
    const result = await beside(generate, name, {
      griot: { processes: processes.griot, requests }, twin: { processes: processes.twin, requests }, bare: { url: supabase_url, requests: bare },
      least: { processes: processes.least, requests: bare.map(inQuery) },
    }, quick)
    const medians = await sql(staff[0], masterclass_id)
    console.error(`  ${name}: SQL alone p50 ${round(median(medians))} ms`)
    result.figures.push(figure(`limit: SQL over one connection, ${name}, p50`, medians, 'ms'),
      figure(`the same, the first call after a change, ${name}, p50`, await sql(staff[0], masterclass_id, true), 'ms'))
    results.push(result)
  }
  print(together(results, {
    title: `GET ${PATH}, ${count.toLocaleString('en')} registrations`,
    notes: [
      'Peer: the same endpoint in TypeScript (benches/peers), in workerd. Bare: the call of PostgREST that both make. Least: a Worker that makes that call under a deadline, passes its answer on with the headers of ours, and writes a line of log: no check of anything. SQL: the function alone, as the caller, over one connection that stays open.',
      'Figures are kept until something that they are made of changes, and nothing does while requests are counted. What the first call after a change takes, which works them out, is told as SQL.',
    ],
    versions: peer,
  }))
} finally {
  generate.stop()
  await database.end()
}
