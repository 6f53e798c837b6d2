//! Approvals: a run waits until people in other processes have said yes to exactly these bytes, or one has said no.
//!
//! The request, the yes and its use are those of the gate: a yes bears an approver's signature, counts once and until
//! its end, and never where asker and approver are one.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sealbook_ledger::Hash;
use sealbook_policy::{Approval as Asked, ApprovalState, Call, Choice, Decided, State};
use sealbook_record::{Actor, ActorKind, Category, PartName, Record, Target, TargetKind, Timestamp, Uuid};
use sealbook_store::Ledger;
use serde_json::{Value, json};

use super::runner::RunRequest;
use super::steps::Place;
use crate::workflow::node::Approval;
use crate::{Error, Fault, Journal, Time, offload};

/// How often the book is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// What runs the step, for the request.
const SERVER: &str = "workflow";

/// Is told that a run waits: the request, by which it is answered, and what is asked.
pub type Notice = Arc<dyn Fn(&str, Uuid, &str) + Send + Sync>;

/// Asks people.
pub(super) struct Asking {
    ledger: Arc<Ledger>,
    journal: Arc<dyn Journal>,
    time: Arc<dyn Time>,
    state: Arc<Mutex<State>>,
    notice: Option<Notice>,
}

/// How a request stands.
enum Stands {
    Waits,
    /// Enough have said yes; it may be used up.
    Approved,
    /// It has been used up by this run before.
    Used,
    Denied(String),
    Expired,
    /// A yes of somebody who was not asked is among them.
    Strange(String),
}

impl Asking {
    pub(super) fn new(
        ledger: Arc<Ledger>,
        journal: Arc<dyn Journal>,
        time: Arc<dyn Time>,
        notice: Option<Notice>,
    ) -> Self {
        Self { ledger, journal, time, state: Arc::new(Mutex::new(State::new())), notice }
    }

    pub(super) async fn step(&self, node: &Approval, asked: &Value, place: &Place) -> Result<Value, Fault> {
        let message = asked.as_str().unwrap_or_default();
        let id = self.request(node, message, place).await?;
        if let Some(notice) = &self.notice {
            notice(&place.run_id, id, message);
        }
        loop {
            match self.look(id, node, place).await? {
                Stands::Waits => self.time.wait(LOOK_EVERY).await,
                Stands::Approved => self.use_up(id, place).await?,
                Stands::Used => return self.answer(id, message).await,
                Stands::Denied(by) => return Err(Fault::permanent(format!("{by} said no"))),
                Stands::Expired => {
                    return Err(Fault::permanent(format!("nobody approved it within {} seconds", node.expires_s)));
                }
                Stands::Strange(by) => {
                    return Err(Fault::permanent(format!(
                        "{by} approved it, and is none of those whose yes counts: {}",
                        node.approvers.join(", ")
                    )));
                }
            }
        }
    }

    /// The request of this step: that which is on record, else a new one.
    ///
    /// Errors: it was asked about other bytes before.
    async fn request(&self, node: &Approval, message: &str, place: &Place) -> Result<Uuid, Fault> {
        let (data, now) = (json!({"message": message, "data": place.data}), self.ledger.now());
        let RunRequest { asker, actor, .. } = &*place.request;
        let actor = asker.as_ref().or(actor.as_ref()).cloned().unwrap_or_else(Actor::unknown);
        let call = {
            let state = self.now().await?;
            let state = state.lock().unwrap_or_else(PoisonError::into_inner);
            let call = Call {
                caller: actor.id.clone(),
                server: SERVER.to_owned(),
                tool: format!("{}/{}", place.workflow_id, place.path),
                arguments: Hash::of(data.to_string().as_bytes()),
                whole: Some(Hash::of(format!("{}\0{}\0{}", place.run_id, place.path, place.digest).as_bytes())),
                policy: state.rules().digest(),
            };
            // Whoever goes on with the run, and under whatever rules: it is the same question.
            let of_step = state.approvals().iter().filter(|it| it.call.whole == call.whole);
            let (mut same, mut other) = (None, false);
            for earlier in of_step {
                if earlier.call.arguments != call.arguments {
                    other = true;
                } else {
                    same = Some(earlier.id);
                }
            }
            match same {
                Some(id) => return Ok(id),
                None if other => {
                    return Err(Fault::permanent("what is to be approved is not what was asked about; run it again"));
                }
                None => call,
            }
        };
        let wait = i64::try_from(node.expires_s).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        let expires = Timestamp::from_micros(now.as_micros().saturating_add(wait));
        let mut request = self.about(place, "approval.requested", actor);
        request.parent = Some(place.intent);
        request.set_part_json(PartName::Input, call.request_json_with(expires, None, node.quorum)).map_err(fault)?;
        let shown = json!({
            "action": "workflow.approval", "target": format!("workflow {}", place.workflow_id), "rules": [],
            "run": place.run_id, "step": place.path, "approvers": node.approvers, "arguments": data,
        });
        request.set_part(PartName::Context, &shown).expect("texts are JSON");
        let id = request.id;
        self.seal(request).await?;
        let state = self.now().await?;
        let is_taken = state.lock().unwrap_or_else(PoisonError::into_inner).approvals().get(id).is_some();
        is_taken.then_some(id).ok_or_else(|| {
            Fault::permanent("the request was not taken; a name in it looks like a secret: name the actor otherwise")
        })
    }

    async fn look(&self, id: Uuid, node: &Approval, place: &Place) -> Result<Stands, Fault> {
        let now = self.ledger.now();
        let state = self.now().await?;
        let state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(asked) = state.approvals().get(id) else { return Ok(Stands::Expired) };
        if let Some(stop) = state.stopped(&self.about(place, "workflow.node", Actor::unknown())) {
            return Err(Fault::permanent(format!("a person has halted {}", stop.scope)));
        }
        Ok(match (asked.state(now), strange(asked, node)) {
            (ApprovalState::Used, _) => Stands::Used,
            (ApprovalState::Denied, _) => Stands::Denied(by(asked)),
            (ApprovalState::Expired, _) => Stands::Expired,
            (_, Some(strange)) => Stands::Strange(strange),
            (ApprovalState::Approved, None) => Stands::Approved,
            (ApprovalState::Waiting, None) => Stands::Waits,
        })
    }

    async fn use_up(&self, id: Uuid, place: &Place) -> Result<(), Fault> {
        let mut used = self.about(place, "approval.used", Actor::new(ActorKind::System, "sealbook"));
        used.parent = Some(id);
        self.seal(used).await
    }

    async fn answer(&self, id: Uuid, message: &str) -> Result<Value, Fault> {
        let state = self.now().await?;
        let state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = state.approvals().get(id);
        let by: Vec<&str> = asked.map(|it| it.approved.iter().map(|yes| yes.by.as_str()).collect()).unwrap_or_default();
        let reason = asked.and_then(|it| it.decided.as_ref()?.reason.clone());
        Ok(json!({"approved": true, "by": by, "reason": reason, "request": id.to_string(), "message": message}))
    }

    /// What holds now.
    async fn now(&self) -> Result<Arc<Mutex<State>>, Fault> {
        let (ledger, state) = (Arc::clone(&self.ledger), Arc::clone(&self.state));
        let brought = offload(move || {
            let mut held = state.lock().unwrap_or_else(PoisonError::into_inner);
            ledger.bring_up(&mut held).map_err(Error::from)
        });
        brought.await.and_then(|brought| brought).map_err(fault)?;
        Ok(Arc::clone(&self.state))
    }

    fn about(&self, place: &Place, action: &str, actor: Actor) -> Record {
        let target = Target::new(TargetKind::Workflow, place.workflow_id.clone());
        let mut record = Record::event(self.journal.next_id(), actor, action, target, self.journal.now());
        self.ledger.tenant().clone_into(&mut record.tenant);
        record.category = Category::Audit;
        "workflow".clone_into(&mut record.source);
        record.session.clone_from(&place.request.session);
        record.project.clone_from(&place.request.project);
        record.operation = Some(place.intent);
        record.tags.push(place.run_id.clone());
        record
    }

    async fn seal(&self, record: Record) -> Result<(), Fault> {
        let journal = Arc::clone(&self.journal);
        offload(move || journal.seal(record)).await.and_then(|sealed| sealed).map_err(fault)
    }
}

/// Whoever said yes and was not asked.
fn strange(asked: &Asked, node: &Approval) -> Option<String> {
    let mut yes = asked.approved.iter().map(|yes| &yes.by);
    yes.find(|by| !node.approvers.is_empty() && !node.approvers.contains(by)).cloned()
}

fn by(asked: &Asked) -> String {
    match &asked.decided {
        Some(Decided { choice: Choice::Deny, by, reason: Some(reason) }) => format!("{by} ({reason})"),
        Some(decided) => decided.by.clone(),
        None => "somebody".to_owned(),
    }
}

fn fault(error: impl std::fmt::Display) -> Fault {
    Fault::permanent(error.to_string())
}
