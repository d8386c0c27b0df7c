// What a row of measurements comes down to.

/** The middle value; of an even number, the mean of the two in the middle. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}

/** The value that `percent` of all values do not exceed (nearest rank). */
export function percentile(values, percent) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(Math.ceil((percent / 100) * sorted.length), 1) - 1]
}

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length

/** The least and the greatest value. */
export const spread = (values) => [Math.min(...values), Math.max(...values)]

/**
 * Where the median of what the values are taken from lies, in 95 of 100 cases (Conover, Practical Nonparametric Statistics,
 * section 3.2: between two of them, by the binomial distribution). Of fewer than six: their spread.
 */
export function interval(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const n = sorted.length
  let [below, chance, outside] = [0, 0.5 ** n, 0]
  // `outside`: the chance that no more than `below` of n values are less than the median.
  for (; outside + chance <= 0.025; below += 1) {
    outside += chance
    chance *= (n - below) / (below + 1)
  }
  const first = Math.max(below - 1, 0)
  return [sorted[first], sorted[n - 1 - first]]
}

/** A value for print: no more digits than it deserves. */
export const round = (value, digits = 3) => Number(value.toPrecision(digits))

/** One line of `figures`: the median of the rounds with their spread. */
export function figure(name, values, unit) {
  const [min, max] = spread(values)
  return { name, value: round(median(values), 4), min: round(min, 4), max: round(max, 4), unit }
}

/** Griot beside its peer, from the quotients of the rounds; above 1 Griot is ahead. */
export function comparison(ratios) {
  return { ratio: round(median(ratios)), spread: spread(ratios).map((ratio) => round(ratio)) }
}
