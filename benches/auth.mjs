// `cargo xtask bench auth`: verifying an ES256 token, warm. The request is one that is refused for its query,
// and that only after its token was verified: it needs no database, so that the token is most of its work.

import { spawnSync } from 'node:child_process'
import { agree, refusals } from './lib/agreement.mjs'
import { effort, noWorse } from './lib/beside.mjs'
import { connect, people } from './lib/database.mjs'
import { byTurns, given, peer, print } from './lib/given.mjs'
import { generator, rounds } from './lib/load.mjs'
import { comparison, figure, median, round } from './lib/stats.mjs'
import { token } from './lib/tokens.mjs'

const { quick, processes, native, supabase_url } = given
const PATH = '/api/admin/students?per_page=0'
const database = connect(given)
const generate = generator()

try {
  const staff = await people(database, given, 20, 'admin')
  const [student] = await people(database, given, 1)
  const verified = { path: PATH, headers: { authorization: `Bearer ${staff[0].token}` } }
  await agree(given, [
    { ...verified, name: 'a verified token, a query that is not', status: 422 },
    ...refusals({ path: '/api/admin/overview' }, given, staff[0], student),
  ])

  const requests = (tokens) => tokens.map((token) => ({ path: PATH, headers: token ? { authorization: `Bearer ${token}` } : {} }))
  const both = (requests) => ({ griot: { processes: processes.griot, requests }, twin: { processes: processes.twin, requests } })
  const all = (requests) => ({ ...both(requests), least: { processes: processes.least, requests } })
  // So many that none comes twice in a round.
  const fresh = Array.from({ length: quick ? 500 : 20_000 }, (_, nth) => token(given, staff[nth % staff.length].id))
  const cases = {
    'a new token each time': { targets: all(requests(fresh)), status: 422 },
    'twenty people\'s tokens in turn': { targets: all(requests(staff.map(({ token }) => token))), status: 422 },
    'no token': { targets: both(requests([null])), status: 401 },
  }
  const measured = {}
  for (const [name, { targets, status }] of Object.entries(cases)) {
    measured[name] = await rounds(generate, targets, { connections: 8, status, ...effort(quick) })
    const told = Object.entries(measured[name]).map(([who, list]) => `${who} ${round(median(list.map((one) => one.throughput)))} a second`)
    console.error(`  ${name}: ${told.join(', ')}`)
  }
  const of = (name, who, value) => measured[name][who].map((one) => one[value])
  const compared = (name, who = 'griot') => {
    const theirs = of(name, 'twin', 'throughput')
    return comparison(of(name, who, 'throughput').map((ours, nth) => ours / theirs[nth]))
  }
  const p99 = (name) => of(name, 'twin', 'p99').map((theirs, nth) => theirs / of(name, 'griot', 'p99')[nth])
  const [first, again] = Object.keys(cases)
  const figures = Object.keys(cases).flatMap((name) =>
    Object.keys(measured[name]).map((who) => figure(`${who}, ${name}`, of(name, who, 'throughput'), 'requests/s')))
  if (native) {
    const answer = spawnSync(native, ['verify-token', `${supabase_url}/auth/v1`, String(effort(quick).rounds)], {
      input: fresh.slice(0, 2_000).join('\n'), encoding: 'utf8', maxBuffer: 1 << 26,
    })
    if (answer.status !== 0) throw new Error(`bench-native: ${answer.stderr}`)
    figures.push(figure('limit: native, verification alone', JSON.parse(answer.stdout).tokens_per_second, 'tokens/s'))
  }
  const target = (name) => [
    { what: `${name}: times the peer's requests per second (the least that a Worker can do: ${compared(name, 'least').ratio})`, wanted: '≥ 1.2', measured: compared(name).ratio, met: compared(name).ratio >= 1.2 },
    noWorse(name, p99(name)),
  ]
  print({
    ...compared(first), unit: 'requests/s', figures, targets: [...target(first), ...target(again)],
    tables: [{
      title: 'A request that is refused for its query, after its token was verified',
      columns: ['case', 'who', 'requests/s × 8', 'p50 ms', 'p99 ms'],
      rows: Object.keys(cases).flatMap((name) => Object.keys(measured[name]).map((who) =>
        [name, who, ...['throughput', 'p50', 'p99'].map((value) => round(median(of(name, who, value))))])),
    }],
    notes: [
      'The request is GET /api/admin/students?per_page=0: its token is verified, then 422, in both. Any other status fails the round. Without a token it is 401: the difference is the verification.',
      'Peer: jose in benches/peers, its keys fetched and imported before. Least: a Worker that has the platform check the signature of a token it does not know, and answers. Limit: the same verification as a native program (RustCrypto), without any request around it.',
      byTurns(),
    ],
    versions: peer,
  })
} finally {
  generate.stop()
  await database.end()
}
