//! `pdf-text` and `mcq` as a WebAssembly module of its own.
//!
//! One instance reads one document, or answers one call of `mcq`, and is thrown away with
//! everything it held. The boundary is a few functions over numbers, so that the module needs no
//! generated glue; `instance.mjs` is the other side. A panic, a stack that is too deep or a memory that is full traps: the instance is
//! then dead, and nothing else is.

mod document;

use document::Document;
use pdf_text::{Budget, Error, Pages, Pdf};
use serde::Serialize;
use std::cell::RefCell;

#[derive(Default)]
struct Instance {
    document: Document,
    /// A budget or a call, JSON.
    input: Vec<u8>,
    pages: Option<Pages<'static>>,
    /// JSON.
    answer: Vec<u8>,
}

thread_local! {
    static INSTANCE: RefCell<Instance> = RefCell::default();
}

/// What goes to the other side.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Answer<T> {
    Ok(T),
    Error(Error),
}

/// The answer to [`open`].
#[derive(Serialize)]
struct Opened {
    page_count: u32,
}

/// Room for the next `count` bytes of the document; null when there is no memory for them.
#[unsafe(no_mangle)]
pub extern "C" fn reserve_document(count: usize) -> *mut u8 {
    INSTANCE.with_borrow_mut(|instance| instance.document.reserve(count))
}

/// Room for the next `count` bytes of JSON: a budget for [`open`] or a call for [`call_mcq`]; null
/// when there is no memory for them.
#[unsafe(no_mangle)]
pub extern "C" fn reserve_input(count: usize) -> *mut u8 {
    INSTANCE.with_borrow_mut(|instance| reserve(&mut instance.input, count))
}

/// Opens the document that was written, within the [`Budget`] that was written; without one, the
/// default is used. Answers `{"ok": {"page_count"}}` or an error.
#[unsafe(no_mangle)]
pub extern "C" fn open() {
    INSTANCE.with_borrow_mut(|instance| {
        let document = instance.document.bytes();
        let opened = budget(&instance.input).and_then(|budget| Pdf::open(document, &budget));
        let opened = opened.map(|pdf| {
            let page_count = pdf.page_count();
            // It lives as long as the instance.
            instance.pages = Some(Box::leak(Box::new(pdf)).pages());
            Opened { page_count }
        });
        instance.answer = json(opened);
    });
}

/// Reads one page, counted from 1. Answers `{"ok": PageRead}` or an error.
#[unsafe(no_mangle)]
pub extern "C" fn read_page(number: u32) {
    INSTANCE.with_borrow_mut(|instance| {
        let read = match &mut instance.pages {
            Some(pages) => pages.read(number),
            None => Err(Error::Damaged("it was not opened".to_owned())),
        };
        instance.answer = json(read);
    });
}

/// Answers the [`mcq::Call`] that was written; what is none has an empty answer.
#[unsafe(no_mangle)]
pub extern "C" fn call_mcq() {
    INSTANCE.with_borrow_mut(|instance| {
        let call = std::mem::take(&mut instance.input);
        instance.answer = mcq::answer(&call).unwrap_or_default();
    });
}

/// Where the answer of the last call begins, UTF-8.
#[unsafe(no_mangle)]
pub extern "C" fn answer_start() -> *const u8 {
    INSTANCE.with_borrow(|instance| instance.answer.as_ptr())
}

/// How many bytes the answer of the last call has.
#[unsafe(no_mangle)]
pub extern "C" fn answer_length() -> usize {
    INSTANCE.with_borrow(|instance| instance.answer.len())
}

/// Lengthens `buffer` by `count` zeros and gives the place of the first.
fn reserve(buffer: &mut Vec<u8>, count: usize) -> *mut u8 {
    let start = buffer.len();
    if buffer.try_reserve(count).is_err() {
        return std::ptr::null_mut();
    }
    buffer.resize(start + count, 0);
    buffer.get_mut(start..).map_or(std::ptr::null_mut(), <[u8]>::as_mut_ptr)
}

fn budget(json: &[u8]) -> Result<Budget, Error> {
    if json.is_empty() {
        return Ok(Budget::default());
    }
    serde_json::from_slice(json)
        .map_err(|error| Error::TooComplex(format!("the budget is not understood: {error}")))
}

fn json<T: Serialize>(result: Result<T, Error>) -> Vec<u8> {
    let answer = match result {
        Ok(value) => Answer::Ok(value),
        Err(error) => Answer::Error(error),
    };
    // Strings and numbers always have a JSON form.
    serde_json::to_vec(&answer).unwrap_or_default()
}
