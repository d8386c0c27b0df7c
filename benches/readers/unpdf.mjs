// A Worker that answers a posted PDF with its text, read by unpdf.
import { extractText, getDocumentProxy, getResolvedPDFJS } from 'unpdf'

export default {
  async fetch(request) {
    if (request.method !== 'POST') {
      await getResolvedPDFJS()
      return new Response('ready')
    }
    const pdf = await getDocumentProxy(await request.arrayBuffer(), { verbosity: 0 })
    try {
      return new Response((await extractText(pdf)).text.join('\f'))
    } finally {
      await pdf.loadingTask.destroy()
    }
  },
}
