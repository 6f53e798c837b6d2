//! What the rules said of one action.

use std::fmt;
use std::str::FromStr;

use sealbook_record::Severity;
use serde::{Deserialize, Serialize};

use crate::Decision;

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

    /// Whether the action may happen while the book cannot be written: where an enforced rule says open,
    /// and none that asks or blocks says closed.
    pub fn fail(&self) -> Fail {
        let opens = self.enforced().any(|hit| hit.fail == Fail::Open);
        let closes = self.enforced().any(|hit| hit.fail == Fail::Closed && hit.effect >= Decision::Ask);
        if opens && !closes { Fail::Open } else { Fail::Closed }
    }

    /// The hits as they stand in the part `violations`.
    pub(crate) fn to_violations(&self, about: &str) -> Vec<ViolationForm> {
        self.hits.iter().map(|hit| ViolationForm::of(hit, about)).collect()
    }
}

/// A hit as one of the `violations` of a record: it reads as a `record::Violation` too.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ViolationForm {
    pub(crate) id: String,
    pub(crate) rule: String,
    pub(crate) name: String,
    pub(crate) effect: String,
    pub(crate) mode: String,
    pub(crate) severity: Severity,
    pub(crate) message: String,
}

impl ViolationForm {
    fn of(hit: &Hit, about: &str) -> Self {
        Self {
            id: sealbook_record::Finding::key(&hit.rule, about, ""),
            rule: hit.rule.clone(),
            name: hit.name.clone(),
            effect: hit.effect.as_str().to_owned(),
            mode: hit.mode.as_str().to_owned(),
            severity: hit.severity,
            message: hit.message.clone(),
        }
    }
}
