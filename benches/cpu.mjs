// CPU per request: what the process of workerd used, from the system's books, over many requests one
// after the other. That counts its reading and writing too, so the isolate's own part is less.

import { used } from './lib/cpu.mjs'
import { call, routes } from './lib/routes.mjs'
import { figure, median, round } from './lib/stats.mjs'

const given = JSON.parse(process.env.GRIOT_BENCH)
const { quick, griot_pid: pid } = given
const ROUNDS = quick ? 1 : 5
const CALLS = quick ? 10 : 100

const { all, end } = await routes(given)
const rows = []
for (const [name, request] of Object.entries(all)) {
  const perCall = []
  for (let nth = 0; nth <= ROUNDS; nth++) {
    const before = used(pid)
    for (let count = 0; count < CALLS; count++) await call(given.griot, request())
    // The first round warms up.
    if (nth > 0) perCall.push((used(pid) - before) / CALLS)
  }
  rows.push({ name, perCall })
}
await end()

const worst = rows.reduce((a, b) => (median(a.perCall) > median(b.perCall) ? a : b))
console.log(JSON.stringify({
  ratio: null,
  spread: null,
  unit: 'ms',
  figures: rows.map(({ name, perCall }) => figure(name, perCall, 'ms')),
  targets: [{
    what: `CPU per request, ms, of the dearest (${worst.name})`, wanted: '< 10',
    measured: round(median(worst.perCall)), met: median(worst.perCall) < 10,
  }],
  notes: [
    `Of the whole process, its reading and writing included: an upper bound of what the platform counts. ${CALLS} requests in a round, ${ROUNDS} rounds.`,
  ],
}))
