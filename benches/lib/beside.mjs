// Griot beside its peer and beside the bare call it makes.

import { byTurns } from './given.mjs'
import { rounds } from './load.mjs'
import { comparison, figure, interval, median, round } from './stats.mjs'

/**
 * How long and how often, with several connections: seconds of one slice, rounds. The machine's own pace moves within
 * seconds: slices are short and near one another.
 */
export const effort = (quick) => quick ? { seconds: 0.1, rounds: 1 } : { seconds: 0.6, rounds: 15 }

/**
 * Measures `griot`, `twin` and `bare` in turn, first with several connections, then with one, and says how that is
 * to be read; other targets are only shown. `least` is the least that a Worker can do (peers/least.js): what it has of
 * the peer's throughput is about the most that any Worker can have. `what` names the case. `more`: `connections`, and of
 * the rounds `status`, `settle`, and, with one connection and with several, `seconds` and `rounds`.
 */
export async function beside(generator, what, targets, quick, { connections = 8, ...more } = {}) {
  const busy = await rounds(generator, targets, { connections, ...effort(quick), ...more })
  const alone = await rounds(generator, targets, { connections: 1, ...(quick ? effort(quick) : { seconds: 0.3, rounds: 25 }), ...more })
  const of = (measured, name, value) => measured[name].map((one) => one[value])
  const quotients = (over, under) => over.map((value, nth) => value / under[nth])
  const throughput = comparison(quotients(of(busy, 'griot', 'throughput'), of(busy, 'twin', 'throughput')))
  const p99 = quotients(of(busy, 'twin', 'p99'), of(busy, 'griot', 'p99'))
  const most = targets.least
    && median(quotients(of(busy, 'least', 'throughput'), of(busy, 'twin', 'throughput')))
  const within = most ? ` (the least that a Worker can do: ${round(most)})` : ''
  const above = of(alone, 'griot', 'p50').map((time, nth) => time - alone.bare[nth].p50)
  const bare = median(of(alone, 'bare', 'p50'))
  const allowed = Math.max(0.25 * bare, 2)
  const ms = (value) => `${round(value)} ms`
  for (const name of Object.keys(targets)) {
    const value = (measured, key) => round(median(of(measured, name, key)))
    console.error(`  ${what}: ${name} ${value(busy, 'throughput')} a second, p99 ${value(busy, 'p99')} ms; alone p50 ${value(alone, 'p50')} ms`)
  }
  return {
    ...throughput,
    figures: Object.keys(targets).map((name) => figure(`${name}, ${what}`, of(busy, name, 'throughput'), 'requests/s')),
    targets: [
      { what: `${what}: times the peer's requests per second${within}`, wanted: '≥ 1.2', measured: throughput.ratio, met: throughput.ratio >= 1.2 },
      noWorse(what, p99),
      { what: `${what}: p50 above the bare call, one connection`, wanted: `≤ ${ms(allowed)}`, measured: ms(median(above)), met: median(above) <= allowed },
    ],
    rows: Object.keys(targets).map((name) => [
      what, name, ...['throughput', 'p50', 'p99'].map((key) => round(median(of(busy, name, key)))),
      ...['p50', 'p99'].map((key) => round(median(of(alone, name, key)))),
      ...['own', 'all'].map((part) => busy[name][0].cpu[part] === undefined ? null : round(median(of(busy, name, 'cpu').map((cpu) => cpu[part])))),
    ]),
    busy, alone,
  }
}

/**
 * The p99 of a slice is one of its few slowest answers, and the quotients of the rounds lie far apart: no worse is where
 * they do not show that it is.
 */
export function noWorse(what, quotients) {
  const [low, high] = interval(quotients)
  return {
    what: `${what}: the peer's p99 over ours, with the interval of 95 %`, wanted: 'not below 1',
    measured: `${round(median(quotients))} (${round(low)} to ${round(high)})`, met: high >= 1,
  }
}

/** The columns of `rows`. */
export const columns = (connections = 8) =>
  ['case', 'who', `requests/s × ${connections}`, `p50 ms × ${connections}`, `p99 ms × ${connections}`, 'p50 ms × 1', 'p99 ms × 1',
    'CPU ms, its process', 'CPU ms, all']

/** One result of several cases: the least favourable ratio is that of the bench. */
export function together(cases, { title, notes, versions, connections = 8 }) {
  const least = cases.reduce((worst, one) => one.ratio < worst.ratio ? one : worst)
  return {
    ratio: least.ratio, spread: least.spread, unit: 'requests/s',
    figures: cases.flatMap((one) => one.figures), targets: cases.flatMap((one) => one.targets),
    tables: [{ title, columns: columns(connections), rows: cases.flatMap((one) => one.rows) }],
    notes: [...notes, 'CPU: milliseconds a request, of the process that is asked and of the whole machine, which is that and the load generator, the gateway, PostgREST and PostgreSQL.', byTurns()],
    versions,
  }
}
