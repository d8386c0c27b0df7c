//! `/storage/v1`: the Storage server, with what it lacks.
//!
//! - bearer tokens are signed again as for Auth, and API keys become the JWT of their role;
//! - `/object/authenticated/…` is the plain object path;
//! - answers to signing use the names and the prefix that clients expect;
//! - a multipart upload (what a browser's `Blob` becomes) is unpacked.

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest as _, Multipart, Request};
use axum::response::Response;
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};

use super::access::{self, Access, KeyRole};
use super::{BODY_LIMIT, Gateway, problem, proxy};

pub(super) async fn answer(gateway: &Gateway, path: &str, mut request: Request) -> Response {
    let token = token_for(gateway, &request);
    let headers = request.headers_mut();
    proxy::authorize(headers, token.as_deref());
    // The server reads the role from the token alone.
    headers.remove("apikey");
    let path = rewrite(path);
    let signs = request.method() == Method::POST
        && (path.starts_with("/object/sign/") || path.starts_with("/object/upload/sign/"));
    if is_multipart(&request) && path.starts_with("/object/") {
        request = match unpack(request).await {
            Ok(request) => request,
            Err(message) => return refuse(StatusCode::BAD_REQUEST, "InvalidRequest", &message),
        };
    }
    let answer = gateway.proxy.forward(gateway.upstreams.lite, &format!("/storage/v1{path}"), request).await;
    if signs && answer.status().is_success() { rename(answer).await } else { answer }
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
    let signed = gateway.tokens.verify(&token).and_then(|claims| gateway.tokens.sign_for_servers(&claims));
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
    let mut form = Multipart::from_request(request, &()).await.map_err(|error| error.body_text())?;
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

/// Gives a signed URL the name and prefix of a hosted project.
async fn rename(answer: Response) -> Response {
    let (mut parts, body) = answer.into_parts();
    let Ok(bytes) = to_bytes(body, BODY_LIMIT).await else {
        return refuse(StatusCode::BAD_GATEWAY, "InternalError", "the Storage server's answer broke off");
    };
    let Ok(mut value) = serde_json::from_slice::<Value>(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    match &mut value {
        Value::Array(list) => list.iter_mut().for_each(rename_one),
        one => rename_one(one),
    }
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(value.to_string()))
}

fn rename_one(value: &mut Value) {
    let Some(fields) = value.as_object_mut() else { return };
    let Some(signed) = fields.remove("signedUrl") else { return };
    let url = signed.as_str().unwrap_or_default();
    let url = url.strip_prefix("/storage/v1").unwrap_or(url).to_owned();
    if fields.contains_key("token") {
        fields.insert("url".into(), Value::String(url));
    } else {
        // One that could not be signed has none.
        fields.insert("signedURL".into(), if url.is_empty() { Value::Null } else { Value::String(url) });
    }
}

fn refuse(status: StatusCode, error: &str, message: &str) -> Response {
    problem(status, &json!({ "statusCode": status.as_u16().to_string(), "error": error, "message": message }))
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

    #[test]
    fn signed_urls_get_the_names_clients_read() {
        let mut download = json!({ "signedUrl": "/storage/v1/object/sign/b/p?token=t" });
        rename_one(&mut download);
        assert_eq!(download, json!({ "signedURL": "/object/sign/b/p?token=t" }));
        let mut upload = json!({ "signedUrl": "/storage/v1/object/upload/sign/b/p?token=t", "token": "t", "path": "p" });
        rename_one(&mut upload);
        assert_eq!(upload, json!({ "url": "/object/upload/sign/b/p?token=t", "token": "t", "path": "p" }));
        let mut missing = json!({ "path": "p", "signedUrl": "", "error": "Object not found" });
        rename_one(&mut missing);
        assert_eq!(missing, json!({ "path": "p", "signedURL": null, "error": "Object not found" }));
    }
}
