// Every hostile PDF of the development corpus, where that lies beside the project, goes through
// the Worker: each ends with its code or with what could be read, and the next request is served.

import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { test } from 'node:test'
import { call, createMasterclass, createStaff } from './project.mjs'

const corpus = new URL('../../../shared/corpus/hostile/', import.meta.url)

// What each must answer; a file that is not named here may give its text or any 4xx code.
const expected = {
  '00_tiny_ok.pdf': [200, 422],
  '07_html.pdf': ['not_a_pdf'],
  '08_empty.pdf': ['pdf_empty'],
  '10_user_password.pdf': ['pdf_encrypted'],
  '33_200k_pages.pdf': ['pdf_too_many_pages'],
}

test('hostile PDFs', async (t) => {
  if (!existsSync(corpus)) {
    console.log('The corpus of hostile PDFs is not beside the project: those files were not tried here.')
    return
  }
  const good = await createMasterclass(await createStaff())
  for (const file of readdirSync(corpus).sort()) {
    await t.test(file, async () => {
      // Two generations each, and one person may do ten a minute.
      const tutor = await createStaff()
      const bytes = readFileSync(new URL(file, corpus))
      const id = await createMasterclass(tutor, bytes)
      const started = performance.now()
      const { status, body } = await call('/generate-questions', { token: tutor.token, body: { masterclass_id: id, engine: 'embedded' } })
      const seconds = ((performance.now() - started) / 1000).toFixed(2)
      console.log(`${file}: ${status} ${body.code ?? `${body.questions.length} questions`} in ${seconds} s`)
      assert.ok([200, 413, 422].includes(status), `${status} ${JSON.stringify(body)}`)
      if (expected[file]) assert.ok(expected[file].includes(status) || expected[file].includes(body.code), body.code)
      const next = await call('/generate-questions', { token: tutor.token, body: { masterclass_id: good, count: 1, engine: 'embedded' } })
      assert.equal(next.status, 200, 'the next request is served')
    })
  }
})
