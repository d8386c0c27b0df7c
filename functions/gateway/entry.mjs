// What wrangler starts. The document module is imported here because only wrangler turns a `.wasm`
// import into a compiled module; every document, and every call of the question engine, gets an
// instance of its own, with memory of its own, that is thrown away after it.
import { callMcq, PdfInstance } from "../../crates/document-module/instance.mjs";
import documents from "../../build/document.wasm";
import Griot from "../../build/index.js";

globalThis.griotOpenPdf = () => new PdfInstance(documents);
globalThis.griotCallMcq = (call) => callMcq(documents, call);

// Futures go on in microtasks; V8's own cost less than those of the platform's function. Errors are
// reported as there: that is how the module around wasm learns of a panic.
globalThis.queueMicrotask = (task) => {
  Promise.resolve().then(() => {
    try {
      task();
    } catch (error) {
      reportError(error);
    }
  });
};

// What crosses over to wasm and back crosses over in one piece (src/exchange.rs).
let readHeaders = [];
globalThis.griotReadHeaders = (names) => {
  readHeaders = names.split(" ");
};
globalThis.griotRequestHead = ({ method, url, headers }) => {
  let lines = `${method}\n${url}`;
  for (const name of readHeaders) {
    const value = headers.get(name);
    if (value !== null) lines += `\n${name}:${value}`;
  }
  return lines;
};
const headersOf = (lines) => {
  // An object costs half of what a list of pairs does.
  const headers = {};
  for (const line of lines.split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) headers[line.slice(0, colon)] = line.slice(colon + 1);
  }
  return headers;
};
globalThis.griotResponse = (status, lines, body) =>
  // The bytes are those of wasm's memory, which goes on.
  new Response(body.length > 0 ? body.slice() : null, { status, headers: headersOf(lines) });
globalThis.griotPassOn = (status, lines, stream) => new Response(stream, { status, headers: headersOf(lines) });

// worker-build gives a class. The platform would make an object of it for every request, and it stands behind
// two proxies; its methods alone do as well: after a trap it is wasm-bindgen that makes a new instance.
const { fetch, scheduled } = Griot.prototype;

export default {
  // The platform waits for what was begun, also when the caller hangs up.
  fetch(request, env, ctx) {
    const answer = fetch.call({ env, ctx }, request);
    ctx.waitUntil(answer);
    return answer;
  },
  scheduled: (event, env, ctx) => scheduled.call({ env, ctx }, event),
};
