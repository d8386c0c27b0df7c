// web.rs in JavaScript, as far as it can be. Each promise that wasm waits for costs it closures, which the garbage
// collector has to know, and one more waking up: this is one promise instead of two, and one call instead of eight.
// A call that nobody waits for any more goes on until the platform ends the request it was made for, or its time.

/**
 * Asks for `address`. `headers` is a JSON object of them. Rejects with an `Error` when there is no answer, and with a
 * `TimeoutError` when there is none after so many milliseconds. `body` is left out where it is not whole by then, or
 * longer than `longest` bytes. With `passOn` the body of a success is a stream, `unread`, which takes as long as its
 * reader takes.
 */
export async function call(method, address, headers, body, milliseconds, longest, passOn) {
  // Not `AbortSignal.timeout`: nobody clears its timer, and an invocation may have ten thousand.
  const controller = new AbortController();
  const late = () => controller.abort(new DOMException("no answer in time", "TimeoutError"));
  const timer = setTimeout(late, milliseconds);
  try {
    const answer = await fetch(address, { method, headers: JSON.parse(headers), body, signal: controller.signal });
    if (answer.ok && passOn) {
      return { status: answer.status, link: answer.headers.get("link") ?? undefined, unread: answer.body };
    }
    const wait = answer.ok ? {} : {
      retryAfter: answer.headers.get("retry-after") ?? undefined,
      rateLimitReset: answer.headers.get("ratelimit-reset") ?? undefined,
    };
    return { status: answer.status, ...wait, body: await read(answer, longest).catch(() => undefined) };
  } finally {
    clearTimeout(timer);
  }
}

async function read(answer, longest) {
  // In one piece where that cannot be too much: a stream takes a turn for each of its pieces.
  const { headers } = answer;
  if (longest === Infinity || (Number(headers.get("content-length") ?? Infinity) <= longest && !headers.has("content-encoding"))) {
    return new Uint8Array(await answer.arrayBuffer());
  }
  const pieces = [];
  let length = 0;
  for await (const piece of answer.body ?? []) {
    length += piece.length;
    if (length > longest) return undefined;
    pieces.push(piece);
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}
