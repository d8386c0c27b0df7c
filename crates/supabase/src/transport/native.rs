//! With `reqwest`.

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

pub(super) async fn post(
    http: &reqwest::Client,
    address: &str,
    headers: HeaderMap,
    json: String,
) -> Result<(u16, Vec<u8>), String> {
    let request = http.post(address).headers(headers);
    let request = request.header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let cause = |error: reqwest::Error| error.without_url().to_string();
    let answer = request.body(json).send().await.map_err(cause)?;
    let status = answer.status().as_u16();
    Ok((status, answer.bytes().await.map_err(cause)?.to_vec()))
}
