// A Worker that answers a posted PDF with its text, read as Griot reads it.
import { PdfInstance } from '../instance.mjs'
import module from '../document.wasm'

/** The stream would come in pieces of 4 KB, each a turn of the event loop. */
const PIECE = 64 * 1024

export default {
  async fetch(request) {
    if (request.method !== 'POST') return new Response('ready')
    const instance = new PdfInstance(module)
    const reader = request.body.getReader({ mode: 'byob' })
    let piece = { value: new Uint8Array(PIECE) }
    do {
      piece = await reader.readAtLeast(PIECE, new Uint8Array(piece.value.buffer))
      instance.write(piece.value ?? new Uint8Array())
    } while (!piece.done)
    const { ok, error } = JSON.parse(instance.finish())
    if (error && error.code !== 'pdf_has_no_text') return new Response(error.message, { status: 422 })
    return new Response(ok?.pages.map((page) => page.text).join('\f') ?? '')
  },
}
