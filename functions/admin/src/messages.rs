//! The outbox: which messages went, wait or failed, and why.

use crate::page::{self, PER_PAGE, PER_PAGE_MAX, Pagination};
use crate::students::{Links, check_search, is_date, read_cursor};
use crate::{check_storable, invalid, invalid_cursor, refused};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use edge::openapi::{BodyRefusal, ProblemBody, SignedInRefusal};
use edge::{App, Id, LookNow, PassOn, Problem, Query, SignedIn};
use http::header::LINK;
use messaging::PhoneNumber;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use url::form_urlencoded;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

pub(crate) const PATH: &str = "/api/admin/outbound-messages";

/// Messages that can be retried or cancelled at once.
const IDS_MAX: usize = 200;
/// The longest address of a mailbox, with room.
const RECIPIENT_MAX_CHARS: usize = 320;

/// Which messages.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// The page, from 1. Deep pages are slow: follow the links there.
    #[param(nullable = false, minimum = 1, maximum = 50000, default = 1)]
    page: Option<u32>,
    /// Rows of a page.
    #[param(nullable = false, minimum = 1, maximum = 100, default = 20)]
    per_page: Option<u32>,
    /// Only messages in this state.
    #[param(nullable = false, inline)]
    state: Option<MessageState>,
    /// Only messages of this type.
    #[param(nullable = false, inline)]
    message_type: Option<MessageKind>,
    /// The id of a student, or words of a name, an address or a number, as in the list of students.
    #[param(nullable = false, max_length = 200)]
    person: Option<String>,
    /// Only to this number or e-mail address.
    #[param(nullable = false, max_length = 320)]
    recipient: Option<String>,
    /// The first day they were written, in Libreville.
    #[param(nullable = false, format = Date)]
    created_from: Option<String>,
    /// The last day they were written, in Libreville.
    #[param(nullable = false, format = Date)]
    created_to: Option<String>,
    /// Where a link of another answer goes on; wins over `page`.
    #[param(nullable = false, max_length = 4096)]
    cursor: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum MessageState {
    Queued,
    Sending,
    Sent,
    Delivered,
    Read,
    Failed,
    Uncertain,
    Cancelled,
}

impl MessageState {
    fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed => "failed",
            Self::Uncertain => "uncertain",
            Self::Cancelled => "cancelled",
        }
    }
}

/// `messaging::MessageType`, for the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum MessageKind {
    RegistrationConfirmation,
    PreTestResult,
    PostTestResult,
    MasterclassReminder,
    Validation,
    Custom,
    VerifyEmail,
    ResetPassword,
    MagicLink,
    Invite,
    EmailChange,
    Reauthentication,
}

impl MessageKind {
    fn name(self) -> &'static str {
        use messaging::MessageType as Type;
        match self {
            Self::RegistrationConfirmation => Type::RegistrationConfirmation,
            Self::PreTestResult => Type::PreTestResult,
            Self::PostTestResult => Type::PostTestResult,
            Self::MasterclassReminder => Type::MasterclassReminder,
            Self::Validation => Type::Validation,
            Self::Custom => Type::Custom,
            Self::VerifyEmail => Type::VerifyEmail,
            Self::ResetPassword => Type::ResetPassword,
            Self::MagicLink => Type::MagicLink,
            Self::Invite => Type::Invite,
            Self::EmailChange => Type::EmailChange,
            Self::Reauthentication => Type::Reauthentication,
        }
        .name()
    }
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "documents what the database answers")]
enum MessageChannel {
    Whatsapp,
    Email,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "documents what the database answers")]
enum MessageLanguage {
    Fr,
    En,
}

/// A message, without what it says.
#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what the database answers")]
struct OutboundMessage {
    id: Uuid,
    #[schema(inline)]
    message_type: MessageKind,
    #[schema(inline)]
    channel: MessageChannel,
    /// A number in E.164, or an address.
    #[schema(example = "+24174000000")]
    recipient: String,
    #[schema(inline)]
    language: MessageLanguage,
    #[schema(inline)]
    state: MessageState,
    /// The person has asked for it a moment ago: it waits for nothing.
    urgent: bool,
    /// The student, where known.
    #[schema(required)]
    profile_id: Option<Uuid>,
    #[schema(required)]
    full_name: Option<String>,
    #[schema(required)]
    masterclass_id: Option<Uuid>,
    /// Not before this moment.
    #[schema(format = DateTime)]
    due_at: String,
    /// Attempts begun.
    #[schema(minimum = 0)]
    attempts: i32,
    /// Code of what last went wrong, or of why it was cancelled or put back.
    #[schema(required)]
    last_error: Option<String>,
    /// The provider's own reason.
    #[schema(required)]
    last_error_detail: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
    /// When the provider was first known to have it.
    #[schema(required, format = DateTime)]
    sent_at: Option<String>,
}

/// Messages by state, all there are.
#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what the database answers")]
struct OutboundMessageCounts {
    queued: u64,
    sending: u64,
    sent: u64,
    delivered: u64,
    read: u64,
    failed: u64,
    uncertain: u64,
    cancelled: u64,
}

/// A page of messages, the newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct OutboundMessages {
    /// As the database wrote them.
    #[schema(value_type = Vec<OutboundMessage>)]
    messages: Box<RawValue>,
    pagination: Pagination,
    links: Links,
    #[schema(value_type = OutboundMessageCounts)]
    counts: Box<RawValue>,
    /// When the oldest queued message was written.
    #[schema(required, format = DateTime)]
    oldest_queued: Option<String>,
}

/// What `list_outbound_messages` takes.
#[derive(Serialize)]
struct Arguments<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<MessageState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_type: Option<MessageKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_from: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_to: Option<&'a str>,
    page: u32,
    per_page: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<serde_json::Map<String, serde_json::Value>>,
}

/// What `list_outbound_messages` answers.
#[derive(Deserialize)]
struct Listed {
    messages: Box<RawValue>,
    page: u32,
    per_page: u32,
    total: u64,
    total_is_exact: bool,
    next: Option<Box<RawValue>>,
    previous: Option<Box<RawValue>>,
    counts: Box<RawValue>,
    oldest_queued: Option<String>,
}

/// List messages
///
/// 1. The caller is signed in: 401 `unauthenticated`, 429 `too_many_requests`.
/// 2. The parameters are checked: 422 `invalid_request`, `invalid_cursor`.
/// 3. One call of `list_outbound_messages` as the caller: 403 `staff_only`, 422 `search_too_short`, `search_too_broad`.
/// 4. The cursors of the database become links, in the body and in the header `Link` (RFC 8288).
#[utoipa::path(
    get,
    path = PATH,
    operation_id = "listOutboundMessages",
    tag = "messages",
    description = "For administrators and tutors: what was written to whom and what became of it, the newest first, with \
        the number of messages in each state. The links go on from the rows of the answer, at the same cost however deep.",
    security(("access_token" = [])),
    params(Wanted),
    responses(
        (status = 200, description = "A page of messages.", body = OutboundMessages,
         headers(("Link" = String, description = "RFC 8288: rel=\"next\" and rel=\"prev\"."))),
        (status = 403, description = "`staff_only`: for administrators and tutors.", body = ProblemBody),
        (status = 422, description = "`invalid_request`, `search_too_short`, `search_too_broad`, `invalid_cursor`.", body = ProblemBody),
        SignedInRefusal,
    )
)]
pub(crate) async fn list_outbound_messages(
    State(app): State<App>,
    caller: SignedIn,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let arguments = wanted.arguments()?;
    let listed: Listed =
        app.project().rpc(caller.identity(), "list_outbound_messages", &arguments).await.map_err(
            |error| match &error {
                // A cursor is passed on unread: what PostgreSQL cannot take as a value was made by somebody.
                supabase::Error::Refused { code, .. }
                    if wanted.cursor.is_some() && code.starts_with("22") =>
                {
                    invalid_cursor(&error)
                }
                _ => refused(error),
            },
        )?;
    let links = Links {
        next: listed.next.map(|cursor| wanted.link(&cursor)),
        previous: listed.previous.map(|cursor| wanted.link(&cursor)),
    };
    let header = links.header();
    let Listed { messages, page, per_page, total, total_is_exact, counts, oldest_queued, .. } =
        listed;
    let pagination = Pagination::new(page, per_page, total, total_is_exact);
    let answer = OutboundMessages { messages, pagination, links, counts, oldest_queued };
    let mut response = Json(answer).into_response();
    if !header.is_empty() {
        response.headers_mut().insert(LINK, header.parse().map_err(Problem::internal)?);
    }
    Ok(response)
}

impl Wanted {
    /// What the database is asked; 422 `invalid_request`, `invalid_cursor`.
    fn arguments(&self) -> Result<Arguments<'_>, Problem> {
        let (page, per_page) = page::asked(self.page, self.per_page, PER_PAGE, PER_PAGE_MAX)?;
        let person = self.person.as_deref().map(str::trim).filter(|person| !person.is_empty());
        if let Some(person) = person {
            check_search(Some(person)).map_err(|problem| {
                problem.details(
                json!({ "field": "person", "reason": "is too long or holds the character U+0000" }),
            )
            })?;
        }
        for (field, date) in
            [("created_from", &self.created_from), ("created_to", &self.created_to)]
        {
            if date.as_ref().is_some_and(|date| !is_date(date)) {
                return Err(invalid(
                    field,
                    "doit être une date AAAA-MM-JJ",
                    "must be a date YYYY-MM-DD",
                ));
            }
        }
        // Dates in this form sort as text.
        if let (Some(from), Some(to)) = (&self.created_from, &self.created_to)
            && from > to
        {
            return Err(invalid(
                "created_to",
                "précède « created_from »",
                "is before created_from",
            ));
        }
        Ok(Arguments {
            state: self.state,
            message_type: self.message_type,
            person,
            recipient: self.recipient()?,
            created_from: self.created_from.as_deref(),
            created_to: self.created_to.as_deref(),
            page,
            per_page,
            cursor: self.cursor.as_deref().map(read_cursor).transpose()?,
        })
    }

    /// An address as it is; a number as the outbox has it.
    fn recipient(&self) -> Result<Option<String>, Problem> {
        let Some(recipient) = self.recipient.as_deref().map(str::trim).filter(|r| !r.is_empty())
        else {
            return Ok(None);
        };
        check_storable("recipient", recipient)?;
        if recipient.chars().count() > RECIPIENT_MAX_CHARS {
            return Err(invalid(
                "recipient",
                &format!("dépasse {RECIPIENT_MAX_CHARS} caractères"),
                &format!("is over {RECIPIENT_MAX_CHARS} characters"),
            ));
        }
        // What is no number has no messages.
        let number = PhoneNumber::parse(recipient).ok();
        Ok(Some(number.map_or_else(|| recipient.to_owned(), |number| number.e164().to_owned())))
    }

    /// This address with a cursor in place of the page.
    fn link(&self, cursor: &RawValue) -> String {
        let address = format!("{PATH}?");
        let start = address.len();
        let mut query = form_urlencoded::Serializer::for_suffix(address, start);
        let mut add = |name: &str, value: Option<&str>| {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        };
        let per_page = self.per_page.map(|rows| rows.to_string());
        add("state", self.state.map(MessageState::name));
        add("message_type", self.message_type.map(MessageKind::name));
        add("person", self.person.as_deref());
        add("recipient", self.recipient.as_deref());
        add("created_from", self.created_from.as_deref());
        add("created_to", self.created_to.as_deref());
        add("per_page", per_page.as_deref());
        add("cursor", Some(&URL_SAFE_NO_PAD.encode(cursor.get())));
        query.finish()
    }
}

/// A message with what it says and its history.
#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what the database answers")]
pub(crate) struct OutboundMessageDetail {
    #[schema(inline)]
    #[serde(flatten)]
    message: OutboundMessage,
    /// The variables of the message; empty for those of Supabase Auth, which are secret.
    #[schema(value_type = Object)]
    data: String,
    #[schema(required)]
    masterclass_title: Option<String>,
    #[schema(required)]
    provider_message_id: Option<String>,
    /// The account that asked for it.
    #[schema(required)]
    requested_by: Option<Uuid>,
    /// The WhatsApp message this e-mail stands in for.
    #[schema(required)]
    fallback_for: Option<Uuid>,
    /// The e-mail that stands in for it.
    #[schema(required)]
    fallback: Option<Uuid>,
    history: Vec<OutboundMessageEvent>,
}

/// A change of state, or a note.
#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what the database answers")]
struct OutboundMessageEvent {
    #[schema(format = DateTime)]
    at: String,
    /// `null` when the message was written.
    #[schema(required, inline)]
    from: Option<MessageState>,
    /// The same as `from` for a note.
    #[schema(inline)]
    to: MessageState,
    #[schema(required)]
    code: Option<String>,
    #[schema(required)]
    detail: Option<String>,
    #[schema(minimum = 0)]
    attempt: i32,
}

/// Show a message
///
/// One call of `get_outbound_message` as the caller: 403 `staff_only`, 404 `message_not_found`.
#[utoipa::path(
    get,
    path = "/api/admin/outbound-messages/{id}",
    operation_id = "getOutboundMessage",
    tag = "messages",
    description = "For administrators and tutors: a message with its variables and every change of its state.",
    security(("access_token" = [])),
    params(("id" = Uuid, Path, description = "`id` of the list.")),
    responses(
        (status = 200, description = "The message.", body = OutboundMessageDetail),
        (status = 403, description = "`staff_only`: for administrators and tutors.", body = ProblemBody),
        (status = 404, description = "`message_not_found`, `not_found`.", body = ProblemBody),
        (status = 422, description = "`invalid_request`: the id is not a UUID.", body = ProblemBody),
        SignedInRefusal,
    )
)]
pub(crate) async fn get_outbound_message(
    State(app): State<App>,
    caller: SignedIn,
    Id(id): Id,
) -> Result<PassOn, Problem> {
    app.project()
        .pass_on(caller.identity(), "get_outbound_message", &json!({ "id": id }))
        .await
        .map(PassOn)
        .map_err(refused)
}

/// Messages by their ids.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MessageIds {
    #[schema(min_items = 1, max_items = 200)]
    ids: Vec<Uuid>,
}

/// What was done with each message, in the order asked.
#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what the database answers")]
pub(crate) struct MessagesChanged {
    messages: Vec<MessageChanged>,
}

#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what the database answers")]
struct MessageChanged {
    id: Uuid,
    done: bool,
    /// The state it has now.
    #[schema(required, inline)]
    state: Option<MessageState>,
    /// Why nothing was done: `message_not_found`, `not_failed`, `not_retryable` (an account e-mail,
    /// whose link has expired), `being_sent`, `finished`.
    #[schema(required)]
    code: Option<String>,
}

/// Send failed messages again
///
/// One call of `retry_outbound_messages` as the caller: 403 `staff_only`.
#[utoipa::path(
    post,
    path = "/api/admin/outbound-messages/retry",
    operation_id = "retryOutboundMessages",
    tag = "messages",
    description = "For administrators and tutors: puts failed messages back into the queue, with all their attempts. \
        Says of each what was done.",
    security(("access_token" = [])),
    request_body = MessageIds,
    responses(
        (status = 200, description = "What was done with each.", body = MessagesChanged),
        (status = 403, description = "`staff_only`: for administrators and tutors.", body = ProblemBody),
        (status = 422, description = "`invalid_request`: 1 to 200 ids.", body = ProblemBody),
        SignedInRefusal,
        BodyRefusal,
    )
)]
pub(crate) async fn retry(
    State(app): State<App>,
    caller: SignedIn,
    edge::Json(wanted): edge::Json<MessageIds>,
) -> Result<Response, Problem> {
    let answer = change(&app, &caller, "retry_outbound_messages", &wanted).await?;
    Ok(LookNow::after(answer))
}

/// Cancel messages
///
/// One call of `cancel_outbound_messages` as the caller: 403 `staff_only`.
#[utoipa::path(
    post,
    path = "/api/admin/outbound-messages/cancel",
    operation_id = "cancelOutboundMessages",
    tag = "messages",
    description = "For administrators and tutors: cancels queued messages and gives up uncertain ones. Says of each what \
        was done.",
    security(("access_token" = [])),
    request_body = MessageIds,
    responses(
        (status = 200, description = "What was done with each.", body = MessagesChanged),
        (status = 403, description = "`staff_only`: for administrators and tutors.", body = ProblemBody),
        (status = 422, description = "`invalid_request`: 1 to 200 ids.", body = ProblemBody),
        SignedInRefusal,
        BodyRefusal,
    )
)]
pub(crate) async fn cancel(
    State(app): State<App>,
    caller: SignedIn,
    edge::Json(wanted): edge::Json<MessageIds>,
) -> Result<PassOn, Problem> {
    change(&app, &caller, "cancel_outbound_messages", &wanted).await
}

async fn change(
    app: &App,
    caller: &SignedIn,
    function: &str,
    wanted: &MessageIds,
) -> Result<PassOn, Problem> {
    if !(1..=IDS_MAX).contains(&wanted.ids.len()) {
        return Err(invalid(
            "ids",
            &format!("doit compter 1 à {IDS_MAX} identifiants"),
            &format!("must have 1 to {IDS_MAX} ids"),
        ));
    }
    app.project().pass_on(caller.identity(), function, wanted).await.map(PassOn).map_err(refused)
}

/// Which day.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Day {
    /// The day in Libreville; today where it is left out.
    #[param(nullable = false, format = Date)]
    day: Option<String>,
}

/// The messages written on a day.
#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what the database answers")]
pub(crate) struct OutboundSummary {
    #[schema(format = Date)]
    day: String,
    channels: Vec<OutboundChannelSummary>,
}

#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what the database answers")]
struct OutboundChannelSummary {
    #[schema(inline)]
    channel: MessageChannel,
    /// Whether nothing is sent this way for now.
    paused: bool,
    written: u64,
    queued: u64,
    sending: u64,
    sent: u64,
    delivered: u64,
    read: u64,
    failed: u64,
    uncertain: u64,
    cancelled: u64,
    /// The median of the seconds from writing to sending.
    #[schema(required)]
    median_seconds_to_sent: Option<f64>,
}

/// Summarise a day of messages
///
/// One call of `outbound_summary` as the caller: 403 `staff_only`.
#[utoipa::path(
    get,
    path = "/api/admin/outbound-messages/summary",
    operation_id = "summariseOutboundMessages",
    tag = "messages",
    description = "For administrators and tutors: the messages written on a day in Libreville, by channel and state.",
    security(("access_token" = [])),
    params(Day),
    responses(
        (status = 200, description = "The day in figures.", body = OutboundSummary),
        (status = 403, description = "`staff_only`: for administrators and tutors.", body = ProblemBody),
        (status = 422, description = "`invalid_request`: `day` is no date.", body = ProblemBody),
        SignedInRefusal,
    )
)]
pub(crate) async fn summary(
    State(app): State<App>,
    caller: SignedIn,
    Query(Day { day }): Query<Day>,
) -> Result<PassOn, Problem> {
    if day.as_ref().is_some_and(|day| !is_date(day)) {
        return Err(invalid("day", "doit être une date AAAA-MM-JJ", "must be a date YYYY-MM-DD"));
    }
    app.project()
        .pass_on(caller.identity(), "outbound_summary", &json!({ "day": day }))
        .await
        .map(PassOn)
        .map_err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_looked_for_as_the_outbox_has_it() {
        let recipient = |text: &str| {
            let wanted = Wanted { recipient: Some(text.into()), ..Wanted::default() };
            wanted.arguments().ok().and_then(|arguments| arguments.recipient)
        };
        assert_eq!(recipient("074 00 00 00").as_deref(), Some("+24174000000"));
        assert_eq!(recipient("awa@example.org").as_deref(), Some("awa@example.org"));
        assert_eq!(recipient(" "), None);
    }

    #[test]
    fn a_link_keeps_every_filter() {
        let wanted = Wanted {
            page: Some(3),
            per_page: Some(50),
            state: Some(MessageState::Failed),
            message_type: Some(MessageKind::Custom),
            person: Some("Awa & co".into()),
            recipient: Some("+241".into()),
            created_from: Some("2026-01-01".into()),
            created_to: Some("2026-01-02".into()),
            cursor: Some("old".into()),
        };
        let cursor = RawValue::from_string(r#"{"q":1}"#.into()).unwrap();
        assert_eq!(
            wanted.link(&cursor),
            "/api/admin/outbound-messages?state=failed&message_type=custom&person=Awa+%26+co&\
             recipient=%2B241&created_from=2026-01-01&created_to=2026-01-02&per_page=50&\
             cursor=eyJxIjoxfQ"
        );
        for state in [MessageState::Queued, MessageState::Uncertain] {
            assert_eq!(serde_json::to_value(state).unwrap(), state.name());
        }
    }
}
