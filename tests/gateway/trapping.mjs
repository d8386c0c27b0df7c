// The Worker, but for requests to `/trap`: there more memory is asked for than there is, and WebAssembly traps.

import "./entry.mjs";

const head = globalThis.griotRequestHead;
globalThis.griotRequestHead = (request) =>
  request.url.endsWith("/trap") ? { length: 2 ** 32 - 16 } : head(request);

export { default } from "./entry.mjs";
