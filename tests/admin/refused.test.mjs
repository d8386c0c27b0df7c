// Requests to /api/admin that must be refused, each with its status and code, in French and in English.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { before, test } from 'node:test'
import { call, createStaff, createStudent } from '../functions/project.mjs'
import { choices, createMasterclass, createQuestion } from './class.mjs'

const id = randomUUID()
const text = (length) => 'é'.repeat(length)
let student, stranger, masterclass, question
before(async () => {
  [student, stranger] = await Promise.all([createStudent(), createStudent()])
  const tutor = await createStaff()
  masterclass = await createMasterclass(tutor)
  question = await createQuestion(tutor, masterclass, 'Laquelle ?')
})

/** Sends a request in French and in English; both are refused alike and say so in their language. */
async function refused(person, [method, path, status, code, body, headers = {}]) {
  const answers = []
  for (const language of ['fr', 'en']) {
    const answer = await call(`/admin/${path}`, {
      method, token: person?.token, body, headers: { 'accept-language': language, ...headers },
    })
    const what = `${method} ${path.slice(0, 90)} ${JSON.stringify(body)?.slice(0, 90) ?? ''} ${JSON.stringify(answer.body).slice(0, 300)}`
    assert.deepEqual([answer.status, answer.body.code], [status, code], what)
    assert.deepEqual(Object.keys(answer.body).sort(), ['code', 'details', 'hint', 'message', 'request_id'], what)
    answers.push(answer.body.message)
  }
  assert.notEqual(answers[0], answers[1], `${method} ${path}: one language only`)
}

async function table(person, rows) {
  for (const row of rows) await refused(person, row)
}

const routes = () => [
  ['GET', 'students'], ['GET', `student/${stranger.id}`], ['GET', 'questions'], ['GET', 'overview'],
  ['GET', `overview?masterclass_id=${masterclass}`],
  ['POST', 'questions', { masterclass_id: masterclass, question_text: 'Q ?', choices, correct_choice: 'A' }],
  ['PUT', `questions/${question.id}`, { question_text: 'Q ?', choices, correct_choice: 'A', status: 'draft', version: question.version }],
  ['DELETE', `questions/${question.id}?version=${question.version}`],
  ['POST', 'questions/publish', { questions: [{ id: question.id, version: question.version }] }],
]

test('visitors are asked to sign in', async () => {
  await table(undefined, routes().map(([method, path, body]) => [method, path, 401, 'unauthenticated', body]))
})

test('students see and change nothing, not even of their own', async () => {
  await table(student, routes().map(([method, path, body]) => [method, path, 403, 'staff_only', body]))
  await refused(student, ['GET', `student/${student.id}`, 403, 'staff_only'])
  const csv = { accept: 'text/csv' }
  await refused(student, ['GET', 'students', 403, 'staff_only', undefined, csv])
})

test('a role that was taken away ends at once', async () => {
  const [admin, former] = await Promise.all([createStaff('admin'), createStaff()])
  assert.equal((await call('/admin/students', { method: 'GET', token: former.token })).status, 200)
  await admin.client.from('user_roles').delete().eq('user_id', former.id)
  await table(former, routes().map(([method, path, body]) => [method, path, 403, 'staff_only', body]))
})

test('lists are asked for in words they know', async () => {
  const invalid = (path) => ['GET', path, 422, 'invalid_request']
  await table(await createStaff(), [
    ...['page=0', 'page=50001', 'page=-1', 'page=1.5', 'page=', 'page=1&page=2', 'per_page=0', 'per_page=101', 'search=%00',
      `search=${text(201)}`, 'validated=oui', 'masterclass_id=1', 'sort=email', 'sort=full_name;drop', 'order=up', 'nothing=1',
      'registered_from=2026-02-30', 'registered_from=infinity', 'registered_to=21/11/2026', 'registered_from=2026-02-02&registered_to=2026-02-01',
    ].map((query) => invalid(`students?${query}`)),
    ['GET', 'students?search=a', 422, 'search_too_short'],
    ['GET', 'students', 406, 'not_acceptable', undefined, { accept: 'text/html' }],
    ['GET', 'students?per_page=10001', 422, 'invalid_request', undefined, { accept: 'text/csv' }],
    invalid('student/1'),
    ['GET', `student/${id}`, 404, 'student_not_found'],
  ])
  await table(await createStaff(), [
    ...['page=0', 'per_page=101', 'status=lost', 'search=%00', `search=${text(201)}`, 'masterclass_id=x', 'sort=id']
      .map((query) => invalid(`questions?${query}`)),
    invalid('overview?masterclass_id=1'), invalid('overview?x=1'),
    ['GET', `overview?masterclass_id=${id}`, 404, 'masterclass_not_found'],
    ['PATCH', 'questions', 405, 'method_not_allowed'],
    ['POST', 'students', 405, 'method_not_allowed'],
    ['GET', 'nothing', 404, 'not_found'],
  ])
})

test('cursors that somebody made are refused', async () => {
  const made = (cursor) => Buffer.from(cursor).toString('base64url')
  const at = { s: 'registered_at', d: true, k: '2026-11-21T08:00:00+00:00', i: id, b: false }
  await table(await createStaff(), [
    '', '%00', '===', made('null'), made('[]'), made('{'), made('{}'), made('['.repeat(2000)), 'A'.repeat(4097),
    ...[{ k: 'some day' }, { k: null }, { k: [] }, { k: 'a\0' }, { i: 'x' }, { i: null }, { s: 'gain' }, { d: false },
      { b: 'perhaps' }, { b: null }, { k: '999999-01-01' }].map((wrong) => made(JSON.stringify({ ...at, ...wrong }))),
    made(JSON.stringify(at).replace('true', '1e999')), made(JSON.stringify(at).replace('true', '1e308')),
  ].map((cursor) => ['GET', `students?cursor=${cursor}`, 422, 'invalid_cursor']))
})

test('questions are written by the rules of their table', async () => {
  const question_ = { masterclass_id: masterclass, question_text: 'Laquelle ?', choices, correct_choice: 'A' }
  const post = (wrong, status = 422, code = 'invalid_request') => ['POST', 'questions', status, code, { ...question_, ...wrong }]
  await table(await createStaff(), [
    post({ masterclass_id: id }, 404, 'masterclass_not_found'),
    ...[{ masterclass_id: undefined }, { masterclass_id: 7 }, { question_text: '' }, { question_text: ' \n' }, { question_text: 'a\0' },
      { question_text: text(2001) }, { question_text: 7 }, { choices: {} }, { choices: [] }, { choices: { ...choices, E: 'e' } },
      { choices: { ...choices, B: ' ROUGE' } }, { choices: { ...choices, B: '' } }, { choices: { ...choices, B: text(501) } },
      { choices: { ...choices, B: 'b\0' } }, { correct_choice: 'E' }, { correct_choice: 'a' }, { status: 'archived' }, { status: null },
      { evidence_page: 1 }, { evidence_quote: 'q' }, { evidence_page: 0, evidence_quote: 'q' }, { evidence_page: 2147483648, evidence_quote: 'q' },
      { evidence_page: 1.5, evidence_quote: 'q' }, { evidence_page: 1, evidence_quote: text(4001) }, { flaws: [] }, { id }, { version: 1 },
    ].map((wrong) => post(wrong)),
  ])
  await table(await createStaff(), [
    ['POST', 'questions', 400, 'malformed_json', '{'],
    ['POST', 'questions', 422, 'invalid_request', '[]'],
    ['POST', 'questions', 415, 'unsupported_media_type', 'a=b', { 'content-type': 'text/plain' }],
    post({ question_text: 'x'.repeat(70_000) }, 413, 'body_too_large'),
  ])
})

test('changes name a question, its version and nothing else', async () => {
  const { version } = question
  const changed = { question_text: 'Laquelle ?', choices, correct_choice: 'A', status: 'draft', version }
  const put = (wrong, status = 422, code = 'invalid_request') => ['PUT', `questions/${question.id}`, status, code, { ...changed, ...wrong }]
  await table(await createStaff(), [
    put({ version: version + 1 }, 409, 'stale_version'),
    ...[{ version: 0 }, { version: '1' }, { version: 1e12 }, { version: undefined }, { status: undefined }, { status: 'lost' },
      { masterclass_id: masterclass }, { choices: { ...choices, D: 'vert' } }].map((wrong) => put(wrong)),
    ['PUT', `questions/${id}`, 404, 'question_not_found', changed],
    ['PUT', 'questions/1', 422, 'invalid_request', changed],
    ['DELETE', `questions/${id}?version=1`, 404, 'question_not_found'],
    ['DELETE', `questions/${question.id}?version=${version + 1}`, 409, 'stale_version'],
    ...['', '?version=0', '?version=x', '?version=99999999999', `?version=${version}&x=1`]
      .map((query) => ['DELETE', `questions/${question.id}${query}`, 422, 'invalid_request']),
  ])
  const publish = (questions, status = 422, code = 'invalid_request') => ['POST', 'questions/publish', status, code, { questions }]
  await table(await createStaff(), [
    publish([{ id: question.id, version: version + 1 }], 409, 'stale_version'),
    publish([{ id, version: 1 }], 409, 'stale_version'),
    publish([]), publish('all'), publish([{ id: question.id }]), publish([{ id: 1, version: 1 }]), publish([{ id, version: 0 }]),
    publish([{ id, version: 1 }, { id, version: 1 }]), publish(Array.from({ length: 201 }, () => ({ id: randomUUID(), version: 1 }))),
    ['PUT', 'questions/publish', 405, 'method_not_allowed', {}],
  ])
})
