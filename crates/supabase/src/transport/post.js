// web.rs in JavaScript, as far as it can be. Each promise that wasm waits for costs it closures, which the garbage
// collector has to know, and one more waking up: this is one promise instead of two, and one call instead of eight.
// A call that nobody waits for any more goes on until the platform ends the request it was made for, or the limit.

/**
 * Posts `body`. `headers` is a JSON object of them. Rejects with a `TypeError` when there is no answer, and with a
 * `TimeoutError` when it is not whole after so many milliseconds.
 */
export async function post(address, headers, body, limit) {
  const answer = await fetch(address, {
    method: "POST", headers: JSON.parse(headers), body, signal: AbortSignal.timeout(limit),
  });
  return { status: answer.status, body: new Uint8Array(await answer.arrayBuffer()) };
}
