//! The keys and passwords of a local project: made once, kept in `.griot/keys.json` (mode 600).

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::elliptic_curve::rand_core::{OsRng, RngCore as _};
use p256::pkcs8::{EncodePrivateKey as _, LineEnding};
use serde::{Deserialize, Serialize};

use crate::{Error, place};

/// Everything secret of one stack.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Secrets {
    /// The private key access tokens are signed with, PKCS #8 in PEM.
    pub(crate) signing_key: String,
    /// The id of that key in the JWKS and in the tokens' headers.
    pub(crate) key_id: String,
    /// The shared secret of legacy HS256 tokens and keys.
    pub(crate) jwt_secret: String,
    pub(crate) publishable_key: String,
    pub(crate) secret_key: String,
    pub(crate) database_password: String,
    pub(crate) authenticator_password: String,
    pub(crate) admin_password: String,
    pub(crate) tutor_password: String,
    pub(crate) student_password: String,
    /// When they were made, seconds since 1970.
    pub(crate) created_at: i64,
}

impl Secrets {
    /// Reads them, or makes them at the first start.
    pub(crate) fn load(path: &Path) -> Result<Self, Error> {
        match std::fs::read(path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| Error::Damaged {
                path: path.to_owned(),
                reason: error.to_string(),
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let secrets = Self::generate()?;
                let text = serde_json::to_vec_pretty(&secrets)
                    .map_err(|error| Error::Keys(error.to_string()))?;
                place::write_secret(path, &text)?;
                Ok(secrets)
            }
            Err(source) => Err(Error::File { path: path.to_owned(), source }),
        }
    }

    pub(crate) fn generate() -> Result<Self, Error> {
        let key = p256::SecretKey::random(&mut OsRng);
        let pem =
            key.to_pkcs8_pem(LineEnding::LF).map_err(|error| Error::Keys(error.to_string()))?;
        Ok(Self {
            signing_key: pem.to_string(),
            key_id: uuid::Uuid::new_v4().to_string(),
            jwt_secret: random(),
            publishable_key: format!("sb_publishable_{}", random()),
            secret_key: format!("sb_secret_{}", random()),
            database_password: random(),
            authenticator_password: random(),
            admin_password: random(),
            tutor_password: random(),
            student_password: random(),
            created_at: time::OffsetDateTime::now_utc().unix_timestamp(),
        })
    }
}

/// 32 random bytes as text that needs no quoting in a URL, a shell or SQL.
fn random() -> String {
    let mut bytes = [0_u8; 32];
    OsRng.fill_bytes(&mut bytes);
    // `-` and `_` are left out so that nothing mistakes a value for an option.
    URL_SAFE_NO_PAD.encode(bytes).replace(['-', '_'], "x")
}
