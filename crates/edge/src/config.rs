//! The configuration, read once and checked before the first request is served.

use url::Url;

/// What the deployment says. Names and meaning are listed in `.dev.vars.example`.
#[derive(Clone)]
pub struct Config {
    /// `SUPABASE_URL`: the project's origin.
    pub supabase_url: Url,
    /// `SUPABASE_PUBLISHABLE_KEY` (or the older `SUPABASE_ANON_KEY`).
    pub publishable_key: String,
    /// `SUPABASE_SECRET_KEY`: only for work without a user.
    pub secret_key: Option<String>,
    /// `SUPABASE_JWT_ISSUER`: who signs the access tokens; `<SUPABASE_URL>/auth/v1` unless the
    /// project is reached through a custom domain.
    pub jwt_issuer: Url,
    /// `SUPABASE_JWT_SECRET`: the legacy HS256 secret, where a project still signs with it.
    pub jwt_secret: Option<String>,
    /// `ALLOWED_ORIGINS`: the front ends that may call from a browser, separated by commas.
    pub allowed_origins: Vec<String>,
    /// `OPENAI_API_KEY`: without it the embedded engine writes the questions.
    pub openai_api_key: Option<String>,
    /// `OPENAI_BASE_URL`: `https://api.openai.com/v1`, or a compatible server.
    pub openai_base_url: Url,
    /// `OPENAI_MODEL`.
    pub openai_model: String,
    /// `SENTRY_DSN`: where faults of ours are reported; without it they are only in the log.
    pub sentry: Option<Dsn>,
    /// `ENVIRONMENT`: `local`, `staging` or `production`, as reports name it.
    pub environment: String,
    /// What messages to people need.
    pub messages: Messages,
}

/// Messages to people: who sends them, and the secrets of those who tell us of them. What is not
/// set is not used: messages of a channel without its key wait, a hook without its secret is shut.
#[derive(Clone)]
pub struct Messages {
    /// `ACADEMY_NAME`: who writes, as recipients know them.
    pub academy_name: String,
    /// `WHAPI_TOKEN`: without it WhatsApp messages stay in the outbox.
    pub whapi_token: Option<String>,
    /// `WHAPI_BASE_URL`.
    pub whapi_base_url: String,
    /// `RESEND_API_KEY`: without it, or without a sender, e-mails stay in the outbox.
    pub resend_api_key: Option<String>,
    /// `RESEND_BASE_URL`.
    pub resend_base_url: String,
    /// `EMAIL_FROM`: the sender, `Académie <bonjour@example.org>`.
    pub email_from: Option<String>,
    /// `WEBHOOK_SECRET`: what the database says in `x-webhook-secret`.
    pub webhook_secret: Option<String>,
    /// `WHAPI_WEBHOOK_SECRET`: what Whapi says there.
    pub whapi_webhook_secret: Option<String>,
    /// `AUTH_HOOK_SECRET`: what Supabase Auth signs with, `v1,whsec_…`; two while one replaces the
    /// other, separated by `|`.
    pub auth_hook_secret: Option<String>,
}

/// Where a Sentry-compatible server takes reports: a DSN, `https://<key>@<host>/<project>`
/// (<https://develop.sentry.dev/sdk/foundations/envelopes/>), taken apart.
#[derive(Clone, PartialEq, Eq)]
pub struct Dsn {
    /// The address envelopes are posted to.
    pub envelopes: Url,
    /// The public key, sent with each report.
    pub key: String,
}

impl Dsn {
    fn parse(text: &str) -> Option<Self> {
        let mut url = Url::parse(text).ok()?;
        let key = url.username().to_owned();
        let (folder, project) = url.path().rsplit_once('/')?;
        let usable = matches!(url.scheme(), "https" | "http") && url.has_host();
        if !usable || key.is_empty() || project.is_empty() {
            return None;
        }
        let path = format!("{folder}/api/{project}/envelope/");
        url.set_username("").ok()?;
        url.set_password(None).ok()?;
        url.set_path(&path);
        Some(Self { envelopes: url, key })
    }
}

impl std::fmt::Debug for Dsn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Whoever has the key may fill the project with reports.
        f.debug_struct("Dsn").field("envelopes", &self.envelopes.as_str()).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Secrets stay out of every log, so this is written by hand.
        f.debug_struct("Config")
            .field("supabase_url", &self.supabase_url.as_str())
            .field("allowed_origins", &self.allowed_origins)
            .field("openai", &self.openai_api_key.is_some())
            .finish_non_exhaustive()
    }
}

/// A variable that is missing or wrong. Names it, never its value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The variable must be set.
    #[error("{0} is not set; see .dev.vars.example")]
    Missing(&'static str),
    /// The variable must be an absolute http(s) address.
    #[error("{0} is not an absolute http(s) address")]
    NotAnAddress(&'static str),
    /// The variable must be a Sentry DSN.
    #[error("{0} is not of the form https://<key>@<host>/<project>")]
    NotADsn(&'static str),
}

impl Config {
    /// Reads the configuration through `get`, which gives the value of a variable or secret.
    /// An empty value counts as unset.
    ///
    /// # Errors
    /// The first variable that is missing or wrong.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let get = |name: &str| {
            get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
        };
        let address = |name: &'static str, value: &str| {
            Url::parse(value)
                .ok()
                .filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
                .ok_or(ConfigError::NotAnAddress(name))
        };
        let supabase_url = get("SUPABASE_URL").ok_or(ConfigError::Missing("SUPABASE_URL"))?;
        let openai_base_url =
            get("OPENAI_BASE_URL").unwrap_or_else(|| "https://api.openai.com/v1".into());
        let jwt_issuer = get("SUPABASE_JWT_ISSUER")
            .unwrap_or_else(|| format!("{}/auth/v1", supabase_url.trim_end_matches('/')));
        Ok(Self {
            supabase_url: address("SUPABASE_URL", &supabase_url)?,
            jwt_issuer: address("SUPABASE_JWT_ISSUER", &jwt_issuer)?,
            publishable_key: get("SUPABASE_PUBLISHABLE_KEY")
                .or_else(|| get("SUPABASE_ANON_KEY"))
                .ok_or(ConfigError::Missing("SUPABASE_PUBLISHABLE_KEY"))?,
            secret_key: get("SUPABASE_SECRET_KEY"),
            jwt_secret: get("SUPABASE_JWT_SECRET"),
            allowed_origins: get("ALLOWED_ORIGINS")
                .unwrap_or_default()
                .split(',')
                .map(|origin| origin.trim().trim_end_matches('/').to_owned())
                .filter(|origin| !origin.is_empty())
                .collect(),
            openai_api_key: get("OPENAI_API_KEY"),
            openai_base_url: address("OPENAI_BASE_URL", &openai_base_url)?,
            openai_model: get("OPENAI_MODEL").unwrap_or_else(|| "gpt-4o".into()),
            sentry: get("SENTRY_DSN")
                .map(|dsn| Dsn::parse(&dsn).ok_or(ConfigError::NotADsn("SENTRY_DSN")))
                .transpose()?,
            environment: get("ENVIRONMENT").unwrap_or_else(|| "local".into()),
            messages: Messages {
                academy_name: get("ACADEMY_NAME").unwrap_or_else(|| "Griot".into()),
                whapi_token: get("WHAPI_TOKEN"),
                whapi_base_url: get("WHAPI_BASE_URL")
                    .unwrap_or_else(|| "https://gate.whapi.cloud".into()),
                resend_api_key: get("RESEND_API_KEY"),
                resend_base_url: get("RESEND_BASE_URL")
                    .unwrap_or_else(|| "https://api.resend.com".into()),
                email_from: get("EMAIL_FROM"),
                webhook_secret: get("WEBHOOK_SECRET"),
                whapi_webhook_secret: get("WHAPI_WEBHOOK_SECRET"),
                auth_hook_secret: get("AUTH_HOOK_SECRET"),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::read(|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    const PROJECT: (&str, &str) = ("SUPABASE_URL", "https://abc.supabase.co");
    const KEY: (&str, &str) = ("SUPABASE_PUBLISHABLE_KEY", "sb_publishable_x");

    #[test]
    fn a_missing_variable_is_named() {
        assert_eq!(read(&[KEY]).unwrap_err(), ConfigError::Missing("SUPABASE_URL"));
        assert_eq!(
            read(&[PROJECT, ("SUPABASE_PUBLISHABLE_KEY", " ")]).unwrap_err(),
            ConfigError::Missing("SUPABASE_PUBLISHABLE_KEY")
        );
        assert_eq!(
            read(&[("SUPABASE_URL", "abc.supabase.co"), KEY]).unwrap_err(),
            ConfigError::NotAnAddress("SUPABASE_URL")
        );
    }

    #[test]
    fn origins_are_a_list_and_the_model_has_a_default() {
        let config =
            read(&[PROJECT, KEY, ("ALLOWED_ORIGINS", "https://a.ga/, http://localhost:3000")])
                .unwrap();
        assert_eq!(config.allowed_origins, ["https://a.ga", "http://localhost:3000"]);
        assert_eq!(config.openai_model, "gpt-4o");
    }

    #[test]
    fn debug_output_holds_no_secret() {
        let config = read(&[
            PROJECT,
            KEY,
            ("SUPABASE_SECRET_KEY", "sb_secret_y"),
            ("OPENAI_API_KEY", "sk-z"),
            ("SENTRY_DSN", "https://0a1b@errors.example/42"),
        ])
        .unwrap();
        let text = format!("{config:?} {:?}", config.sentry);
        for secret in ["sb_publishable_x", "sb_secret_y", "sk-z", "0a1b"] {
            assert!(!text.contains(secret), "{text}");
        }
    }

    #[test]
    fn a_dsn_gives_the_address_of_envelopes() {
        let dsn = |text: &str| {
            read(&[PROJECT, KEY, ("SENTRY_DSN", text)]).map(|config| config.sentry.unwrap())
        };
        let plain = dsn("https://0a1b@errors.example/42").unwrap();
        assert_eq!(plain.envelopes.as_str(), "https://errors.example/api/42/envelope/");
        assert_eq!(plain.key, "0a1b");
        let below = dsn("http://k:secret@127.0.0.1:9000/sentry/7").unwrap();
        assert_eq!(below.envelopes.as_str(), "http://127.0.0.1:9000/sentry/api/7/envelope/");
        for wrong in ["errors.example", "https://errors.example/42", "https://k@errors.example/"] {
            assert_eq!(dsn(wrong).unwrap_err(), ConfigError::NotADsn("SENTRY_DSN"), "{wrong}");
        }
    }
}
