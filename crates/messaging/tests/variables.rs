//! What is wrong with variables, by their names.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use messaging::{Channel, Expected, Language, MessageType, Template, VariableError};
use serde_json::{Value, json};

use support::{ID, full, template, with};

#[allow(dead_code, reason = "not every test needs every helper")]
mod support;

#[test]
fn a_wrong_variable_is_named() {
    use MessageType::{
        Custom, MasterclassReminder, PostTestResult, PreTestResult, ResetPassword, Validation,
    };
    let wrong = |name, expected| VariableError::Wrong { name, expected };
    let long = |length: usize| json!("é".repeat(length));
    let address =
        |length: usize| json!(format!("https://griot.example/{}", "a".repeat(length - 22)));
    let unknown = |name: &str| VariableError::Unknown { name: name.to_owned() };
    for (message_type, name, value, error) in [
        (Validation, "name", Value::Null, VariableError::Missing { name: "name" }),
        (Validation, "name", json!(""), VariableError::Missing { name: "name" }),
        (Validation, "name", json!(" \n\t\u{200e}"), VariableError::Missing { name: "name" }),
        (Validation, "name", json!(12), wrong("name", Expected::Text)),
        (Validation, "name", json!(["Awa"]), wrong("name", Expected::Text)),
        (Validation, "name", long(201), VariableError::TooLong { name: "name", max: 200 }),
        (
            Validation,
            "masterclass",
            long(201),
            VariableError::TooLong { name: "masterclass", max: 200 },
        ),
        (Validation, "score", json!(1), unknown("score")),
        (Validation, "\u{7}{name}", json!(1), unknown("{name}")),
        (Custom, "text", long(1001), VariableError::TooLong { name: "text", max: 1000 }),
        (Custom, "subject", long(121), VariableError::TooLong { name: "subject", max: 120 }),
        (PreTestResult, "score", json!(-1), wrong("score", Expected::Count)),
        (PreTestResult, "score", json!(7.5), wrong("score", Expected::Count)),
        (PreTestResult, "score", json!("7"), wrong("score", Expected::Count)),
        (PreTestResult, "score", json!(11), wrong("score", Expected::AtMostMaximum)),
        (PreTestResult, "max_score", json!(0), wrong("score", Expected::AtMostMaximum)),
        (PreTestResult, "max_score", json!(1001), wrong("max_score", Expected::Maximum)),
        (PreTestResult, "gain", json!(0.5), unknown("gain")),
        (PostTestResult, "gain", json!(1.01), wrong("gain", Expected::Gain)),
        (PostTestResult, "gain", json!("0.5"), wrong("gain", Expected::Gain)),
        (MasterclassReminder, "date", json!("24/11/2026"), wrong("date", Expected::Date)),
        (MasterclassReminder, "date", json!("2026-02-29"), wrong("date", Expected::Date)),
        (MasterclassReminder, "date", json!("2026-1-024"), wrong("date", Expected::Date)),
        (MasterclassReminder, "date", json!("+026-01-24"), wrong("date", Expected::Date)),
        (MasterclassReminder, "time", json!("24:00"), wrong("time", Expected::Time)),
        (MasterclassReminder, "time", json!("18:60"), wrong("time", Expected::Time)),
        (MasterclassReminder, "time", json!("18:30:60"), wrong("time", Expected::Time)),
        (MasterclassReminder, "time", json!("6:30"), wrong("time", Expected::Time)),
        (
            MasterclassReminder,
            "time_zone",
            json!("Libreville"),
            wrong("time_zone", Expected::TimeZone),
        ),
        (
            MasterclassReminder,
            "time_zone",
            json!("Africa/"),
            wrong("time_zone", Expected::TimeZone),
        ),
        (
            MasterclassReminder,
            "time_zone",
            json!("/Libreville"),
            wrong("time_zone", Expected::TimeZone),
        ),
        (
            MasterclassReminder,
            "time_zone",
            json!("Etc/GMT-1"),
            wrong("time_zone", Expected::TimeZone),
        ),
        (
            MasterclassReminder,
            "time_zone",
            json!("Africa/*x*"),
            wrong("time_zone", Expected::TimeZone),
        ),
        (ResetPassword, "link", json!("javascript:alert(1)"), wrong("link", Expected::Link)),
        (ResetPassword, "link", json!("http://griot.example/"), wrong("link", Expected::Link)),
        (
            ResetPassword,
            "link",
            json!("https://griot.example@evil.example/"),
            wrong("link", Expected::Link),
        ),
        (ResetPassword, "link", json!("https://griot.example/a b"), wrong("link", Expected::Link)),
        (ResetPassword, "link", json!("https://griot.example/\"x"), wrong("link", Expected::Link)),
        (ResetPassword, "link", json!("/relative"), wrong("link", Expected::Link)),
        (ResetPassword, "link", address(2001), wrong("link", Expected::Link)),
        (ResetPassword, "code", json!("12 34"), wrong("code", Expected::Code)),
        (ResetPassword, "code", json!("123"), wrong("code", Expected::Code)),
        (ResetPassword, "code", json!(482_913), wrong("code", Expected::Code)),
    ] {
        let data = with(full(message_type), name, value);
        assert_eq!(
            Template::check(message_type, Channel::Email, &data),
            Err(error.clone()),
            "{data}"
        );
        let rendered = template(message_type, Channel::Email, Language::English).render(ID, &data);
        assert_eq!(rendered, Err(error.clone()));
        let [french, english] = error.message();
        if let Some(variable) = error.variable() {
            assert!(french.contains(variable) && english.contains(variable));
        }
        assert!(!french.contains(" :"), "no plain space: {french}");
    }
    for data in [Value::Null, json!([]), json!("name")] {
        let error = Template::check(Validation, Channel::Email, &data).unwrap_err();
        assert_eq!((error.code(), error.variable()), ("variables_not_an_object", None));
    }
    // The longest that is allowed is allowed.
    for (message_type, name, value) in [
        (Validation, "name", long(200)),
        (Custom, "text", long(1000)),
        (ResetPassword, "link", address(2000)),
        (
            ResetPassword,
            "link",
            json!("http://127.0.0.1:54321/auth/v1/verify?token=x&type=recovery"),
        ),
        (PostTestResult, "gain", json!(-9)),
    ] {
        let data = with(full(message_type), name, value);
        Template::check(message_type, Channel::Email, &data).unwrap();
    }
    for message_type in MessageType::ALL {
        for (name, _) in message_type.variables().filter(|(_, required)| *required) {
            let mut data = full(message_type);
            data.as_object_mut().unwrap().remove(name);
            let error = Template::check(message_type, Channel::Email, &data).unwrap_err();
            assert_eq!(error, VariableError::Missing { name });
        }
    }
}
