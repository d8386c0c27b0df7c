// The readers of PDFs that are compared: Griot's module as the Worker drives it, and unpdf. Both take the
// bytes of a document and give the text of each page.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { extractText, getDocumentProxy } from 'unpdf'
import { PdfInstance } from '../../crates/document-module/instance.mjs'

/** Pieces as a network delivers them. */
const PIECE = 64 * 1024

export const compile = (root) => new WebAssembly.Module(readFileSync(join(root, 'build/document.wasm')))

/** Reads in an instance of its own; also gives the most memory that it took. */
export function readWithGriot(module, bytes) {
  const instance = new PdfInstance(module)
  for (let at = 0; at < bytes.length; at += PIECE) instance.write(bytes.subarray(at, at + PIECE))
  const { ok, error } = JSON.parse(instance.finish())
  if (error && error.code !== 'pdf_has_no_text') throw new Error(error.message)
  return { pages: ok?.pages.map((page) => page.text) ?? [], memory: instance.memoryBytes() }
}

/** The bytes are given away: PDF.js keeps what it gets. */
export async function readWithUnpdf(bytes) {
  // Errors only: it warns on the standard output of what it cannot load.
  const pdf = await getDocumentProxy(bytes, { verbosity: 0 })
  try {
    return { pages: (await extractText(pdf)).text }
  } finally {
    await pdf.loadingTask.destroy()
  }
}
