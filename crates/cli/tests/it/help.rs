//! What the program says of itself.

use std::fmt::Write;

use crate::fixture::Place;

const COMMANDS: &[&str] = &[
    "init",
    "status",
    "repo",
    "wrap",
    "mcp",
    "git",
    "file",
    "baseline",
    "diff",
    "blame",
    "logs",
    "module",
    "security",
    "suppress",
    "service",
    "quality",
    "watch",
    "schedule",
    "append",
    "hook",
    "exec",
    "import",
    "ingest",
    "export",
    "query",
    "tail",
    "show",
    "mark",
    "activity",
    "health",
    "verify",
    "gaps",
    "prove",
    "head",
    "erase",
    "key",
    "rules",
    "approvals",
    "approve",
    "deny",
    "alerts",
    "stop",
    "resume",
    "undo",
    "operation",
    "retention",
    "compliance",
    "backup",
    "restore",
    "report",
    "review",
    "tool",
    "saga",
    "knowledge",
    "workflow",
    "reindex",
    "demo",
    "completions",
];

#[test]
fn the_short_help_fits_on_a_screen() {
    insta::assert_snapshot!(Place::empty().ok(["-h"]));
}

#[test]
fn every_command_has_a_page_with_examples_and_exit_codes() {
    let place = Place::empty();
    let mut pages = String::new();
    for command in COMMANDS {
        let page = place.ok([command, "--help"]);
        assert!(page.contains("Examples:\n  "), "{command} has no examples");
        assert!(page.contains("Exit codes:"), "{command} does not say its exit codes");
        assert!(page.contains(&format!("sealbook {command}")), "{command}'s examples are another's");
        let (own, _) = page.split_once("Options of every command:").unwrap();
        writeln!(pages, "$ sealbook {command} --help\n{own}").unwrap();
    }
    insta::assert_snapshot!(pages);
}

#[test]
fn no_command_is_forgotten() {
    let help = Place::empty().ok(["-h"]);
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // What is set in further goes on from the line before.
    let listed = listed.filter(|line| !line.starts_with("   "));
    let listed: Vec<&str> = listed.filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(listed, [COMMANDS, &["help"]].concat());
}

#[test]
fn completions_are_written_for_each_shell() {
    let place = Place::empty();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = place.ok(["completions", shell]);
        assert!(script.contains("sealbook") && script.contains("reindex"), "{shell}");
    }
}

#[test]
fn no_book_is_needed_to_ask_for_help() {
    let place = Place::empty();
    let mut command = place.command(["query", "--help"]);
    command.env_clear();
    assert_eq!(crate::fixture::end(&mut command, b"").code, 0);
    assert!(!place.home().exists());
}
