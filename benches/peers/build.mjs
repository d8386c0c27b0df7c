// Bundles the peer as wrangler would: `node benches/peers/build.mjs OUT.js`.

import { build } from 'esbuild'
import { fileURLToPath } from 'node:url'

await build({
  entryPoints: [fileURLToPath(new URL('index.ts', import.meta.url))],
  outfile: process.argv[2] ?? '.griot/bench/twin.js',
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2024',
  platform: 'neutral',
  conditions: ['workerd', 'worker', 'browser'],
  mainFields: ['browser', 'module', 'main'],
  legalComments: 'none',
})
