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
  // With one a call costs a tenth more. Who is not trusted, and may be late often, must not hold a connection for it.
  const controller = longest === Infinity ? undefined : new AbortController();
  // Not `AbortSignal.timeout`: nobody clears its timer, and an invocation may have ten thousand.
  const late = Promise.withResolvers();
  const timer = setTimeout(() => {
    const reason = new DOMException("no answer in time", "TimeoutError");
    late.reject(reason);
    controller?.abort(reason);
  }, milliseconds);
  try {
    const asked = fetch(address, { method, headers: JSON.parse(headers), body, signal: controller?.signal });
    const answer = await Promise.race([asked, late.promise]);
    const { status } = answer;
    if (!answer.ok) {
      return {
        status,
        retryAfter: answer.headers.get("retry-after") ?? undefined,
        rateLimitReset: answer.headers.get("ratelimit-reset") ?? undefined,
        body: await Promise.race([read(answer, longest), late.promise]).catch(() => undefined),
      };
    }
    if (passOn) return { status, link: answer.headers.get("link") ?? undefined, unread: answer.body };
    return { status, body: await Promise.race([read(answer, longest), late.promise]).catch(() => undefined) };
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
