//! With the Fetch standard's `fetch` (<https://fetch.spec.whatwg.org/>), as little of it as will do.

use std::collections::BTreeMap;

use js_sys::{Promise, Uint8Array};
use send_wrapper::SendWrapper;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::{Answer, Call, Failure, Reading, Timer, Unread, seconds};

/// A `ReadableStream`, or `null` where there is none. An isolate has a single thread.
pub(crate) type Body = SendWrapper<JsValue>;

impl Unread {
    /// The stream.
    pub fn into_stream(self) -> JsValue {
        self.body.take()
    }
}

#[wasm_bindgen(module = "/src/call.js")]
extern "C" {
    /// Gives a [`JsAnswer`].
    #[wasm_bindgen(js_name = call)]
    fn js_call(
        method: &str,
        address: &str,
        headers: &str,
        json: Option<&str>,
        milliseconds: f64,
        longest: f64,
        pass_on: bool,
    ) -> Promise;

    type JsAnswer;

    #[wasm_bindgen(method, getter)]
    fn status(this: &JsAnswer) -> u16;

    #[wasm_bindgen(method, getter, js_name = retryAfter)]
    fn retry_after(this: &JsAnswer) -> Option<String>;

    #[wasm_bindgen(method, getter, js_name = rateLimitReset)]
    fn rate_limit_reset(this: &JsAnswer) -> Option<String>;

    #[wasm_bindgen(method, getter)]
    fn body(this: &JsAnswer) -> Option<Uint8Array>;

    #[wasm_bindgen(method, getter)]
    fn unread(this: &JsAnswer) -> JsValue;

    #[wasm_bindgen(method, getter)]
    fn link(this: &JsAnswer) -> Option<String>;
}

pub(crate) async fn call(
    _: &reqwest::Client,
    _: &Timer,
    call: Call<'_>,
) -> Result<Answer, Failure> {
    let Call { method, address, headers, json, time, reading } = call;
    let named =
        headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let kind = json.is_some().then_some(("content-type", "application/json"));
    let headers: BTreeMap<_, _> = named.chain(kind).collect();
    let headers =
        serde_json::to_string(&headers).map_err(|cause| Failure::Lost(cause.to_string()))?;
    let milliseconds = time.as_secs_f64() * 1000.0;
    let longest = match reading {
        // 2^53 and more is as good as no limit.
        Reading::UpTo(longest) => longest as f64,
        Reading::Trusted | Reading::PassedOn => f64::INFINITY,
    };
    let pass_on = reading == Reading::PassedOn;
    let promise = js_call(
        method.as_str(),
        address,
        &headers,
        json.as_deref(),
        milliseconds,
        longest,
        pass_on,
    );
    let answer: JsAnswer = JsFuture::from(promise).await.map_err(failure)?.unchecked_into();
    let status = answer.status();
    // Crossing over for nothing costs too.
    let refused = !(200..300).contains(&status);
    let header = |value: fn(&JsAnswer) -> Option<String>| {
        refused.then(|| value(&answer)).flatten().as_deref().and_then(seconds)
    };
    // As call.js decides it.
    let unread = (pass_on && !refused)
        .then(|| Unread { link: answer.link(), body: SendWrapper::new(answer.unread()) });
    Ok(Answer {
        status,
        retry_after: header(JsAnswer::retry_after),
        rate_limit_reset: header(JsAnswer::rate_limit_reset),
        body: if unread.is_some() { None } else { answer.body().map(|body| body.to_vec()) },
        unread,
    })
}

/// A `TimeoutError`, or an `Error` that says "Network connection lost." and the like. Some say an address, which may
/// hold what must not be told: they are cut before it.
fn failure(error: JsValue) -> Failure {
    match error.dyn_into::<js_sys::Error>() {
        Ok(error) if error.name() == "TimeoutError" => Failure::Timeout,
        Ok(error) => {
            let words = String::from(error.message());
            Failure::Lost(words.split("http").next().unwrap_or_default().to_owned())
        }
        Err(other) => Failure::Lost(format!("{other:?}")),
    }
}
