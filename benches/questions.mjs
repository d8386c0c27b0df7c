// From text to questions with the embedded engine: where its time goes, and how it grows with the document.
// `cargo xtask bench questions` starts this.

import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { callMcq } from '../crates/document-module/instance.mjs'
import { documents, whichDocuments } from './lib/documents.mjs'
import { given, print } from './lib/given.mjs'
import { compile, readWithGriot } from './lib/readers.mjs'
import { figure, median, round } from './lib/stats.mjs'

const { quick, root, native } = given
const ROUNDS = quick ? 1 : 5
const SIZES = quick ? [3, 10] : [10, 30, 100, 300]
/** As many as a paper has. Ten pages hold them: where there are too few, all is read again for the other language. */
const QUESTIONS = 10
const MOST_MEMORY = 96e6
/** Of the time over the number of pages, both as logarithms: 1 is linear. */
const STEEPEST = 1.1

const module = compile(root)
const largest = Math.max(...SIZES)

/** The document with the most pages, and so often as it takes for the largest size. */
function longDocument() {
  const read = documents(given).map(({ name, bytes }) => ({ name, ...readWithGriot(module, bytes) }))
  const { name, pages, memory } = read.reduce((most, next) => (next.pages.length > most.pages.length ? next : most))
  const text = Array.from({ length: largest }, (_, at) => pages[at % pages.length])
  return { name, memory, own: pages.length, pages: text.map((text, at) => ({ number: at + 1, text })) }
}
const document = longDocument()
const encode = (value) => new TextEncoder().encode(JSON.stringify(value))

/** The engine's own call in an instance of its own, as the Worker makes it; also the memory it took. */
function call(value) {
  const { Instance } = WebAssembly
  let instance
  WebAssembly.Instance = class extends Instance {
    constructor(...given) {
      super(...given)
      instance = this
    }
  }
  try {
    const answer = JSON.parse(new TextDecoder().decode(callMcq(module, encode(value))))
    return { answer, memory: instance.exports.memory.buffer.byteLength }
  } finally {
    WebAssembly.Instance = Instance
  }
}

/** Language, then questions: two calls, as a request makes them. */
function generate(pages) {
  const started = performance.now()
  const cpu = process.cpuUsage()
  const language = call({ detect_language: { pages } }).answer
  const { answer, memory } = call({ generate: { pages, options: { count: QUESTIONS, language, seed: 1, avoid: [] } } })
  const { user, system } = process.cpuUsage(cpu)
  return {
    milliseconds: performance.now() - started,
    cpu: (user + system) / 1e6,
    questions: answer.questions,
    memory,
  }
}

// Pages from the whole length of the document: its first ten are a title and a table of contents.
const sizes = SIZES.map((count) => {
  const pages = document.pages.filter((_, at) => Math.floor((at * count) / largest) < Math.floor(((at + 1) * count) / largest))
  return { count, pages, bytes: pages.reduce((sum, { text }) => sum + text.length, 0), runs: [], native: [] }
})
const folder = join(root, '.griot/bench')
mkdirSync(folder, { recursive: true })
const file = (count) => join(folder, `pages-${count}.json`)
for (const { count, pages } of sizes) writeFileSync(file(count), JSON.stringify(pages))

// Compiled for speed, before anything is measured.
for (let nth = 0; nth < (quick ? 0 : 3); nth += 1) generate(sizes[1].pages)
for (let nth = 0; nth < ROUNDS; nth += 1) {
  for (const size of sizes) {
    size.runs.push(generate(size.pages))
    if (!native) continue
    const printed = execFileSync(native, ['questions', file(size.count), String(QUESTIONS), quick ? '1' : '2'])
    const run = JSON.parse(printed).runs.at(-1)
    if (run.questions !== size.runs[nth].questions.length) {
      throw new Error(`${size.count} pages: ${run.questions} questions natively, and not in wasm`)
    }
    size.native.push(run)
  }
  console.error(`  round ${nth + 1} of ${ROUNDS}: ${sizes.map(({ runs }) => round(runs[nth].milliseconds)).join(', ')} ms`)
}
for (const { count, runs } of sizes) {
  if (runs[0].questions.length === 0) throw new Error(`${count} pages give no question`)
}

/** The slope of the line through the logarithms (least squares). */
function exponent(values) {
  const points = sizes.map(({ count }, at) => [Math.log(count), Math.log(values[at])])
  const middle = [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length)
  const sum = (by) => points.reduce((total, [x, y]) => total + by(x - middle[0], y - middle[1]), 0)
  return sum((x, y) => x * y) / sum((x) => x * x)
}

const times = sizes.map(({ runs }) => median(runs.map((run) => run.milliseconds)))
const slopesOf = (time) => Array.from({ length: ROUNDS }, (_, nth) => exponent(sizes.map(({ runs }) => time(runs[nth]))))
const slopes = slopesOf((run) => run.milliseconds)
const slope = median(slopes)
const growth = times.at(-1) / times[0]
const factor = SIZES.at(-1) / SIZES[0]
const last = sizes.at(-1)
const memory = Math.max(document.memory, ...last.runs.map((run) => run.memory))
const stages = native ? [...new Set(sizes.flatMap((size) => size.native.flatMap((run) => Object.keys(run.stages))))] : []
const stage = (size, name) => median(size.native.map((run) => (run.stages[name] ?? 0) * 1000))

print({
  ratio: null,
  spread: null,
  unit: 'ms',
  figures: [
    ...sizes.map(({ count, runs }) => figure(`${count} pages`, runs.map((run) => run.milliseconds), 'ms')),
    figure('growth: exponent of the time over the pages', slopes, ''),
    figure('the same of the CPU time', slopesOf((run) => run.cpu), ''),
    figure(`CPU of ${last.count} pages`, last.runs.map((run) => run.cpu), 's'),
    { name: `memory of ${last.count} pages: reading the PDF`, value: round(document.memory / 1e6), unit: 'MB' },
    { name: `memory of ${last.count} pages: questions`, value: round(last.runs[0].memory / 1e6), unit: 'MB' },
    ...(native
      ? [figure(`limit: native, ${last.count} pages`, last.native.map((run) => run.seconds * 1000), 'ms')]
      : []),
  ],
  targets: [
    {
      what: `linear: ${SIZES[0]} to ${last.count} pages, exponent of the time over the pages`,
      wanted: `≤ ${STEEPEST}`,
      measured: round(slope),
      met: slope <= STEEPEST,
    },
    {
      what: `linear: time of ${last.count} pages by that of ${SIZES[0]}`,
      wanted: `≤ ${round(factor * 1.3)}`,
      measured: round(growth),
      met: growth <= factor * 1.3,
    },
    {
      what: `memory of a generation from a PDF of ${last.count} pages, the most of an instance`,
      wanted: '< 96 MB',
      measured: round(memory / 1e6),
      met: memory < MOST_MEMORY,
    },
  ],
  tables: [
    {
      title: 'The engine in wasm',
      columns: ['pages', 'KB of text', 'questions', 'ms', 'ms a page', 'CPU s', 'MB of memory'],
      rows: sizes.map(({ count, bytes, runs }, at) => [
        count,
        Math.round(bytes / 1000),
        runs[0].questions.length,
        round(times[at]),
        round(times[at] / count),
        round(median(runs.map((run) => run.cpu))),
        round(runs[0].memory / 1e6),
      ]),
    },
    ...(native
      ? [
          {
            title: 'Stages of the same engine, native (ms)',
            columns: ['pages', ...stages, 'all'],
            rows: sizes.map((size) => [
              size.count,
              ...stages.map((name) => round(stage(size, name))),
              round(median(size.native.map((run) => run.seconds * 1000))),
            ]),
          },
        ]
      : []),
  ],
  notes: [
    whichDocuments(given),
    `Text: pages of ${document.name}, evenly spaced${document.own < largest ? `, which has ${document.own}, repeated` : ''}; ${QUESTIONS} questions wanted of each size.`,
    'Time: the call for the language and the call for the questions, each in a WebAssembly instance of its own, JSON in and out, in Node once the module is compiled for speed.',
    'Selection holds what a question costs (distractors, evidence, flaws): it depends on how many questions are wanted and how soon they are found, not on the length alone.',
  ],
  versions: { node: process.version },
})
