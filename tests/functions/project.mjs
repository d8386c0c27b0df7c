// What these tests share: the running stack and people who sign in to it. The addresses and keys
// come from the environment (locally: `.griot/stack.env`).

import { createClient } from '@supabase/supabase-js'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'

function setting(name) {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set: these tests need a running stack (cargo xtask dev)`)
  return value
}

export const functionsUrl = setting('FUNCTIONS_URL')
const url = setting('SUPABASE_URL')
const options = { auth: { persistSession: false, autoRefreshToken: false } }

/** supabase-js with the secret key; only prepares what a test needs. */
export const service = createClient(url, setting('SUPABASE_SECRET_KEY'), options)

/** supabase-js without a session. */
export const visitor = () => createClient(url, setting('SUPABASE_PUBLISHABLE_KEY'), options)

/** The answer's data; an error ends the test with its words. */
export function must({ data, error }) {
  if (error) throw new Error(JSON.stringify(error, Object.getOwnPropertyNames(error)))
  return data
}

async function signIn(email, password) {
  const client = visitor()
  const { session, user } = must(await client.auth.signInWithPassword({ email, password }))
  return { client, id: user.id, token: session.access_token }
}

export const signInTutor = () => signIn(setting('TUTOR_EMAIL'), setting('TUTOR_PASSWORD'))

export const signInAdmin = () => signIn(setting('ADMIN_EMAIL'), setting('ADMIN_PASSWORD'))

async function createAccount() {
  const [email, password] = [`${randomUUID()}@griot.test`, `Aa1-${randomUUID()}`]
  must(await service.auth.admin.createUser({ email, password, email_confirm: true }))
  return signIn(email, password)
}

let admin
/** A new `admin` or `tuteur`, with rate limits of their own. */
export async function createStaff(role = 'tuteur') {
  admin ??= signInAdmin()
  const [{ client }, person] = await Promise.all([admin, createAccount()])
  must(await client.from('user_roles').insert({ user_id: person.id, role }).select())
  return person
}

/** A new student with a profile, who has accepted the privacy policy in force. */
export async function createStudent(name = 'Étudiante Essai') {
  const student = await createAccount()
  must(await student.client.from('profiles').upsert({
    id: student.id, full_name: name, date_of_birth: '2001-04-02', whatsapp_number: '+24174000000',
  }))
  const { version } = must(await visitor().from('privacy_policies').select('version')
    .lte('effective_at', 'now').order('effective_at', { ascending: false }).limit(1).single())
  must(await student.client.from('consents').insert({ purpose: 'privacy_policy', version, granted: true }))
  return student
}

/** The project's own masterclass, as bytes. */
export const masterclassPdf = () => readFileSync(new URL('../../masterclass/masterclass.pdf', import.meta.url))

/** A masterclass of `tutor` with `pdf` in its folder of Storage. Returns its id. */
export async function createMasterclass(tutor, pdf = masterclassPdf()) {
  const { id } = must(await tutor.client.from('masterclasses').insert({ title: 'Essai' }).select('id').single())
  const path = `${id}/cours.pdf`
  must(await tutor.client.storage.from('masterclass-pdfs').upload(path, pdf, { contentType: 'application/pdf' }))
  must(await tutor.client.from('masterclasses').update({ pdf_url: `masterclass-pdfs/${path}` }).eq('id', id).select())
  return id
}

/** One request to a function. */
export async function call(path, { method = 'POST', token, body, headers = {} } = {}) {
  const response = await fetch(functionsUrl + path, {
    method,
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    body: typeof body === 'string' || body === undefined ? body : JSON.stringify(body),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : null }
}
