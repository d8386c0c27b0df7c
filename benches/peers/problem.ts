// The one error body, `{"code","message","details","hint","request_id"}`.

import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { type App, languageOf } from './env'

export class Problem extends Error {
  readonly text: { fr: string; en: string }
  details: unknown = null
  hint: string | null = null
  headers: Record<string, string> = {}

  constructor(readonly status: number, readonly code: string, fr: string, en: string, more: Partial<Pick<Problem, 'details' | 'hint' | 'headers' | 'cause'>> = {}) {
    super(en, { cause: more.cause })
    this.text = { fr, en }
    this.details = more.details ?? null
    this.hint = more.hint ?? null
    this.headers = more.headers ?? {}
  }

  static internal(cause: unknown) {
    return new Problem(500, 'internal_error',
      'Une erreur interne est survenue. Réessayez ; si cela continue, transmettez-nous l\'identifiant de la requête.',
      'An internal error occurred. Try again; if it goes on, send us the request id.', { cause })
  }

  static unavailable(cause: unknown) {
    return new Problem(503, 'service_unavailable',
      'Le service est momentanément indisponible. Réessayez dans quelques secondes.',
      'The service is unavailable for the moment. Try again in a few seconds.', { cause, headers: { 'retry-after': '5' } })
  }

  /** A value that was understood and does not fit. */
  static invalid(field: string, fr: string, en: string) {
    return new Problem(422, 'invalid_request', `« ${field} » ${fr}.`, `${field} ${en}.`, { details: { field, reason: en } })
  }
}

export function problemBody(c: Context<App>, { status, code, text, details, hint, headers }: Problem) {
  const message = text[languageOf(c.req.header('accept-language'))]
  const body = JSON.stringify({ code, message, details, hint, request_id: c.get('requestId') })
  return c.body(body, status as ContentfulStatusCode, { 'content-type': 'application/json; charset=utf-8', ...headers })
}
