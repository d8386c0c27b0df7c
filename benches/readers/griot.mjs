// A Worker that answers a posted PDF with its text, read as Griot reads it.
import { PdfInstance } from '../instance.mjs'
import module from '../document.wasm'

export default {
  async fetch(request) {
    if (request.method !== 'POST') return new Response('ready')
    const instance = new PdfInstance(module)
    for await (const piece of request.body) instance.write(piece)
    const { ok, error } = JSON.parse(instance.finish())
    if (error && error.code !== 'pdf_has_no_text') return new Response(error.message, { status: 422 })
    return new Response(ok?.pages.map((page) => page.text).join('\f') ?? '')
  },
}
