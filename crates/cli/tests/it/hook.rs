//! The hook as an agent starts it, and its way into an agent's settings.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::fixture::{Ended, Place, end};

pub(crate) const AGENTS: [&str; 4] = ["claude-code", "codex", "gemini", "cursor"];

/// A shell's call that is about to happen, as the agent tells it.
pub(crate) fn before(agent: &str, cwd: &std::path::Path, command: &str) -> String {
    let (event, tool) = match agent {
        "gemini" => ("BeforeTool", "run_shell_command"),
        "cursor" => ("preToolUse", "Shell"),
        _ => ("PreToolUse", "Bash"),
    };
    json!({"hook_event_name": event, "session_id": "s1", "conversation_id": "s1", "cwd": cwd, "tool_name": tool,
        "tool_use_id": "u1", "tool_input": {"command": command}})
    .to_string()
}

/// Something that no agent can take back.
fn stop(agent: &str) -> &'static str {
    match agent {
        "gemini" => r#"{"hook_event_name":"AfterAgent","session_id":"s1"}"#,
        "cursor" => r#"{"hook_event_name":"stop","conversation_id":"s1"}"#,
        _ => r#"{"hook_event_name":"Stop","session_id":"s1"}"#,
    }
}

pub(crate) fn hook(place: &Place, agent: &str, input: &str) -> Ended {
    end(place.command(["hook", agent]).env("HOME", place.beside("user")), input.as_bytes())
}

fn is_refused(ended: &Ended, why: &str) {
    assert!(ended.code == 2 && ended.out.is_empty() && ended.err.contains(why), "{ended:?}");
}

#[test]
fn a_call_is_sealed_before_the_agent_is_answered() {
    for agent in AGENTS {
        let place = Place::new();
        let ended = hook(&place, agent, &before(agent, &place.project(), "ls"));
        assert!(ended.code == 0 && ended.err.is_empty(), "{agent}: {ended:?}");
        assert!(!ended.out.contains("deny"), "{agent}: {ended:?}");
        let record = &place.json(["show", "1"])["record"];
        assert_eq!((&record["phase"], &record["action"]), (&json!("intent"), &json!("command.run")), "{agent}");
        assert_eq!((&record["actor"]["id"], &record["actor"]["on_behalf_of"]), (&json!(agent), &json!("ann")));
        assert_eq!((&record["session"], &record["project"]), (&json!("s1"), &json!("shop")));
        assert_eq!(place.run(["gaps"]).code, 1, "it has not ended yet");
        place.ok(["verify"]);
    }
}

#[test]
fn an_agent_is_kept_off_the_book_and_its_commands() {
    for agent in AGENTS {
        let place = Place::new();
        for command in ["sealbook approve 0191e3a2-7c1d-7f00-8000-3f6c1a2b9d10", "rm -rf ~/.local/state/sealbook/books"]
        {
            let ended = hook(&place, agent, &before(agent, &place.project(), command));
            let answer: Value = serde_json::from_str(&ended.out).unwrap();
            assert!(ended.code == 0 && answer.to_string().contains("\"deny\""), "{agent}: {ended:?}");
        }
        let blocked = place.json(["query", "--outcome", "blocked"]);
        assert_eq!(blocked["records"].as_array().unwrap().len(), 2, "{agent}: refused, and on record");
    }
}

#[test]
fn what_fails_refuses_in_each_agents_contract() {
    for agent in AGENTS {
        let place = Place::new();
        is_refused(&hook(&place, agent, ""), "hook_input_invalid");
        is_refused(&hook(&place, agent, "{\"hook_event_name\":\"PreToolUse\",\"sk-live"), "hook_input_invalid");
        // The book is gone: the project remembers it.
        std::fs::remove_dir_all(place.home().join("books")).unwrap();
        is_refused(&hook(&place, agent, &before(agent, &place.project(), "ls")), "book_gone");
        // An agent that may not stop never ends: it is told, and not refused.
        let ended = hook(&place, agent, stop(agent));
        assert!(ended.code == 1 && ended.out.is_empty() && ended.err.contains("book_gone"), "{agent}: {ended:?}");
    }
}

#[test]
fn nobody_waits_longer_than_the_deadline() {
    for agent in AGENTS {
        let place = Place::new();
        let mut command = place.command(["hook", agent, "--deadline-ms", "100"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Half of an event, and the rest never comes.
        let mut input = child.stdin.take().unwrap();
        input.write_all(b"{\"hook_event_name\":").unwrap();
        let output = child.wait_with_output().unwrap();
        drop(input);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && error.contains("deadline"), "{agent}: {error}");
    }
}

#[test]
fn many_at_once_are_all_on_record() {
    let place = Place::new();
    let input = before("claude-code", &place.project(), "ls");
    let start = || {
        let mut command = place.command(["hook", "claude-code"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child
    };
    let all: Vec<_> = (0..8).map(|_| start()).collect();
    for child in all {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    assert_eq!(place.json(["query", "--phase", "intent"])["records"].as_array().unwrap().len(), 8);
    place.ok(["verify"]);
}

#[test]
fn the_directory_of_the_event_says_which_project() {
    let place = Place::new();
    let mut command = place.command(["hook", "claude-code"]);
    command.current_dir("/");
    let ended = end(&mut command, before("claude-code", &place.project(), "ls").as_bytes());
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(place.json(["tail", "-n", "1"])["records"][0]["record"]["project"], "shop");
}

fn install(place: &Place, agent: &str, more: &[&str]) -> Ended {
    let mut command = place.command(["hook", agent].iter().chain(more));
    end(command.env("HOME", place.beside("user")), b"")
}

fn settings_of(place: &Place, agent: &str) -> std::path::PathBuf {
    place.beside("user").join(match agent {
        "claude-code" => ".claude/settings.json",
        "codex" => ".codex/hooks.json",
        "gemini" => ".gemini/settings.json",
        _ => ".cursor/hooks.json",
    })
}

#[test]
fn install_and_undo_restore_the_file_byte_for_byte() {
    let own = [
        None,
        Some(""),
        Some("{}"),
        Some("{\n\t\"theme\" : \"dark\",\r\n \"hooks\":{ \"Stop\" :[ { \"hooks\": [] } ] , \"stop\":[]}}\n\n"),
        Some("{\"version\":1,\"n\":1e400,\"hooks\":{\"preToolUse\":[{\"command\":\"./x.sh\"}],\"PreToolUse\":[]}}"),
    ];
    for agent in AGENTS {
        for original in own {
            let place = Place::new();
            let path = settings_of(&place, agent);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            if let Some(original) = original {
                std::fs::write(&path, original).unwrap();
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
            }
            let read = || std::fs::read_to_string(&path).ok();
            let shown = install(&place, agent, &["--install"]);
            assert!(
                shown.code == 0 && shown.out.contains("\n+") && shown.err.contains("nothing was written"),
                "{shown:?}"
            );
            assert_eq!(read().as_deref(), original, "{agent}: only shown");
            assert_eq!(install(&place, agent, &["--install", "--yes"]).code, 0);
            let installed: Value = serde_json::from_str(&read().unwrap().replace("1e400", "1")).unwrap();
            let event = if agent == "gemini" { "BeforeTool" } else { "PreToolUse" };
            let event = if agent == "cursor" { "preToolUse" } else { event };
            assert!(installed["hooks"][event].to_string().contains(&format!("hook {agent}")), "{installed}");
            let again = install(&place, agent, &["--install", "--yes"]);
            assert!(again.code == 0 && again.err.contains("already"), "{again:?}");
            assert_eq!(install(&place, agent, &["--undo"]).code, 0);
            assert_ne!(read().as_deref(), original, "{agent}: only shown");
            assert_eq!(install(&place, agent, &["--undo", "--yes"]).code, 0);
            assert_eq!(read().as_deref(), original, "{agent}");
            if original.is_some() {
                assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o640);
            }
            let left = std::fs::read_dir(path.parent().unwrap()).unwrap().count();
            assert_eq!(left, usize::from(original.is_some()), "{agent}: nothing is left behind");
        }
    }
}

#[test]
fn what_was_changed_since_is_left_alone() {
    let place = Place::new();
    let path = settings_of(&place, "claude-code");
    assert_eq!(install(&place, "claude-code", &["--undo", "--yes"]).code, 2, "nothing to undo");
    assert_eq!(install(&place, "claude-code", &["--install", "--yes"]).code, 0);
    let changed = std::fs::read_to_string(&path).unwrap() + "\n";
    std::fs::write(&path, &changed).unwrap();
    let ended = install(&place, "claude-code", &["--undo", "--yes"]);
    assert!(ended.code == 2 && ended.err.contains("changed since"), "{ended:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), changed);

    let place = Place::new();
    place.write(".claude/settings.json", "// mine\n{}");
    let ended = install(&place, "claude-code", &["--install", "--yes", "--project"]);
    assert!(ended.code == 2 && ended.err.contains("hook_settings_invalid"), "{ended:?}");
    assert_eq!(std::fs::read_to_string(place.project().join(".claude/settings.json")).unwrap(), "// mine\n{}");
}

#[test]
fn what_is_installed_is_what_the_agent_can_run() {
    let place = Place::new();
    place.ok(["--book", "it's mine/x", "init", "--quiet"]);
    let ended = install(&place, "claude-code", &["--install", "--yes", "--project", "--book", "it's mine/x"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let settings = std::fs::read_to_string(place.project().join(".claude/settings.json")).unwrap();
    let settings: Value = serde_json::from_str(&settings).unwrap();
    let command = settings["hooks"]["PreToolUse"][0]["hooks"][0]["command"].as_str().unwrap();
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", command]).env_clear().env("SEALBOOK_HOME", place.home()).current_dir(place.project());
    let ended = end(&mut shell, before("claude-code", &place.project(), "ls").as_bytes());
    assert_eq!((ended.code, &*ended.out, &*ended.err), (0, "", ""), "{command}");
    assert!(place.project().join("it's mine/x").is_dir());
}

#[test]
fn rules_and_stops_of_the_book_hold_for_the_next_call() {
    let place = Place::new();
    place.make_approver();
    place.write(
        "rules.yaml",
        "- {id: ask-push, name: A person pushes, effect: ask, when: {field: input.command, matches: 'git push'}}\n",
    );
    let push = before("claude-code", &place.project(), "git push");
    assert_eq!(hook(&place, "claude-code", &push).out, "");
    place.approved(&["rules", "add", "rules.yaml", "--reason", "agreed"]);
    let asked = hook(&place, "claude-code", &push);
    assert!(asked.code == 0 && asked.out.contains("\"permissionDecision\":\"ask\""), "{asked:?}");
    let refused = hook(&place, "codex", &before("codex", &place.project(), "git push"));
    assert!(
        refused.out.contains("\"permissionDecision\":\"deny\"") && refused.out.contains("sealbook approve"),
        "{refused:?}"
    );

    place.ok(["stop", "--session", "s1", "--reason", "looks odd"]);
    for agent in AGENTS {
        let stopped = hook(&place, agent, &before(agent, &place.project(), "ls"));
        assert!(
            stopped.code == 0 && stopped.out.contains("\"deny\"") && stopped.out.contains("Stopped"),
            "{agent}: {stopped:?}"
        );
    }
    place.ok(["verify"]);
}
