//! Asking the client's own user, in the protocol: `elicitation/create`, form mode.
//!
//! Source: the MCP specification, revisions 2025-06-18 and 2025-11-25, "Elicitation". In revision 2026-07-28 a server
//! asks within a result, and the client repeats its call with the answer inside; whoever stands between would have
//! to rewrite that call, so nothing is asked there.

use sealbook_policy::Choice;
use sealbook_record::{Actor, ActorKind, Outcome, Target, TargetKind, push_string};

use super::super::peek::{Message, fields, text};
use super::super::session::Session;
use super::super::tell;
use super::Hold;
use crate::{Elicited, Ended, Entered, Held, Passage};

/// Characters of the arguments that the user is shown.
const SHOWN_CHARS_MAX: usize = 600;

/// A question to the client's user.
pub(super) enum Elicitation {
    Unasked,
    /// It is out.
    Asked(String, Box<Entered>),
    /// It is answered, or could not be asked.
    Over,
}

impl Elicitation {
    /// Asks, if that was not done before. The question is on record before the client sees it, and rules may block it.
    pub(super) fn ask(&mut self, session: &Session, held: &Held, hold: &Hold, say: &dyn Fn(Vec<u8>) -> bool) {
        if !matches!(self, Self::Unasked) {
            return;
        }
        *self = Self::Over;
        let rules = held.rules().join(", ");
        let message = format!("{} ({rules}). Approve this one call?", held.told(SHOWN_CHARS_MAX));
        let mut params = b"{\"message\":".to_vec();
        push_string(&mut params, &message);
        params.extend_from_slice(
            br#","requestedSchema":{"type":"object","properties":{"approve":{"type":"boolean","title":"Approve this call","description":"The call runs once if you say yes."}},"required":["approve"]}}"#,
        );
        let params = String::from_utf8(params).expect("JSON made of texts is UTF-8");
        let mut record = session.record("elicitation.create", Target::new(TargetKind::Service, "client"));
        record.actor = Actor::new(ActorKind::System, "sealbook");
        record.parent = held.approval();
        record.parts.insert(sealbook_record::PartName::Input, tell::raw(&params));
        let Ok(Passage::Entered(entered)) = session.gate.enter(record) else { return };
        // Made up anew and never told to the server: no request of its own can have this id.
        let id = format!("\"sealbook-{}\"", session.gate.ledger().next_id());
        session.room.issue(hold, &id);
        let request =
            format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"elicitation/create\",\"params\":{params}}}");
        if say(request.into_bytes()) {
            *self = Self::Asked(id, Box::new(entered));
        } else {
            session.gate.leave_soon(entered, Ended::new(Outcome::Failed).because("the client could not be asked"));
        }
    }

    /// What the user has decided, once.
    pub(super) fn answer(&mut self, session: &Session, hold: &Hold) -> Option<Elicited> {
        let answer = hold.take_answer()?;
        let Self::Asked(_, entered) = std::mem::replace(self, Self::Over) else { return None };
        let question = entered.id();
        session.gate.leave_soon(*entered, answer.ended);
        let mut by = Actor::new(ActorKind::User, "client-user");
        by.claimed = session.client();
        Some(Elicited { choice: answer.choice?, by, question })
    }

    /// The call is settled: a question that is still out is called off.
    pub(super) fn end(&mut self, session: &Session, say: &dyn Fn(Vec<u8>) -> bool) {
        let Self::Asked(id, entered) = std::mem::replace(self, Self::Over) else { return };
        let cancel = format!(
            "{{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{{\"requestId\":{id},\"reason\":\"it was decided otherwise, or not in time\"}}}}"
        );
        say(cancel.into_bytes());
        let ended = Ended::new(Outcome::Cancelled).because("it was decided otherwise, or not in time");
        session.gate.leave_soon(*entered, ended);
    }
}

/// Whether the client's capabilities say that it can ask its user with a form.
pub(crate) fn can_elicit(initialize_params: &str) -> bool {
    let capabilities = fields(initialize_params, ["capabilities"])[0];
    let Some(elicitation) = capabilities.and_then(|it| fields(it, ["elicitation"])[0]) else { return false };
    let [form, url] = fields(elicitation, ["form", "url"]);
    // Without either word it is the form of the first revision that had it.
    elicitation.starts_with('{') && (form.is_some_and(|form| form.starts_with('{')) || url.is_none())
}

/// What the user decided; nothing where they only closed the question, or it failed.
pub(super) fn choice_of(message: &Message<'_>) -> Option<Choice> {
    let [action, content] = fields(message.result?, ["action", "content"]);
    match text(action?)?.as_ref() {
        "accept" => match content.and_then(|content| fields(content, ["approve"])[0]) {
            Some("true") => Some(Choice::Approve),
            Some("false") => Some(Choice::Deny),
            _ => None,
        },
        "decline" => Some(Choice::Deny),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_yes_is_a_yes() {
        let of = |result| choice_of(&Message { id: Some("1"), result: Some(result), ..Message::default() });
        assert_eq!(of(r#"{"action":"accept","content":{"approve":true}}"#), Some(Choice::Approve));
        assert_eq!(of(r#"{"action":"accept","content":{"approve":false}}"#), Some(Choice::Deny));
        assert_eq!(of(r#"{"action":"decline"}"#), Some(Choice::Deny));
        for unclear in [
            r#"{"action":"cancel"}"#,
            r#"{"action":"accept"}"#,
            r#"{"action":"accept","content":{"approve":"true"}}"#,
            r#"{"action":"accept","content":{"approve":1}}"#,
            r#"{"content":{"approve":true}}"#,
            "null",
        ] {
            assert_eq!(of(unclear), None, "{unclear}");
        }
        let failed = Message { id: Some("1"), error: Some(r#"{"code":-1}"#), ..Message::default() };
        assert_eq!(choice_of(&failed), None);
    }

    #[test]
    fn a_client_that_can_only_open_pages_is_not_asked() {
        for (capabilities, can) in [
            (r#"{"elicitation":{}}"#, true),
            (r#"{"elicitation":{"form":{}}}"#, true),
            (r#"{"elicitation":{"form":{},"url":{}}}"#, true),
            (r#"{"elicitation":{"url":{}}}"#, false),
            (r#"{"elicitation":null}"#, false),
            (r#"{"sampling":{}}"#, false),
        ] {
            assert_eq!(can_elicit(&format!(r#"{{"capabilities":{capabilities}}}"#)), can, "{capabilities}");
        }
    }
}
