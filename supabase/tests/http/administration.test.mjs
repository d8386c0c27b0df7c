// The administrators' list and the statistics, with requests that arrive together.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { asService, asVisitor, cleanUp, createMasterclass, createUser, openTest, responses } from './client.mjs'

const CLASS = 12
let tutor
let masterclass
let students
before(async () => {
  tutor = await createUser('tuteur')
  masterclass = await createMasterclass()
  students = await Promise.all(Array.from({ length: CLASS }, () => createUser()))
})
after(cleanUp)

const together = (requests) => Promise.all(requests.map((request) => request()))
const list = (args = {}) => tutor.rpc('list_students', { masterclass_id: masterclass.id, ...args })
const overview = async () => (await tutor.rpc('masterclass_overview', { masterclass_id: masterclass.id })).body
const allAre = (answers, status) => { for (const answer of answers) assert.equal(answer.status, status, answer.text) }

// What the statistics must say, counted from the tables.
async function counted() {
  const inscriptions = await asService('GET', `/rest/v1/inscriptions?masterclass_id=eq.${masterclass.id}`)
  const tests = await asService('GET', `/rest/v1/tests?inscription_id=in.(${inscriptions.map((i) => i.id)})`)
  const of = (type) => tests.filter((t) => t.type === type)
  return {
    registered: inscriptions.length,
    validated: inscriptions.filter((i) => i.validated).length,
    pre_taken: of('PRE').length,
    post_taken: of('POST').length,
  }
}

test('a class that registers at once is counted in full', async () => {
  const papers = await Promise.all(students.map((student) => openTest(student, masterclass)))
  allAre(await together(students.map((student, n) => () => student.rpc('register_for_masterclass',
    { masterclass_id: masterclass.id, responses: responses(papers[n], masterclass, n % 2 === 0) }))), 200)
  const shown = await overview()
  assert.equal(shown.completion.registered, CLASS)
  assert.equal(shown.completion.pre_taken, CLASS)
  assert.deepEqual(shown.scores.pre.distribution.map((d) => d.count), [CLASS / 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, CLASS / 2])
  for (const question of shown.questions) assert.deepEqual(question.pre, { answers: CLASS, facility: 0.5, discrimination: 1 })
  assert.equal((await list()).body.total, CLASS)
})

test('lists of registrations that are validated at once, in any order, are counted once each', async () => {
  const ids = (await asService('GET', `/rest/v1/inscriptions?masterclass_id=eq.${masterclass.id}`)).map((i) => i.id)
  const orders = [ids, ids.toReversed(), ids.slice(3), ids.slice(0, 6).toReversed()]
  for (let round = 0; round < 5; round += 1) {
    const validated = round % 2 === 0
    const answers = await together(orders.flatMap((order) => order.map((id) => () =>
      tutor.call('PATCH', `/inscriptions?id=eq.${id}`, { validated }))).concat(
      orders.map((order) => () => tutor.call('PATCH', `/inscriptions?id=in.(${order})`, { validated }))))
    allAre(answers, 204)
    const { rate, ...completion } = (await overview()).completion
    assert.deepEqual(completion, await counted())
    assert.equal(rate, 0)
    assert.equal((await list({ validated })).body.total, CLASS)
    assert.equal((await list({ validated: !validated })).body.total, 0)
  }
})

test('a class that submits at once, while people change their names, is counted in full and keeps both', async () => {
  const papers = await Promise.all(students.map((student) => openTest(student, masterclass, 'POST')))
  const inscriptions = await Promise.all(students.map(async (student) => (await student.call('GET', '/inscriptions')).body[0].id))
  const answers = await together(students.flatMap((student, n) => [
    () => student.rpc('submit_test', { inscription_id: inscriptions[n], responses: responses(papers[n], masterclass, n % 3 === 0) }),
    () => student.call('PATCH', `/profiles?id=eq.${student.id}`, { full_name: `Éssai Nommé ${n}` }),
    () => list({ sort: 'gain' }),
    () => tutor.rpc('masterclass_overview', { masterclass_id: masterclass.id }),
  ]))
  for (const answer of answers) assert.ok(answer.status === 200 || answer.status === 204, answer.text)
  const { rate, ...completion } = (await overview()).completion
  assert.deepEqual(completion, await counted())
  assert.equal(rate, 1)
  const rows = (await list({ search: 'essai nomme', sort: 'full_name', descending: false, per_page: 100 })).body.students
  assert.equal(rows.length, CLASS)
  const byInscription = new Map(rows.map((row) => [row.inscription_id, row]))
  for (const [n, id] of inscriptions.entries()) {
    const row = byInscription.get(id)
    assert.deepEqual([row.full_name, row.pre_score, row.post_score], [`Éssai Nommé ${n}`, n % 2 ? 0 : 10, n % 3 ? 0 : 10])
  }
})

test('an account that is deleted through Auth loses its name in the list and keeps its scores', async () => {
  const gone = students.pop()
  const before = await overview()
  const [{ inscription_id: id }] = (await list({ search: 'essai', per_page: 100 })).body.students.filter((s) => s.student_id === gone.id)
  await asService('DELETE', `/auth/v1/admin/users/${gone.id}`)
 
  const row = (await list({ per_page: 100 })).body.students.find((s) => s.inscription_id === id)
  assert.deepEqual([row.student_id, row.full_name, row.email, row.whatsapp_number], [null, null, null, null])
  assert.notEqual(row.pre_score, null)
  assert.deepEqual(await overview(), before)
  const answer = await tutor.rpc('get_student', { student_id: gone.id })
  assert.deepEqual([answer.status, answer.body.code], [404, 'student_not_found'])
})

test('links lead through the list and back', async () => {
  const first = (await list({ per_page: 5, sort: 'gain' })).body
  const second = (await list({ per_page: 5, sort: 'gain', cursor: first.next })).body
  const again = (await list({ per_page: 5, sort: 'gain', cursor: second.previous })).body
  assert.equal(second.students.length, 5)
  assert.deepEqual(again.students, first.students)
})

test('with the address of the list the answer has links, and the header Link has them too', async () => {
  const link = '/api/list?search=%C3%A9&cursor='
  const cursor = (address) => JSON.parse(Buffer.from(address.slice(link.length), 'base64url').toString())
  const { body, headers } = await list({ per_page: 5, page: 2, link })
  const bare = await list({ per_page: 5, page: 2 })
  assert.deepEqual(body.students, bare.body.students)
  assert.deepEqual([cursor(body.links.next), cursor(body.links.previous)], [bare.body.next, bare.body.previous])
  assert.equal(headers.get('link'), `<${body.links.next}>; rel="next", <${body.links.previous}>; rel="prev"`)
  assert.equal(bare.headers.get('link'), null)
})

test('long JSON is the same to whoever asks for it by its name, sent as it stands, and to others', async () => {
  const cases = { list_students: { per_page: '5', link: '/l?cursor=' }, masterclass_overview: { masterclass_id: masterclass.id } }
  for (const [name, args] of Object.entries(cases)) {
    const path = `/rpc/${name}?${new URLSearchParams(args)}`
    const plain = await tutor.rpc(name, args, { accept: '*/*' })
    assert.equal(plain.status, 200, plain.text)
    for (const accept of ['application/json', 'application/vnd.pgrst.object+json']) {
      for (const answer of [await tutor.rpc(name, args, { accept }), await tutor.call('GET', path, undefined, { accept })]) {
        assert.equal(answer.status, 200, answer.text)
        assert.deepEqual(answer.body, plain.body, `${name} ${accept}`)
        assert.equal(answer.headers.get('content-type').split(';')[0], accept)
        assert.equal(answer.headers.get('link'), plain.headers.get('link'))
      }
    }
    const head = await tutor.call('HEAD', path, undefined, { accept: 'application/json' })
    assert.deepEqual([head.status, head.text], [200, ''])
    const refused = await students[0].rpc(name, args, { accept: 'application/json' })
    assert.deepEqual([refused.status, refused.body.code], [403, 'staff_only'], refused.text)
  }
})

test('what is refused says why', async () => {
  const cases = [
    [() => students[0].rpc('list_students', {}), 403, 'staff_only'],
    [() => students[0].rpc('get_student', { student_id: students[0].id }), 403, 'staff_only'],
    [() => students[0].rpc('masterclass_overview', {}), 403, 'staff_only'],
    [() => asVisitor('POST', '/rest/v1/rpc/list_students', {}), 401, '42501'],
    [() => asVisitor('POST', '/rest/v1/rpc/masterclass_overview', {}), 401, '42501'],
    [() => list({ search: 'a' }), 422, 'search_too_short'],
    [() => list({ sort: 'email' }), 422, 'invalid_sort'],
    [() => list({ cursor: { s: 'gain' } }), 422, 'invalid_cursor'],
    [() => list({ cursor: [1] }), 422, 'invalid_cursor'],
    [() => list({ link: '/a>; rel="next", <' }), 422, 'invalid_link'],
    [() => tutor.rpc('masterclass_overview', { masterclass_id: crypto.randomUUID() }), 404, 'masterclass_not_found'],
  ]
  for (const [request, status, code] of cases) {
    const answer = await request()
    assert.deepEqual([answer.status, answer.body.code], [status, code], answer.text)
  }
  for (const table of ['masterclass_statistics', 'registration_statistics', 'score_statistics', 'question_statistics']) {
    assert.deepEqual((await students[0].call('GET', `/${table}`)).body, [])
  }
  assert.equal((await tutor.call('GET', '/student_records')).status, 404)
})
