//! What the rules said of one action.

use std::fmt;
use std::str::FromStr;

use sealbook_record::{PartName, Record, Severity};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{Decision, Error, PART_BYTES_MAX};

/// Declares a closed set of words that rules are written in.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub enum $name { $($(#[$vmeta])* $variant),+ }

        impl $name {
            /// Every word there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word for it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        /// Fails with the word it is not: nothing.
        impl FromStr for $name {
            type Err = ();

            fn from_str(text: &str) -> Result<Self, ()> {
                Self::ALL.iter().copied().find(|word| word.as_str() == text).ok_or(())
            }
        }
    };
}

words! {
    /// Whether a rule decides, or is only watched.
    Mode {
        /// It decides.
        #[default]
        Enforce = "enforce",
        /// It is recorded and decides nothing.
        Observe = "observe",
    }
}

words! {
    /// What holds of an action while the book cannot be written.
    Fail {
        /// It must not happen.
        #[default]
        Closed = "closed",
        /// It may happen; the gap is sealed afterwards.
        Open = "open",
    }
}

words! {
    /// Whose yes counts where a rule asks.
    Consent {
        /// A person's with an approver's key, and no other.
        #[default]
        Approver = "approver",
        /// Also what the client says that its user answered: nobody checks who that is.
        Client = "client",
    }
}

/// One rule that fits. Nothing in it quotes what matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The rule's id.
    pub rule: String,
    /// Its name, for people.
    pub name: String,
    /// What it asks for.
    pub effect: Decision,
    /// Whether it decides.
    pub mode: Mode,
    /// Weight.
    pub severity: Severity,
    /// What it says, for people.
    pub message: String,
    /// What it says of a book that cannot be written.
    pub fail: Fail,
    /// Whose yes counts, where the rule says so.
    pub approval: Option<Consent>,
    /// How many different approvers must say yes.
    pub approvers: u32,
    /// The domain under which a review is wanted, where one is.
    pub review: Option<String>,
}

impl Hit {
    /// What is said to whoever is refused.
    pub fn refusal(&self) -> String {
        match self.effect {
            Decision::Ask => format!("Action needs approval by compliance rule: {}", self.name),
            _ => format!("Action blocked by compliance rule: {}", self.name),
        }
    }
}

/// What all rules together said of one action.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    hits: Vec<Hit>,
}

impl Verdict {
    pub(crate) fn new(hits: Vec<Hit>) -> Self {
        Self { hits }
    }

    /// The strictest effect of the rules that are enforced.
    pub fn decision(&self) -> Decision {
        self.enforced().map(|hit| hit.effect).max().unwrap_or(Decision::Allow)
    }

    /// Every rule that fits, in the order of the rules; those that are only watched among them.
    pub fn hits(&self) -> &[Hit] {
        &self.hits
    }

    /// The hits that decide.
    pub fn enforced(&self) -> impl Iterator<Item = &Hit> {
        self.hits.iter().filter(|hit| hit.mode == Mode::Enforce)
    }

    /// Whether what a client says of its user counts as a yes: where every rule that asks leaves it open or says so.
    /// `unsaid` is what holds for rules that say nothing.
    pub fn client_consents(&self, unsaid: bool) -> bool {
        let mut asking = self.enforced().filter(|hit| hit.effect == Decision::Ask).peekable();
        let counts = |hit: &Hit| hit.approval.map_or(unsaid, |said| said == Consent::Client);
        let demands = self.enforced().any(|hit| hit.approval == Some(Consent::Approver));
        !demands && self.approvers() == 1 && if asking.peek().is_some() { asking.all(counts) } else { unsaid }
    }

    /// How many different approvers must say yes: as many as the rule wants that wants most.
    pub fn approvers(&self) -> u32 {
        self.enforced().map(|hit| hit.approvers).max().unwrap_or(1).max(1)
    }

    /// The rules that want a review, and under which domain.
    pub fn reviews(&self) -> impl Iterator<Item = (&str, &str)> {
        self.enforced().filter_map(|hit| Some((hit.name.as_str(), hit.review.as_deref()?)))
    }

    /// Whether the action may happen while the book cannot be written: where an enforced rule says open,
    /// and none that asks or blocks says closed.
    pub fn fail(&self) -> Fail {
        let opens = self.enforced().any(|hit| hit.fail == Fail::Open);
        let closes = self.enforced().any(|hit| hit.fail == Fail::Closed && hit.effect >= Decision::Ask);
        if opens && !closes { Fail::Open } else { Fail::Closed }
    }

    /// Adds the hits to the part `violations`, beside what the record brought itself.
    ///
    /// Errors: the part would be too large.
    pub(crate) fn write_into(&self, record: &mut Record) -> Result<(), Error> {
        if self.hits.is_empty() {
            return Ok(());
        }
        let about = record.id.to_string();
        let brought = record.part(PartName::Violations).map_or("", |part| part.get());
        let mut forms: Vec<ViolationForm<'_>> = self.hits.iter().map(|hit| ViolationForm::of(hit, &about)).collect();
        // What was exported with its hits and is judged again has them once.
        forms.retain(|form| !brought.contains(&form.id));
        if forms.is_empty() {
            return Ok(());
        }
        let own = serde_json::to_string(&forms).expect("texts are JSON");
        let text = match record.part(PartName::Violations).map(|part| part.get().trim()) {
            // What is there is no list of ours: it is kept as the first of it.
            Some(brought) if !brought.starts_with('[') && brought != "null" => format!("[{brought},{}", &own[1..]),
            Some(brought)
                if brought.len() > 2 && brought != "null" && !brought[1..brought.len() - 1].trim().is_empty() =>
            {
                format!("{},{}", &brought[..brought.len() - 1], &own[1..])
            }
            _ => own,
        };
        if text.len() > PART_BYTES_MAX {
            return Err(Error::ValueTooLarge { part: PartName::Violations.as_str(), size: text.len() });
        }
        let text = RawValue::from_string(text).expect("lists joined are a list");
        record.parts.insert(PartName::Violations, text);
        Ok(())
    }
}

/// A hit as one of the `violations` of a record: it reads as a `record::Violation` too.
#[derive(Serialize)]
struct ViolationForm<'a> {
    id: String,
    rule: &'a str,
    name: &'a str,
    effect: &'a str,
    mode: &'a str,
    severity: Severity,
    message: &'a str,
}

impl<'a> ViolationForm<'a> {
    fn of(hit: &'a Hit, about: &str) -> Self {
        Self {
            id: sealbook_record::Finding::key(&hit.rule, about, ""),
            rule: &hit.rule,
            name: &hit.name,
            effect: hit.effect.as_str(),
            mode: hit.mode.as_str(),
            severity: hit.severity,
            message: &hit.message,
        }
    }
}
