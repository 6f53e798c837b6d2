//! Why a command could not be carried out, and how that is said.

use std::io::{self, Write};
use std::path::PathBuf;

use sealbook_report::{Format, shown};

use crate::args::Global;
use crate::exit::Exit;
use crate::hints;

/// What stops a command. A message ends with its mend, after the last semicolon.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Failure {
    /// Arguments that do not fit each other.
    #[error("{what}; {mend}")]
    Usage {
        /// What does not fit.
        what: String,
        /// What to write instead.
        mend: String,
    },
    /// An error with the place it belongs to: a file and a line, an option.
    #[error("{place}: {cause}")]
    At {
        /// Where.
        place: String,
        /// What is wrong there.
        cause: Box<Failure>,
    },
    /// The same for one line of an input: the column in it stands beside the line.
    #[error("{text}")]
    AtLine {
        /// Place and message.
        text: String,
        /// What is wrong there.
        cause: Box<Failure>,
    },
    /// Neither `SEALBOOK_HOME` nor a home directory is known.
    #[error(
        "nothing says where books lie: SEALBOOK_HOME, XDG_STATE_HOME and HOME are not set; set SEALBOOK_HOME to a directory"
    )]
    HomeUnknown,
    /// A book or tenant name that cannot be a directory.
    #[error("{given:?} cannot name a {what}; give a {what} {allowed}")]
    NameInvalid {
        /// `book` or `tenant`.
        what: &'static str,
        /// What was given, shortened.
        given: String,
        /// What it may be called.
        allowed: &'static str,
    },
    /// A file under `.sealbook/` that cannot be understood.
    #[error("{path}, line {line}: {cause}; mend that line, or remove the file and run `sealbook init` again", path = path.display())]
    ConfigInvalid {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        cause: String,
    },
    /// The project's book was there before, and is not any more.
    #[error("the book {book:?} of this project is gone, though the head kept outside it is still there; restore a backup with `sealbook restore FILE`, or remove {pointer} to begin anew", pointer = pointer.display())]
    BookGone {
        /// Its name.
        book: String,
        /// The file that points at it.
        pointer: PathBuf,
    },
    /// Another book lies where the project's book was.
    #[error("the book {book:?} is not the one this project had: expected {expected}, found {found}; find the right book, or remove {pointer} to accept this one", pointer = pointer.display())]
    BookReplaced {
        /// Its name.
        book: String,
        /// Origin that the pointer names.
        expected: String,
        /// Origin of what lies there.
        found: String,
        /// The file that points at it.
        pointer: PathBuf,
    },
    /// A pointer that this home did not write leads to a book of this home.
    #[error("{pointer} names the book {book:?}, which knows nothing of this project: somebody else wrote that file; run `sealbook init`, which makes this project a book of its own, or name the book with --book if it is meant", pointer = pointer.display())]
    PointerStrange {
        /// Name of the book.
        book: String,
        /// The file that points at it.
        pointer: PathBuf,
    },
    /// `.sealbook/` or a file in it is a symbolic link.
    #[error("{path} is a symbolic link, and would lead what is read and written elsewhere; look who made it, and remove it", path = path.display())]
    ProjectLinked {
        /// The link.
        path: PathBuf,
    },
    /// What should be restored does not verify.
    #[error("{} does not verify: {faults} faults, the first: {first}; nothing was restored: take another copy, or go on from this one with --unverified and say in --reason what is wrong with it", path.display())]
    RestoreBroken {
        /// The file.
        path: PathBuf,
        /// How many faults.
        faults: u64,
        /// The first of them.
        first: String,
    },
    /// Content that begins like JSON and is not.
    #[error(
        "part `{part}`, {place}: it begins like JSON and is not; mend it there, or give plain text as a JSON text in quotes"
    )]
    ContentNotJson {
        /// The part.
        part: sealbook_record::PartName,
        /// Where the reader gave up.
        place: sealbook_record::Place,
    },
    /// A report is asked for where nothing was audited.
    #[error("nothing was audited in this book yet; run `sealbook repo`")]
    AuditMissing,
    /// Something to be read that cannot be.
    #[error("cannot read {name}: {cause}; check that it is there and may be read")]
    Input {
        /// File, or `standard input`.
        name: String,
        /// What the system said.
        cause: io::Error,
    },
    /// A line or a value longer than any record.
    #[error(
        "{place}: more than {limit} bytes; a record holds at most 16 MiB, keep a digest and the size of larger content"
    )]
    InputTooLarge {
        /// File and line.
        place: String,
        /// The limit in bytes.
        limit: usize,
    },
    /// Text that is not UTF-8.
    #[error("{place}, column {column}: this is not UTF-8; give JSON Lines in UTF-8")]
    InputNotUtf8 {
        /// File and line.
        place: String,
        /// Column in bytes, from 1.
        column: usize,
    },
    /// The answer could not be written.
    #[error("cannot write to {name}: {cause}; check the place and the room on it")]
    Output {
        /// File, or `standard output`.
        name: String,
        /// What the system said.
        cause: io::Error,
    },
    /// The derived file is damaged. Nothing sealed is in it.
    #[error("{path} is damaged: {cause}; run `sealbook reindex`, which makes it again from what is sealed", path = path.display())]
    IndexUnreadable {
        /// The file.
        path: PathBuf,
        /// What the engine said.
        cause: String,
    },
    /// A program that cannot be run.
    #[error("cannot run {program}: {cause}; check that it is installed and may be run")]
    Program {
        /// What was to be run.
        program: String,
        /// What the system said.
        cause: io::Error,
    },
    /// An error of the gate.
    #[error(transparent)]
    Gate(#[from] sealbook_gate::Error),
    /// Nobody can approve: the book has no approver key yet.
    #[error(
        "this needs an approver, and the book has none yet; make the approver's key first with `sealbook key approver`"
    )]
    ApproverMissing,
    /// Something else than a person wants to approve.
    #[error("only a person approves, resumes, and changes rules and keys; leave --actor out, or name a user")]
    ApproverNoPerson,
    /// The approver's key does not open.
    #[error(transparent)]
    Lock(sealbook_policy::LockError),
    /// There is no terminal to ask for the passphrase.
    #[error(
        "there is no terminal to ask for the passphrase; give --{new}passphrase-file FILE, or its descriptor with --{new}passphrase-fd"
    )]
    PassphraseMissing {
        /// `new-` for the passphrase of a key that is made now.
        new: &'static str,
    },
    /// What an approver would sign is not what would be sealed.
    #[error("it holds what looks like a secret, which would be taken out before it is sealed; write it otherwise")]
    HoldsSecret,
    /// Rules that cannot be read or compiled.
    #[error(transparent)]
    Rules(#[from] sealbook_policy::RuleError),
    /// No rule of that id.
    #[error("there is no rule `{id}`; `sealbook rules list` shows all")]
    RuleUnknown {
        /// What was asked for.
        id: String,
    },
    /// No request or alert of that id.
    #[error(
        "there is no {what} that begins with `{given}`, or there are several; `sealbook {what}s list --all` shows all"
    )]
    NotFound {
        /// `approval` or `alert`.
        what: &'static str,
        /// What was asked for.
        given: String,
    },
    /// A request that is decided, used or over.
    #[error("the request is {state}, and cannot be decided any more; let the call be made again")]
    NotWaiting {
        /// How it stands.
        state: &'static str,
    },
    /// Sealed, and not taken: somebody was faster.
    #[error(
        "it was sealed as record {seq} and changes nothing: {why}; `sealbook approvals list --all`, `sealbook rules list` and `sealbook stop --list` show how it stands now"
    )]
    WithoutEffect {
        /// Its place.
        seq: u64,
        /// Why.
        why: &'static str,
    },
    /// Nothing is stopped like that.
    #[error("nothing like that is stopped; `sealbook stop --list` shows what is")]
    NotStopped,
    /// An action that only its own command writes.
    #[error("`{action}` is written by its own command alone; use `sealbook {command}`")]
    ActionReserved {
        /// The action.
        action: String,
        /// The command.
        command: &'static str,
    },
    /// A rule or a stop forbids it. It was sealed that it did not happen.
    #[error("{why}; it is sealed as blocked, record {seq}")]
    ActionBlocked {
        /// Which rule or stop.
        why: String,
        /// The record.
        seq: u64,
    },
    /// An error of the store.
    #[error(transparent)]
    Store(sealbook_store::Error),
    /// An error of the ledger's formats.
    #[error(transparent)]
    Ledger(#[from] sealbook_ledger::Error),
    /// An error of the record's words.
    #[error(transparent)]
    Record(#[from] sealbook_record::Error),
    /// A record that is not admitted.
    #[error(transparent)]
    Policy(#[from] sealbook_policy::Error),
    /// No model is configured.
    #[error("no model is configured: {path} is not there; write one, `docs/review.md` shows how", path = path.display())]
    ModelMissing {
        /// The file.
        path: PathBuf,
    },
    /// A model file that cannot be understood.
    #[error("{path}, line {line}: {cause}; mend that line, `docs/review.md` shows the form", path = path.display())]
    ModelInvalid {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        cause: String,
    },
    /// A call, a model or a review.
    #[error(transparent)]
    Flow(#[from] sealbook_flow::Error),
    /// A source or an analyzer.
    #[error(transparent)]
    Inspect(#[from] sealbook_inspect::Error),
    /// What a command and the server both do.
    #[error(transparent)]
    Serve(sealbook_serve::Error),
}

impl Failure {
    /// Wrong usage.
    pub(crate) fn usage(what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::Usage { what: what.into(), mend: mend.into() }
    }

    /// The same, with where it belongs to.
    pub(crate) fn at(self, place: impl Into<String>) -> Self {
        Self::At { place: place.into(), cause: Box::new(self) }
    }

    /// The same, with the line of an input of which each line is a text of its own. That the place within the
    /// text is on its first line says nothing then.
    pub(crate) fn at_line(self, line: &str) -> Self {
        let place = match &self {
            Self::Record(cause) => cause.place(),
            _ => None,
        };
        let text = self.to_string();
        let text = match place {
            Some(place) => {
                let text = text.strip_prefix(&format!("{place}: ")).unwrap_or(&text);
                format!("{line}, column {}: {text}", place.column)
            }
            None => format!("{line}: {text}"),
        };
        Self::AtLine { text, cause: Box::new(self) }
    }

    /// The stable code; each has a page under `docs/errors/`.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Usage { .. } => "usage",
            Self::At { cause, .. } | Self::AtLine { cause, .. } => cause.code(),
            Self::HomeUnknown => "home_unknown",
            Self::NameInvalid { .. } => "name_invalid",
            Self::ConfigInvalid { .. } | Self::ModelInvalid { .. } => "config_invalid",
            Self::BookGone { .. } => "book_gone",
            Self::BookReplaced { .. } => "book_replaced",
            Self::PointerStrange { .. } => "pointer_strange",
            Self::ProjectLinked { .. } => "project_linked",
            Self::RestoreBroken { .. } => "restore_broken",
            Self::ContentNotJson { .. } => "invalid_json",
            Self::AuditMissing => "audit_missing",
            Self::Input { .. } => "input_unreadable",
            Self::InputTooLarge { .. } => "input_too_large",
            Self::InputNotUtf8 { .. } => "input_not_utf8",
            Self::Output { .. } => "output_failed",
            Self::IndexUnreadable { .. } => "index_unreadable",
            Self::Program { .. } => "program_failed",
            Self::Gate(e) => e.code(),
            Self::ApproverMissing => "approver_missing",
            Self::ApproverNoPerson => "approver_no_person",
            Self::Lock(e) => e.code(),
            Self::PassphraseMissing { .. } => "passphrase_missing",
            Self::HoldsSecret => "holds_secret",
            Self::Rules(e) => e.code(),
            Self::RuleUnknown { .. } => "rule_unknown",
            Self::NotFound { .. } => "not_found",
            Self::NotWaiting { .. } => "approval_over",
            Self::WithoutEffect { .. } => "without_effect",
            Self::NotStopped => "not_stopped",
            Self::ActionReserved { .. } => "action_reserved",
            Self::ActionBlocked { .. } => "action_blocked",
            Self::Store(e) => e.code(),
            Self::Ledger(e) => e.code(),
            Self::Record(e) => e.code(),
            Self::Policy(e) => e.code(),
            Self::ModelMissing { .. } => "model_missing",
            Self::Flow(e) => e.code(),
            Self::Inspect(e) => e.code(),
            Self::Serve(e) => e.code(),
        }
    }

    /// How the program ends with it.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::At { cause, .. } | Self::AtLine { cause, .. } => cause.exit(),
            Self::BookGone { .. }
            | Self::BookReplaced { .. }
            | Self::RestoreBroken { .. }
            | Self::Store(
                sealbook_store::Error::HeadUntrusted { .. }
                | sealbook_store::Error::BookRolledBack { .. }
                | sealbook_store::Error::BookForked { .. }
                | sealbook_store::Error::RowDamaged { .. }
                | sealbook_store::Error::BookUnreadable { .. },
            ) => Exit::Broken,
            // Whoever reads stopped reading: there is nobody to tell.
            Self::Output { cause, .. } if cause.kind() == io::ErrorKind::BrokenPipe => Exit::Clean,
            _ => Exit::Failure,
        }
    }

    /// Says it on standard error, as text or as JSON, and gives the exit.
    pub(crate) fn show(&self, format: Format, global: &Global) -> Exit {
        let exit = self.exit();
        if exit != Exit::Clean {
            say(self.code(), &hints::scoped(&self.to_string(), global), exit, format);
        }
        exit
    }
}

impl From<sealbook_store::Error> for Failure {
    fn from(cause: sealbook_store::Error) -> Self {
        match cause {
            sealbook_store::Error::BookUnreadable { path, cause } if path.ends_with("index.db") => {
                Self::IndexUnreadable { path, cause }
            }
            cause => Self::Store(cause),
        }
    }
}

/// What a room above says stays what it is: hints and exits hang on it.
impl From<sealbook_serve::Error> for Failure {
    fn from(cause: sealbook_serve::Error) -> Self {
        use sealbook_serve::Error;
        match cause {
            Error::Store(cause) => cause.into(),
            Error::Ledger(cause) => cause.into(),
            Error::Record(cause) => cause.into(),
            Error::Policy(cause) => cause.into(),
            Error::Rules(cause) => cause.into(),
            Error::Inspect(cause) => cause.into(),
            Error::Flow(cause) => cause.into(),
            Error::Gate(cause) => cause.into(),
            Error::NotFound { what, given } => Self::NotFound { what, given },
            Error::WithoutEffect { seq, why } => Self::WithoutEffect { seq, why },
            Error::AlertResolved => {
                Self::usage("the alert is resolved already", "look at it with `sealbook alerts show`")
            }
            cause => Self::Serve(cause),
        }
    }
}

/// One error on standard error. What cannot be written there is said nowhere.
pub(crate) fn say(code: &str, text: &str, exit: Exit, format: Format) {
    // An error names what was given, and what was given may be a secret.
    let text = &*sealbook_policy::redact_text(text);
    let (message, help) = text.rsplit_once("; ").map_or((text, None), |(message, help)| (message, Some(help)));
    let mut err = io::stderr().lock();
    let _ = if matches!(format, Format::Json | Format::Jsonl) {
        #[derive(serde::Serialize)]
        struct Outer<'a> {
            error: Inner<'a>,
        }
        #[derive(serde::Serialize)]
        struct Inner<'a> {
            code: &'a str,
            message: &'a str,
            help: Option<&'a str>,
            exit: u8,
        }
        let error = Outer { error: Inner { code, message: &shown(message), help, exit: exit.code() } };
        writeln!(err, "{}", serde_json::to_string(&error).expect("plain texts are JSON"))
    } else {
        let help = help.map_or_else(String::new, |help| format!("help: {}\n", shown(help)));
        write!(err, "error[{code}]: {}\n{help}", shown(message))
    };
}
