// Reads PDFs with the compiled module and prints, for each, one JSON line: what came out of it,
// seconds and peak memory. `node crates/document-module/measure.mjs [--module FILE] FILE...`
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { PdfInstance } from "./instance.mjs";

const files = process.argv.slice(2);
let path = fileURLToPath(new URL("../../build/document.wasm", import.meta.url));
if (files[0] === "--module") [, path] = files.splice(0, 2);

const wasm = readFileSync(path);
const module = new WebAssembly.Module(wasm);
console.log(JSON.stringify({ module: path, bytes: wasm.length, gzipped: gzipSync(wasm).length }));

/** Pieces as a network delivers them. */
const PIECE = 64 * 1024;

for (const file of files) {
  const bytes = readFileSync(file);
  const started = performance.now();
  const instance = new PdfInstance(module);
  for (let at = 0; at < bytes.length; at += PIECE) instance.write(bytes.subarray(at, at + PIECE));
  const answer = JSON.parse(instance.finish());
  const seconds = (performance.now() - started) / 1000;
  const text = answer.ok?.pages.map((page) => page.text).join("\n") ?? "";
  console.log(
    JSON.stringify({
      file: file.split("/").pop(),
      result: answer.error?.code ?? "ok",
      pages: answer.ok?.pages.length ?? 0,
      words: text.split(/\s+/).filter(Boolean).length,
      warnings: answer.ok?.warnings ?? [],
      message: answer.error?.message,
      seconds: Number(seconds.toFixed(3)),
      memory_mb: Number((instance.memoryBytes() / 1e6).toFixed(1)),
    }),
  );
}
