// A Worker that makes one call, as it is told, and tells what came back.

import { call } from "../../crates/http-call/src/call.js";

export default {
  async fetch(request) {
    const { method, address, headers, body, milliseconds, longest } = await request.json();
    try {
      const answer = await call(method, address, JSON.stringify(headers ?? {}), body, milliseconds ?? 5000, longest ?? Infinity);
      return Response.json({ ...answer, body: answer.body && new TextDecoder().decode(answer.body) });
    } catch ({ name }) {
      return Response.json({ name });
    }
  },
};
