// What wrangler starts. The document module is imported here because only wrangler turns a `.wasm`
// import into a compiled module; every document, and every call of the question engine, gets an
// instance of its own, with memory of its own, that is thrown away after it.
import { callMcq, PdfInstance } from "../../crates/document-module/instance.mjs";
import documents from "../../build/document.wasm";

globalThis.griotOpenPdf = () => new PdfInstance(documents);
globalThis.griotCallMcq = (call) => callMcq(documents, call);

export * from "../../build/index.js";
export { default } from "../../build/index.js";
