//! With the RustCrypto crates.

use super::{Jwk, Material};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use p256::EncodedPoint;
use p256::ecdsa::{Signature, VerifyingKey};
use rsa::{BigUint, Pkcs1v15Sign, RsaPublicKey};
use sha2::{Digest, Sha256};
use signature::Verifier;

/// A key that signatures are verified with.
pub(crate) enum PublicKey {
    Es256(VerifyingKey),
    Rs256(RsaPublicKey),
}

impl PublicKey {
    /// `None` where it is of a kind that is not used, or none at all.
    pub(crate) async fn read(jwk: &Jwk) -> Option<Self> {
        let bytes = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
        match &jwk.material {
            Material::EllipticCurve { crv, x, y } if crv == "P-256" => {
                let x: [u8; 32] = bytes(x)?.try_into().ok()?;
                let y: [u8; 32] = bytes(y)?.try_into().ok()?;
                let point = EncodedPoint::from_affine_coordinates(&x.into(), &y.into(), false);
                Some(Self::Es256(VerifyingKey::from_encoded_point(&point).ok()?))
            }
            Material::EllipticCurve { .. } => None,
            Material::Rsa { n, e } => {
                let number = |part: &str| Some(BigUint::from_bytes_be(&bytes(part)?));
                Some(Self::Rs256(RsaPublicKey::new(number(n)?, number(e)?).ok()?))
            }
        }
    }

    /// The one algorithm that it may be used with.
    pub(crate) fn algorithm(&self) -> Algorithm {
        match self {
            Self::Es256(_) => Algorithm::ES256,
            Self::Rs256(_) => Algorithm::RS256,
        }
    }

    /// Whether `signature` is that of `message`.
    pub(crate) async fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Es256(key) => Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            Self::Rs256(key) => {
                let scheme = Pkcs1v15Sign::new::<Sha256>();
                key.verify(scheme, &Sha256::digest(message), signature).is_ok()
            }
        }
    }
}
