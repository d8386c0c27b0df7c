// /api/admin/questions: the bank, changed by several people at once.

import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { call, createStaff, createStudent, must } from '../functions/project.mjs'
import { choices, createMasterclass, createQuestion, get } from './class.mjs'

let tutor, masterclass
before(async () => {
  tutor = await createStaff('admin')
  masterclass = await createMasterclass(tutor)
})

const send = (method, path, body) => call(`/admin/questions${path}`, { method, token: tutor.token, body })
const list = async (query, id = masterclass) => (await get(tutor, `questions?masterclass_id=${id}${query}`)).body
const change = ({ id, version }, more) => send('PUT', `/${id}`, {
  question_text: 'Une autre ?', choices, correct_choice: 'B', status: 'draft', version, ...more,
})

test('a question is created, changed and deleted, each time on the version that was read', async () => {
  const body = {
    masterclass_id: masterclass, question_text: 'Quelle couleur a le sang ?', choices, correct_choice: 'A',
    evidence_page: 3, evidence_quote: 'Le sang est rouge.',
  }
  const created = await send('POST', '', body)
  assert.equal(created.status, 201)
  const { id, version, created_at, updated_at, ...stored } = created.body
  assert.equal(created.headers.get('location'), `/api/admin/questions/${id}`)
  assert.deepEqual(stored, { ...body, status: 'draft', flaws: stored.flaws })
  assert.deepEqual((await list('')).questions, [created.body])

  const changed = await change(created.body, { status: 'published' })
  assert.equal(changed.status, 200)
  assert.deepEqual(
    [changed.body.version, changed.body.question_text, changed.body.correct_choice, changed.body.evidence_page],
    [version + 1, 'Une autre ?', 'B', null])

  const stale = await change(created.body)
  assert.deepEqual([stale.status, stale.body.code, stale.body.details], [409, 'stale_version', { current_version: version + 1 }])
  const kept = await send('DELETE', `/${id}?version=${version}`)
  assert.deepEqual([kept.status, kept.body.code, kept.body.details], [409, 'stale_version', { current_version: version + 1 }])
  assert.deepEqual((await list('')).questions, [changed.body])

  const deleted = await send('DELETE', `/${id}?version=${version + 1}`)
  assert.deepEqual([deleted.status, deleted.body], [204, null])
  const gone = await send('DELETE', `/${id}?version=${version + 1}`)
  assert.deepEqual([gone.status, gone.body.code], [404, 'question_not_found'])
  assert.deepEqual([(await change(changed.body)).status, (await list('')).pagination.total], [404, 0])
})

test('four choices are different also without their capitals', async () => {
  const body = { masterclass_id: masterclass, question_text: 'Quelle saison ?', correct_choice: 'A' }
  const said = async (B) => {
    const refused = await send('POST', '', { ...body, choices: { A: 'Un été', B, C: 'Un hiver', D: 'Un automne' } })
    return [refused.status, refused.body.code, refused.body.details?.field ?? null]
  }
  assert.deepEqual(await said('un  été'), [422, 'invalid_request', 'choices.B'])
  // Of letters beyond ASCII only the database knows it.
  assert.deepEqual(await said('UN ÉTÉ'), [422, 'invalid_request', null])
  assert.equal((await list('')).pagination.total, 0)
})

test('of changes that arrive together one is made', async () => {
  const question = await createQuestion(tutor, masterclass, 'À qui est-ce ?')
  const answers = await Promise.all(Array.from({ length: 8 }, (_, n) => change(question, { question_text: `Version ${n}` })))
  const made = answers.filter(({ status }) => status === 200)
  assert.equal(made.length, 1)
  for (const { status, body } of answers) if (status !== 200) assert.deepEqual([status, body.code], [409, 'stale_version'])
  assert.equal((await send('DELETE', `/${question.id}?version=${made[0].body.version}`)).status, 204)
})

test('questions are published all or none', async () => {
  const bank = await createMasterclass(tutor)
  const [a, b] = [await createQuestion(tutor, bank, 'A ?', { status: 'draft' }), await createQuestion(tutor, bank, 'B ?', { status: 'draft' })]
  const publish = (...questions) => send('POST', '/publish', { questions: questions.map(({ id, version }) => ({ id, version })) })
  const missing = { id: masterclass, version: 1 }
  const refused = await publish(a, { ...b, version: 7 }, missing)
  assert.deepEqual([refused.status, refused.body.code], [409, 'stale_version'])
  assert.deepEqual(refused.body.details, { stale: [{ id: b.id, version: b.version }], missing: [missing.id] })
  assert.equal((await list('&status=published', bank)).pagination.total, 0)
  const published = await publish(a, b)
  assert.equal(published.status, 200)
  assert.deepEqual(published.body.published, [a, b].map(({ id, version }) => ({ id, version: version + 1 })))
  assert.equal((await list('&status=published', bank)).pagination.total, 2)
})

test('the list is paged and a search takes every character for itself', async () => {
  const bank = await createMasterclass(tutor)
  const texts = ['50 % de *rien*', 'Le "sang" d’Élodie_', String.raw`a\b (c) [d] ^e$ +.?|{f}`, '***=(?i)x']
  for (const text of texts) await createQuestion(tutor, bank, text)
  const found = async (search) => (await list(`&search=${encodeURIComponent(search)}`, bank)).questions.map(({ question_text }) => question_text)
  for (const text of texts) assert.deepEqual(await found(text), [text])
  assert.deepEqual(await found('LE "SANG'), [texts[1]])
  assert.deepEqual(await found('*rien'), [texts[0]])
  for (const nothing of ['.*', '%', '_é', '50_%', 'a,b', '")', 'x*']) {
    assert.deepEqual(await found(nothing), texts.filter((text) => text.toLowerCase().includes(nothing)), nothing)
  }
  const second = await list('&per_page=3&page=2', bank)
  assert.deepEqual(second.questions.map(({ question_text }) => question_text), [texts[3]])
  assert.deepEqual(second.pagination, { page: 2, per_page: 3, total: 4, pages: 2, total_is_exact: true })
  assert.deepEqual((await list('&page=50000&per_page=100', bank)).pagination,
    { page: 50000, per_page: 100, total: 4, pages: 1, total_is_exact: true })
})

test('a question that was asked keeps its answer; its text may be mended', async () => {
  const bank = await createMasterclass(tutor)
  const question = await createQuestion(tutor, bank, 'Quele couleur ?')
  const student = await createStudent()
  must(await student.client.rpc('get_test', { masterclass_id: bank, type: 'PRE' }))
  const kept = await change(question, { status: 'published' })
  assert.deepEqual([kept.status, kept.body.code], [409, 'question_in_use'])
  assert.match(kept.body.message, /^Cette question a déjà été posée/)
  const deleted = await send('DELETE', `/${question.id}?version=${question.version}`)
  assert.deepEqual([deleted.status, deleted.body.code], [409, 'question_in_use'])
  const mended = await change(question, { question_text: 'Quelle couleur ?', correct_choice: 'A', status: 'archived' })
  assert.deepEqual([mended.status, mended.body.status, mended.body.question_text], [200, 'archived', 'Quelle couleur ?'])
})
