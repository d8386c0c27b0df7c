// Consent, export and deletion with real sessions, and lists of questions that arrive together.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  acceptPrivacyPolicy, asService, asVisitor, cleanUp, createMasterclass, createUser, currentPrivacyPolicy, openTest, responses,
} from './client.mjs'

let masterclass
before(async () => { masterclass = await createMasterclass() })
after(cleanUp)

function refused(answer, status, code) {
  assert.equal(answer.status, status, answer.text)
  assert.equal(answer.body.code, code)
  assert.ok(answer.body.message.length > 10 && answer.body.hint.length > 10, answer.text)
}

async function register(student) {
  const pre = await openTest(student, masterclass)
  return student.rpc('register_for_masterclass', { masterclass_id: masterclass.id, responses: responses(pre, masterclass, true) })
}

test('a visitor reads the policy in force, in two languages', async () => {
  const { content } = await currentPrivacyPolicy()
  for (const language of ['fr', 'en']) assert.ok(content[language].sections.length >= 5)
})

test('nobody registers without consent to the version in force', async () => {
  const student = await createUser(undefined, { consent: false })
  const answer = await register(student)
  refused(answer, 403, 'consent_required')
  assert.match(answer.body.hint, /GET \/api\/privacy.*POST \/rest\/v1\/consents/)
  assert.deepEqual((await student.call('GET', '/inscriptions')).body, [])
  await acceptPrivacyPolicy(student, false)
  refused(await register(student), 403, 'consent_required')
  await acceptPrivacyPolicy(student)
  assert.equal((await register(student)).status, 200)
  assert.deepEqual((await student.call('GET', '/consents?select=granted,source&order=recorded_at')).body,
    [{ granted: false, source: 'app' }, { granted: true, source: 'app' }])
})

test('a consent is written once, for oneself', async () => {
  const [student, other] = [await createUser(), await createUser()]
  const consent = { purpose: 'whatsapp_messages', granted: true }
  for (const more of [{ user_id: other.id }, { source: 'staff' }, { recorded_at: '2020-01-01' }]) {
    assert.equal((await student.call('POST', '/consents', { ...consent, ...more })).status, 403)
  }
  assert.equal((await student.call('PATCH', '/consents?granted=is.true', { granted: false })).status, 403)
  assert.equal((await student.call('DELETE', '/consents?granted=is.true')).status, 403)
  assert.equal((await asVisitor('GET', '/rest/v1/consents')).status, 401)
  assert.equal((await student.call('GET', `/consents?user_id=eq.${other.id}`)).body.length, 0)
})

test('an export holds what is mine and no right answer', async () => {
  const [student, other] = [await createUser(), await createUser()]
  for (const one of [student, other]) assert.equal((await register(one)).status, 200)
  const answer = await student.rpc('export_account', {})
  assert.equal(answer.status, 200, answer.text)
  const { account, profile, consents, inscriptions } = answer.body
  assert.deepEqual([account.id, account.email, profile.full_name], [student.id, student.email, 'Personne Essai'])
  assert.equal(consents.length, 1)
  assert.equal(inscriptions.length, 1)
  assert.equal(inscriptions[0].tests[0].score, 10)
  assert.equal(inscriptions[0].tests[0].answers.length, 10)
  assert.doesNotMatch(answer.text, /correct|Citation|password/)
  assert.ok(!answer.text.includes(other.id))
  assert.equal((await asVisitor('POST', '/rest/v1/rpc/export_account', {})).status, 401)
})

test('an account is deleted by its owner, once, and its token is worth nothing then', async () => {
  const student = await createUser()
  const { body } = await register(student)
  assert.equal((await student.rpc('delete_account', {})).status, 204)
  refused(await student.rpc('delete_account', {}), 401, 'not_authenticated')
  refused(await student.rpc('export_account', {}), 401, 'not_authenticated')
  refused(await student.rpc('get_test', { masterclass_id: masterclass.id, type: 'PRE' }), 403, 'profile_required')
  assert.deepEqual((await asService('GET', `/rest/v1/profiles?id=eq.${student.id}`)), [])
  assert.deepEqual((await asService('GET', `/rest/v1/consents?user_id=eq.${student.id}`)), [])
  const path = `/rest/v1/inscriptions?id=eq.${body.inscription_id}&select=profile_id,tests(score)`
  assert.deepEqual(await asService('GET', path), [{ profile_id: null, tests: [{ score: 10 }] }])
})

test('an account that Supabase Auth deletes leaves the same', async () => {
  const student = await createUser()
  const { body } = await register(student)
  await asService('DELETE', `/auth/v1/admin/users/${student.id}`)
  assert.deepEqual((await asService('GET', `/rest/v1/consents?user_id=eq.${student.id}`)), [])
  const path = `/rest/v1/inscriptions?id=eq.${body.inscription_id}&select=profile_id,tests(score)`
  assert.deepEqual(await asService('GET', path), [{ profile_id: null, tests: [{ score: 10 }] }])
})

test('an account that is deleted while it registers leaves a whole registration or none', async () => {
  for (let round = 0; round < 5; round += 1) {
    const student = await createUser()
    await openTest(student, masterclass)
    const [registered, deleted] = await Promise.all([
      student.rpc('register_for_masterclass', { masterclass_id: masterclass.id, responses: {} }),
      student.rpc('delete_account', {}),
    ])
    assert.equal(deleted.status, 204, deleted.text)
    if (registered.status !== 200) { refused(registered, 403, 'profile_required'); continue }
    const path = `/rest/v1/inscriptions?id=eq.${registered.body.inscription_id}&select=profile_id,tests(type)`
    assert.deepEqual(await asService('GET', path), [{ profile_id: null, tests: [{ type: 'PRE' }] }])
  }
})

test('of twenty equal lists that arrive together one publishes, whatever their order', async () => {
  const tutor = await createUser('tuteur')
  const drafts = await createMasterclass(12)
  await asService('PATCH', `/rest/v1/questions?masterclass_id=eq.${drafts.id}`, { status: 'draft' })
  const list = (await tutor.call('GET', `/questions?masterclass_id=eq.${drafts.id}&select=id,version`)).body
  const answers = await Promise.all(Array.from({ length: 20 }, (_, n) =>
    tutor.rpc('publish_questions', { questions: n % 2 ? list : [...list].reverse() })))
  for (const answer of answers) assert.equal(answer.status, 200, answer.text)
  assert.equal(answers.filter((a) => a.body.published.length === 12).length, 1)
  assert.equal(answers.filter((a) => a.body.stale.length === 12 && a.body.published.length === 0).length, 19)
  const after = (await tutor.call('GET', `/questions?masterclass_id=eq.${drafts.id}&select=status,version`)).body
  assert.deepEqual(new Set(after.map((q) => `${q.status} ${q.version}`)), new Set([`published ${list[0].version + 1}`]))
})

test('a question that is edited while a list is published is published as read or not at all', async () => {
  const tutor = await createUser('tuteur')
  for (let round = 0; round < 10; round += 1) {
    const drafts = await createMasterclass(3)
    await asService('PATCH', `/rest/v1/questions?masterclass_id=eq.${drafts.id}`, { status: 'draft' })
    const list = (await tutor.call('GET', `/questions?masterclass_id=eq.${drafts.id}&select=id,version`)).body
    const [published, edited] = await Promise.all([
      tutor.rpc('publish_questions', { questions: list }),
      tutor.call('PATCH', `/questions?id=eq.${list[1].id}&version=eq.${list[1].version}&select=id`, { question_text: 'Autrement' }, { prefer: 'return=representation' }),
    ])
    assert.equal(published.status, 200, published.text)
    // One of the two came first, and the other knows.
    assert.equal(edited.body.length === 1, published.body.stale.length === 1, `${published.text} ${edited.text}`)
    assert.equal(published.body.published.length, edited.body.length === 1 ? 0 : 3)
  }
})

test('two hundred and one questions are too many, and a student is told that staff publish', async () => {
  const [tutor, student] = [await createUser('tuteur'), await createUser()]
  const questions = Array.from({ length: 201 }, () => ({ id: crypto.randomUUID(), version: 1 }))
  refused(await tutor.rpc('publish_questions', { questions }), 422, 'invalid_publication')
  assert.equal((await tutor.rpc('publish_questions', { questions: questions.slice(1) })).body.missing.length, 200)
  refused(await student.rpc('publish_questions', { questions }), 403, 'staff_only')
})
