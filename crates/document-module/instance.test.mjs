// The compiled module behind `PdfInstance` and `callMcq`: `node --test crates/document-module/`,
// after `cargo xtask build`; another file with DOCUMENT_WASM.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import { callMcq, PdfInstance } from "./instance.mjs";

const path = process.env.DOCUMENT_WASM ?? new URL("../../build/document.wasm", import.meta.url);
const module = new WebAssembly.Module(readFileSync(path));

/** A PDF of these objects; the first is the catalog. Without a cross-reference table, which readers rebuild. */
function pdf(...objects) {
  const pieces = objects.map((object, i) => [`${i + 1} 0 obj\n`, object, "\nendobj\n"]).flat();
  const all = ["%PDF-1.7\n", ...pieces, "trailer << /Root 1 0 R >>\n%%EOF\n"];
  return Buffer.concat(all.map((piece) => Buffer.from(piece)));
}

/** A PDF with one page per content. */
function pages(...contents) {
  const kids = contents.map((_, i) => `${4 + 2 * i} 0 R`).join(" ");
  const objects = contents.flatMap((content, i) => [
    `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents ${5 + 2 * i} 0 R /Resources << /Font << /F 3 0 R >> >> >>`,
    content,
  ]);
  return pdf(
    "<< /Type /Catalog /Pages 2 0 R >>",
    `<< /Type /Pages /Count ${contents.length} /Kids [${kids}] >>`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ...objects,
  );
}

function stream(data, entries = "") {
  return Buffer.concat([
    Buffer.from(`<< /Length ${data.length} ${entries} >>\nstream\n`),
    Buffer.from(data),
    Buffer.from("\nendstream"),
  ]);
}

const say = (word) => stream(`BT /F 12 Tf 50 700 Td (${word}) Tj ET`);

function read(bytes, { budget, piece = 1000, using = module } = {}) {
  const instance = new PdfInstance(using);
  for (let at = 0; at < bytes.length; at += piece) instance.write(bytes.subarray(at, at + piece));
  return { ...JSON.parse(instance.finish(budget)), memory: instance.memoryBytes() };
}

test("a document written in pieces is read page by page", () => {
  const { ok, memory } = read(pages(say("un"), say("deux")), { piece: 7 });
  assert.deepEqual(ok, {
    page_count: 2,
    pages: [
      { number: 1, text: "un" },
      { number: 2, text: "deux" },
    ],
    warnings: [],
  });
  assert.ok(memory > 0 && memory < 10e6, `${memory} bytes`);
});

test("what is no document has its code", () => {
  assert.equal(read(Buffer.from("")).error.code, "pdf_empty");
  assert.equal(read(Buffer.from("<html>")).error.code, "not_a_pdf");
  assert.equal(read(pages(stream("0 0 9 9 re f"))).error.code, "pdf_has_no_text");
});

test("the budget is the caller's", () => {
  const document = pages(say("un"), say("deux"));
  const { error } = read(document, { budget: '{"pages": 1}' });
  assert.equal(error.code, "pdf_too_many_pages");
  assert.equal(read(document, { budget: "nonsense" }).error.code, "pdf_too_complex");
});

test("a document larger than the memory is refused, not trapped", () => {
  const instance = new PdfInstance(module);
  const piece = new Uint8Array(8 << 20);
  for (let i = 0; i < 20; i += 1) instance.write(piece);
  assert.equal(JSON.parse(instance.finish()).error.code, "pdf_too_large");
  assert.ok(instance.memoryBytes() <= 96 << 20);
});

test("a document of 50 MB leaves the memory it needs to be read", () => {
  const document = Buffer.concat([pages(say("grand")), Buffer.alloc(49e6, " ")]);
  const { ok, memory } = read(document, { piece: 1 << 16 });
  assert.equal(ok.pages[0].text, "grand");
  assert.ok(memory < 62e6, `${memory} bytes`);
});

test("a bomb in an object stream traps inside and gives its code", () => {
  // Objects may lie in a compressed stream, which is decompressed before anything is known of it.
  const bomb = deflateSync(Buffer.alloc(300 << 20, " "));
  const document = pdf(
    "<< /Type /Catalog /Pages 9 0 R >>",
    stream(bomb, "/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode"),
  );
  const started = performance.now();
  const { error, memory } = read(document, { piece: 1 << 16 });
  assert.ok(["pdf_too_complex", "pdf_damaged"].includes(error.code), error.code);
  assert.ok(memory <= 96 << 20, `${memory} bytes`);
  assert.ok(performance.now() - started < 3000);
});

test("content that decompresses to too much costs its page only", () => {
  const bomb = stream(deflateSync(Buffer.alloc(64 << 20, " ")), "/Filter /FlateDecode");
  const { ok } = read(pages(say("avant"), bomb, say("apres")));
  assert.deepEqual(
    ok.pages.map((page) => page.text),
    ["avant", "", "apres"],
  );
  assert.equal(ok.warnings[0].code, "page_too_complex");
});

/** An instance whose `read_page` traps on these pages. */
function trapping(...traps) {
  const { Instance } = WebAssembly;
  let instances = 0;
  WebAssembly.Instance = function (compiled) {
    instances += 1;
    const { exports } = new Instance(compiled);
    return {
      exports: {
        ...exports,
        read_page(number) {
          if (traps.includes(number)) throw new WebAssembly.RuntimeError("unreachable");
          exports.read_page(number);
        },
      },
    };
  };
  return { instances: () => instances, restore: () => (WebAssembly.Instance = Instance) };
}

test("a page that traps is left out, and a new instance goes on behind it", () => {
  const trap = trapping(2);
  try {
    const { ok } = read(pages(say("un"), say("deux"), say("trois")));
    assert.deepEqual(
      ok.pages.map((page) => page.number),
      [1, 3],
    );
    assert.equal(ok.page_count, 3);
    assert.deepEqual(
      ok.warnings.map((warning) => [warning.code, warning.page]),
      [["page_too_complex", 2]],
    );
    assert.equal(trap.instances(), 2);
  } finally {
    trap.restore();
  }
});

test("after three traps the document is given up, and what was read is kept", () => {
  const trap = trapping(2, 3, 4);
  try {
    const { ok } = read(pages(say("un"), say("deux"), say("trois"), say("quatre"), say("cinq")));
    assert.deepEqual(
      ok.pages.map((page) => page.text),
      ["un"],
    );
    assert.equal(ok.warnings.at(-1).code, "document_too_complex");
    assert.equal(trap.instances(), 3);
  } finally {
    trap.restore();
  }
});

test("a document whose every page traps is too complex", () => {
  const trap = trapping(1, 2);
  try {
    assert.equal(read(pages(say("un"), say("deux"))).error.code, "pdf_too_complex");
  } finally {
    trap.restore();
  }
});

const text = readFileSync(new URL("../mcq/tests/fixtures/sang.txt", import.meta.url), "utf8");

/** Calls the engine as the Worker does. */
function call(value, using = module) {
  const answered = callMcq(using, new TextEncoder().encode(JSON.stringify(value)));
  return JSON.parse(new TextDecoder().decode(answered));
}

test("the question engine answers calls, each in an instance of its own", () => {
  const pages = [{ number: 1, text }];
  assert.equal(call({ detect_language: { pages } }), "fr");
  const options = { count: 1, language: "fr", seed: 1, avoid: [] };
  const made = call({ generate: { pages, options } });
  assert.deepEqual(call({ generate: { pages, options } }), made);
  const [question] = made.questions;
  const words = (from) => from.replace(/\P{L}/gu, "");
  assert.ok(words(text).includes(words(question.evidence.quote)));
  assert.deepEqual(call({ find_flaws: { question, language: "fr" } }), question.flaws);
  const negative = { ...question, question_text: "Lequel n'est pas une réaction ?" };
  assert.ok(call({ find_flaws: { question: negative, language: "fr" } }).includes("negative_stem"));
});

test("what is no call, and what needs too much memory, throws; the next call is answered", () => {
  assert.throws(() => call({ unknown: {} }), /not understood/);
  assert.throws(() => callMcq(module, new Uint8Array(200 << 20)), /does not fit/);
  const pages = [{ number: 1, text: text.repeat(Math.ceil(60e6 / text.length)) }];
  assert.throws(() => call({ detect_language: { pages } }), WebAssembly.RuntimeError);
  assert.equal(call({ detect_language: { pages: [{ number: 1, text }] } }), "fr");
});
