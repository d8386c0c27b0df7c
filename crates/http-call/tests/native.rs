//! The native call, beside a server that does what it is told. In a Worker: `tests/gateway/http-call.test.mjs`.
#![allow(clippy::panic, clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Response, StatusCode};
use axum::routing::get;
use futures_util::stream;
use http_call::{Answer, Call, Failure, Reading, Timer, call};
use reqwest::Method;
use reqwest::header::HeaderMap;

fn refused(headers: &[(&str, &str)]) -> Response<Body> {
    let mut response = Response::builder().status(StatusCode::TOO_MANY_REQUESTS);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Body::from("{}")).unwrap()
}

/// Where the server listens; it ends with the test.
async fn server() -> String {
    let stalled = async || {
        let begun = stream::once(async { Ok::<_, std::io::Error>("12") });
        Body::from_stream(stream::StreamExt::chain(begun, stream::pending()))
    };
    let router = Router::new()
        .route(
            "/eight",
            get(async || ([("retry-after", "7"), ("link", "</nine>; rel=\"next\"")], "12345678")),
        )
        .route("/later", get(async || refused(&[("retry-after", "7"), ("ratelimit-reset", "3")])))
        .route("/reset", get(async || refused(&[("ratelimit-reset", "3")])))
        .route("/stalled", get(stalled))
        .route("/silent", get(async || std::future::pending::<()>().await));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, router).await });
    address
}

async fn ask(address: &str, reading: Reading) -> Result<Answer, Failure> {
    let timer: Timer = Arc::new(|time| Box::pin(tokio::time::sleep(time)));
    let asked = Call {
        method: Method::GET,
        address,
        headers: HeaderMap::new(),
        json: None,
        time: Duration::from_millis(300),
        reading,
    };
    call(&reqwest::Client::new(), &timer, asked).await
}

#[tokio::test]
async fn a_body_is_read_up_to_its_limit_and_a_status_is_an_answer_without_it() {
    let server = server().await;
    for (path, reading, body) in [
        ("/eight", Reading::Trusted, Some("12345678")),
        ("/eight", Reading::UpTo(8), Some("12345678")),
        ("/eight", Reading::UpTo(7), None),
        ("/stalled", Reading::Trusted, None),
    ] {
        let answer = ask(&format!("{server}{path}"), reading).await.unwrap();
        assert_eq!((answer.status, answer.retry_after), (200, None), "{path}");
        assert_eq!(answer.body.as_deref(), body.map(str::as_bytes), "{path} {reading:?}");
        assert!(answer.unread.is_none(), "{path} {reading:?}");
    }
}

#[tokio::test]
async fn only_the_body_of_a_success_is_left_for_somebody_else() {
    let server = server().await;
    let ask = async |path| ask(&format!("{server}{path}"), Reading::PassedOn).await.unwrap();
    let Answer { body: None, unread: Some(unread), .. } = ask("/eight").await else {
        panic!("it was read");
    };
    assert_eq!(unread.link.as_deref(), Some("</nine>; rel=\"next\""));
    assert_eq!(unread.into_bytes(), b"12345678");
    let refusal = ask("/later").await;
    assert_eq!((refusal.status, refusal.body.as_deref()), (429, Some(&b"{}"[..])));
    assert!(refusal.unread.is_none());
    // Nothing of it came: natively the stream is read before it is given on.
    let stalled = ask("/stalled").await;
    assert!(stalled.body.is_none() && stalled.unread.is_none());
}

#[tokio::test]
async fn a_refusal_says_how_long_to_wait() {
    let server = server().await;
    let waits = async |path: &str| {
        let answer = ask(&format!("{server}{path}"), Reading::Trusted).await.unwrap();
        (answer.status, answer.retry_after, answer.rate_limit_reset)
    };
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!(waits("/later").await, (429, seconds(7), seconds(3)));
    assert_eq!(waits("/reset").await, (429, None, seconds(3)));
}

#[tokio::test]
async fn what_never_left_is_told_from_what_got_no_answer() {
    let server = server().await;
    assert_eq!(
        ask(&format!("{server}/silent"), Reading::Trusted).await.unwrap_err(),
        Failure::Timeout
    );
    // Nobody listens where somebody just did.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/?token=secret", listener.local_addr().unwrap());
    drop(listener);
    let Err(Failure::NeverWritten(words)) = ask(&address, Reading::Trusted).await else {
        panic!("nothing can have been written");
    };
    assert!(!words.contains("secret"), "{words}");
}
