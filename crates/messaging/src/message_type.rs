//! The kinds of message and the ways they travel.

use crate::template::{VARIABLES, Variable};

/// What a message is about. The names are those of `outbound_messages.message_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageType {
    /// A registration for a masterclass was recorded.
    RegistrationConfirmation,
    /// The score of the test before the masterclass.
    PreTestResult,
    /// The score of the test after the masterclass, and the gain.
    PostTestResult,
    /// A masterclass begins soon.
    MasterclassReminder,
    /// Staff validated a registration.
    Validation,
    /// Words of the staff.
    Custom,
    /// Supabase Auth `signup`: the address of a new account is to be confirmed.
    VerifyEmail,
    /// Supabase Auth `recovery`: a new password was asked for.
    ResetPassword,
    /// Supabase Auth `magiclink`: signing in without a password.
    MagicLink,
    /// Supabase Auth `invite`: somebody opened an account for this person.
    Invite,
    /// Supabase Auth `email_change`: a new address is to be confirmed.
    EmailChange,
    /// Supabase Auth `reauthentication`: a code before a sensitive change.
    Reauthentication,
}

impl MessageType {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::RegistrationConfirmation,
        Self::PreTestResult,
        Self::PostTestResult,
        Self::MasterclassReminder,
        Self::Validation,
        Self::Custom,
        Self::VerifyEmail,
        Self::ResetPassword,
        Self::MagicLink,
        Self::Invite,
        Self::EmailChange,
        Self::Reauthentication,
    ];

    /// The name in the database and in requests.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RegistrationConfirmation => "registration_confirmation",
            Self::PreTestResult => "pre_test_result",
            Self::PostTestResult => "post_test_result",
            Self::MasterclassReminder => "masterclass_reminder",
            Self::Validation => "validation",
            Self::Custom => "custom",
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
            Self::MagicLink => "magic_link",
            Self::Invite => "invite",
            Self::EmailChange => "email_change",
            Self::Reauthentication => "reauthentication",
        }
    }

    /// The message type of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|message_type| message_type.name() == name)
    }

    /// Whether it can travel this way. What Auth sends proves that an address is held, so it goes
    /// to that address and nowhere else.
    pub const fn travels_by(self, channel: Channel) -> bool {
        match channel {
            Channel::Email => true,
            Channel::WhatsApp => matches!(
                self,
                Self::RegistrationConfirmation
                    | Self::PreTestResult
                    | Self::PostTestResult
                    | Self::MasterclassReminder
                    | Self::Validation
                    | Self::Custom
            ),
        }
    }

    /// Whether its WhatsApp text says how to stop: where it announces what comes next or what
    /// nobody waits for. A result answers what the person has just done.
    pub(crate) const fn says_how_to_stop(self) -> bool {
        matches!(self, Self::RegistrationConfirmation | Self::MasterclassReminder | Self::Custom)
    }

    /// The variables `data` may hold: name, and whether it must be there.
    pub fn variables(self) -> impl Iterator<Item = (&'static str, bool)> {
        self.declared().map(|variable| (variable.name, variable.required))
    }

    pub(crate) fn declared(self) -> impl Iterator<Item = &'static Variable> {
        VARIABLES
            .iter()
            .filter(move |(message_type, _)| *message_type == self)
            .flat_map(|(_, variables)| variables.iter())
    }
}

/// How a message travels. The names are those of `outbound_messages.channel`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// WhatsApp, through Whapi.
    WhatsApp,
    /// E-mail, through Resend.
    Email,
}

impl Channel {
    /// Both, the preferred one first.
    pub const ALL: [Self; 2] = [Self::WhatsApp, Self::Email];

    /// The name in the database and in requests.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WhatsApp => "whatsapp",
            Self::Email => "email",
        }
    }

    /// The channel of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name() == name)
    }
}
