//! With the Fetch standard's `fetch` (<https://fetch.spec.whatwg.org/>), as little of it as will do:
//! `reqwest` crosses between wasm and JavaScript for each header and property, and aborts each request
//! once more when it is over.

use js_sys::{JSON, Promise, Reflect, Uint8Array};
use reqwest::header::HeaderMap;
use serde::Serialize;
use std::collections::BTreeMap;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    fn fetch(address: &str, init: &JsValue) -> Promise;

    type AbortController;

    #[wasm_bindgen(constructor)]
    fn new() -> AbortController;

    #[wasm_bindgen(method, getter)]
    fn signal(this: &AbortController) -> JsValue;

    #[wasm_bindgen(method)]
    fn abort(this: &AbortController);

    type Response;

    #[wasm_bindgen(method, getter)]
    fn status(this: &Response) -> u16;

    #[wasm_bindgen(method, catch, js_name = arrayBuffer)]
    fn array_buffer(this: &Response) -> Result<Promise, JsValue>;
}

/// `RequestInit`, which crosses over as JSON.
#[derive(Serialize)]
struct Init<'a> {
    method: &'static str,
    headers: BTreeMap<&'a str, &'a str>,
    body: String,
}

/// Ends a call that nobody waits for any more, so that it does not keep one of the few connections.
struct Call(Option<AbortController>);

impl Drop for Call {
    fn drop(&mut self) {
        if let Some(controller) = &self.0 {
            controller.abort();
        }
    }
}

pub(super) async fn post(
    _: &reqwest::Client,
    address: &str,
    headers: HeaderMap,
    json: String,
) -> Result<(u16, Vec<u8>), String> {
    let named =
        headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let headers = named.chain([("content-type", "application/json")]).collect();
    let init = serde_json::to_string(&Init { method: "POST", headers, body: json })
        .map_err(|error| error.to_string())?;
    let init = JSON::parse(&init).map_err(text)?;
    let controller = AbortController::new();
    Reflect::set(&init, &"signal".into(), &controller.signal()).map_err(text)?;
    let mut call = Call(Some(controller));
    let answer: Response =
        JsFuture::from(fetch(address, &init)).await.map_err(text)?.unchecked_into();
    let body = JsFuture::from(answer.array_buffer().map_err(text)?).await.map_err(text)?;
    // To abort what has ended would cost as much as all of this.
    call.0 = None;
    Ok((answer.status(), Uint8Array::new(&body).to_vec()))
}

/// A `TypeError`, which says "Network connection lost." and the like.
fn text(error: JsValue) -> String {
    match error.dyn_into::<js_sys::Error>() {
        Ok(error) => error.message().into(),
        Err(other) => format!("{other:?}"),
    }
}
