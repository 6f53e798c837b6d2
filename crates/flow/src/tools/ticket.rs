//! `create_ticket`: a conversation of Chatwoot with a note for the people of support. It bears the call's name, so
//! that it can be asked whether it was opened, and is taken back by closing it.

use std::sync::Arc;

use sealbook_record::Category;
use serde_json::{Value, json};

use super::chatwoot::{Chatwoot, Person, unreadable};
use super::{name_of, phone_schema, text};
use crate::tool::{Compensation, Deed, Effect, Probed, Reversal, Tool, ToolCall, ToolInfo};
use crate::{Error, Fault, Pending, Schema};

const NAME: &str = "create_ticket";
/// The attribute of the conversation that bears the call's name.
const KEY: &str = "sealbook_key";

/// The tool.
pub struct CreateTicket {
    info: ToolInfo,
    chatwoot: Arc<Chatwoot>,
    inbox: u64,
}

impl CreateTicket {
    /// Opens tickets in this inbox.
    ///
    /// Errors: [`Error::SchemaInvalid`], which ours is not.
    pub fn new(chatwoot: Arc<Chatwoot>, inbox: u64) -> Result<Self, Error> {
        let info = ToolInfo {
            name: NAME.to_owned(),
            description: "Opens, closes and reopens a ticket for the people of support. Each can be taken back."
                .to_owned(),
            backend: "chatwoot".to_owned(),
            effect: Effect::Probeable,
            reversal: Reversal::Call,
            input: Schema::new(input())?,
            output: Some(Schema::new(output())?),
        };
        Ok(Self { info, chatwoot, inbox })
    }

    async fn act(&self, call: &ToolCall<'_>) -> Result<Value, Fault> {
        let status = match text(call.input, "action") {
            Some("close") => "resolved",
            Some("reopen") => "open",
            _ => return self.create(call).await,
        };
        let id = call.input["ticket_id"].as_u64().unwrap_or_default();
        self.chatwoot.set_status(id, status, call.left).await?;
        Ok(json!({"ticket_id": id, "status": status}))
    }

    async fn create(&self, call: &ToolCall<'_>) -> Result<Value, Fault> {
        // An earlier attempt may have opened it before its answer got lost.
        if let Probed::Done(made) = self.find(call).await? {
            return Ok(made);
        }
        let (subject, priority) = (text(call.input, "subject").unwrap_or_default(), text(call.input, "priority"));
        let contact = self.chatwoot.contact_or_new(&person(call.input), self.inbox, call.left).await?;
        let said = text(call.input, "description").map_or_else(String::new, |said| format!("\n\n{said}"));
        let priority = priority.unwrap_or("medium");
        let body = json!({
            "inbox_id": self.inbox,
            "contact_id": contact,
            "status": "open",
            "custom_attributes": {KEY: name_of(call), "subject": subject, "priority": priority},
            // A note: the customer does not see it.
            "message": {"content": format!("{subject}{said}"), "private": true},
        });
        let made = self.chatwoot.open(&body, call.left).await?;
        ticket(&made).ok_or_else(|| unreadable("it does not say which conversation it is"))
    }

    async fn find(&self, call: &ToolCall<'_>) -> Result<Probed, Fault> {
        let Some(contact) = self.chatwoot.contact(&person(call.input), call.left).await? else {
            return Ok(Probed::NotDone);
        };
        let name = name_of(call);
        let all = self.chatwoot.conversations(contact, call.left).await?;
        let own = all.iter().find(|one| one["custom_attributes"][KEY].as_str() == Some(&name));
        Ok(own.and_then(ticket).map_or(Probed::NotDone, Probed::Done))
    }
}

fn ticket(conversation: &Value) -> Option<Value> {
    Some(json!({"ticket_id": conversation["id"].as_u64()?, "status": text(conversation, "status").unwrap_or("open")}))
}

fn person(input: &Value) -> Person<'_> {
    let contact = &input["contact"];
    let known = [("phone", "phone_number"), ("email", "email"), ("identifier", "identifier")];
    let known = known.into_iter().find_map(|(given, by)| Some((by, text(contact, given)?)));
    let (by, id) = known.unwrap_or(("identifier", ""));
    Person { by, id, name: text(contact, "name") }
}

impl Tool for CreateTicket {
    fn info(&self) -> &ToolInfo {
        &self.info
    }

    fn deed(&self, input: &Value) -> Deed {
        let (action, effect) = match text(input, "action") {
            Some("close") => ("ticket.close", Effect::Idempotent),
            Some("reopen") => ("ticket.reopen", Effect::Idempotent),
            _ => ("ticket.create", Effect::Probeable),
        };
        Deed { action: action.to_owned(), category: Category::Ticket, effect, reversal: Reversal::Call }
    }

    fn call<'a>(&'a self, call: &'a ToolCall<'a>) -> Pending<'a, Result<Value, Fault>> {
        Box::pin(self.act(call))
    }

    fn probe<'a>(&'a self, call: &'a ToolCall<'a>) -> Pending<'a, Result<Probed, Fault>> {
        Box::pin(self.find(call))
    }

    fn compensation(&self, input: &Value, result: &Value) -> Compensation {
        let action = if text(input, "action") == Some("close") { "reopen" } else { "close" };
        let input = json!({"action": action, "ticket_id": result["ticket_id"]});
        Compensation::Call { tool: NAME.to_owned(), input }
    }
}

fn input() -> Value {
    let line = |chars_max: usize| json!({"type": "string", "minLength": 1, "maxLength": chars_max});
    let opens = json!({"required": ["subject", "contact"], "not": {"required": ["ticket_id"]},
        "properties": {"action": {"const": "create"}}});
    let moves = json!({"required": ["action", "ticket_id"], "maxProperties": 2,
        "properties": {"action": {"enum": ["close", "reopen"]}}});
    json!({
        "type": "object",
        "additionalProperties": false,
        "oneOf": [opens, moves],
        "properties": {
            "action": {"enum": ["create", "close", "reopen"], "default": "create"},
            "subject": line(200),
            "description": line(20_000),
            "priority": {"enum": ["low", "medium", "high", "urgent"]},
            "contact": {"type": "object", "additionalProperties": false,
                "anyOf": [{"required": ["phone"]}, {"required": ["email"]}, {"required": ["identifier"]}],
                "properties": {"phone": phone_schema(), "email": {"type": "string", "format": "email"},
                    "identifier": line(200), "name": line(200)}},
            "ticket_id": {"type": "integer", "minimum": 1},
        },
    })
}

fn output() -> Value {
    json!({"type": "object", "required": ["ticket_id", "status"], "properties": {
        "ticket_id": {"type": "integer"}, "status": {"type": "string"}}})
}
