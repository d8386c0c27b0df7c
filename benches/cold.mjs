// How long a fresh isolate takes to its first answer, and how large what it loads is: Griot, its
// TypeScript peer, and as little as a Worker of each kind can be.
//
// Each round starts a process of workerd for each of them, in turn, and asks as soon as it listens. A
// process takes its time to start whatever it runs, so the empty Worker's time is taken off.

import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { comparison, figure, median, percentile, round } from './lib/stats.mjs'
import { connect, people } from './lib/database.mjs'
import { compiled, start } from './lib/workerd.mjs'

const given = JSON.parse(process.env.GRIOT_BENCH)
const { quick, root, workerd, bundle } = given
const configs = Object.fromEntries(Object.entries(given.configs).map(([who, config]) => [who, compiled(workerd, config)]))
const ROUNDS = quick ? 2 : 21
const database = connect(given)
const [{ token }] = await people(database, given, 1, 'admin')

/** Milliseconds from the start of the process to the first answer. */
async function first(config, path, headers, wanted) {
  const began = performance.now()
  const server = await start(workerd, config)
  try {
    const answer = await fetch(server.url + path, { headers })
    await answer.arrayBuffer()
    if (answer.status !== wanted) throw new Error(`${config}${path}: ${answer.status} instead of ${wanted}`)
    return performance.now() - began
  } finally {
    await server.stop()
  }
}

const refused = ['/api/admin/overview', {}, 401]
const answered = ['/api/admin/overview', { authorization: `Bearer ${token}` }, 200]
const cases = {
  'empty JavaScript': [configs.empty, '/', {}, 200],
  'empty wasm': [configs.empty_wasm, '/', {}, 200],
  'griot: refused without a token': [configs.griot, ...refused],
  'peer: refused without a token': [configs.twin, ...refused],
  'griot: keys fetched, token verified, database asked': [configs.griot, ...answered],
  'peer: keys fetched, token verified, database asked': [configs.twin, ...answered],
}
const times = Object.fromEntries(Object.keys(cases).map((name) => [name, []]))
for (let nth = 0; nth <= ROUNDS; nth++) {
  for (const [name, args] of Object.entries(cases)) {
    const took = await first(...args)
    // The first round brings the files into memory.
    if (nth > 0) times[name].push(took)
  }
}
await database.end()

const of = (name) => Object.entries(times).find(([found]) => found.startsWith(name))[1]
const empty = median(of('empty JavaScript'))
const griot = of('griot: keys')
const peer = of('peer: keys')
const above = (values) => Math.max(median(values) - empty, 0.1)

const size = (path) => {
  const bytes = readFileSync(path)
  return { raw: bytes.length, gzipped: gzipSync(bytes).length }
}
const worker = size(`${root}/build/index_bg.wasm`)
const document = size(`${root}/build/document.wasm`)
const glue = [`${root}/build/index.js`, `${root}/functions/gateway/entry.mjs`, `${root}/crates/document-module/instance.mjs`].map(size)
const script = { raw: glue.reduce((sum, { raw }) => sum + raw, 0), gzipped: glue.reduce((sum, { gzipped }) => sum + gzipped, 0) }
const twin = size(bundle)
const total = worker.gzipped + document.gzipped + script.gzipped

// The compiler's part of it, in this process' V8.
const wasm = readFileSync(`${root}/build/index_bg.wasm`)
const compile = []
for (let nth = 0; nth < (quick ? 1 : 7); nth++) {
  // Another byte at the end, in a section of its own, is another module: V8 keeps those it knows.
  const other = Buffer.concat([wasm, Buffer.from([0, 2, 1, nth])])
  const began = performance.now()
  await WebAssembly.compile(other)
  compile.push(performance.now() - began)
}

const ratioAll = median(griot) / median(peer)
const ratioAbove = above(griot) / above(peer)
const kilobytes = (bytes) => round(bytes / 1000, 4)
console.log(JSON.stringify({
  ...comparison(peer.map((time, nth) => time / griot[nth])),
  unit: 'ms',
  figures: [
    ...Object.entries(times).map(([name, values]) => figure(name, values, 'ms')),
    figure('compiling the Worker\'s wasm', compile, 'ms'),
  ],
  targets: [
    { what: 'first answer, times the peer\'s (process included)', wanted: '≤ 1.5', measured: round(ratioAll), met: ratioAll <= 1.5 },
    { what: 'first answer, times the peer\'s, without what an empty Worker takes', wanted: '≤ 1.5', measured: round(ratioAbove), met: ratioAbove <= 1.5 },
    { what: 'all that is deployed, gzipped, KB', wanted: '< 2000', measured: kilobytes(total), met: total < 2e6 },
    { what: 'of it instantiated where no PDF is touched, gzipped, KB', wanted: '< 700', measured: kilobytes(worker.gzipped + script.gzipped), met: worker.gzipped + script.gzipped < 7e5 },
    { what: 'compiling and instantiating, ms, 95 of 100', wanted: '< 1000', measured: round(percentile(griot, 95) - empty), met: percentile(griot, 95) - empty < 1000 },
  ],
  tables: [{
    title: 'Sizes (KB)',
    columns: ['', 'raw', 'gzipped'],
    rows: [
      ['Griot: wasm of the Worker', kilobytes(worker.raw), kilobytes(worker.gzipped)],
      ['Griot: JavaScript around it', kilobytes(script.raw), kilobytes(script.gzipped)],
      ['Griot: document module, instantiated for documents and the question engine alone', kilobytes(document.raw), kilobytes(document.gzipped)],
      ['peer: its bundle (four endpoints)', kilobytes(twin.raw), kilobytes(twin.gzipped)],
    ],
  }],
  notes: [
    `Each of ${ROUNDS} rounds starts a process of workerd for each and asks it once, as soon as it listens.`,
    'The configuration is compiled before: to read the modules out of one that is text takes workerd as long as to compile them, and no Worker that is deployed does it.',
    'The ratio is of the whole time, process included, to the first answer that needed the database.',
    'An empty Worker is the limit: one line of JavaScript, or that with a module of eight bytes.',
  ],
  versions: { workerd: JSON.parse(readFileSync(`${root}/node_modules/workerd/package.json`)).version },
}))
