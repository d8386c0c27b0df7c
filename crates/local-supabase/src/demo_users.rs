//! The three demo accounts: an administrator, a tutor and a student.

use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::Error;
use crate::env::{Account, StackEnv};

/// Makes those that are missing, through the admin API, and gives them their roles.
pub(crate) async fn ensure(
    env: &StackEnv,
    database: &Client,
    http: &reqwest::Client,
) -> Result<(), Error> {
    let people = [
        (&env.admin, "Awa Mensah", "1980-03-12", "+24177000001", Some("admin")),
        (&env.tutor, "Kossi Adjovi", "1985-07-24", "+22990000002", Some("tuteur")),
        (&env.student, "Mariam Koné", "2001-11-05", "+2250700000003", None),
    ];
    for (account, name, born, phone, role) in people {
        let Some(account) = account else { continue };
        let known = database
            .query_opt("select 1 from auth.users where email = $1", &[&account.email])
            .await;
        if known.map_err(Error::database("the demo accounts"))?.is_some() {
            continue;
        }
        let user = json!({ "full_name": name, "date_of_birth": born, "whatsapp_number": phone });
        create(env, http, account, &user).await?;
        if let Some(role) = role {
            give_role(database, &account.email, role).await?;
        }
    }
    Ok(())
}

async fn create(
    env: &StackEnv,
    http: &reqwest::Client,
    account: &Account,
    metadata: &Value,
) -> Result<(), Error> {
    let failed = |error: &dyn std::fmt::Display| Error::DemoUsers(error.to_string());
    let answer = http
        .post(format!("{}/auth/v1/admin/users", env.supabase_url))
        .header("apikey", &env.secret_key)
        .json(&json!({
            "email": account.email, "password": account.password, "email_confirm": true, "user_metadata": metadata,
        }))
        .send()
        .await
        .map_err(|error| failed(&error))?;
    let status = answer.status();
    let body: Value = answer.json().await.map_err(|error| failed(&error))?;
    if status.is_success() || body.get("error_code").and_then(Value::as_str) == Some("email_exists")
    {
        return Ok(());
    }
    Err(Error::DemoUsers(format!("{}: {status} {body}", account.email)))
}

/// Roles are rows of `public.user_roles`, when the migrations made that table.
async fn give_role(database: &Client, email: &str, role: &str) -> Result<(), Error> {
    let what = || Error::database("a role for a demo account");
    let table = database
        .query_one("select to_regclass('public.user_roles') is not null", &[])
        .await
        .map_err(what())?;
    if !table.try_get::<_, bool>(0).map_err(what())? {
        return Ok(());
    }
    database
        .execute(
            "insert into public.user_roles (user_id, role)
             select u.id, $2::text from auth.users u where u.email = $1
             on conflict do nothing",
            &[&email, &role],
        )
        .await
        .map_err(what())?;
    Ok(())
}
