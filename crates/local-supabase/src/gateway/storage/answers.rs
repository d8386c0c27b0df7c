//! Answers of the Storage server, in the shape that clients of a hosted project read.

use axum::body::{Body, to_bytes};
use axum::response::Response;
use http::{Method, StatusCode, header};
use serde_json::{Map, Value, json};

use super::super::BODY_LIMIT;
use super::refuse;

/// What an answer is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A signed URL, for a download or an upload.
    Signed,
    /// What is known of an object.
    Info,
    /// A folder's content.
    List,
    /// Anything else: only errors are changed.
    Other,
}

impl Shape {
    pub(super) fn of(method: &Method, path: &str) -> Self {
        match *method {
            Method::POST
                if path.starts_with("/object/sign/")
                    || path.starts_with("/object/upload/sign/") =>
            {
                Self::Signed
            }
            Method::POST if path.starts_with("/object/list/") => Self::List,
            Method::GET if path.starts_with("/object/info/") => Self::Info,
            _ => Self::Other,
        }
    }
}

/// Changes a JSON answer where the shapes differ; files pass untouched, as streams.
pub(super) async fn reshape(shape: Shape, answer: Response) -> Response {
    let failed = !answer.status().is_success();
    let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_json = kind.is_some_and(|kind| kind.starts_with("application/json"));
    let differs = failed && is_json || matches!(shape, Shape::Signed | Shape::Info);
    if !differs {
        return answer;
    }
    let (mut parts, body) = answer.into_parts();
    let Ok(bytes) = to_bytes(body, BODY_LIMIT).await else {
        return refuse(
            StatusCode::BAD_GATEWAY,
            "InternalError",
            "the Storage server's answer broke off",
        );
    };
    let Ok(mut value) = serde_json::from_slice::<Value>(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    match shape {
        _ if failed => add_code(&mut value),
        Shape::Signed => rename(&mut value),
        Shape::Info => value = describe(&value),
        Shape::List | Shape::Other => {}
    }
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(value.to_string()))
}

/// Clients tell a missing object by its code.
fn add_code(value: &mut Value) {
    let Some(fields) = value.as_object_mut() else { return };
    let missing = fields.get("message").and_then(Value::as_str) == Some("Object not found");
    let code = if missing { Some(json!("NoSuchKey")) } else { fields.get("error").cloned() };
    if let Some(code) = code {
        fields.entry("code").or_insert(code);
    }
}

/// Gives a signed URL the name and prefix of a hosted project.
pub(super) fn rename(value: &mut Value) {
    let Some(fields) = value.as_object_mut() else { return };
    let Some(signed) = fields.remove("signedUrl") else { return };
    let url = signed.as_str().unwrap_or_default();
    let url = url.strip_prefix("/storage/v1").unwrap_or(url).to_owned();
    let name = if fields.contains_key("token") { "url" } else { "signedURL" };
    fields.insert(name.into(), Value::String(url));
}

/// An object's description.
fn describe(row: &Value) -> Value {
    let metadata = row.get("metadata").unwrap_or(&Value::Null);
    let known = |name: &str| metadata.get(name).cloned().unwrap_or(Value::Null);
    let column = |name: &str| row.get(name).cloned().unwrap_or(Value::Null);
    json!({
        "id": column("id"), "name": column("name"), "version": column("version"), "bucket_id": column("bucket_id"),
        "size": known("size"), "content_type": known("mimetype"), "cache_control": known("cacheControl"),
        "etag": known("eTag"), "last_modified": known("lastModified"), "created_at": column("created_at"),
        "metadata": row.get("user_metadata").cloned().unwrap_or_else(|| json!({})),
    })
}

/// A folder's content from all objects below it: names are relative, and deeper ones become the
/// folder they lie in.
pub(super) fn fold(objects: Vec<Value>, prefix: &str) -> Vec<Value> {
    let prefix = if prefix.is_empty() || prefix.ends_with('/') {
        prefix.to_owned()
    } else {
        format!("{prefix}/")
    };
    let mut listed: Vec<Value> = Vec::new();
    for object in objects {
        let name = object.get("name").and_then(Value::as_str).unwrap_or_default();
        let Some(name) = name.strip_prefix(&prefix).map(str::to_owned) else { continue };
        let entry = match name.split_once('/') {
            Some((folder, _)) => json!({
                "name": folder, "id": null, "updated_at": null, "created_at": null, "last_accessed_at": null, "metadata": null,
            }),
            None => {
                let mut fields: Map<String, Value> = Map::new();
                for field in ["id", "updated_at", "created_at", "last_accessed_at", "metadata"] {
                    fields.insert(field.into(), object.get(field).cloned().unwrap_or(Value::Null));
                }
                fields.insert("name".into(), Value::String(name));
                Value::Object(fields)
            }
        };
        if !listed.contains(&entry) {
            listed.push(entry);
        }
    }
    listed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signed_urls_get_the_names_clients_read() {
        let mut download = json!({ "signedUrl": "/storage/v1/object/sign/b/p?token=t" });
        rename(&mut download);
        assert_eq!(download, json!({ "signedURL": "/object/sign/b/p?token=t" }));
        let mut upload = json!({ "signedUrl": "/storage/v1/object/upload/sign/b/p?token=t", "token": "t", "path": "p" });
        rename(&mut upload);
        assert_eq!(
            upload,
            json!({ "url": "/object/upload/sign/b/p?token=t", "token": "t", "path": "p" })
        );
    }

    #[test]
    fn a_missing_object_is_told_by_its_code() {
        let mut error =
            json!({ "statusCode": "404", "error": "not_found", "message": "Object not found" });
        add_code(&mut error);
        assert_eq!(error["code"], "NoSuchKey");
        let mut other = json!({ "statusCode": "403", "error": "Unauthorized", "message": "x" });
        add_code(&mut other);
        assert_eq!(other["code"], "Unauthorized");
    }

    #[test]
    fn a_listing_is_of_one_folder_with_names_relative_to_it() {
        let object = |name: &str| json!({ "id": "1", "name": name, "metadata": {"size": 1} });
        let all =
            vec![object("a/x.pdf"), object("a/b/y.pdf"), object("a/b/z.pdf"), object("ab/x.pdf")];
        let names = |list: Vec<Value>| -> Vec<String> {
            list.iter().map(|entry| entry["name"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(names(fold(all.clone(), "a")), ["x.pdf", "b"]);
        assert_eq!(names(fold(all.clone(), "a/")), ["x.pdf", "b"]);
        assert_eq!(names(fold(all.clone(), "")), ["a", "ab"]);
        assert_eq!(fold(all, "a")[1]["id"], Value::Null);
    }
}
