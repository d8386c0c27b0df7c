//! `/storage/v1`: the Storage server, with what it lacks.
//!
//! - bearer tokens are signed again as for Auth, and API keys become the JWT of their role;
//! - `/object/authenticated/…` is the plain object path;
//! - answers to signing use the names and the prefix that clients expect;
//! - several files are signed in one request, and a folder is listed as a folder ([`many`]);
//! - a multipart upload (what a browser's `Blob` becomes) is unpacked.

mod answers;
mod many;

use axum::body::Body;
use axum::extract::{FromRequest as _, Multipart, Request};
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use super::access::{self, Access, KeyRole};
use super::{Gateway, problem, proxy};
use answers::Shape;

pub(super) async fn answer(gateway: &Gateway, path: &str, mut request: Request) -> Response {
    let token = token_for(gateway, &request);
    let headers = request.headers_mut();
    proxy::authorize(headers, token.as_deref());
    // The server reads the role from the token alone.
    headers.remove("apikey");
    let path = rewrite(path);
    let shape = Shape::of(request.method(), &path);
    if let Some(bucket) = path.strip_prefix("/object/sign/").filter(|bucket| !bucket.contains('/'))
    {
        return many::sign(gateway, bucket, request).await;
    }
    if let Shape::List = shape {
        return many::list(gateway, &path, request).await;
    }
    if is_multipart(&request) && path.starts_with("/object/") {
        request = match unpack(request).await {
            Ok(request) => request,
            Err(message) => return refuse(StatusCode::BAD_REQUEST, "InvalidRequest", &message),
        };
    }
    let answer =
        gateway.proxy.forward(gateway.upstreams.lite, &format!("/storage/v1{path}"), request).await;
    answers::reshape(shape, answer).await
}

/// The token that the server gets: of the user, else of the key's role. A bad token is passed on
/// unchanged; the server refuses it where a token matters.
fn token_for(gateway: &Gateway, request: &Request) -> Option<String> {
    match Access::of(&gateway.keys, &gateway.tokens, request) {
        Ok(Access { token: Some(token), .. }) => Some(for_server(gateway, token)),
        Ok(Access { role: KeyRole::Anon, .. }) => Some(gateway.keys.anon.clone()),
        Ok(Access { role: KeyRole::Service, .. }) => Some(gateway.keys.service_role.clone()),
        // Storage asks for no API key: signed and public URLs have none.
        Err(_) => access::bearer(request.headers()).map(|token| for_server(gateway, token)),
    }
}

fn for_server(gateway: &Gateway, token: String) -> String {
    let signed =
        gateway.tokens.verify(&token).and_then(|claims| gateway.tokens.sign_for_servers(&claims));
    signed.unwrap_or(token)
}

fn rewrite(path: &str) -> String {
    for (hosted, local) in [
        ("/object/authenticated/", "/object/"),
        ("/object/info/authenticated/", "/object/info/"),
        ("/object/info/public/", "/object/info/"),
    ] {
        if let Some(rest) = path.strip_prefix(hosted) {
            return format!("{local}{rest}");
        }
    }
    path.to_owned()
}

fn is_multipart(request: &Request) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("multipart/form-data"))
}

/// Turns an upload form into the file itself.
async fn unpack(request: Request) -> Result<Request, String> {
    let mut parts = http::Request::new(()).into_parts().0;
    parts.method = request.method().clone();
    parts.uri = request.uri().clone();
    parts.headers = request.headers().clone();
    let mut form =
        Multipart::from_request(request, &()).await.map_err(|error| error.body_text())?;
    let mut file = None;
    while let Some(field) = form.next_field().await.map_err(|error| error.body_text())? {
        let name = field.name().unwrap_or_default().to_owned();
        let kind = field.content_type().map(str::to_owned);
        let is_file = field.file_name().is_some() || kind.is_some();
        let bytes = field.bytes().await.map_err(|error| error.body_text())?;
        if name == "cacheControl" {
            let seconds = String::from_utf8_lossy(&bytes).into_owned();
            if let Ok(value) = HeaderValue::from_str(&format!("max-age={seconds}")) {
                parts.headers.insert(header::CACHE_CONTROL, value);
            }
        } else if is_file {
            file = Some((bytes, kind));
        }
    }
    let (bytes, kind) = file.ok_or("the form holds no file")?;
    let kind = kind.and_then(|kind| HeaderValue::from_str(&kind).ok());
    let kind = kind.unwrap_or(HeaderValue::from_static("application/octet-stream"));
    parts.headers.insert(header::CONTENT_TYPE, kind);
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

fn refuse(status: StatusCode, error: &str, message: &str) -> Response {
    problem(
        status,
        &json!({ "statusCode": status.as_u16().to_string(), "error": error, "message": message }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosted_paths_of_an_object_lead_to_it() {
        assert_eq!(rewrite("/object/authenticated/pdfs/a/b.pdf"), "/object/pdfs/a/b.pdf");
        assert_eq!(rewrite("/object/info/authenticated/pdfs/b.pdf"), "/object/info/pdfs/b.pdf");
        assert_eq!(rewrite("/object/public/pdfs/b.pdf"), "/object/public/pdfs/b.pdf");
    }
}
