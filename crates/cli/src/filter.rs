//! Which records: one option for every field that can be asked for, shared by the commands that
//! select records.

use sealbook_ledger::Phase;
use sealbook_record::{ActorKind, Category, Classification, Outcome, Severity, TargetKind, TimeZone, Uuid};
use sealbook_store::Query;

use crate::command::append::read_word;
use crate::failure::Failure;
use crate::when;

/// Options that select records. All must fit; one that is given several times means any of its
/// values, except for --tag and --text, of which all must fit.
#[derive(Debug, Default, PartialEq, clap::Args)]
#[command(next_help_heading = "Which records (all must fit; a value may end in `*`)")]
pub(crate) struct Filter {
    /// At or after this time: `2024-01-31`, `7 days ago`, RFC 3339
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// At or before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// What was done
    #[arg(long, value_name = "VERB")]
    action: Vec<String>,
    /// Who did it: the actor's id
    #[arg(long, visible_alias = "user", value_name = "ID")]
    actor: Vec<String>,
    /// `user`, `agent`, `service`, `system` or `unknown`
    #[arg(long, value_name = "KIND")]
    actor_kind: Vec<String>,
    /// Name of the actor for people
    #[arg(long, value_name = "NAME")]
    actor_name: Vec<String>,
    /// For whom the actor acted
    #[arg(long, value_name = "PRINCIPAL")]
    on_behalf_of: Vec<String>,
    /// What the caller said of itself
    #[arg(long, value_name = "ID")]
    claimed: Vec<String>,
    /// Who was authenticated
    #[arg(long, value_name = "ID")]
    verified: Vec<String>,
    /// What it was done to: the target's id
    #[arg(long, value_name = "ID")]
    target: Vec<String>,
    /// `file`, `module`, `service`, `git`, …
    #[arg(long, value_name = "KIND")]
    target_kind: Vec<String>,
    /// The target is this module or directory, or lies in it
    #[arg(long, value_name = "NAME")]
    module: Vec<String>,
    /// The project
    #[arg(long)]
    project: Vec<String>,
    /// Weight: `debug`, `info` (`low`), `warning` (`medium`), `error` (`high`) or `critical`
    #[arg(long, value_name = "LEVEL")]
    severity: Vec<String>,
    /// This weight or more
    #[arg(long, value_name = "LEVEL", conflicts_with = "severity")]
    min_severity: Option<String>,
    /// How it ended: `ok`, `failed`, `blocked`, `cancelled` or `unknown`
    #[arg(long)]
    outcome: Vec<String>,
    /// `intent`, `outcome` or `event`
    #[arg(long)]
    phase: Vec<String>,
    /// What sort of action it was
    #[arg(long)]
    category: Vec<String>,
    /// `public`, `internal`, `confidential` or `restricted`
    #[arg(long)]
    classification: Vec<String>,
    /// Name of the retention class
    #[arg(long)]
    retention: Vec<String>,
    /// Which program or source reported it
    #[arg(long, value_name = "PROGRAM")]
    source: Vec<String>,
    /// A label; all that are given must fit
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Agent or user session
    #[arg(long)]
    session: Vec<String>,
    /// Conversation
    #[arg(long)]
    conversation: Vec<String>,
    /// What several records tell together
    #[arg(long, value_name = "UUID")]
    operation: Vec<Uuid>,
    /// The record that others answer
    #[arg(long, value_name = "UUID")]
    parent: Vec<Uuid>,
    /// W3C traceparent
    #[arg(long, value_name = "TRACEPARENT")]
    trace: Vec<String>,
    /// Has this part: `error`, `findings`, `before`, …
    #[arg(long, value_name = "PART")]
    has: Vec<String>,
    /// `record`, `key` or `erase`
    #[arg(long = "type", value_name = "TYPE", value_parser = ["record", "key", "erase"])]
    leaf_type: Vec<String>,
    /// Identity
    #[arg(long, value_name = "UUID")]
    id: Option<Uuid>,
    /// Took at least this many microseconds
    #[arg(long, value_name = "MICROSECONDS")]
    min_duration_us: Option<u64>,
    /// Took at most this many microseconds
    #[arg(long, value_name = "MICROSECONDS")]
    max_duration_us: Option<u64>,
    /// Words that all occur in the record, its content included
    #[arg(long, value_name = "WORDS")]
    text: Option<String>,
    /// Occurs in the action or in the error
    #[arg(long, value_name = "TEXT")]
    contains: Option<String>,
}

impl Filter {
    /// Whether nothing is asked for.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The question, without page and order.
    pub(crate) fn query(&self, zone: &TimeZone) -> Result<Query, Failure> {
        let mut target = self.target.clone();
        for module in &self.module {
            let module = module.trim_end_matches('/');
            target.extend([module.to_owned(), format!("{module}/*")]);
        }
        let ids = |ids: &[Uuid]| ids.iter().map(Uuid::to_string).collect();
        Ok(Query {
            action: self.action.clone(),
            actor: self.actor.clone(),
            actor_kind: words::<ActorKind>("--actor-kind", &self.actor_kind)?,
            actor_name: self.actor_name.clone(),
            on_behalf_of: self.on_behalf_of.clone(),
            claimed: self.claimed.clone(),
            verified: self.verified.clone(),
            category: words::<Category>("--category", &self.category)?,
            classification: words::<Classification>("--classification", &self.classification)?,
            conversation: self.conversation.clone(),
            leaf_type: self.leaf_type.clone(),
            operation: ids(&self.operation),
            outcome: words::<Outcome>("--outcome", &self.outcome)?,
            parent: ids(&self.parent),
            phase: words::<Phase>("--phase", &self.phase)?,
            project: self.project.clone(),
            retention: self.retention.clone(),
            session: self.session.clone(),
            severity: self.severities()?,
            source: self.source.clone(),
            tags: self.tags.clone(),
            target,
            target_kind: words::<TargetKind>("--target-kind", &self.target_kind)?,
            trace: self.trace.clone(),
            has: words::<sealbook_record::PartName>("--has", &self.has)?,
            id: self.id,
            since: when::read("--since", self.since.as_deref(), zone)?,
            until: when::read("--until", self.until.as_deref(), zone)?,
            duration_min_us: self.min_duration_us,
            duration_max_us: self.max_duration_us,
            text: self.text.clone(),
            contains: self.contains.clone(),
            ..Query::default()
        })
    }

    fn severities(&self) -> Result<Vec<String>, Failure> {
        match read_word::<Severity>("--min-severity", self.min_severity.as_deref())? {
            Some(least) => Ok(Severity::ALL.iter().filter(|s| **s >= least).map(|s| s.as_str().to_owned()).collect()),
            None => words::<Severity>("--severity", &self.severity),
        }
    }
}

/// Words of a closed set in their one spelling: `high` is `error`.
fn words<T>(option: &'static str, given: &[String]) -> Result<Vec<String>, Failure>
where
    T: std::str::FromStr + std::fmt::Display,
    Failure: From<T::Err>,
{
    given
        .iter()
        .map(|word| Ok(read_word::<T>(option, Some(word))?.map_or_else(String::new, |w| w.to_string())))
        .collect()
}
