// A Worker that makes calls one after the other, as it is told, and tells what came back of the last.

import { call } from "../../crates/http-call/src/call.js";

export default {
  async fetch(request) {
    let last;
    for (const { method, address, headers, body, milliseconds, longest, passOn, times = 1 } of await request.json()) {
      try {
        for (let nth = 0; nth < times; nth++) {
          last = await call(method, address, JSON.stringify(headers ?? {}), body, milliseconds ?? 20_000, longest ?? Infinity, passOn ?? false);
        }
      } catch ({ name }) {
        last = { name };
      }
    }
    // What was not read here is passed on.
    const { unread, ...rest } = last;
    if (rest.body) rest.body = new TextDecoder().decode(rest.body);
    return new Response(unread, { headers: { "x-answer": encodeURIComponent(JSON.stringify(rest)) } });
  },
};
