//! `ask`: a person must approve exactly these bytes. What they approved is admitted once.

use std::sync::Arc;

use sealbook_ledger::Hash;
use sealbook_policy::{Call, Conditions, Raw};
use sealbook_record::{Actor, ActorKind, Category, PartName, Record, Target, TargetKind, Timestamp, Uuid, push_string};

use super::{Core, Elicited, Question, Untold};
use crate::Error;
use crate::mcp::fields;

/// How long a person has.
const EXPIRES_US: i64 = 30 * 60 * 1_000_000;

impl Core {
    /// The command that answers a request, as a person types it anywhere.
    pub(crate) fn command(&self, verb: &str, approval: Uuid) -> String {
        format!("sealbook {verb} {approval}{}", self.book.get().map_or("", String::as_str))
    }

    /// What a person is asked about.
    pub(super) fn call(&self, record: &Record) -> Call {
        let input = record.part(PartName::Input).map_or("", |part| part.get());
        let target = &record.target;
        // Only a tool is called `server/tool`: of a file's path nothing is a server.
        let of_tool = (target.kind == TargetKind::Tool).then(|| target.id.split_once('/')).flatten();
        let (server, tool) = of_tool.unwrap_or((&record.source, &target.id));
        let call = Call {
            caller: record.actor.id.clone(),
            server: server.to_owned(),
            tool: tool.to_owned(),
            arguments: Hash::of(input.as_bytes()),
            whole: Some(whole(record)),
            policy: self.policy().rules().digest(),
        };
        self.as_kept(call, record)
    }

    /// The call with its names as a book keeps them: a secret in one is taken out of the request, and whoever reads
    /// that must come to the same digest. The names as they came are in `whole`.
    fn as_kept(&self, call: Call, record: &Record) -> Call {
        let mut request = self.about(record, "approval.requested", record.actor.clone());
        let kept = request
            .set_part_json(PartName::Input, call.request_json(Timestamp::from_micros(0)))
            .ok()
            .and_then(|()| self.policy().admit(Raw::new(request)).ok())
            .and_then(|judged| Call::names_in(judged.record().part(PartName::Input)?.get()));
        let Some([caller, server, tool]) = kept else { return call };
        let mut whole = call.whole;
        if caller != call.caller {
            let named = call.whole.iter().flat_map(Hash::as_bytes).chain(call.caller.as_bytes()).copied();
            whole = Some(Hash::of(&named.collect::<Vec<u8>>()));
        }
        Call { caller, server, tool, whole, ..call }
    }

    /// An approval by at least so many that admits this call.
    pub(super) fn approved(&self, call: &Call, approvers: u32, now: Timestamp) -> Result<Option<Uuid>, Error> {
        Ok(self.watch.now(&self.ledger, |state| state.approvals().admits_by(call, approvers, now).map(|it| it.id))?)
    }

    /// A request for this call that nobody has answered, and whether it has conditions.
    pub(super) fn waiting(&self, call: &Call, approvers: u32, now: Timestamp) -> Result<Option<(Uuid, bool)>, Error> {
        let waiting = self.watch.now(&self.ledger, |state| {
            let waiting = state.approvals().waiting_for(call, approvers, now);
            waiting.map(|it| (it.id, it.conditions.is_some()))
        });
        Ok(waiting?)
    }

    /// Asks a person: the request is durable, and whoever should decide is told.
    pub(super) fn request(
        self: &Arc<Self>,
        record: &Record,
        call: &Call,
        rules: &[String],
        conditions: Option<&Conditions>,
        approvers: u32,
    ) -> Result<Uuid, Error> {
        let expires = Timestamp::from_micros(self.ledger.now().as_micros().saturating_add(EXPIRES_US));
        let mut request = self.about(record, "approval.requested", record.actor.clone());
        request.parent = Some(record.id);
        let input = call.request_json_with(expires, conditions, approvers);
        request.set_part_json(PartName::Input, input).map_err(sealbook_store::Error::from)?;
        request.set_part_json(PartName::Context, context(record, rules)).map_err(sealbook_store::Error::from)?;
        let id = request.id;
        let told = Box::new(Record { parts: std::collections::BTreeMap::new(), ..request.clone() });
        // Not ours alone to know: whoever reads the book next must see it.
        self.ledger.append(vec![self.admit(request)?])?.pop().expect("one answer for one record")?;
        if let Some(teller) = self.teller.get() {
            teller.tell(Question {
                approval: id,
                approve: self.command("approve", id),
                deny: self.command("deny", id),
                rules: rules.to_vec(),
                caller: call.caller.clone(),
                server: call.server.clone(),
                tool: call.tool.clone(),
                expires,
                conditions: conditions.map_or(0, |conditions| conditions.texts.len()),
                approvers,
                untold: Untold { core: Arc::clone(self), request: told },
            });
        }
        Ok(id)
    }

    /// Uses an approval up; false where another call was faster.
    pub(super) fn use_up(&self, record: &Record, approval: Uuid) -> Result<bool, Error> {
        let mut used = self.about(record, "approval.used", Actor::new(ActorKind::System, "sealbook"));
        used.parent = Some(approval);
        self.comes_first(used, approval)
    }

    /// Ends a request by what the client's user answered; whether that came first. A no never comes first.
    pub(super) fn elicited(&self, record: &Record, approval: Uuid, answer: &Elicited) -> Result<bool, Error> {
        let digest = self.watch.now(&self.ledger, |state| state.approvals().get(approval).map(|it| it.digest))?;
        let Some(digest) = digest else { return Ok(false) };
        let mut said = self.about(record, "approval.elicited", answer.by.clone());
        said.parent = Some(approval);
        let input = answer.choice.decision_json(digest);
        said.set_part_json(PartName::Input, input).map_err(sealbook_store::Error::from)?;
        let known = serde_json::json!({
            "identified": "by the client alone; nobody checked who answered, and no approver's key was used",
            "question": answer.question.to_string(),
        });
        said.set_part(PartName::Context, &known).expect("texts are JSON");
        self.comes_first(said, approval)
    }

    fn comes_first(&self, record: Record, approval: Uuid) -> Result<bool, Error> {
        let id = record.id;
        self.ledger.append(vec![self.admit(record)?])?.pop().expect("one answer for one record")?;
        Ok(self.watch.now(&self.ledger, |state| state.approvals().is_used_by(approval, id))?)
    }

    /// A part as it would be recorded: redacted.
    pub(super) fn shown(&self, record: &Record, part: PartName) -> String {
        let admitted = self.policy().admit(Raw::new(self.small(record.clone()))).ok();
        let shown = admitted.and_then(|judged| judged.record().part(part).map(|part| part.get().to_owned()));
        shown.unwrap_or_else(|| "arguments that cannot be shown".to_owned())
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

/// Whatever else the call is: a yes to one is none to another that only looks like it.
fn whole(record: &Record) -> Hash {
    let context = record.part(PartName::Context).map_or("{}", |part| part.get());
    let [cwd, environment, exact] = fields(context, ["cwd", "environment", "exact"]);
    let target = &record.target;
    let said = [Some(&*record.action), Some(target.kind.as_str()), Some(&*target.id), Some(&*record.source)];
    let mut bytes = Vec::new();
    for text in said.into_iter().chain([cwd, environment, exact]) {
        // What is missing is no empty text.
        bytes.push(u8::from(text.is_some()));
        let text = text.unwrap_or_default();
        bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    Hash::of(&bytes)
}

/// What a person is shown: the action, the rules, and the arguments, which are redacted on their way.
fn context(record: &Record, rules: &[String]) -> String {
    let mut out = b"{\"action\":".to_vec();
    push_string(&mut out, &record.action);
    out.extend_from_slice(b",\"target\":");
    push_string(&mut out, &format!("{} {}", record.target.kind.as_str(), record.target.id));
    let of_record = record.part(PartName::Context).map_or("{}", |part| part.get());
    if let Some(cwd) = fields(of_record, ["cwd"])[0] {
        out.extend_from_slice(b",\"cwd\":");
        out.extend_from_slice(cwd.as_bytes());
    }
    out.extend_from_slice(b",\"rules\":[");
    for (index, rule) in rules.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push_string(&mut out, rule);
    }
    out.extend_from_slice(b"],\"arguments\":");
    out.extend_from_slice(record.part(PartName::Input).map_or("null", |part| part.get()).as_bytes());
    out.push(b'}');
    String::from_utf8(out).expect("JSON made of texts is UTF-8")
}
