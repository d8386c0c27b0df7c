// `cargo xtask bench students`: GET /api/admin/students with 100,000 registrations, beside the TypeScript
// peer and the bare call of PostgREST that Griot makes.

import { agree, refusals } from './lib/agreement.mjs'
import { beside, together } from './lib/beside.mjs'
import { connect, load, people } from './lib/database.mjs'
import { given, peer, print } from './lib/given.mjs'
import { generator, inQuery } from './lib/load.mjs'

const { quick, processes, griot, supabase_url, publishable_key } = given
const PATH = '/api/admin/students'
const database = connect(given)
const generate = generator()

try {
  const count = quick ? 2_000 : 100_000
  console.error(`  ${count} registrations`)
  await load(database, count)
  const staff = await people(database, given, 20, 'admin')
  const [student] = await people(database, given, 1)
  const tokens = staff.map(({ token }) => token)
  const [{ id: masterclass }] = await database`
    select masterclass_id as id from public.inscriptions group by 1 order by count(*) desc, 1 limit 1`

  const cases = {
    'first page': {},
    '500th page': { page: 500 },
    'search': { search: 'éloïse' },
    'search and filters': {
      search: 'ondo', masterclass_id: masterclass, validated: true, registered_from: '2020-01-01', sort: 'gain', order: 'asc', per_page: 50,
    },
  }
  const english = { 'accept-language': 'en' }
  const asked = (name, query, status = 200, headers = {}) => ({
    name, status, path: `${PATH}?${new URLSearchParams(query)}`, headers: { authorization: `Bearer ${tokens[0]}`, ...headers },
  })
  const first = await (await fetch(`${griot}${PATH}?sort=full_name`, asked('', {}))).json()
  await agree(given, [
    ...Object.entries(cases).map(([name, query]) => asked(name, query)),
    ...['full_name', 'pre_score', 'post_score', 'gain', 'registered_at'].flatMap((sort) =>
      ['asc', 'desc'].map((order) => asked(`${sort} ${order}`, { sort, order, per_page: 7 }))),
    { ...asked('behind a link', {}), path: first.links.next },
    asked('not validated', { validated: false }), asked('nobody', { search: 'zzzzzz' }), asked('a number', { search: '+241 74' }),
    asked('one letter', { search: 'a' }, 422), asked('one letter, in English', { search: 'a' }, 422, english),
    asked('page 0', { page: 0 }, 422), asked('a page too far', { page: 50_001 }, 422, english), asked('too many rows', { per_page: 101 }, 422),
    asked('no number', { page: 'x' }, 422), asked('unknown parameter', { pages: 2 }, 422), asked('no such order', { sort: 'age' }, 422),
    asked('no such day', { registered_from: '2026-02-30' }, 422), asked('days in the wrong order', { registered_from: '2026-02-02', registered_to: '2026-02-01' }, 422),
    asked('no cursor', { cursor: 'x' }, 422), asked('somebody else\'s cursor', { cursor: 'eyJhIjoxfQ' }, 422),
    asked('another language', {}, 406, { accept: 'text/html' }),
    ...refusals({ path: PATH }, given, staff[0], student),
  ])

  const results = []
  for (const [name, query] of Object.entries(cases)) {
    const requests = tokens.map((token) => ({ path: asked('', query).path, headers: { authorization: `Bearer ${token}` } }))
    const { page = 1, per_page = 20, sort = 'registered_at', order = 'desc', ...filters } = query
    const { page: _, ...kept } = query
    const link = `${PATH}?${new URLSearchParams({ ...kept, cursor: '' })}`
    const bare = tokens.map((token) => ({
      method: 'POST', path: '/rest/v1/rpc/list_students',
      headers: { authorization: `Bearer ${token}`, apikey: publishable_key, accept: 'application/json', 'content-type': 'application/json' },
      body: JSON.stringify({ ...filters, sort, descending: order === 'desc', page, per_page, link }),
    }))
    results.push(await beside(generate, name, {
      griot: { processes: processes.griot, requests }, twin: { processes: processes.twin, requests }, bare: { url: supabase_url, requests: bare },
      least: { processes: processes.least, requests: bare.map(inQuery) },
    }, quick))
  }
  print(together(results, {
    title: `GET ${PATH}, ${count.toLocaleString('en')} registrations`,
    notes: [
      'Peer: the same endpoint in TypeScript (benches/peers), in workerd. Bare: the call of PostgREST that Griot makes, sent straight to the project, whose answer it passes on; the peer makes it without links, which it writes itself. Least: a Worker that makes the bare call under a deadline, passes its answer on with the headers of ours, and writes a line of log: no check of anything.',
      'Twenty administrators by turns, each with a token of one\'s own, verified at each request. The ratio is that of the least favourable case.',
    ],
    versions: peer,
  }))
} finally {
  generate.stop()
  await database.end()
}
