// GET /api/account/export and DELETE /api/account in workerd, against the real database and Auth.

import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { call, createStudent, must, service, signInTutor, visitor } from '../functions/project.mjs'

const exported = (who) => call('/account/export', { method: 'GET', token: who?.token })

let student, other
before(async () => { [student, other] = await Promise.all([createStudent('Élodie Mba'), createStudent('Prisca Obiang')]) })

test('a student gets what is held about them, as a file, and nothing of others', async () => {
  must(await student.client.from('consents').insert({ purpose: 'whatsapp_messages', granted: true }))
  const { status, headers, body } = await exported(student)
  assert.equal(status, 200, JSON.stringify(body))
  assert.equal(headers.get('content-disposition'), 'attachment; filename="griot-mes-donnees.json"')
  assert.match(headers.get('content-type'), /^application\/json/)
  assert.equal(headers.get('cache-control'), 'no-store')
  assert.equal(body.account.id, student.id)
  assert.equal(body.profile.full_name, 'Élodie Mba')
  const rows = must(await student.client.from('consents').select('id, purpose, version, granted, source, recorded_at').order('recorded_at'))
  assert.deepEqual(body.consents, rows)
  assert.equal(rows.at(-1).purpose, 'whatsapp_messages')
  const text = JSON.stringify(body)
  assert.ok(!text.includes(other.id) && !text.includes('Prisca'), 'another person')
  for (const secret of ['password', 'correct_choice', 'refresh_token']) assert.ok(!text.includes(secret), secret)
})

test('staff export their own account, not a student\'s', async () => {
  const tutor = await signInTutor()
  const { status, body } = await exported(tutor)
  assert.equal(status, 200)
  assert.equal(body.account.id, tutor.id)
  assert.deepEqual(body.roles.map(({ role }) => role), ['tuteur'])
  assert.ok(!JSON.stringify(body).includes(student.id))
})

test('a visitor is asked to sign in', async () => {
  for (const [method, path] of [['GET', '/account/export'], ['DELETE', '/account']]) {
    const { status, headers, body } = await call(path, { method })
    assert.deepEqual([status, body.code], [401, 'unauthenticated'], path)
    assert.match(headers.get('www-authenticate'), /^Bearer/)
  }
})

test('whoever has just signed in deletes their account: it is gone, and so is the way in', async () => {
  const leaving = await createStudent('Ghislain Nze')
  const { status, body } = await call('/account', { method: 'DELETE', token: leaving.token })
  assert.deepEqual([status, body], [204, null])

  const { data } = await service.auth.admin.getUserById(leaving.id)
  assert.equal(data.user, null)
  assert.deepEqual(must(await service.from('profiles').select('id').eq('id', leaving.id)), [])
  const { error } = await visitor().auth.refreshSession({ refresh_token: (await leaving.client.auth.getSession()).data.session.refresh_token })
  assert.ok(error, 'the session ended too')
  // The token itself is good for an hour; the account is not.
  for (const [method, path] of [['GET', '/account/export'], ['DELETE', '/account']]) {
    const answer = await call(path, { method, token: leaving.token })
    assert.deepEqual([answer.status, answer.body.code], [401, 'unauthenticated'], path)
  }
  const { status: still } = await exported(other)
  assert.equal(still, 200, 'others are untouched')
})
