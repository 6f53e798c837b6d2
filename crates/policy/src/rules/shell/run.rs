//! Which programs a command runs: its own, or what it hands its words on to.

use std::rc::Rc;

use super::program;
use super::programs::{
    INTERPRETERS, SHELLS, SUBCOMMANDS, WITH_TEXT, WRAPPERS, Wrapper, after_options, brought_by, is_assignment,
    is_keyword,
};
use super::room::Room;

/// Wrappers within wrappers.
const DEPTH_MAX: usize = 16;
/// Where a program's command may stand.
const COMMAND_AT_MAX: usize = 8;
/// Options of what runs containers whose value is a name.
static NAMES: &[&str] = &["--entrypoint", "--hostname", "--name", "--net", "--network", "--network-alias", "-h"];

/// What a command comes to.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    /// The words of each program that is run, and whether more words come from elsewhere.
    pub(super) runs: Vec<(Vec<String>, bool)>,
    /// Texts that a shell runs.
    pub(super) texts: Vec<Rc<str>>,
    /// Texts in other languages.
    pub(super) codes: Vec<Rc<str>>,
    /// Whether it runs what comes in.
    pub(super) is_fed: bool,
    /// Whether what comes in are further words.
    pub(super) is_open: bool,
    /// Whether what its substitutions print is run.
    pub(super) runs_inner: bool,
}

impl Resolved {
    pub(super) fn of(words: &[String], room: &mut Room) -> Self {
        let mut resolved = Self::default();
        resolved.add(words, 0, room);
        resolved
    }

    fn add(&mut self, words: &[String], depth: usize, room: &mut Room) {
        let skipped = words.iter().take_while(|word| is_keyword(word) || is_assignment(word)).count();
        let words = &words[skipped..];
        let Some(first) = words.first() else { return };
        if depth > DEPTH_MAX {
            room.spend();
        }
        if !room.take_words(words) {
            return;
        }
        let name = program(first.trim_start_matches('{'));
        let rest = &words[1..];
        if SHELLS.contains(&name.as_str()) {
            return self.shell(rest);
        }
        if let Some((_, letters, long)) = INTERPRETERS.iter().find(|(other, ..)| is_version_of(&name, other)) {
            self.is_fed |= !rest.iter().any(|word| !word.starts_with('-')) || rest.iter().any(|word| word == "-");
            self.codes.extend(brought_by(rest, letters, long).map(Rc::from));
            self.runs.push((words.to_vec(), self.is_open));
        }
        if let Some((_, letters, long)) = WITH_TEXT.iter().find(|(other, ..)| *other == name) {
            self.texts.extend(brought_by(rest, letters, long).map(Rc::from));
        }
        if let Some(wrapper) = WRAPPERS.iter().find(|wrapper| wrapper.name == name) {
            self.is_open |= matches!(name.as_str(), "xargs" | "parallel");
            return self.wrapped(wrapper, rest, depth, room);
        }
        if let Some((at, wrapper)) = subcommand(&name, rest) {
            self.runs.push((words.to_vec(), self.is_open));
            let own = &rest[at + 1..];
            if let Some(end) = own.iter().position(|word| word == "--") {
                self.add(&own[end + 1..], depth + 1, room);
            }
            return self.wrapped(wrapper, own, depth, room);
        }
        if INTERPRETERS.iter().any(|(other, ..)| is_version_of(&name, other)) {
            return;
        }
        match name.as_str() {
            "function" | "coproc" => {
                // What has a name begins after it.
                let is_named = rest.get(1).is_some_and(|word| word.starts_with('{'));
                self.add(&rest[usize::from(is_named)..], depth + 1, room);
            }
            "." | "source" => {
                self.runs_inner = true;
                self.runs.push((words.to_vec(), self.is_open));
            }
            "eval" => {
                self.runs_inner = true;
                self.texts.push(after_options(rest).join(" ").into());
            }
            "watch" => self.texts.push(after_options(rest).join(" ").into()),
            "trap" => self.texts.extend(after_options(rest).first().map(|word| word.as_str().into())),
            "ssh" => {
                let text = after_options(rest).get(1..).unwrap_or_default().join(" ");
                let is_shell = |word: &str| SHELLS.contains(&program(word).as_str());
                self.is_fed |= text.is_empty() || text.split_whitespace().any(is_shell);
                self.texts.push(text.into());
            }
            "su" | "script" | "tmux" | "docker" | "podman" | "kubectl" | "nsenter" | "unshare" | "bwrap" | "gdb"
            | "expect" => {
                self.texts.extend(
                    rest.iter().filter(|word| word.contains(char::is_whitespace)).map(|word| word.as_str().into()),
                );
                self.runs.push((words.to_vec(), self.is_open));
                self.is_fed |= name == "su";
                let is_ours =
                    |at: usize| program(&rest[at]) == "sealbook" && !(at > 0 && NAMES.contains(&rest[at - 1].as_str()));
                let ours = (0..rest.len()).filter(|at| is_ours(*at)).take_while(|at| room.take_words(&rest[*at..]));
                self.runs.extend(ours.map(|at| (rest[at..].to_vec(), self.is_open)));
            }
            "find" | "fd" | "fdfind" => self.find(words, depth, room),
            // They take names of files.
            "cpio" | "mapfile" | "read" | "readarray" => {
                self.is_open = true;
                self.runs.push((words.to_vec(), true));
            }
            "cargo" => self.cargo(words),
            "git" => self.git(words),
            "awk" | "gawk" | "mawk" | "nawk" => {
                self.codes.extend(after_options(rest).first().map(|word| word.as_str().into()));
                self.runs.push((words.to_vec(), self.is_open));
            }
            _ => {
                self.runs.push((words.to_vec(), self.is_open));
                if name == "sealbook"
                    && let Some(at) = rest.iter().position(|word| word == "--")
                {
                    self.add(&rest[at + 1..], depth + 1, room);
                }
            }
        }
    }

    /// What a wrapper runs; where that is nothing, some run a shell.
    fn wrapped(&mut self, wrapper: &Wrapper, words: &[String], depth: usize, room: &mut Room) {
        let starts = wrapper.starts(words);
        self.is_fed |= !self.is_open && !starts.iter().any(|start| *start < words.len());
        for start in starts {
            self.add(words.get(start..).unwrap_or_default(), depth + 1, room);
        }
    }

    /// What `find` starts for what it finds.
    fn find(&mut self, words: &[String], depth: usize, room: &mut Room) {
        self.runs.push((words.to_vec(), self.is_open));
        let was = std::mem::replace(&mut self.is_open, true);
        for at in (1..words.len()).filter(|at| starts_command(&words[*at])) {
            let own = &words[at + 1..];
            let end = own.iter().position(|word| word == ";" || word == "+").unwrap_or(own.len());
            let own = &own[..end];
            self.add(own, depth + 1, room);
            let sought = &sought(&words[1..at]);
            if !own.iter().filter(|word| *word == "{}").all(|_| room.take_words(sought)) || !room.take_words(own) {
                break;
            }
            // What was found is known by what was looked for.
            let found = |word: &String| if word == "{}" { sought.clone() } else { vec![word.clone()] };
            self.add(&own.iter().flat_map(found).collect::<Vec<_>>(), depth + 1, room);
        }
        self.is_open = was;
    }

    /// Texts of a shell that git runs: aliases, and what goes over commits or modules.
    fn git(&mut self, words: &[String]) {
        self.runs.push((words.to_vec(), self.is_open));
        let aliases = words.iter().filter_map(|word| word.split_once('!'));
        let aliases = aliases.filter(|(key, _)| key.is_empty() || key.ends_with('='));
        self.texts.extend(aliases.map(|(_, text)| text.into()));
        if let Some(at) = words.iter().position(|word| matches!(word.as_str(), "run" | "foreach" | "-x" | "--exec")) {
            self.texts.push(words[at + 1..].join(" ").into());
        }
    }

    /// `-c` brings a text, and so does the input where there is no file.
    fn shell(&mut self, words: &[String]) {
        let (mut at, mut is_text, mut is_read) = (0, false, false);
        self.runs_inner = true;
        while let Some(word) = words.get(at).filter(|word| word.len() > 1 && word.starts_with(['-', '+'])) {
            let is_long = word.starts_with("--");
            is_text |= (!is_long && word.contains('c')) || word == "--command" || word.eq_ignore_ascii_case("-command");
            is_read |= !is_long && word.contains('s');
            let is_valued =
                matches!(word.as_str(), "--rcfile" | "--init-file") || (!is_long && word.ends_with(['o', 'O']));
            at += 1 + usize::from(is_valued);
        }
        let operands = words.get(at..).unwrap_or_default();
        if is_text {
            self.texts.extend(operands.iter().map(|word| word.as_str().into()));
            self.is_fed |= operands.is_empty();
        } else {
            self.is_fed |= operands.is_empty() || is_read;
            if !operands.is_empty() {
                let mut script = vec!["sh".to_owned()];
                script.extend(operands.iter().cloned());
                self.runs.push((script, self.is_open));
            }
        }
    }

    /// `cargo run -p sealbook-cli -- approve` runs `sealbook approve`.
    fn cargo(&mut self, words: &[String]) {
        self.runs.push((words.to_vec(), self.is_open));
        let is_run = words.iter().any(|word| word == "run" || word == "r");
        let is_ours = words
            .iter()
            .any(|word| word.contains("sealbook") || word.trim_end_matches('/').ends_with("crates/cli/Cargo.toml"));
        if !is_run || !is_ours {
            return;
        }
        let valued =
            ["-p", "--package", "--bin", "--manifest-path", "--profile", "--target", "--target-dir", "--features"];
        let valued = [&valued[..], &["-F", "-j", "--jobs", "-Z", "--config", "--color", "--message-format"]].concat();
        let mut rest = words[1..].iter().skip_while(|word| *word != "run" && *word != "r").skip(1).peekable();
        while let Some(word) = rest.next_if(|word| word.starts_with('-')) {
            if word == "--" {
                break;
            }
            if valued.contains(&word.as_str()) {
                rest.next();
            }
        }
        let own = std::iter::once("sealbook".to_owned()).chain(rest.filter(|word| *word != "--").cloned());
        self.runs.push((own.collect(), self.is_open));
    }
}

/// What `find` looks for, without what it is told to leave out.
fn sought(words: &[String]) -> Vec<String> {
    let is_test = |at: usize| words.get(at).is_some_and(|word| word.ends_with("name") || word.ends_with("path"));
    let mut sought = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let is_denied = matches!(word.as_str(), "!" | "-not") && is_test(at + 1);
        if is_denied || (is_test(at) && words.get(at + 2).is_some_and(|word| word == "-prune")) {
            at += 3;
        } else {
            sought.push(word.clone());
            at += 1;
        }
    }
    sought
}

/// The word of a program's that runs what follows it, and how that begins.
fn subcommand(name: &str, words: &[String]) -> Option<(usize, &'static Wrapper)> {
    let (_, commands, wrapper) = SUBCOMMANDS.iter().find(|(program, ..)| *program == name)?;
    let is_one = |word: &String| commands.contains(&word.as_str());
    Some((words.iter().take(COMMAND_AT_MAX).position(is_one)?, wrapper))
}

fn starts_command(word: &str) -> bool {
    matches!(word, "-exec" | "-execdir" | "-ok" | "-okdir" | "-x" | "--exec" | "-X" | "--exec-batch")
}

fn is_version_of(name: &str, other: &str) -> bool {
    name.strip_prefix(other).is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}
