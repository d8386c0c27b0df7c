// Every function that answers an administrator, a student or a webhook, with a request that succeeds.
// Generating questions is apart (`questions.mjs`): it takes what its document takes.

import { randomUUID } from 'node:crypto'
import { connect, people } from './database.mjs'

// A student with a page of one's own, so that a small project has something to list.
const SEEDED = '5eed0000-0000-4000-8000-000000000001'
const text = {
  question_text: 'Combien font deux et deux ?', choices: { A: 'trois', B: 'quatre', C: 'cinq', D: 'six' }, correct_choice: 'B',
}

/** Routes whose time may depend on the number of registrations. */
export const growing = (as, student) => ({
  'GET /api/admin/students': as('GET', '/admin/students'),
  'GET /api/admin/students?masterclass_id&sort=gain': as('GET', `/admin/students?masterclass_id=${student.masterclass_id}&sort=gain`),
  'GET /api/admin/students?search': as('GET', `/admin/students?search=${encodeURIComponent(student.full_name.split(' ')[0])}`),
  'GET /api/admin/students?page=200': as('GET', '/admin/students?page=200'),
  'GET /api/admin/students (CSV, 100 rows)': as('GET', '/admin/students?per_page=100', undefined, 'text/csv'),
  'GET /api/admin/student/{id}': as('GET', `/admin/student/${student.user_id}`),
  'GET /api/admin/overview': as('GET', '/admin/overview'),
  'GET /api/admin/overview?masterclass_id': as('GET', `/admin/overview?masterclass_id=${student.masterclass_id}`),
  'GET /api/admin/questions': as('GET', `/admin/questions?masterclass_id=${student.masterclass_id}`),
})

/**
 * Makes what the requests need. `all` holds functions by name; each call makes the next request,
 * `{method, path, headers, body}`. `uses`: how often a request that uses something up may be made.
 */
export async function routes(given, uses = 0) {
  const database = connect(given)
  const staff = (await people(database, given, 1, 'admin'))[0].token
  const masterclass = randomUUID()
  await database`insert into public.masterclasses ${database({ id: masterclass, title: 'Mesure' })}`
  const [first] = await people(database, given, 1)
  await database`insert into public.profiles ${database({
    id: first.id, full_name: 'Awa Mbeng', date_of_birth: '1998-05-17', whatsapp_number: '+24174000000',
  })}`
  // The seed's registration, or that of whoever comes first.
  const student = { user_id: first.id, masterclass_id: SEEDED, full_name: 'Awa Mbeng' }
  const made = (method, path, token, body, accept = '*/*') => ({
    method, path: `/api${path}`,
    headers: { accept, ...(token && { authorization: `Bearer ${token}` }), ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  })
  const as = (method, path, body, accept) => () => made(method, path, staff, body?.(), accept)
  const hook = (path, body) => () => {
    const request = made('POST', path, undefined, body())
    request.headers['x-webhook-secret'] = given.webhook_secret
    return request
  }
  const questions = async () => {
    if (!uses) return []
    const rows = Array.from({ length: uses }, () => ({ masterclass_id: masterclass, ...text, choices: database.json(text.choices) }))
    return (await database`insert into public.questions ${database(rows)} returning id, version`).map((row) => ({ ...row }))
  }
  const next = (list) => { let at = 0; return () => list[at++] }
  let sent = 0
  const all = {
    'GET /api/health': () => made('GET', '/health'),
    'GET /api/health?deep=1': () => made('GET', '/health?deep=1'),
    'GET /api/privacy': () => made('GET', '/privacy'),
    'GET /api/openapi.json': () => made('GET', '/openapi.json'),
    'GET /api/docs': () => made('GET', '/docs'),
    // Of somebody whose account does not grow: staff asked for all the messages that are written here.
    'GET /api/account/export': () => made('GET', '/account/export', first.token),
    'POST /api/admin/questions': as('POST', '/admin/questions', () => ({ masterclass_id: masterclass, ...text })),
    ...growing(as, student),
    'GET /api/admin/outbound-messages': as('GET', '/admin/outbound-messages'),
    'GET /api/admin/outbound-messages/summary': as('GET', '/admin/outbound-messages/summary'),
    'POST /api/send-whatsapp': as('POST', '/send-whatsapp', () => ({
      to: `+24174${String(sent++ % 1_000_000).padStart(6, '0')}`, messageType: 'custom', data: { text: 'Bonjour' },
    })),
    'POST /api/hooks/database': hook('/hooks/database', () => ({ type: 'INSERT', table: 'outbound_messages', schema: 'public', record: {}, old_record: null })),
    'POST /api/hooks/whapi': hook('/hooks/whapi', () => ({ statuses: [{ id: randomUUID(), code: 3, status: 'delivered', recipient_id: '24174000000', timestamp: '1764000000' }] })),
  }
  if (uses) {
    const [changed, deleted, published] = [next(await questions()), next(await questions()), next(await questions())]
    const leaving = next(await people(database, given, uses))
    Object.assign(all, {
      'PUT /api/admin/questions/{id}': () => {
        const { id, version } = changed()
        return made('PUT', `/admin/questions/${id}`, staff, { ...text, status: 'draft', version })
      },
      'POST /api/admin/questions/publish': as('POST', '/admin/questions/publish', () => ({ questions: [published()] })),
      'DELETE /api/admin/questions/{id}': () => {
        const { id, version } = deleted()
        return made('DELETE', `/admin/questions/${id}?version=${version}`, staff)
      },
      'DELETE /api/account': () => made('DELETE', '/account', leaving().token),
    })
  }
  /** The growing ones again, for a student of the data set. */
  const grown = async () => {
    const [found] = await database`
      select p.id as user_id, i.masterclass_id, p.full_name from public.inscriptions i join public.profiles p on p.id = i.profile_id
      where i.id::text like 'be4cbe4c%' order by p.id limit 1`
    return growing(as, found)
  }
  return { all, grown, database, end: () => database.end() }
}

/** Makes a request; anything but a 2xx is an error, because what is refused is not what is measured. */
export async function call(origin, { method, path, headers, body }) {
  const answer = await fetch(origin + path, { method, headers, body })
  const said = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${said.slice(0, 300)}`)
}
