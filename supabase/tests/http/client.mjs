// What the HTTP tests share: a running project, and personas made for one test file.
// SUPABASE_URL and the two keys come from the environment (locally: `.griot/stack.env`).

import { randomUUID } from 'node:crypto'

function setting(...names) {
  for (const name of names) if (process.env[name]) return process.env[name]
  throw new Error(`set ${names.join(' or ')}: these tests need a running project`)
}

const url = setting('SUPABASE_URL')
const publicKey = setting('SUPABASE_ANON_KEY', 'SUPABASE_PUBLISHABLE_KEY')
const secretKey = setting('SUPABASE_SERVICE_ROLE_KEY', 'SUPABASE_SECRET_KEY')
const isJwt = (key) => key.split('.').length === 3

async function send(method, path, key, token, body, headers) {
  const response = await fetch(url + path, {
    method,
    headers: {
      apikey: key,
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  })
  const text = await response.text()
  let answer = text
  try { answer = JSON.parse(text) } catch { /* CSV, or nothing */ }
  return { status: response.status, body: answer, text, headers: response.headers }
}

/** A request with the secret key; throws when it is refused, since it only prepares. */
export async function asService(method, path, body, headers = {}) {
  const answer = await send(method, path, secretKey, isJwt(secretKey) ? secretKey : null, body,
    { prefer: 'return=representation', ...headers })
  if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`)
  return answer.body
}

export const asVisitor = (method, path, body, headers) =>
  send(method, path, publicKey, isJwt(publicKey) ? publicKey : null, body, headers)

const accounts = []

/** An account with a confirmed address and a profile; staff when a role is given, else one who has
 * accepted the privacy policy in force (unless told not to). */
export async function createUser(role, { consent = !role } = {}) {
  const email = `${randomUUID()}@griot.test`
  const password = `Aa1-${randomUUID()}`
  const { id } = await asService('POST', '/auth/v1/admin/users', { email, password, email_confirm: true })
  accounts.push(id)
  await asService('POST', '/rest/v1/profiles?on_conflict=id',
    { id, full_name: 'Personne Essai', date_of_birth: '2000-01-31', whatsapp_number: '+24107000000' },
    { prefer: 'resolution=merge-duplicates' })
  if (role) await asService('POST', '/rest/v1/user_roles', { user_id: id, role })
  const session = await send('POST', '/auth/v1/token?grant_type=password', publicKey, null, { email, password }, {})
  if (session.status !== 200) throw new Error(`sign-in: ${session.status} ${session.text}`)
  const token = session.body.access_token
  const user = {
    id,
    email,
    call: (method, path, body, headers) => send(method, `/rest/v1${path}`, publicKey, token, body, headers),
    rpc: (name, args, headers, query = '') => send('POST', `/rest/v1/rpc/${name}${query}`, publicKey, token, args, headers),
  }
  if (consent) await acceptPrivacyPolicy(user)
  return user
}

/** The version in force, as a visitor reads it. */
export async function currentPrivacyPolicy() {
  const answer = await asVisitor('GET', '/rest/v1/privacy_policies?effective_at=lte.now&order=effective_at.desc&limit=1')
  return answer.body[0]
}

export async function acceptPrivacyPolicy(user, granted = true) {
  const { version } = await currentPrivacyPolicy()
  const answer = await user.call('POST', '/consents', { purpose: 'privacy_policy', version, granted })
  if (answer.status !== 201) throw new Error(`consent: ${answer.status} ${answer.text}`)
}

const masterclasses = []

/** A published masterclass and its questions, as staff know them: [{id, correct_choice, …}]. */
export async function createMasterclass(count = 10) {
  const [masterclass] = await asService('POST', '/rest/v1/masterclasses', { title: 'Essai HTTP', published: true })
  masterclasses.push(masterclass.id)
  const questions = await asService('POST', '/rest/v1/questions', Array.from({ length: count }, (_, n) => ({
    masterclass_id: masterclass.id,
    question_text: `Question ${n}`,
    choices: { A: `a${n}`, B: `b${n}`, C: `c${n}`, D: `d${n}` },
    correct_choice: 'ABCD'[n % 4],
    status: 'published',
    evidence_page: 1 + n,
    evidence_quote: `Citation ${n}`,
  })))
  return { id: masterclass.id, questions }
}

/** Responses to a test, all right or all wrong. */
export function responses(test, masterclass, right) {
  const keys = new Map(masterclass.questions.map((q) => [q.id, q.correct_choice]))
  return Object.fromEntries(test.questions.map(({ id }) =>
    [id, right ? keys.get(id) : keys.get(id) === 'A' ? 'B' : 'A']))
}

export async function openTest(student, masterclass, type = 'PRE') {
  const answer = await student.rpc('get_test', { masterclass_id: masterclass.id, type })
  if (answer.status !== 200) throw new Error(`get_test: ${answer.status} ${answer.text}`)
  return answer.body
}

/** An account that deleted itself is no trouble. */
function ifGone(error) {
  if (!/: 404 /.test(error.message)) throw error
}

/** Accounts go; masterclasses with registrations cannot, and are hidden. */
export async function cleanUp() {
  for (const id of accounts.splice(0)) await asService('DELETE', `/auth/v1/admin/users/${id}`).catch(ifGone)
  for (const id of masterclasses.splice(0)) await asService('PATCH', `/rest/v1/masterclasses?id=eq.${id}`, { published: false })
}
