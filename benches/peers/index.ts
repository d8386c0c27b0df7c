// The benches' peer: four of Griot's endpoints as a TypeScript team would write them for a Worker,
// with hono, supabase-js, jose and zod. Same checks, same answers; `benches/lib/agreement.mjs` holds
// it to that.

import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { cors } from 'hono/cors'
import { signedIn } from './auth'
import type { App } from './env'
import { overview } from './overview'
import { Problem, problemBody } from './problem'
import { sendWhatsapp } from './send'
import { listStudents } from './students'

const app = new Hono<App>()
let allowed: string[] | undefined

app.use(async (c, next) => {
  const started = Date.now()
  const given = c.req.header('x-request-id')
  const id = given && /^[A-Za-z0-9-]{8,64}$/.test(given) ? given : crypto.randomUUID()
  c.set('requestId', id)
  await next()
  c.header('x-request-id', id)
  c.header('cache-control', 'no-store')
  const problem = c.error instanceof Problem ? c.error : undefined
  console.log(JSON.stringify({
    message: `${c.req.method} ${c.req.path} ${c.res.status}`,
    level: c.res.status >= 500 ? 'error' : 'info',
    'request.id': id,
    'http.method': c.req.method,
    'http.status': c.res.status,
    duration_ms: Date.now() - started,
    'error.code': problem?.code ?? null,
    'error.cause': problem?.cause == null ? null : String(problem.cause),
  }))
})
app.use(cors({
  origin: (origin, c) => {
    allowed ??= (c.env.ALLOWED_ORIGINS ?? '').split(',').map((one: string) => one.trim()).filter(Boolean)
    return allowed!.includes(origin) ? origin : null
  },
  credentials: true,
  exposeHeaders: ['x-request-id', 'retry-after', 'link'],
  maxAge: 7200,
}))

const tooLarge = bodyLimit({
  maxSize: 64 * 1024,
  onError: () => {
    throw new Problem(413, 'body_too_large', 'Le corps de la requête dépasse 65536 octets.', 'The request body is over 65536 bytes.')
  },
})

app.get('/api/health', (c) => c.json({ status: 'ok' }))
app.get('/api/admin/students', signedIn, listStudents)
app.get('/api/admin/overview', signedIn, overview)
app.post('/api/send-whatsapp', signedIn, tooLarge, sendWhatsapp)

app.notFound((c) => problemBody(c, new Problem(404, 'not_found',
  'Cette adresse n\'existe pas. Vérifiez le chemin de l\'URL.',
  'There is nothing at this address. Check the path of the URL.')))
app.onError((error, c) => problemBody(c, error instanceof Problem ? error : Problem.internal(error)))

export default app
