//! With the Web Cryptography API (<https://www.w3.org/TR/webcrypto-2/>).

use super::{Jwk, Material};
use js_sys::{JSON, Promise};
use jsonwebtoken::Algorithm;
use send_wrapper::SendWrapper;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], js_name = importKey, catch)]
    fn import_key(
        format: &str,
        key: &JsValue,
        algorithm: &JsValue,
        extractable: bool,
        uses: &JsValue,
    ) -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], catch)]
    fn verify(
        algorithm: &JsValue,
        key: &JsValue,
        signature: &[u8],
        message: &[u8],
    ) -> Result<Promise, JsValue>;
}

/// A key that signatures are verified with.
pub(crate) struct PublicKey {
    name: Algorithm,
    /// With its parameters, as the API wants it at each call.
    algorithm: SendWrapper<JsValue>,
    key: SendWrapper<JsValue>,
}

impl PublicKey {
    /// `None` where it is of a kind that is not used, or none at all.
    pub(crate) async fn read(jwk: &Jwk) -> Option<Self> {
        let (name, algorithm) = match &jwk.material {
            Material::EllipticCurve { crv, .. } if crv == "P-256" => {
                (Algorithm::ES256, r#"{"name":"ECDSA","namedCurve":"P-256","hash":"SHA-256"}"#)
            }
            Material::EllipticCurve { .. } => return None,
            Material::Rsa { .. } => {
                (Algorithm::RS256, r#"{"name":"RSASSA-PKCS1-v1_5","hash":"SHA-256"}"#)
            }
        };
        let algorithm = JSON::parse(algorithm).ok()?;
        let material = JSON::parse(&serde_json::to_string(&jwk.material).ok()?).ok()?;
        let uses = JSON::parse(r#"["verify"]"#).ok()?;
        let imported = import_key("jwk", &material, &algorithm, false, &uses).ok()?;
        let key = JsFuture::from(imported).await.ok()?;
        Some(Self { name, algorithm: SendWrapper::new(algorithm), key: SendWrapper::new(key) })
    }

    /// The one algorithm that it may be used with.
    pub(crate) fn algorithm(&self) -> Algorithm {
        self.name
    }

    /// Whether `signature` is that of `message`.
    pub(crate) async fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match verify(&self.algorithm, &self.key, signature, message) {
            // What is no signature at all is refused without an exception.
            Ok(verified) => JsFuture::from(verified).await.is_ok_and(|answer| answer.is_truthy()),
            Err(_) => false,
        }
    }
}
