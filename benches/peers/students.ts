// GET /api/admin/students: a row for each registration. (Griot's also comes as CSV, which no bench asks for.)

import type { Handler } from 'hono'
import { base64url } from 'jose'
import * as z from 'zod'
import type { App } from './env'
import { Problem } from './problem'
import { rpc } from './project'
import { query } from './query'

const Wanted = z.strictObject({
  page: z.coerce.number().int().optional(),
  per_page: z.coerce.number().int().optional(),
  search: z.string().optional(),
  masterclass_id: z.guid().optional(),
  validated: z.enum(['true', 'false']).transform((text) => text === 'true').optional(),
  registered_from: z.string().optional(),
  registered_to: z.string().optional(),
  sort: z.enum(['registered_at', 'full_name', 'pre_score', 'post_score', 'gain']).optional(),
  order: z.enum(['asc', 'desc']).optional(),
  cursor: z.string().optional(),
})
type Wanted = z.infer<typeof Wanted>

interface Listed {
  students: unknown[]
  page: number
  per_page: number
  total: number
  total_is_exact: boolean
  next: object | null
  previous: object | null
}

const PATH = '/api/admin/students'

export const listStudents: Handler<App> = async (c) => {
  const wanted = query(Wanted, c.req)
  acceptsJson(c.req.header('accept'))
  const listed = await rpc<Listed>(c.env, c.get('caller'), 'list_students', args(wanted)).catch((error) => {
    const made = error instanceof Problem && (error.code === 'invalid_cursor' || (wanted.cursor && /^22/.test(String(error.cause))))
    throw made ? invalidCursor(error) : error
  })
  const { students, page, per_page, total, total_is_exact } = listed
  const links = {
    next: listed.next && link(wanted, listed.next),
    previous: listed.previous && link(wanted, listed.previous),
  }
  const header = [[links.next, 'next'], [links.previous, 'prev']]
    .filter(([address]) => address).map(([address, rel]) => `<${address}>; rel="${rel}"`).join(', ')
  if (header) c.header('link', header)
  const pages = Math.ceil(total / Math.max(per_page, 1))
  return c.json({ students, pagination: { page, per_page, total, pages, total_is_exact }, links })
}

function acceptsJson(accept: string | undefined) {
  if (!accept || /(^|[\s,])(\*\/\*|application\/\*|application\/json)/i.test(accept)) return
  throw new Problem(406, 'not_acceptable',
    'Cette liste existe en JSON et en CSV. Demandez « Accept: application/json » ou « Accept: text/csv ».',
    'This list comes as JSON and as CSV. Ask for Accept: application/json or Accept: text/csv.')
}

function args({ page = 1, per_page = 20, search: typed, sort = 'registered_at', order, ...wanted }: Wanted) {
  if (page < 1 || page > 50_000) {
    throw Problem.invalid('page', 'doit être compris entre 1 et 50000 ; au-delà, suivez les liens', 'must be between 1 and 50000; follow the links beyond')
  }
  if (per_page < 1 || per_page > 100) {
    throw Problem.invalid('per_page', 'doit être compris entre 1 et 100', 'must be between 1 and 100')
  }
  const search = typed?.trim() || undefined
  if (search?.includes('\0')) {
    throw Problem.invalid('search', 'contient le caractère U+0000 ; retirez-le', 'holds the character U+0000; remove it')
  }
  if (search && [...search].length > 200) throw Problem.invalid('search', 'dépasse 200 caractères', 'is over 200 characters')
  const { masterclass_id, validated, registered_from, registered_to } = wanted
  for (const [field, day] of Object.entries({ registered_from, registered_to })) {
    if (day !== undefined && !isDate(day)) throw Problem.invalid(field, 'doit être une date AAAA-MM-JJ', 'must be a date YYYY-MM-DD')
  }
  if (registered_from && registered_to && registered_from > registered_to) {
    throw Problem.invalid('registered_to', 'précède « registered_from »', 'is before registered_from')
  }
  return {
    search, masterclass_id, validated, registered_from, registered_to,
    sort, descending: order ? order === 'desc' : sort !== 'full_name', page, per_page,
    cursor: wanted.cursor === undefined ? undefined : readCursor(wanted.cursor),
  }
}

function isDate(text: string) {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || text.startsWith('0000')) return false
  const date = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text)
}

function readCursor(cursor: string): object {
  try {
    if (cursor.length > 4096) throw new Error('too long')
    const value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(base64url.decode(cursor)))
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('no object')
    return value
  } catch (cause) {
    throw invalidCursor(cause)
  }
}

function invalidCursor(cause: unknown) {
  return new Problem(422, 'invalid_cursor',
    '« cursor » ne convient pas à cette liste. Suivez les liens de la réponse précédente sans les modifier, ou recommencez à la première page.',
    'cursor does not fit this list. Follow the links of the previous answer unchanged, or start again at the first page.', { cause })
}

/** This address with a cursor in place of the page. */
function link({ page, cursor: old, ...wanted }: Wanted, cursor: object) {
  const parameters = new URLSearchParams()
  for (const name of ['search', 'masterclass_id', 'validated', 'registered_from', 'registered_to', 'sort', 'order', 'per_page'] as const) {
    if (wanted[name] !== undefined) parameters.set(name, String(wanted[name]))
  }
  parameters.set('cursor', base64url.encode(JSON.stringify(cursor)))
  return `${PATH}?${parameters}`
}
