//! `ask`: a person must approve exactly these bytes. What they approved is admitted once.

use sealbook_ledger::Hash;
use sealbook_policy::Call;
use sealbook_record::{Actor, ActorKind, Category, PartName, Record, Target, TargetKind, Timestamp, Uuid};

use super::{Core, Refused};
use crate::Error;

/// How long a person has.
const EXPIRES_US: i64 = 30 * 60 * 1_000_000;

impl Core {
    /// Nothing where a person has approved this call: the approval is used up. Otherwise it is held: the
    /// request is on record, and the caller is told under which id a person finds it.
    pub(crate) fn ask(&self, record: &Record, rules: &[String]) -> Result<Option<Refused>, Error> {
        let (call, now) = (self.call(record), self.ledger.now());
        let approved = self.watch.now(&self.ledger, |state| state.approvals().admits(&call, now).map(|it| it.id))?;
        if let Some(approval) = approved
            && self.use_up(record, approval)?
        {
            return Ok(None);
        }
        let waiting = self.watch.now(&self.ledger, |state| state.approvals().waiting(&call, now).map(|it| it.id))?;
        let approval = match waiting {
            Some(approval) => approval,
            None => self.request(record, &call, now)?,
        };
        Ok(Some(Refused::held(record.id, rules, approval)))
    }

    /// What a person is asked about.
    fn call(&self, record: &Record) -> Call {
        let input = record.part(PartName::Input).map_or("", |part| part.get());
        let (server, tool) = record.target.id.rsplit_once('/').unwrap_or((&record.source, &record.target.id));
        Call {
            caller: record.actor.id.clone(),
            server: server.to_owned(),
            tool: tool.to_owned(),
            arguments: Hash::of(input.as_bytes()),
            policy: self.policy().rules().digest(),
        }
    }

    fn request(&self, record: &Record, call: &Call, now: Timestamp) -> Result<Uuid, Error> {
        let expires = Timestamp::from_micros(now.as_micros().saturating_add(EXPIRES_US));
        let mut request = self.about(record, "approval.requested", record.actor.clone());
        request.parent = Some(record.id);
        request.set_part_json(PartName::Input, call.request_json(expires)).map_err(sealbook_store::Error::from)?;
        let id = request.id;
        // Not ours alone to know: whoever reads the book next must see it.
        self.ledger.append(vec![self.admit(request)?])?.pop().expect("one answer for one record")?;
        Ok(id)
    }

    /// Uses an approval up; false where another call was faster.
    fn use_up(&self, record: &Record, approval: Uuid) -> Result<bool, Error> {
        let mut used = self.about(record, "approval.used", Actor::new(ActorKind::System, "sealbook"));
        used.parent = Some(approval);
        let id = used.id;
        self.ledger.append(vec![self.admit(used)?])?.pop().expect("one answer for one record")?;
        Ok(self.watch.now(&self.ledger, |state| state.approvals().is_used_by(approval, id))?)
    }

    fn about(&self, record: &Record, action: &str, actor: Actor) -> Record {
        let target = Target::new(TargetKind::Record, record.id.to_string());
        let mut about = Record::event(self.ledger.next_id(), actor, action, target, self.ledger.now());
        self.ledger.tenant().clone_into(&mut about.tenant);
        about.session.clone_from(&record.session);
        about.project.clone_from(&record.project);
        about.operation = record.operation.or(Some(record.id));
        about.category = Category::Audit;
        about
    }
}
