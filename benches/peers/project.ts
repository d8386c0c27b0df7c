// The Supabase project. One client for the isolate: making one for each request, with its parts for
// Auth, Realtime and Storage, costs more than the call.

import { createClient, type SupabaseClient } from '@supabase/supabase-js'
import type { Caller, Env } from './env'
import { Problem } from './problem'

const options = { auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false } }
const ANSWER_LIMIT_MS = 15_000
let forCallers: SupabaseClient | undefined
let forNobody: SupabaseClient | undefined

/** Calls a SQL function as the caller: row-level security decides. */
export async function rpc<T>(env: Env, { token, language }: Caller, name: string, args: object): Promise<T> {
  forCallers ??= createClient(env.SUPABASE_URL, env.SUPABASE_PUBLISHABLE_KEY, { ...options, accessToken: async () => null })
  const { data, error, status } = await forCallers.rpc(name, args)
    .setHeader('authorization', `Bearer ${token}`)
    .setHeader('accept-language', language)
    // For this the project sends long JSON as it stands (docs/API.md).
    .setHeader('accept', 'application/json')
    .abortSignal(AbortSignal.timeout(ANSWER_LIMIT_MS))
  if (error) throw refused(status, error)
  return data
}

/** Calls a SQL function where no user is present. */
export async function rpcOfService<T>(env: Env, name: string, args: object): Promise<T> {
  forNobody ??= createClient(env.SUPABASE_URL, env.SUPABASE_SECRET_KEY, options)
  const { data, error, status } = await forNobody.rpc(name, args).abortSignal(AbortSignal.timeout(ANSWER_LIMIT_MS))
  if (error) throw refused(status, error)
  return data
}

function refused(status: number, error: { code: string; message: string; hint: string | null }) {
  // The SQL functions refuse with a code and a sentence of their own; codes of PostgreSQL and
  // PostgREST are never lower case.
  if (status >= 400 && status < 500 && /^[a-z]/.test(error.code)) {
    return new Problem(status, error.code, error.message, error.message, { hint: error.hint })
  }
  const cause = `${error.code}: ${error.message}`
  return status >= 400 && status < 500 ? new Problem(500, 'internal_error', '', '', { cause }) : Problem.unavailable(cause)
}
