// The messages staff can send by WhatsApp: their variables, and what they say.

import * as z from 'zod'
import type { Language } from './env'
import { Problem } from './problem'

export const MESSAGE_TYPES =
  ['registration_confirmation', 'pre_test_result', 'post_test_result', 'masterclass_reminder', 'validation', 'custom'] as const
export type MessageType = (typeof MESSAGE_TYPES)[number]

// Marks that reverse the direction of what follows could reach the words around a name.
const REVERSING = /[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/g
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g

const line = (max: number) => z.string('a text')
  .transform((text) => text.replace(REVERSING, '').replace(CONTROL, ' ').split(/\s+/u).filter(Boolean).join(' '))
  .refine((text) => [...text].length <= max, { params: { max } })
const text = (max: number) => z.string('a text')
  .transform((text) => text.replaceAll('\r\n', '\n').replace(REVERSING, '').replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '').trim())
  .refine((text) => [...text].length <= max, { params: { max } })
const count = (least: number, what: string) => z.int(what).min(least, what).max(1000, what)
const shaped = (what: string, fits: (text: string) => boolean) => z.string(what).refine(fits, what)

const name = line(200)
const masterclass = line(200)
const score = count(0, 'a whole number from 0 to 1000')
const max_score = count(1, 'a whole number from 1 to 1000')
const link = shaped('an https address', (text) => {
  const url = URL.parse(text.trim())
  const local = url?.protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  return url !== null && (url.protocol === 'https:' || local) && !url.username && !url.password
    && text.trim().length <= 2000 && !/[\s<>"\\`\u0000-\u001f]/u.test(text.trim())
}).transform((text) => text.trim())

const VARIABLES = {
  registration_confirmation: z.strictObject({ name, masterclass, link: link.nullish() }),
  pre_test_result: z.strictObject({ name, masterclass, score, max_score, link: link.nullish() }),
  post_test_result: z.strictObject({
    name, masterclass, score, max_score, gain: z.number('a number no greater than 1').max(1, 'a number no greater than 1').nullish(), link: link.nullish(),
  }),
  masterclass_reminder: z.strictObject({
    name, masterclass,
    date: shaped('a date YYYY-MM-DD', (text) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text))),
    time: shaped('a time HH:MM', (text) => /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/.test(text)),
    time_zone: shaped('a time zone such as Africa/Libreville', (text) => /^(UTC|Etc\/UTC|(?!Etc\/)[A-Za-z][\w+-]*(\/[\w+-]+)+)$/.test(text)),
    link: link.nullish(),
  }),
  validation: z.strictObject({ name, masterclass, link: link.nullish() }),
  custom: z.strictObject({ text: text(1000), name: name.nullish(), subject: line(120).nullish() }),
}

const FRENCH: Record<string, string> = {
  'a text': 'un texte',
  'a whole number from 0 to 1000': 'un nombre entier de 0 à 1000',
  'a whole number from 1 to 1000': 'un nombre entier de 1 à 1000',
  'at most max_score': 'au plus max_score',
  'a number no greater than 1': 'un nombre inférieur ou égal à 1',
  'a date YYYY-MM-DD': 'une date AAAA-MM-JJ',
  'a time HH:MM': 'une heure HH:MM',
  'a time zone such as Africa/Libreville': 'un fuseau horaire comme Africa/Libreville',
  'an https address': 'une adresse https',
}

/** Whether `data` has the variables of the message, each of its kind and length, and no others. */
export function checkVariables(type: MessageType, data: unknown): Record<string, any> {
  const refuse = (code: string, field: string, fr: string, en: string, reason: string) =>
    new Problem(422, code, fr, en, { details: { field, reason } })
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw refuse('variables_not_an_object', 'data', 'data doit être un objet JSON dont les membres sont les variables du message.',
      'data must be a JSON object whose members are the variables of the message.', 'the variables are not a JSON object')
  }
  const missing = (name: string) => refuse('variable_missing', `data.${name}`, `La variable ${name} manque\u00a0: ajoutez-la à data.`,
    `The variable ${name} is missing: add it to data.`, `${name} is missing`)
  const wrong = (name: string, what: string) => refuse('variable_wrong', `data.${name}`,
    `La variable ${name} n’est pas ${FRENCH[what]}\u00a0: corrigez-la.`, `The variable ${name} is not ${what}: correct it.`, `${name} is not ${what}`)
  const read = VARIABLES[type].safeParse(data)
  if (!read.success) {
    const issue = read.error.issues[0]
    const name = String(issue.path[0])
    if (issue.code === 'unrecognized_keys') {
      const [unknown] = issue.keys
      throw refuse('variable_unknown', `data.${unknown}`, `Ce message n’a pas de variable ${unknown}\u00a0: retirez-la de data.`,
        `This message has no variable ${unknown}: remove it from data.`, `${unknown} is not a variable of this message`)
    }
    if ((data as Record<string, unknown>)[name] == null) throw missing(name)
    if (issue.code === 'custom' && issue.params?.max) {
      const { max } = issue.params
      throw refuse('variable_too_long', `data.${name}`, `La variable ${name} dépasse ${max} caractères\u00a0: raccourcissez-la.`,
        `The variable ${name} is longer than ${max} characters: shorten it.`, `${name} is longer than ${max} characters`)
    }
    throw wrong(name, issue.message)
  }
  const variables: Record<string, any> = read.data
  for (const required of type === 'custom' ? ['text'] : ['name', 'masterclass']) if (variables[required] === '') throw missing(required)
  if (variables.score > variables.max_score) throw wrong('score', 'at most max_score')
  return variables
}

// The characters WhatsApp formats with, as others that look like them.
const NEUTRAL: Record<string, string> = { '*': '\u2217', '_': '\u02cd', '~': '\u223c', '`': '\u02cb' }
const neutral = (text: string) => text.replace(/[*_~`]/g, (c) => NEUTRAL[c])

const STOP = { fr: 'Répondez STOP pour ne plus recevoir de messages.', en: 'Reply STOP to receive no more messages.' }

/** The text of the message with this id. */
export function render(id: string, type: MessageType, language: Language, data: unknown, academy: string): string {
  const variables = checkVariables(type, data)
  const french = language === 'fr'
  const [name, masterclass] = [neutral(variables.name ?? ''), neutral(variables.masterclass ?? '')]
  const { link } = variables
  const at = (fr: string, en: string) => link && (french ? `${fr}\u00a0: ${link}` : `${en}: ${link}`)
  const score = `*${variables.score}/${variables.max_score}*`
  const percent = Math.round((variables.gain ?? 0) * 100)
  const gain = french ? `${percent}\u00a0%` : `${percent}%`
  const body = {
    registration_confirmation: () => french
      ? [`Votre inscription à *${masterclass}* est bien enregistrée. Merci de votre confiance\u00a0!`,
        'Nous vous écrirons dès que votre place sera validée.', at('Votre espace', '')]
      : [`Your registration for *${masterclass}* has been recorded. Thank you for your trust!`,
        'We will write to you as soon as your place is confirmed.', at('', 'Your space')],
    pre_test_result: () => french
      ? [`Votre test d’entrée pour *${masterclass}* est enregistré. Votre résultat\u00a0: ${score}.`,
        'C’est votre point de départ\u00a0: un second test, après la masterclass, mesurera vos progrès.', at('Votre espace', '')]
      : [`Your entry test for *${masterclass}* has been recorded. Your result: ${score}.`,
        'This is where you start from: a second test, after the masterclass, will measure your progress.', at('', 'Your space')],
    post_test_result: () => french
      ? [`Votre test final pour *${masterclass}* est enregistré. Votre résultat\u00a0: ${score}.`,
        percent >= 1 && `Bravo\u00a0! Vous avez acquis *${gain}* de ce qu’il vous restait à apprendre.`,
        'Merci d’avoir suivi cette masterclass.', at('Vos résultats', '')]
      : [`Your final test for *${masterclass}* has been recorded. Your result: ${score}.`,
        percent >= 1 && `Well done! You have learned *${gain}* of what was left to learn.`,
        'Thank you for taking part in this masterclass.', at('', 'Your results')],
    masterclass_reminder: () => {
      const [date, time, zone] = [day(variables.date, language), hour(variables.time, language), place(variables.time_zone, language)]
      return french
        ? [`Petit rappel\u00a0: *${masterclass}* commence le *${date}* à *${time}* (${zone}).`, at('Pour participer', ''), 'À bientôt\u00a0!']
        : [`A short reminder: *${masterclass}* begins on *${date}* at *${time}* (${zone}).`, at('', 'To take part'), 'See you soon!']
    },
    validation: () => french
      ? [`Bonne nouvelle\u00a0: votre inscription à *${masterclass}* est validée. Votre place est réservée.`, at('Votre espace', '')]
      : [`Good news: your registration for *${masterclass}* is confirmed. Your place is reserved.`, at('', 'Your space')],
    custom: () => [variables.text],
  }[type]()
  const greeting = name ? `${french ? 'Bonjour' : 'Hello'} ${name},` : type === 'custom' ? null : french ? 'Bonjour,' : 'Hello,'
  const says = ['registration_confirmation', 'masterclass_reminder', 'custom'].includes(type) ? `${STOP[language]}\n` : ''
  const end = `${says}${french ? 'Réf.' : 'Ref.'} ${reference(id)}`
  return [greeting, ...body, `— ${neutral(academy)}`, end].filter(Boolean).join('\n\n')
}

const parts: Partial<Record<Language, Intl.DateTimeFormat>> = {}
function day(date: string, language: Language) {
  parts[language] ??= new Intl.DateTimeFormat(language, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' })
  const said = Object.fromEntries(parts[language].formatToParts(new Date(date)).map(({ type, value }) => [type, value]))
  return `${said.weekday} ${said.day}${language === 'fr' && said.day === '1' ? 'er' : ''} ${said.month} ${said.year}`
}

function hour(time: string, language: Language) {
  const [hours, minutes] = time.split(':')
  if (language === 'en') return `${hours}:${minutes}`
  return minutes === '00' ? `${Number(hours)}\u00a0h` : `${Number(hours)}\u00a0h\u00a0${minutes}`
}

function place(zone: string, language: Language) {
  if (zone.endsWith('UTC')) return 'UTC'
  const city = zone.slice(zone.lastIndexOf('/') + 1).replaceAll('_', ' ')
  if (language === 'en') return `${city} time`
  return /^[AEIOU]/.test(city) ? `heure d’${city}` : `heure de ${city}`
}

/** The first 40 bits of the id in Crockford's base 32, by which a message is found again. */
function reference(id: string) {
  const bits = BigInt(`0x${id.replaceAll('-', '').slice(0, 10)}`)
  let text = ''
  for (let place = 7n; place >= 0n; place--) {
    text += '0123456789ABCDEFGHJKMNPQRSTVWXYZ'[Number((bits >> (5n * place)) & 31n)]
    if (place === 4n) text += '-'
  }
  return text
}
