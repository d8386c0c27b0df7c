//! One call with a JSON body: what most requests wait for.

use crate::{Error, Project};
use reqwest::header::HeaderMap;

#[cfg(not(target_arch = "wasm32"))]
#[path = "transport/native.rs"]
mod imp;
#[cfg(target_arch = "wasm32")]
#[path = "transport/web.rs"]
mod imp;

/// Posts JSON to `service` and waits no longer than [`crate::deadline::ANSWER_LIMIT`]; the status and the body of
/// the answer.
pub(crate) async fn post(
    project: &Project,
    service: &'static str,
    address: &str,
    headers: HeaderMap,
    json: String,
) -> Result<(u16, Vec<u8>), Error> {
    imp::post(project, service, address, headers, json).await
}
