//! Who does the steps that are neither tools nor computed: people for approvals, runs of their own for sub-workflows,
//! and whoever is given for agents.

use std::sync::{Arc, Weak};
use std::time::Duration;

use sealbook_store::Ledger;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::asking::{Asking, Notice};
use super::found::find_run;
use super::runner::{Observer, RunRequest, Runner};
use super::state::{Run, RunStatus};
use super::steps::{Hands, NoHands, Place};
use super::wish::Wishes;
use crate::time::before;
use crate::tool::Registry;
use crate::workflow::definition::Definition;
use crate::workflow::error::WorkflowError;
use crate::workflow::node::{Config, Node, SubWorkflow};
use crate::workflow::shelf::Shelf;
use crate::{Cause, Error, Fault, Pending, Recovery, Secrets};

/// Workflows within each other.
const WITHIN_MAX: usize = 8;

/// What runs need.
#[derive(Clone)]
pub struct Equipment {
    /// Whose runs they are.
    pub tenant: String,
    /// The book.
    pub ledger: Arc<Ledger>,
    /// The workflows in it.
    pub shelf: Arc<Shelf>,
    /// The tools.
    pub tools: Arc<Registry>,
    /// How is tried, and where it is written down.
    pub recovery: Recovery,
    /// The secrets that calls may name.
    pub secrets: Arc<dyn Secrets>,
    /// Who does the steps of agents.
    pub agents: Arc<dyn Hands>,
    /// What people wish of runs, where that is heeded.
    pub wishes: Option<Arc<dyn Wishes>>,
    /// Who is told what happens.
    pub observer: Option<Observer>,
    /// Who is told that a person is asked.
    pub notice: Option<Notice>,
}

impl Equipment {
    /// A runner, for workflows with every type of node.
    pub fn runner(self) -> Runner {
        Crew::new(self).runner()
    }
}

/// Does approvals and sub-workflows.
struct Crew {
    equipment: Equipment,
    asking: Asking,
    me: Weak<Self>,
}

impl Crew {
    fn new(equipment: Equipment) -> Arc<Self> {
        let Recovery { journal, time, .. } = &equipment.recovery;
        let (ledger, notice) = (Arc::clone(&equipment.ledger), equipment.notice.clone());
        let asking = Asking::new(ledger, Arc::clone(journal), Arc::clone(time), notice);
        Arc::new_cyclic(|me| Self { equipment, asking, me: me.clone() })
    }

    fn runner(&self) -> Runner {
        let it = &self.equipment;
        let hands: Arc<dyn Hands> = match self.me.upgrade() {
            Some(me) => me,
            None => Arc::new(NoHands),
        };
        let (tools, secrets) = (Arc::clone(&it.tools), Arc::clone(&it.secrets));
        let mut runner = Runner::new(it.tenant.clone(), tools, it.recovery.clone(), secrets, hands);
        runner = runner.alone_in(Arc::clone(&it.ledger));
        if let Some(wishes) = &it.wishes {
            runner = runner.heeding(Arc::clone(wishes));
        }
        match &it.observer {
            Some(observer) => runner.observed_by(Arc::clone(observer)),
            None => runner,
        }
    }

    async fn sub(&self, sub: &SubWorkflow, asked: Value, place: &Place) -> Result<Value, Fault> {
        if place.request.within.len() + 1 >= WITHIN_MAX {
            return Err(Fault::permanent(format!(
                "workflows lie more than {WITHIN_MAX} deep in each other; one of them may run itself"
            )));
        }
        let Value::Object(inputs) = asked else { return Err(Fault::permanent("its inputs are no map")) };
        let lasts = sub.timeout_s.map_or(Duration::MAX, Duration::from_secs);
        let wait: Pending<'_, ()> = match sub.timeout_s {
            Some(_) => self.equipment.recovery.time.wait(lasts),
            None => Box::pin(std::future::pending()),
        };
        let Some(ran) = before(Box::pin(self.sub_run(sub, inputs, place)), wait).await else {
            return Err(Fault::permanent(format!("it took longer than {} seconds", lasts.as_secs())));
        };
        let (definition, run) = ran.map_err(|error| Fault::permanent(error.to_string()))?;
        let why = || format!("{}: {}", run.run_id, run.why.as_deref().unwrap_or(run.status.as_str()));
        match run.status {
            RunStatus::Completed => Ok(Value::Object(run.outputs(&definition))),
            RunStatus::Unknown => Err(Fault::new(Cause::Unreadable).with_detail(why())),
            RunStatus::Frozen => {
                place.freeze();
                Err(Fault::permanent("it is halted"))
            }
            RunStatus::Running | RunStatus::Failed | RunStatus::Cancelled => Err(Fault::permanent(why())),
        }
    }

    /// The run of this step: that which is on record, gone on with where it is not over; else a new one.
    async fn sub_run(
        &self,
        sub: &SubWorkflow,
        inputs: Map<String, Value>,
        place: &Place,
    ) -> Result<(Definition, Run), Error> {
        let it = &self.equipment;
        let id = run_of(&place.key);
        let earlier = match find_run(&it.ledger, &id) {
            Ok(run) => Some(run),
            Err(Error::Workflow(WorkflowError::RunNotFound { .. })) => None,
            Err(error) => return Err(error),
        };
        let wanted = earlier.as_ref().map_or(sub.digest.as_deref().unwrap_or(&sub.workflow), |run| &run.digest);
        let definition = it.shelf.find(wanted)?;
        let mut within = place.request.within.clone();
        within.push(place.run_id.clone());
        let request = RunRequest {
            inputs,
            actor: place.request.actor.clone(),
            session: place.request.session.clone(),
            project: place.request.project.clone(),
            reason: place.request.reason.clone(),
            run_id: Some(id),
            asker: place.request.asker.clone(),
            parent: Some(place.intent),
            within,
            seconds_max: None,
            recorded: None,
        };
        let (runner, never) = (self.runner(), Box::pin(std::future::pending()));
        let run = match earlier {
            Some(run) if run.status.is_open() => runner.resume(&definition, &request, &run, never).await?,
            Some(run) => run,
            None => runner.run(&definition, &request, never).await?,
        };
        Ok((definition, run))
    }
}

/// The id of the run that a step begins: the same each time.
fn run_of(key: &str) -> String {
    let digest = Sha256::digest(format!("sealbook/sub-run/v1\0{key}").as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    crate::workflow::edit::run_id(u64::from_be_bytes(first))
}

impl Hands for Crew {
    fn step<'a>(&'a self, node: &'a Node, asked: Value, place: &'a Place) -> Pending<'a, Result<Value, Fault>> {
        match &node.config {
            Config::Approval(approval) => Box::pin(async move { self.asking.step(approval, &asked, place).await }),
            Config::Workflow(sub) => Box::pin(self.sub(sub, asked, place)),
            _ => self.equipment.agents.step(node, asked, place),
        }
    }
}
