// CPU time, from the system's books (proc(5)).

import { readdirSync, readFileSync } from 'node:fs'

/** Milliseconds of CPU that all threads of a process have used. */
export function used(pid) {
  return readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => {
    const [nanoseconds] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')
    return sum + Number(nanoseconds) / 1e6
  }, 0)
}

/** Milliseconds of CPU that the whole machine has used; it counts in hundredths of a second. */
export function usedByAll() {
  const [user, nice, system, , , irq, softirq] = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0].split(/ +/).slice(1).map(Number)
  return (user + nice + system + irq + softirq) * 10
}
