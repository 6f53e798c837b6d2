//! Functions and imports of a file, from its syntax tree.
//!
//! One walk over the tree, with a stack of its own, takes both. What nodes of a grammar mean stands in a table that
//! is made once. The work on one file is bounded by its size.

mod go;
mod java;
mod names;
mod python;
mod rust;
mod script;

use std::ops::ControlFlow;
use std::sync::LazyLock;

use aws_lc_rs::digest;
use tree_sitter::{Node, ParseOptions, Parser, Tree};

use super::package::hex;

/// Longer files are no longer written by people; parsing holds some twenty times as much.
pub(super) const FILE_BYTES_MAX: usize = 2 << 20;
/// From here on a function is told by name.
pub(super) const TOLD: u32 = 10;

/// A grammar there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grammar {
    Rust,
    Python,
    TypeScript,
    Tsx,
    Go,
    Java,
}

impl Grammar {
    pub(super) const ALL: [Self; 6] = [Self::Rust, Self::Python, Self::TypeScript, Self::Tsx, Self::Go, Self::Java];

    fn language(self) -> tree_sitter::Language {
        match self {
            Self::Rust => tree_sitter_rust::LANGUAGE.into(),
            Self::Python => tree_sitter_python::LANGUAGE.into(),
            Self::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
            Self::Tsx => tree_sitter_typescript::LANGUAGE_TSX.into(),
            Self::Go => tree_sitter_go::LANGUAGE.into(),
            Self::Java => tree_sitter_java::LANGUAGE.into(),
        }
    }

    fn roles(self) -> &'static [(&'static str, Role)] {
        match self {
            Self::Rust => rust::ROLES,
            Self::Python => python::ROLES,
            Self::TypeScript | Self::Tsx => script::ROLES,
            Self::Go => go::ROLES,
            Self::Java => java::ROLES,
        }
    }
}

/// What a node is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Role {
    #[default]
    None,
    Function,
    /// Something whose name stands before the names of its functions.
    Container,
    /// One more way through the function.
    Decision,
    /// As many ways as it has arms: the last one is what remains.
    Choice,
    /// One arm of a switch.
    Case,
    /// A switch, whose arms count by themselves.
    Switch,
    /// `&&` and the like, where it stands between conditions.
    Operator,
    Import,
    /// It may hold tests.
    TestModule,
    Comment,
    /// An `if` that may keep its imports from running.
    Condition,
}

/// Roles by the grammar's numbers for nodes.
static TABLES: LazyLock<[(tree_sitter::Language, Vec<Role>); 6]> = LazyLock::new(|| {
    Grammar::ALL.map(|grammar| {
        let language = grammar.language();
        let count = language.node_kind_count();
        let roles = (0..count).map(|id| {
            let name = language.node_kind_for_id(u16::try_from(id).unwrap_or(u16::MAX)).unwrap_or_default();
            grammar.roles().iter().find(|(known, _)| *known == name).map_or(Role::None, |(_, role)| *role)
        });
        let roles = roles.collect();
        (language, roles)
    })
});

/// What a file's tree tells.
#[derive(Debug, Default)]
pub(super) struct Syntax {
    pub(super) functions: Vec<Function>,
    pub(super) imports: Vec<Import>,
    /// The package that the file says it is of (Java).
    pub(super) package: Option<String>,
    /// The first line that does not parse.
    pub(super) broken_at: Option<usize>,
    /// Bytes that do not.
    pub(super) broken_bytes: usize,
}

/// A function.
#[derive(Debug, Clone)]
pub(super) struct Function {
    /// With the names of what it lies in.
    pub(super) name: String,
    /// Lines, from 1, both included.
    pub(super) first: u32,
    pub(super) last: u32,
    /// `McCabe`'s number, with `&&` and `||` counted.
    pub(super) complexity: u32,
    /// The same with a whole choice among cases counted as one: a long list of cases is not hard to read.
    pub(super) modified: u32,
    /// Of its words; only where it is told by name.
    pub(super) digest: Option<String>,
}

/// Something that a file brings in, as it says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Import {
    pub(super) wanted: String,
    /// It happens when a function runs, or for types alone, and never when the file is loaded.
    pub(super) is_late: bool,
}

/// Why a file has no tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unparsed {
    /// The parser took more steps than such a file ever needs.
    TooHard,
}

/// A parser that is used again.
pub(super) struct Parsers([Option<Parser>; 6]);

impl Parsers {
    pub(super) fn new() -> Self {
        Self([const { None }; 6])
    }

    /// Reads a file. Tests within it are passed over unless they are asked for.
    pub(super) fn read(&mut self, grammar: Grammar, source: &[u8], with_tests: bool) -> Result<Syntax, Unparsed> {
        let parser = self.0[grammar as usize].get_or_insert_with(|| {
            let mut parser = Parser::new();
            parser.set_language(&TABLES[grammar as usize].0).expect("the grammars are of the parser's version");
            parser
        });
        let tree = parse(parser, source).ok_or(Unparsed::TooHard)?;
        Ok(Walk::new(grammar, source, with_tests).run(&tree))
    }
}

/// The parser asks every hundred steps whether to go on. A file has fewer tokens than bytes, and a parser that is
/// not lost takes few steps for each.
fn parse(parser: &mut Parser, source: &[u8]) -> Option<Tree> {
    let mut left = 10_000 + source.len() / 4;
    let mut go_on = |_: &tree_sitter::ParseState| {
        left = left.saturating_sub(1);
        if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let options = ParseOptions::new().progress_callback(&mut go_on);
    let tree = parser.parse_with_options(&mut |at, _| source.get(at..).unwrap_or_default(), None, Some(options));
    if tree.is_none() {
        parser.reset();
    }
    tree
}

/// A function that is being walked through.
struct Open {
    depth: usize,
    at: usize,
    text: std::ops::Range<usize>,
}

struct Walk<'s> {
    grammar: Grammar,
    roles: &'static [Role],
    source: &'s [u8],
    with_tests: bool,
    syntax: Syntax,
    open: Vec<Open>,
    /// Names of what is around, with the depth at which each began.
    around: Vec<(usize, String)>,
    /// Depths of conditions that hold for type checkers alone.
    late: Vec<usize>,
}

impl<'s> Walk<'s> {
    fn new(grammar: Grammar, source: &'s [u8], with_tests: bool) -> Self {
        Self {
            grammar,
            roles: &TABLES[grammar as usize].1,
            source,
            with_tests,
            syntax: Syntax::default(),
            open: Vec::new(),
            around: Vec::new(),
            late: Vec::new(),
        }
    }

    fn run(mut self, tree: &Tree) -> Syntax {
        let root = tree.root_node();
        if root.has_error() {
            (self.syntax.broken_at, self.syntax.broken_bytes) = errors(root);
        }
        let mut cursor = tree.walk();
        let mut kinds: Vec<u16> = Vec::new();
        loop {
            let node = cursor.node();
            let descend = self.enter(node, kinds.last().copied(), kinds.len());
            if descend && cursor.goto_first_child() {
                kinds.push(node.kind_id());
                continue;
            }
            loop {
                self.leave(kinds.len());
                if cursor.goto_next_sibling() {
                    break;
                }
                if !cursor.goto_parent() {
                    return self.syntax;
                }
                kinds.pop();
            }
        }
    }

    fn text(&self, node: Node<'_>) -> &'s str {
        std::str::from_utf8(&self.source[node.byte_range()]).unwrap_or_default()
    }

    fn role(&self, kind: u16) -> Role {
        self.roles.get(usize::from(kind)).copied().unwrap_or_default()
    }

    /// Takes what the node tells; false where nothing below it is wanted.
    fn enter(&mut self, node: Node<'_>, parent: Option<u16>, depth: usize) -> bool {
        match self.role(node.kind_id()) {
            Role::None => {}
            Role::Comment => return false,
            Role::Function => self.function(node, depth),
            Role::Container => self.container(node, depth),
            Role::TestModule => {
                if !self.with_tests && rust::is_for_tests(node, self.source) {
                    return false;
                }
                self.container(node, depth);
            }
            Role::Decision => self.decide(1, 1),
            Role::Choice => {
                let ways = choices(node, self.grammar);
                self.decide(ways, ways.min(1));
            }
            Role::Case => self.decide(1, 0),
            Role::Switch => self.decide(0, 1),
            Role::Operator => {
                if parent.is_some_and(|parent| names::joins_conditions(&TABLES[self.grammar as usize].0, parent)) {
                    self.decide(1, 1);
                }
            }
            Role::Import => {
                self.import(node);
                // A call's arguments may hold functions, and further calls.
                return node.kind() == "call_expression" || node.kind() == "export_statement";
            }
            Role::Condition => {
                self.decide(1, 1);
                if python::is_for_types(node, self.source) {
                    self.late.push(depth);
                }
            }
        }
        true
    }

    fn leave(&mut self, depth: usize) {
        while let Some(open) = self.open.pop_if(|open| open.depth >= depth) {
            let function = &mut self.syntax.functions[open.at];
            if function.complexity >= TOLD {
                function.digest = Some(normal_digest(&self.source[open.text]));
            }
        }
        while self.around.last().is_some_and(|around| around.0 >= depth) {
            self.around.pop();
        }
        while self.late.last().is_some_and(|late| *late >= depth) {
            self.late.pop();
        }
    }

    fn function(&mut self, node: Node<'_>, depth: usize) {
        let own = names::of_function(self.grammar, node, self.source);
        let between = if self.grammar == Grammar::Rust { "::" } else { "." };
        let mut name = String::new();
        for part in self.around.iter().map(|(_, name)| name.as_str()).chain([own.as_str()]) {
            if !name.is_empty() {
                name.push_str(between);
            }
            name.push_str(part);
        }
        name.truncate(name.floor_char_boundary(200));
        let row = |row: usize| u32::try_from(row).unwrap_or(u32::MAX - 1) + 1;
        self.open.push(Open { depth, at: self.syntax.functions.len(), text: node.byte_range() });
        self.around.push((depth, own));
        self.syntax.functions.push(Function {
            name,
            first: row(node.start_position().row),
            last: row(node.end_position().row),
            complexity: 1,
            modified: 1,
            digest: None,
        });
    }

    fn container(&mut self, node: Node<'_>, depth: usize) {
        let name = names::of_container(self.grammar, node, self.source);
        if !name.is_empty() {
            self.around.push((depth, name));
        }
    }

    fn decide(&mut self, ways: u32, modified: u32) {
        if let Some(open) = self.open.last() {
            let function = &mut self.syntax.functions[open.at];
            function.complexity += ways;
            function.modified += modified;
        }
    }

    fn import(&mut self, node: Node<'_>) {
        let is_late = !self.open.is_empty() || !self.late.is_empty();
        match self.grammar {
            Grammar::Rust => rust::imports(node, self.text(node), &mut self.syntax),
            Grammar::Python => python::imports(node, self.source, is_late, &mut self.syntax),
            Grammar::TypeScript | Grammar::Tsx => script::imports(node, self.source, is_late, &mut self.syntax),
            Grammar::Go => go::imports(node, self.source, &mut self.syntax),
            Grammar::Java => java::imports(node, self.source, &mut self.syntax),
        }
    }
}

/// SHA-256 over the words of a text, so that another indentation or line break makes no difference; half of it.
fn normal_digest(text: &[u8]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for word in text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()) {
        context.update(word);
        context.update(b" ");
    }
    hex(&context.finish().as_ref()[..16])
}

/// How many ways a choice adds: its arms without the last.
fn choices(node: Node<'_>, grammar: Grammar) -> u32 {
    let (body, arm) = match grammar {
        Grammar::Rust => (node.child_by_field_name("body"), "match_arm"),
        _ => (node.child_by_field_name("body"), "case_clause"),
    };
    let Some(body) = body else { return 0 };
    let mut cursor = body.walk();
    let arms = body.named_children(&mut cursor).filter(|child| child.kind() == arm).count();
    u32::try_from(arms.saturating_sub(1)).unwrap_or(u32::MAX / 2)
}

/// The line of the first node that is wrong or missing, and the bytes of all that are.
fn errors(root: Node<'_>) -> (Option<usize>, usize) {
    let (mut first, mut bytes) = (None, 0);
    let mut cursor = root.walk();
    loop {
        let node = cursor.node();
        if node.is_error() || node.is_missing() {
            first = first.or(Some(node.start_position().row + 1));
            bytes += node.byte_range().len().max(1);
        } else if node.has_error() && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return (first.or(Some(root.start_position().row + 1)), bytes);
            }
        }
    }
}
