// Load over HTTP: autocannon, closed loop, in a process of its own, so that it shares no thread with
// what it measures or with the script.

import autocannon from 'autocannon'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { used, usedByAll } from './cpu.mjs'
import { percentile } from './stats.mjs'

/**
 * A load generator. `run({ url, requests, connections, amount, status })` makes so many of `requests`
 * (`{ method, path, headers, body }`), in turn over so many connections, and answers with
 * `{ calls, throughput, p50, p99 }` (per second, milliseconds). Any other status, error or timeout is an error;
 * `status` is any success where nothing is said.
 */
export function generator() {
  const child = fork(fileURLToPath(import.meta.url), ['generate'], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  return {
    async run(job) {
      child.send(job)
      const [answer] = await once(child, 'message')
      if (answer.error) throw new Error(`${job.url}${job.requests[0].path}: ${answer.error}`)
      return answer
    },
    stop: () => child.disconnect(),
  }
}

/** A call of the project as it is asked of the least Worker (peers/least.js) by GET, as both others are asked. */
export const inQuery = ({ path, headers: { authorization }, body }) => ({ path: `${path}?${new URLSearchParams({ call: body })}`, headers: { authorization } })

/**
 * So many calls a Worker has had before it is measured: V8 compiles what is hot with care once it has run often, and
 * what an isolate does in its first minute says little of the hours after it.
 */
const WARM = 15_000
/** The calls that a process has had, by its id. */
const answered = new Map()

/**
 * Runs `targets` (by name, `{ url, requests, pid }`) in turn, A B C A B C, for about so many seconds each, after a warm-up
 * of each, which is long for a process that is new. (What is counted is requests: at the end of a time some would be
 * cut off.) Of several processes of a target, `{ requests, processes: [{ url, pid }] }`, each has as many rounds, beside
 * each of the other targets' by turns. Answers by name with a list of measurements, one for each round.
 * `settle(name, answer)` is waited for after each: what a target still does after its answers must not slow down the next,
 * and may be added to the answer. `cpu` is added to each: milliseconds a call of the target's process, where `pid` names
 * it, and of the whole machine.
 */
export async function rounds(generator, targets, { connections, seconds, rounds, status, settle }) {
  const measured = Object.fromEntries(Object.keys(targets).map((name) => [name, []]))
  const amounts = Object.fromEntries(Object.keys(targets).map((name) => [name, connections * (rounds > 1 ? 20 : 2)]))
  const processes = (name) => targets[name].processes ?? [targets[name]]
  const slice = async (name, { url, pid }) => {
    const amount = amounts[name]
    const before = [pid && used(pid), usedByAll()]
    const answer = await generator.run({ url, requests: targets[name].requests.slice(0, amount), connections, status, amount })
    amounts[name] = Math.max(Math.ceil(answer.throughput * seconds), connections * 5)
    await settle?.(name, answer)
    answer.cpu = { own: pid && (used(pid) - before[0]) / answer.calls, all: (usedByAll() - before[1]) / answer.calls }
    return answer
  }
  for (const name of Object.keys(targets)) {
    for (const one of processes(name)) {
      let had = answered.get(one.pid) ?? 0
      do had += (await slice(name, one)).calls
      while (one.pid && rounds > 1 && had < WARM)
      answered.set(one.pid, had)
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const [nth, name] of Object.keys(targets).entries()) {
      const own = processes(name)
      measured[name].push(await slice(name, own[(round + nth * Math.floor(round / own.length)) % own.length]))
    }
  }
  return measured
}

async function generate({ url, requests, connections, amount, status }) {
  const times = []
  let wrong
  // Made ready before they are sent, a share of them for each connection: to make each in its turn takes as long again.
  const shares = Array.from({ length: connections }, (_, nth) => {
    const own = requests.filter((_, place) => place % connections === nth)
    return own.length > 0 ? own : requests
  })
  const began = performance.now()
  const result = await new Promise((resolve, reject) => {
    const run = autocannon({
      url, connections, timeout: 60, amount,
      // It looks so often, in milliseconds, whether all is done.
      sampleInt: 20,
      setupClient: (client) => {
        client.setRequests(shares.shift().map(({ method = 'GET', path, headers, body }) => ({ method, path, headers, ...(body !== undefined && { body }) })))
        client.on('body', (piece) => { client.lastPiece = piece })
      },
    }, (error, result) => error ? reject(error) : resolve(result))
    run.on('response', (client, answered, bytes, milliseconds) => {
      times.push(milliseconds)
      if (status ? answered !== status : answered < 200 || answered > 299) wrong ??= `${answered} ${String(client.lastPiece).slice(0, 600)}`
    })
  })
  const took = (performance.now() - began) / 1000
  if (wrong) return { error: wrong }
  if (result.errors || result.timeouts || times.length === 0) return { error: `${result.errors} of ${times.length} calls were not answered` }
  return { calls: times.length, throughput: times.length / took, p50: percentile(times, 50), p99: percentile(times, 99) }
}

if (process.argv[2] === 'generate' && process.send) {
  process.on('message', (job) => {
    generate(job).catch((error) => ({ error: error.message })).then((answer) => process.send(answer))
  })
}
