/** What the deployment says; the names are Griot's. */
export interface Env {
  SUPABASE_URL: string
  SUPABASE_PUBLISHABLE_KEY: string
  SUPABASE_SECRET_KEY: string
  WHAPI_BASE_URL: string
  WHAPI_TOKEN: string
  ACADEMY_NAME?: string
  ALLOWED_ORIGINS?: string
  REQUESTS_PER_MINUTE?: { limit(use: { key: string }): Promise<{ success: boolean }> }
}

export interface Caller {
  id: string
  token: string
  language: Language
}

export type Language = 'fr' | 'en'

export interface App {
  Bindings: Env
  Variables: { requestId: string; caller: Caller }
}

/** The one of French and English that `Accept-Language` prefers; French where it says neither. */
export function languageOf(header: string | undefined): Language {
  if (!header) return 'fr'
  const weight = (language: Language) => Math.max(0, ...header.split(',').map((range) => {
    const [tag, ...parameters] = range.split(';').map((part) => part.trim())
    if (tag.split('-')[0].toLowerCase() !== language) return 0
    const q = parameters.find((parameter) => parameter.startsWith('q='))
    return q ? Number(q.slice(2)) || 0 : 1
  }))
  return weight('en') > weight('fr') ? 'en' : 'fr'
}
