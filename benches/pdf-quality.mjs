// How much of a document's text comes out, and in which order, for Griot and for unpdf, by poppler's
// `pdftotext`. `cargo xtask bench pdf-quality` starts this.

import { execFileSync } from 'node:child_process'
import { documents, whichDocuments } from './lib/documents.mjs'
import { given, print, versions } from './lib/given.mjs'
import { compile, readWithGriot, readWithUnpdf } from './lib/readers.mjs'
import { mean, round } from './lib/stats.mjs'

/** No document below this recall. */
const LEAST_RECALL = 0.95

const { unpdf: version } = versions('unpdf')

/** The words of each page, as poppler reads them; with `-raw` in the order of drawing. */
function poppler(file, ...options) {
  const text = execFileSync('pdftotext', ['-enc', 'UTF-8', ...options, file, '-'], { maxBuffer: 1 << 28 })
  // Every page ends with a form feed: nothing follows the last one.
  return text.toString().split('\f').slice(0, -1).map(words)
}

/** What stands between spaces and holds a letter or a digit, in NFKC: bullets are no words. */
const words = (text) => text.normalize('NFKC').split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word))

/** Words broken at the end of a line, rejoined as poppler does. */
const rejoin = (text) => text.replace(/(?<=[\p{L}\p{N}])[-\u{ad}]\n(?=.)/gu, '')

const isAccented = (word) => /\p{M}/u.test(word.normalize('NFD'))

/** The words of the first that the second has, too, each as often as both have it. */
function common(theirs, ours) {
  const left = new Map()
  for (const word of ours) left.set(word, (left.get(word) ?? 0) + 1)
  return theirs.filter((word) => {
    const count = left.get(word) ?? 0
    if (count) left.set(word, count - 1)
    return count > 0
  })
}

/** How long the longest common subsequence is. */
function longestCommon(a, b) {
  const row = new Uint32Array(b.length + 1)
  for (const left of a) {
    let diagonal = 0
    for (let at = 0; at < b.length; at += 1) {
      const above = row[at + 1]
      row[at + 1] = left === b[at] ? diagonal + 1 : Math.max(above, row[at])
      diagonal = above
    }
  }
  return row[b.length]
}

const share = (part, whole) => (whole ? part / whole : 1)

/** What one reader made of one document, page by page. */
function score(reference, drawn, read) {
  const total = { wanted: 0, given: 0, found: 0, order: 0, better: 0, betterFound: 0, accents: 0, accentsFound: 0 }
  for (let at = 0; at < Math.max(reference.length, read.length); at += 1) {
    const [theirs, asDrawn, ours] = [reference, drawn, read].map((pages) => pages[at] ?? [])
    const found = common(theirs, ours)
    const order = longestCommon(theirs, ours)
    const drawnOrder = longestCommon(asDrawn, ours)
    total.wanted += theirs.length
    total.given += ours.length
    total.found += found.length
    total.order += order
    total.better += Math.max(order, drawnOrder)
    total.betterFound += drawnOrder > order ? common(asDrawn, ours).length : found.length
    total.accents += theirs.filter(isAccented).length
    total.accentsFound += found.filter(isAccented).length
  }
  return {
    words: total.wanted,
    recall: share(total.found, total.wanted),
    precision: share(total.found, total.given),
    order: share(total.order, total.found),
    eitherOrder: share(total.better, total.betterFound),
    accented: total.accents ? share(total.accentsFound, total.accents) : null,
  }
}

function measure() {
  const module = compile(given.root)
  const readers = {
    griot: (bytes) => readWithGriot(module, bytes),
    unpdf: (bytes) => readWithUnpdf(new Uint8Array(bytes)),
  }
  return (async () => {
    const scores = []
    for (const { name, file, bytes } of documents(given)) {
      const [reference, drawn] = [poppler(file), poppler(file, '-raw')]
      if (reference.every((page) => page.length === 0)) continue
      const of = {}
      for (const [reader, read] of Object.entries(readers)) {
        const { pages } = await read(bytes)
        of[reader] = score(reference, drawn, pages.map((text) => words(rejoin(text))))
      }
      scores.push({ name, ...of })
      console.error(`  ${name}: recall ${percent(of.griot.recall)} and ${percent(of.unpdf.recall)}`)
    }
    return scores
  })()
}

const percent = (value) => (value === null ? null : Number((100 * value).toFixed(2)))

function report(scores, poppler) {
  const MEASURES = { recall: 'recall', precision: 'precision', order: 'order', eitherOrder: 'order, either', accented: 'accented words' }
  const over = (reader, measure) =>
    mean(scores.map((document) => document[reader][measure]).filter((value) => value !== null))
  const figures = Object.entries(MEASURES).flatMap(([measure, name]) =>
    ['griot', 'unpdf'].map((reader) => ({
      name: `${name}: ${reader === 'griot' ? 'griot' : `peer: unpdf ${version}`}`,
      value: percent(over(reader, measure)),
      unit: '%',
    })),
  ).filter(({ value }) => !Number.isNaN(value)) // No document has such words.
  const worst = scores.reduce((least, next) => (next.griot.recall < least.griot.recall ? next : least))
  const atLeast = (measure, what) => ({
    what,
    wanted: `≥ ${percent(over('unpdf', measure))} %`,
    measured: percent(over('griot', measure)),
    met: over('griot', measure) >= over('unpdf', measure),
  })
  const ratios = scores.map(({ griot, unpdf }) => griot.recall / unpdf.recall)
  print({
    ratio: round(over('griot', 'recall') / over('unpdf', 'recall'), 4),
    spread: [Math.min(...ratios), Math.max(...ratios)].map((ratio) => round(ratio, 4)),
    unit: '% of words',
    figures,
    targets: [
      atLeast('recall', "mean word recall, at least unpdf's"),
      atLeast('order', "mean order, at least unpdf's"),
      {
        what: `recall of the worst document (${worst.name})`,
        wanted: `≥ ${percent(LEAST_RECALL)} %`,
        measured: percent(worst.griot.recall),
        met: worst.griot.recall >= LEAST_RECALL,
      },
    ],
    tables: [
      {
        title: 'By document, in per cent: Griot and unpdf',
        columns: ['document', 'words', ...Object.values(MEASURES).flatMap((name) => [`${name}: Griot`, 'unpdf'])],
        rows: scores.map((document) => [
          document.name,
          document.griot.words,
          ...Object.keys(MEASURES).flatMap((measure) => [document.griot, document.unpdf].map((of) => percent(of[measure]))),
        ]),
      },
    ],
    notes: [
      whichDocuments(given),
      'A word is what stands between spaces and holds a letter or a digit, after NFKC; the two halves of a word broken at the end of a line are rejoined as poppler does. Pages are compared one by one.',
      "Recall: of pdftotext's words, those that were read on the same page, as often as both have them. Precision: of the words read, those that pdftotext has on that page. Order: of the words in common, those in the longest common subsequence of the page.",
      "Order, either: the better of pdftotext's two orders for each page, that of reading, which it guesses, and that of drawing (-raw). Accented words: recall over the words with an accent.",
      'Means are over the documents in which pdftotext finds text; the spread is that of the recall of single documents. The limit is 100.',
    ],
    versions: { unpdf: version, pdftotext: poppler },
  })
}

let poppler_version
try {
  // It prints its version to standard error.
  poppler_version = execFileSync('sh', ['-c', 'pdftotext -v 2>&1']).toString().match(/[\d.]+/)[0]
} catch {
  const missing = 'not measured: pdftotext is missing (apt install poppler-utils)'
  console.error(`  pdf-quality: ${missing}`)
  print({ ratio: null, spread: null, unit: '% of words', figures: [], targets: [], tables: [], notes: [missing] })
}
if (poppler_version) report(await measure(), poppler_version)
