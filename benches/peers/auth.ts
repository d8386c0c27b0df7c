// Who is calling: the access token is verified here, with the project's published keys.

import { createMiddleware } from 'hono/factory'
import { createRemoteJWKSet, errors, jwtVerify } from 'jose'
import { type App, languageOf } from './env'
import { Problem } from './problem'

let keys: ReturnType<typeof createRemoteJWKSet> | undefined

function unauthenticated(cause: unknown, challenge = 'Bearer realm="griot", error="invalid_token"') {
  return new Problem(401, 'unauthenticated',
    'Connectez-vous, puis renvoyez la requête avec votre jeton d\'accès (« Authorization: Bearer … »).',
    'Sign in, then send the request again with your access token (Authorization: Bearer ...).',
    { cause, headers: { 'www-authenticate': challenge } })
}

export const signedIn = createMiddleware<App>(async (c, next) => {
  const header = c.req.header('authorization')
  if (header === undefined) throw unauthenticated('no Authorization header', 'Bearer realm="griot"')
  const token = /^bearer +(\S+)\s*$/i.exec(header)?.[1]
  if (!token) throw unauthenticated('not a bearer token')

  const issuer = `${c.env.SUPABASE_URL}/auth/v1`
  keys ??= createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`))
  const { payload } = await jwtVerify(token, keys, {
    issuer, audience: 'authenticated', algorithms: ['ES256', 'RS256'], clockTolerance: 10, requiredClaims: ['sub', 'exp'],
  }).catch((cause) => {
    const keysAreMissing = !(cause instanceof errors.JOSEError) || cause instanceof errors.JWKSTimeout
    throw keysAreMissing ? Problem.unavailable(cause) : unauthenticated(cause)
  })
  // The project's own keys are not people.
  if (payload.role !== 'authenticated') throw unauthenticated('not the token of a person')

  const id = payload.sub!
  const counted = await c.env.REQUESTS_PER_MINUTE?.limit({ key: id })
  if (counted && !counted.success) {
    throw new Problem(429, 'too_many_requests', 'Trop de requêtes en une minute. Réessayez dans une minute.',
      'Too many requests within a minute. Try again in a minute.', { headers: { 'retry-after': '60' } })
  }
  c.set('caller', { id, token, language: languageOf(c.req.header('accept-language')) })
  await next()
})
