// GET /api/admin/students, /api/admin/student/{id} and /api/admin/overview: what staff see of a class.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { before, test } from 'node:test'
import { functionsUrl } from '../functions/project.mjs'
import { choices, createClass, get } from './class.mjs'

let tutor, masterclass, elodie, benedicte, zoe
before(async () => { ({ tutor, masterclass, elodie, benedicte, zoe } = await createClass()) })

const list = (query = '', headers) => get(tutor, `students?masterclass_id=${masterclass}${query}`, headers)
const names = ({ body }) => body.students.map(({ full_name }) => full_name)

test('a row has the scores, the gain and the dates', async () => {
  const { status, body, headers } = await list('&sort=gain')
  assert.equal(status, 200)
  assert.equal(headers.get('cache-control'), 'no-store')
  assert.deepEqual(body.pagination, { page: 1, per_page: 20, total: 3, pages: 1, total_is_exact: true })
  assert.deepEqual(body.links, { next: null, previous: null })
  const [first, second, third] = body.students
  const { email } = (await elodie.client.auth.getUser(elodie.token)).data.user
  const { inscription_id, registered_at, pre_taken_at, post_taken_at, ...row } = first
  assert.deepEqual(row, {
    student_id: elodie.id, full_name: 'Élodie N’Na', email, whatsapp_number: '+24174000000',
    masterclass_id: masterclass, masterclass_title: 'Essai', validated: true,
    pre_score: 1, post_score: 4, max_score: 4, gain: 1,
  })
  assert.match(inscription_id, /^[0-9a-f-]{36}$/)
  for (const moment of [registered_at, pre_taken_at, post_taken_at]) assert.ok(Date.parse(moment) > 0, moment)
  assert.deepEqual([second.full_name, second.gain], ['Bénédicte Ndong', 0.5])
  assert.deepEqual([third.full_name, third.gain, third.post_score, third.validated], ['Zoé =Obame', null, null, false])
})

test('the list is sorted, searched and filtered', async () => {
  const all = ['Bénédicte Ndong', 'Élodie N’Na', 'Zoé =Obame']
  assert.deepEqual(names(await list('&sort=full_name')), all)
  assert.deepEqual(names(await list('&sort=full_name&order=desc')), all.toReversed())
  assert.deepEqual(names(await list()), ['Zoé =Obame', 'Bénédicte Ndong', 'Élodie N’Na'])
  assert.deepEqual(names(await list('&sort=post_score&order=asc')), ['Zoé =Obame', 'Bénédicte Ndong', 'Élodie N’Na'])
  assert.deepEqual(names(await list('&search=elodie')), ['Élodie N’Na'])
  assert.deepEqual(names(await list('&search=%20%20BENEDICTE%20')), ['Bénédicte Ndong'])
  assert.deepEqual(names(await list('&search=%25%25%25')), [])
  assert.equal((await list('&search=')).body.pagination.total, 3)
  assert.deepEqual(names(await list('&validated=false')), ['Zoé =Obame'])
  const today = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Africa/Libreville' }).format(new Date())
  assert.equal((await list(`&registered_from=${today}&registered_to=9999-12-31`)).body.pagination.total, 3)
  assert.equal((await list('&registered_to=2020-02-29')).body.pagination.total, 0)
  assert.equal((await list('&registered_from=0001-01-01')).body.pagination.total, 3)
})

test('links walk the whole list, there and back, whatever the sort', async () => {
  const follow = async (link) => {
    const { status, body, headers } = await get(tutor, link.replace('/api/admin/', ''))
    assert.equal(status, 200, link)
    const links = Object.fromEntries((headers.get('link') ?? '').split(', ').filter(Boolean)
      .map((part) => part.match(/^<(.*)>; rel="(.*)"$/).slice(1)).map(([url, rel]) => [rel, url]))
    assert.deepEqual([links.next ?? null, links.prev ?? null], [body.links.next, body.links.previous])
    return body
  }
  for (const query of ['', '&sort=full_name', '&sort=pre_score&order=asc', '&sort=gain', '&search=griot.test']) {
    const start = await follow(`/api/admin/students?masterclass_id=${masterclass}&per_page=1${query}`)
    const whole = names(await list(query))
    const [there, back] = [[start], []]
    while (there.at(-1).links.next) there.push(await follow(there.at(-1).links.next))
    assert.deepEqual(there.map(({ students }) => students[0].full_name), whole, query)
    let page = there.at(-1)
    while (page.links.previous) back.push(page = await follow(page.links.previous))
    assert.deepEqual(back.map(({ students }) => students[0].full_name), whole.toReversed().slice(1), query)
  }
})

test('the head alone has no body, and does not say that it is empty', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const ask = async (method) => {
    const headers = { authorization: `Bearer ${tutor.token}` }
    const asked = request(`${functionsUrl}/admin/students?masterclass_id=${masterclass}`, { method, headers, agent }).end()
    const [answer] = await once(asked, 'response')
    let body = ''
    for await (const piece of answer) body += piece
    return { status: answer.statusCode, length: answer.headers['content-length'], type: answer.headers['content-type'], body }
  }
  const head = await ask('HEAD')
  assert.deepEqual([head.status, head.type, head.body], [200, 'application/json', ''])
  assert.notEqual(head.length, '0')
  // The same connection serves the next request.
  assert.equal(JSON.parse((await ask('GET')).body).students.length, 3)
  agent.destroy()
})

test('pages beyond the end are empty', async () => {
  const { status, body } = await list('&page=50000&per_page=100')
  assert.equal(status, 200)
  assert.deepEqual([body.students, body.pagination.total], [[], 3])
})

test('a spreadsheet opens the same rows', async () => {
  const response = await fetch(`${functionsUrl}/admin/students?masterclass_id=${masterclass}&sort=full_name`, {
    headers: { authorization: `Bearer ${tutor.token}`, accept: 'text/csv' },
  })
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('content-type'), 'text/csv; charset=utf-8; header=present')
  assert.equal(response.headers.get('content-disposition'), 'attachment; filename="etudiants.csv"')
  const bytes = Buffer.from(await response.arrayBuffer())
  assert.equal(bytes.subarray(0, 3).toString('hex'), 'efbbbf')
  const [header, ...rows] = bytes.subarray(3).toString().split('\r\n').map((line) => line.split(','))
  assert.deepEqual(header.slice(2, 5), ['Nom', 'E-mail', 'Numéro WhatsApp'])
  assert.deepEqual(rows.map((row) => row[2]), ['Bénédicte Ndong', 'Élodie N’Na', 'Zoé =Obame', undefined])
  assert.deepEqual([rows[0][4], ...rows[0].slice(8, 12)], ["'+24174000000", '2', '3', '4', '0.5'])
})

test('a student is shown with each answer', async () => {
  const { status, body } = await get(tutor, `student/${benedicte.id}`)
  assert.equal(status, 200)
  assert.deepEqual(
    [body.profile.id, body.profile.full_name, body.profile.date_of_birth, body.profile.whatsapp_number],
    [benedicte.id, 'Bénédicte Ndong', '2001-04-02', '+24174000000'])
  const [inscription] = body.inscriptions
  assert.deepEqual([body.inscriptions.length, inscription.masterclass_id, inscription.gain], [1, masterclass, 0.5])
  const [pre, post] = inscription.tests
  assert.deepEqual([pre.type, pre.score, post.type, post.score, post.max_score], ['PRE', 2, 'POST', 3, 4])
  const { question_id, question_text, ...answer } = pre.answers[0]
  assert.deepEqual(answer, { position: 1, choices, response: 'A', correct_choice: 'A', correct: true })
  assert.deepEqual(pre.answers.map(({ response, correct }) => [response, correct]),
    [['A', true], ['A', true], ['B', false], [null, false]])
  const [consent] = body.consents
  assert.deepEqual([consent.purpose, consent.granted, consent.source], ['privacy_policy', true, 'app'])
})

test('the overview has the figures of the class, worked out by hand', async () => {
  const { status, body } = await get(tutor, `overview?masterclass_id=${masterclass}`)
  assert.equal(status, 200)
  assert.deepEqual(body.completion, { registered: 3, validated: 2, pre_taken: 3, post_taken: 2, rate: 0.6667 })
  assert.equal(body.registrations.by_day.reduce((sum, { count }) => sum + count, 0), 3)
  // Élodie 1/4 to 4/4, Bénédicte 2/4 to 3/4: (7/8 - 3/8) / (1 - 3/8), and the mean of 1 and 1/2.
  assert.deepEqual(body.gain, { students: 2, class_gain: 0.8, individual_students: 2, mean_individual_gain: 0.75 })
  assert.deepEqual([body.scores.pre.tests, body.scores.pre.mean, body.scores.post.mean], [3, 2.5, 8.75])
  assert.equal(body.scores.pre.distribution.length, 11)
  assert.equal(body.questions.length, 4)
  const facilities = body.questions.map(({ pre }) => pre.facility)
  assert.equal(Math.round(facilities.reduce((sum, facility) => sum + facility, 0) * 100), 100)
  for (const { pre, post } of body.questions) {
    assert.deepEqual([pre.answers, post.answers, pre.discrimination], [3, 2, null])
  }
  const all = await get(tutor, 'overview')
  assert.deepEqual([all.status, all.body.masterclass_id, all.body.questions], [200, null, []])
  assert.ok(all.body.registrations.total >= 3)
})

test('a deleted account leaves a row without a person', async () => {
  const deleted = await fetch(`${functionsUrl}/account`, { method: 'DELETE', headers: { authorization: `Bearer ${zoe.token}` } })
  assert.equal(deleted.status, 204)
  const { body } = await list('&validated=false')
  const [{ student_id, full_name, email, whatsapp_number, pre_score }] = body.students
  assert.deepEqual({ student_id, full_name, email, whatsapp_number, pre_score },
    { student_id: null, full_name: null, email: null, whatsapp_number: null, pre_score: 0 })
  assert.equal((await get(tutor, `student/${zoe.id}`)).body.code, 'student_not_found')
})
