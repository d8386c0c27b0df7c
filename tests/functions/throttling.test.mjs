// How often one person may call. Minutes are counted from fixed points, so that one request more
// than two minutes allow cannot fit, wherever the test begins.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { call, createStaff, createStudent } from './project.mjs'

/** Sends `count` requests, eight at a time. */
async function send(count, request) {
  const answers = []
  let sent = 0
  const sender = async () => { while (sent++ < count) answers.push(await request()) }
  await Promise.all(Array.from({ length: 8 }, sender))
  return answers
}

function throttled(answers, limit, otherwise) {
  const [refused, served] = [answers.filter(({ status }) => status === 429), answers.filter(({ status }) => status !== 429)]
  assert.ok(refused.length >= 1, `none of ${answers.length} was throttled`)
  assert.ok(served.length >= limit, `only ${served.length} were served`)
  for (const { body, headers } of refused) {
    assert.equal(body.code, 'too_many_requests')
    assert.ok(Number(headers.get('retry-after')) > 0)
  }
  for (const { status, body } of served) assert.deepEqual([status, body.code], otherwise)
}

test('one person may make 100 requests a minute, and others are served meanwhile', async () => {
  const [student, other] = await Promise.all([createStudent(), createStudent()])
  const ask = ({ token }) => call('/admin/students', { method: 'GET', token })
  throttled(await send(201, () => ask(student)), 100, [403, 'staff_only'])
  assert.equal((await ask(other)).status, 403)
})

test('one person may generate ten times a minute', async () => {
  const tutor = await createStaff()
  const generate = () => call('/generate-questions', { token: tutor.token, body: { masterclass_id: randomUUID() } })
  throttled(await send(21, generate), 10, [404, 'masterclass_not_found'])
})
