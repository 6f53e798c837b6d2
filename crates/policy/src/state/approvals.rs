//! Approvals: a person's word on exactly these bytes.
//!
//! A request names what it is about by a digest over caller, server, tool, the digest of the argument bytes, the
//! digest of whatever else the call is, the rules it was asked under, and its end. Whoever folds it computes the
//! digest again from what a person is shown. An approval counts once, until its end, and never where asker and
//! approver are one. Where the rules want several approvers, it takes as many keys and as many people; one no is
//! enough.

mod call;

use std::collections::BTreeMap;

use sealbook_ledger::Hash;
use sealbook_record::{ActorKind, PartName, Record, Timestamp, Uuid};
use serde::{Deserialize, Serialize};

use super::{UNKNOWN, UNREADABLE, UNSIGNED};
pub use call::{Call, Conditions};
use call::{DecisionForm, RequestForm};

/// How long after its end a request is remembered: a late answer should be told what became of it.
const REMEMBERED_US: i64 = 24 * 3_600 * 1_000_000;

/// What a person said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Choice {
    Approve,
    Deny,
}

/// How a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApprovalState {
    /// Nobody has said anything.
    Waiting,
    /// It admits one call.
    Approved,
    /// It admits none.
    Denied,
    /// It has admitted its call.
    Used,
    /// Its end has come.
    Expired,
}

impl ApprovalState {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Used => "used",
            Self::Expired => "expired",
        }
    }
}

/// What was said of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// What.
    pub choice: Choice,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
}

/// An approver's yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Yes {
    /// Whose.
    pub by: String,
    /// The approver's key that signed it.
    pub key: Hash,
}

/// One request and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Id of the record that requested it, by which it is named.
    pub id: Uuid,
    /// Its place.
    pub seq: u64,
    /// Who asked, as the system told it, where it was a person.
    pub asker: Option<String>,
    /// What is to be approved.
    pub call: Call,
    /// What must be so, and be said to be so, for a yes to count.
    pub conditions: Option<Conditions>,
    /// How many different approvers must say yes.
    pub approvers: u32,
    /// Who has said yes, in order.
    pub approved: Vec<Yes>,
    /// Until when a yes counts.
    pub expires: Timestamp,
    /// SHA-256 over all of it.
    pub digest: Hash,
    /// What came of it: the first no, or the last yes that was needed.
    pub decided: Option<Decided>,
    /// The record that used it up.
    pub used: Option<Uuid>,
}

impl Approval {
    /// How it stands at a time.
    pub fn state(&self, now: Timestamp) -> ApprovalState {
        match (&self.used, &self.decided) {
            (Some(_), _) => ApprovalState::Used,
            (None, Some(Decided { choice: Choice::Deny, .. })) => ApprovalState::Denied,
            _ if now >= self.expires => ApprovalState::Expired,
            (None, Some(_)) => ApprovalState::Approved,
            (None, None) => ApprovalState::Waiting,
        }
    }
}

/// Every request that is not forgotten, by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Approvals {
    open: BTreeMap<Uuid, Approval>,
}

impl Approvals {
    /// The request of that id.
    pub fn get(&self, id: Uuid) -> Option<&Approval> {
        self.open.get(&id)
    }

    /// Every request that is kept, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Approval> {
        self.open.values()
    }

    /// An approved, unused request for exactly this call, which has not expired.
    ///
    /// Whoever lets the call go seals `approval.used` first, with the request as its parent, brings the state
    /// up to that record, and goes on only where [`Approvals::is_used_by`] says that it came first.
    pub fn admits(&self, call: &Call, now: Timestamp) -> Option<&Approval> {
        self.admits_by(call, 1, now)
    }

    /// The same, where at least so many approvers were asked for: whoever asks may ask for fewer than the rules want.
    pub fn admits_by(&self, call: &Call, approvers: u32, now: Timestamp) -> Option<&Approval> {
        self.of(call, approvers, ApprovalState::Approved, now)
    }

    /// A request for exactly this call that still waits: a retry need not ask again.
    pub fn waiting(&self, call: &Call, now: Timestamp) -> Option<&Approval> {
        self.waiting_for(call, 1, now)
    }

    /// The same, where it waits for at least so many.
    pub fn waiting_for(&self, call: &Call, approvers: u32, now: Timestamp) -> Option<&Approval> {
        self.of(call, approvers, ApprovalState::Waiting, now)
    }

    fn of(&self, call: &Call, approvers: u32, state: ApprovalState, now: Timestamp) -> Option<&Approval> {
        let mut of_call = self.open.values().filter(|it| it.call == *call && it.approvers >= approvers);
        of_call.find(|it| it.state(now) == state)
    }

    /// Whether this record is the one that used the approval up.
    pub fn is_used_by(&self, approval: Uuid, record: Uuid) -> bool {
        self.open.get(&approval).is_some_and(|it| it.used == Some(record))
    }

    pub(super) fn request(&mut self, seq: u64, record: &Record) -> Result<(), &'static str> {
        let input = record.part(PartName::Input).ok_or(UNREADABLE)?;
        let form: RequestForm = serde_json::from_str(input.get()).map_err(|_| UNREADABLE)?;
        let expires = Timestamp::from_micros(form.expires_us.parse().map_err(|_| UNREADABLE)?);
        let call = Call {
            caller: form.caller,
            server: form.server,
            tool: form.tool,
            arguments: form.arguments,
            whole: form.whole,
            policy: form.policy,
        };
        let conditions = match (form.review, form.conditions) {
            (None, texts) if texts.is_empty() => None,
            (Some(review), texts) if !texts.is_empty() => {
                Some(Conditions { review: review.parse().map_err(|_| UNREADABLE)?, texts })
            }
            _ => return Err(UNREADABLE),
        };
        if form.approvers == 0 {
            return Err(UNREADABLE);
        }
        let digest = call.digest_with(expires, conditions.as_ref(), form.approvers);
        if digest != form.digest || call.caller != record.actor.id {
            return Err("its digest is not that of what it shows");
        }
        let asker = record.actor.verified.clone().filter(|_| record.actor.kind == ActorKind::User);
        let approval = Approval {
            id: record.id,
            seq,
            asker,
            call,
            conditions,
            approvers: form.approvers,
            approved: Vec::new(),
            expires,
            digest,
            decided: None,
            used: None,
        };
        self.open.entry(record.id).or_insert(approval);
        Ok(())
    }

    pub(super) fn decide(
        &mut self,
        sealed: Timestamp,
        record: &Record,
        approver: Option<Hash>,
    ) -> Result<(), &'static str> {
        let approval = record.parent.and_then(|id| self.open.get_mut(&id)).ok_or(UNKNOWN)?;
        let input = record.part(PartName::Input).ok_or(UNREADABLE)?;
        let form: DecisionForm = serde_json::from_str(input.get()).map_err(|_| UNREADABLE)?;
        if form.digest != approval.digest {
            return Err("it is about other bytes than the request");
        }
        if approval.state(sealed) != ApprovalState::Waiting {
            return Err("the request is decided, used or over already");
        }
        // A no needs no key: it only ever makes the answer stricter.
        if form.decision == Choice::Approve {
            let key = approver.ok_or(UNSIGNED)?;
            let actor = &record.actor;
            let asker = Some(approval.call.caller.as_str());
            // Whatever they call themselves: who asked as a person is the same person under another name.
            let is_same_person = approval.asker.is_some() && approval.asker == actor.verified;
            if is_same_person
                || Some(actor.id.as_str()) == asker
                || actor.claimed.as_deref() == asker
                || actor.on_behalf_of.as_deref() == asker
            {
                return Err("who asked may not approve");
            }
            let count = approval.conditions.as_ref().map_or(0, |conditions| conditions.texts.len());
            if form.met.len() != count || form.met.iter().any(|evidence| evidence.trim().is_empty()) {
                return Err("it does not say of each condition how it is known to be met");
            }
            // Another key in the same hand, or another hand on the same key, is not another approver.
            if approval.approved.iter().any(|yes| yes.key == key || yes.by == actor.id) {
                return Err("this approver has said yes already, and another one is needed");
            }
            approval.approved.push(Yes { by: actor.id.clone(), key });
            if approval.approved.len() < approval.approvers as usize {
                return Ok(());
            }
        }
        let (by, reason) = (record.actor.id.clone(), record.reason.clone());
        approval.decided = Some(Decided { choice: form.decision, by, reason });
        Ok(())
    }

    /// What a client says of its user: it ends the request, and admits nothing. Whoever holds the call lets it go
    /// where [`Approvals::is_used_by`] says that this came first.
    pub(super) fn elicited(&mut self, sealed: Timestamp, record: &Record) -> Result<(), &'static str> {
        let approval = record.parent.and_then(|id| self.open.get_mut(&id)).ok_or(UNKNOWN)?;
        let input = record.part(PartName::Input).ok_or(UNREADABLE)?;
        let form: DecisionForm = serde_json::from_str(input.get()).map_err(|_| UNREADABLE)?;
        if form.digest != approval.digest {
            return Err("it is about other bytes than the request");
        }
        if approval.state(sealed) != ApprovalState::Waiting {
            return Err("the request is decided, used or over already");
        }
        if form.decision == Choice::Approve {
            if approval.conditions.is_some() {
                return Err("that conditions are met is for an approver to say");
            }
            if approval.approvers > 1 {
                return Err("it takes several approvers, and a client's user is none");
            }
            approval.used = Some(record.id);
        }
        let (by, reason) = (record.actor.id.clone(), record.reason.clone());
        approval.decided = Some(Decided { choice: form.decision, by, reason });
        Ok(())
    }

    pub(super) fn use_up(&mut self, sealed: Timestamp, record: &Record) -> Result<(), &'static str> {
        let approval = record.parent.and_then(|id| self.open.get_mut(&id)).ok_or(UNKNOWN)?;
        if approval.state(sealed) != ApprovalState::Approved {
            return Err("the approval does not admit a call, or no more");
        }
        approval.used = Some(record.id);
        Ok(())
    }

    /// Forgets what ended long before a time.
    pub(super) fn forget_before(&mut self, now: Timestamp) {
        let floor = now.as_micros().saturating_sub(REMEMBERED_US);
        self.open.retain(|_, approval| approval.expires.as_micros() >= floor);
    }
}
