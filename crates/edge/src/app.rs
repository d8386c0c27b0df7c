//! The state every handler sees.

use crate::{Config, Platform};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use supabase::{Project, Timer, Verifier};

/// Configuration, project, keys and platform: one per isolate, shared by its requests.
#[derive(Clone)]
pub struct App(Arc<Parts>);

struct Parts {
    config: Config,
    project: Project,
    verifier: Verifier,
    http: reqwest::Client,
    platform: Arc<dyn Platform>,
    pdf_bytes: AtomicU64,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("config", &self.0.config).finish_non_exhaustive()
    }
}

impl App {
    /// The application on this platform.
    pub fn new(config: Config, platform: Box<dyn Platform>) -> Self {
        let http = reqwest::Client::new();
        let platform: Arc<dyn Platform> = platform.into();
        let clock = platform.clone();
        let timer: Timer = Arc::new(move |duration| clock.sleep(duration));
        Self(Arc::new(Parts {
            project: Project::new(
                config.supabase_url.clone(),
                config.publishable_key.clone(),
                config.secret_key.clone(),
                http.clone(),
                timer.clone(),
            ),
            verifier: Verifier::new(
                &config.jwt_issuer,
                config.jwt_secret.as_deref(),
                http.clone(),
                timer,
            ),
            pdf_bytes: AtomicU64::new(0),
            config,
            http,
            platform,
        }))
    }

    /// What the deployment says.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The Supabase project.
    pub fn project(&self) -> &Project {
        &self.0.project
    }

    /// Verifies access tokens of the project.
    pub fn verifier(&self) -> &Verifier {
        &self.0.verifier
    }

    /// The HTTP client for outside providers.
    pub fn http(&self) -> &reqwest::Client {
        &self.0.http
    }

    /// Clock, log, timers, document module.
    pub fn platform(&self) -> &dyn Platform {
        self.0.platform.as_ref()
    }

    /// Bytes of PDFs that the requests of this isolate hold right now.
    pub fn pdf_bytes(&self) -> &AtomicU64 {
        &self.0.pdf_bytes
    }
}
