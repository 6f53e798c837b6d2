//! Telling a person that a call waits for them: on the terminal, on the desktop, by an address of theirs.
//!
//! A thread of its own does it, from a queue with a bound: no call waits for it, and what could not be told is on
//! record.

mod config;
mod desktop;
mod webhook;

use std::io::Write;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sealbook_gate::{Question, Teller};
use sealbook_policy::redact_text;
use sealbook_report::is_unseen;
use serde_json::json;

use crate::environment::Environment;
use crate::model_file;
use config::Config;

/// Questions that wait to be told.
const QUEUE_MAX: usize = 32;
/// How long one way of telling may take.
const DEADLINE: Duration = Duration::from_secs(5);

/// Tells people in every way that is set up.
pub(crate) struct Tellers {
    setting: Setting,
    thread: Mutex<Thread>,
}

/// What is known before anything is told.
#[derive(Clone)]
struct Setting {
    /// Where `notify.toml` lies.
    home: Option<PathBuf>,
    /// Whether standard error is a place where people look, and whether it can ring.
    terminal: bool,
    bell: bool,
}

/// Started by the first question: most programs have none.
#[derive(Default)]
struct Thread {
    queue: Option<SyncSender<Question>>,
    done: Option<Receiver<()>>,
    over: bool,
}

/// One way of telling.
trait Way: Send {
    /// What it is called in records.
    fn name(&self) -> &'static str;
    /// Tells, or says in a few words that quote nothing why it could not.
    fn tell(&self, question: &Question) -> Result<(), String>;
}

impl Tellers {
    /// Nothing is read or started before there is a question. `terminal` is whether people look at standard error.
    pub(crate) fn new(environment: &Environment, terminal: bool) -> Self {
        let setting = Setting { home: model_file::home(environment).ok(), terminal, bell: environment.is_watched };
        Self { setting, thread: Mutex::default() }
    }

    /// Waits until everything is told, or for so long. Nothing is told from here on.
    pub(crate) fn finish(&self, most: Duration) {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        thread.over = true;
        thread.queue.take();
        if let Some(done) = thread.done.take() {
            // It is told, or it is too late: both go on.
            let _ = done.recv_timeout(most);
        }
    }
}

impl Teller for Tellers {
    fn tell(&self, question: Question) {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.over {
            return question.untold.because("any", "it was over");
        }
        if thread.queue.is_none() {
            *thread = Thread::start(self.setting.clone());
        }
        let Some(queue) = &thread.queue else { return question.untold.because("any", "no thread could be started") };
        match queue.try_send(question) {
            Ok(()) => {}
            Err(TrySendError::Full(question)) => question.untold.because("any", "too much is to be told"),
            Err(TrySendError::Disconnected(question)) => question.untold.because("any", "nobody tells"),
        }
    }
}

impl Thread {
    fn start(setting: Setting) -> Self {
        let (queue, questions) = sync_channel::<Question>(QUEUE_MAX);
        let (end, done) = channel();
        let work = move || {
            let ways = ways(&setting);
            for question in questions {
                for way in &ways {
                    if let Err(why) = way.tell(&question) {
                        question.untold.because(way.name(), &why);
                    }
                }
            }
            drop(end);
        };
        let started = std::thread::Builder::new().name("sealbook-teller".to_owned()).spawn(work).is_ok();
        Self { queue: started.then_some(queue), done: Some(done), over: false }
    }
}

/// The ways that are set up. Settings that cannot be used are a way that always fails.
fn ways(setting: &Setting) -> Vec<Box<dyn Way>> {
    let mut ways: Vec<Box<dyn Way>> = Vec::new();
    let config = match Config::read(setting.home.as_deref()) {
        Ok(config) => config,
        Err(cause) => {
            ways.push(Box::new(Broken { name: "notify.toml", code: cause.code() }));
            Config::default()
        }
    };
    if setting.terminal && config.terminal {
        ways.push(Box::new(Terminal { bell: setting.bell }));
    }
    if let Some(command) = config.desktop {
        ways.push(Box::new(desktop::Desktop::new(command)));
    }
    if let Some(url) = &config.webhook {
        ways.push(match webhook::Post::new(url) {
            Ok(post) => Box::new(post),
            Err(cause) => Box::new(Broken { name: "webhook", code: cause.code() }),
        });
    }
    ways
}

/// A way that cannot be used.
struct Broken {
    name: &'static str,
    code: &'static str,
}

impl Way for Broken {
    fn name(&self) -> &'static str {
        self.name
    }

    fn tell(&self, _: &Question) -> Result<(), String> {
        Err(self.code.to_owned())
    }
}

/// A bell, and a line on standard error.
struct Terminal {
    bell: bool,
}

impl Way for Terminal {
    fn name(&self) -> &'static str {
        "terminal"
    }

    fn tell(&self, question: &Question) -> Result<(), String> {
        let bell = if self.bell { "\u{7}" } else { "" };
        let line = format!("{bell}sealbook: {}\n", sentence(question));
        std::io::stderr().lock().write_all(line.as_bytes()).map_err(|_| "standard error is closed".to_owned())
    }
}

/// What waits, in a sentence. Names are what strangers chose: nothing in them may move a cursor or hold a secret.
fn sentence(question: &Question) -> String {
    let rules = question.rules.join(", ");
    let conditions = match question.conditions {
        0 => String::new(),
        count => format!(" (say with --met how each of its {count} conditions is met)"),
    };
    let who = match question.approvers {
        1 => "A person decides".to_owned(),
        many => format!("{many} different approvers must say yes, and one no is enough"),
    };
    let text = format!(
        "{} wants to call {} of {} ({rules}). {who}: `{}`{conditions}, or `{}`.",
        question.caller, question.tool, question.server, question.approve, question.deny
    );
    harmless(&text)
}

fn harmless(text: &str) -> String {
    redact_text(text).chars().map(|c| if is_unseen(c) { ' ' } else { c }).collect()
}

/// What an address is told: names and ids, never arguments.
fn as_json(question: &Question) -> String {
    let rules: Vec<String> = question.rules.iter().map(|rule| harmless(rule)).collect();
    json!({
        "event": "approval.requested", "approval": question.approval.to_string(), "rules": rules,
        "caller": harmless(&question.caller), "server": harmless(&question.server), "tool": harmless(&question.tool),
        "expires": question.expires.to_string(), "conditions": question.conditions,
        "approvers": question.approvers,
        "text": sentence(question),
    })
    .to_string()
}
