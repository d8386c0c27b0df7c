//! Access tokens: those of the Auth server (HS256, few claims) become those of a hosted project
//! (ES256, all claims), and the other way round for what the Auth and Storage servers receive.
//!
//! Claims after <https://supabase.com/docs/guides/auth/jwt-fields>.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use p256::elliptic_curve::sec1::ToEncodedPoint as _;
use p256::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use serde_json::{Map, Value, json};

use crate::Error;
use crate::secrets::Secrets;

/// The claims of a token.
pub(crate) type Claims = Map<String, Value>;

/// Why a token is refused. The text is Auth's own.
#[derive(Debug, thiserror::Error)]
#[error("invalid JWT: unable to parse or verify signature, {0}")]
pub(crate) struct BadToken(#[from] jsonwebtoken::errors::Error);

/// The keys of a project, ready to sign and verify.
pub(crate) struct Tokens {
    issuer: String,
    key_id: String,
    signing: EncodingKey,
    verifying: DecodingKey,
    legacy_signing: EncodingKey,
    legacy_verifying: DecodingKey,
    /// The public half of the signing key.
    jwk: Value,
    jwt_secret: String,
}

impl Tokens {
    /// Reads the keys. `supabase_url` is the project's origin.
    pub(crate) fn new(secrets: &Secrets, supabase_url: &str) -> Result<Self, Error> {
        let keys = |error: &dyn std::fmt::Display| Error::Keys(error.to_string());
        let private =
            p256::SecretKey::from_pkcs8_pem(&secrets.signing_key).map_err(|error| keys(&error))?;
        let der = private.to_pkcs8_der().map_err(|error| keys(&error))?;
        let point = private.public_key().to_encoded_point(false);
        let coordinate = |bytes: Option<&p256::FieldBytes>| {
            bytes
                .map(|bytes| URL_SAFE_NO_PAD.encode(bytes))
                .ok_or_else(|| Error::Keys("no public key".into()))
        };
        let (x, y) = (coordinate(point.x())?, coordinate(point.y())?);
        Ok(Self {
            issuer: format!("{supabase_url}/auth/v1"),
            key_id: secrets.key_id.clone(),
            signing: EncodingKey::from_ec_der(der.as_bytes()),
            verifying: DecodingKey::from_ec_components(&x, &y).map_err(|error| keys(&error))?,
            legacy_signing: EncodingKey::from_secret(secrets.jwt_secret.as_bytes()),
            legacy_verifying: DecodingKey::from_secret(secrets.jwt_secret.as_bytes()),
            jwk: json!({
                "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "key_ops": ["verify"],
                "kid": secrets.key_id, "x": x, "y": y, "ext": true,
            }),
            jwt_secret: secrets.jwt_secret.clone(),
        })
    }

    /// What anybody may know: the public key.
    pub(crate) fn public_jwks(&self) -> Value {
        json!({ "keys": [self.jwk] })
    }

    /// What PostgREST verifies with: the public key and the legacy secret.
    pub(crate) fn verifier_jwks(&self) -> Value {
        let secret = json!({
            "kty": "oct", "alg": "HS256", "k": URL_SAFE_NO_PAD.encode(self.jwt_secret.as_bytes()),
        });
        json!({ "keys": [self.jwk, secret] })
    }

    /// A legacy API key: a JWT that only names a role, valid for ten years like those of projects.
    pub(crate) fn legacy_key(&self, role: &str, issued_at: i64) -> Result<String, Error> {
        let ten_years = 10 * 365 * 24 * 3600;
        let claims = json!({ "iss": "supabase", "ref": "local", "role": role, "iat": issued_at, "exp": issued_at + ten_years });
        encode(&Header::new(Algorithm::HS256), &claims, &self.legacy_signing)
            .map_err(|error| Error::Keys(error.to_string()))
    }

    /// Claims of a legacy API key of this project. The tokens of people, signed by ES256, are none, and
    /// are not verified to learn that.
    pub(crate) fn verify_legacy_key(&self, key: &str) -> Option<Claims> {
        let algorithm = jsonwebtoken::decode_header(key).ok()?.alg;
        (algorithm == Algorithm::HS256).then(|| self.verify(key).ok()).flatten()
    }

    /// Claims of a token signed by this project, ES256 or legacy HS256, that has not expired.
    pub(crate) fn verify(&self, token: &str) -> Result<Claims, BadToken> {
        let header = jsonwebtoken::decode_header(token)?;
        // The header only chooses between two keys that each belong to one algorithm, so it cannot
        // make a public key serve as a shared secret.
        let (algorithm, key) = match header.alg {
            Algorithm::ES256 => (Algorithm::ES256, &self.verifying),
            _ => (Algorithm::HS256, &self.legacy_verifying),
        };
        let mut validation = Validation::new(algorithm);
        validation.validate_aud = false;
        validation.validate_nbf = true;
        validation.leeway = 0;
        Ok(decode::<Claims>(token, key, &validation)?.claims)
    }

    /// Turns verified claims into a token that the Auth and Storage servers understand.
    pub(crate) fn sign_for_servers(&self, claims: &Claims) -> Result<String, BadToken> {
        Ok(encode(&Header::new(Algorithm::HS256), claims, &self.legacy_signing)?)
    }

    /// Turns an access token of the Auth server into that of a hosted project. `user` is the user
    /// as the server answered it, `method` how they signed in.
    pub(crate) fn sign_for_clients(
        &self,
        token: &str,
        user: &Value,
        method: &str,
    ) -> Result<String, BadToken> {
        let claims = self.verify(token)?;
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(self.key_id.clone());
        Ok(encode(&header, &self.hosted_claims(claims, user, method), &self.signing)?)
    }

    fn hosted_claims(&self, claims: Claims, user: &Value, method: &str) -> Claims {
        let field = |name: &str| user.get(name).filter(|value| !value.is_null()).cloned();
        let issued_at = claims.get("iat").cloned().unwrap_or(Value::Null);
        let mut hosted = Claims::new();
        hosted.insert("iss".into(), json!(self.issuer));
        hosted.insert("email".into(), field("email").unwrap_or_else(|| json!("")));
        hosted.insert("phone".into(), field("phone").unwrap_or_else(|| json!("")));
        hosted.insert("app_metadata".into(), field("app_metadata").unwrap_or_else(|| json!({})));
        hosted.insert("user_metadata".into(), field("user_metadata").unwrap_or_else(|| json!({})));
        hosted.insert("role".into(), field("role").unwrap_or_else(|| json!("authenticated")));
        hosted.insert("aal".into(), json!("aal1"));
        hosted.insert("amr".into(), json!([{ "method": method, "timestamp": issued_at }]));
        hosted.insert("is_anonymous".into(), field("is_anonymous").unwrap_or(Value::Bool(false)));
        for name in ["sub", "aud", "exp", "iat", "session_id"] {
            if let Some(value) = claims.get(name) {
                hosted.insert(name.into(), value.clone());
            }
        }
        hosted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: i64 = 9_999_999_999;

    fn tokens() -> Tokens {
        Tokens::new(&Secrets::generate().unwrap(), "http://127.0.0.1:54321").unwrap()
    }

    fn claims(value: Value) -> Claims {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_token_for_clients_is_es256_and_has_the_claims_of_a_hosted_project() {
        let tokens = tokens();
        let inner = tokens
            .sign_for_servers(&claims(json!({
                "sub": "u1", "aud": "authenticated", "role": "authenticated", "session_id": "s1", "iat": 5, "exp": NEVER,
            })))
            .unwrap();
        let user = json!({
            "email": "a@b.c", "phone": "", "role": "authenticated", "app_metadata": {"provider": "email"},
            "user_metadata": {"full_name": "A"}, "is_anonymous": false,
        });
        let outer = tokens.sign_for_clients(&inner, &user, "password").unwrap();
        let header = jsonwebtoken::decode_header(&outer).unwrap();
        assert_eq!(header.alg, Algorithm::ES256);
        assert_eq!(header.kid.as_deref(), tokens.public_jwks()["keys"][0]["kid"].as_str());
        assert_eq!(
            Value::Object(tokens.verify(&outer).unwrap()),
            json!({
                "iss": "http://127.0.0.1:54321/auth/v1", "sub": "u1", "aud": "authenticated", "role": "authenticated",
                "email": "a@b.c", "phone": "", "app_metadata": {"provider": "email"},
                "user_metadata": {"full_name": "A"}, "aal": "aal1",
                "amr": [{"method": "password", "timestamp": 5}], "session_id": "s1", "is_anonymous": false,
                "iat": 5, "exp": NEVER,
            })
        );
    }

    #[test]
    fn tokens_of_another_key_expired_unsigned_or_of_a_confused_algorithm_are_refused() {
        let tokens = tokens();
        let foreign = super::tests::tokens();
        let good = claims(json!({ "sub": "u1", "role": "service_role", "exp": NEVER }));
        assert!(tokens.verify(&foreign.sign_for_servers(&good).unwrap()).is_err());
        let es256 = encode(&Header::new(Algorithm::ES256), &good, &foreign.signing).unwrap();
        assert!(tokens.verify(&es256).is_err());
        let old = claims(json!({ "sub": "u1", "exp": 1 }));
        assert!(tokens.verify(&tokens.sign_for_servers(&old).unwrap()).is_err());
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let unsigned =
            format!("{}.{}.", part(json!({"alg": "none", "typ": "JWT"})), part(json!(good)));
        assert!(tokens.verify(&unsigned).is_err());
        let public = tokens.jwk["x"].as_str().unwrap();
        let confused = encode(
            &Header::new(Algorithm::HS256),
            &good,
            &EncodingKey::from_secret(public.as_bytes()),
        )
        .unwrap();
        assert!(tokens.verify(&confused).is_err());
        assert!(tokens.verify("garbage").is_err());
    }

    #[test]
    fn the_public_key_set_holds_nothing_secret() {
        let tokens = tokens();
        let public = tokens.public_jwks().to_string();
        assert!(!public.contains("\"d\"") && !public.contains("oct"));
        assert!(tokens.verifier_jwks().to_string().contains("oct"));
    }

    #[test]
    fn a_legacy_key_names_its_role() {
        let tokens = tokens();
        let key = tokens.legacy_key("anon", 1_700_000_000).unwrap();
        assert_eq!(tokens.verify(&key).unwrap()["role"], "anon");
    }
}
