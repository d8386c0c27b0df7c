//! With `reqwest`.

use crate::deadline::within;
use crate::{Error, Project};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

pub(super) async fn post(
    project: &Project,
    service: &'static str,
    address: &str,
    headers: HeaderMap,
    json: String,
) -> Result<(u16, Vec<u8>), Error> {
    let request = project.http().post(address).headers(headers);
    let request = request.header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let cause = |error: reqwest::Error| Error::unreachable(service, error);
    let call = async {
        let answer = request.body(json).send().await.map_err(cause)?;
        let status = answer.status().as_u16();
        Ok((status, answer.bytes().await.map_err(cause)?.to_vec()))
    };
    within(project.timer(), service, call).await
}
