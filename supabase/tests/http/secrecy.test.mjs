// A student with a token and all of PostgREST's grammar tries to learn a correct answer.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { asService, asVisitor, cleanUp, createMasterclass, createUser, openTest, responses } from './client.mjs'

let genius
let dunce
before(async () => { [genius, dunce] = [await createUser(), await createUser()] })
after(cleanUp)

// What differs between two answers for reasons that have nothing to do with the key.
const withoutIds = (text) => text
  .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID')
  .replace(/\d{4}-\d\d-\d\dT[0-9:.]+(\+00:00|Z)/g, 'TIME')

const object = { accept: 'application/vnd.pgrst.object+json' }
const csv = { accept: 'text/csv' }
const tricks = [
  ['plain', '', {}],
  ['a cast that fails', '?select=pgrst_scalar->test->>score::date', csv],
  ['a cast of the whole answer', '?select=pgrst_scalar::date', csv],
  ['a cast of the maximum', '?select=pgrst_scalar->test->>max_score::date', csv],
  ['a filter', '?pgrst_scalar->test->>score=gt.5', object],
  ['a filter, wanting one row', '?pgrst_scalar->test->score=gt.5', { ...object, prefer: 'handling=strict,max-affected=0' }],
  ['a pattern that fails', '?pgrst_scalar->test->>score=like.1%5C', {}],
  ['an order', '?order=pgrst_scalar->test->score', csv],
  ['no row', '?limit=0', object],
  ['a dry run', '', { prefer: 'tx=rollback' }],
  ['a count', '', { prefer: 'count=exact' }],
  ['a plan', '', { accept: 'application/vnd.pgrst.plan+json; options=analyze|verbose' }],
  ['columns', '?columns=masterclass_id,responses', {}],
]

for (const [name, query, headers] of tricks) {
  test(`registering with ${name} says the same to who is right and who is wrong`, async () => {
    const masterclass = await createMasterclass()
    const said = []
    for (const [student, right] of [[genius, true], [dunce, false]]) {
      const pre = await openTest(student, masterclass)
      const answer = await student.rpc('register_for_masterclass',
        { masterclass_id: masterclass.id, responses: responses(pre, masterclass, right) }, headers, query)
      said.push(`${answer.status} ${withoutIds(answer.text)}`)
    }
    assert.equal(said[0], said[1])
    assert.doesNotMatch(said[0], /"score"/)
  })
}

test('submitting the POST test with a cast that fails does not show the score', async () => {
  const masterclass = await createMasterclass()
  const said = []
  for (const [student, right] of [[genius, true], [dunce, false]]) {
    const pre = await openTest(student, masterclass)
    const registered = await student.rpc('register_for_masterclass', { masterclass_id: masterclass.id, responses: {} })
    await asService('PATCH', `/rest/v1/inscriptions?id=eq.${registered.body.inscription_id}`, { validated: true })
    const answer = await student.rpc('submit_test',
      { inscription_id: registered.body.inscription_id, responses: responses(pre, masterclass, right) },
      csv, '?select=pgrst_scalar->>score::date')
    said.push(`${answer.status} ${withoutIds(answer.text)}`)
  }
  assert.equal(said[0], said[1])
})

test('no way of reading questions gives a student a row, a count or an error that depends on them', async () => {
  const masterclass = await createMasterclass()
  const paths = (letter) => [
    `/questions?correct_choice=eq.${letter}`,
    `/questions?select=id&masterclass_id=eq.${masterclass.id}&order=correct_choice`,
    `/questions?select=count()&correct_choice=eq.${letter}`,
    `/questions?select=correct_choice::int`,
    `/questions?choices->>${letter}=like.a%5C`,
    `/questions?evidence_quote=fts.Citation`,
    `/masterclasses?select=title,questions(*)&id=eq.${masterclass.id}`,
    `/masterclasses?select=id,questions!inner(id)&questions.correct_choice=eq.${letter}`,
    `/masterclasses?select=id&questions=not.is.null&questions.correct_choice=eq.${letter}`,
    `/tests?select=*,inscriptions(*,masterclasses(*,questions(*)))&inscriptions.masterclasses.questions.correct_choice=eq.${letter}`,
  ]
  for (const prefer of ['count=exact', 'count=planned', 'count=estimated']) {
    const seen = []
    for (const letter of 'ABCD') {
      const answers = await Promise.all(paths(letter).map((path) => dunce.call('GET', path, undefined, { prefer })))
      for (const answer of answers) assert.doesNotMatch(answer.text, /"correct_choice"|Citation|"Question \d/)
      seen.push(answers.map((a) => `${a.status} ${a.text} ${a.headers.get('content-range')}`.replaceAll(`.${letter}`, '.?').replaceAll(`>${letter}`, '>?')))
    }
    for (const other of seen) assert.deepEqual(other, seen[0])
  }
  for (const path of paths('A').slice(0, 6)) {
    const answer = await asVisitor('GET', `/rest/v1${path}`)
    assert.ok([400, 401, 403].includes(answer.status), `${path}: ${answer.status}`)
  }
})

test('nothing private can be named', async () => {
  for (const name of ['is_staff', 'is_admin', 'raise_error', 'draw_test_paper', 'make_first_admin', 'grade_test']) {
    assert.equal((await dunce.rpc(name, {})).status, 404)
    const profile = await dunce.rpc(name, {}, { 'content-profile': 'private' })
    assert.equal(profile.status, 406)
  }
  for (const table of ['test_papers', 'test_paper_questions', 'idempotent_requests', 'error_messages']) {
    assert.equal((await dunce.call('GET', `/${table}`)).status, 404)
    assert.equal((await dunce.call('GET', `/${table}`, undefined, { 'accept-profile': 'private' })).status, 406)
  }
})
