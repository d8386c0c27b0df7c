//! What the messages say.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use messaging::{
    Channel, Language, MessageType, Rendered, Template, VariableError, reference, reference_in,
};
use serde_json::{Value, json};
use uuid::Uuid;

use support::{ID, full, least, template, with};

mod support;

fn whatsapp(message_type: MessageType, language: Language, data: &Value) -> String {
    match template(message_type, Channel::WhatsApp, language).render(ID, data).unwrap() {
        Rendered::WhatsApp { text } => text,
        Rendered::Email { .. } => panic!("an e-mail"),
    }
}

fn email(message_type: MessageType, language: Language, data: &Value) -> (String, String, String) {
    match template(message_type, Channel::Email, language).render(ID, data).unwrap() {
        Rendered::Email { subject, text, html } => (subject, text, html),
        Rendered::WhatsApp { .. } => panic!("a WhatsApp message"),
    }
}

/// Every message in every language on every way it travels, with all and with the least variables.
fn every_rendering() -> Vec<(MessageType, Language, Rendered)> {
    let mut all = Vec::new();
    for message_type in MessageType::ALL {
        for channel in Channel::ALL.into_iter().filter(|&way| message_type.travels_by(way)) {
            for language in Language::ALL {
                for data in [full(message_type), least(message_type)] {
                    Template::check(message_type, channel, &data).unwrap();
                    let rendered = template(message_type, channel, language).render(ID, &data);
                    all.push((message_type, language, rendered.unwrap()));
                }
            }
        }
    }
    assert_eq!(all.len(), (6 + 12) * 2 * 2);
    all
}

#[test]
fn a_registration_is_confirmed_in_french() {
    assert_eq!(
        whatsapp(
            MessageType::RegistrationConfirmation,
            Language::French,
            &full(MessageType::RegistrationConfirmation)
        ),
        "Bonjour Awa Mbeng,\n\n\
         Votre inscription à *Gérer sa trésorerie* est bien enregistrée. Merci de votre \
         confiance\u{a0}!\n\n\
         Nous vous écrirons dès que votre place sera validée.\n\n\
         Votre espace\u{a0}: https://griot.example/moi\n\n\
         — Académie Griot\n\n\
         Répondez STOP pour ne plus recevoir de messages.\n\
         Réf. 7W7K-53DQ"
    );
}

#[test]
fn a_reminder_says_when_in_the_words_of_its_language() {
    let data = full(MessageType::MasterclassReminder);
    let french = whatsapp(MessageType::MasterclassReminder, Language::French, &data);
    assert!(
        french.contains(
            "commence le *mardi 24 novembre 2026* à *18\u{a0}h\u{a0}30* (heure de Libreville)."
        ),
        "{french}"
    );
    let english = whatsapp(MessageType::MasterclassReminder, Language::English, &data);
    assert!(
        english.contains("begins on *Tuesday 24 November 2026* at *18:30* (Libreville time)."),
        "{english}"
    );

    let said = |date: &str, time: &str, zone: &str| {
        let data = with(
            with(with(data.clone(), "date", json!(date)), "time", json!(time)),
            "time_zone",
            json!(zone),
        );
        let text = whatsapp(MessageType::MasterclassReminder, Language::French, &data);
        text.split("commence le ").nth(1).unwrap().split(".\n").next().unwrap().to_owned()
    };
    assert_eq!(
        said("2026-12-01", "09:00", "Africa/Abidjan"),
        "*mardi 1er décembre 2026* à *9\u{a0}h* (heure d’Abidjan)"
    );
    assert_eq!(
        said("2028-02-29", "00:05:00", "Africa/Porto-Novo"),
        "*mardi 29 février 2028* à *0\u{a0}h\u{a0}05* (heure de Porto-Novo)"
    );
    assert_eq!(
        said("2026-11-22", "23:59", "UTC"),
        "*dimanche 22 novembre 2026* à *23\u{a0}h\u{a0}59* (UTC)"
    );
    assert_eq!(
        said("2026-11-23", "08:00", "America/New_York"),
        "*lundi 23 novembre 2026* à *8\u{a0}h* (heure de New York)"
    );
}

#[test]
fn a_gain_is_praised_and_a_loss_is_not_mentioned() {
    let data = full(MessageType::PostTestResult);
    let text = whatsapp(MessageType::PostTestResult, Language::French, &data);
    assert!(
        text.contains(
            "Bravo\u{a0}! Vous avez acquis *76\u{a0}%* de ce qu’il vous restait à apprendre."
        ),
        "{text}"
    );
    assert!(whatsapp(MessageType::PostTestResult, Language::English, &data).contains("*76%*"));
    for gain in [json!(-1.5), json!(0), json!(0.004), Value::Null] {
        let text = whatsapp(
            MessageType::PostTestResult,
            Language::French,
            &with(data.clone(), "gain", gain.clone()),
        );
        assert!(!text.contains('%') && !text.contains("Bravo"), "{gain}: {text}");
        assert!(text.contains("*8/10*"));
    }
    let all =
        whatsapp(MessageType::PostTestResult, Language::French, &with(data, "gain", json!(1)));
    assert!(all.contains("*100\u{a0}%*"));
}

#[test]
fn staff_write_in_their_own_words() {
    let data = json!({"text": "Bonjour à tous,\r\n\r\nLa *salle* a changé."});
    assert_eq!(
        whatsapp(MessageType::Custom, Language::French, &data),
        "Bonjour à tous,\n\nLa *salle* a changé.\n\n— Académie Griot\n\n\
         Répondez STOP pour ne plus recevoir de messages.\nRéf. 7W7K-53DQ"
    );
    let (subject, text, html) = email(MessageType::Custom, Language::French, &data);
    assert_eq!(subject, "Académie Griot vous écrit");
    assert!(text.starts_with("Bonjour à tous,\n\nLa *salle*"));
    assert!(html.contains("<p>Bonjour à tous,<br>\n<br>\nLa *salle* a changé.</p>"), "{html}");
    let named = json!({"text": "La salle a changé.", "name": "Awa", "subject": "Salle"});
    assert!(
        whatsapp(MessageType::Custom, Language::English, &named)
            .starts_with("Hello Awa,\n\nLa salle")
    );
    assert_eq!(email(MessageType::Custom, Language::English, &named).0, "Salle");
}

#[test]
fn auth_writes_by_email_only() {
    for message_type in MessageType::ALL {
        let error = Template::check(message_type, Channel::WhatsApp, &least(message_type)).err();
        let auth = matches!(
            message_type,
            MessageType::VerifyEmail
                | MessageType::ResetPassword
                | MessageType::MagicLink
                | MessageType::Invite
                | MessageType::EmailChange
                | MessageType::Reauthentication
        );
        assert_eq!(
            error,
            auth.then_some(VariableError::Channel { message_type, channel: Channel::WhatsApp })
        );
    }
    let (subject, text, html) =
        email(MessageType::ResetPassword, Language::French, &full(MessageType::ResetPassword));
    assert_eq!(subject, "Choisissez un nouveau mot de passe");
    assert_eq!(
        text,
        "Bonjour Awa Mbeng,\n\nVous avez demandé un nouveau mot de passe.\n\n\
         Choisir un mot de passe\u{a0}: https://griot.example/moi\n\n\
         Vous pouvez aussi saisir ce code\u{a0}: 482913\n\n\
         Si vous n’avez rien demandé, ignorez cet e-mail\u{a0}: votre mot de passe reste le même.\n\n\
         — Académie Griot\n"
    );
    assert!(html.contains(
        "<a href=\"https://griot.example/moi\" style=\"color:#0b57d0\">Choisir un mot de passe</a>"
    ));
    assert!(html.contains("<strong>482913</strong>"));
}

#[test]
fn every_text_is_complete_and_keeps_to_the_typography_of_its_language() {
    for (message_type, language, rendered) in every_rendering() {
        let texts = match rendered {
            Rendered::WhatsApp { text } => {
                assert_eq!(text.matches('*').count() % 2, 0, "{text}");
                vec![text]
            }
            Rendered::Email { subject, text, html } => {
                assert!(!subject.is_empty() && !subject.contains(['\n', '\r', '*']), "{subject}");
                assert!(html.contains(&format!("<html lang=\"{}\">", language.code())));
                assert_eq!(html.matches("<strong>").count(), html.matches("</strong>").count());
                assert!(!text.contains('*'), "{text}");
                vec![subject, text]
            }
        };
        for text in texts {
            assert!(!text.contains(['{', '}', '[', ']', '|', '\'']), "{message_type:?}: {text}");
            assert!(!text.contains("\n\n\n") && !text.contains("  "), "{message_type:?}: {text}");
            let signs: Vec<char> = text.chars().collect();
            for signs in signs.windows(3) {
                let [before, sign, after] = signs else { continue };
                match (language, sign) {
                    (Language::French, '!' | '?' | ';' | '%') => {
                        assert_eq!(*before, '\u{a0}', "{message_type:?}: {text}");
                    }
                    // Not the one in an address.
                    (Language::French, ':') if *after != '/' => {
                        assert_eq!(*before, '\u{a0}', "{message_type:?}: {text}");
                    }
                    (Language::English, '!' | '?' | ';' | ':' | '%') => {
                        assert!(!before.is_whitespace(), "{message_type:?}: {text}");
                    }
                    _ => {}
                }
            }
        }
    }
}

#[test]
fn how_to_stop_is_said_once_where_nobody_waits_for_the_message() {
    for (message_type, language, rendered) in every_rendering() {
        let Rendered::WhatsApp { text } = rendered else { continue };
        let expected = match message_type {
            MessageType::RegistrationConfirmation
            | MessageType::MasterclassReminder
            | MessageType::Custom => 1,
            _ => 0,
        };
        assert_eq!(text.matches("STOP").count(), expected, "{message_type:?} {language:?}");
    }
}

#[test]
fn a_message_is_found_again_by_its_reference() {
    assert_eq!(reference(ID), "7W7K-53DQ");
    assert_eq!(reference(Uuid::nil()), "0000-0000");
    assert_eq!(reference(Uuid::max()), "ZZZZ-ZZZZ");
    // The first 40 bits, and only they: 00000 00001 00010 … 00111 are the digits 0 to 7.
    assert_eq!(reference(Uuid::from_u128(0x4432_14c7 << 88)), "0123-4567");
    assert_eq!(reference(Uuid::from_u128((0x4432_14c7 << 88) | 0xffff)), "0123-4567");
    for (_, _, rendered) in every_rendering() {
        if let Rendered::WhatsApp { text } = rendered {
            assert_eq!(reference_in(&text), Some("7W7K-53DQ"), "{text}");
            assert_eq!(reference_in(&format!("{text}\r\n ")), Some("7W7K-53DQ"));
        }
    }
    for other in [
        "",
        "Réf.",
        "Réf. 7W7K53DQ",
        "Réf. 7W7K-53D",
        "Réf. 7W7K-53DQ5",
        "Réf. 7W7K-53DU",
        "Réf. 7W7K-53DQ merci",
        "Réf. 7W7K-53DQ\nmerci",
        "7W7K-53DQ",
    ] {
        assert_eq!(reference_in(other), None, "{other:?}");
    }
}

#[test]
fn a_name_cannot_format_or_reach_beyond_itself() {
    let name = "*Awa* _M_ ~b~ `eng`\n> <b onclick=\"x\">&\u{202e}'";
    let data = with(full(MessageType::Validation), "name", json!(name));
    let text = whatsapp(MessageType::Validation, Language::French, &data);
    assert!(text.starts_with("Bonjour ∗Awa∗ ˍMˍ ∼b∼ ˋengˋ > <b onclick=\"x\">&',\n\n"), "{text}");
    let (_, text, html) = email(MessageType::Validation, Language::French, &data);
    assert!(text.starts_with("Bonjour *Awa* _M_ ~b~ `eng` > <b onclick=\"x\">&',\n"), "{text}");
    assert!(
        html.contains(
            "<p>Bonjour *Awa* _M_ ~b~ `eng` &gt; &lt;b onclick=&quot;x&quot;&gt;&amp;&#39;,</p>"
        ),
        "{html}"
    );
    // The markup of templates is not read inside variables.
    let data = with(full(MessageType::Validation), "name", json!("{link} [x]{link} ||"));
    assert!(
        whatsapp(MessageType::Validation, Language::French, &data)
            .starts_with("Bonjour {link} [x]{link} ||,")
    );
    // Nor can the name of the academy.
    let academy = Template {
        academy: "*Griot*\n> x",
        ..template(MessageType::Validation, Channel::WhatsApp, Language::French)
    };
    let rendered = academy.render(ID, &full(MessageType::Validation)).unwrap();
    let Rendered::WhatsApp { text } = rendered else { panic!("an e-mail") };
    assert!(text.contains("\n\n— ∗Griot∗ > x\n\n"), "{text}");
    // A title is one line of the subject.
    let data = with(full(MessageType::Validation), "masterclass", json!("A\r\nBcc: x@y.example"));
    assert_eq!(
        email(MessageType::Validation, Language::English, &data).0,
        "Your place is confirmed: A Bcc: x@y.example"
    );
}

#[test]
fn names_are_those_of_the_database() {
    for message_type in MessageType::ALL {
        assert_eq!(MessageType::from_name(message_type.name()), Some(message_type));
    }
    for channel in Channel::ALL {
        assert_eq!(Channel::from_name(channel.name()), Some(channel));
    }
    for language in Language::ALL {
        assert_eq!(Language::from_code(language.code()), Some(language));
    }
    assert_eq!(MessageType::from_name("Custom"), None);
    assert_eq!(Channel::from_name("sms"), None);
    assert_eq!(Language::from_code("FR"), None);
    assert_eq!(Language::default(), Language::French);
}
