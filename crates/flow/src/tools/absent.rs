//! A tool that comes with the program and that nobody configured: it is listed, with what it lacks.

use sealbook_record::Category;
use serde_json::Value;

use crate::tool::{Availability, Compensation, Deed, Effect, Reversal, Tool, ToolCall, ToolInfo};
use crate::{Fault, Pending, Schema};

/// Name, what it does, and the table that configures it.
pub(super) static KNOWN: &[(&str, &str, &str)] = &[
    ("analyze_image", "Says what is to be seen in a picture", "analyze_image"),
    ("create_ticket", "Opens a ticket for the people of support", "chatwoot"),
    ("google_calendar", "Makes, moves and cancels appointments", "calendar.google_calendar"),
    ("knowledge_base", "Finds what is written about a question", "knowledge_base"),
    ("send_email", "Sends a mail", "email"),
    ("send_sms", "Sends a text message", "sms"),
    ("send_whatsapp", "Sends a message by WhatsApp", "chatwoot"),
    ("text_to_speech", "Speaks a text", "text_to_speech"),
    ("transcribe_audio", "Writes down what is said in a recording", "transcribe_audio"),
];

pub(super) struct Absent {
    info: ToolInfo,
    why: String,
}

impl Absent {
    pub(super) fn new(name: &str, does: &str, table: &str) -> Self {
        let info = ToolInfo {
            name: name.to_owned(),
            description: does.to_owned(),
            backend: "none".to_owned(),
            effect: Effect::Unsafe,
            reversal: Reversal::Irreversible,
            input: Schema::anything(),
            output: None,
        };
        Self { info, why: format!("nothing is configured that does it; add the table [{table}] to tools.toml") }
    }
}

impl Tool for Absent {
    fn info(&self) -> &ToolInfo {
        &self.info
    }

    fn deed(&self, _: &Value) -> Deed {
        let (effect, reversal) = (self.info.effect, self.info.reversal);
        Deed { action: "tool.call".to_owned(), category: Category::ToolCall, effect, reversal }
    }

    fn availability(&self) -> Availability {
        Availability::no(self.why.clone())
    }

    fn call<'a>(&'a self, _: &'a ToolCall<'a>) -> Pending<'a, Result<Value, Fault>> {
        Box::pin(std::future::ready(Err(Fault::permanent(self.why.clone()))))
    }

    fn compensation(&self, _: &Value, _: &Value) -> Compensation {
        Compensation::Nothing
    }
}
