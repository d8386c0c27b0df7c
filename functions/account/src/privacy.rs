//! `GET /api/privacy`: the privacy policy in force, as data or as a page. Public.

use crate::page;
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use edge::openapi::ProblemBody;
use edge::{App, Language, Problem, Query, with_deadline};
use http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use supabase::Identity;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use utoipa::{IntoParams, ToSchema};

/// How long an isolate gives the same policy before it asks again. A new version is announced
/// days ahead; a minute more is nothing.
const KEPT_MS: u64 = 60_000;
/// What a reader waits for the database, at most.
const PATIENCE: Duration = Duration::from_secs(5);

/// A version of the privacy policy.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub(crate) struct PrivacyPolicy {
    /// What a consent to it names.
    #[schema(example = "2026-11-21")]
    pub(crate) version: String,
    /// From when it is in force.
    #[schema(format = DateTime)]
    pub(crate) effective_at: String,
    /// The same in both languages.
    pub(crate) content: Content,
}

#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = PrivacyPolicyContent)]
pub(crate) struct Content {
    /// Français.
    pub(crate) fr: Text,
    /// English.
    pub(crate) en: Text,
}

#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = PrivacyPolicyText)]
pub(crate) struct Text {
    pub(crate) title: String,
    pub(crate) sections: Vec<Section>,
}

#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = PrivacyPolicySection)]
pub(crate) struct Section {
    pub(crate) heading: String,
    pub(crate) paragraphs: Vec<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// The language of the page; without it that of `Accept-Language`.
    #[serde(default)]
    #[param(inline, nullable = false)]
    lang: Option<Lang>,
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Lang {
    Fr,
    En,
}

/// The privacy policy in force
///
/// JSON in both languages; with `Accept: text/html` a page in the reader's language. A consent to it
/// (`POST /rest/v1/consents`) names its version.
#[utoipa::path(
    get,
    path = "/api/privacy",
    operation_id = "privacyPolicy",
    tag = "account",
    params(
        Wanted,
        ("accept-language" = Option<String>, Header, nullable = false, description = "French or English."),
        ("if-none-match" = Option<String>, Header, nullable = false, description = "The `ETag` at hand."),
    ),
    responses(
        (status = 200, description = "The policy.", content(
            (PrivacyPolicy = "application/json"),
            (String = "text/html"),
        ), headers(("etag" = String, description = "Names this answer."))),
        (status = 304, description = "What is at hand is still right."),
        (status = 404, description = "`privacy_policy_not_found`: none is in force.", body = ProblemBody),
        (status = 422, description = "`invalid_request`: `lang` is fr or en.", body = ProblemBody),
        edge::openapi::AnyRefusal,
    )
)]
pub(crate) async fn privacy(
    State(app): State<App>,
    Extension(kept): Extension<Arc<Kept>>,
    headers: HeaderMap,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let policy = kept.in_force(&app).await?;
    if !wants_page(&headers) {
        let body = serde_json::to_string(&*policy).map_err(Problem::internal)?;
        return Ok(cached(&headers, "application/json; charset=utf-8", body));
    }
    let language = match wanted.lang {
        Some(Lang::Fr) => Language::French,
        Some(Lang::En) => Language::English,
        None => Language::of(&headers),
    };
    let mut response = cached(&headers, "text/html; charset=utf-8", page::write(&policy, language));
    let tag = if language == Language::French { "fr" } else { "en" };
    for (name, value) in [
        (CONTENT_LANGUAGE, tag),
        (CONTENT_SECURITY_POLICY, page::POLICY),
        (REFERRER_POLICY, "no-referrer"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

/// Whether a page is asked for rather than data: browsers name `text/html`, programs do not.
fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let weight = |wanted: &str| {
        accept
            .split(',')
            .filter_map(|range| {
                let mut parts = range.split(';').map(str::trim);
                let kind = parts.next()?;
                let weight = edge::weight(parts)?;
                kind.eq_ignore_ascii_case(wanted).then_some(weight)
            })
            .max()
            .unwrap_or(0)
    };
    weight("text/html") > weight("application/json")
}

/// The body with the name of its content, or 304 where the caller has it.
fn cached(headers: &HeaderMap, kind: &'static str, body: String) -> Response {
    let digest = Sha256::digest(body.as_bytes());
    let tag =
        digest.iter().take(8).fold(String::from("\""), |tag, byte| format!("{tag}{byte:02x}"));
    let tag = tag + "\"";
    let known = headers
        .get(IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .split(',')
        .any(|known| known.trim().trim_start_matches("W/") == tag);
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(CONTENT_TYPE, kind)], body).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    headers.insert(VARY, HeaderValue::from_static("accept, accept-language"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    response
}

/// The policy this isolate gave last.
#[derive(Debug, Default)]
pub(crate) struct Kept(Mutex<Option<(u64, Arc<PrivacyPolicy>)>>);

impl Kept {
    /// The policy in force. An older answer is given where the database has none in time.
    async fn in_force(&self, app: &App) -> Result<Arc<PrivacyPolicy>, Problem> {
        let now_ms = app.platform().now_ms();
        let held = {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match kept.as_mut() {
                Some((until, policy)) if now_ms < *until => return Ok(policy.clone()),
                Some((until, policy)) => {
                    // This request asks; those that come meanwhile are given what is held.
                    *until = now_ms.saturating_add(KEPT_MS);
                    Some(policy.clone())
                }
                None => None,
            }
        };
        let answer = with_deadline(app.platform(), PATIENCE, read(app, now_ms)).await;
        match (answer, held) {
            (Some(Ok(Some(policy))), _) => {
                let policy = Arc::new(policy);
                let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                *kept = Some((now_ms.saturating_add(KEPT_MS), policy.clone()));
                Ok(policy)
            }
            (_, Some(held)) => Ok(held),
            (Some(Ok(None)), None) => Err(Problem::new(
                StatusCode::NOT_FOUND,
                "privacy_policy_not_found",
                "Aucune politique de confidentialité n'est en vigueur. Écrivez à l'académie.",
                "No privacy policy is in force. Write to the academy.",
            )),
            (Some(Err(problem)), None) => Err(problem),
            (None, None) => Err(Problem::unavailable("no privacy policy within 5 s")),
        }
    }
}

async fn read(app: &App, now_ms: u64) -> Result<Option<PrivacyPolicy>, Problem> {
    let now = i64::try_from(now_ms / 1000)
        .ok()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .and_then(|now| now.format(&Rfc3339).ok())
        .ok_or_else(|| Problem::internal("the clock shows no date"))?;
    let query = app
        .project()
        .from(Identity::Visitor, "privacy_policies")?
        .select("version,effective_at,content")
        .lte("effective_at", now)
        .order("effective_at.desc")
        .limit(1);
    Ok(app.project().rows::<PrivacyPolicy>(query).await?.into_iter().next())
}
