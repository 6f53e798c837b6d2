//! CEL over the raw record, within bounds: a deep text aborts its parser's process, a wide one takes for ever.
//!
//! - A text is measured before it is parsed, and parsed on a large stack of its own.
//! - What is parsed is measured again: depth, macros within macros, sums, names.
//! - Patterns are literals in linear time, compiled once. Content that a program reads is bounded, and a map
//!   that names a member twice is an error: two readers of it would see different values.

mod check;
mod cost;
mod expression;
mod value;

use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};

use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use cel::extractors::This;
use cel::{Context, Env, ExecutionError};
use sealbook_record::{PartName, Record, Redaction};

pub use check::Reading;
pub use expression::{Expression, ExpressionError};

use cost::{Budget, Shape};

use super::field::part_of;
use super::node::on_large_stack;
use super::pattern::{Pattern, When};
use crate::RuleError;

/// Bytes of a program.
const TEXT_BYTES_MAX: usize = 4_096;
/// What a field of the statement has at most, nearly always.
const FIELD_BYTES: usize = 256;
/// Brackets within each other, and conditional operators.
const NEST_MAX: usize = 32;

/// The functions and operators that programs may use. One for all: making it costs more than a verdict.
static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// Makes what all programs share, if nobody has.
pub(crate) fn warm_up() {
    LazyLock::force(&ENV);
}

/// The names a program may use, in order.
pub(crate) static VARIABLES: &[&str] = &[
    "action",
    "actor",
    "after",
    "before",
    "category",
    "classification",
    "context",
    "conversation",
    "duration_us",
    "error",
    "findings",
    "id",
    "input",
    "metadata",
    "operation",
    "outcome",
    "parent",
    "phase",
    "project",
    "reason",
    "result",
    "retention",
    "session",
    "severity",
    "source",
    "tags",
    "target",
    "tenant",
    "trace",
    "violations",
];

/// A compiled program.
#[derive(Debug)]
pub(crate) struct Program {
    parsed: cel::Program,
    /// Which of its names it reads.
    reads: Vec<&'static str>,
    /// What it reads of them.
    readings: Vec<Reading>,
    patterns: Arc<HashMap<String, Pattern>>,
    /// Literal words that a variable must have for it to be true.
    needs: Vec<(String, Vec<String>)>,
    shape: Shape,
}

impl Program {
    /// Compiles a text; says what is wrong and the mend.
    pub(crate) fn compile(text: &str, when: When) -> Result<Self, String> {
        Self::compile_over(text, when, VARIABLES)
    }

    /// The same, over other names.
    fn compile_over(text: &str, when: When, names: &'static [&'static str]) -> Result<Self, String> {
        measure(text)?;
        let text = text.to_owned();
        on_large_stack(move || compile_here(&text, when, names).map_err(RuleError::new)).map_err(|error| error.what)
    }

    /// Gives `matches` the program's own patterns, in linear time.
    fn add_matches(&self, context: &mut Context) -> Option<()> {
        let patterns = Arc::clone(&self.patterns);
        let matches = move |This(text): This<Arc<String>>, pattern: Arc<String>| match patterns.get(&*pattern) {
            Some(pattern) => pattern
                .is_in(&text)
                .ok_or_else(|| ExecutionError::function_error("matches", "the pattern cannot be compiled")),
            None => Err(ExecutionError::function_error("matches", "the pattern is no literal")),
        };
        context.add_function("matches", matches).ok()
    }

    /// The literal words of a variable without which this is never true.
    pub(crate) fn needs(&self, variable: &str) -> Option<Vec<String>> {
        self.needs.iter().find(|(name, _)| name == variable).map(|(_, words)| words.clone())
    }

    /// Whether something it reads was taken out of a sealed record.
    pub(crate) fn is_hidden(&self, redactions: &[Redaction], gone: &[String]) -> bool {
        let reads = |name: &str| self.reads.contains(&name);
        gone.iter().any(|part| reads(part))
            || redactions.iter().any(|it| reads(part_of(&it.path).split('.').next().unwrap_or_default()))
    }
}

fn compile_here(text: &str, when: When, names: &'static [&'static str]) -> Result<Program, String> {
    let program = ENV
        .compile(text)
        .map_err(|_| "the CEL text cannot be parsed; check its brackets, quotes and operators".to_owned())?;
    let checked = check::check(program.expression(), names)?;
    let patterns = checked.patterns.iter().map(|text| Ok((text.clone(), Pattern::new(text, false, when)?)));
    let patterns = Arc::new(patterns.collect::<Result<HashMap<_, _>, String>>()?);
    let shape = checked.shape();
    Ok(Program {
        parsed: program,
        shape,
        reads: checked.reads,
        readings: checked.readings,
        patterns,
        needs: checked.needs,
    })
}

/// Refuses what could overrun the parser's stack, before it sees it.
fn measure(text: &str) -> Result<(), String> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(format!("the CEL text is longer than {TEXT_BYTES_MAX} bytes; split it"));
    }
    let (mut depth, mut unary, mut conditional) = (0_usize, 0_usize, 0_usize);
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b'?' => conditional += 1,
            b'!' | b'-' => unary += 1,
            _ => {}
        }
        if depth > NEST_MAX || conditional > NEST_MAX || unary > 4 * NEST_MAX {
            return Err(format!(
                "the CEL text has more than {NEST_MAX} brackets within each other, or too many `?`, `!` or `-`; split it"
            ));
        }
    }
    Ok(())
}

/// One record as programs see it, run one after the other.
pub(crate) struct Evaluation<'v> {
    variables: &'v Variables<'v>,
    /// For programs without patterns of their own.
    context: OnceCell<Context<'v, 'v>>,
}

/// The fields and parts of a record. What is read is made once, for all programs.
pub(crate) struct Variables<'r> {
    record: &'r Record,
    made: [OnceLock<Option<Made>>; VARIABLES.len()],
    budget: Budget,
    /// Something that was read is too large, or ambiguous.
    unreadable: AtomicBool,
}

/// A value, and how large it is.
struct Made {
    value: Box<dyn Val>,
    values: usize,
    bytes: usize,
}

impl<'r> Variables<'r> {
    pub(crate) fn new(record: &'r Record) -> Self {
        let made = std::array::from_fn(|_| OnceLock::new());
        Self { record, made, budget: Budget::default(), unreadable: AtomicBool::new(false) }
    }

    pub(crate) fn record(&self) -> &'r Record {
        self.record
    }
}

impl<'v> Evaluation<'v> {
    pub(crate) fn new(variables: &'v Variables<'v>) -> Self {
        Self { variables, context: OnceCell::new() }
    }

    fn plain_context(&self) -> Context<'v, 'v> {
        let mut context = Context::with_env(Arc::clone(&ENV));
        context.set_variable_resolver(self.variables);
        context
    }

    /// What the program says; `None` where it fails, or says neither true nor false.
    pub(crate) fn run(&self, program: &Program) -> Option<bool> {
        let mut own = None;
        if !program.patterns.is_empty() {
            let mut context = self.plain_context();
            program.add_matches(&mut context)?;
            own = Some(context);
        }
        let context = own.as_ref().unwrap_or_else(|| self.context.get_or_init(|| self.plain_context()));
        self.variables.unreadable.store(false, Ordering::Relaxed);
        self.variables.budget.begin(program.shape);
        let said = program.parsed.execute(context);
        if self.variables.unreadable.load(Ordering::Relaxed) {
            return None;
        }
        match said {
            Ok(cel::Value::Bool(said)) => Some(said),
            _ => None,
        }
    }
}

impl VariableResolver for Variables<'_> {
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        // Asked several times for each name of a program: length and first letter tell nearly all apart.
        let first = name.as_bytes().first()?;
        let may_be = |known: &&str| known.len() == name.len() && known.as_bytes()[0] == *first;
        let index = VARIABLES.iter().position(|known| may_be(known) && *known == name)?;
        let made = self.made[index].get_or_init(|| {
            let value = match name.parse::<PartName>() {
                Ok(part) => match self.record.part(part) {
                    Some(json) => value::of_json(json.get()).map(|(value, values)| (value, values, json.get().len())),
                    None => Some((value::empty(), 1, 2)),
                },
                Err(_) => Some((value::of_field(self.record, name), 1 + self.record.tags.len(), FIELD_BYTES)),
            };
            let (value, values, bytes) = value?;
            Some(Made { value: value.try_into().ok()?, values, bytes })
        });
        // What would take too long or too much memory is not worked out, and so fails as its rule says.
        let made = made.as_ref().filter(|made| self.budget.reads(index, made.values, made.bytes));
        if made.is_none() {
            self.unreadable.store(true, Ordering::Relaxed);
        }
        made.map(|made| CowVal::Borrowed(made.value.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::record;

    fn said(text: &str) -> Option<bool> {
        let program = Program::compile(text, When::Now).unwrap_or_else(|error| panic!("{text}: {error}"));
        let record = record();
        Evaluation::new(&Variables::new(&record)).run(&program)
    }

    #[test]
    fn programs_see_the_record() {
        for text in [
            "action == 'file.write'",
            "actor.kind == 'agent' && target.id.endsWith('.rs')",
            "input.path.startsWith('/etc') || input.size > 3",
            "has(input.path) && !has(input.nothing) && !has(result.x)",
            "input.list.exists(x, x == 'b')",
            "'blue' in tags && session == ''",
            "input.path.matches('^/etc/(passwd|shadow)$')",
            "outcome == '' && duration_us == 0",
        ] {
            assert_eq!(said(text), Some(true), "{text}");
        }
        assert_eq!(said("action == 'file.read'"), Some(false));
    }

    #[test]
    fn what_cannot_be_worked_out_is_said() {
        for text in ["input.nothing == 1", "action", "1 / 0 == 1", "input.path + 1 == 2", "input.list[7] == 'x'"] {
            assert_eq!(said(text), None, "{text}");
        }
    }

    #[test]
    fn what_would_take_too_long_or_too_much_memory_is_not_worked_out() {
        let said = |text: &str, input: &str| {
            let program = Program::compile(text, When::Now).unwrap_or_else(|error| panic!("{text}: {error}"));
            let mut record = record();
            record.set_part_json(PartName::Input, input).unwrap();
            Evaluation::new(&Variables::new(&record)).run(&program)
        };
        let list = |count: usize, bytes: usize| {
            format!(r#"{{"l":[{}]}}"#, vec![format!("\"{}\"", "x".repeat(bytes)); count].join(","))
        };
        // A megabyte of argument, which came to 3.9 GiB.
        let large = list(2_000, 500);
        let squared = "input.l.map(x, input.l.map(y, x+y)).size()==1";
        assert_eq!(said(squared, &large), None);
        assert_eq!(said(squared, &list(1, 500)), Some(true));
        let doubled =
            format!("{}.size() == 1", (0..7).fold("input.l".to_owned(), |text, _| format!("{text}.map(x, x + x)")));
        assert_eq!(said(&doubled, &large), None);
        assert_eq!(said(&doubled, &list(1, 5)), Some(true));
        assert_eq!(said("input.l.all(x, input.l.all(y, x == y))", &list(1_000, 1)), None);
        assert_eq!(said("input.l.all(x, input.l.all(y, x == y))", &list(100, 1)), Some(true));
        assert_eq!(said("input.l.exists(x, x.startsWith('/etc') || x.size() == 500)", &large), Some(true));
        assert_eq!(
            said("action == 'other' && input.l.all(x, input.l.all(y, x == y))", &large),
            Some(false),
            "not looked at"
        );
    }

    #[test]
    fn deep_and_wide_texts_are_refused() {
        for text in [
            format!("{}1{}", "(".repeat(100_000), ")".repeat(100_000)),
            format!("{}1{} == 1", "(".repeat(2_000), ")".repeat(2_000)),
            "[".repeat(100_000),
            "{".repeat(4_000),
            format!("{}true", "!".repeat(4_000)),
            format!("{}1 == 1", "-".repeat(4_000)),
            format!("{}1", "true ? 1 : ".repeat(300)),
            format!("1{} == 1", " + 1".repeat(900)),
            format!("action{} == ''", ".a".repeat(1_900)),
            "input.a.all(x, input.b.all(y, input.c.all(z, x == y)))".to_owned(),
            "x".repeat(5_000),
        ] {
            assert!(Program::compile(&text, When::Now).is_err(), "{}", &text[..40.min(text.len())]);
        }
    }

    #[test]
    fn names_and_patterns_are_checked() {
        for (text, word) in [
            ("acton == 'x'", "acton"),
            ("frobnicate(action)", "frobnicate"),
            ("action.matches(input.pattern)", "literal"),
            ("action.matches('(')", "pattern"),
            ("action ==", "parsed"),
        ] {
            let error = Program::compile(text, When::Now).unwrap_err();
            assert!(error.contains(word), "{text}: {error}");
        }
    }

    #[test]
    fn brackets_up_to_the_bound_are_fine() {
        let text = format!("{}true{}", "(".repeat(NEST_MAX), ")".repeat(NEST_MAX));
        assert_eq!(said(&text), Some(true));
    }
}
