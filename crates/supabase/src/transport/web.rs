//! With the Fetch standard's `fetch` (<https://fetch.spec.whatwg.org/>), as little of it as will do:
//! `reqwest` crosses between wasm and JavaScript for each header and property, and aborts each request
//! once more when it is over.

use crate::deadline::ANSWER_LIMIT;
use crate::{Error, Project};
use js_sys::{Promise, Uint8Array};
use reqwest::header::HeaderMap;
use std::collections::BTreeMap;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen(module = "/src/transport/post.js")]
extern "C" {
    /// Gives an [`Answer`].
    #[wasm_bindgen(js_name = post)]
    fn post_json(address: &str, headers: &str, json: &str, limit_milliseconds: f64) -> Promise;

    type Answer;

    #[wasm_bindgen(method, getter)]
    fn status(this: &Answer) -> u16;

    #[wasm_bindgen(method, getter)]
    fn body(this: &Answer) -> Uint8Array;
}

pub(super) async fn post(
    _: &Project,
    service: &'static str,
    address: &str,
    headers: HeaderMap,
    json: String,
) -> Result<(u16, Vec<u8>), Error> {
    let named =
        headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let headers: BTreeMap<_, _> = named.chain([("content-type", "application/json")]).collect();
    let headers = serde_json::to_string(&headers)
        .map_err(|cause| Error::Unexpected { service, cause: cause.to_string() })?;
    let limit = ANSWER_LIMIT.as_secs_f64() * 1000.0;
    let answer: Answer = JsFuture::from(post_json(address, &headers, &json, limit))
        .await
        .map_err(|error| Error::Unreachable { service, cause: text(error) })?
        .unchecked_into();
    Ok((answer.status(), answer.body().to_vec()))
}

/// A `TypeError` or `TimeoutError`, which says "Network connection lost." and the like.
fn text(error: JsValue) -> String {
    match error.dyn_into::<js_sys::Error>() {
        Ok(error) => error.message().into(),
        Err(other) => format!("{other:?}"),
    }
}
