// Refusals over HTTP: status, stable code, a sentence for a person and what to do.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { asService, asVisitor, cleanUp, createMasterclass, createUser, openTest, responses } from './client.mjs'

let student
let tutor
let masterclass
before(async () => {
  student = await createUser()
  tutor = await createUser('tuteur')
  masterclass = await createMasterclass()
})
after(cleanUp)

function refused(answer, status, code) {
  assert.equal(answer.status, status, answer.text)
  assert.equal(answer.body.code, code)
  assert.ok(answer.body.message.length > 10 && answer.body.hint.length > 10, answer.text)
}

test('a direct POST /inscriptions names the function to call', async () => {
  const answer = await student.call('POST', '/inscriptions', { profile_id: student.id, masterclass_id: masterclass.id })
  refused(answer, 403, 'use_register_for_masterclass')
  assert.match(answer.body.hint, /rpc\/register_for_masterclass/)
})

test('a direct POST /tests names the function to call', async () => {
  refused(await student.call('POST', '/tests', { type: 'PRE', score: 10, responses: {} }), 403, 'use_submit_test')
})

test('a visitor is asked to sign in', async () => {
  const answer = await asVisitor('POST', '/rest/v1/rpc/get_test', { masterclass_id: masterclass.id, type: 'PRE' })
  assert.equal(answer.status, 401)
})

test('a person reads French, or English when they ask for it', async () => {
  const args = { masterclass_id: crypto.randomUUID(), type: 'PRE' }
  const french = await student.rpc('get_test', args)
  const english = await student.rpc('get_test', args, { 'accept-language': 'en-GB,en;q=0.9' })
  refused(french, 404, 'masterclass_not_found')
  refused(english, 404, 'masterclass_not_found')
  assert.match(french.body.message, /n'existe pas/)
  assert.match(english.body.message, /does not exist/)
})

test('from opening a test to its review, each step out of order has its status and code', async () => {
  const empty = await createMasterclass(1)
  await asService('DELETE', `/rest/v1/questions?masterclass_id=eq.${empty.id}`)
  refused(await student.rpc('get_test', { masterclass_id: empty.id, type: 'PRE' }), 409, 'masterclass_has_no_questions')
  refused(await student.rpc('get_test', { masterclass_id: masterclass.id, type: 'POST' }), 403, 'not_registered')
  refused(await student.rpc('get_test', { masterclass_id: masterclass.id, type: 'X' }), 422, 'invalid_test_type')
  refused(await tutor.rpc('get_test', { masterclass_id: masterclass.id, type: 'PRE' }), 403, 'staff_cannot_take_tests')

  const register = (r) => student.rpc('register_for_masterclass', { masterclass_id: masterclass.id, responses: r })
  refused(await register({}), 409, 'test_not_opened')
  const pre = await openTest(student, masterclass)
  refused(await register([]), 422, 'invalid_responses')
  refused(await register({ x: 'A' }), 422, 'unknown_question')
  const registered = await register(responses(pre, masterclass, false))
  assert.equal(registered.status, 200, registered.text)
  refused(await register({}), 409, 'already_registered')

  const inscription = registered.body.inscription_id
  const submit = (r) => student.rpc('submit_test', { inscription_id: inscription, responses: r })
  refused(await submit({}), 403, 'registration_not_validated')
  refused(await student.rpc('review_test', { inscription_id: inscription }), 403, 'review_not_open')
  refused(await student.rpc('submit_test', { inscription_id: crypto.randomUUID(), responses: {} }), 404, 'inscription_not_found')

  await tutor.call('PATCH', `/inscriptions?id=eq.${inscription}`, { validated: true })
  assert.equal((await submit(responses(pre, masterclass, true))).status, 200)
  refused(await submit({}), 409, 'post_test_already_taken')
  assert.equal((await student.rpc('review_test', { inscription_id: inscription })).body.length, 10)
  const scores = await student.call('GET', `/tests?inscription_id=eq.${inscription}&select=type,score,max_score&order=score`)
  assert.deepEqual(scores.body, [{ type: 'PRE', score: 0, max_score: 10 }, { type: 'POST', score: 10, max_score: 10 }])

  refused(await tutor.call('PATCH', `/questions?id=eq.${pre.questions[0].id}`, { choices: { A: '1', B: '2', C: '3', D: '4' } }), 409, 'question_in_use')
  refused(await tutor.call('DELETE', `/masterclasses?id=eq.${masterclass.id}`), 409, 'masterclass_has_inscriptions')
  refused(await tutor.call('PATCH', `/inscriptions?id=eq.${inscription}`, { validated: false }), 409, 'inscription_is_final')
})

test('a student who calls a function of staff is told so', async () => {
  refused(await student.rpc('store_generated_questions', { masterclass_id: null, questions: [] }), 403, 'staff_only')
})
