// Sends what is due: claims messages, sends each once, records what became of them.

import type { Env, Language } from './env'
import { type MessageType, render } from './messages'
import { Problem } from './problem'
import { rpcOfService } from './project'

// What a Worker may have open at once.
const CONNECTIONS = 6
const BATCH = 100
// The platform grants 30 s after an answer.
const BEGIN_MS = 20_000

interface Message {
  id: string
  recipient: string
  message_type: MessageType
  language: Language
  data: unknown
  attempts: number
  wait_ms: number
}

let busyUntil = 0
let again = false

/** One run at a time in each isolate; who comes meanwhile makes it look once more. */
export async function dispatch(env: Env): Promise<void> {
  if (Date.now() < busyUntil) {
    again = true
    return
  }
  const end = Date.now() + BEGIN_MS
  busyUntil = end + 20_000
  try {
    do again = false
    while (await sendBatch(env, crypto.randomUUID()) > 0 || again && Date.now() < end)
  } catch (cause) {
    console.error(JSON.stringify({ message: 'messages could not be dispatched', level: 'error', 'error.cause': String(cause) }))
  } finally {
    busyUntil = 0
  }
}

async function sendBatch(env: Env, dispatcher: string): Promise<number> {
  const claimed = Date.now()
  const { messages } = await rpcOfService<{ messages: Message[] }>(env, 'claim_outbound_messages', {
    dispatcher, max_messages: BATCH, lease_seconds: 60, channels: ['whatsapp'],
  })
  if (messages.length === 0) return 0
  const waiting = messages.toSorted((a, b) => a.wait_ms - b.wait_ms)
  const results: object[] = []
  await Promise.all(Array.from({ length: CONNECTIONS }, async () => {
    for (let message = waiting.shift(); message; message = waiting.shift()) {
      const wait = claimed + message.wait_ms - Date.now()
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
      results.push({ id: message.id, attempts: message.attempts, ...(await send(env, message)) })
    }
  }))
  await rpcOfService(env, 'record_outbound_results', { dispatcher, results })
  return messages.length
}

async function send(env: Env, { id, recipient, message_type, language, data }: Message): Promise<object> {
  let body: string
  try {
    body = render(id, message_type, language, data, env.ACADEMY_NAME ?? 'Griot')
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return { outcome: 'refused', code: error.code, detail: error.message }
  }
  try {
    const answer = await fetch(`${env.WHAPI_BASE_URL}/messages/text`, {
      method: 'POST',
      headers: { authorization: `Bearer ${env.WHAPI_TOKEN}`, 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ to: recipient.slice(1), body, no_link_preview: true }),
      signal: AbortSignal.timeout(20_000),
    })
    if (answer.status === 429) {
      await answer.body?.cancel()
      return { outcome: 'retry', code: 'rate_limited', retry_after_seconds: Number(answer.headers.get('retry-after')) || null }
    }
    if (answer.status >= 400 && answer.status < 500 && answer.status !== 408) {
      const { error } = await answer.json().catch(() => ({})) as { error?: { message?: string } }
      return answer.status === 404 && error && !/channel/i.test(error.message ?? '')
        ? { outcome: 'unknown_number', code: 'unknown_number' }
        : { outcome: 'refused', code: 'rejected' }
    }
    const said = await answer.json() as { sent?: boolean; message?: { id?: string } }
    if (said.sent === true && said.message?.id) return { outcome: 'accepted', provider_message_id: said.message.id }
    return { outcome: 'uncertain', code: 'unreadable_answer' }
  } catch (error) {
    // Whether it was accepted is not known: it is looked up before it may be sent again.
    return { outcome: 'uncertain', code: error instanceof DOMException && error.name === 'TimeoutError' ? 'timeout' : 'connection_lost' }
  }
}
