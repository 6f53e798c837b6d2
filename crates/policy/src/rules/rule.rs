//! One rule, as it is written.

use sealbook_record::Severity;
use serde_json::{Map, Value as Json, json};

use super::condition::{Condition, one_or_many};
use super::node::{Node, Value, error_at};
use crate::{Consent, Decision, Fail, Mode, RuleError};

const ID_BYTES_MAX: usize = 64;
const TEXT_BYTES_MAX: usize = 4_096;
const RETENTION_YEARS_MAX: u32 = 200;
const APPROVERS_MAX: u32 = 9;

/// Whom and what a rule is about: globs, of which one must fit. An empty list means everyone and everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Scope {
    pub tenants: Vec<String>,
    pub actors: Vec<String>,
    pub sessions: Vec<String>,
    pub projects: Vec<String>,
    pub sources: Vec<String>,
    pub tools: Vec<String>,
    pub actions: Vec<String>,
}

impl Scope {
    /// Name and globs of each.
    fn lists(&self) -> [(&'static str, &Vec<String>); 7] {
        [
            ("tenants", &self.tenants),
            ("actors", &self.actors),
            ("sessions", &self.sessions),
            ("projects", &self.projects),
            ("sources", &self.sources),
            ("tools", &self.tools),
            ("actions", &self.actions),
        ]
    }
}

/// One rule: what it looks at, and what it asks for where it fits.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// A slug, unique in a set.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// What it is there for.
    pub description: Option<String>,
    /// What it asks for.
    pub effect: Decision,
    /// Whether it decides.
    pub mode: Mode,
    /// Weight of its hits and alerts.
    pub severity: Severity,
    /// What it says of a book that cannot be written.
    pub fail: Fail,
    /// For how many years what it matched is to be kept.
    pub retention_years: Option<u32>,
    /// Whose yes counts where it asks; as the gate is set up where nothing is said.
    pub approval: Option<Consent>,
    /// How many different approvers must say yes where it asks.
    pub approvers: u32,
    /// The domain under which a model reviews what fits, if any does. It can only make the decision stricter.
    pub review: Option<String>,
    /// Whom and what it is about.
    pub scope: Scope,
    pub(crate) condition: Option<Condition>,
}

impl Rule {
    /// Reads rules from YAML: one rule, a list of them, or `rules:` with a list; in one document or several.
    ///
    /// Errors name the rule and the line, and say the mend.
    pub fn from_yaml(text: &str) -> Result<Vec<Self>, RuleError> {
        let mut rules: Vec<Self> = Vec::new();
        for document in Node::from_yaml(text)? {
            let list = match document.value {
                Value::List(list) => list,
                Value::Map(mut entries) if entries.len() == 1 && entries[0].0 == "rules" => match entries.remove(0).2 {
                    Node { value: Value::List(list), .. } => list,
                    other => return Err(other.error("`rules` holds a list; begin each rule with `- id:`")),
                },
                Value::Null => continue,
                value => vec![Node { line: document.line, value }],
            };
            for node in &list {
                let rule = Self::read(node)?;
                if rules.iter().any(|other| other.id == rule.id) {
                    return Err(node.error("another rule of this text has the same id; give it its own").of(&rule.id));
                }
                rules.push(rule);
            }
        }
        if rules.is_empty() {
            return Err(RuleError::new("there is no rule in it; write `id:`, `effect:` and `when:`"));
        }
        Ok(rules)
    }

    /// The rule as one JSON object on one line; [`Rule::from_json`] undoes it.
    pub fn to_json(&self) -> String {
        let mut map = Map::new();
        let mut put = |key: &str, value: Json| drop(map.insert(key.to_owned(), value));
        put("id", json!(self.id));
        put("name", json!(self.name));
        put("effect", json!(self.effect.as_str()));
        put("mode", json!(self.mode.as_str()));
        put("severity", json!(self.severity.as_str()));
        put("fail", json!(self.fail.as_str()));
        if let Some(description) = &self.description {
            put("description", json!(description));
        }
        if let Some(years) = self.retention_years {
            put("retention", json!(years));
        }
        if let Some(approval) = self.approval {
            put("approval", json!(approval.as_str()));
        }
        if self.approvers > 1 {
            put("approvers", json!(self.approvers));
        }
        if let Some(domain) = &self.review {
            put("review", json!(domain));
        }
        let scope = self.scope.lists().into_iter().filter(|(_, globs)| !globs.is_empty());
        let scope: Map<String, Json> = scope.map(|(key, globs)| (key.to_owned(), one_or_many(globs))).collect();
        if !scope.is_empty() {
            put("scope", Json::Object(scope));
        }
        match &self.condition {
            Some(Condition::Cel(text, _)) => put("cel", json!(text)),
            Some(condition) => put("when", condition.to_json()),
            None => {}
        }
        Json::Object(map).to_string()
    }

    /// Reads one rule as a JSON object.
    pub fn from_json(text: &str) -> Result<Self, RuleError> {
        let value: Json =
            serde_json::from_str(text).map_err(|_| RuleError::new("it is no rule; give one JSON object"))?;
        Self::read(&Node::from_json(value))
    }

    fn read(node: &Node) -> Result<Self, RuleError> {
        let Value::Map(entries) = &node.value else {
            return Err(node.error("a rule is a map; begin with `id:`"));
        };
        let id = entries.iter().find(|(key, ..)| key == "id").and_then(|(_, _, node)| node.text("id").ok());
        Self::read_fields(node, entries).map_err(|error| match id.filter(|id| is_slug(id)) {
            Some(id) => error.of(id),
            None => error,
        })
    }

    fn read_fields(node: &Node, entries: &[(String, usize, Node)]) -> Result<Self, RuleError> {
        let mut rule = Self {
            id: String::new(),
            name: String::new(),
            description: None,
            effect: Decision::Allow,
            mode: Mode::Enforce,
            severity: Severity::Warning,
            fail: Fail::Closed,
            retention_years: None,
            approval: None,
            approvers: 1,
            review: None,
            scope: Scope::default(),
            condition: None,
        };
        for (index, (key, line, value)) in entries.iter().enumerate() {
            if entries[..index].iter().any(|(other, ..)| other == key) {
                return Err(error_at(*line, "a field of the rule stands twice; keep one"));
            }
            match key.as_str() {
                "id" => rule.id = read_id(value)?,
                "name" => rule.name = short(value, "name")?,
                "description" => rule.description = Some(short(value, "description")?),
                "effect" | "action" => rule.effect = read_effect(value)?,
                "mode" => rule.mode = word(value, "mode", Mode::ALL, Mode::as_str)?,
                "severity" => rule.severity = word(value, "severity", Severity::ALL, Severity::as_str)?,
                "fail" => rule.fail = word(value, "fail", Fail::ALL, Fail::as_str)?,
                "retention" | "retention_years" => rule.retention_years = Some(read_years(value)?),
                "approval" => rule.approval = Some(word(value, "approval", Consent::ALL, Consent::as_str)?),
                "approvers" => rule.approvers = read_approvers(value)?,
                "review" => rule.review = Some(read_domain(value)?),
                "scope" => rule.scope = read_scope(value)?,
                "when" | "cel" => {
                    let condition = match key.as_str() {
                        "cel" => Condition::Cel(value.text("cel")?.to_owned(), value.line),
                        _ => Condition::read(value)?,
                    };
                    if rule.condition.replace(condition).is_some() {
                        return Err(error_at(
                            *line,
                            "a rule has `when:` or `cel:`; put the second into `when: {all: […]}`",
                        ));
                    }
                }
                _ => {
                    return Err(error_at(
                        *line,
                        "a rule has no field of that name; use id, name, description, effect, mode, severity, fail, \
                         retention, approval, approvers, review, scope, when, cel",
                    ));
                }
            }
        }
        if rule.id.is_empty() {
            return Err(node.error("the rule has no id; add `id:` with a slug"));
        }
        if rule.effect == Decision::Allow {
            return Err(node.error("the rule asks for nothing; add `effect:` with log, alert, ask or block"));
        }
        if rule.condition.is_none() && rule.scope == Scope::default() {
            return Err(node.error("the rule would fit everything; add `when:`, `cel:` or `scope:`"));
        }
        if rule.approvers > 1 && rule.effect != Decision::Ask && rule.review.is_none() {
            return Err(
                node.error("`approvers` says how many must say yes, and the rule asks nobody; add `effect: ask`")
            );
        }
        if rule.approvers > 1 && rule.approval == Some(Consent::Client) {
            return Err(node.error("a client's user is one and no approver; leave `approval: client` out"));
        }
        if rule.name.is_empty() {
            rule.name.clone_from(&rule.id);
        }
        Ok(rule)
    }
}

fn read_id(node: &Node) -> Result<String, RuleError> {
    let id = node.text("id")?;
    if is_slug(id) {
        return Ok(id.to_owned());
    }
    Err(node.error("an id is a slug: a lower-case letter or digit, then at most 63 of `a-z 0-9 _ . -`; write one"))
}

/// Whether a text is the id of a rule.
fn is_slug(id: &str) -> bool {
    let bytes = id.as_bytes();
    let plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    bytes.first().is_some_and(plain)
        && bytes.len() <= ID_BYTES_MAX
        && bytes.iter().all(|byte| plain(byte) || matches!(byte, b'_' | b'-' | b'.'))
}

fn short(node: &Node, field: &str) -> Result<String, RuleError> {
    let text = node.text(field)?;
    if text.is_empty() || text.len() > TEXT_BYTES_MAX {
        return Err(node.error(format!("`{field}` has 1 to {TEXT_BYTES_MAX} bytes; shorten it, or leave it out")));
    }
    Ok(text.to_owned())
}

fn read_effect(node: &Node) -> Result<Decision, RuleError> {
    let words = &Decision::ALL[1..];
    word(node, "effect", words, Decision::as_str)
}

fn word<T: std::str::FromStr + Copy + PartialEq>(
    node: &Node,
    field: &str,
    all: &[T],
    text: fn(T) -> &'static str,
) -> Result<T, RuleError> {
    let read = node.text(field)?.parse().ok().filter(|read| all.contains(read));
    read.ok_or_else(|| {
        let words: Vec<&str> = all.iter().map(|it| text(*it)).collect();
        node.error(format!("`{field}` is another word; use one of {}", words.join(", ")))
    })
}

fn read_years(node: &Node) -> Result<u32, RuleError> {
    let years = node.text("retention")?.parse().ok().filter(|years| (1..=RETENTION_YEARS_MAX).contains(years));
    years.ok_or_else(|| node.error("`retention` is a number of years; write 1 to 200"))
}

fn read_approvers(node: &Node) -> Result<u32, RuleError> {
    let count = node.text("approvers")?.parse().ok().filter(|count| (1..=APPROVERS_MAX).contains(count));
    count.ok_or_else(|| node.error(format!("`approvers` is how many must say yes; write 1 to {APPROVERS_MAX}")))
}

/// The name of a domain: it goes to a model, and into records.
fn read_domain(node: &Node) -> Result<String, RuleError> {
    let domain = node.text("review")?;
    if is_slug(domain) {
        return Ok(domain.to_owned());
    }
    Err(node.error("`review` names a domain; write general, healthcare, finance, government, or the name of your own"))
}

fn read_scope(node: &Node) -> Result<Scope, RuleError> {
    let Value::Map(entries) = &node.value else {
        return Err(node.error("`scope` is a map; write `scope: {actors: [...]}`"));
    };
    let mut scope = Scope::default();
    for (key, line, value) in entries {
        let list = match key.as_str() {
            "tenants" => &mut scope.tenants,
            "actors" => &mut scope.actors,
            "sessions" => &mut scope.sessions,
            "projects" => &mut scope.projects,
            "sources" => &mut scope.sources,
            "tools" => &mut scope.tools,
            "actions" => &mut scope.actions,
            _ => {
                return Err(error_at(
                    *line,
                    "a scope has no list of that name; use tenants, actors, sessions, projects, sources, tools, actions",
                ));
            }
        };
        *list = value.texts(key)?;
    }
    Ok(scope)
}
