//! Files of rules in the form of gitleaks' configuration (TOML), with a few keys of our own.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::rules::Refused;

/// Rules of one file, at most.
const RULES_MOST: usize = 5_000;

/// What was read of one or several files.
#[derive(Default)]
pub(super) struct Read {
    pub(super) rules: Vec<RuleRead>,
    pub(super) allowed: Vec<AllowRead>,
    pub(super) extends_default: bool,
    pub(super) disabled: Vec<String>,
    pub(super) refused: Vec<Refused>,
}

#[derive(Deserialize)]
struct FileRead {
    #[serde(default)]
    rules: Vec<RuleRead>,
    #[serde(default)]
    allowlist: Option<AllowRead>,
    #[serde(default)]
    allowlists: Vec<AllowRead>,
    #[serde(default)]
    extend: Option<ExtendRead>,
    #[serde(flatten)]
    other: BTreeMap<String, toml::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExtendRead {
    #[serde(default)]
    use_default: bool,
    #[serde(default)]
    disabled_rules: Vec<String>,
    #[serde(flatten)]
    other: BTreeMap<String, toml::Value>,
}

#[derive(Deserialize)]
pub(super) struct RuleRead {
    pub(super) id: String,
    #[serde(default)]
    pub(super) description: Option<String>,
    #[serde(default)]
    pub(super) regex: Option<String>,
    #[serde(default)]
    pub(super) path: Option<String>,
    #[serde(default, rename = "secretGroup")]
    pub(super) secret_group: usize,
    #[serde(default)]
    pub(super) entropy: f64,
    #[serde(default)]
    pub(super) keywords: Vec<String>,
    #[serde(default, rename = "allowlists")]
    pub(super) allowed: Vec<AllowRead>,
    #[serde(default)]
    allowlist: Option<AllowRead>,
    #[serde(default)]
    pub(super) severity: Option<String>,
    #[serde(default)]
    pub(super) check: Option<String>,
    #[serde(default)]
    pub(super) window: Option<String>,
    #[serde(default)]
    pub(super) generic: Option<String>,
    #[serde(default)]
    pub(super) advice: Option<String>,
    #[serde(default)]
    pub(super) mixed: bool,
    #[serde(skip)]
    pub(super) is_ours: bool,
    #[serde(flatten)]
    other: BTreeMap<String, toml::Value>,
}

#[derive(Deserialize, Clone)]
#[serde(rename_all = "camelCase")]
pub(super) struct AllowRead {
    #[serde(default)]
    pub(super) condition: Option<String>,
    #[serde(default)]
    pub(super) paths: Vec<String>,
    #[serde(default)]
    pub(super) regexes: Vec<String>,
    #[serde(default)]
    pub(super) regex_target: Option<String>,
    #[serde(default)]
    pub(super) stopwords: Vec<String>,
    #[serde(default)]
    pub(super) commits: Vec<String>,
    #[serde(default)]
    target_rules: Vec<String>,
}

impl Read {
    pub(super) fn parse(text: &str, is_ours: bool) -> Result<Self, String> {
        let file: FileRead = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
            format!("line {at}: {}", error.message())
        })?;
        if file.rules.len() > RULES_MOST {
            return Err(format!("it has {} rules, more than {RULES_MOST}", file.rules.len()));
        }
        let mut read = Self { rules: file.rules, ..Self::default() };
        let mut refuse = |what: String, why: &str, weakens| {
            read.refused.push(Refused { what, why: why.to_owned(), weakens });
        };
        if let Some(extend) = file.extend {
            read.extends_default = extend.use_default;
            read.disabled = extend.disabled_rules;
            for key in extend.other.keys() {
                refuse(format!("`extend.{key}`"), "rules elsewhere are not fetched: name their file", true);
            }
        }
        for key in file.other.keys().filter(|key| !matches!(key.as_str(), "title" | "description" | "minVersion")) {
            refuse(format!("`{key}`"), "it is not known", false);
        }
        for rule in &mut read.rules {
            rule.is_ours = is_ours;
            rule.allowed.extend(rule.allowlist.take());
            for key in rule.other.keys().filter(|key| !matches!(key.as_str(), "tags" | "case" | "skipReport")) {
                // What a rule requires besides would make it find less: without it, it finds more.
                refuse(format!("`{key}` of rule {:?}", rule.id), "it is not known, and the rule goes without", false);
            }
        }
        for list in file.allowlist.into_iter().chain(file.allowlists) {
            if list.target_rules.is_empty() {
                read.allowed.push(list);
                continue;
            }
            for rule in read.rules.iter_mut().filter(|rule| list.target_rules.contains(&rule.id)) {
                rule.allowed.push(list.clone());
            }
        }
        Ok(read)
    }

    pub(super) fn add(&mut self, other: Self) {
        self.rules.extend(other.rules);
        self.allowed.extend(other.allowed);
        self.refused.extend(other.refused);
    }
}
