//! `send_sms`: a text message, by Twilio's API or one that is like it.
//! <https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource>
//!
//! A message cannot be called back, and the API knows no key that makes two of it one: it is sent again only where it
//! was surely refused.

use reqwest::Method;
use sealbook_record::Category;
use serde_json::{Value, json};

use super::api::{Api, Ask, Login, form};
use super::{phone_schema, text};
use crate::tool::{Compensation, Deed, Effect, Reversal, Tool, ToolCall, ToolInfo};
use crate::{ApiKey, Cause, Error, Fault, Pending, Schema};

/// Where Twilio is.
const URL: &str = "https://api.twilio.com";
const NAME: &str = "send_sms";
/// What the API takes.
const MESSAGE_CHARS_MAX: usize = 1_600;

/// Who sends.
#[derive(Debug, Clone)]
pub enum SmsSender {
    /// A number, or a name.
    From(String),
    /// A messaging service, which picks a number.
    Service(String),
}

/// The tool.
pub struct SendSms {
    info: ToolInfo,
    api: Api,
    account: String,
    sender: SmsSender,
}

impl SendSms {
    /// Sends for an account, at Twilio's address where none is given.
    ///
    /// Errors: [`Error::ToolInvalid`], where the address, the account or the sender cannot be used.
    pub fn new(account: &str, token: ApiKey, sender: SmsSender, url: Option<&str>) -> Result<Self, Error> {
        let invalid = |why| Error::ToolInvalid { tool: NAME.to_owned(), why };
        if account.is_empty() || !account.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(invalid("`account_sid` is no letters and digits"));
        }
        let (SmsSender::From(name) | SmsSender::Service(name)) = &sender;
        if name.is_empty() || name.contains(char::is_control) {
            return Err(invalid("`from` or `messaging_service_sid` is empty, or holds control characters"));
        }
        let api = Api::new(url.unwrap_or(URL), Some(Login::Basic(account.to_owned(), token))).map_err(invalid)?;
        let info = ToolInfo {
            name: NAME.to_owned(),
            description: "Sends a text message. It cannot be called back.".to_owned(),
            backend: "twilio".to_owned(),
            effect: Effect::Unsafe,
            reversal: Reversal::Irreversible,
            input: Schema::new(input())?,
            output: Some(Schema::new(output())?),
        };
        Ok(Self { info, api, account: account.to_owned(), sender })
    }

    async fn send(&self, call: &ToolCall<'_>) -> Result<Value, Fault> {
        let (by, sender) = match &self.sender {
            SmsSender::From(from) => ("From", from),
            SmsSender::Service(service) => ("MessagingServiceSid", service),
        };
        let (to, message) = (text(call.input, "to").unwrap_or_default(), text(call.input, "message"));
        let fields = [("To", to), (by, sender.as_str()), ("Body", message.unwrap_or_default())];
        let path = ["2010-04-01", "Accounts", &self.account, "Messages.json"];
        let body = Some(("application/x-www-form-urlencoded", form(&fields)));
        let answer = self.api.ask(Ask { body, ..Ask::new(Method::POST, &path, call.left) }).await?.taken()?.json()?;
        let id = answer["sid"].as_str();
        let id = id.ok_or_else(|| Fault::new(Cause::Unreadable).with_detail("it does not say which message it is"))?;
        Ok(json!({"success": true, "provider": "twilio", "message_id": id, "status": answer["status"]}))
    }
}

impl Tool for SendSms {
    fn info(&self) -> &ToolInfo {
        &self.info
    }

    fn deed(&self, _: &Value) -> Deed {
        let (action, category) = ("sms.send".to_owned(), Category::Notification);
        Deed { action, category, effect: Effect::Unsafe, reversal: Reversal::Irreversible }
    }

    fn call<'a>(&'a self, call: &'a ToolCall<'a>) -> Pending<'a, Result<Value, Fault>> {
        Box::pin(self.send(call))
    }

    fn compensation(&self, _: &Value, _: &Value) -> Compensation {
        Compensation::Irreversible { why: "a message that was sent cannot be called back".to_owned() }
    }
}

fn input() -> Value {
    json!({
        "type": "object",
        "required": ["to", "message"],
        "additionalProperties": false,
        "properties": {
            "to": phone_schema(),
            "message": {"type": "string", "minLength": 1, "maxLength": MESSAGE_CHARS_MAX},
        },
    })
}

fn output() -> Value {
    json!({"type": "object", "required": ["success", "provider", "message_id"], "properties": {
        "success": {"const": true}, "provider": {"type": "string"}, "message_id": {"type": "string"}}})
}
