//! One call with a JSON body: what most requests wait for.

use reqwest::header::HeaderMap;

#[cfg(not(target_arch = "wasm32"))]
#[path = "transport/native.rs"]
mod imp;
#[cfg(target_arch = "wasm32")]
#[path = "transport/web.rs"]
mod imp;

/// Posts JSON; the status and the body of the answer. `Err` says, without the address, why there was none.
pub(crate) async fn post(
    http: &reqwest::Client,
    address: &str,
    headers: HeaderMap,
    json: String,
) -> Result<(u16, Vec<u8>), String> {
    imp::post(http, address, headers, json).await
}
