// A Worker that makes a call, as it is told, and tells what came back: of the last, where there are several.

import { call } from "../../crates/http-call/src/call.js";

export default {
  async fetch(request) {
    const { method, address, headers, body, milliseconds, longest, times = 1 } = await request.json();
    try {
      const once = () => call(method, address, JSON.stringify(headers ?? {}), body, milliseconds ?? 20_000, longest ?? Infinity);
      for (let before = 1; before < times; before++) await once();
      const answer = await once();
      return Response.json({ ...answer, body: answer.body && new TextDecoder().decode(answer.body) });
    } catch ({ name }) {
      return Response.json({ name });
    }
  },
};
