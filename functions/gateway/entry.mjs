// What wrangler starts. The PDF module is imported here because only wrangler turns a `.wasm`
// import into a compiled module; every document gets an instance of its own, with memory of its
// own, that is thrown away after it.
import { PdfInstance } from "../../crates/pdf-text/module/instance.mjs";
import pdfText from "../../build/pdf_text.wasm";

globalThis.griotOpenPdf = () => new PdfInstance(pdfText);

export * from "../../build/index.js";
export { default } from "../../build/index.js";
