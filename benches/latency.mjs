// How long the functions take, over HTTP: each route one call after the other, then over four
// connections at once, with the seed; then the administrator's routes again with many registrations.

import { load } from './lib/database.mjs'
import { call, routes } from './lib/routes.mjs'
import { percentile, round } from './lib/stats.mjs'

const given = JSON.parse(process.env.GRIOT_BENCH)
const CALLS = given.quick ? 4 : 100
const WARM_UP = given.quick ? 2 : 20
const REGISTRATIONS = given.quick ? 1000 : 100_000
const CONNECTIONS = [1, 4]

/** Milliseconds of each of `amount` calls over so many connections, each a closed loop. */
async function measure(connections, amount, next) {
  const times = []
  let begun = 0
  await Promise.all(Array.from({ length: connections }, async () => {
    while (begun++ < amount) {
      const request = next()
      const began = performance.now()
      await call(given.griot, request)
      times.push(performance.now() - began)
    }
  }))
  return times
}

async function table(title, wanted) {
  const rows = []
  for (const [name, next] of Object.entries(wanted)) {
    for (const connections of CONNECTIONS) {
      // The first calls fill caches and start isolates.
      await measure(connections, WARM_UP, next)
      const times = await measure(connections, CALLS, next)
      rows.push([name, connections, ...[50, 95, 99].map((percent) => round(percentile(times, percent)))])
    }
  }
  return { title, columns: ['route', 'connections', 'p50', 'p95', 'p99'], rows }
}

// Each call uses up what it deletes.
const { all, grown, database, end } = await routes(given, CONNECTIONS.length * (CALLS + WARM_UP))
const seed = await table('With the seed (milliseconds)', all)
await load(database, REGISTRATIONS)
const many = await table(`With ${REGISTRATIONS} registrations (milliseconds)`, await grown())
await end()

const slowest = [...seed.rows, ...many.rows].reduce((a, b) => (a[2] > b[2] ? a : b))
console.log(JSON.stringify({
  ratio: null,
  spread: null,
  unit: 'ms',
  figures: [],
  targets: [{
    what: `p50 of the slowest route, ms (${slowest[0]}, ${slowest[1]} at once)`, wanted: '< 200', measured: slowest[2], met: slowest[2] < 200,
  }],
  tables: [seed, many],
  notes: [`${CALLS} calls of each, through Griot in workerd; the client is on the same machine.`],
}))
