//! `send_email`: a mail by SMTP, SendGrid or Mailgun, of its own words or of a template.
//!
//! A mail cannot be called back, and nobody can be asked whether it left: it is sent again only where it was surely
//! refused. Each attempt bears the same `Message-ID`.

mod mailgun;
mod plain;
mod sendgrid;
mod template;

use std::sync::Arc;
use std::time::Duration;

use sealbook_record::Category;
use serde_json::{Value, json};

pub use self::mailgun::Mailgun;
pub use self::sendgrid::SendGrid;
use self::template::Templates;
use super::{name_of, text, texts};
use crate::mail::mailbox;
use crate::tool::{Compensation, Deed, Effect, Reversal, Tool, ToolCall, ToolInfo};
use crate::{Error, Fault, Mail, MailServer, Pending, Schema, Time};

/// The longest body.
const BODY_CHARS_MAX: usize = 1 << 20;

/// A way that a mail leaves.
pub trait Post: Send + Sync {
    /// What it is called, in results: `smtp`, `sendgrid`, `mailgun`.
    fn name(&self) -> &'static str;
    /// Sends a mail once.
    fn send<'a>(&'a self, mail: &'a Mail, left: Duration) -> Pending<'a, Result<(), Fault>>;
}

impl Post for MailServer {
    fn name(&self) -> &'static str {
        "smtp"
    }

    fn send<'a>(&'a self, mail: &'a Mail, _: Duration) -> Pending<'a, Result<(), Fault>> {
        Box::pin(async move {
            let message = mail.message().map_err(refused)?;
            self.send(&message).await
        })
    }
}

/// Whose mails they are.
#[derive(Debug, Clone)]
pub struct EmailSender {
    /// The address.
    pub from_email: String,
    /// The name beside it.
    pub from_name: Option<String>,
}

/// The tool.
pub struct SendEmail {
    info: ToolInfo,
    from: String,
    domain: String,
    posts: Vec<Box<dyn Post>>,
    templates: Templates,
    time: Arc<dyn Time>,
}

impl SendEmail {
    /// Sends as this sender, by the first of these ways that takes the mail. Another is tried only after one that
    /// surely did not take it and may at another time.
    ///
    /// Errors: [`Error::ToolInvalid`], where the sender's address is none, or there is no way.
    pub fn new(sender: &EmailSender, posts: Vec<Box<dyn Post>>, time: Arc<dyn Time>) -> Result<Self, Error> {
        let address = mailbox(&sender.from_email).map_err(of_tool)?.email;
        let domain = address.domain().to_owned();
        let from = lettre::message::Mailbox::new(sender.from_name.clone(), address).to_string();
        if from.contains(char::is_control) {
            let why = "`from_name` holds a line end or another control character";
            return Err(Error::ToolInvalid { tool: "send_email".to_owned(), why });
        }
        if posts.is_empty() {
            return Err(Error::ToolInvalid { tool: "send_email".to_owned(), why: "no provider is configured" });
        }
        let templates = Templates::built_in();
        let info = ToolInfo {
            name: "send_email".to_owned(),
            description: "Sends a mail: subject and body, or a template with its variables. It cannot be called back."
                .to_owned(),
            backend: format!("email: {}", posts.iter().map(|post| post.name()).collect::<Vec<_>>().join(", ")),
            effect: Effect::Unsafe,
            reversal: Reversal::Irreversible,
            input: Schema::new(input())?,
            output: Some(Schema::new(output())?),
        };
        Ok(Self { info, from, domain, posts, templates, time })
    }

    /// The mail that a call asks for.
    fn mail(&self, call: &ToolCall<'_>) -> Result<Mail, Error> {
        let input = call.input;
        let (subject, text_body, html) = if let Some(name) = text(input, "template_name") {
            let told = self.templates.render(name, &input["template_vars"])?;
            (text(input, "subject").map_or(told.subject, str::to_owned), told.text, Some(told.html))
        } else {
            let html = text(input, "body_html").map(str::to_owned);
            let said = text(input, "body_text").map(str::to_owned);
            let plain = said.or_else(|| html.as_deref().map(plain::of_html)).unwrap_or_default();
            (text(input, "subject").unwrap_or_default().to_owned(), plain, html)
        };
        let us = u64::try_from(self.time.now().as_micros()).unwrap_or_default();
        Ok(Mail {
            from: self.from.clone(),
            to: texts(input, "to_email"),
            cc: texts(input, "cc"),
            bcc: texts(input, "bcc"),
            reply_to: text(input, "reply_to").map(str::to_owned),
            subject,
            text: text_body,
            html,
            files: Vec::new(),
            id: format!("{}@{}", name_of(call), self.domain),
            written: std::time::UNIX_EPOCH + Duration::from_micros(us),
        })
    }

    async fn send(&self, call: &ToolCall<'_>) -> Result<Value, Fault> {
        let mail = self.mail(call).map_err(refused)?;
        mail.check().map_err(refused)?;
        let began = self.time.passed();
        let mut last = Fault::permanent("no provider is configured");
        for post in &self.posts {
            let left = call.left.saturating_sub(self.time.passed().saturating_sub(began));
            match post.send(&mail, left).await {
                Ok(()) => {
                    let (provider, message_id) = (post.name(), format!("<{}>", mail.id));
                    return Ok(json!({"success": true, "provider": provider, "message_id": message_id}));
                }
                Err(fault) => {
                    let may_go_on = fault.cause.is_transient() && !fault.cause.is_undecided();
                    let said = fault.detail.as_ref().map_or(String::new(), |detail| format!(": {detail}"));
                    last = Fault { detail: Some(format!("{}{said}", post.name())), ..fault };
                    if !may_go_on {
                        break;
                    }
                }
            }
        }
        Err(last)
    }
}

impl Tool for SendEmail {
    fn info(&self) -> &ToolInfo {
        &self.info
    }

    fn deed(&self, _: &Value) -> Deed {
        let (action, category) = ("email.send".to_owned(), Category::Notification);
        Deed { action, category, effect: Effect::Unsafe, reversal: Reversal::Irreversible }
    }

    fn call<'a>(&'a self, call: &'a ToolCall<'a>) -> Pending<'a, Result<Value, Fault>> {
        Box::pin(self.send(call))
    }

    fn compensation(&self, _: &Value, _: &Value) -> Compensation {
        Compensation::Irreversible { why: "a mail that was sent cannot be called back".to_owned() }
    }
}

/// A mail that no way could send.
fn refused(error: Error) -> Fault {
    match error {
        Error::MailInvalid { why } => Fault::permanent(format!("the mail cannot be sent: {why}")),
        other => Fault::permanent(other.to_string()),
    }
}

/// What is wrong with how mail is set up, as an error of the tool.
pub(super) fn of_tool(error: Error) -> Error {
    match error {
        Error::MailInvalid { why } => Error::ToolInvalid { tool: "send_email".to_owned(), why },
        other => other,
    }
}

fn input() -> Value {
    // One line: nothing in it may begin a header of its own.
    let line = |chars_max: usize| json!({"type": "string", "pattern": r"^[^\x00-\x1f\x7f\u0085\u2028\u2029]+$", "maxLength": chars_max});
    let some = json!({"type": "array", "items": line(320), "maxItems": 100});
    let body = json!({"type": "string", "minLength": 1, "maxLength": BODY_CHARS_MAX});
    let written = |body: &str| json!({"required": ["subject", body], "not": {"required": ["template_name"]}});
    let by_template = json!({"required": ["template_name"],
        "not": {"anyOf": [{"required": ["body_html"]}, {"required": ["body_text"]}]}});
    json!({
        "type": "object",
        "required": ["to_email"],
        "additionalProperties": false,
        "properties": {
            "to_email": {"anyOf": [line(320), {"type": "array", "items": line(320), "minItems": 1, "maxItems": 100}],
                "description": "Who gets it: an address, `Ann <ann@example.org>`, or several"},
            "subject": line(998),
            "body_html": body,
            "body_text": body,
            "cc": some,
            "bcc": some,
            "reply_to": line(320),
            "template_name": {"enum": Templates::names()},
            "template_vars": {"type": "object"},
        },
        "anyOf": [by_template, written("body_text"), written("body_html")],
        "allOf": Templates::rules(&line(1_000)),
    })
}

fn output() -> Value {
    json!({"type": "object", "required": ["success", "provider", "message_id"], "properties": {
        "success": {"const": true}, "provider": {"type": "string"}, "message_id": {"type": "string"}}})
}
