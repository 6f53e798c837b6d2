//! One story from a line of code to the call that wrote it.

use serde_json::json;

use crate::fixture::{Place, git, git_at};
use crate::hook::hook;

/// An agent changes a file, with its hook before and after.
fn agent_writes(place: &Place, id: &str, content: &str) {
    let event = |name: &str| {
        json!({"hook_event_name": name, "session_id": "s-42", "cwd": place.project(), "tool_name": "Write", "tool_use_id": id,
            "tool_input": {"file_path": place.project().join("main.py"), "content": content},
            "tool_response": {"success": true}})
        .to_string()
    };
    assert_eq!(hook(place, "claude-code", &event("PreToolUse")).code, 0);
    place.write("main.py", content);
    assert_eq!(hook(place, "claude-code", &event("PostToolUse")).code, 0);
}

fn commit(place: &Place, message: &str) {
    git(&place.project(), &["add", "main.py"]);
    // Later than the calls of this test, whenever it runs.
    git_at(&place.project(), &["commit", "--quiet", "--message", message], "2090-01-01T00:00:00Z");
}

#[test]
fn half_of_a_file_is_an_agents() {
    let place = Place::new();
    git(&place.project(), &["init", "--quiet", "--initial-branch=main"]);
    place.write("main.py", "import sys\n");
    commit(&place, "By hand");
    agent_writes(&place, "u1", "import sys\nprint(1)\nprint(2)\n");
    // A person writes between two calls of the agent.
    place.write("main.py", "import sys\nprint(1)\nprint(2)\n# mine\n");
    agent_writes(&place, "u2", "import sys\nprint(1)\nprint(3)\n# mine\n");
    commit(&place, "Together");
    agent_writes(&place, "u3", "import sys\nprint(1)\nprint(3)\n# mine\nprint(4)\n");

    let told = place.json(["blame", "main.py"]);
    let runs: Vec<_> = told["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| (run["line"].as_u64().unwrap(), run["writer"].as_str().unwrap().to_owned(), run["commit"].is_null()))
        .collect();
    let expected =
        [(1, "unrecorded", false), (2, "call", false), (3, "call", false), (4, "unrecorded", false), (5, "call", true)];
    assert_eq!(runs, expected.map(|(line, writer, open)| (line, writer.to_owned(), open)));
    assert_ne!(told["runs"][1]["seq"], told["runs"][2]["seq"], "two calls");
    let call = &told["calls"][told["runs"][2]["seq"].to_string()];
    assert_eq!((&call["actor"], &call["on_behalf_of"]), (&json!("claude-code"), &json!("ann")));
    assert_eq!((&call["session"], &call["tool"]), (&json!("s-42"), &json!("Write")));
    // The record that is named tells the call.
    let shown = place.json(["show", &told["runs"][2]["seq"].to_string()]);
    assert_eq!(shown["record"]["action"], "file.write");

    let text = place.ok(["blame", "main.py"]);
    assert!(text.contains("by recorded calls  3 of 5") && text.contains("not committed"), "{text}");
    // It works from anywhere in the project, and nothing was sealed by asking.
    std::fs::create_dir(place.project().join("src")).unwrap();
    let mut command = place.command(["blame", "../main.py", "--format", "json"]);
    let elsewhere = crate::fixture::end(command.current_dir(place.project().join("src")), b"");
    assert_eq!(elsewhere.code, 0, "{elsewhere:?}");
    assert_eq!(place.json(["query", "--action", "blame*"])["records"].as_array().unwrap().len(), 0);
}

#[test]
fn what_cannot_be_blamed_is_said() {
    let place = Place::new();
    let outside = place.run(["blame", "main.py"]);
    assert_eq!(outside.code, 2, "{outside:?}");
    git(&place.project(), &["init", "--quiet", "--initial-branch=main"]);
    let missing = place.run(["blame", "main.py"]);
    assert!(missing.code == 2 && missing.err.contains("main.py"), "{missing:?}");
    let elsewhere = place.run(["blame", "/etc/passwd"]);
    assert_eq!(elsewhere.code, 2, "{elsewhere:?}");
}
