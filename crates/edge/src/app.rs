//! The state every handler sees.

use crate::{Config, Platform};
use std::sync::Arc;
use supabase::{Project, Verifier};

/// Configuration, project, keys and platform: one per isolate, shared by its requests.
#[derive(Clone)]
pub struct App(Arc<Parts>);

struct Parts {
    config: Config,
    project: Project,
    verifier: Verifier,
    http: reqwest::Client,
    platform: Box<dyn Platform>,
}

impl App {
    /// The application on this platform.
    pub fn new(config: Config, platform: Box<dyn Platform>) -> Self {
        let http = reqwest::Client::new();
        Self(Arc::new(Parts {
            project: Project::new(
                config.supabase_url.clone(),
                config.publishable_key.clone(),
                config.secret_key.clone(),
                http.clone(),
            ),
            verifier: Verifier::new(
                &config.supabase_url,
                config.jwt_secret.as_deref(),
                http.clone(),
            ),
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

    /// Clock, log, timers, PDF module.
    pub fn platform(&self) -> &dyn Platform {
        self.0.platform.as_ref()
    }
}
