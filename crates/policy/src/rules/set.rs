//! Rules, compiled and ready to judge.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, OnceLock};

use sealbook_ledger::Hash;
use sealbook_record::{Record, Redaction, TargetKind};

use super::builtin;
use super::cel::Variables;
use super::condition::Condition;
use super::field::{Field, folded};
use super::matcher::{Answer, Matcher, Seen};
use super::node::on_large_stack;
use super::pattern::{Glob, When};
use super::rule::Scope;
use crate::{Decision, Fail, Hit, Rule, RuleError, Verdict};

/// Rules of one set.
const RULES_MAX: usize = 10_000;
/// Programs that are compiled together at least.
const SHARE_MIN: usize = 16;

/// Compiled rules: immutable, shared freely between threads. All of them are evaluated; an index on action and
/// category leaves out those that surely do not fit.
#[derive(Debug)]
pub struct RuleSet {
    rules: Vec<Compiled>,
    digest: Hash,
    index: Index,
}

/// What a rule would have said of a sealed record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replayed {
    /// It fits.
    Fits,
    /// It does not.
    Passes,
    /// What would tell was redacted, withheld or erased.
    Undecidable,
}

#[derive(Debug, Clone)]
pub(crate) struct Compiled {
    pub(crate) rule: Arc<Rule>,
    scope: Arc<CompiledScope>,
    /// Made when it is first asked; `None` where it cannot be.
    matcher: Arc<OnceLock<Option<Matcher>>>,
}

#[derive(Debug)]
struct CompiledScope {
    tenants: Vec<Glob>,
    actors: Vec<Glob>,
    sessions: Vec<Glob>,
    projects: Vec<Glob>,
    sources: Vec<Glob>,
    tools: Vec<Glob>,
    actions: Vec<Glob>,
}

/// Which rules can fit a record at all.
#[derive(Debug, Default)]
struct Index {
    by_action: HashMap<String, Vec<u32>>,
    by_category: HashMap<String, Vec<u32>>,
    always: Vec<u32>,
}

impl RuleSet {
    /// The rules that are there without anyone adding them.
    pub fn builtin() -> Self {
        Self::of(Self::shared_builtin().rules.clone())
    }

    /// The same, compiled once, each when a record first needs it.
    pub(crate) fn shared_builtin() -> Arc<Self> {
        static BUILTIN: LazyLock<Arc<RuleSet>> = LazyLock::new(|| {
            let lazy = |rule: &Rule| Compiled::lazy(Arc::new(rule.clone())).expect("the built-in rules are tested");
            Arc::new(RuleSet::of(builtin::rules().iter().map(lazy).collect()))
        });
        Arc::clone(&BUILTIN)
    }

    /// Compiles rules. A later rule with the id of an earlier one takes its place.
    ///
    /// Errors name the rule, the line where there is one, and the mend.
    pub fn compile(rules: Vec<Rule>) -> Result<Self, RuleError> {
        let mut compiled: Vec<Compiled> = Vec::with_capacity(rules.len());
        for rule in rules {
            let rule = Compiled::new(Arc::new(rule))?;
            match compiled.iter_mut().find(|other| other.rule.id == rule.rule.id) {
                Some(place) => *place = rule,
                None => compiled.push(rule),
            }
        }
        if compiled.len() > RULES_MAX {
            return Err(RuleError::new(format!("more than {RULES_MAX} rules; join some")));
        }
        Ok(Self::of(compiled))
    }

    /// What all rules say of a raw record.
    ///
    /// Where a rule that asks or blocks cannot be worked out and says `fail: closed`, it counts as fitting.
    pub fn evaluate(&self, record: &Record) -> Verdict {
        let mut hits = Vec::new();
        let variables = Variables::new(record);
        let seen = Seen::raw(&variables);
        let candidates = self.index.candidates(record);
        self.compile_programs(&candidates, record);
        for index in candidates {
            let compiled = &self.rules[index as usize];
            let rule = &compiled.rule;
            let hit = match compiled.answer(&seen) {
                Answer::Yes => compiled.hit(false),
                Answer::Error if rule.effect >= Decision::Ask && rule.fail == Fail::Closed => compiled.hit(true),
                _ => continue,
            };
            hits.push(hit);
        }
        Verdict::new(hits)
    }

    /// What each rule would have said of a sealed record, in the order of the rules: `gone` are the parts that
    /// were erased or withheld.
    pub fn replay(&self, record: &Record, redactions: &[Redaction], gone: &[String]) -> Vec<Replayed> {
        let variables = Variables::new(record);
        let seen = Seen { redactions, gone, ..Seen::raw(&variables) };
        let answers = self.rules.iter().map(|compiled| match compiled.answer(&seen) {
            Answer::Yes => Replayed::Fits,
            Answer::Hidden => Replayed::Undecidable,
            Answer::Error if compiled.rule.effect >= Decision::Ask && compiled.rule.fail == Fail::Closed => {
                Replayed::Fits
            }
            Answer::No | Answer::Error => Replayed::Passes,
        });
        answers.collect()
    }

    /// Compiles the programs that are needed now and were not before, in few places: each by itself would need a
    /// thread of its own.
    fn compile_programs(&self, candidates: &[u32], record: &Record) {
        let cold = |compiled: &&Compiled| compiled.is_cold() && compiled.scope.covers(record);
        let cold: Vec<&Compiled> = candidates.iter().map(|index| &self.rules[*index as usize]).filter(cold).collect();
        if cold.len() < 2 {
            return;
        }
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let share = cold.len().div_ceil(threads).max(SHARE_MIN);
        std::thread::scope(|scope| {
            for share in cold.chunks(share) {
                // Whatever goes wrong goes wrong again, for its own rule alone, when that is asked.
                scope.spawn(move || {
                    let _ = on_large_stack(|| {
                        for compiled in share {
                            let _ = compiled.matcher();
                        }
                        Ok(())
                    });
                });
            }
        });
    }

    /// Whether a rule looks for a member of this name, however it is written here: of two members whose names differ
    /// in case alone, it may look at another one than whoever ignores case. Rules that say `any_case` look at both.
    pub fn names(&self, name: &str) -> bool {
        let name = folded(name);
        // Where a call says that it is done.
        let is_ours = matches!(&*name, "cwd" | "workdir");
        let condition = |compiled: &Compiled| compiled.rule.condition.as_ref().is_some_and(|it| it.names(&name));
        is_ours || self.compiled().iter().any(condition)
    }

    /// SHA-256 over the rules in order: the policy version that an approval names.
    pub fn digest(&self) -> Hash {
        self.digest
    }

    /// The rules in order.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().map(|compiled| &*compiled.rule)
    }

    /// How many rules the index leaves to be looked at for a record.
    #[doc(hidden)]
    pub fn candidates(&self, record: &Record) -> usize {
        self.index.candidates(record).len()
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// A set of rules that are compiled already.
    pub(crate) fn of(rules: Vec<Compiled>) -> Self {
        let text: Vec<u8> = rules.iter().flat_map(|compiled| (compiled.rule.to_json() + "\n").into_bytes()).collect();
        let index = Index::new(&rules);
        Self { digest: Hash::of(&text), rules, index }
    }

    pub(crate) fn compiled(&self) -> &[Compiled] {
        &self.rules
    }
}

impl Compiled {
    pub(crate) fn new(rule: Arc<Rule>) -> Result<Self, RuleError> {
        let compiled = Self::lazy(rule)?;
        let matcher = compiled.make(When::Now).map_err(|error| error.of(&compiled.rule.id))?;
        let _ = compiled.matcher.set(Some(matcher));
        Ok(compiled)
    }

    /// A rule that was checked when it was added. Patterns and programs are compiled when a record first needs
    /// them: a hook that lives for one call compiles few.
    pub(crate) fn lazy(rule: Arc<Rule>) -> Result<Self, RuleError> {
        let scope = CompiledScope::new(&rule.scope).map_err(|what| RuleError::new(what).of(&rule.id))?;
        Ok(Self { rule, scope: Arc::new(scope), matcher: Arc::default() })
    }

    fn make(&self, when: When) -> Result<Matcher, RuleError> {
        self.rule.condition.as_ref().map_or(Ok(Matcher::Always), |condition| Matcher::compile(condition, when))
    }

    fn matcher(&self) -> Option<&Matcher> {
        self.matcher.get_or_init(|| self.make(When::Needed).ok()).as_ref()
    }

    /// Whether it holds a program that is not compiled yet.
    fn is_cold(&self) -> bool {
        self.matcher.get().is_none() && self.rule.condition.as_ref().is_some_and(Condition::has_program)
    }

    fn answer(&self, seen: &Seen<'_>) -> Answer {
        if !self.scope.covers(seen.record) {
            return Answer::No;
        }
        self.matcher().map_or(Answer::Error, |matcher| matcher.answer(seen))
    }

    /// The words that a field must have for the rule to fit, as far as they are known without compiling more.
    fn needs(&self, field: Field) -> Option<Vec<String>> {
        let condition = self.rule.condition.as_ref()?;
        let compiled = || self.matcher.get()?.as_ref()?.needs(field);
        condition.needs(field).or_else(compiled)
    }

    fn hit(&self, unclear: bool) -> Hit {
        let rule = &self.rule;
        let message = format!("Compliance rule '{}' triggered", rule.name);
        let message =
            if unclear { format!("{message} (it could not be worked out, and fails closed)") } else { message };
        Hit {
            rule: rule.id.clone(),
            name: rule.name.clone(),
            effect: rule.effect,
            mode: rule.mode,
            severity: rule.severity,
            message,
            fail: rule.fail,
            approval: rule.approval,
            approvers: rule.approvers,
            review: rule.review.clone(),
        }
    }
}

impl CompiledScope {
    fn new(scope: &Scope) -> Result<Self, String> {
        let globs = |list: &[String]| list.iter().map(|glob| Glob::new(glob)).collect::<Result<Vec<_>, _>>();
        Ok(Self {
            tenants: globs(&scope.tenants)?,
            actors: globs(&scope.actors)?,
            sessions: globs(&scope.sessions)?,
            projects: globs(&scope.projects)?,
            sources: globs(&scope.sources)?,
            tools: globs(&scope.tools)?,
            actions: globs(&scope.actions)?,
        })
    }

    fn covers(&self, record: &Record) -> bool {
        let actor = &record.actor;
        let is_of = |globs: &[Glob], texts: &[Option<&str>]| {
            globs.is_empty() || texts.iter().flatten().any(|text| globs.iter().any(|glob| glob.fits(text)))
        };
        let tool = (record.target.kind == TargetKind::Tool).then_some(record.target.id.as_str());
        // A tool's own name may hold slashes, and so may its server's: it is meant whole, and after each of them.
        let tails = tool.into_iter().flat_map(|id| id.match_indices('/').map(|(at, _)| Some(&id[at + 1..])));
        let tools: Vec<Option<&str>> =
            if self.tools.is_empty() { Vec::new() } else { std::iter::once(tool).chain(tails).collect() };
        is_of(&self.actions, &[Some(&record.action)])
            && is_of(&self.tools, &tools)
            && is_of(&self.tenants, &[Some(&record.tenant)])
            && is_of(&self.actors, &[Some(&actor.id), actor.claimed.as_deref(), actor.verified.as_deref()])
            && is_of(&self.sessions, &[record.session.as_deref()])
            && is_of(&self.projects, &[record.project.as_deref()])
            && is_of(&self.sources, &[Some(&record.source)])
    }

    /// The actions it is about, where they are named in full.
    fn actions(&self) -> Option<Vec<String>> {
        let exact = |glob: &Glob| match glob {
            Glob::Exact(text) => Some(text.clone()),
            _ => None,
        };
        if self.actions.is_empty() { None } else { self.actions.iter().map(exact).collect() }
    }
}

impl Index {
    fn new(rules: &[Compiled]) -> Self {
        let mut index = Self::default();
        for (place, compiled) in rules.iter().enumerate() {
            let place = u32::try_from(place).expect("a set holds far fewer rules");
            let actions = compiled.scope.actions().or_else(|| compiled.needs(Field::Action));
            let (map, words) = match (actions, compiled.needs(Field::Category)) {
                (Some(words), _) => (&mut index.by_action, words),
                (None, Some(words)) => (&mut index.by_category, words),
                (None, None) => {
                    index.always.push(place);
                    continue;
                }
            };
            for word in words {
                let places = map.entry(word).or_default();
                if places.last() != Some(&place) {
                    places.push(place);
                }
            }
        }
        index
    }

    /// The rules that can fit, in their order.
    fn candidates(&self, record: &Record) -> Vec<u32> {
        let action = self.by_action.get(record.action.as_str());
        let category = self.by_category.get(record.category.as_str());
        let mut places = self.always.clone();
        places.extend(action.into_iter().chain(category).flatten());
        places.sort_unstable();
        places
    }
}
