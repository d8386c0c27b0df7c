// POST /api/generate-questions in workerd, against the real database and Storage.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { before, beforeEach, test } from 'node:test'
import { call, createMasterclass, createStaff, masterclassPdf, must } from './project.mjs'

let tutor, masterclass
before(async () => { masterclass = await createMasterclass(await createStaff()) })
// One person may generate ten times a minute.
beforeEach(async () => { tutor = await createStaff() })

const generate = (body, headers) => call('/generate-questions', { token: tutor.token, body, headers })
const stored = async (id) => must(await tutor.client.from('questions').select('*').eq('masterclass_id', id))

test('functions.invoke turns a PDF of Storage into ten drafts with evidence', async () => {
  const { questions, engine, language, pages } = must(
    await tutor.client.functions.invoke('generate-questions', { body: { masterclass_id: masterclass, engine: 'embedded', seed: 1 } }))
  assert.equal(questions.length, 10)
  assert.equal(engine, 'embedded')
  assert.equal(language, 'fr')
  assert.ok(pages >= 12)
  const rows = await stored(masterclass)
  assert.equal(rows.length, 10)
  for (const question of questions) {
    const row = rows.find(({ id }) => id === question.id)
    assert.equal(row.status, 'draft')
    assert.equal(row.question_text, question.question_text)
    assert.deepEqual(row.choices, question.choices)
    assert.equal(row.correct_choice, question.correct_choice)
    assert.deepEqual([row.evidence_page, row.evidence_quote], [question.evidence.page, question.evidence.quote])
  }
  const keys = questions.map(({ correct_choice }) => correct_choice)
  for (const letter of 'ABCD') assert.ok([2, 3].includes(keys.filter((key) => key === letter).length), keys.join(''))
})

test('the address of an object can be given in every form', async () => {
  const path = `masterclass-pdfs/${masterclass}/cours.pdf`
  for (const pdf_url of [path, `${process.env.SUPABASE_URL}/storage/v1/object/${path}`, `${process.env.SUPABASE_URL}/storage/v1/object/authenticated/${path}`]) {
    const { status, body } = await generate({ pdf_url, count: 1, engine: 'embedded' })
    assert.equal(status, 200, JSON.stringify(body))
    assert.equal(body.questions.length, 1)
  }
})

test('eight concurrent requests with one key store one set of questions', async () => {
  const id = await createMasterclass(tutor)
  const key = { 'idempotency-key': randomUUID() }
  const body = { masterclass_id: id, count: 5, engine: 'embedded' }
  const answers = await Promise.all(Array.from({ length: 8 }, () => generate(body, key)))
  const first = answers.filter(({ status, headers }) => status === 200 && !headers.has('idempotency-replayed'))
  assert.equal(first.length, 1)
  for (const { status, body } of answers) assert.ok(status === 200 || (status === 409 && body.code === 'request_in_progress'), JSON.stringify(body))
  const again = await generate(body, key)
  assert.equal(again.headers.get('idempotency-replayed'), 'true')
  assert.deepEqual(again.body, first[0].body)
  assert.equal((await stored(id)).length, 5)
  const other = await generate({ ...body, count: 6 }, key)
  assert.equal(other.body.code, 'idempotency_key_reused')
})

test('a file that is no PDF is refused and the next request is served', async () => {
  const id = await createMasterclass(tutor, Buffer.from('<html>no</html>'))
  const { status, body } = await generate({ masterclass_id: id })
  assert.deepEqual([status, body.code], [422, 'not_a_pdf'])
  assert.deepEqual(await stored(id), [])
  const { status: next } = await generate({ masterclass_id: masterclass, count: 1, engine: 'embedded' })
  assert.equal(next, 200)
})

test('private addresses are refused', async () => {
  for (const pdf_url of ['http://127.0.0.1:54321/', 'https://127.0.0.1/a.pdf', 'https://localhost/a.pdf', 'https://[::1]/', 'https://169.254.169.254/', `${process.env.SUPABASE_URL}/auth/v1/health`]) {
    const { status, body } = await generate({ pdf_url })
    assert.deepEqual([status, body.code], [422, 'pdf_url_refused'], pdf_url)
  }
})

test('bodies that are wrong are refused by field', async () => {
  for (const [body, status, code] of [
    ['{', 400, 'malformed_json'],
    [{}, 422, 'invalid_request'],
    [{ pdf_url: 'a/b', count: 51 }, 422, 'invalid_request'],
    [{ pdf_url: 'a/b', extra: 1 }, 422, 'invalid_request'],
    [{ masterclass_id: randomUUID() }, 404, 'masterclass_not_found'],
    [{ pdf_url: 'masterclass-pdfs/x/none.pdf' }, 404, 'pdf_not_found'],
    [{ pdf_url: 'x'.repeat(70_000) }, 413, 'body_too_large'],
  ]) {
    const answer = await generate(body)
    assert.deepEqual([answer.status, answer.body.code], [status, code])
  }
})

test('a PDF cut in the middle gives its text or its code, and takes nothing down', async () => {
  const pdf = masterclassPdf()
  for (const part of [0.1, 0.5, 0.9]) {
    const id = await createMasterclass(tutor, pdf.subarray(0, Math.floor(pdf.length * part)))
    const { status, body } = await generate({ masterclass_id: id, engine: 'embedded' })
    assert.ok(status === 200 || (status === 422 && body.code), JSON.stringify(body))
  }
})
