// The PDFs that the benches read.

import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

/** The collection beside the project where there is one, else the project's own course. */
export function documents({ root, shared, quick }) {
  const folder = shared && join(shared, 'corpus')
  const files = folder
    ? readdirSync(folder).filter((name) => name.endsWith('.pdf')).sort().map((name) => join(folder, name))
    : [join(root, 'masterclass/masterclass.pdf')]
  const all = files.map((file) => ({ name: basename(file, '.pdf'), file, bytes: readFileSync(file) }))
  // Enough to see that it runs.
  return quick ? all.sort((a, b) => a.bytes.length - b.bytes.length).slice(0, 2) : all
}

/** Says which they are. */
export const whichDocuments = ({ shared }) =>
  shared
    ? 'Documents: ../shared/corpus, real documents of fourteen kinds of producer.'
    : 'Documents: only masterclass/masterclass.pdf, because there is no ../shared/corpus beside the project.'
