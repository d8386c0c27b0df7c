// Text out of PDFs: Griot's document module beside unpdf, which JavaScript edge functions use; in this
// process once both are warm, and in workerd once neither is. `cargo xtask bench pdf` starts this.

import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { build } from 'esbuild'
import { documents, whichDocuments } from './lib/documents.mjs'
import { given, print, versions } from './lib/given.mjs'
import { compile, readWithGriot, readWithUnpdf } from './lib/readers.mjs'
import { comparison, figure, median, round } from './lib/stats.mjs'
import { worker } from './lib/workerd.mjs'

const { quick, root, native } = given
const ROUNDS = quick ? 1 : 5
/** `cargo xtask bench questions` says what a whole generation needs. */
const MOST_MEMORY = 96e6

const say = (text) => console.error(`  ${text}`)

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc')

const module = compile(root)
const files = documents(given)

/** Runs each in turn, the order changing from round to round, and calls `note(round, name, result)`. */
async function alternate(rounds, runs, note) {
  for (let nth = 0; nth < rounds; nth += 1) {
    const turns = Object.entries(runs)
    for (const [name, run] of nth % 2 ? turns.reverse() : turns) note(nth, name, await run())
  }
}

/** Milliseconds, and what came out. What was made before is not cleared away in this time. */
async function timed(work) {
  collectGarbage()
  const started = performance.now()
  const result = await work()
  return { milliseconds: performance.now() - started, ...result }
}

const sum = (values) => values.reduce((total, value) => total + value, 0)
const letters = (pages) => sum(pages.map((text) => text.replace(/\s/g, '').length))

// The same document has the same pages and about as many letters for both, or nothing is compared.
say('comparing the answers')
for (const document of files) {
  const griot = readWithGriot(module, document.bytes)
  const unpdf = await readWithUnpdf(new Uint8Array(document.bytes))
  document.memory = griot.memory
  document.pages = unpdf.pages.length
  document.letters = letters(griot.pages)
  const [ours, theirs] = [document.letters, letters(unpdf.pages)]
  if (griot.pages.length !== document.pages && ours > 0) {
    throw new Error(`${document.name}: ${griot.pages.length} pages, and ${document.pages} to unpdf`)
  }
  if (Math.abs(ours - theirs) > 0.1 * Math.max(ours, theirs)) {
    throw new Error(`${document.name}: ${ours} letters, and ${theirs} to unpdf`)
  }
}

/** Milliseconds of each document, `[name][document][round]`. */
const warm = { griot: files.map(() => []), unpdf: files.map(() => []), native: files.map(() => []) }
const readAll = async (read) => {
  const taken = []
  for (const { bytes } of files) {
    const given = new Uint8Array(bytes)
    taken.push((await timed(() => read(given))).milliseconds)
  }
  return taken
}
const engines = {
  griot: () => readAll((bytes) => readWithGriot(module, bytes)),
  unpdf: () => readAll(readWithUnpdf),
  ...(native && {
    native: () => {
      const printed = execFileSync(native, ['pdf', ...files.map(({ file }) => file)])
      return JSON.parse(printed).documents.map(({ seconds }) => seconds * 1000)
    },
  }),
}
say('warming up')
if (!quick) await alternate(2, engines, () => {})
await alternate(ROUNDS, engines, (nth, name, taken) => {
  taken.forEach((milliseconds, at) => warm[name][at].push(milliseconds))
  say(`round ${nth + 1} of ${ROUNDS}: ${name} ${round(sum(taken))} ms`)
})

const pages = sum(files.map((document) => document.pages))
const rates = (name) =>
  Array.from({ length: ROUNDS }, (_, nth) => (1000 * pages) / sum(warm[name].map((rounds) => rounds[nth])))
const [griot, unpdf] = [rates('griot'), rates('unpdf')]
const ratio = comparison(griot.map((rate, nth) => rate / unpdf[nth]))

// In workerd.

const folder = join(root, '.griot/bench')
mkdirSync(folder, { recursive: true })
const bundled = join(folder, 'unpdf.js')
await build({
  entryPoints: [join(root, 'benches/readers/unpdf.mjs')],
  bundle: true,
  format: 'esm',
  minify: true,
  outfile: bundled,
  logLevel: 'error',
})
const start = {
  griot: worker(given, 'griot-reader', [
    ['readers/griot.mjs', 'esModule', join(root, 'benches/readers/griot.mjs')],
    ['instance.mjs', 'esModule', join(root, 'crates/document-module/instance.mjs')],
    ['document.wasm', 'wasm', join(root, 'build/document.wasm')],
  ]),
  unpdf: worker(given, 'unpdf-reader', [['unpdf.js', 'esModule', bundled]]),
}

/** Posts a document and waits for its text. */
async function post(url, { name, bytes, letters: wanted }) {
  const started = performance.now()
  const response = await fetch(url, { method: 'POST', body: bytes })
  const text = await response.text()
  const milliseconds = performance.now() - started
  if (!response.ok) throw new Error(`${name}: ${response.status} ${text}`)
  const found = letters([text])
  if (Math.abs(found - wanted) > 0.1 * Math.max(found, wanted)) throw new Error(`${name}: ${found} letters`)
  return milliseconds
}

/**
 * The first document of a new isolate, and one that a warm isolate reads. All that can be loaded before
 * the document comes has been loaded: also unpdf's own module, which it leaves until it is needed.
 */
async function inWorkerd(name, document) {
  const running = await start[name]()
  try {
    await (await fetch(running.url)).text()
    const first = await post(running.url, document)
    const again = []
    // A small document several times: of one answer of a few milliseconds the machine's own pace would be half.
    do again.push(await post(running.url, document))
    while (!quick && (again.length < 3 || (again.length < 25 && sum(again) < 200)))
    return { first, again: median(again.slice(again.length >> 1)) }
  } finally {
    await running.stop()
  }
}

const cold = { griot: files.map(() => []), unpdf: files.map(() => []) }
for (const [at, document] of files.entries()) {
  const runs = { griot: () => inWorkerd('griot', document), unpdf: () => inWorkerd('unpdf', document) }
  await alternate(ROUNDS, runs, (_, name, taken) => cold[name][at].push(taken))
  const middle = (name) => round(median(cold[name][at].map(({ first }) => first)))
  say(`workerd, ${document.name}: griot ${middle('griot')} ms, unpdf ${middle('unpdf')} ms`)
}

const times = (at, which) => {
  const of = (name) => cold[name][at].map((taken) => taken[which])
  return comparison(of('unpdf').map((peer, nth) => peer / of('griot')[nth]))
}
const firsts = files.map((_, at) => times(at, 'first').ratio)
const agains = files.map((_, at) => times(at, 'again').ratio)
const worst = Math.min(...firsts)
const worstAgain = Math.min(...agains)
const slowest = files[firsts.indexOf(worst)].name

const middles = (rounds) => round(median(rounds))
const { unpdf: version } = versions('unpdf')
const memory = Math.max(...files.map((document) => document.memory))
const largest = files.find((document) => document.memory === memory)
print({
  ...ratio,
  unit: 'pages/s',
  figures: [
    figure('griot', griot, 'pages/s'),
    figure(`peer: unpdf ${version}`, unpdf, 'pages/s'),
    ...(native ? [figure('limit: native', rates('native'), 'pages/s')] : []),
    { name: `first answer in workerd, least lead over unpdf (${slowest})`, value: worst, unit: 'times' },
    { name: 'answer of a warm isolate, least lead over unpdf', value: worstAgain, unit: 'times' },
    { name: `most memory, ${largest.name} (${largest.pages} pages)`, value: round(memory / 1e6), unit: 'MB' },
  ],
  targets: [
    { what: "times unpdf's pages per second, warm", wanted: '≥ 5', measured: ratio.ratio, met: ratio.ratio >= 5 },
    {
      what: 'in workerd with a cold instance, times as fast as unpdf, on the worst document: first of a new isolate',
      wanted: '> 1',
      measured: worst,
      met: worst > 1,
    },
    {
      what: 'the same in an isolate that has read it before',
      wanted: '> 1',
      measured: worstAgain,
      met: worstAgain > 1,
    },
    {
      what: 'memory of reading the document that needs most',
      wanted: '< 96 MB',
      measured: round(memory / 1e6),
      met: memory < MOST_MEMORY,
    },
  ],
  tables: [
    {
      title: 'Milliseconds by document, medians',
      columns: [
        'document', 'pages', 'KB', 'Griot', 'unpdf', 'times', 'native', 'first in workerd: Griot', 'unpdf', 'times',
        'again in workerd: Griot', 'unpdf', 'times', 'Griot, MB of memory',
      ],
      rows: files.map((document, at) => [
        document.name,
        document.pages,
        Math.round(document.bytes.length / 1000),
        middles(warm.griot[at]),
        middles(warm.unpdf[at]),
        middles(warm.unpdf[at].map((peer, nth) => peer / warm.griot[at][nth])),
        native ? middles(warm.native[at]) : null,
        ...['first', 'again'].flatMap((which) => [
          middles(cold.griot[at].map((taken) => taken[which])),
          middles(cold.unpdf[at].map((taken) => taken[which])),
          times(at, which).ratio,
        ]),
        round(document.memory / 1e6),
      ]),
    },
  ],
  notes: [
    whichDocuments(given),
    'Warm: one Node process, both engines after two rounds over all documents; Griot makes and throws away a WebAssembly instance for each document, which is part of its time.',
    'The native program is a release build of the same Rust code, and reads each document a second time.',
    'First in workerd: a new process for each document, asked once before it, so that its modules are loaded (also the one that unpdf imports when first used); from the first byte sent to the last byte of text. Again: the median of the later half of three to twenty-five more, of a small document the most.',
    'A page without text, as of a scan, counts as a page for both.',
  ],
  versions: { unpdf: version, node: process.version },
})
