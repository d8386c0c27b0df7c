//! The Workers runtime, as the functions see it.

use edge::{PdfFailure, PdfReader, Platform, PublicAnswer};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use pdf_text::{Budget, Document};
use send_wrapper::SendWrapper;
use serde::Deserialize;
use std::time::Duration;
use supabase::Download;
use url::Url;
use wasm_bindgen::prelude::*;
use worker::{Date, Delay, Fetch, Method, Request, RequestInit, RequestRedirect, console_log};

#[wasm_bindgen]
extern "C" {
    /// One instance of the document module (`crates/document-module/instance.mjs`).
    type PdfInstance;

    /// Set by `entry.mjs`.
    #[wasm_bindgen(js_name = griotOpenPdf, catch)]
    fn open_pdf() -> Result<PdfInstance, JsValue>;

    /// Answers one `mcq::Call` in an instance of its own; set by `entry.mjs`.
    #[wasm_bindgen(js_name = griotCallMcq, catch)]
    fn call_mcq(call: &[u8]) -> Result<Vec<u8>, JsValue>;

    /// Takes the next bytes of the document.
    #[wasm_bindgen(method, catch)]
    fn write(this: &PdfInstance, piece: &[u8]) -> Result<(), JsValue>;

    /// Gives `{"ok": Document}` or `{"error": {"code", "message"}}`.
    #[wasm_bindgen(method, catch)]
    fn finish(this: &PdfInstance, budget: &str) -> Result<String, JsValue>;
}

/// The Workers runtime.
pub(crate) struct WorkerPlatform;

impl Platform for WorkerPlatform {
    fn now_ms(&self) -> u64 {
        Date::now().as_millis()
    }

    fn log(&self, line: &str) {
        console_log!("{line}");
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(SendWrapper::new(async move {
            Delay::from(duration).await;
        }))
    }

    fn open_pdf(&self) -> Result<Box<dyn PdfReader>, String> {
        let instance = open_pdf().map_err(text)?;
        Ok(Box::new(Reader(SendWrapper::new(instance))))
    }

    fn call_mcq(&self, call: &[u8]) -> Result<Vec<u8>, String> {
        call_mcq(call).map_err(text)
    }

    fn get_public(&self, url: Url) -> BoxFuture<'static, Result<PublicAnswer, String>> {
        Box::pin(SendWrapper::new(async move {
            let mut init = RequestInit::new();
            init.with_method(Method::Get).with_redirect(RequestRedirect::Manual);
            let request = Request::new_with_init(url.as_str(), &init).map_err(|e| e.to_string())?;
            let mut answer = Fetch::Request(request).send().await.map_err(|e| e.to_string())?;
            let header = |name: &str| answer.headers().get(name).ok().flatten();
            let content_length = header("content-length").and_then(|value| value.parse().ok());
            let location = header("location");
            let bytes = answer.stream().map_err(|e| e.to_string())?;
            Ok(PublicAnswer {
                status: answer.status_code(),
                location,
                download: Download {
                    content_length,
                    bytes: Box::pin(SendWrapper::new(
                        bytes.map(|piece| piece.map_err(|e| e.to_string())),
                    )),
                },
            })
        }))
    }
}

struct Reader(SendWrapper<PdfInstance>);

impl PdfReader for Reader {
    fn write(&mut self, piece: &[u8]) -> Result<(), PdfFailure> {
        self.0.write(piece).map_err(trapped)
    }

    fn finish(self: Box<Self>) -> Result<Document, PdfFailure> {
        #[derive(Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum Outcome {
            Ok(Document),
            Error(PdfFailure),
        }
        let unexpected = |cause: serde_json::Error| PdfFailure {
            code: "unexpected_answer".into(),
            message: cause.to_string(),
        };
        let budget = serde_json::to_string(&Budget::default()).map_err(unexpected)?;
        let answer = self.0.finish(&budget).map_err(trapped)?;
        match serde_json::from_str(&answer).map_err(unexpected)? {
            Outcome::Ok(document) => Ok(document),
            Outcome::Error(failure) => Err(failure),
        }
    }
}

/// The instance ended in a trap: it ran out of its memory.
fn trapped(cause: JsValue) -> PdfFailure {
    PdfFailure { code: "pdf_too_complex".into(), message: text(cause) }
}

fn text(value: JsValue) -> String {
    format!("{value:?}")
}
