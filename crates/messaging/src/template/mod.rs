//! Templates: what each message says.

mod dates;
mod error;
mod markup;
mod variables;
mod words;

pub use error::{Expected, VariableError};
pub(crate) use variables::{VARIABLES, Variable};

use serde_json::Value;
use uuid::Uuid;

use crate::{Channel, Language, MessageType, reference};
use markup::Output;
use variables::Written;

/// The longest text a WhatsApp message may have, in characters
/// (<https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages#text-object>).
/// No message comes near it: the longest variables and a link make about 2,700.
pub const MAX_WHATSAPP_CHARACTERS: usize = 4096;

/// A message before its variables are filled in.
#[derive(Clone, Copy, Debug)]
pub struct Template<'a> {
    /// What it is about.
    pub message_type: MessageType,
    /// How it travels.
    pub channel: Channel,
    /// The recipient's language.
    pub language: Language,
    /// Who writes, as the recipient knows them.
    pub academy: &'a str,
}

/// A message as its recipient will read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rendered {
    /// For WhatsApp.
    WhatsApp {
        /// At most [`MAX_WHATSAPP_CHARACTERS`]; its last line is the reference.
        text: String,
    },
    /// For e-mail.
    Email {
        /// One line.
        subject: String,
        /// The same words without any markup.
        text: String,
        /// A whole document that loads nothing from anywhere.
        html: String,
    },
}

impl Template<'_> {
    /// Whether `data` has the variables this message needs, each of its kind and length, and no
    /// others. What passes here is rendered in both languages.
    ///
    /// # Errors
    /// The first fault, by the name of its variable.
    pub fn check(
        message_type: MessageType,
        channel: Channel,
        data: &Value,
    ) -> Result<(), VariableError> {
        if !message_type.travels_by(channel) {
            return Err(VariableError::Channel { message_type, channel });
        }
        variables::write(message_type, Language::French, data).map(drop)
    }

    /// The message with this id, filled in.
    ///
    /// # Errors
    /// As for [`Template::check`].
    pub fn render(&self, id: Uuid, data: &Value) -> Result<Rendered, VariableError> {
        let Self { message_type, channel, language, academy } = *self;
        if !message_type.travels_by(channel) {
            return Err(VariableError::Channel { message_type, channel });
        }
        let mut variables = variables::write(message_type, language, data)?;
        let academy = variables::line(academy);
        variables.push(Written { name: "academy", text: academy, verbatim: false });
        Ok(match channel {
            Channel::WhatsApp => self.whatsapp(id, &variables),
            Channel::Email => self.email(&variables),
        })
    }

    fn whatsapp(&self, id: Uuid, variables: &[Written]) -> Rendered {
        let common = words::common(self.language);
        let mut paragraphs = self.paragraphs(variables, Output::WhatsApp);
        let mut end = String::new();
        if self.message_type.says_how_to_stop() {
            end.push_str(common.stop);
            end.push('\n');
        }
        end.push_str(common.reference);
        end.push(' ');
        end.push_str(&reference(id));
        paragraphs.push(end);
        Rendered::WhatsApp { text: paragraphs.join("\n\n") }
    }

    fn email(&self, variables: &[Written]) -> Rendered {
        let words = words::of(self.message_type, self.language);
        let subject = markup::first(words.subject, variables, self.language, Output::Text)
            .unwrap_or_default();
        let text = self.paragraphs(variables, Output::Text).join("\n\n");
        let mut title = String::new();
        markup::escape(&mut title, &subject);
        let body: String = self
            .paragraphs(variables, Output::Html)
            .iter()
            .map(|paragraph| format!("<p>{paragraph}</p>\n"))
            .collect();
        let html = format!(
            "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title}</title>\n</head>\n\
             <body style=\"margin:0;padding:24px 16px;background:#ffffff;color:#1a1a1a;\
             font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif\">\n\
             <main style=\"max-width:560px;margin:0 auto\">\n{body}</main>\n</body>\n</html>\n",
            self.language.code(),
        );
        Rendered::Email { subject, text: text + "\n", html }
    }

    fn paragraphs(&self, variables: &[Written], output: Output) -> Vec<String> {
        let words = words::of(self.message_type, self.language);
        let common = words::common(self.language);
        // Staff who write to nobody by name greet in their own words.
        let greeting = match (self.message_type, common.greeting.split_once("||")) {
            (MessageType::Custom, Some((by_name, _))) => by_name,
            _ => common.greeting,
        };
        [greeting, words.body, common.signature]
            .into_iter()
            .flat_map(|part| markup::paragraphs(part, variables, self.language, output))
            .collect()
    }
}
