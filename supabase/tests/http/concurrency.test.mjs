// Requests that arrive together.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { asService, cleanUp, createMasterclass, createUser, openTest, responses } from './client.mjs'

after(cleanUp)

const twenty = (request) => Promise.all(Array.from({ length: 20 }, (_, n) => request(n)))
const statuses = (answers) => answers.map((a) => a.status).sort()

test('twenty openings of one test give one set of questions', async () => {
  const student = await createUser()
  const masterclass = await createMasterclass(15)
  const opened = await twenty(() => openTest(student, masterclass))
  for (const other of opened) assert.deepEqual(other, opened[0])
})

test('twenty registrations of one student give one registration and one PRE test', async () => {
  const student = await createUser()
  const masterclass = await createMasterclass()
  const pre = await openTest(student, masterclass)
  const answers = await twenty((n) => student.rpc('register_for_masterclass',
    { masterclass_id: masterclass.id, responses: responses(pre, masterclass, n % 2 === 0) }))
  assert.deepEqual(statuses(answers), [200, ...Array(19).fill(409)])
  assert.ok(answers.every((a) => a.status === 200 || a.body.code === 'already_registered'))
  assert.equal((await student.call('GET', '/inscriptions')).body.length, 1)
  assert.equal((await student.call('GET', '/tests')).body.length, 1)
})

test('twenty submissions of one POST test give one', async () => {
  const student = await createUser()
  const masterclass = await createMasterclass()
  const pre = await openTest(student, masterclass)
  const { body } = await student.rpc('register_for_masterclass',
    { masterclass_id: masterclass.id, responses: responses(pre, masterclass, false) })
  await asService('PATCH', `/rest/v1/inscriptions?id=eq.${body.inscription_id}`, { validated: true })
  const answers = await twenty((n) => student.rpc('submit_test',
    { inscription_id: body.inscription_id, responses: responses(pre, masterclass, n % 2 === 0) }))
  assert.deepEqual(statuses(answers), [200, ...Array(19).fill(409)])
  const posts = (await student.call('GET', '/tests?type=eq.POST&select=id,score')).body
  assert.equal(posts.length, 1)
  assert.equal(posts[0].id, answers.find((a) => a.status === 200).body.id)
})

test('a key is claimed by one of twenty requests', async () => {
  const tutor = await createUser('tuteur')
  const key = crypto.randomUUID()
  const answers = await twenty(() => tutor.rpc('begin_idempotent_request', { endpoint: 'essai', key, fingerprint: 'f' }))
  assert.deepEqual(answers.map((a) => a.body.state).sort(), [...Array(19).fill('in_progress'), 'new'])
})

test('a question that is edited while a test is opened is graded as it was shown', async () => {
  const student = await createUser()
  const tutor = await createUser('tuteur')
  for (let round = 0; round < 10; round += 1) {
    const masterclass = await createMasterclass(1)
    const [question] = masterclass.questions
    const edited = { A: 'autre a', B: 'autre b', C: 'autre c', D: 'autre d' }
    const [edit, shown] = await Promise.all([
      tutor.call('PATCH', `/questions?id=eq.${question.id}`, { choices: edited, correct_choice: 'D' }),
      openTest(student, masterclass),
    ])
    assert.ok(edit.status === 204 || edit.body.code === 'question_in_use', edit.text)
    assert.deepEqual(shown.questions[0].choices, edit.status === 204 ? edited : question.choices)
  }
})

test('a test that is opened while it is submitted leaves the registration with its questions', async () => {
  const student = await createUser()
  const masterclass = await createMasterclass(15)
  const pre = await openTest(student, masterclass)
  await Promise.all([
    student.rpc('register_for_masterclass', { masterclass_id: masterclass.id, responses: {} }),
    ...Array.from({ length: 5 }, () => student.rpc('get_test', { masterclass_id: masterclass.id, type: 'PRE' })),
  ])
  const [inscription] = (await student.call('GET', '/inscriptions')).body
  await asService('PATCH', `/rest/v1/inscriptions?id=eq.${inscription.id}`, { validated: true })
  assert.deepEqual((await openTest(student, masterclass, 'POST')).questions, pre.questions)
})

test('an overview counts every registration that was answered before it was asked for, whoever else looks and registers', async () => {
  const tutors = await Promise.all([createUser('tuteur'), createUser('admin')])
  const masterclass = await createMasterclass()
  const students = await Promise.all(Array.from({ length: 10 }, () => createUser()))
  const papers = await Promise.all(students.map((student) => openTest(student, masterclass)))
  let answered = 0

  // By POST an overview may be kept, by GET it may only be read.
  const look = async (tutor, method) => {
    const least = answered
    const { status, body, text } = method === 'GET'
      ? await tutor.call('GET', `/rpc/masterclass_overview?masterclass_id=${masterclass.id}`)
      : await tutor.rpc('masterclass_overview', { masterclass_id: masterclass.id })
    assert.equal(status, 200, text)
    const { registrations, completion, scores, questions } = body
    assert.ok(completion.registered >= least, `${completion.registered} of ${least}`)
    // Figures of one moment: each registration comes with its PRE test, and each test asks all questions.
    const counts = [registrations.total, registrations.by_day.reduce((sum, day) => sum + day.count, 0),
      completion.pre_taken, scores.pre.tests, ...questions.map(({ pre }) => pre.answers)]
    assert.deepEqual(counts, counts.map(() => completion.registered))
    return completion.registered
  }

  await Promise.all(students.map(async (student, n) => {
    const { status, text } = await student.rpc('register_for_masterclass',
      { masterclass_id: masterclass.id, responses: responses(papers[n], masterclass, n % 2 === 0) })
    assert.equal(status, 200, text)
    answered += 1
    await Promise.all(tutors.flatMap((tutor) => [look(tutor, 'POST'), look(tutor, 'GET')]))
  }))
  for (const method of ['POST', 'GET', 'POST']) assert.equal(await look(tutors[0], method), students.length)
})
