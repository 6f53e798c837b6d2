//! Whether a path lies within a directory of a certain name, and whether a command has such a path among its files.

use super::changes::{GIT_READS, READERS, may_be_typed, plain};
use super::given::Given;
use super::places::{PATH_BYTES_MAX, may_be, patched, path_of, starts_reader};
use super::shell::{Room, Run, any_run, any_run_of, destination, program};
use super::walk::Line;

/// Letters with which a pattern of a shell begins where it is meant for few names.
const FIXED_MIN: usize = 3;
/// Programs whose words are no files, or that only ask whether one is there.
static SAYS: &[&str] =
    &[":", "[", "[[", "basename", "dirname", "echo", "false", "printf", "test", "true", "type", "which"];
/// Options whose value is left out of what is done.
static LEAVES_OUT: &[&str] = &["--exclude", "--exclude-dir", "--ignore", "--iglob", "--glob"];
/// Tests of `find` by name.
static NAMED: &[&str] = &["-ilname", "-iname", "-ipath", "-iwholename", "-lname", "-name", "-path", "-wholename"];

/// Directories, by their names.
#[derive(Debug)]
pub(crate) struct Directories(Vec<String>);

impl Directories {
    pub(crate) fn new(names: &[String]) -> Self {
        Self(names.iter().map(|name| name.to_lowercase()).collect())
    }

    /// Whether a text is, as a whole, a path within one of them.
    pub(crate) fn hold(&self, text: &str, cwd: Option<&str>) -> bool {
        let is_address = || text.contains("://") && !text.starts_with("file:");
        text.len() <= PATH_BYTES_MAX && !is_address() && self.has(&path_of(text), &here(cwd), FIXED_MIN)
    }

    /// Whether what a part says names one as a file of a command or of a tool.
    pub(crate) fn are_meant(&self, line: &Line<'_>, cwd: Option<&str>, room: &mut Room) -> bool {
        let mut at = here(cwd);
        let mut each = |run: &Run<'_>| {
            let is_meant = self.are_files_of(run, &at);
            if let Some(to) = destination(run.words) {
                at = plain(to, &at);
            }
            is_meant
        };
        let is_patched = |text: &str| patched(text).any(|path| self.hold(path, cwd));
        match line {
            Line::Value(text) => self.hold(text, cwd) || is_patched(text),
            Line::Written(text) => is_patched(text),
            Line::Typed(text, _) => {
                let typed = room.guess(|room| any_run(text, room, &mut |run| may_be_typed(run) && each(run)));
                typed || self.hold(text, cwd) || is_patched(text)
            }
            // As one line, a word with blanks would be several.
            Line::Words(words) => any_run_of(words, room, &mut each),
            line => line.any_run(room, &mut each),
        }
    }

    fn are_files_of(&self, run: &Run<'_>, here: &[String]) -> bool {
        let Some((first, words)) = run.words.split_first() else {
            return run.targets.iter().any(|word| self.is_file(word, here, 0));
        };
        let name = program(first);
        let name = name.as_str();
        let reads = READERS.contains(&name);
        let fixed = if reads { FIXED_MIN } else { 0 };
        let is_file = |word: &&str| self.is_file(word, here, fixed);
        if run.is_code || is_file(&first.as_str()) || run.targets.iter().any(|word| self.is_file(word, here, 0)) {
            return is_file(&first.as_str()) || !run.is_code;
        }
        let own: Vec<&str> = words.iter().map(String::as_str).collect();
        let from = |given: &Given<'_>, skipped: usize| given.operands.iter().skip(skipped).any(is_file);
        match name {
            name if SAYS.contains(&name) => return false,
            "ack" | "ag" | "egrep" | "fgrep" | "grep" | "rg" | "rgrep" | "zgrep" => {
                let given = Given::of(&own, "ABCDEMTdefgjm");
                let is_told = given.has('e') || given.has('f') || given.long("--regexp") || given.long("--file");
                return from(&given, usize::from(!is_told));
            }
            "awk" | "gawk" | "mawk" | "nawk" | "sed" => {
                let given = Given::of(&own, "Fefv");
                let is_told = given.has('e') || given.has('f');
                return own.iter().any(|word| self.is_written_by(word, here)) || from(&given, usize::from(!is_told));
            }
            "fd" | "fdfind" | "find" => return self.is_found(&own, here),
            "git" if git_lets(&own) => return false,
            "zip" => {
                let end = own.iter().position(|word| matches!(*word, "-x" | "-i")).unwrap_or(own.len());
                return own[..end].iter().any(is_file);
            }
            _ => {}
        }
        let is_patched = |text: &str| patched(text).any(|path| self.is_file(path, here, 0));
        if name == "apply_patch" {
            return own.iter().any(|word| is_patched(word)) || run.fed.iter().any(|text| is_patched(text));
        }
        let more = run.more.iter().map(String::as_str).filter(|_| !reads);
        let mut left_out = false;
        own.iter().copied().chain(more).any(|word| {
            let is_left_out = std::mem::take(&mut left_out);
            left_out = LEAVES_OUT.contains(&word) || (name == "git" && word == "-e");
            !is_left_out && !LEAVES_OUT.iter().any(|option| word.starts_with(option)) && is_file(&word)
        })
    }

    /// Whether a word is a path of it, or has one behind a `=`, `:`, `,` or `@`.
    fn is_file(&self, word: &str, here: &[String], fixed: usize) -> bool {
        let is_one = |piece: &str| self.has(piece, here, fixed);
        if is_one(word) {
            return true;
        }
        !word.contains(char::is_whitespace) && word.split(['=', ':', ',', '@']).skip(1).any(is_one)
    }

    /// Whether `find` does something to what it finds there, or by that name.
    fn is_found(&self, words: &[&str], here: &[String]) -> bool {
        let writes = |word: &&str| *word == "-delete" || word.starts_with("-fprint") || *word == "-fls";
        if !words.iter().any(writes) && !starts_reader(words) {
            return false;
        }
        (0..words.len()).any(|at| {
            let before = |back: usize| at.checked_sub(back).map_or("", |at| words[at]);
            let is_name = NAMED.contains(&before(1));
            let is_left_out = is_name && (matches!(before(2), "!" | "-not") || words.get(at + 1) == Some(&"-prune"));
            !is_left_out && self.is_file(words[at], here, if is_name { FIXED_MIN } else { 0 })
        })
    }

    /// Whether a script of `sed` or `awk` writes to a file of it.
    fn is_written_by(&self, script: &str, here: &[String]) -> bool {
        let is_one = |word: &str| self.has(word.trim_matches(['"', '\'', ' ', '}', ')']), here, 0);
        let words: Vec<&str> = script.split_whitespace().collect();
        words.windows(2).any(|pair| pair[0].ends_with(['w', 'W']) && is_one(pair[1]))
            || script.split('>').skip(1).any(|rest| is_one(rest.split([';', '}']).next().unwrap_or_default()))
    }

    /// Whether a path leads into one of them. What lies there has no blanks in its name: a sentence is no path. A
    /// pattern is meant where it begins with so many letters of the name.
    fn has(&self, path: &str, here: &[String], fixed: usize) -> bool {
        let path = path.trim();
        // A name that has no dot is none of theirs, unless they are where the command is done.
        let is_here = || here.iter().any(|piece| self.0.contains(piece));
        if path.is_empty()
            || (!path.contains(['.', '*', '?', '[']) && self.0.iter().all(|it| it.contains('.')) && !is_here())
        {
            return false;
        }
        let pieces = plain(path, here);
        let is_one = |piece: &String| {
            let known = piece.find(['*', '?', '[']).unwrap_or(usize::MAX);
            known >= fixed && self.0.iter().any(|name| may_be(piece, name))
        };
        pieces
            .iter()
            .position(is_one)
            .is_some_and(|at| !pieces[at + 1..].iter().any(|piece| piece.contains(char::is_whitespace)))
    }
}

fn here(cwd: Option<&str>) -> Vec<String> {
    plain(cwd.unwrap_or_default(), &[])
}

/// Whether a command of git leaves files as they are, and shows none but those it has.
fn git_lets(words: &[&str]) -> bool {
    let mut rest = words.iter();
    loop {
        match rest.next() {
            Some(&("-C" | "-c" | "--git-dir" | "--work-tree")) => drop(rest.next()),
            Some(word) if word.starts_with('-') => {}
            command => {
                let writes = words.iter().any(|word| word.starts_with("--output"));
                return !writes && command.is_some_and(|command| GIT_READS.contains(command));
            }
        }
    }
}
