// POST /api/send-whatsapp: staff write to a person. The message is a row of the outbox first; it goes
// after the answer.

import type { Handler } from 'hono'
import { ParseError, parsePhoneNumberWithError } from 'libphonenumber-js/min'
import * as z from 'zod'
import { dispatch } from './dispatcher'
import type { App } from './env'
import { checkVariables, MESSAGE_TYPES } from './messages'
import { Problem } from './problem'
import { rpc } from './project'

const Body = z.strictObject({
  to: z.string(),
  messageType: z.enum(MESSAGE_TYPES),
  data: z.unknown().refine((data) => data !== undefined, 'missing field `data`'),
  language: z.enum(['fr', 'en']).nullish(),
})

export const sendWhatsapp: Handler<App> = async (c) => {
  const body = await readJson(c.req.raw)
  const read = Body.safeParse(body)
  if (!read.success) {
    const issue = read.error.issues[0]
    const { path, message } = issue
    const missing = path.length > 0 && (body as Record<string, unknown>)[String(path[0])] === undefined
    const field = issue.code === 'unrecognized_keys' ? issue.keys[0] : missing ? '.' : path.join('.') || '.'
    throw new Problem(422, 'invalid_request', `Le champ « ${field} » de la requête ne convient pas.`,
      `The field "${field}" of the request does not fit.`, { details: { field, reason: message } })
  }
  const dedupe_key = idempotencyKey(c.req.header('idempotency-key'))
  const { messageType, data, language } = read.data
  const to = phoneNumber(read.data.to)
  checkVariables(messageType, data)
  const written = await rpc<{ id: string; state: string; code: string | null }>(c.env, c.get('caller'), 'send_message', {
    recipient: to, message_type: messageType, language, data, dedupe_key,
  })
  c.executionCtx.waitUntil(dispatch(c.env))
  return c.json({ ...written, to }, 202)
}

async function readJson(request: Request): Promise<object> {
  const kind = (request.headers.get('content-type') ?? '').split(';')[0].trim().toLowerCase()
  if (kind !== 'application/json' && !/^application\/.+\+json$/.test(kind)) {
    throw new Problem(415, 'unsupported_media_type', 'Envoyez du JSON avec l\'en-tête « Content-Type: application/json ».',
      'Send JSON with the header Content-Type: application/json.')
  }
  try {
    return await request.json()
  } catch (cause) {
    if (cause instanceof Problem) throw cause
    throw new Problem(400, 'malformed_json', 'Le corps de la requête n\'est pas du JSON valide.', 'The request body is not valid JSON.', { cause })
  }
}

function idempotencyKey(key: string | undefined): string | undefined {
  if (key === undefined) return undefined
  if (/^[\x20-\x7e]{1,200}$/.test(key)) return key
  throw new Problem(422, 'invalid_idempotency_key',
    '« Idempotency-Key » doit compter 1 à 200 caractères ASCII, par exemple un UUID.',
    'Idempotency-Key must have 1 to 200 ASCII characters, for example a UUID.')
}

const NUMBER_PROBLEMS = {
  phone_number_missing: [
    'Indiquez un numéro de téléphone, par exemple 074 00 00 00 ou +229 01 97 00 00 00.',
    'Give a phone number, for example 074 00 00 00 or +229 01 97 00 00 00.', 'no phone number'],
  phone_number_characters: [
    'Écrivez un seul numéro, avec des chiffres, des espaces et un + au début seulement, par exemple +241 74 00 00 00.',
    'Write one number, with digits, spaces and a leading + only, for example +241 74 00 00 00.',
    'a phone number holds digits, spaces and a leading + only'],
  phone_number_country: [
    'L’indicatif du pays n’existe pas\u00a0: écrivez par exemple +241 pour le Gabon, +229 pour le Bénin, +225 pour la Côte d’Ivoire.',
    'There is no such country code: write for example +241 for Gabon, +229 for Benin, +225 for Côte d’Ivoire.',
    'unknown country code'],
  phone_number_length: [
    'Ce numéro n’a pas le bon nombre de chiffres\u00a0: vérifiez-le. S’il est d’un autre pays, commencez par + et l’indicatif du pays.',
    'This number does not have the right number of digits: check it. If it is from another country, begin with + and the country code.',
    'wrong number of digits for the country'],
  phone_number_prefix: [
    'Aucun numéro de ce pays ne commence ainsi\u00a0: vérifiez les premiers chiffres.',
    'No number of this country begins like this: check the first digits.', 'no numbers of the country begin like this'],
} as const

/** What a person typed, in E.164; without a country code it is a number of Gabon. */
function phoneNumber(typed: string): string {
  const wrong = (code: keyof typeof NUMBER_PROBLEMS) => {
    const [fr, en, reason] = NUMBER_PROBLEMS[code]
    return new Problem(422, code, fr, en, { details: { field: 'to', reason } })
  }
  if (!/^[+\uff0b]?[\d\s./()\u2010-\u2015-]*$/.test(typed.trim()) || typed.length > 64) throw wrong('phone_number_characters')
  if (!/\d/.test(typed)) throw wrong('phone_number_missing')
  try {
    const number = parsePhoneNumberWithError(typed.trim(), { defaultCountry: 'GA', extract: false })
    if (!number.isPossible()) throw wrong('phone_number_length')
    if (!number.isValid()) throw wrong('phone_number_prefix')
    return number.number
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    throw wrong(error.message === 'INVALID_COUNTRY' ? 'phone_number_country' : 'phone_number_length')
  }
}
