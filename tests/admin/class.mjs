// A class of three who took a test of four questions, made anew for each file.

import { must, call, createStaff, createStudent } from '../functions/project.mjs'

export const choices = { A: 'rouge', B: 'vert', C: 'bleu', D: 'jaune' }

/** `GET /api/admin/<path>` as `person`. */
export const get = (person, path, headers = {}) => call(`/admin/${path}`, { method: 'GET', token: person.token, headers })

/** A masterclass without questions. Returns its id. */
export async function createMasterclass(tutor) {
  return must(await tutor.client.from('masterclasses').insert({ title: 'Essai', published: true }).select('id').single()).id
}

/** A published question whose answer is A. */
export async function createQuestion(tutor, masterclass_id, question_text, more = {}) {
  const { status, body } = await call('/admin/questions', {
    token: tutor.token, body: { masterclass_id, question_text, choices, correct_choice: 'A', status: 'published', ...more },
  })
  if (status !== 201) throw new Error(`${status} ${JSON.stringify(body)}`)
  return body
}

/** Takes the PRE test and, where `post` is given, the POST test, with so many right answers. */
async function takeTests(tutor, student, masterclass_id, pre, post) {
  const { questions } = must(await student.client.rpc('get_test', { masterclass_id, type: 'PRE' }))
  // The last one is left out when there is a wrong one.
  const responses = (right) => Object.fromEntries(
    questions.map(({ id }, n) => [id, n < right ? 'A' : 'B']).slice(0, Math.max(right, questions.length - 1)))
  const { inscription_id } = must(await student.client.rpc('register_for_masterclass', { masterclass_id, responses: responses(pre) }))
  if (post === undefined) return
  must(await tutor.client.from('inscriptions').update({ validated: true }).eq('id', inscription_id).select())
  must(await student.client.rpc('get_test', { masterclass_id, type: 'POST' }))
  must(await student.client.rpc('submit_test', { inscription_id, responses: responses(post) }))
}

/** Élodie gains 1, Bénédicte 0.5, Zoé has not been validated. */
export async function createClass() {
  const tutor = await createStaff('tuteur')
  const masterclass = await createMasterclass(tutor)
  for (const n of [1, 2, 3, 4]) await createQuestion(tutor, masterclass, `Question ${n} : quelle couleur ?`)
  const names = ['Élodie N’Na', 'Bénédicte Ndong', 'Zoé =Obame']
  const [elodie, benedicte, zoe] = await Promise.all(names.map((name) => createStudent(name)))
  await takeTests(tutor, elodie, masterclass, 1, 4)
  await takeTests(tutor, benedicte, masterclass, 2, 3)
  await takeTests(tutor, zoe, masterclass, 0)
  return { tutor, masterclass, elodie, benedicte, zoe }
}
