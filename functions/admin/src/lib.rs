//! `/api/admin`: what staff see and do. Students and their results, the question bank, the overview, the
//! messages.
//!
//! The database decides who is staff and works the figures out, called as the caller; here requests
//! are checked, lists get their links, and refusals their words.

mod accept;
mod csv;
mod messages;
mod overview;
mod page;
mod questions;
mod students;

use axum::routing::{get, post, put};
use edge::{Problem, Routes};
use http::StatusCode;
use serde_json::json;
use utoipa::OpenApi;

/// The routes of this function.
pub fn routes() -> Routes {
    vec![
        (students::PATH, get(students::list_students)),
        ("/api/admin/student/{id}", get(students::get_student)),
        (questions::PATH, get(questions::list_questions).post(questions::create_question)),
        ("/api/admin/questions/publish", post(questions::publication::publish_questions)),
        (
            "/api/admin/questions/{id}",
            put(questions::replace_question).delete(questions::delete_question),
        ),
        ("/api/admin/overview", get(overview::overview)),
        (messages::PATH, get(messages::list_outbound_messages)),
        ("/api/admin/outbound-messages/summary", get(messages::summary)),
        ("/api/admin/outbound-messages/retry", post(messages::retry)),
        ("/api/admin/outbound-messages/cancel", post(messages::cancel)),
        ("/api/admin/outbound-messages/{id}", get(messages::get_outbound_message)),
    ]
}

/// What `docs/openapi.json` says of them.
pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(
        students::list_students,
        students::get_student,
        questions::list_questions,
        questions::create_question,
        questions::replace_question,
        questions::delete_question,
        questions::publication::publish_questions,
        overview::overview,
        messages::list_outbound_messages,
        messages::summary,
        messages::retry,
        messages::cancel,
        messages::get_outbound_message,
    ))]
    struct Document;
    Document::openapi()
}

/// 422 for a value that was understood and does not fit. Both reasons go on after the field's name.
fn invalid(field: &str, french: &str, english: &str) -> Problem {
    Problem::unprocessable(
        "invalid_request",
        format!("« {field} » {french}."),
        format!("{field} {english}."),
    )
    .details(json!({ "field": field, "reason": english }))
}

/// PostgreSQL has no U+0000 in a text.
fn check_storable(field: &str, text: &str) -> Result<(), Problem> {
    if text.contains('\0') {
        return Err(invalid(
            field,
            "contient le caractère U+0000 ; retirez-le",
            "holds the character U+0000; remove it",
        ));
    }
    Ok(())
}

fn masterclass_not_found() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "masterclass_not_found",
        "Cette masterclass n'existe pas. Vérifiez « masterclass_id ».",
        "There is no such masterclass. Check masterclass_id.",
    )
}

/// What the database refuses to staff where its own words would not help.
fn refused(error: supabase::Error) -> Problem {
    let supabase::Error::Refused { code, .. } = &error else {
        return error.into();
    };
    match code.as_str() {
        "invalid_cursor" => invalid_cursor(&error),
        // The only foreign key a caller fills in.
        "23503" => masterclass_not_found().because(&error),
        // A rule of the table that was not seen here first.
        "23514" => Problem::unprocessable(
            "invalid_request",
            "La base de données refuse cette question. Vérifiez ses textes et ses quatre choix, \
             qui doivent différer.",
            "The database refuses this question. Check its texts and its four choices, which \
             must differ.",
        )
        .because(&error),
        _ => error.into(),
    }
}

fn invalid_cursor(cause: impl std::fmt::Display) -> Problem {
    Problem::unprocessable(
        "invalid_cursor",
        "« cursor » ne convient pas à cette liste. Suivez les liens de la réponse précédente sans \
         les modifier, ou recommencez à la première page.",
        "cursor does not fit this list. Follow the links of the previous answer unchanged, or start \
         again at the first page.",
    )
    .because(cause)
}
