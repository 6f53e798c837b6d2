//! Calls that wait for a person's word, and what was said.

use sealbook_policy::{Approval, ApprovalState};
use sealbook_record::Timestamp;
use serde_json::{Value, json};

use crate::{Block, Column, Document, Text, Tone, View};

/// Requests for approval.
#[derive(Debug, Clone)]
pub struct ApprovalList<'a> {
    /// The requests.
    pub approvals: Vec<&'a Approval>,
    /// The time at which they stand as shown.
    pub now: Timestamp,
    /// What the call was about as far as it was recorded, beside one request.
    pub shown: Option<String>,
}

impl ApprovalList<'_> {
    fn to_json(&self, approval: &Approval) -> Value {
        let decided = approval
            .decided
            .as_ref()
            .map(|decided| json!({ "decision": decided.choice, "by": decided.by, "reason": decided.reason }));
        let call = &approval.call;
        json!({
            "id": approval.id.to_string(), "seq": approval.seq, "state": approval.state(self.now).as_str(),
            "caller": call.caller, "server": call.server, "tool": call.tool,
            "arguments": call.arguments.to_string(), "policy": call.policy.to_string(),
            "expires": approval.expires.to_string(), "digest": approval.digest.to_string(),
            "review": approval.conditions.as_ref().map(|it| it.review.to_string()),
            "conditions": approval.conditions.as_ref().map_or(&[][..], |it| &it.texts),
            "approvers": approval.approvers,
            "approved_by": approval.approved.iter().map(|yes| &yes.by).collect::<Vec<_>>(),
            "decided": decided, "used": approval.used.map(|id| id.to_string()),
        })
    }
}

fn state(state: ApprovalState) -> Text {
    let tone = match state {
        ApprovalState::Waiting => Tone::Strong,
        ApprovalState::Approved => Tone::Good,
        ApprovalState::Denied => Tone::Bad,
        ApprovalState::Used | ApprovalState::Expired => Tone::Faint,
    };
    Text::toned(state.as_str(), tone)
}

impl View for ApprovalList<'_> {
    fn document(&self) -> Document {
        let mut page = Document::new();
        if self.approvals.is_empty() {
            page.line("Nothing waits for approval.");
            return page;
        }
        if let ([approval], Some(shown)) = (&self.approvals[..], &self.shown) {
            let call = &approval.call;
            let mut fields = vec![
                ("request".to_owned(), Text::name(approval.id.to_string())),
                ("state".to_owned(), state(approval.state(self.now))),
                ("caller".to_owned(), Text::name(&call.caller)),
                ("server".to_owned(), Text::name(&call.server)),
                ("tool".to_owned(), Text::name(&call.tool)),
                ("arguments".to_owned(), Text::plain("SHA-256 ").and_name(call.arguments.to_string())),
                ("rules".to_owned(), Text::name(call.policy.to_string())),
                ("expires".to_owned(), Text::plain(approval.expires.to_string())),
                ("digest".to_owned(), Text::name(approval.digest.to_string())),
            ];
            if let Some(conditions) = &approval.conditions {
                fields.push(("review".to_owned(), Text::name(conditions.review.to_string())));
                for (index, text) in conditions.texts.iter().enumerate() {
                    fields.push((format!("condition {}", index + 1), Text::plain(text)));
                }
            }
            if approval.approvers > 1 {
                let said: Vec<&str> = approval.approved.iter().map(|yes| yes.by.as_str()).collect();
                let count = format!("{} of {}", said.len(), approval.approvers);
                let by = if said.is_empty() { String::new() } else { format!(": {}", said.join(", ")) };
                fields.push(("approved by".to_owned(), Text::plain(count).and(by)));
            }
            if let Some(decided) = &approval.decided {
                let reason = decided.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
                fields.push(("decided by".to_owned(), Text::name(&decided.by).and(reason)));
            }
            page.add(Block::Fields(fields));
            if !shown.is_empty() {
                page.add(Block::Verbatim("json", crate::json::indented(&crate::json::harmless(shown))));
            }
            return page;
        }
        let rows = self.approvals.iter().map(|approval| {
            vec![
                Text::name(approval.id.to_string()),
                state(approval.state(self.now)),
                Text::name(&approval.call.caller),
                Text::name(&approval.call.server),
                Text::name(&approval.call.tool),
                Text::plain(approval.expires.to_string()),
            ]
        });
        let columns = vec![
            Column::whole("Request"),
            Column::whole("State"),
            Column::text("Caller"),
            Column::text("Server"),
            Column::text("Tool"),
            Column::whole("Expires"),
        ];
        page.add(Block::Table(columns, rows.collect()));
        page
    }

    fn json(&self) -> String {
        let list: Vec<Value> = self.approvals.iter().map(|approval| self.to_json(approval)).collect();
        json!({ "approvals": list }).to_string()
    }

    fn json_lines(&self) -> Vec<String> {
        self.approvals.iter().map(|approval| self.to_json(approval).to_string()).collect()
    }
}
