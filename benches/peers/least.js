// The least that a Worker does where the peer and Griot do more: it passes calls of the project on unread, sends
// every message with the same few words at Griot's pace, verifies a token and believes all that it says. A deadline for
// calls, the answer's headers and a line of log are in it, as every answer of both has them; no checks, routes,
// languages, limits or templates: what these cost is the difference.

let key
const known = new Set()
/** As both answer: with as many headers, and a line of log. `body` is told the id. */
function answer(status, code, body, link) {
  const id = crypto.randomUUID()
  console.log(`{"message":"GET /api/admin/students ${status}","level":"info","request.id":"${id}","http.method":"GET","http.route":"/api/admin/students","http.status":${status},"duration_ms":0,"error.code":${code},"error.cause":null}`)
  return new Response(body(id), {
    status, headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', vary: 'origin', 'x-request-id': id, ...(link && { link }) },
  })
}

const refuse = (status) => answer(status, '"invalid_request"', (id) =>
  `{"code":"invalid_request","message":"Le paramètre « per_page » ne convient pas : il doit être entre 1 et 100.","details":{"field":"per_page"},"hint":null,"request_id":"${id}"}`)

/** A call of the project that the request names: in its body, or its query where it has none. */
async function passOn(request, env, { pathname, searchParams }) {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(), 15_000)
  try {
    const { status, headers, body } = await fetch(env.SUPABASE_URL + pathname, {
      method: 'POST',
      headers: {
        authorization: request.headers.get('authorization'), apikey: env.SUPABASE_PUBLISHABLE_KEY, accept: 'application/json', 'content-type': 'application/json',
      },
      body: request.method === 'GET' ? searchParams.get('call') : await request.text(),
      signal: controller.signal,
    })
    return answer(status, null, () => body, headers.get('link'))
  } finally {
    clearTimeout(timer)
  }
}

/** A signature that is right, as far as is known or else is found: 422, as for a query that is wrong. */
async function verify(token, env) {
  if (known.has(token)) return refuse(422)
  if (!key) {
    const { keys: [jwk] } = await (await fetch(`${env.SUPABASE_URL}/auth/v1/.well-known/jwks.json`)).json()
    key = await crypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify'])
  }
  const end = token.lastIndexOf('.')
  const signature = Uint8Array.from(atob(token.slice(end + 1).replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0))
  const right = await crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, signature, new TextEncoder().encode(token.slice(0, end)))
  if (!right) return refuse(401)
  if (known.size >= 500) known.clear()
  known.add(token)
  return refuse(422)
}

const post = (url, key, body) =>
  fetch(url, { method: 'POST', headers: { authorization: `Bearer ${key}`, apikey: key, 'content-type': 'application/json' }, body: JSON.stringify(body) })

async function batch(env) {
  const rpc = async (name, body) => (await post(`${env.SUPABASE_URL}/rest/v1/rpc/${name}`, env.SUPABASE_SECRET_KEY, body)).json()
  const dispatcher = crypto.randomUUID()
  const { messages } = await rpc('claim_outbound_messages', { dispatcher, max_messages: 100, lease_seconds: 60, channels: ['whatsapp'] })
  const results = []
  const waiting = messages.slice()
  await Promise.all(Array.from({ length: 6 }, async () => {
    for (let message = waiting.pop(); message; message = waiting.pop()) {
      const { id, recipient, attempts } = message
      const answer = await post(`${env.WHAPI_BASE_URL}/messages/text`, env.WHAPI_TOKEN, { to: recipient.slice(1), body: `Réf. ${id}`, no_link_preview: true })
      results.push({ id, attempts, outcome: 'accepted', provider_message_id: (await answer.json()).message.id })
    }
  }))
  if (results.length > 0) await rpc('record_outbound_results', { dispatcher, results })
  return results.length
}

let running = false, again = false
/** Sends what is due, claiming as often as Griot at most: what is written meanwhile goes together. */
async function deliver(env) {
  again = true
  if (running) return
  running = true
  try {
    while (again) {
      again = false
      const began = Date.now()
      const sent = await batch(env)
      if (sent > 0) again = true
      if (again && sent < 100) await scheduler.wait(Math.max(began + 250 - Date.now(), 0))
    }
  } finally {
    running = false
  }
}

export default {
  fetch(request, env, context) {
    const url = new URL(request.url)
    if (url.pathname.startsWith('/api/')) return verify(request.headers.get('authorization').slice('Bearer '.length), env)
    const answered = passOn(request, env, url)
    // As Griot's, it goes on when the caller hangs up.
    context.waitUntil(answered)
    if (url.pathname.endsWith('/send_message')) context.waitUntil(answered.then(() => deliver(env)))
    return answered
  },
}
