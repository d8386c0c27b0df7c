//! What holds for any number, any variables and any answer.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use messaging::{
    Channel, Keyword, Language, MAX_WHATSAPP_CHARACTERS, MessageType, PhoneNumber, Rendered,
    Template, reference, reference_in,
};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use uuid::Uuid;

/// Mostly what looks like a number, so that enough of them are one.
fn typed_number() -> impl Strategy<Value = String> {
    let country =
        select(vec!["", "0", "+241 ", "+2410", "00241", "+229", "0022901", "+225", "+33"]);
    (country, "[0-9]{5,11}").prop_map(|(country, digits)| country.to_owned() + &digits)
}

fn digits_of(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Text that would like to be something else: markup, HTML, line breaks, marks of direction.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        select(vec![
            "*",
            "_",
            "~",
            "`",
            "```",
            "\n",
            "\r\n",
            "> ",
            "- ",
            "1. ",
            "<script>",
            "</p>",
            "&amp;",
            "\"",
            "'",
            "{link}",
            "{name}",
            "||",
            "\n\n",
            "[x]{link}",
            "\u{202e}",
            "\u{0}",
            "Réf. 0000-0000",
            "STOP",
            "é",
            "字",
            "🙏",
            " ",
        ])
        .prop_map(str::to_owned),
        "[a-zA-ZÀ-ÿ ]{1,8}",
    ];
    prop::collection::vec(piece, 0..20)
        .prop_map(|pieces| pieces.concat().chars().take(200).collect())
}

/// Variables of the right kinds, with hostile texts.
fn variables(message_type: MessageType) -> impl Strategy<Value = Value> {
    let texts = (hostile(), hostile(), prop::collection::vec(hostile(), 0..6), hostile());
    let figures = (0..=1000u64, 1..=1000u64, -1000.0..=1.0f64, any::<u16>());
    (texts, figures, any::<bool>()).prop_map(move |(texts, figures, with_optional)| {
        let (name, masterclass, text, subject) = texts;
        let (score, max_score, gain, moment) = figures;
        let limited = |text: String, max| text.chars().take(max).collect::<String>();
        let all = json!({
            "name": format!("A{name}"),
            "masterclass": format!("M{masterclass}"),
            "score": score.min(max_score),
            "max_score": max_score,
            "gain": gain,
            "date": format!("20{:02}-{:02}-{:02}", moment % 100, moment % 12 + 1, moment % 28 + 1),
            "time": format!("{:02}:{:02}", moment % 24, moment % 60),
            "time_zone": "Africa/Libreville",
            "link": format!("https://griot.example/{}", "a".repeat(usize::from(moment % 1900))),
            "text": limited(format!("T{}", text.concat()), 1000),
            "subject": limited(subject, 120),
            "code": "482913",
            "new_email": "awa@griot.example",
        });
        let shortened = |name: &str| match &all[name] {
            Value::String(text) => {
                json!(limited(text.clone(), if name == "text" { 1000 } else { 2000 }))
            }
            other => other.clone(),
        };
        message_type
            .variables()
            .filter(|(_, required)| *required || with_optional)
            .map(|(name, _)| {
                let value = shortened(name);
                let value = match (name, value) {
                    ("name" | "masterclass", Value::String(text)) => json!(limited(text, 200)),
                    (_, value) => value,
                };
                (name.to_owned(), value)
            })
            .collect()
    })
}

fn any_message() -> impl Strategy<Value = (MessageType, Value)> {
    select(MessageType::ALL.to_vec())
        .prop_flat_map(|message_type| (Just(message_type), variables(message_type)))
}

/// Any JSON at all.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[0-9:/-]{1,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 16, 8, |inner| {
        let names = prop_oneof![
            select(vec![
                "name",
                "masterclass",
                "score",
                "max_score",
                "gain",
                "date",
                "time",
                "time_zone",
                "link",
                "text",
                "code"
            ])
            .prop_map(str::to_owned),
            any::<String>(),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(names, inner, 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// What may stand between digits.
const SEPARATORS: [&str; 8] = [" ", "-", ".", "\u{a0}", "\u{200e}", "(", ")", "/"];

/// `{name}`, `{masterclass}` and the like that a WhatsApp text of this kind shows in bold.
fn bold_passages(message_type: MessageType, text: &str) -> usize {
    match message_type {
        MessageType::MasterclassReminder => 3,
        MessageType::PostTestResult if text.contains('%') => 3,
        MessageType::PreTestResult | MessageType::PostTestResult => 2,
        _ => 1,
    }
}

proptest! {
    #[test]
    fn any_text_is_a_number_or_a_reason(text in any::<String>(), region in "[A-Z]{2}") {
        let _ = PhoneNumber::parse(&text);
        let _ = PhoneNumber::parse_in(&text, &region);
        let _ = PhoneNumber::from_digits(&text);
    }

    #[test]
    fn a_number_is_its_own_reading(typed in typed_number()) {
        if let Ok(number) = PhoneNumber::parse(&typed) {
            prop_assert!(number.e164().starts_with('+') && !number.e164().starts_with("+0"));
            prop_assert!((7..=15).contains(&number.digits().len()), "{}", number.e164());
            prop_assert!(number.digits().bytes().all(|byte| byte.is_ascii_digit()));
            prop_assert_eq!(&PhoneNumber::parse(number.e164()).unwrap(), &number);
            prop_assert_eq!(&PhoneNumber::from_digits(number.digits()).unwrap(), &number);
            let debug = format!("{number:?}");
            prop_assert!(!debug.contains(|c: char| c.is_ascii_digit()) || number.country() == "001");
        }
    }

    /// The number is the digits that were typed, but for codes and prefixes before them.
    #[test]
    fn no_digit_is_invented(typed in typed_number()) {
        if let Ok(number) = PhoneNumber::parse(&typed) {
            // A country's code has three digits at most; "0064 0 10000" loses the 0 after it.
            let digits = number.digits();
            let national = &digits[(digits.len() - 6).max(3)..];
            prop_assert!(digits_of(&typed).ends_with(national), "{typed} became {}", number.e164());
        }
    }

    #[test]
    fn separators_change_nothing(
        typed in typed_number(),
        separators in prop::collection::vec(select(SEPARATORS.to_vec()), 20),
    ) {
        let mut written = String::new();
        for (place, c) in typed.chars().enumerate() {
            written.push(c);
            written.push_str(separators[place % separators.len()]);
        }
        prop_assert_eq!(PhoneNumber::parse(&written), PhoneNumber::parse(&typed));
    }

    #[test]
    fn any_json_is_a_message_or_names_its_fault(
        data in json_value(),
        message_type in select(MessageType::ALL.to_vec()),
    ) {
        for channel in Channel::ALL {
            let checked = Template::check(message_type, channel, &data);
            for language in Language::ALL {
                let template = Template { message_type, channel, language, academy: "G" };
                let rendered = template.render(Uuid::nil(), &data);
                prop_assert_eq!(rendered.err(), checked.clone().err());
            }
            if let Err(error) = checked {
                let short = |message: &String| message.len() < 300 && !message.contains('\n');
                prop_assert!(error.message().iter().all(short));
            }
        }
    }

    #[test]
    fn what_is_checked_is_rendered_within_the_limits(
        (message_type, data) in any_message(),
        bits in any::<u128>(),
    ) {
        let id = Uuid::from_u128(bits);
        for channel in Channel::ALL.into_iter().filter(|&way| message_type.travels_by(way)) {
            prop_assert_eq!(Template::check(message_type, channel, &data), Ok(()));
            for language in Language::ALL {
                let template = Template { message_type, channel, language, academy: "Griot" };
                let rendered = template.render(id, &data).unwrap();
                prop_assert_eq!(&template.render(id, &data).unwrap(), &rendered, "the same every time");
                match rendered {
                    Rendered::WhatsApp { text } => {
                        prop_assert!(text.chars().count() <= MAX_WHATSAPP_CHARACTERS);
                        prop_assert_eq!(reference_in(&text).map(str::to_owned), Some(reference(id)));
                        if message_type != MessageType::Custom {
                            // What formats is ours alone: pairs of stars, and none of the rest.
                            let stars = 2 * bold_passages(message_type, &text);
                            prop_assert_eq!(text.matches('*').count(), stars, "{}", text);
                            prop_assert!(!text.contains(['_', '~', '`']), "{}", text);
                            let formats = |line: &str| line.starts_with(['>', '-', '1']);
                            prop_assert!(!text.lines().any(formats), "{}", text);
                        }
                    }
                    Rendered::Email { subject, html, .. } => {
                        prop_assert!(!subject.is_empty() && !subject.contains(|c: char| c.is_control()));
                        for tag in ["script", "img", "iframe", "style>", "<link"] {
                            prop_assert!(!html.contains(&format!("<{tag}")), "{}", html);
                        }
                        prop_assert_eq!(html.matches("<p>").count(), html.matches("</p>").count());
                        prop_assert!(html.matches("href=").count() <= 1, "{}", html);
                        prop_assert!(!html.contains("src="), "loads nothing");
                    }
                }
            }
        }
    }

    #[test]
    fn any_answer_is_read(text in any::<String>()) {
        let _ = Keyword::read(&text);
        let _ = reference_in(&text);
    }

    #[test]
    fn a_keyword_survives_case_and_what_surrounds_it(
        word in select(vec!["stop", "arret", "arrêt", "stopper"]),
        upper in prop::collection::vec(any::<bool>(), 8),
        before in "[ .!*\"«»🙏]{0,4}",
        after in "[ .!*\"«»🙏]{0,4}",
    ) {
        let cased = |(c, upper): (char, bool)| {
            if upper { c.to_uppercase().to_string() } else { c.to_string() }
        };
        let word: String = word.chars().zip(upper).map(cased).collect();
        prop_assert_eq!(Keyword::read(&format!("{before}{word}{after}")), Some(Keyword::Stop));
    }

    /// A keyword inside other words is none.
    #[test]
    fn a_sentence_around_a_keyword_is_none(
        before in "[b-r]{2,8}",
        after in "[b-r]{2,8}",
        keyword in select(vec!["stop", "arrêt", "start"]),
    ) {
        prop_assert_eq!(Keyword::read(&format!("{before} {keyword}")), None);
        prop_assert_eq!(Keyword::read(&format!("{before}{keyword}")), None);
        prop_assert_eq!(Keyword::read(&format!("{keyword}{after}")), None);
        prop_assert_eq!(Keyword::read(&format!("{before} {keyword} {after}")), None);
    }

    #[test]
    fn a_reference_is_made_of_forty_bits(bits in any::<u128>(), rest in any::<u128>()) {
        let one = reference(Uuid::from_u128(bits));
        let rest = rest >> 40;
        prop_assert_eq!(&reference(Uuid::from_u128((bits >> 88 << 88) | rest)), &one);
        prop_assert_ne!(&reference(Uuid::from_u128(bits ^ (1 << 88))), &one);
        let text = format!("Bonjour\n\nRef. {one}\n");
        prop_assert_eq!(reference_in(&text), Some(one.as_str()));
    }
}
