//! Looking up what became of an uncertain message.

use providers::messages::Fault;
use providers::whapi::{Settings, Whapi};
use whapi::{Error, ListQuery, Listing, MAX_PAGES, PAGE, SendOutcome, Status};

use crate::common::{AWA, TEXT, client, discreet, send};

async fn everything(server: &Whapi) -> Result<Listing, Error> {
    let listed = client(server).list_messages(ListQuery::default()).await;
    discreet(&listed);
    listed
}

#[tokio::test]
async fn a_message_whose_answer_was_lost_is_found_by_its_reference() {
    let server = Whapi::start().await.unwrap();
    server.script([Fault::CutAfter]);
    assert!(matches!(send(&client(&server)).await, SendOutcome::Uncertain { .. }));
    server.receive(AWA, "Merci, Réf. 7F3K-2Q9D");
    let chat = format!("{AWA}@s.whatsapp.net");
    for chat_id in [None, Some(chat.as_str())] {
        let query = ListQuery { chat_id, ..ListQuery::default() };
        let listing = client(&server).list_messages(query).await.unwrap();
        assert!(listing.complete);
        let found: Vec<_> = listing
            .messages
            .iter()
            .filter(|message| message.from_me && message.body.contains("7F3K-2Q9D"))
            .collect();
        assert_eq!(found.len(), 1);
        let accepted = &server.book()[0];
        assert_eq!((&found[0].id, found[0].body.as_str()), (&accepted.id, TEXT));
        assert_eq!((found[0].status, found[0].chat_id.as_str()), (Some(Status::Pending), &*chat));
        assert_eq!(found[0].timestamp, i64::try_from(accepted.accepted_at / 1000).unwrap());
    }
}

#[tokio::test]
async fn a_message_that_was_never_accepted_is_absent_from_a_complete_list() {
    let server = Whapi::start().await.unwrap();
    assert_eq!(everything(&server).await, Ok(Listing { messages: Vec::new(), complete: true }));
    server.script([Fault::CutBefore]);
    assert!(matches!(send(&client(&server)).await, SendOutcome::Uncertain { .. }));
    assert_eq!(everything(&server).await, Ok(Listing { messages: Vec::new(), complete: true }));
}

#[tokio::test]
async fn a_long_list_is_read_to_its_end_and_each_message_once() {
    let server = Whapi::start().await.unwrap();
    for nth in 0..2 * PAGE + 1 {
        server.receive(AWA, &format!("Bonjour {nth}"));
    }
    let listing = everything(&server).await.unwrap();
    assert!(listing.complete);
    let bodies: Vec<_> = listing.messages.iter().map(|message| message.body.clone()).collect();
    let expected: Vec<_> = (0..2 * PAGE + 1).map(|nth| format!("Bonjour {nth}")).collect();
    assert_eq!(bodies, expected);
    // Three pages and the empty one that is the end.
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn a_list_longer_than_the_limit_is_not_complete() {
    let server = Whapi::start().await.unwrap();
    for nth in 0..MAX_PAGES * PAGE {
        server.receive(AWA, &format!("Bonjour {nth}"));
    }
    let listing = everything(&server).await.unwrap();
    assert_eq!((listing.messages.len(), listing.complete), (MAX_PAGES * PAGE, false));
    assert_eq!(server.requests().len(), MAX_PAGES);
}

#[tokio::test]
async fn times_bound_the_list() {
    let server = Whapi::start().await.unwrap();
    send(&client(&server)).await;
    let at = i64::try_from(server.book()[0].accepted_at / 1000).unwrap();
    let client = client(&server);
    for (since, until, found) in
        [(at, None, 1), (at, Some(at), 1), (at + 1, None, 0), (0, Some(at - 1), 0)]
    {
        let query = ListQuery { chat_id: None, since, until };
        let listing = client.list_messages(query).await.unwrap();
        assert_eq!((listing.messages.len(), listing.complete), (found, true), "{query:?}");
    }
}

#[tokio::test]
async fn a_list_may_lag_behind_what_was_accepted() {
    let server = Whapi::start().await.unwrap();
    server.set(Settings { list_lag_milliseconds: Some(60_000), ..Settings::default() });
    send(&client(&server)).await;
    assert_eq!(everything(&server).await.unwrap().messages, []);
    server.set(Settings { list_lag_milliseconds: Some(0), ..Settings::default() });
    assert_eq!(everything(&server).await.unwrap().messages.len(), 1);
}

#[tokio::test]
async fn a_missing_chat_proves_nothing() {
    let server = Whapi::start().await.unwrap();
    let old = ("2290197000000".to_owned(), "22997000000".to_owned());
    server.set(Settings { known_as: Some(vec![old]), ..Settings::default() });
    let client = client(&server);
    client.send_text("2290197000000", TEXT, whapi::DEADLINE).await;
    let list = async |chat_id| {
        client.list_messages(ListQuery { chat_id: Some(chat_id), ..ListQuery::default() }).await
    };
    assert_eq!(list("2290197000000@s.whatsapp.net").await, Err(Error::ChatNotFound));
    assert_eq!(list("22997000000@s.whatsapp.net").await.unwrap().messages.len(), 1);
    let message = "Channel not found".to_owned();
    server.script([Fault::Reject { status: 404, message }]);
    assert_eq!(list("22997000000@s.whatsapp.net").await, Err(Error::Answered { status: 404 }));
}

#[tokio::test]
async fn a_page_that_fails_fails_the_list() {
    for (fault, expected) in [
        (Fault::Throttle { retry_after: None }, Error::RateLimited { after: None }),
        (Fault::ErrorBefore { status: 500 }, Error::Answered { status: 500 }),
        (Fault::CutBefore, Error::Connection),
        (Fault::CutAnswer, Error::Unreadable),
        (Fault::Malformed, Error::Unreadable),
        (Fault::Empty, Error::Unreadable),
        (Fault::Endless, Error::Unreadable),
        (Fault::StallThenDrop { milliseconds: None }, Error::Timeout),
    ] {
        let server = Whapi::start().await.unwrap();
        server.receive(AWA, "Bonjour");
        // The first page is honest, and is not taken for the whole.
        server.script([Fault::None, fault]);
        assert_eq!(everything(&server).await, Err(expected));
    }
}
