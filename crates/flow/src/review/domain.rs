//! Domains: which regulations an action is looked at under. They are data, one file each.

use serde::Deserialize;

use crate::Error;

/// The domains that come with the program.
static BUILTIN: &[&str] = &[
    include_str!("../../domains/general.toml"),
    include_str!("../../domains/healthcare.toml"),
    include_str!("../../domains/finance.toml"),
    include_str!("../../domains/government.toml"),
];

/// What a domain that nobody knows is looked at under.
const UNKNOWN: [&str; 2] = ["GDPR", "general compliance"];

/// The domain of an action that names none.
const DEFAULT: &str = "general";

/// A domain: its regulations, and what is asked under them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Domain {
    /// What it is called.
    pub name: String,
    /// The regulations, as they are called.
    pub regulations: Vec<String>,
    /// What a reviewer should ask.
    #[serde(default)]
    pub questions: Vec<String>,
}

impl Domain {
    /// Reads a domain's file.
    ///
    /// Errors: [`Error::DomainInvalid`] with the line.
    pub fn from_toml(text: &str) -> Result<Self, Error> {
        let domain: Self = toml::from_str(text).map_err(|error| {
            let before = &text[..error.span().map_or(0, |span| span.start.min(text.len()))];
            let why = error.message().lines().next().unwrap_or("it is not TOML").to_owned();
            Error::DomainInvalid { line: 1 + before.matches('\n').count(), why }
        })?;
        let texts = domain.regulations.iter().chain(&domain.questions);
        let fits = |text: &String| !text.trim().is_empty() && text.len() <= 500;
        let name_fits = !domain.name.is_empty() && domain.name.len() <= 100;
        if !name_fits || domain.regulations.is_empty() || domain.regulations.len() > 32 || !texts.clone().all(fits) {
            let why = "a domain has a name, 1 to 32 regulations, and no text that is empty or longer than 500 bytes";
            return Err(Error::DomainInvalid { line: 1, why: why.to_owned() });
        }
        Ok(domain)
    }
}

/// All domains that are known.
#[derive(Debug, Clone)]
pub struct Domains(Vec<Domain>);

impl Default for Domains {
    fn default() -> Self {
        let read =
            |text: &&str| Domain::from_toml(text).expect("the tests read every domain that comes with the program");
        Self(BUILTIN.iter().map(read).collect())
    }
}

impl Domains {
    /// The same and another one, which takes the place of one of its name.
    #[must_use]
    pub fn with(mut self, domain: Domain) -> Self {
        self.0.retain(|known| known.name != domain.name);
        self.0.push(domain);
        self
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|domain| domain.name.as_str())
    }

    /// The domain of this name, `general` where there is no name; one that nobody knows is looked at in general.
    pub fn find(&self, name: Option<&str>) -> Domain {
        let name = name.filter(|name| !name.is_empty()).unwrap_or(DEFAULT);
        self.0.iter().find(|domain| domain.name == name).cloned().unwrap_or_else(|| Domain {
            name: name.to_owned(),
            regulations: UNKNOWN.map(str::to_owned).to_vec(),
            questions: Vec::new(),
        })
    }
}
