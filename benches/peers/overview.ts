// GET /api/admin/overview: what a masterclass achieved, in figures.

import type { Handler } from 'hono'
import * as z from 'zod'
import type { App } from './env'
import { rpc } from './project'
import { query } from './query'

const About = z.strictObject({ masterclass_id: z.guid().optional() })

export const overview: Handler<App> = async (c) => {
  const { masterclass_id = null } = query(About, c.req)
  return c.json(await rpc(c.env, c.get('caller'), 'masterclass_overview', { masterclass_id }))
}
