//! Access tokens of Supabase Auth: verified with the project's published keys.
//!
//! Contract: <https://supabase.com/docs/guides/auth/jwts>. A project signs with ES256 (or RS256)
//! and publishes the public keys at `/auth/v1/.well-known/jwks.json`; older projects sign with a
//! shared HS256 secret, which is accepted only where it is configured.

use crate::deadline::within;
use crate::{Error, Timer, sendable};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use std::sync::Mutex;
use url::Url;
use uuid::Uuid;

/// Seconds two clocks may differ before a fresh token counts as expired or not yet valid.
const LEEWAY_SECONDS: u64 = 10;
/// Seconds a fetched key set is used before it is fetched again. Supabase asks for at most 10
/// minutes, the time its own edge caches the keys.
const KEYS_MAX_AGE_SECONDS: u64 = 600;
/// Seconds between two fetches caused by unknown key ids, so that a flood of forged tokens does
/// not become a flood on the Auth server.
const KEYS_MIN_AGE_SECONDS: u64 = 30;
/// Longest accepted token, in bytes. Real ones have one or two thousand.
const TOKEN_MAX_BYTES: usize = 8 * 1024;

/// An access token whose signature and claims were verified. Its text never appears in `Debug`.
#[derive(Clone)]
pub struct AccessToken(String);

impl AccessToken {
    /// The token as it is sent in `Authorization: Bearer`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccessToken(..)")
    }
}

/// Who a verified token speaks for.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The account, `auth.users.id`.
    pub user_id: Uuid,
    /// The token itself, for calls made as this person.
    pub token: AccessToken,
}

/// Why a token was not accepted. The texts are for the log; a client learns only "invalid".
#[derive(Debug, thiserror::Error)]
pub enum Invalid {
    /// Not a JWT, an algorithm we do not accept, a wrong signature, issuer or audience.
    #[error("token refused: {0}")]
    Refused(String),
    /// Its time is over.
    #[error("token expired")]
    Expired,
    /// The keys to check it with could not be had. Not the caller's fault.
    #[error("signing keys unavailable: {0}")]
    KeysUnavailable(#[from] Error),
}

#[derive(Deserialize)]
struct Claims {
    sub: Uuid,
    exp: u64,
    #[serde(default)]
    nbf: Option<u64>,
    role: String,
}

#[derive(Default)]
struct KeyCache {
    keys: Option<JwkSet>,
    /// Unix seconds of the last successful fetch.
    fetched_at: u64,
    /// Unix seconds of the last fetch that was started.
    attempted_at: u64,
}

/// Verifies access tokens of one project. Holds its public keys between requests.
pub struct Verifier {
    jwks_url: String,
    issuer: String,
    hs256_secret: Option<DecodingKey>,
    http: reqwest::Client,
    timer: Timer,
    cache: Mutex<KeyCache>,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl Verifier {
    /// `issuer` signs the tokens and publishes its keys below itself
    /// (`https://<ref>.supabase.co/auth/v1`); `hs256_secret` is the legacy JWT secret of the
    /// project, if still in use.
    pub fn new(
        issuer: &Url,
        hs256_secret: Option<&str>,
        http: reqwest::Client,
        timer: Timer,
    ) -> Self {
        crate::signatures::install();
        let issuer = issuer.as_str().trim_end_matches('/').to_owned();
        Self {
            jwks_url: format!("{issuer}/.well-known/jwks.json"),
            issuer,
            hs256_secret: hs256_secret.map(|secret| DecodingKey::from_secret(secret.as_bytes())),
            http,
            timer,
            cache: Mutex::default(),
        }
    }

    /// Verifies `token` at the time `now` (Unix seconds).
    ///
    /// # Errors
    /// [`Invalid`], which says whether the caller or the key server is at fault.
    pub async fn verify(&self, token: &str, now: u64) -> Result<Subject, Invalid> {
        if token.len() > TOKEN_MAX_BYTES {
            return Err(Invalid::Refused("too long".into()));
        }
        let header = decode_header(token).map_err(refused)?;
        let claims = match (header.alg, &self.hs256_secret) {
            (Algorithm::ES256 | Algorithm::RS256, _) => {
                let key = self.key(header.kid.as_deref(), now).await?;
                let algorithm = algorithm_of(&key)
                    .ok_or_else(|| Invalid::Refused("key of an unsupported kind".into()))?;
                let key = DecodingKey::from_jwk(&key).map_err(refused)?;
                self.decode(token, &key, algorithm)?
            }
            // A shared secret never verifies with a public key: the key is chosen by the
            // algorithm family, not by the token.
            (Algorithm::HS256, Some(secret)) => self.decode(token, secret, Algorithm::HS256)?,
            (other, _) => return Err(Invalid::Refused(format!("algorithm {other:?}"))),
        };
        if claims.exp.saturating_add(LEEWAY_SECONDS) <= now {
            return Err(Invalid::Expired);
        }
        if claims.nbf.is_some_and(|nbf| nbf > now.saturating_add(LEEWAY_SECONDS)) {
            return Err(Invalid::Refused("not yet valid".into()));
        }
        // `anon` and `service_role` are keys of the project, not people.
        if claims.role != "authenticated" {
            return Err(Invalid::Refused("not the token of a person".into()));
        }
        Ok(Subject { user_id: claims.sub, token: AccessToken(token.to_owned()) })
    }

    fn decode(
        &self,
        token: &str,
        key: &DecodingKey,
        algorithm: Algorithm,
    ) -> Result<Claims, Invalid> {
        let mut validation = Validation::new(algorithm);
        validation.set_required_spec_claims(&["exp", "sub", "aud", "iss"]);
        validation.set_audience(&["authenticated"]);
        validation.set_issuer(&[&self.issuer]);
        // Times are compared with the caller's clock, so that verification stays a function of
        // its arguments.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        decode::<Claims>(token, key, &validation).map(|data| data.claims).map_err(refused)
    }

    /// The public key with this id, fetched when it is not at hand.
    async fn key(&self, kid: Option<&str>, now: u64) -> Result<Jwk, Invalid> {
        let kid = kid.ok_or_else(|| Invalid::Refused("no key id".into()))?;
        let (known, may_fetch) = {
            let mut cache = self.cache.lock().unwrap_or_else(|broken| broken.into_inner());
            let known = cache.keys.as_ref().and_then(|keys| keys.find(kid)).cloned();
            let fresh = now.saturating_sub(cache.fetched_at) < KEYS_MAX_AGE_SECONDS;
            if let (Some(key), true) = (&known, fresh) {
                return Ok(key.clone());
            }
            let may_fetch = cache.keys.is_none()
                || now.saturating_sub(cache.attempted_at) >= KEYS_MIN_AGE_SECONDS;
            if may_fetch {
                cache.attempted_at = now;
            }
            (known, may_fetch)
        };
        if may_fetch {
            match self.fetch_keys().await {
                Ok(keys) => {
                    let found = keys.find(kid).cloned();
                    let mut cache = self.cache.lock().unwrap_or_else(|broken| broken.into_inner());
                    cache.keys = Some(keys);
                    cache.fetched_at = now;
                    return found.ok_or_else(|| Invalid::Refused("unknown key id".into()));
                }
                // Keys at hand outlive a key server that is down.
                Err(cause) if known.is_none() => return Err(cause.into()),
                Err(_) => {}
            }
        }
        known.ok_or_else(|| Invalid::Refused("unknown key id".into()))
    }

    async fn fetch_keys(&self) -> Result<JwkSet, Error> {
        const AUTH: &str = "auth";
        let call = sendable(async {
            let answer = self
                .http
                .get(&self.jwks_url)
                .send()
                .await
                .map_err(|cause| Error::unreachable(AUTH, cause))?;
            let status = answer.status();
            let body = answer.bytes().await.map_err(|cause| Error::unreachable(AUTH, cause))?;
            if !status.is_success() {
                return Err(Error::from_answer(AUTH, status.as_u16(), &body));
            }
            serde_json::from_slice(&body)
                .map_err(|cause| Error::Unexpected { service: AUTH, cause: cause.to_string() })
        });
        within(&self.timer, AUTH, call).await
    }
}

/// The one algorithm a key may be used with; what the token says of it does not count.
fn algorithm_of(key: &Jwk) -> Option<Algorithm> {
    match &key.algorithm {
        AlgorithmParameters::EllipticCurve(ec) if ec.curve == EllipticCurve::P256 => {
            Some(Algorithm::ES256)
        }
        AlgorithmParameters::RSA(_) => Some(Algorithm::RS256),
        _ => None,
    }
}

fn refused(cause: jsonwebtoken::errors::Error) -> Invalid {
    Invalid::Refused(cause.to_string())
}
