//! Standard Webhooks (<https://www.standardwebhooks.com>): HMAC-SHA256 over id, time and body.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use http::HeaderMap;
use sha2::Sha256;

/// Seconds a call may be old, or ahead of us.
const TOLERANCE_SECONDS: u64 = 300;
const ID_MAX_BYTES: usize = 200;

/// The three headers of a signed call.
#[derive(Clone, Copy)]
pub(super) struct Signed<'a> {
    pub(super) id: &'a str,
    timestamp: &'a str,
    signatures: &'a str,
}

impl<'a> Signed<'a> {
    /// Reads them; `None` where one is missing or cannot be one.
    pub(super) fn read(headers: &'a HeaderMap) -> Option<Self> {
        let header = |name: &str| headers.get(name)?.to_str().ok();
        let id = header("webhook-id").filter(|id| (1..=ID_MAX_BYTES).contains(&id.len()))?;
        Some(Self {
            id,
            timestamp: header("webhook-timestamp")?,
            signatures: header("webhook-signature")?,
        })
    }

    /// Whether one of the signatures was made with one of the secrets, not long ago.
    ///
    /// `secrets` as Supabase shows them: `v1,whsec_<base64>`, several separated by `|`. Signatures are
    /// separated by spaces, by Supabase Auth by `, `.
    pub(super) fn verify(self, secrets: &str, body: &[u8], now: u64) -> Result<(), &'static str> {
        let sent: u64 = self.timestamp.parse().map_err(|_| "the timestamp is no number")?;
        if sent.abs_diff(now) > TOLERANCE_SECONDS {
            return Err("the timestamp is too far from now");
        }
        let signatures: Vec<Vec<u8>> = self
            .signatures
            .split(' ')
            .filter_map(|one| one.trim_end_matches(',').strip_prefix("v1,"))
            .filter_map(|one| STANDARD.decode(one).ok())
            .collect();
        for secret in secrets.split('|').map(str::trim) {
            let secret = secret.strip_prefix("v1,").unwrap_or(secret);
            let secret = secret.strip_prefix("whsec_").unwrap_or(secret);
            let Ok(key) = STANDARD.decode(secret) else { continue };
            if key.is_empty() {
                continue;
            }
            let Ok(mac) = Hmac::<Sha256>::new_from_slice(&key) else { continue };
            let mac = mac
                .chain_update(self.id)
                .chain_update(".")
                .chain_update(self.timestamp)
                .chain_update(".")
                .chain_update(body);
            // Compares in constant time.
            if signatures.iter().any(|signature| mac.clone().verify_slice(signature).is_ok()) {
                return Ok(());
            }
        }
        Err("no signature fits")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const SECRET: &str = "v1,whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    const NOW: u64 = 1_800_000_000;

    fn sign(secret: &str, id: &str, at: u64, body: &str) -> String {
        let key = STANDARD.decode(secret.trim_start_matches("v1,whsec_")).unwrap();
        let mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        let mac = mac.chain_update(format!("{id}.{at}.{body}")).finalize();
        format!("v1,{}", STANDARD.encode(mac.into_bytes()))
    }

    fn verify(
        secrets: &str,
        id: &str,
        at: &str,
        signatures: &str,
        body: &str,
    ) -> Result<(), &'static str> {
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", id.parse().unwrap());
        headers.insert("webhook-timestamp", at.parse().unwrap());
        headers.insert("webhook-signature", signatures.parse().unwrap());
        Signed::read(&headers).unwrap().verify(secrets, body.as_bytes(), NOW)
    }

    #[test]
    fn one_signature_of_several_with_one_secret_of_several_is_enough() {
        let good = sign(SECRET, "msg_1", NOW, "{}");
        let other = sign("v1,whsec_b3RoZXI=", "msg_1", NOW, "{}");
        let now = NOW.to_string();
        for signatures in [
            good.clone(),
            format!("{other} {good}"),
            format!("{other}, {good}"),
            format!("{good}, {other}"),
            format!("v2,AAAA v1,!!! {good}"),
        ] {
            assert_eq!(verify(SECRET, "msg_1", &now, &signatures, "{}"), Ok(()), "{signatures}");
            let rotated = format!("v1,whsec_b2xk|{SECRET}");
            assert_eq!(verify(&rotated, "msg_1", &now, &signatures, "{}"), Ok(()));
        }
    }

    #[test]
    fn a_changed_part_an_old_call_or_no_signature_is_refused() {
        let good = sign(SECRET, "msg_1", NOW, "{}");
        let now = NOW.to_string();
        assert!(verify(SECRET, "msg_2", &now, &good, "{}").is_err());
        assert!(verify(SECRET, "msg_1", &now, &good, "{ }").is_err());
        assert!(verify(SECRET, "msg_1", &(NOW + 1).to_string(), &good, "{}").is_err());
        for nothing in ["", "v1,", "v1,AAAA", "nonsense", &good.replace("v1,", "v1a,")] {
            assert!(verify(SECRET, "msg_1", &now, nothing, "{}").is_err(), "{nothing}");
        }
        for (at, fits) in
            [(NOW - 300, true), (NOW + 300, true), (NOW - 301, false), (NOW + 301, false)]
        {
            let signature = sign(SECRET, "msg_1", at, "{}");
            let verified = verify(SECRET, "msg_1", &at.to_string(), &signature, "{}");
            assert_eq!(verified.is_ok(), fits, "{at}");
        }
        assert!(verify(SECRET, "msg_1", "soon", &good, "{}").is_err());
        // A secret that is empty or no base64 opens nothing.
        let empty = Hmac::<Sha256>::new_from_slice(b"").unwrap();
        let empty = empty.chain_update(format!("msg_1.{NOW}.{{}}")).finalize();
        let empty = format!("v1,{}", STANDARD.encode(empty.into_bytes()));
        for secrets in ["", "v1,whsec_", "|", "v1,whsec_!"] {
            assert!(verify(secrets, "msg_1", &now, &empty, "{}").is_err(), "{secrets}");
        }
    }

    /// The published vectors, where they are at hand.
    #[test]
    fn the_vectors_of_others_agree() {
        let path =
            concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/specs/signature-vectors.json");
        let Ok(text) = std::fs::read_to_string(path) else {
            eprintln!("not compared: signature-vectors.json is not here");
            return;
        };
        let all: Value = serde_json::from_str(&text).unwrap();
        let vector = &all["standard_webhooks"];
        let text = |name: &str| vector[name].as_str().unwrap();
        let at = vector["webhook-timestamp"].as_u64().unwrap();
        let timestamp = at.to_string();
        let signed = Signed {
            id: text("webhook-id"),
            timestamp: &timestamp,
            signatures: text("webhook-signature"),
        };
        assert_eq!(signed.verify(text("secret"), text("body").as_bytes(), at), Ok(()));
    }
}
