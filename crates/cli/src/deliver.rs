//! Reports that leave: to a repository, a chat, a mailbox. Each is said before, on record, and what came of it after.

mod chat;
mod git;
mod mail;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sealbook_flow::{Call, Fault, Journal, Recovery, Repeat, Retry, Success, SystemTime};
use sealbook_ledger::Uuid;
use sealbook_record::{Category, PartName, Record, Target};
use sealbook_report::{AuditPage, Brief, files_of};
use sealbook_store::{Ledger, SystemEntropy};

use crate::command::Context;
use crate::failure::Failure;
use crate::session::{Journaled, Session};

/// One try to hand it over.
const ATTEMPT_MAX: Duration = Duration::from_secs(30);

/// How and where to.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Where it goes")]
pub(crate) struct Delivery {
    /// With `--export git`: yes, add a commit to my repository
    #[arg(long, requires = "export")]
    allow_changes: bool,
    /// With `--export git`: the reference, under refs/sealbook/ or a branch that nobody has checked out
    #[arg(long, value_name = "REF", requires = "export", default_value = "refs/sealbook/reports")]
    git_ref: String,
    /// With `--export slack`: the file of mode 0600 that holds the address [default: `$SEALBOOK_SLACK_WEBHOOK`]
    #[arg(long, value_name = "FILE", requires = "export")]
    webhook_file: Option<PathBuf>,
    /// With `--export email`: the file of mode 0600 that says how [default: mail.toml in the home]
    #[arg(long, value_name = "FILE", requires = "export")]
    mail_file: Option<PathBuf>,
}

/// A report that is about to leave.
pub(crate) struct Leaving {
    run: Uuid,
    brief: Brief,
    size: u64,
    origin: String,
    files: Vec<(&'static str, Vec<u8>)>,
}

impl Leaving {
    pub(crate) fn of(page: &AuditPage<'_>) -> Self {
        let report = &page.report;
        Self {
            run: report.run.run,
            brief: Brief::of(report),
            size: report.head.size,
            origin: report.head.origin.to_string(),
            files: files_of(page),
        }
    }
}

/// A book to write down in what is done with its report.
struct Book {
    ledger: Arc<Ledger>,
    journal: Arc<dyn Journal>,
    base: Record,
}

/// Where a report can go.
enum Way {
    Git(sealbook_inspect::Keeper),
    Chat(sealbook_flow::Webhook),
    Mail(mail::Setting),
}

/// What has to be there before anything is made, so that nobody waits for a report that cannot leave.
pub(crate) struct Ready(Way);

impl Delivery {
    /// `None` where the system is none of those that a report is handed to.
    pub(crate) fn ready(&self, system: &str, context: &Context) -> Result<Option<Ready>, Failure> {
        Ok(Some(Ready(match system {
            "git" => Way::Git(git::open(self, context)?),
            "slack" => Way::Chat(chat::open(self.webhook_file.as_deref(), context)?),
            "email" => Way::Mail(mail::open(self.mail_file.as_deref(), context)?),
            _ => return Ok(None),
        })))
    }
}

impl Ready {
    /// Hands the report over, with an intent before and an outcome after.
    pub(crate) fn deliver(
        &self,
        leaving: &Leaving,
        session: Session,
        context: &Context,
    ) -> Result<Arc<Ledger>, Failure> {
        let base = session.event("report.export", Target::new(sealbook_record::TargetKind::Service, "none"));
        let Journaled { ledger, journal, .. } = session.into_journal()?;
        let book = Book { ledger, journal, base };
        match &self.0 {
            Way::Git(keeper) => git::keep(keeper, leaving, &book, context)?,
            Way::Chat(webhook) => chat::post(webhook, leaving, &book, context)?,
            Way::Mail(setting) => mail::send(setting, leaving, &book, context)?,
        }
        Ok(book.ledger)
    }
}

impl Book {
    /// What is announced: this report, to there.
    fn intent(&self, target: Target, input: &serde_json::Value) -> Record {
        let mut record = self.base.clone();
        record.target = target;
        record.category = Category::Notification;
        record.outcome = None;
        record.set_part(PartName::Input, input).expect("a value is JSON");
        record
    }

    /// Tries, and tries again where it was surely not taken.
    fn try_often<W>(&self, intent: Record, mut work: impl FnMut(Duration) -> W) -> Result<u32, Failure>
    where
        W: Future<Output = Result<(), Fault>>,
    {
        let recovery = Recovery {
            retry: Retry::default(),
            journal: Arc::clone(&self.journal),
            time: Arc::new(SystemTime::default()),
            entropy: Arc::new(SystemEntropy),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|cause| Failure::Input { name: "the system's timers".to_owned(), cause })?;
        let call = Call { intent, repeat: Repeat::IfRefused };
        let done = runtime.block_on(recovery.run(&call, |attempt| {
            let sent = work(attempt.left.min(ATTEMPT_MAX));
            async move { sent.await.map(|()| Success::new(()).recorded(&serde_json::json!({"taken": true}))) }
        }))?;
        match done.unsealed {
            Some(cause) => Err(cause.into()),
            None => Ok(done.attempts),
        }
    }
}
