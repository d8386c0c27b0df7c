// What `cargo xtask bench` hands to a script, and what of npm is measured.

import { createRequire } from 'node:module'

export const given = JSON.parse(process.env.GRIOT_BENCH)

const require = createRequire(import.meta.url)
const manifest = require('../../package.json')

/** The pinned versions of these packages. */
export const versions = (...names) => Object.fromEntries(names.map((name) => [name, manifest.devDependencies[name]]))

/** What the peer is written with. */
export const peer = versions('hono', '@supabase/supabase-js', 'jose', 'zod')

/** How many processes of each Worker there are, for the notes of a bench that measures all of them. */
export const byTurns = () => `Of each Worker ${given.processes.griot.length} processes take the rounds by turns.`

/** Prints the result of the bench, all that goes to the standard output. */
export const print = (result) => console.log(JSON.stringify(result))
