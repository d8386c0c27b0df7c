// A Worker that answers a posted PDF with its text, read by unpdf.
import { extractText, getResolvedPDFJS } from 'unpdf'

export default {
  async fetch(request) {
    if (request.method !== 'POST') {
      await getResolvedPDFJS()
      return new Response('ready')
    }
    const { text } = await extractText(await request.arrayBuffer())
    return new Response(text.join('\f'))
  },
}
