// Memory over many requests: what the process of workerd holds after each tenth of them.

import { readFileSync } from 'node:fs'
import { call, routes } from './lib/routes.mjs'
import { round } from './lib/stats.mjs'

const given = JSON.parse(process.env.GRIOT_BENCH)
const REQUESTS = given.quick ? 1000 : 100_000
const CONNECTIONS = 8

/** Megabytes (10^6) in memory. */
const resident = () => Number(readFileSync(`/proc/${given.griot_pid}/status`, 'utf8').match(/^VmRSS:\s*(\d+)/m)[1]) * 1024 / 1e6

const { all, end } = await routes(given)
const requests = Object.values(all)
const held = [resident()]
let made = 0
for (let tenth = 1; tenth <= 10; tenth++) {
  const until = (REQUESTS / 10) * tenth
  await Promise.all(Array.from({ length: CONNECTIONS }, async () => {
    while (made < until) await call(given.griot, requests[made++ % requests.length]())
  }))
  held.push(resident())
}
await end()

// The first fifth fills caches and the pools of the allocators. What is held when one looks depends on when garbage was
// last collected, by a few megabytes: growth is that of the line through all looks since (least squares).
const looks = held.map((megabytes, tenth) => [tenth / 10, megabytes]).slice(2)
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length
const [middle, level] = [0, 1].map((part) => mean(looks.map((look) => look[part])))
const slope = mean(looks.map(([share, megabytes]) => (share - middle) * (megabytes - level)))
  / mean(looks.map(([share]) => (share - middle) ** 2))
const growth = slope * (1 - 0.2)
console.log(JSON.stringify({
  ratio: null,
  spread: null,
  unit: 'MB',
  figures: [
    { name: 'before', value: round(held[0]), unit: 'MB' },
    { name: 'after a fifth', value: round(held[2]), unit: 'MB' },
    { name: 'at the end', value: round(held.at(-1)), unit: 'MB' },
  ],
  targets: [{
    what: `growth from a fifth of ${REQUESTS} requests to all of them, MB`, wanted: '≤ 5', measured: round(growth), met: growth <= 5,
  }],
  tables: [{ title: 'Resident memory of workerd (MB)', columns: ['requests', 'MB'], rows: held.map((value, tenth) => [(REQUESTS / 10) * tenth, round(value)]) }],
  notes: [`${requests.length} kinds of requests in turn over ${CONNECTIONS} connections; each must be answered as it should be.`],
}))
