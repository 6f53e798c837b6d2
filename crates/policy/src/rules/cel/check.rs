//! What a parsed program may hold.

use cel::common::ast::{EntryExpr, Expr, IdedExpr, LiteralValue};

use super::cost::Shape;

const DEPTH_MAX: usize = 96;
/// A macro within a macro within a macro walks a list as often as it has elements, squared and cubed.
const LOOPS_MAX: usize = 2;
/// Each sum of texts may double what it holds.
const SUMS_MAX: usize = 16;

/// Functions that cost no more than what they are given.
static FUNCTIONS: &[&str] = &[
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "string",
    "int",
    "uint",
    "double",
    "bool",
    "type",
    "dyn",
];

/// A name that is read, and the members after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The name first. Where it stands alone, all of it is read.
    pub path: Vec<String>,
    /// It is only asked whether the last member is there.
    pub asked: bool,
}

/// What was found in a program.
#[derive(Default)]
pub(super) struct Checked {
    pub(super) reads: Vec<&'static str>,
    pub(super) patterns: Vec<String>,
    pub(super) needs: Vec<(String, Vec<String>)>,
    pub(super) readings: Vec<Reading>,
    names: &'static [&'static str],
    sums: usize,
    loops: usize,
    repeats: usize,
}

/// Walks the program; says what is wrong and the mend.
pub(super) fn check(expression: &IdedExpr, names: &'static [&'static str]) -> Result<Checked, String> {
    let mut checked = Checked { names, ..Checked::default() };
    let mut scope = Vec::new();
    checked.walk(expression, 0, 0, &mut scope)?;
    needs(expression, &mut checked.needs);
    Ok(checked)
}

impl Checked {
    /// How much it can cost.
    pub(super) fn shape(&self) -> Shape {
        let small = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Shape { loops: small(self.loops), repeats: small(self.repeats), sums: small(self.sums) }
    }

    fn walk(
        &mut self,
        at: &IdedExpr,
        depth: usize,
        loops: usize,
        scope: &mut Vec<(String, usize)>,
    ) -> Result<(), String> {
        if depth > DEPTH_MAX {
            return Err("the CEL expression is nested too deep, or one chain of it is too long; split it".to_owned());
        }
        match &at.expr {
            Expr::Ident(name) => {
                self.reads(at, false, scope);
                self.ident(name, loops, scope)
            }
            Expr::Select(select) => {
                self.reads(at, select.test, scope);
                match &select.operand.expr {
                    Expr::Ident(name) => self.ident(name, loops, scope),
                    _ => self.walk(&select.operand, depth + 1, loops, scope),
                }
            }
            Expr::List(list) => list.elements.iter().try_for_each(|it| self.walk(it, depth + 1, loops, scope)),
            Expr::Map(map) => map.entries.iter().try_for_each(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => {
                    self.walk(&entry.key, depth + 1, loops, scope)?;
                    self.walk(&entry.value, depth + 1, loops, scope)
                }
                EntryExpr::StructField(field) => self.walk(&field.value, depth + 1, loops, scope),
            }),
            Expr::Struct(_) => Err("there are no messages to make here; compare with a text".to_owned()),
            Expr::Call(call) => {
                self.function(call)?;
                if let Some(target) = &call.target {
                    self.walk(target, depth + 1, loops, scope)?;
                }
                call.args.iter().try_for_each(|it| self.walk(it, depth + 1, loops, scope))
            }
            Expr::Comprehension(it) => {
                if loops == LOOPS_MAX {
                    return Err("a macro lies in a macro in a macro; split it".to_owned());
                }
                self.walk(&it.iter_range, depth + 1, loops, scope)?;
                let kept = scope.len();
                self.loops = self.loops.max(loops + 1);
                let names = [it.iter_var.clone(), it.accu_var.clone()].into_iter().chain(it.iter_var2.clone());
                scope.extend(names.map(|name| (name, loops + 1)));
                for inner in [&it.accu_init, &it.loop_cond, &it.loop_step, &it.result] {
                    self.walk(inner, depth + 1, loops + 1, scope)?;
                }
                scope.truncate(kept);
                Ok(())
            }
            Expr::Literal(_) | Expr::Unspecified => Ok(()),
        }
    }

    fn reads(&mut self, at: &IdedExpr, asked: bool, scope: &[(String, usize)]) {
        let Some(path) = path_of(at) else { return };
        if self.names.contains(&path[0].as_str()) && !scope.iter().any(|(name, _)| *name == path[0]) {
            self.readings.push(Reading { path, asked });
        }
    }

    fn ident(&mut self, name: &str, loops: usize, scope: &[(String, usize)]) -> Result<(), String> {
        // Read in a loop and made outside of it: all of it, each time.
        let made = scope.iter().rev().find(|(known, _)| known == name).map(|(_, made)| *made);
        self.repeats = self.repeats.max(loops - made.unwrap_or(0));
        if made.is_some() || matches!(name, "string" | "int" | "uint" | "double" | "bool") {
            return Ok(());
        }
        let Some(known) = self.names.iter().find(|known| **known == name) else {
            let shown: String = name.chars().take(40).collect();
            return Err(format!("nothing here is called `{shown}`; use one of {}", self.names.join(", ")));
        };
        if !self.reads.contains(known) {
            self.reads.push(known);
        }
        Ok(())
    }

    fn function(&mut self, call: &cel::common::ast::CallExpr) -> Result<(), String> {
        let name = call.func_name.as_str();
        if name == "_+_" {
            self.sums += 1;
            if self.sums > SUMS_MAX {
                return Err(format!(
                    "the CEL expression has more than {SUMS_MAX} sums; compare without building texts"
                ));
            }
        }
        let is_named = name.starts_with(|c: char| c.is_ascii_alphabetic());
        if is_named && !FUNCTIONS.contains(&name) {
            let shown: String = name.chars().take(40).collect();
            return Err(format!("there is no function `{shown}` here; use one of {}", FUNCTIONS.join(", ")));
        }
        if name == "matches" {
            let Some(pattern) = call.args.last().and_then(text_of) else {
                return Err("the pattern of `matches` is a literal text; write it out".to_owned());
            };
            self.patterns.push(pattern.to_owned());
        }
        Ok(())
    }
}

fn text_of(at: &IdedExpr) -> Option<&str> {
    match &at.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}

/// A name and the members that are read of it.
fn path_of(at: &IdedExpr) -> Option<Vec<String>> {
    match &at.expr {
        Expr::Ident(name) => Some(vec![name.clone()]),
        Expr::Select(select) => {
            let mut path = path_of(&select.operand)?;
            path.push(select.field.clone());
            Some(path)
        }
        _ => None,
    }
}

/// The words that a variable must equal for the whole to be true: those of a top-level conjunction.
fn needs(at: &IdedExpr, found: &mut Vec<(String, Vec<String>)>) {
    let Expr::Call(call) = &at.expr else { return };
    match (call.func_name.as_str(), &call.args[..]) {
        ("_&&_", args) => args.iter().for_each(|arg| needs(arg, found)),
        ("_==_", [left, right]) => {
            for (name, text) in [(left, right), (right, left)] {
                if let (Expr::Ident(name), Some(text)) = (&name.expr, text_of(text)) {
                    found.push((name.clone(), vec![text.to_owned()]));
                }
            }
        }
        ("@in", [name, list]) => {
            let (Expr::Ident(name), Expr::List(list)) = (&name.expr, &list.expr) else { return };
            let words: Option<Vec<String>> = list.elements.iter().map(|it| text_of(it).map(str::to_owned)).collect();
            found.extend(words.map(|words| (name.clone(), words)));
        }
        _ => {}
    }
}
