//! The Workers runtime, as the functions see it.

use edge::{Limit, PdfFailure, PdfReader, Platform, PublicAnswer};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use pdf_text::{Budget, Document};
use send_wrapper::SendWrapper;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use supabase::Download;
use url::Url;
use wasm_bindgen::prelude::*;
use worker::{
    Delay, Env, Fetch, Method, RateLimiter, Request, RequestInit, RequestRedirect, console_error,
    console_log, js_sys,
};

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
pub(crate) struct WorkerPlatform {
    requests: Option<Arc<RateLimiter>>,
    generations: Option<Arc<RateLimiter>>,
}

impl WorkerPlatform {
    /// With the rate limits that `wrangler.toml` binds.
    pub(crate) fn new(env: &Env) -> Self {
        let limiter = |binding: &str| match env.rate_limiter(binding) {
            Ok(limiter) => Some(Arc::new(limiter)),
            Err(error) => {
                console_error!("{{\"level\":\"error\",\"message\":\"no rate limit: {error}\"}}");
                None
            }
        };
        Self {
            requests: limiter("REQUESTS_PER_MINUTE"),
            generations: limiter("GENERATIONS_PER_MINUTE"),
        }
    }
}

impl Platform for WorkerPlatform {
    fn now_ms(&self) -> u64 {
        // `worker::Date` makes an object first.
        js_sys::Date::now() as u64
    }

    fn log(&self, line: &str) {
        console_log!("{line}");
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(SendWrapper::new(async move {
            Delay::from(duration).await;
        }))
    }

    fn allow(&self, limit: Limit, key: String) -> BoxFuture<'static, bool> {
        let limiter = match limit {
            Limit::Requests => &self.requests,
            Limit::Generations => &self.generations,
        };
        let Some(limiter) = limiter else {
            return Box::pin(std::future::ready(true));
        };
        let limiter = limiter.clone();
        Box::pin(SendWrapper::new(async move {
            // A counter that fails must not keep people out: it is no access control.
            limiter.limit(key).await.map_or(true, |outcome| outcome.success)
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
