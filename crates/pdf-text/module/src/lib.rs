//! pdf-text as a wasm module of its own, one instance per document.
