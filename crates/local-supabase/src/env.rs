//! What programs need to know to use a project: the variables of `.griot/stack.env`.

use std::collections::BTreeMap;
use std::path::Path;

use crate::{Error, place};

/// E-mail and password of one demo account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// E-mail.
    pub email: String,
    /// Password.
    pub password: String,
}

/// How to reach a project, local or hosted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackEnv {
    /// Origin of the project, without a slash at the end.
    pub supabase_url: String,
    /// `sb_publishable_…`: acts as `anon`.
    pub publishable_key: String,
    /// `sb_secret_…`: acts as `service_role`.
    pub secret_key: String,
    /// The older form of the publishable key, a JWT.
    pub anon_key: String,
    /// The older form of the secret key, a JWT.
    pub service_role_key: String,
    /// Where the functions answer, ending in `/api`.
    pub functions_url: String,
    /// The database as its owner, where it is known.
    pub database_url: Option<String>,
    /// An administrator.
    pub admin: Option<Account>,
    /// A tutor.
    pub tutor: Option<Account>,
    /// A student.
    pub student: Option<Account>,
}

impl StackEnv {
    /// The project that the environment names with `SUPABASE_URL`, if any: hosted, or run by Docker.
    ///
    /// `SUPABASE_PUBLISHABLE_KEY` falls back to `SUPABASE_ANON_KEY`, `SUPABASE_SECRET_KEY` to
    /// `SUPABASE_SERVICE_ROLE_KEY`.
    ///
    /// # Errors
    /// [`Error::Incomplete`] when the address is set and a key is not.
    pub fn from_environment() -> Result<Option<Self>, Error> {
        Self::from_variables(&std::env::vars().collect())
    }

    fn from_variables(variables: &BTreeMap<String, String>) -> Result<Option<Self>, Error> {
        let get = |name: &str| variables.get(name).filter(|value| !value.is_empty()).cloned();
        let Some(url) = get("SUPABASE_URL") else { return Ok(None) };
        let publishable = get("SUPABASE_PUBLISHABLE_KEY").or_else(|| get("SUPABASE_ANON_KEY"));
        let secret = get("SUPABASE_SECRET_KEY").or_else(|| get("SUPABASE_SERVICE_ROLE_KEY"));
        let publishable_key =
            publishable.ok_or(Error::Incomplete { variable: "SUPABASE_PUBLISHABLE_KEY" })?;
        let secret_key = secret.ok_or(Error::Incomplete { variable: "SUPABASE_SECRET_KEY" })?;
        let account = |who: &str| {
            Some(Account {
                email: get(&format!("{who}_EMAIL"))?,
                password: get(&format!("{who}_PASSWORD"))?,
            })
        };
        Ok(Some(Self {
            supabase_url: url.trim_end_matches('/').to_owned(),
            anon_key: get("SUPABASE_ANON_KEY").unwrap_or_else(|| publishable_key.clone()),
            service_role_key: get("SUPABASE_SERVICE_ROLE_KEY")
                .unwrap_or_else(|| secret_key.clone()),
            functions_url: get("FUNCTIONS_URL")
                .unwrap_or_else(|| "http://127.0.0.1:8787/api".into()),
            database_url: get("DATABASE_URL"),
            admin: account("ADMIN"),
            tutor: account("TUTOR"),
            student: account("STUDENT"),
            publishable_key,
            secret_key,
        }))
    }

    /// The variables and their values, in the order they are written in.
    #[must_use]
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let mut list = vec![
            ("SUPABASE_URL", self.supabase_url.clone()),
            ("SUPABASE_PUBLISHABLE_KEY", self.publishable_key.clone()),
            ("SUPABASE_SECRET_KEY", self.secret_key.clone()),
            ("SUPABASE_ANON_KEY", self.anon_key.clone()),
            ("SUPABASE_SERVICE_ROLE_KEY", self.service_role_key.clone()),
            ("FUNCTIONS_URL", self.functions_url.clone()),
        ];
        list.extend(self.database_url.clone().map(|url| ("DATABASE_URL", url)));
        for (email, password, account) in [
            ("ADMIN_EMAIL", "ADMIN_PASSWORD", &self.admin),
            ("TUTOR_EMAIL", "TUTOR_PASSWORD", &self.tutor),
            ("STUDENT_EMAIL", "STUDENT_PASSWORD", &self.student),
        ] {
            if let Some(account) = account {
                list.push((email, account.email.clone()));
                list.push((password, account.password.clone()));
            }
        }
        list
    }

    /// Writes them as `NAME=value` lines into a file that only its owner may read.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let text: String =
            self.variables().into_iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        place::write_secret(path, text.as_bytes())
    }

    /// Reads the file back.
    ///
    /// # Errors
    /// [`Error::File`] when it is not there, [`Error::Damaged`] when it lacks something.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(Error::file(path))?;
        let variables = text
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let damaged = |reason: String| Error::Damaged { path: path.to_owned(), reason };
        Self::from_variables(&variables)
            .map_err(|error| damaged(error.to_string()))?
            .ok_or_else(|| damaged("SUPABASE_URL is missing".into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(list: &[(&str, &str)]) -> BTreeMap<String, String> {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_project_of_ones_own_needs_its_keys() {
        let alone = variables(&[("SUPABASE_URL", "https://x.supabase.co/")]);
        assert!(matches!(
            StackEnv::from_variables(&alone),
            Err(Error::Incomplete { variable: "SUPABASE_PUBLISHABLE_KEY" })
        ));
        let legacy = variables(&[
            ("SUPABASE_URL", "https://x.supabase.co/"),
            ("SUPABASE_ANON_KEY", "a"),
            ("SUPABASE_SERVICE_ROLE_KEY", "s"),
        ]);
        let env = StackEnv::from_variables(&legacy).unwrap().unwrap();
        assert_eq!(env.supabase_url, "https://x.supabase.co");
        assert_eq!((env.publishable_key.as_str(), env.secret_key.as_str()), ("a", "s"));
        assert_eq!(StackEnv::from_variables(&variables(&[])).unwrap(), None);
    }

    #[test]
    fn what_is_written_is_read_back_and_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stack.env");
        let account = Account { email: "a@b.c".into(), password: "p=q".into() };
        let env = StackEnv {
            supabase_url: "http://127.0.0.1:54321".into(),
            publishable_key: "sb_publishable_x".into(),
            secret_key: "sb_secret_x".into(),
            anon_key: "a".into(),
            service_role_key: "s".into(),
            functions_url: "http://127.0.0.1:8787/api".into(),
            database_url: Some("postgres://postgres:x@127.0.0.1:1/postgres".into()),
            admin: Some(account.clone()),
            tutor: Some(account),
            student: None,
        };
        env.write(&path).unwrap();
        assert_eq!(StackEnv::read(&path).unwrap(), env);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
