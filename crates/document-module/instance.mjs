// Instances of the document module (`document.wasm`): one for each document, one for each call of
// the question engine.
//
// An instance has memory of its own with a maximum of its own. Whatever a hostile document does
// to it ends in a trap here and nowhere else, and the instance is thrown away afterwards.

/** Traps after which a document is given up; each costs one page. */
const MOST_TRAPS = 3;

/**
 * Bytes that a dead instance, the document and a new instance may take together for another try.
 * A Worker has 128 MB, and when the dead instance is freed is not ours to say.
 */
const MEMORY_FOR_ANOTHER_TRY = 96 * 1024 * 1024;

export class PdfInstance {
  #module;
  #exports;
  #length = 0;
  #start = 0;
  #full = false;
  #peak = 0;

  /** @param {WebAssembly.Module} module `document.wasm`, compiled */
  constructor(module) {
    this.#module = module;
    this.#instantiate();
  }

  /**
   * Takes the next bytes of the document, straight into the memory of the instance.
   * @param {Uint8Array} piece
   */
  write(piece) {
    if (this.#full || piece.length === 0) return;
    try {
      const at = this.#exports.reserve_document(piece.length) >>> 0;
      if (at === 0) {
        this.#full = true;
        return;
      }
      new Uint8Array(this.#exports.memory.buffer, at, piece.length).set(piece);
      if (this.#length === 0) this.#start = at;
      this.#length += piece.length;
    } catch {
      this.#full = true;
    }
  }

  /**
   * Reads the document and gives `{"ok": Document}` or `{"error": {"code", "message"}}`.
   * @param {string} [budget] JSON with fields of `Budget`; what is missing has its default
   * @returns {string}
   */
  finish(budget = "") {
    if (this.#full) return failure("pdf_too_large", "the document does not fit into the memory");
    const opened = this.#open(budget);
    if (opened.error) return JSON.stringify(opened);
    const pageCount = opened.ok.page_count;
    const pages = [];
    const warnings = [];
    const giveUp = (page, message) =>
      warnings.push({ code: "document_too_complex", page, message });
    let traps = 0;
    let hasText = false;
    for (let number = 1; number <= pageCount; number += 1) {
      const read = this.#call(() => this.#exports.read_page(number));
      if (read.error) {
        // The page trapped. Its text is lost; those before it are safe here.
        traps += 1;
        warnings.push({ code: "page_too_complex", page: number, message: read.error.message });
        if (number === pageCount) break;
        if (traps >= MOST_TRAPS) {
          giveUp(number + 1, `given up after ${traps} traps`);
          break;
        }
        const again = this.#startAgain(budget);
        if (again.error) {
          giveUp(number + 1, again.error.message);
          break;
        }
        continue;
      }
      pages.push(read.ok.page);
      hasText ||= read.ok.page.text !== "";
      warnings.push(...read.ok.warnings);
      if (read.ok.last) break;
    }
    this.#exports = undefined;
    if (hasText) return JSON.stringify({ ok: { page_count: pageCount, pages, warnings } });
    const complex = warnings.find((warning) => warning.code.endsWith("_too_complex"));
    return complex
      ? failure("pdf_too_complex", `the PDF is too complex to be read: ${complex.message}`)
      : failure("pdf_has_no_text", "the PDF holds no text; it may be a scan");
  }

  /** The most memory that one instance took for this document, in bytes. */
  memoryBytes() {
    this.#note();
    return this.#peak;
  }

  #instantiate() {
    this.#exports = new WebAssembly.Instance(this.#module).exports;
  }

  /** Opens the document that is in the instance. */
  #open(budget) {
    return this.#call(() => {
      const bytes = new TextEncoder().encode(budget);
      if (bytes.length > 0) {
        const at = this.#exports.reserve_input(bytes.length) >>> 0;
        new Uint8Array(this.#exports.memory.buffer, at, bytes.length).set(bytes);
      }
      this.#exports.open();
    });
  }

  /** Opens the document in a new instance, if the memory of both allows it. */
  #startAgain(budget) {
    const memory = this.#exports.memory.buffer;
    if (memory.byteLength + 2 * this.#length > MEMORY_FOR_ANOTHER_TRY) {
      return { error: { code: "pdf_too_complex", message: "no memory for another try" } };
    }
    // The memory outlives the trap, and the document in it is never written to.
    const document = new Uint8Array(memory, this.#start, this.#length);
    try {
      this.#instantiate();
      this.#length = 0;
      this.write(document);
    } catch (trap) {
      return { error: { code: "pdf_too_complex", message: String(trap) } };
    }
    return this.#open(budget);
  }

  /** Runs a call that leaves an answer; a trap becomes an error. */
  #call(run) {
    try {
      run();
      return JSON.parse(new TextDecoder().decode(answer(this.#exports)));
    } catch (trap) {
      return { error: { code: "pdf_too_complex", message: `the reader was stopped: ${trap}` } };
    } finally {
      this.#note();
    }
  }

  #note() {
    // Memory only grows, so its size now is its peak so far.
    const size = this.#exports?.memory.buffer.byteLength ?? 0;
    this.#peak = Math.max(this.#peak, size);
  }
}

/**
 * Answers one `mcq::Call` in an instance of its own. Throws where it needs more memory than an
 * instance has.
 * @param {WebAssembly.Module} module `document.wasm`, compiled
 * @param {Uint8Array} call JSON
 * @returns {Uint8Array} JSON
 */
export function callMcq(module, call) {
  const { exports } = new WebAssembly.Instance(module);
  const at = exports.reserve_input(call.length) >>> 0;
  if (at === 0) throw new Error("the call does not fit into the memory");
  new Uint8Array(exports.memory.buffer, at, call.length).set(call);
  exports.call_mcq();
  const answered = answer(exports);
  if (answered.length === 0) throw new Error("the call is not understood");
  return answered;
}

/** What the last call into an instance left, where it lies. */
function answer({ memory, answer_start, answer_length }) {
  return new Uint8Array(memory.buffer, answer_start() >>> 0, answer_length());
}

function failure(code, message) {
  return JSON.stringify({ error: { code, message } });
}
