// workerd itself, on a port of its own, with nothing in front of it.

import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { createInterface } from 'node:readline'

/** The date that holds for Griot's own Worker. */
const compatibilityDate = (root) =>
  readFileSync(join(root, 'wrangler.toml'), 'utf8').match(/^compatibility_date = "(.*)"$/m)[1]

/**
 * Writes the configuration of a Worker made of these modules, `[name, kind, file]`, the first of which is
 * where it begins, with these variables. Returns a function that starts a process of it.
 */
export function worker({ root, workerd }, name, modules, variables = {}) {
  const folder = join(root, '.griot/bench')
  mkdirSync(folder, { recursive: true })
  const parts = modules.map(
    ([module, kind, file]) =>
      `(name = ${JSON.stringify(module)}, ${kind} = embed ${JSON.stringify(relative(folder, file))})`,
  )
  const bindings = Object.entries(variables)
    .map(([variable, text]) => `(name = ${JSON.stringify(variable)}, text = ${JSON.stringify(text)})`)
  const config = join(folder, `${name}.capnp`)
  writeFileSync(
    config,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker),
    (name = "internet", network = (allow = ["public", "private"], tlsOptions = (trustBrowserCas = true)))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]);
const worker :Workerd.Worker = (modules = [${parts.join(', ')}], bindings = [${bindings.join(', ')}],
  compatibilityDate = "${compatibilityDate(root)}");
`,
  )
  return () => start(workerd, config)
}

/**
 * The same configuration in the form that workerd need not parse: reading two modules out of one that is text takes
 * it as long as to compile them, which no Worker that is deployed has to do.
 */
export function compiled(workerd, config) {
  const binary = config.replace(/capnp$/, 'bin')
  writeFileSync(binary, execFileSync(workerd, ['compile', '--config-only', config], { maxBuffer: 1 << 26 }))
  return binary
}

/**
 * Starts a process of the program with a configuration, as text or compiled, whose socket is `http` on port 0; it
 * listens when this returns. `stop` waits until it has ended.
 */
export async function start(command, config) {
  const form = config.endsWith('.bin') ? ['--binary'] : []
  const child = spawn(command, ['serve', ...form, config, '--experimental', '--control-fd=3'], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  })
  // What is started here does not outlive the bench.
  const end = () => child.kill('SIGKILL')
  process.once('exit', end)
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const listening = (async () => {
    // It says on this pipe which port each socket got.
    for await (const line of createInterface({ input: child.stdio[3] })) {
      const event = JSON.parse(line)
      if (event.event === 'listen' && event.socket === 'http') return event.port
    }
    throw new Error(`workerd does not start with ${config}`)
  })()
  const port = await listening
  return {
    url: `http://127.0.0.1:${port}`,
    stop: () => {
      process.removeListener('exit', end)
      end()
      return ended
    },
  }
}
