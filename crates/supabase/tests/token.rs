//! What counts as a valid access token, against a key server on this machine.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends with a panic where something is not as it should be"
)]

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use p256::ecdsa::signature::Signer;
use rsa::Pkcs1v15Sign;
use rsa::traits::PublicKeyParts;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use supabase::token::Invalid;
use supabase::{Timer, Verifier};
use url::Url;

const NOW: u64 = 1_800_000_000;
const USER: &str = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff";
const LEGACY_SECRET: &str = "a-legacy-secret-of-at-least-32-characters";

struct KeyServer {
    url: Url,
    asked: Arc<AtomicUsize>,
    down: Arc<AtomicBool>,
    keys: Arc<Mutex<Vec<Value>>>,
}

impl KeyServer {
    async fn start(keys: Vec<Value>) -> Self {
        type Shared = (Arc<AtomicUsize>, Arc<AtomicBool>, Arc<Mutex<Vec<Value>>>);
        async fn jwks(
            State((asked, down, keys)): State<Shared>,
        ) -> Result<Json<Value>, StatusCode> {
            asked.fetch_add(1, Ordering::SeqCst);
            if down.load(Ordering::SeqCst) {
                return Err(StatusCode::BAD_GATEWAY);
            }
            Ok(Json(json!({ "keys": *keys.lock().unwrap() })))
        }
        let shared: Shared = (Arc::default(), Arc::default(), Arc::new(Mutex::new(keys)));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (asked, down, keys) = shared.clone();
        let router =
            Router::new().route("/auth/v1/.well-known/jwks.json", get(jwks)).with_state(shared);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url: url.parse().unwrap(), asked, down, keys }
    }

    fn verifier(&self) -> Verifier {
        self.verifier_with(Some(LEGACY_SECRET))
    }

    fn verifier_with(&self, secret: Option<&str>) -> Verifier {
        let issuer = self.url.join("/auth/v1").unwrap();
        let timer: Timer = Arc::new(|_| Box::pin(std::future::pending()));
        Verifier::new(&issuer, secret, reqwest::Client::new(), timer)
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn claims(&self) -> Value {
        json!({
            "iss": self.url.join("/auth/v1").unwrap(),
            "aud": "authenticated",
            "sub": USER,
            "role": "authenticated",
            "exp": NOW + 3600,
            "iat": NOW,
        })
    }
}

/// A signing key with its public half as published. Signed by hand, because the library is set up
/// to verify only.
struct Key {
    id: &'static str,
    private: Private,
    public: Value,
}

enum Private {
    Es256(p256::ecdsa::SigningKey),
    Rs256(Box<rsa::RsaPrivateKey>),
}

impl Key {
    fn es256(id: &'static str, seed: u8) -> Self {
        let secret = p256::ecdsa::SigningKey::from_slice(&[seed; 32]).unwrap();
        let point = secret.verifying_key().to_encoded_point(false);
        let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let public = json!({
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": id,
            "x": part(point.x().unwrap()), "y": part(point.y().unwrap()),
        });
        Self { id, private: Private::Es256(secret), public }
    }

    fn rs256(id: &'static str) -> Self {
        // Short, because it is made at each run and protects nothing.
        let secret = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 1024).unwrap();
        let part = |number: &rsa::BigUint| URL_SAFE_NO_PAD.encode(number.to_bytes_be());
        let public = json!({
            "kty": "RSA", "alg": "RS256", "use": "sig", "kid": id,
            "n": part(secret.n()), "e": part(secret.e()),
        });
        Self { id, private: Private::Rs256(Box::new(secret)), public }
    }

    fn sign(&self, claims: &Value) -> String {
        let algorithm = self.public["alg"].as_str().unwrap();
        signed(&json!({"alg": algorithm, "typ": "JWT", "kid": self.id}), claims, |message| {
            match &self.private {
                Private::Es256(key) => {
                    let signature: p256::ecdsa::Signature = key.sign(message);
                    signature.to_bytes().to_vec()
                }
                Private::Rs256(key) => {
                    let digest = Sha256::digest(message);
                    key.sign(Pkcs1v15Sign::new::<Sha256>(), &digest).unwrap()
                }
            }
        })
    }
}

fn signed(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    claims[name] = value;
    claims
}

fn without(claims: &Value, name: &str) -> Value {
    let mut claims = claims.clone();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn hs256(claims: &Value, secret: &[u8]) -> String {
    signed(&json!({"alg": "HS256", "typ": "JWT"}), claims, |message| {
        let mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
        mac.chain_update(message).finalize().into_bytes().to_vec()
    })
}

fn unsigned(header: Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.", part(&header), part(claims))
}

#[tokio::test]
async fn tokens_signed_with_es256_rs256_and_the_legacy_secret_are_accepted() {
    let (es, rs) = (Key::es256("k-es", 7), Key::rs256("k-rs"));
    let server = KeyServer::start(vec![es.public.clone(), rs.public.clone()]).await;
    let verifier = server.verifier();
    let claims = server.claims();
    for token in [es.sign(&claims), rs.sign(&claims), hs256(&claims, LEGACY_SECRET.as_bytes())] {
        let subject = verifier.verify(&token, NOW).await.unwrap();
        assert_eq!(subject.user_id.to_string(), USER);
        assert_eq!(subject.token.as_str(), token);
    }
}

#[tokio::test]
async fn forged_and_foreign_tokens_are_refused() {
    let key = Key::es256("k-1", 7);
    let server = KeyServer::start(vec![key.public.clone()]).await;
    let verifier = server.verifier();
    let claims = server.claims();
    let good = key.sign(&claims);
    let (head, signature) = good.rsplit_once('.').unwrap();
    let other_payload =
        URL_SAFE_NO_PAD.encode(with(&claims, "sub", json!(USER.replace('6', "7"))).to_string());
    let header = head.split_once('.').unwrap().0;
    let public = serde_json::to_vec(&key.public).unwrap();

    let refused = [
        ("none", unsigned(json!({"alg": "none", "typ": "JWT"}), &claims)),
        ("None", unsigned(json!({"alg": "None", "kid": "k-1"}), &claims)),
        ("no signature", format!("{head}.")),
        ("signature of another payload", format!("{header}.{other_payload}.{signature}")),
        ("the public key as HMAC secret", hs256(&claims, &public)),
        ("another legacy secret", hs256(&claims, b"another-secret-of-at-least-32-characters")),
        ("another key under the same id", Key::es256("k-1", 9).sign(&claims)),
        ("another algorithm under the id of an EC key", Key::rs256("k-1").sign(&claims)),
        ("wrong issuer", key.sign(&with(&claims, "iss", json!("https://evil.example/auth/v1")))),
        ("no issuer", key.sign(&without(&claims, "iss"))),
        ("wrong audience", key.sign(&with(&claims, "aud", json!("other")))),
        ("no audience", key.sign(&without(&claims, "aud"))),
        ("no subject", key.sign(&without(&claims, "sub"))),
        ("subject that is no id", key.sign(&with(&claims, "sub", json!("admin")))),
        ("no expiry", key.sign(&without(&claims, "exp"))),
        ("expiry as text", key.sign(&with(&claims, "exp", json!("never")))),
        ("negative expiry", key.sign(&with(&claims, "exp", json!(-1)))),
        ("not yet valid", key.sign(&with(&claims, "nbf", json!(NOW + 60)))),
        ("the project's own key", key.sign(&with(&claims, "role", json!("service_role")))),
        ("anonymous key", key.sign(&with(&claims, "role", json!("anon")))),
        ("garbage", "garbage".into()),
        ("empty", String::new()),
        ("dots", "..".into()),
        ("not base64", "é.é.é".into()),
        ("very long", "a".repeat(1 << 20)),
    ];
    for (what, token) in refused {
        let answer = verifier.verify(&token, NOW).await;
        assert!(matches!(answer, Err(Invalid::Refused(_))), "{what}: {answer:?}");
    }
    assert!(verifier.verify(&good, NOW).await.is_ok(), "the good token is still accepted");
}

#[tokio::test]
async fn without_a_legacy_secret_hs256_is_refused() {
    let server = KeyServer::start(vec![]).await;
    let verifier = server.verifier_with(None);
    let token = hs256(&server.claims(), LEGACY_SECRET.as_bytes());
    assert!(matches!(verifier.verify(&token, NOW).await, Err(Invalid::Refused(_))));
}

#[tokio::test]
async fn a_token_expires_ten_seconds_after_its_time() {
    let key = Key::es256("k-1", 7);
    let server = KeyServer::start(vec![key.public.clone()]).await;
    let verifier = server.verifier();
    let token = key.sign(&with(&server.claims(), "exp", json!(NOW)));
    assert!(verifier.verify(&token, NOW + 9).await.is_ok());
    assert!(matches!(verifier.verify(&token, NOW + 10).await, Err(Invalid::Expired)));
    let token = key.sign(&with(&server.claims(), "exp", json!(u64::MAX)));
    assert!(verifier.verify(&token, NOW).await.is_ok(), "no overflow");
}

#[tokio::test]
async fn a_token_that_was_verified_is_held_to_its_times_and_to_the_keys_of_the_moment() {
    let (old, new) = (Key::es256("k-1", 7), Key::es256("k-1", 9));
    let server = KeyServer::start(vec![old.public.clone()]).await;
    let verifier = server.verifier();
    let token = old.sign(&server.claims());
    for _ in 0..2 {
        assert_eq!(verifier.verify(&token, NOW).await.unwrap().user_id.to_string(), USER);
    }
    let (head, signature) = token.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", signature.chars().rev().collect::<String>());
    assert!(matches!(verifier.verify(&forged, NOW).await, Err(Invalid::Refused(_))));

    // Its key was taken back: known for ten minutes, then no longer.
    *server.keys.lock().unwrap() = vec![new.public.clone()];
    assert!(verifier.verify(&token, NOW + 599).await.is_ok());
    assert!(matches!(verifier.verify(&token, NOW + 600).await, Err(Invalid::Refused(_))));
    let other = new.sign(&server.claims());
    assert!(verifier.verify(&other, NOW + 601).await.is_ok());
    assert!(matches!(verifier.verify(&token, NOW + 601).await, Err(Invalid::Refused(_))));

    let brief = new.sign(&with(&server.claims(), "exp", json!(NOW + 700)));
    assert!(verifier.verify(&brief, NOW + 700).await.is_ok());
    assert!(matches!(verifier.verify(&brief, NOW + 710).await, Err(Invalid::Expired)));
}

#[tokio::test]
async fn keys_are_fetched_once_and_again_after_ten_minutes() {
    let key = Key::es256("k-1", 7);
    let server = KeyServer::start(vec![key.public.clone()]).await;
    let verifier = server.verifier();
    let token = key.sign(&server.claims());
    for now in [NOW, NOW + 1, NOW + 599] {
        verifier.verify(&token, now).await.unwrap();
    }
    assert_eq!(server.asked(), 1);
    verifier.verify(&token, NOW + 600).await.unwrap();
    assert_eq!(server.asked(), 2);
}

#[tokio::test]
async fn a_new_key_is_found_and_unknown_ids_do_not_hammer_the_key_server() {
    let (old, new) = (Key::es256("old", 7), Key::es256("new", 8));
    let server = KeyServer::start(vec![old.public.clone()]).await;
    let verifier = server.verifier();
    verifier.verify(&old.sign(&server.claims()), NOW).await.unwrap();

    let forged = Key::es256("forged", 9).sign(&server.claims());
    for _ in 0..100 {
        assert!(verifier.verify(&forged, NOW + 1).await.is_err());
    }
    assert_eq!(server.asked(), 1, "not asked again within 30 s");

    server.keys.lock().unwrap().push(new.public.clone());
    let token = new.sign(&server.claims());
    verifier.verify(&token, NOW + 31).await.unwrap();
    assert_eq!(server.asked(), 2);
}

#[tokio::test]
async fn a_key_server_that_is_down_is_not_the_callers_fault_and_known_keys_go_on() {
    let key = Key::es256("k-1", 7);
    let server = KeyServer::start(vec![key.public.clone()]).await;
    let verifier = server.verifier();
    let token = key.sign(&server.claims());
    server.down.store(true, Ordering::SeqCst);
    assert!(matches!(verifier.verify(&token, NOW).await, Err(Invalid::KeysUnavailable(_))));
    server.down.store(false, Ordering::SeqCst);
    verifier.verify(&token, NOW + 1).await.unwrap();
    server.down.store(true, Ordering::SeqCst);
    verifier.verify(&token, NOW + 700).await.unwrap();
}

#[tokio::test]
async fn a_token_never_shows_in_debug_output() {
    let key = Key::es256("k-1", 7);
    let server = KeyServer::start(vec![key.public.clone()]).await;
    let token = key.sign(&server.claims());
    let subject = server.verifier().verify(&token, NOW).await.unwrap();
    assert!(!format!("{subject:?}").contains(&token));
}

#[tokio::test]
async fn a_key_server_that_does_not_answer_is_not_waited_for() {
    // Takes connections and never says a word.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer: Url = format!("http://{}/auth/v1", silent.local_addr().unwrap()).parse().unwrap();
    let at_once: Timer = Arc::new(|_| Box::pin(async {}));
    let verifier = Verifier::new(&issuer, None, reqwest::Client::new(), at_once);
    let claims = json!({
        "iss": issuer, "aud": "authenticated", "sub": USER, "exp": NOW + 60, "role": "authenticated",
    });
    let token = Key::es256("k-1", 7).sign(&claims);
    let answer = verifier.verify(&token, NOW).await;
    assert!(matches!(answer, Err(Invalid::KeysUnavailable(_))), "{answer:?}");
}
