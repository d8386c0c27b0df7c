//! The words themselves, in the markup of `markup.rs`.
//!
//! French: vouvoiement, no gendered participle about the reader, `\u{a0}` before : ; ! ? and ’ for
//! the apostrophe. No line begins with a variable, but for the words of staff.

use crate::{Language, MessageType};

/// One message in one language.
pub(super) struct Words {
    /// The subject of the e-mail.
    pub(super) subject: &'static str,
    /// What stands between greeting and signature.
    pub(super) body: &'static str,
}

/// What all messages of a language share.
pub(super) struct Common {
    pub(super) greeting: &'static str,
    pub(super) signature: &'static str,
    /// How to get no more messages by WhatsApp; see `Keyword`.
    pub(super) stop: &'static str,
    pub(super) reference: &'static str,
}

pub(super) const fn common(language: Language) -> Common {
    match language {
        Language::French => Common {
            greeting: "Bonjour {name},||Bonjour,",
            signature: "— {academy}",
            stop: "Répondez STOP pour ne plus recevoir de messages.",
            reference: "Réf.",
        },
        Language::English => Common {
            greeting: "Hello {name},||Hello,",
            signature: "— {academy}",
            stop: "Reply STOP to receive no more messages.",
            reference: "Ref.",
        },
    }
}

pub(super) const fn of(message_type: MessageType, language: Language) -> Words {
    match language {
        Language::French => french(message_type),
        Language::English => english(message_type),
    }
}

const fn french(message_type: MessageType) -> Words {
    match message_type {
        MessageType::RegistrationConfirmation => Words {
            subject: "Votre inscription à {masterclass}",
            body: "Votre inscription à *{masterclass}* est bien enregistrée. Merci de votre \
                   confiance\u{a0}!\n\n\
                   Nous vous écrirons dès que votre place sera validée.\n\n\
                   [Votre espace]{link}",
        },
        MessageType::PreTestResult => Words {
            subject: "Votre test d’entrée\u{a0}: {masterclass}",
            body: "Votre test d’entrée pour *{masterclass}* est enregistré. Votre \
                   résultat\u{a0}: *{score}/{max_score}*.\n\n\
                   C’est votre point de départ\u{a0}: un second test, après la masterclass, \
                   mesurera vos progrès.\n\n\
                   [Votre espace]{link}",
        },
        MessageType::PostTestResult => Words {
            subject: "Votre test final\u{a0}: {masterclass}",
            body: "Votre test final pour *{masterclass}* est enregistré. Votre \
                   résultat\u{a0}: *{score}/{max_score}*.\n\n\
                   Bravo\u{a0}! Vous avez acquis *{gain}* de ce qu’il vous restait à \
                   apprendre.\n\n\
                   Merci d’avoir suivi cette masterclass.\n\n\
                   [Vos résultats]{link}",
        },
        MessageType::MasterclassReminder => Words {
            subject: "Rappel\u{a0}: {masterclass}, {date}",
            body: "Petit rappel\u{a0}: *{masterclass}* commence le *{date}* à *{time}* \
                   ({time_zone}).\n\n\
                   [Pour participer]{link}\n\n\
                   À bientôt\u{a0}!",
        },
        MessageType::Validation => Words {
            subject: "Votre place est validée\u{a0}: {masterclass}",
            body: "Bonne nouvelle\u{a0}: votre inscription à *{masterclass}* est validée. Votre \
                   place est réservée.\n\n\
                   [Votre espace]{link}",
        },
        MessageType::Custom => {
            Words { subject: "{subject}||{academy} vous écrit", body: "{text}" }
        }
        MessageType::VerifyEmail => Words {
            subject: "Confirmez votre adresse e-mail",
            body: "Pour ouvrir votre compte chez {academy}, confirmez votre adresse e-mail.\n\n\
                   [Confirmer mon adresse]{link}\n\n\
                   Vous pouvez aussi saisir ce code\u{a0}: *{code}*\n\n\
                   Si vous n’avez pas demandé ce compte, vous n’avez rien à faire.",
        },
        MessageType::ResetPassword => Words {
            subject: "Choisissez un nouveau mot de passe",
            body: "Vous avez demandé un nouveau mot de passe.\n\n\
                   [Choisir un mot de passe]{link}\n\n\
                   Vous pouvez aussi saisir ce code\u{a0}: *{code}*\n\n\
                   Si vous n’avez rien demandé, ignorez cet e-mail\u{a0}: votre mot de passe reste \
                   le même.",
        },
        MessageType::MagicLink => Words {
            subject: "Votre lien de connexion",
            body: "Voici le lien que vous avez demandé pour vous connecter. Il ne sert qu’une \
                   fois.\n\n\
                   [Me connecter]{link}\n\n\
                   Vous pouvez aussi saisir ce code\u{a0}: *{code}*\n\n\
                   Si vous n’avez rien demandé, ignorez cet e-mail.",
        },
        MessageType::Invite => Words {
            subject: "Votre invitation chez {academy}",
            body: "Un compte vous attend chez {academy}.\n\n\
                   [Accepter l’invitation]{link}\n\n\
                   Vous pouvez aussi saisir ce code\u{a0}: *{code}*\n\n\
                   Si cette invitation ne vous concerne pas, vous n’avez rien à faire.",
        },
        MessageType::EmailChange => Words {
            subject: "Confirmez votre nouvelle adresse e-mail",
            body: "Vous souhaitez utiliser l’adresse *{new_email}*\u{a0}: confirmez ce \
                   changement.||Vous souhaitez changer d’adresse e-mail\u{a0}: confirmez ce \
                   changement.\n\n\
                   [Confirmer le changement]{link}\n\n\
                   Vous pouvez aussi saisir ce code\u{a0}: *{code}*\n\n\
                   Si vous n’avez rien demandé, ignorez cet e-mail et changez votre mot de passe.",
        },
        MessageType::Reauthentication => Words {
            subject: "Votre code de confirmation",
            body: "Votre code de confirmation\u{a0}: *{code}*\n\n\
                   Ne le donnez à personne\u{a0}: nous ne vous le demanderons jamais.",
        },
    }
}

const fn english(message_type: MessageType) -> Words {
    match message_type {
        MessageType::RegistrationConfirmation => Words {
            subject: "Your registration for {masterclass}",
            body: "Your registration for *{masterclass}* has been recorded. Thank you for your \
                   trust!\n\n\
                   We will write to you as soon as your place is confirmed.\n\n\
                   [Your space]{link}",
        },
        MessageType::PreTestResult => Words {
            subject: "Your entry test: {masterclass}",
            body: "Your entry test for *{masterclass}* has been recorded. Your result: \
                   *{score}/{max_score}*.\n\n\
                   This is where you start from: a second test, after the masterclass, will \
                   measure your progress.\n\n\
                   [Your space]{link}",
        },
        MessageType::PostTestResult => Words {
            subject: "Your final test: {masterclass}",
            body: "Your final test for *{masterclass}* has been recorded. Your result: \
                   *{score}/{max_score}*.\n\n\
                   Well done! You have learned *{gain}* of what was left to learn.\n\n\
                   Thank you for taking part in this masterclass.\n\n\
                   [Your results]{link}",
        },
        MessageType::MasterclassReminder => Words {
            subject: "Reminder: {masterclass}, {date}",
            body: "A short reminder: *{masterclass}* begins on *{date}* at *{time}* \
                   ({time_zone}).\n\n\
                   [To take part]{link}\n\n\
                   See you soon!",
        },
        MessageType::Validation => Words {
            subject: "Your place is confirmed: {masterclass}",
            body: "Good news: your registration for *{masterclass}* is confirmed. Your place is \
                   reserved.\n\n\
                   [Your space]{link}",
        },
        MessageType::Custom => {
            Words { subject: "{subject}||A message from {academy}", body: "{text}" }
        }
        MessageType::VerifyEmail => Words {
            subject: "Confirm your e-mail address",
            body: "To open your account with {academy}, confirm your e-mail address.\n\n\
                   [Confirm my address]{link}\n\n\
                   You can also enter this code: *{code}*\n\n\
                   If you did not ask for this account, there is nothing to do.",
        },
        MessageType::ResetPassword => Words {
            subject: "Choose a new password",
            body: "You asked for a new password.\n\n\
                   [Choose a password]{link}\n\n\
                   You can also enter this code: *{code}*\n\n\
                   If you did not ask for it, ignore this e-mail: your password stays the same.",
        },
        MessageType::MagicLink => Words {
            subject: "Your sign-in link",
            body: "Here is the link you asked for to sign in. It works once.\n\n\
                   [Sign in]{link}\n\n\
                   You can also enter this code: *{code}*\n\n\
                   If you did not ask for it, ignore this e-mail.",
        },
        MessageType::Invite => Words {
            subject: "Your invitation from {academy}",
            body: "An account with {academy} is waiting for you.\n\n\
                   [Accept the invitation]{link}\n\n\
                   You can also enter this code: *{code}*\n\n\
                   If this invitation is not for you, there is nothing to do.",
        },
        MessageType::EmailChange => Words {
            subject: "Confirm your new e-mail address",
            body: "You want to use the address *{new_email}*: confirm this change.||You want to \
                   change your e-mail address: confirm this change.\n\n\
                   [Confirm the change]{link}\n\n\
                   You can also enter this code: *{code}*\n\n\
                   If you did not ask for it, ignore this e-mail and change your password.",
        },
        MessageType::Reauthentication => Words {
            subject: "Your confirmation code",
            body: "Your confirmation code: *{code}*\n\n\
                   Do not give it to anybody: we will never ask you for it.",
        },
    }
}
