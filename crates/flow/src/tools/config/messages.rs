//! `[chatwoot]` and `[sms]`: who carries messages and keeps tickets.

use std::sync::Arc;

use serde::Deserialize;

use super::{Bench, Credential};
use crate::Error;
use crate::tool::Tool;
use crate::tools::chatwoot::Chatwoot;
use crate::tools::sms::{SendSms, SmsSender};
use crate::tools::ticket::CreateTicket;
use crate::tools::whatsapp::SendWhatsapp;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChatwootForm {
    url: String,
    account_id: u64,
    api_access_token: Credential,
    whatsapp_inbox_id: Option<u64>,
    ticket_inbox_id: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SmsForm {
    account_sid: String,
    auth_token: Credential,
    from: Option<String>,
    messaging_service_sid: Option<String>,
    url: Option<String>,
}

impl ChatwootForm {
    /// A tool for each inbox.
    pub(super) fn build(&self, bench: &Bench<'_>) -> Result<Vec<Arc<dyn Tool>>, Error> {
        let token = bench.key("chatwoot", &self.api_access_token)?;
        let chatwoot = Arc::new(Chatwoot::new(&self.url, self.account_id, token)?);
        let mut tools: Vec<Arc<dyn Tool>> = Vec::new();
        if let Some(inbox) = self.whatsapp_inbox_id {
            tools.push(Arc::new(SendWhatsapp::new(Arc::clone(&chatwoot), inbox)?));
        }
        if let Some(inbox) = self.ticket_inbox_id {
            tools.push(Arc::new(CreateTicket::new(chatwoot, inbox)?));
        }
        if tools.is_empty() {
            let why =
                "it names no inbox; set `whatsapp_inbox_id` for send_whatsapp, `ticket_inbox_id` for create_ticket";
            return Err(Error::ToolInvalid { tool: "chatwoot".to_owned(), why });
        }
        Ok(tools)
    }
}

impl SmsForm {
    pub(super) fn build(&self, bench: &Bench<'_>) -> Result<SendSms, Error> {
        let sender = match (&self.from, &self.messaging_service_sid) {
            (Some(from), None) => SmsSender::From(from.clone()),
            (None, Some(service)) => SmsSender::Service(service.clone()),
            _ => {
                let why = "it needs `from` or `messaging_service_sid`, one of them";
                return Err(Error::ToolInvalid { tool: "send_sms".to_owned(), why });
            }
        };
        SendSms::new(&self.account_sid, bench.key("send_sms", &self.auth_token)?, sender, self.url.as_deref())
    }
}
