// Access tokens as Auth would sign them: signing in takes longer than what is measured.

import { createPrivateKey, randomUUID, sign } from 'node:crypto'

/** A token of `id`'s own session, good for an hour from now; `changes` replace claims. */
export function token({ keys, supabase_url }, id, changes = {}) {
  const now = Math.floor(Date.now() / 1000)
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = {
    iss: `${supabase_url}/auth/v1`, aud: 'authenticated', role: 'authenticated', sub: id, iat: now, exp: now + 3600,
    session_id: randomUUID(), aal: 'aal1', amr: [{ method: 'password', timestamp: now }], is_anonymous: false, ...changes,
  }
  const text = `${part({ alg: 'ES256', kid: keys.key_id, typ: 'JWT' })}.${part(claims)}`
  const key = createPrivateKey(keys.signing_key)
  return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}
