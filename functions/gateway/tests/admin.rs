//! `/api/admin`, with the project replaced at its address. What policies and SQL functions decide is
//! proven against the real database.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends with a panic where something is not as it should be"
)]

mod support;

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};
use support::{Answer, MASTERCLASS, STUDENT, TUTOR, World};

const QUESTION: &str = "44444444-4444-4444-8444-444444444444";

async fn ask(
    world: &World,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Value,
) -> Answer {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {}", world.token(TUTOR)))
        .header("accept-language", "en");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = if body.is_null() {
        Body::empty()
    } else {
        request = request.header("content-type", "application/json");
        Body::from(body.to_string())
    };
    world.send(request.body(body).unwrap()).await
}

async fn get(world: &World, path: &str) -> Answer {
    ask(world, "GET", path, &[], Value::Null).await
}

fn student(name: &str) -> Value {
    json!({
        "inscription_id": QUESTION, "student_id": STUDENT, "full_name": name, "email": "e@griot.test",
        "whatsapp_number": "+24174000000", "masterclass_id": MASTERCLASS, "masterclass_title": "Le sang",
        "validated": true, "registered_at": "2026-11-21T08:00:00+00:00", "pre_score": 5, "post_score": 8,
        "max_score": 10, "gain": 0.6, "pre_taken_at": "2026-11-21T08:00:00+00:00", "post_taken_at": null,
    })
}

/// A page as `list_students` writes it, with a link to the next one.
fn listed(world: &World, students: Value) -> Value {
    let answer = json!({
        "students": students,
        "pagination": {"page": 2, "per_page": 20, "total": 41, "pages": 3, "total_is_exact": true},
        "links": {"next": "/api/admin/students?cursor=e30", "previous": null},
    });
    let mut records = world.records();
    records.answers.insert("list_students", (200, answer.clone()));
    records.link = Some("</api/admin/students?cursor=e30>; rel=\"next\"");
    answer
}

#[tokio::test]
async fn a_page_of_students_costs_one_call_and_is_passed_on_as_the_database_wrote_it() {
    let world = World::start(&[]).await;
    let page = listed(&world, json!([student("Élodie")]));
    let path = "/api/admin/students?page=2&per_page=20&search=%20El%20&validated=true&sort=gain";
    let answer = get(&world, path).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.body, page);
    assert_eq!(answer.headers["link"], "</api/admin/students?cursor=e30>; rel=\"next\"");
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(answer.headers["cache-control"], "no-store");

    // Links are made of the address that the database is told, and it gets its own cursor back.
    let address = "/api/admin/students?search=+El+&validated=true&sort=gain&per_page=20&cursor=";
    let answer = get(&world, &format!("{address}eyJrIjoiw6kifQ")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let records = world.records();
    assert_eq!(records.calls.len(), 2, "one call for each request");
    // What nobody asked for is left out: it would cost the project time.
    let mut asked = json!({
        "search": "El", "validated": true, "sort": "gain", "descending": true,
        "page": 2, "per_page": 20, "link": address,
    });
    assert_eq!(records.written[0], ("POST list_students".to_owned(), asked.clone()));
    asked["page"] = json!(1);
    asked["cursor"] = json!({"k": "é"});
    assert_eq!(records.written[1], ("POST list_students".to_owned(), asked));
}

#[tokio::test]
async fn the_same_rows_come_as_csv() {
    let world = World::start(&[]).await;
    listed(&world, json!([student("=1+1"), student("Bé \"X\", Ada")]));
    world.records().link = None;
    let headers = [("accept", "text/csv"), ("accept-language", "fr")];
    let answer = ask(&world, "GET", "/api/admin/students", &headers[..1], Value::Null).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["content-type"], "text/csv; charset=utf-8; header=present");
    assert_eq!(answer.headers["content-disposition"], "attachment; filename=\"etudiants.csv\"");
    assert_eq!(answer.headers["link"], "</api/admin/students?cursor=e30>; rel=\"next\"");
    let lines: Vec<_> = answer.text.split("\r\n").collect();
    assert_eq!(lines.len(), 4);
    assert!(lines[0].starts_with("\u{feff}Registration,"), "{}", lines[0]);
    assert!(lines[1].contains(",'=1+1,e@griot.test,'+24174000000,"), "{}", lines[1]);
    assert!(lines[2].contains(",\"Bé \"\"X\"\", Ada\","), "{}", lines[2]);
    assert_eq!(world.records().written[0].1["per_page"], 10_000);
}

#[tokio::test]
async fn refused_lists_never_reach_the_project() {
    let world = World::start(&[]).await;
    let long = format!("search={}", "a".repeat(201));
    for (query, field) in [
        ("page=0", json!("page")),
        ("page=50001", json!("page")),
        ("per_page=0", json!("per_page")),
        ("per_page=101", json!("per_page")),
        ("search=%00", json!("search")),
        (long.as_str(), json!("search")),
        ("registered_from=2026-02-30", json!("registered_from")),
        ("registered_to=2026-1-1", json!("registered_to")),
        ("registered_from=2026-02-02&registered_to=2026-02-01", json!("registered_to")),
    ] {
        let answer = get(&world, &format!("/api/admin/students?{query}")).await;
        assert_eq!(answer.status, 422, "{query}: {}", answer.text);
        assert_eq!(answer.body["code"], "invalid_request", "{query}");
        assert_eq!(answer.body["details"]["field"], field, "{query}");
    }
    for query in [
        "page=x",
        "page=-1",
        "page=99999999999",
        "page=1&page=2",
        "validated=oui",
        "sort=email",
        "order=up",
        "masterclass_id=1",
        "nothing=1",
    ] {
        let answer = get(&world, &format!("/api/admin/students?{query}")).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (422, &"invalid_request".into()),
            "{query}"
        );
    }
    for cursor in ["", "x", "bnVsbA", "W10", "%00", "e30%3D"] {
        let answer = get(&world, &format!("/api/admin/students?cursor={cursor}")).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (422, &"invalid_cursor".into()),
            "{cursor}"
        );
    }
    let answer =
        ask(&world, "GET", "/api/admin/students", &[("accept", "text/html")], Value::Null).await;
    assert_eq!((answer.status, &answer.body["code"]), (406, &"not_acceptable".into()));
    assert!(world.records().calls.is_empty());
}

#[tokio::test]
async fn what_the_database_refuses_is_said_in_the_language_of_the_caller() {
    let world = World::start(&[]).await;
    let refuse = |function, status, code: &str| {
        let body = json!({
            "code": code, "message": ["Non.", "No."], "details": null, "hint": ["Oui.", "Yes."],
        });
        world.records().answers.insert(function, (status, body));
    };
    for (function, path, status, code) in [
        ("list_students", "/api/admin/students", 403, "staff_only"),
        ("list_students", "/api/admin/students", 422, "search_too_short"),
        ("list_students", "/api/admin/students", 422, "invalid_cursor"),
        ("list_outbound_messages", "/api/admin/outbound-messages", 422, "search_too_broad"),
        ("get_student", &*format!("/api/admin/student/{STUDENT}"), 404, "student_not_found"),
        ("masterclass_overview", "/api/admin/overview", 404, "masterclass_not_found"),
    ] {
        refuse(function, status, code);
        let english = get(&world, path).await;
        assert_eq!((english.status, &english.body["code"]), (status, &code.into()), "{path}");
        let token = format!("Bearer {}", world.token(TUTOR));
        let request = Request::get(path).header("authorization", token).body(Body::empty());
        let french = world.send(request.unwrap()).await;
        assert_eq!((french.status, &french.body["code"]), (status, &code.into()), "{path}");
        let [english, french] = [english, french].map(|answer| answer.body["message"].clone());
        assert!(english != french, "{code}: {english} {french}");
    }
    // A value in a made-up cursor that PostgreSQL cannot take.
    refuse("list_students", 400, "22P05");
    let answer = get(&world, "/api/admin/students?cursor=e30").await;
    assert_eq!((answer.status, &answer.body["code"]), (422, &"invalid_cursor".into()));
    let answer = get(&world, "/api/admin/students").await;
    assert_eq!(answer.status, 500, "without a cursor it is ours");
}

#[tokio::test]
async fn a_student_and_the_overview_are_passed_on_as_they_are() {
    let world = World::start(&[]).await;
    let detail = json!({"profile": {"id": STUDENT}, "inscriptions": [], "consents": []});
    world.records().answers.insert("get_student", (200, detail.clone()));
    world.records().answers.insert("masterclass_overview", (200, json!({"questions": [1]})));
    let answer = get(&world, &format!("/api/admin/student/{STUDENT}")).await;
    assert_eq!((answer.status, answer.body), (200, detail));
    let answer = get(&world, &format!("/api/admin/overview?masterclass_id={MASTERCLASS}")).await;
    assert_eq!((answer.status, answer.body), (200, json!({"questions": [1]})));
    let sent: Vec<_> = world.records().written.iter().map(|(_, body)| body.clone()).collect();
    assert_eq!(sent, [json!({"student_id": STUDENT}), json!({"masterclass_id": MASTERCLASS})]);
    for path in ["/api/admin/student/1", "/api/admin/overview?masterclass_id=1"] {
        let answer = get(&world, path).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (422, &"invalid_request".into()),
            "{path}"
        );
    }
}

fn new_question() -> Value {
    json!({
        "masterclass_id": MASTERCLASS, "question_text": "Quoi ?",
        "choices": {"A": "un", "B": "deux", "C": "trois", "D": "quatre"}, "correct_choice": "A",
    })
}

fn changed_question(version: u32) -> Value {
    json!({
        "question_text": "Quoi ?", "choices": {"A": "un", "B": "deux", "C": "trois", "D": "quatre"},
        "correct_choice": "A", "status": "draft", "version": version,
    })
}

#[tokio::test]
async fn the_bank_is_listed_with_a_total_also_beyond_its_end() {
    let world = World::start(&[]).await;
    world.records().questions.extend([
        (206, "20-39/57", json!([{"id": QUESTION}])),
        (416, "*/57", json!({"code": "PGRST103", "message": "Requested range not satisfiable"})),
        (200, "*/0", json!([])),
    ]);
    let path = format!(
        "/api/admin/questions?masterclass_id={MASTERCLASS}&status=draft&search=l%27eau*&page=2"
    );
    let answer = get(&world, &path).await;
    let pagination = |page: u32, total: u32, pages: u32| {
        json!({
            "page": page, "per_page": 20, "total": total, "pages": pages, "total_is_exact": true,
        })
    };
    let expected = json!({"questions": [{"id": QUESTION}], "pagination": pagination(2, 57, 3)});
    assert_eq!((answer.status, answer.body), (200, expected));
    let beyond = get(&world, "/api/admin/questions?page=9").await;
    let expected = json!({"questions": [], "pagination": pagination(9, 57, 3)});
    assert_eq!((beyond.status, beyond.body), (200, expected));
    let empty = get(&world, "/api/admin/questions").await;
    assert_eq!(empty.body["pagination"], pagination(1, 0, 0));
    let asked = world.records().asked[1].clone();
    for part in [
        &*format!("masterclass_id=eq.{MASTERCLASS}"),
        "status=eq.draft",
        "order=created_at%2Cid",
        "and=%28question_text.imatch.%22l%27eau%5C%5C*%22%29",
    ] {
        assert!(asked.contains(part), "{part} in {asked}");
    }
}

/// What the engine finds in a question whose answer is A.
fn mcq_flaws(question_text: &str, choices: [&str; 4]) -> Value {
    let question = mcq::Question {
        question_text: question_text.into(),
        choices: choices.map(str::to_owned).into(),
        correct_choice: mcq::Letter::A,
        evidence: mcq::Evidence { page: 1, quote: String::new() },
        flaws: Vec::new(),
    };
    let flaws = mcq::find_flaws(&question, mcq::Language::Fr);
    assert!(!flaws.is_empty(), "a question that tests nothing");
    serde_json::to_value(flaws).unwrap()
}

#[tokio::test]
async fn a_question_is_created_where_its_location_says() {
    let world = World::start(&[]).await;
    world.records().questions.push_back((201, "*/*", json!([{"id": QUESTION, "version": 1}])));
    let answer = ask(&world, "POST", "/api/admin/questions", &[], new_question()).await;
    assert_eq!((answer.status, &answer.body), (201, &json!({"id": QUESTION, "version": 1})));
    let (method, row) = world.records().written[0].clone();
    assert_eq!(method, "POST questions");
    let path = format!("/api/admin/questions/{}", row["id"].as_str().unwrap());
    assert_eq!(answer.headers["location"], path.as_str());
    assert_eq!((&row["status"], &row["evidence_page"]), (&"draft".into(), &Value::Null));
    assert_eq!(row["flaws"], mcq_flaws("Quoi ?", ["un", "deux", "trois", "quatre"]));

    let refusal = json!({"code": "23503", "message": "violates foreign key constraint"});
    world.records().questions.push_back((409, "*/*", refusal));
    let answer = ask(&world, "POST", "/api/admin/questions", &[], new_question()).await;
    assert_eq!((answer.status, &answer.body["code"]), (404, &"masterclass_not_found".into()));
}

#[tokio::test]
async fn changes_are_made_on_the_version_that_was_read() {
    let world = World::start(&[]).await;
    let path = format!("/api/admin/questions/{QUESTION}");
    let version = |version: u32| json!([{ "version": version }]);
    world.records().questions.extend([
        // Changed, stale, gone.
        (200, "0-0/*", json!([{"id": QUESTION, "version": 4}])),
        (200, "*/*", json!([])),
        (200, "0-0/*", version(7)),
        (200, "*/*", json!([])),
        (200, "*/*", json!([])),
        // Asked already.
        (409, "*/*", json!({"code": "question_in_use", "message": "Non."})),
        // Deleted, stale.
        (200, "0-0/*", json!([{"id": QUESTION}])),
        (200, "*/*", json!([])),
        (200, "0-0/*", version(8)),
    ]);
    let put = || ask(&world, "PUT", &path, &[], changed_question(3));
    let answer = put().await;
    assert_eq!((answer.status, &answer.body["version"]), (200, &4.into()));
    let answer = put().await;
    assert_eq!((answer.status, &answer.body["code"]), (409, &"stale_version".into()));
    assert_eq!(answer.body["details"], json!({"current_version": 7}));
    let answer = put().await;
    assert_eq!((answer.status, &answer.body["code"]), (404, &"question_not_found".into()));
    let answer = put().await;
    assert_eq!((answer.status, &answer.body["code"]), (409, &"question_in_use".into()));
    let gone = ask(&world, "DELETE", &format!("{path}?version=4"), &[], Value::Null).await;
    assert_eq!((gone.status, gone.text.as_str()), (204, ""));
    let stale = ask(&world, "DELETE", &format!("{path}?version=4"), &[], Value::Null).await;
    assert_eq!((stale.status, &stale.body["details"]["current_version"]), (409, &8.into()));

    let records = world.records();
    assert!(records.written[0].1.get("version").is_none(), "the trigger counts");
    let changes: Vec<_> =
        records.asked.iter().filter(|path| path.contains("version=eq.")).cloned().collect();
    assert_eq!(changes.len(), 6);
    assert!(changes.iter().all(|path| path.contains(&format!("id=eq.{QUESTION}"))));
    assert!(changes[0].contains("version=eq.3") && changes[5].contains("version=eq.4"));
}

#[tokio::test]
async fn questions_are_published_all_or_none() {
    let world = World::start(&[]).await;
    let body = json!({"questions": [{"id": QUESTION, "version": 1}]});
    let publish = || ask(&world, "POST", "/api/admin/questions/publish", &[], body.clone());
    let outcome = |published: Value, stale: Value, missing: Value| {
        let answer = json!({"published": published, "stale": stale, "missing": missing});
        world.records().answers.insert("publish_questions", (200, answer));
    };
    outcome(json!([{"id": QUESTION, "version": 2}]), json!([]), json!([]));
    let answer = publish().await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, json!({"published": [{"id": QUESTION, "version": 2}]}));
    assert_eq!(world.records().written[0], ("POST publish_questions".into(), body.clone()));
    outcome(json!([]), json!([{"id": QUESTION, "version": 5}]), json!([STUDENT]));
    let answer = publish().await;
    assert_eq!((answer.status, &answer.body["code"]), (409, &"stale_version".into()));
    assert_eq!(
        answer.body["details"],
        json!({"stale": [{"id": QUESTION, "version": 5}], "missing": [STUDENT]})
    );
}

#[tokio::test]
async fn the_bank_is_for_staff_and_refuses_what_its_table_would() {
    let world = World::start(&[]).await;
    let token = format!("Bearer {}", world.token(STUDENT));
    for path in ["/api/admin/questions", "/api/admin/questions?page=0"] {
        let request = Request::get(path).header("authorization", &token).body(Body::empty());
        let answer = world.send(request.unwrap()).await;
        assert_eq!((answer.status, &answer.body["code"]), (403, &"staff_only".into()));
    }
    let with = |field: &str, value: Value| {
        let mut body = new_question();
        body[field] = value;
        body
    };
    for (field, body) in [
        ("question_text", with("question_text", json!(""))),
        ("question_text", with("question_text", json!("a\u{0}"))),
        ("question_text", with("question_text", json!(7))),
        ("choices.B", with("choices", json!({"A": "un", "B": " UN", "C": "c", "D": "d"}))),
        ("choices.E", with("choices", json!({"A": "a", "B": "b", "C": "c", "D": "d", "E": "e"}))),
        ("choices", with("choices", json!({"A": "a", "B": "b", "C": "c"}))),
        ("correct_choice", with("correct_choice", json!("E"))),
        ("status", with("status", json!("archived"))),
        ("evidence_page", with("evidence_page", json!(0))),
        ("evidence_quote", with("evidence_page", json!(1))),
        ("evidence_page", with("evidence_quote", json!("q"))),
        ("version", with("version", json!(1))),
    ] {
        let answer = ask(&world, "POST", "/api/admin/questions", &[], body.clone()).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (422, &"invalid_request".into()),
            "{body}"
        );
        assert_eq!(answer.body["details"]["field"], field, "{body}");
    }
    let path = format!("/api/admin/questions/{QUESTION}");
    for query in ["", "?version=0", "?version=x", "?version=99999999999", "?version=1&x=1"] {
        let answer = ask(&world, "DELETE", &format!("{path}{query}"), &[], Value::Null).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (422, &"invalid_request".into()),
            "{query}"
        );
    }
    let answer = ask(&world, "PUT", &path, &[], changed_question(0)).await;
    assert_eq!(answer.body["details"]["field"], "version");
    assert!(!world.records().calls.iter().any(|(path, _)| path == "questions"));
}
