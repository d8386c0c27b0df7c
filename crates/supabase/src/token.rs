//! Access tokens of Supabase Auth: verified with the project's published keys.
//!
//! Contract: <https://supabase.com/docs/guides/auth/jwts>. A project signs with ES256 (or RS256)
//! and publishes the public keys at `/auth/v1/.well-known/jwks.json`; older projects sign with a
//! shared HS256 secret, which is accepted only where it is configured.

use crate::deadline::within;
use crate::signatures::{Jwk, PublicKey, verify_hs256};
use crate::{Error, Timer, sendable};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::dangerous::insecure_decode;
use jsonwebtoken::{Algorithm, TokenData};
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
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
/// Verified tokens that are remembered at once: one or two thousand bytes each.
const VERIFIED_MAX: usize = 500;
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

/// What is read of the claims (RFC 7519, section 4).
#[derive(Deserialize)]
struct Claims {
    iss: String,
    /// One audience or several.
    aud: Value,
    sub: Uuid,
    exp: u64,
    #[serde(default)]
    nbf: Option<u64>,
    role: String,
}

/// The published keys, by their ids.
type Keys = Vec<(String, Arc<PublicKey>)>;

/// What a token says that was verified.
#[derive(Clone, Copy)]
struct Verified {
    user_id: Uuid,
    exp: u64,
    nbf: Option<u64>,
}

#[derive(Default)]
struct KeyCache {
    keys: Option<Keys>,
    /// Unix seconds of the last successful fetch.
    fetched_at: u64,
    /// Unix seconds of the last fetch that was started.
    attempted_at: u64,
    /// Tokens that these keys verified: people come back with the same one for an hour.
    verified: HashMap<String, Verified>,
}

/// Verifies access tokens of one project. Holds its public keys between requests.
pub struct Verifier {
    jwks_url: String,
    issuer: String,
    hs256_secret: Option<String>,
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
        let issuer = issuer.as_str().trim_end_matches('/').to_owned();
        Self {
            jwks_url: format!("{issuer}/.well-known/jwks.json"),
            issuer,
            hs256_secret: hs256_secret.map(str::to_owned),
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
            return Err(refused("too long"));
        }
        let known = self.remembered(token, now);
        let Verified { user_id, exp, nbf } = match known {
            Some(known) => known,
            None => self.verify_signature(token, now).await?,
        };
        if exp.saturating_add(LEEWAY_SECONDS) <= now {
            return Err(Invalid::Expired);
        }
        if nbf.is_some_and(|nbf| nbf > now.saturating_add(LEEWAY_SECONDS)) {
            return Err(refused("not yet valid"));
        }
        Ok(Subject { user_id, token: AccessToken(token.to_owned()) })
    }

    /// What `token` says, where its signature was verified before with the keys that still hold.
    fn remembered(&self, token: &str, now: u64) -> Option<Verified> {
        let cache = self.cache.lock().unwrap_or_else(|broken| broken.into_inner());
        let fresh = now.saturating_sub(cache.fetched_at) < KEYS_MAX_AGE_SECONDS;
        cache.verified.get(token).filter(|_| fresh).copied()
    }

    /// Verifies everything but the times.
    async fn verify_signature(&self, token: &str, now: u64) -> Result<Verified, Invalid> {
        // Nothing of it counts before its signature was verified; nor does its header's choice of an
        // algorithm, which is the key's.
        let TokenData { header, claims } = insecure_decode::<Claims>(token).map_err(refused)?;
        let (message, signature) =
            token.rsplit_once('.').ok_or_else(|| refused("not of three parts"))?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(refused)?;
        if header.crit.is_some() {
            return Err(refused("extensions that we do not know"));
        }
        let genuine = match (header.alg, &self.hs256_secret) {
            (Algorithm::ES256 | Algorithm::RS256, _) => {
                let key = self.key(header.kid.as_deref(), now).await?;
                if key.algorithm() != header.alg {
                    return Err(refused("another algorithm than the key's"));
                }
                sendable(key.verify(message.as_bytes(), &signature)).await
            }
            // A shared secret never verifies with a public key: the key is chosen by the
            // algorithm family, not by the token.
            (Algorithm::HS256, Some(secret)) => {
                verify_hs256(secret, message.as_bytes(), &signature)
            }
            _ => return Err(refused("an algorithm that we do not accept")),
        };
        if !genuine {
            return Err(refused("wrong signature"));
        }
        if claims.iss != self.issuer {
            return Err(refused("another issuer"));
        }
        let ours = |audience: &Value| audience == "authenticated";
        if !ours(&claims.aud) && !claims.aud.as_array().is_some_and(|list| list.iter().any(ours)) {
            return Err(refused("another audience"));
        }
        // `anon` and `service_role` are keys of the project, not people.
        if claims.role != "authenticated" {
            return Err(refused("not the token of a person"));
        }
        let verified = Verified { user_id: claims.sub, exp: claims.exp, nbf: claims.nbf };
        let mut cache = self.cache.lock().unwrap_or_else(|broken| broken.into_inner());
        if cache.verified.len() >= VERIFIED_MAX {
            cache.verified.clear();
        }
        cache.verified.insert(token.to_owned(), verified);
        Ok(verified)
    }

    /// The public key with this id, fetched when it is not at hand.
    async fn key(&self, kid: Option<&str>, now: u64) -> Result<Arc<PublicKey>, Invalid> {
        let kid = kid.ok_or_else(|| refused("no key id"))?;
        let (known, may_fetch) = {
            let mut cache = self.cache.lock().unwrap_or_else(|broken| broken.into_inner());
            let known = cache.keys.as_ref().and_then(|keys| find(keys, kid));
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
                    let found = find(&keys, kid);
                    let mut cache = self.cache.lock().unwrap_or_else(|broken| broken.into_inner());
                    cache.keys = Some(keys);
                    cache.verified.clear();
                    cache.fetched_at = now;
                    return found.ok_or_else(|| refused("unknown key id"));
                }
                // Keys at hand outlive a key server that is down.
                Err(cause) if known.is_none() => return Err(cause.into()),
                Err(_) => {}
            }
        }
        known.ok_or_else(|| refused("unknown key id"))
    }

    async fn fetch_keys(&self) -> Result<Keys, Error> {
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
            let set: KeySet = serde_json::from_slice(&body)
                .map_err(|cause| Error::Unexpected { service: AUTH, cause: cause.to_string() })?;
            let mut keys = Keys::new();
            for jwk in set.keys {
                // Others may be of kinds and for uses that we do not know (RFC 7517, section 5).
                let Ok(jwk) = serde_json::from_value::<Jwk>(jwk) else { continue };
                if let Some(key) = PublicKey::read(&jwk).await {
                    keys.push((jwk.kid, Arc::new(key)));
                }
            }
            Ok(keys)
        });
        within(&self.timer, AUTH, call).await
    }
}

/// A set of keys (RFC 7517, section 5).
#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

fn find(keys: &Keys, id: &str) -> Option<Arc<PublicKey>> {
    keys.iter().find(|(kid, _)| kid == id).map(|(_, key)| key.clone())
}

fn refused(cause: impl std::fmt::Display) -> Invalid {
    Invalid::Refused(cause.to_string())
}
