//! `send_whatsapp`: a message by WhatsApp, through an inbox of Chatwoot.
//!
//! A message cannot be called back, and nothing that Chatwoot keeps tells two of the same words apart: it is sent
//! again only where it was surely refused.

use std::sync::Arc;

use sealbook_record::Category;
use serde_json::{Value, json};

use super::chatwoot::{Chatwoot, Person, unreadable};
use super::{phone_schema, text};
use crate::tool::{Compensation, Deed, Effect, Reversal, Tool, ToolCall, ToolInfo};
use crate::{Error, Fault, Pending, Schema};

/// What WhatsApp takes.
const MESSAGE_CHARS_MAX: usize = 4_096;

/// The tool.
pub struct SendWhatsapp {
    info: ToolInfo,
    chatwoot: Arc<Chatwoot>,
    inbox: u64,
}

impl SendWhatsapp {
    /// Sends by this inbox.
    ///
    /// Errors: [`Error::SchemaInvalid`], which ours is not.
    pub fn new(chatwoot: Arc<Chatwoot>, inbox: u64) -> Result<Self, Error> {
        let info = ToolInfo {
            name: "send_whatsapp".to_owned(),
            description: "Sends a message by WhatsApp. It cannot be called back.".to_owned(),
            backend: "chatwoot".to_owned(),
            effect: Effect::Unsafe,
            reversal: Reversal::Irreversible,
            input: Schema::new(input())?,
            output: Some(Schema::new(output())?),
        };
        Ok(Self { info, chatwoot, inbox })
    }

    async fn send(&self, call: &ToolCall<'_>) -> Result<Value, Fault> {
        let mut message = json!({"content": text(call.input, "message").unwrap_or_default()});
        if let Some(template) = call.input.get("template") {
            message["template_params"] = template.clone();
        }
        if let Some(conversation) = call.input["conversation_id"].as_u64() {
            return self.write(conversation, message, call).await;
        }
        let to = text(call.input, "to").unwrap_or_default();
        let person = Person { by: "phone_number", id: to, name: text(call.input, "name") };
        let contact = self.chatwoot.contact_or_new(&person, self.inbox, call.left).await?;
        let open = self.chatwoot.conversations(contact, call.left).await?.into_iter().find(|one| {
            one["inbox_id"].as_u64() == Some(self.inbox) && one["status"].as_str().is_some_and(|it| it != "resolved")
        });
        if let Some(conversation) = open.and_then(|one| one["id"].as_u64()) {
            return self.write(conversation, message, call).await;
        }
        let body = json!({"inbox_id": self.inbox, "contact_id": contact, "status": "open", "message": message});
        let made = self.chatwoot.open(&body, call.left).await?;
        let conversation = made["id"].as_u64().ok_or_else(|| unreadable("it does not say which conversation it is"))?;
        Ok(sent(conversation, &made["messages"][0]["id"]))
    }

    async fn write(&self, conversation: u64, mut message: Value, call: &ToolCall<'_>) -> Result<Value, Fault> {
        message["message_type"] = json!("outgoing");
        message["private"] = json!(false);
        let made = self.chatwoot.write(conversation, &message, call.left).await?;
        Ok(sent(conversation, &made["id"]))
    }
}

fn sent(conversation: u64, message: &Value) -> Value {
    json!({"success": true, "provider": "chatwoot", "conversation_id": conversation, "message_id": message})
}

impl Tool for SendWhatsapp {
    fn info(&self) -> &ToolInfo {
        &self.info
    }

    fn deed(&self, _: &Value) -> Deed {
        let (action, category) = ("whatsapp.send".to_owned(), Category::Notification);
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
        "required": ["message"],
        "additionalProperties": false,
        "oneOf": [{"required": ["to"]}, {"required": ["conversation_id"]}],
        "properties": {
            "to": phone_schema(),
            "conversation_id": {"type": "integer", "minimum": 1, "description": "Where it goes on"},
            "name": {"type": "string", "minLength": 1, "maxLength": 200, "description": "The name that a new contact gets"},
            "message": {"type": "string", "minLength": 1, "maxLength": MESSAGE_CHARS_MAX},
            "template": {"type": "object", "required": ["name", "language"],
                "description": "What WhatsApp wants 24 hours after the other side last wrote: a template that it approved",
                "properties": {"name": {"type": "string"}, "category": {"type": "string"},
                    "language": {"type": "string"}, "processed_params": {"type": "object"}}},
        },
    })
}

fn output() -> Value {
    json!({"type": "object", "required": ["success", "provider", "conversation_id"], "properties": {
        "success": {"const": true}, "provider": {"type": "string"}, "conversation_id": {"type": "integer"}}})
}
