//! `cargo xtask documents`: the commands that documents tell people to type
//! exist, with the options they are given.
//!
//! Looked at are the lines of `sh` blocks that begin with `sealbook`. Their
//! command must have a help text, and each `--option` must be in it. `--built`
//! takes the program as the tests have built it, instead of building it.

use std::collections::BTreeMap;

use crate::workspace::{Verdict, Workspace, fail, verdict};

/// The program, and how it is built.
const BUILD: &[&str] = &["build", "--quiet", "--locked", "-p", "sealbook-cli"];
const PROGRAM: &str = "target/debug/sealbook";

/// A command line in a document.
#[derive(Debug, PartialEq)]
struct Line {
    number: usize,
    /// The command, up to two words; the second may be an argument.
    command: Vec<String>,
    options: Vec<String>,
}

pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Verdict {
    if !arguments.iter().any(|argument| argument == "--built") {
        workspace.capture("cargo", BUILD)?;
    }
    let program = workspace.root.join(PROGRAM);
    if !program.is_file() {
        return fail(format!("{PROGRAM} is not where cargo should have built it; unset CARGO_TARGET_DIR"));
    }
    let program = program.display().to_string();
    let mut helps: BTreeMap<Vec<String>, Option<String>> = BTreeMap::new();
    let mut problems = Vec::new();
    let mut count = 0;
    for path in workspace.files(&[".md"])? {
        for line in lines(&workspace.read(&path)?) {
            count += 1;
            let help = helps.entry(line.command.clone()).or_insert_with(|| help(workspace, &program, &line.command));
            let name = line.command.join(" ");
            let Some(help) = help else {
                problems.push(format!("{path}:{}: there is no command `sealbook {name}`", line.number));
                continue;
            };
            let missing = line.options.iter().filter(|option| !has_option(help, option));
            problems.extend(
                missing.map(|option| format!("{path}:{}: `sealbook {name}` has no option `{option}`", line.number)),
            );
        }
    }
    verdict(problems, || format!("{count} command lines in documents can be typed"))
}

/// The long help of a command; none where there is no such command.
fn help(workspace: &Workspace, program: &str, command: &[String]) -> Option<String> {
    let mut words: Vec<&str> = command.iter().map(String::as_str).collect();
    words.push("--help");
    let output = workspace.command(program, &words).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn has_option(help: &str, option: &str) -> bool {
    help.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).any(|word| word == option)
}

/// The `sealbook` command lines in a document's `sh` blocks.
fn lines(text: &str) -> Vec<Line> {
    let mut found = Vec::new();
    let mut in_shell = false;
    for (line, number) in text.lines().zip(1..) {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            in_shell = !in_shell && language.trim() == "sh";
            continue;
        }
        if in_shell {
            found.extend(commands(line, number));
        }
    }
    found
}

/// The `sealbook` commands of one line, which may be a pipe.
fn commands(line: &str, number: usize) -> Vec<Line> {
    words(line)
        .split(|word| word == "|")
        .filter(|words| words.first().is_some_and(|word| word == "sealbook"))
        .map(|words| Line {
            number,
            command: words[1..].iter().take(2).take_while(|word| is_command_word(word)).cloned().collect(),
            options: words
                .iter()
                .filter(|word| word.starts_with("--"))
                .map(|word| word.split('=').next().unwrap_or(word).to_owned())
                .collect(),
        })
        .collect()
}

/// Whether a word could name a command: paths, patterns and numbers cannot.
fn is_command_word(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') && !word.starts_with('-')
}

/// The words of a shell line up to its comment; quotes hold words together.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    let mut has_word = false;
    for c in line.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => word.push(c),
            None if matches!(c, '\'' | '"') => (quote, has_word) = (Some(c), true),
            None if c.is_whitespace() => {
                if has_word {
                    words.push(std::mem::take(&mut word));
                }
                has_word = false;
            }
            None if c == '#' && !has_word => return words,
            None => {
                word.push(c);
                has_word = true;
            }
        }
    }
    if has_word {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_from_shell_blocks() {
        let text = "sealbook not-this\n```sh\necho x | sealbook append --json - # sealbook no\nsealbook git --since='2 days ago' --author \"a b\"\n```\n```text\nsealbook nor-this\n```\n";
        let found = lines(text);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].command.join(" "), found[0].options.join(" ")), ("append".into(), "--json".into()));
        assert_eq!((found[1].command.join(" "), found[1].options.join(" ")), ("git".into(), "--since --author".into()));
        assert_eq!(found[1].number, 4);
    }

    #[test]
    fn arguments_are_no_commands() {
        let line = |text: &str| commands(text, 1).remove(0).command.join(" ");
        assert_eq!(line("sealbook show 42"), "show");
        assert_eq!(line("sealbook repo . --sources=git"), "repo");
        assert_eq!(line("sealbook demo tamper"), "demo tamper");
    }

    #[test]
    fn an_option_is_looked_for_as_a_word() {
        assert!(has_option("  -s, --since <WHEN>  see --until", "--since"));
        assert!(!has_option("  --since-seq <N>", "--since"));
    }
}
