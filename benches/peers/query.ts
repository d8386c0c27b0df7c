import type { HonoRequest } from 'hono'
import type { z } from 'zod'
import { Problem } from './problem'

/** The query string, checked. */
export function query<T>(schema: z.ZodType<T>, request: HonoRequest): T {
  const read = schema.safeParse(request.query())
  if (read.success) return read.data
  const { path, message } = read.error.issues[0]
  throw new Problem(422, 'invalid_request', 'Un paramètre de l\'adresse ne convient pas.', 'A parameter of the address does not fit.',
    { details: { field: path[0] ?? null, reason: message } })
}
