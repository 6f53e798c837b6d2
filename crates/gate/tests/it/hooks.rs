//! Hooks of agents: events in the shapes that the agents publish, judged, sealed and answered.

use std::path::Path;
use std::sync::Arc;

use sealbook_gate::hooks::{Agent, Answer, Event, Setting, respond};
use sealbook_gate::{Gate, GateOptions};
use sealbook_policy::{Rule, RuleSet, StopKind, StopScope};
use sealbook_record::{ActorKind, Category, Classification, Outcome, PartName, Phase, Record, Severity};
use sealbook_store::Stored;
use serde_json::{Value, json};

use crate::fixture::Book;

const RULES: &str = r#"
rules:
  - id: no-rm
    name: Nothing is removed
    effect: block
    when: {field: ["input.**.command", "input.**.prompt", "input.**.file_path", "input.**.task"], matches: 'rm -rf|forbidden'}
  - id: ask-deploy
    name: A person deploys
    effect: ask
    when: {field: ["input.**.command", "input.**.file_path"], matches: 'deploy'}
"#;

fn gate(book: &Book) -> Gate {
    let rules = RuleSet::compile(Rule::from_yaml(RULES).unwrap()).unwrap();
    Gate::new(Arc::clone(&book.ledger), Book::policy().with_rules(Arc::new(rules)), GateOptions::default()).unwrap()
}

fn setting() -> Setting {
    Setting {
        on_behalf_of: "ann".into(),
        verified: Some("uid:7".into()),
        project: Some("shop".into()),
        classification: Classification::Internal,
    }
}

/// What an agent sends: what it sends with every event, and what belongs to this one.
#[expect(clippy::needless_pass_by_value, reason = "it is written where it is called")]
fn event(agent: Agent, name: &str, own: Value) -> Event {
    let mut all = match agent {
        Agent::ClaudeCode => {
            json!({"session_id": "s1", "transcript_path": "/t.jsonl", "cwd": "/work", "permission_mode": "default", "prompt_id": "p1"})
        }
        Agent::Codex => {
            json!({"session_id": "s1", "turn_id": "t1", "transcript_path": null, "cwd": "/work", "model": "gpt", "permission_mode": "default"})
        }
        Agent::Gemini => {
            json!({"session_id": "s1", "transcript_path": "/t.json", "cwd": "/work", "timestamp": "2026-11-21T10:00:00.000Z"})
        }
        Agent::Cursor => {
            json!({"conversation_id": "s1", "generation_id": "g1", "model": "m", "cursor_version": "2.6", "workspace_roots": ["/work"], "user_email": null, "transcript_path": null})
        }
    };
    all["hook_event_name"] = name.into();
    for (field, value) in own.as_object().unwrap() {
        all[field] = value.clone();
    }
    Event::parse(agent, all.to_string().as_bytes()).unwrap()
}

fn told(gate: &Gate, event: &Event) -> Answer {
    respond(gate, event, &setting()).unwrap()
}

/// What stands on standard output, where the exit code says that it counts.
fn said(answer: &Answer) -> Value {
    assert_eq!((answer.code, &*answer.stderr), (0, ""));
    if answer.stdout.is_empty() { Value::Null } else { serde_json::from_str(&answer.stdout).unwrap() }
}

/// What was sealed last, but for what follows from it.
fn last(book: &Book) -> Record {
    let mut records = book.records().into_iter().filter_map(|stored| stored.record);
    records.rfind(|record| !record.action.starts_with("alert.")).unwrap()
}

/// The call of a shell, about to happen and done, as each agent tells it.
fn shell(agent: Agent, command: &str) -> (Event, Event) {
    let call = |id: bool| {
        let mut call = json!({"tool_name": "Bash", "tool_input": {"command": command, "n": 0.10}});
        if id {
            call["tool_use_id"] = "toolu_1".into();
        }
        call
    };
    let with = |mut call: Value, name: &str, value: Value| {
        call[name] = value;
        call
    };
    match agent {
        Agent::ClaudeCode | Agent::Codex => (
            event(agent, "PreToolUse", call(true)),
            event(agent, "PostToolUse", with(call(true), "tool_response", json!({"stdout": "done", "stderr": ""}))),
        ),
        Agent::Gemini => {
            let call = with(call(false), "tool_name", "run_shell_command".into());
            let done = with(call.clone(), "tool_response", json!({"llmContent": "done", "returnDisplay": "done"}));
            (event(agent, "BeforeTool", call), event(agent, "AfterTool", done))
        }
        Agent::Cursor => {
            let call = with(call(true), "tool_name", "Shell".into());
            let done = with(call.clone(), "tool_output", "{\"output\":\"done\",\"exitCode\":0}".into());
            (event(agent, "preToolUse", call), event(agent, "postToolUse", with(done, "duration", json!(5.5))))
        }
    }
}

#[test]
fn a_call_is_an_intent_and_an_outcome_that_belong_together() {
    for agent in Agent::ALL {
        let book = Book::new();
        let gate = gate(&book);
        let (before, after) = shell(*agent, "cargo test");
        let passes = if *agent == Agent::Cursor { json!({"permission": "allow"}) } else { Value::Null };
        let passes = if *agent == Agent::Gemini { json!({}) } else { passes };
        assert_eq!(said(&told(&gate, &before)), passes, "{agent}: nothing is granted that it would ask its user for");
        let open = book.told().open_intents;
        assert_eq!(open.len(), 1, "{agent}: sealed before it was answered");
        told(&gate, &after);
        assert!(book.told().is_complete(), "{agent}: {:?}", book.told());
        let records: Vec<Record> = book.records().into_iter().filter_map(|stored| stored.record).collect();
        let [intent, outcome] = &records[..] else { panic!("{agent}: {:?}", book.story()) };
        assert_eq!((intent.phase, outcome.phase), (Phase::Intent, Phase::Outcome));
        assert!(intent.operation.is_some() && intent.operation == outcome.operation);
        assert_eq!((&*intent.action, intent.category), ("command.run", Category::CodeExecution));
        assert_eq!((outcome.outcome, intent.session.as_deref()), (Some(Outcome::Ok), Some("s1")));
        assert_eq!((intent.actor.kind, &*intent.actor.id), (ActorKind::Agent, agent.as_str()));
        assert_eq!(intent.actor.on_behalf_of.as_deref(), Some("ann"));
        assert_eq!(intent.actor.verified.as_deref(), Some("uid:7"));
        assert_eq!(intent.source, format!("hook/{agent}"));
        let input = intent.part(PartName::Input).unwrap().get();
        assert!(input.contains("cargo test"), "{input}");
        assert!(outcome.part(PartName::Result).unwrap().get().contains("done"));
        assert!(intent.part(PartName::Context).unwrap().get().contains("/work"));
    }
}

#[test]
fn what_a_rule_blocks_is_refused_in_each_agents_words() {
    for agent in Agent::ALL {
        let book = Book::new();
        let gate = gate(&book);
        let (before, _) = shell(*agent, "rm -rf /tmp/sk-live-secret");
        let answer = said(&told(&gate, &before));
        let reason = match agent {
            Agent::ClaudeCode | Agent::Codex => {
                let specific = &answer["hookSpecificOutput"];
                assert_eq!(
                    (&specific["hookEventName"], &specific["permissionDecision"]),
                    (&json!("PreToolUse"), &json!("deny"))
                );
                &specific["permissionDecisionReason"]
            }
            Agent::Gemini => {
                assert_eq!(answer["decision"], "deny");
                &answer["reason"]
            }
            Agent::Cursor => {
                assert_eq!(
                    (&answer["permission"], &answer["user_message"]),
                    (&json!("deny"), &answer["agent_message"])
                );
                &answer["agent_message"]
            }
        };
        let reason = reason.as_str().unwrap();
        assert!(reason.contains("Nothing is removed") && !reason.contains("sk-live"), "{reason}");
        let record = last(&book);
        assert_eq!((record.phase, record.outcome), (Phase::Event, Some(Outcome::Blocked)), "{agent}");
    }
}

#[test]
fn ask_asks_where_the_agent_can_and_refuses_where_it_cannot() {
    for agent in Agent::ALL {
        let book = Book::new();
        let gate = gate(&book);
        let (before, after) = shell(*agent, "deploy shop");
        let answer = said(&told(&gate, &before));
        match agent {
            Agent::ClaudeCode => {
                assert_eq!(answer["hookSpecificOutput"]["permissionDecision"], "ask", "{answer}");
                let intent = last(&book);
                assert_eq!((intent.phase, &*intent.tags), (Phase::Intent, &["asked".to_owned()][..]));
                told(&gate, &after);
                assert!(book.told().is_complete(), "the user has agreed");
            }
            Agent::Codex => assert_eq!(answer["hookSpecificOutput"]["permissionDecision"], "deny", "{answer}"),
            Agent::Gemini => assert_eq!(answer["decision"], "deny", "{answer}"),
            Agent::Cursor => assert_eq!(answer["permission"], "deny", "{answer}"),
        }
        if *agent != Agent::ClaudeCode {
            assert!(answer.to_string().contains("sealbook approve"), "a person is told how: {answer}");
            assert!(!book.story().iter().any(|told| told.contains("intent")), "{:?}", book.story());
        }
    }
    // Where Cursor asks, it is asked.
    let book = Book::new();
    let shell =
        event(Agent::Cursor, "beforeShellExecution", json!({"command": "deploy", "cwd": "/work", "sandbox": false}));
    assert_eq!(said(&told(&gate(&book), &shell))["permission"], "ask");
}

/// Every event that an agent publishes beside its tools, with the fields it has.
fn others() -> Vec<(Agent, &'static str, Value)> {
    use Agent::{ClaudeCode, Codex, Cursor, Gemini};
    vec![
        (ClaudeCode, "SessionStart", json!({"source": "startup", "model": "opus"})),
        (ClaudeCode, "Setup", json!({"trigger": "init"})),
        (ClaudeCode, "UserPromptSubmit", json!({"prompt": "Write a test"})),
        (ClaudeCode, "UserPromptExpansion", json!({"command_name": "review", "prompt": "/review"})),
        (
            ClaudeCode,
            "PermissionRequest",
            json!({"tool_name": "Bash", "tool_input": {"command": "ls"}, "permission_suggestions": []}),
        ),
        (
            ClaudeCode,
            "PermissionDenied",
            json!({"tool_name": "Bash", "tool_input": {"command": "ls"}, "tool_use_id": "u9", "reason": "auto"}),
        ),
        (ClaudeCode, "PostToolBatch", json!({"tool_calls": []})),
        (ClaudeCode, "Notification", json!({"message": "waiting", "notification_type": "idle_prompt"})),
        (ClaudeCode, "SubagentStart", json!({"agent_id": "a1", "agent_type": "Explore"})),
        (ClaudeCode, "SubagentStop", json!({"agent_id": "a1", "agent_type": "Explore", "stop_hook_active": false})),
        (ClaudeCode, "TaskCreated", json!({"task_id": "1", "task_subject": "x"})),
        (ClaudeCode, "TaskCompleted", json!({"task_id": "1", "task_subject": "x"})),
        (ClaudeCode, "Stop", json!({"stop_hook_active": true, "last_assistant_message": "done"})),
        (ClaudeCode, "StopFailure", json!({"error": "rate_limit"})),
        (ClaudeCode, "TeammateIdle", json!({"teammate_name": "r", "team_name": "t"})),
        (
            ClaudeCode,
            "InstructionsLoaded",
            json!({"file_path": "/w/CLAUDE.md", "memory_type": "Project", "load_reason": "session_start"}),
        ),
        (ClaudeCode, "ConfigChange", json!({"source": "user_settings", "file_path": "/h/settings.json"})),
        (ClaudeCode, "CwdChanged", json!({"old_cwd": "/a", "new_cwd": "/b"})),
        (ClaudeCode, "FileChanged", json!({"file_path": "/w/.envrc", "event": "change"})),
        (ClaudeCode, "WorktreeCreate", json!({"name": "w"})),
        (ClaudeCode, "WorktreeRemove", json!({"worktree_path": "/w"})),
        (ClaudeCode, "PreCompact", json!({"trigger": "auto", "custom_instructions": ""})),
        (ClaudeCode, "PostCompact", json!({"trigger": "auto", "compact_summary": ""})),
        (ClaudeCode, "Elicitation", json!({"mcp_server_name": "m", "message": "who?"})),
        (ClaudeCode, "ElicitationResult", json!({"mcp_server_name": "m", "action": "accept"})),
        (ClaudeCode, "SessionEnd", json!({"reason": "other"})),
        (ClaudeCode, "AnEventOfTomorrow", json!({"field": 1e3})),
        (Codex, "SessionStart", json!({"source": "startup"})),
        (Codex, "UserPromptSubmit", json!({"prompt": "Write a test"})),
        (Codex, "PermissionRequest", json!({"tool_name": "Bash", "tool_input": {"command": "ls"}})),
        (Codex, "PreCompact", json!({"trigger": "auto"})),
        (Codex, "PostCompact", json!({"trigger": "auto"})),
        (Codex, "SubagentStart", json!({"agent_id": "a", "agent_type": "worker"})),
        (Codex, "SubagentStop", json!({"agent_id": "a", "agent_type": "worker"})),
        (Codex, "Stop", json!({"stop_hook_active": false, "last_assistant_message": null})),
        (Gemini, "SessionStart", json!({"source": "startup"})),
        (Gemini, "SessionEnd", json!({"reason": "exit"})),
        (Gemini, "BeforeAgent", json!({"prompt": "Write a test"})),
        (Gemini, "AfterAgent", json!({"prompt": "p", "prompt_response": "r", "stop_hook_active": false})),
        (Gemini, "BeforeModel", json!({"llm_request": {"model": "m", "messages": []}})),
        (Gemini, "BeforeToolSelection", json!({"llm_request": {"model": "m", "messages": []}})),
        (Gemini, "AfterModel", json!({"llm_request": {}, "llm_response": {}})),
        (Gemini, "Notification", json!({"notification_type": "ToolPermission", "message": "m", "details": {}})),
        (Gemini, "PreCompress", json!({"trigger": "auto"})),
        (Cursor, "sessionStart", json!({"session_id": "s1", "is_background_agent": false, "composer_mode": "agent"})),
        (Cursor, "sessionEnd", json!({"session_id": "s1", "reason": "completed", "duration_ms": 45000})),
        (Cursor, "beforeSubmitPrompt", json!({"prompt": "Write a test", "attachments": []})),
        (Cursor, "beforeReadFile", json!({"file_path": "/w/a.rs", "content": "the whole file", "attachments": []})),
        (Cursor, "beforeTabFileRead", json!({"file_path": "/w/a.rs", "content": "the whole file"})),
        (Cursor, "afterFileEdit", json!({"file_path": "/w/a.rs", "edits": [{"old_string": "a", "new_string": "b"}]})),
        (
            Cursor,
            "afterTabFileEdit",
            json!({"file_path": "/w/a.rs", "edits": [{"old_string": "a", "new_string": "b", "range": {}}]}),
        ),
        (Cursor, "afterAgentResponse", json!({"text": "done"})),
        (Cursor, "afterAgentThought", json!({"text": "hm", "duration_ms": 5000})),
        (
            Cursor,
            "subagentStart",
            json!({"subagent_id": "a", "subagent_type": "explore", "task": "look", "tool_call_id": "t"}),
        ),
        (Cursor, "subagentStop", json!({"subagent_type": "explore", "status": "completed", "task": "look"})),
        (Cursor, "preCompact", json!({"trigger": "auto", "context_usage_percent": 85})),
        (Cursor, "stop", json!({"status": "completed", "loop_count": 0})),
        (Cursor, "workspaceOpen", json!({})),
    ]
}

#[test]
fn every_event_is_sealed_and_stops_nothing() {
    for (agent, name, own) in others() {
        let book = Book::new();
        let gate = gate(&book);
        let given = event(agent, name, own);
        let answer = said(&told(&gate, &given));
        let fine = match (agent, name) {
            (Agent::ClaudeCode | Agent::Codex, _) => Value::Null,
            (Agent::Cursor, "beforeSubmitPrompt") => json!({"continue": true}),
            (Agent::Cursor, "beforeReadFile" | "beforeTabFileRead" | "subagentStart") => json!({"permission": "allow"}),
            _ => json!({}),
        };
        assert_eq!(answer, fine, "{agent} {name}");
        let record = last(&book);
        assert_eq!(record.session.as_deref(), Some("s1"), "{agent} {name}");
        assert!(record.source.ends_with(agent.as_str()), "{agent} {name}");
        let stored = serde_json::to_string(&record.part(PartName::Input).map(|part| part.get().to_owned())).unwrap();
        assert!(!stored.contains("the whole file"), "what is read is not copied into the book: {stored}");
        let is_typed =
            matches!(name, "UserPromptSubmit" | "UserPromptExpansion" | "BeforeAgent" | "beforeSubmitPrompt");
        assert_eq!(record.actor.kind, if is_typed { ActorKind::User } else { ActorKind::Agent }, "{agent} {name}");
    }
}

#[test]
fn what_is_no_call_is_refused_in_its_own_words() {
    for (agent, name, own, refused) in [
        (Agent::ClaudeCode, "UserPromptSubmit", json!({"prompt": "forbidden"}), json!({"decision": "block"})),
        (Agent::Codex, "UserPromptSubmit", json!({"prompt": "forbidden"}), json!({"decision": "block"})),
        (Agent::Gemini, "BeforeAgent", json!({"prompt": "forbidden"}), json!({"decision": "deny"})),
        (Agent::Cursor, "beforeSubmitPrompt", json!({"prompt": "forbidden"}), json!({"continue": false})),
        (
            Agent::Cursor,
            "beforeReadFile",
            json!({"file_path": "/forbidden", "content": "x"}),
            json!({"permission": "deny"}),
        ),
        (
            Agent::Cursor,
            "beforeTabFileRead",
            json!({"file_path": "/forbidden", "content": "x"}),
            json!({"permission": "deny"}),
        ),
        (
            Agent::Cursor,
            "subagentStart",
            json!({"subagent_type": "x", "task": "forbidden"}),
            json!({"permission": "deny"}),
        ),
        (
            Agent::Cursor,
            "beforeMCPExecution",
            json!({"tool_name": "run", "tool_input": "{\"command\":\"forbidden\"}"}),
            json!({"permission": "deny"}),
        ),
    ] {
        let book = Book::new();
        let answer = said(&told(&gate(&book), &event(agent, name, own)));
        for (field, value) in refused.as_object().unwrap() {
            assert_eq!(&answer[field], value, "{agent} {name}: {answer}");
        }
        assert!(answer.to_string().contains("Nothing is removed"), "{answer}");
        assert_eq!(last(&book).outcome, Some(Outcome::Blocked));
    }
    let request = json!({"tool_name": "Bash", "tool_input": {"command": "rm -rf /"}});
    let answer = said(&told(&gate(&Book::new()), &event(Agent::ClaudeCode, "PermissionRequest", request)));
    let decision = &answer["hookSpecificOutput"]["decision"];
    assert_eq!(
        (&decision["behavior"], &answer["hookSpecificOutput"]["hookEventName"]),
        (&json!("deny"), &json!("PermissionRequest"))
    );
}

#[test]
fn how_a_call_failed_is_told() {
    for (agent, name, own, outcome) in [
        (
            Agent::ClaudeCode,
            "PostToolUseFailure",
            json!({"tool_name": "Bash", "tool_input": {}, "tool_use_id": "u", "error": "exit 1"}),
            Outcome::Failed,
        ),
        (
            Agent::ClaudeCode,
            "PostToolUseFailure",
            json!({"tool_name": "Bash", "tool_input": {}, "tool_use_id": "u", "error": "x", "is_interrupt": true}),
            Outcome::Cancelled,
        ),
        (
            Agent::ClaudeCode,
            "PermissionDenied",
            json!({"tool_name": "Bash", "tool_input": {}, "tool_use_id": "u", "reason": "r"}),
            Outcome::Cancelled,
        ),
        (
            Agent::Codex,
            "PostToolUse",
            json!({"tool_name": "Bash", "tool_input": {}, "tool_use_id": "u", "tool_response": {"exit_code": 2}}),
            Outcome::Failed,
        ),
        (
            Agent::Gemini,
            "AfterTool",
            json!({"tool_name": "read_file", "tool_input": {}, "tool_response": {"error": {"message": "no"}}}),
            Outcome::Failed,
        ),
        (
            Agent::Cursor,
            "postToolUse",
            json!({"tool_name": "Shell", "tool_input": {}, "tool_use_id": "u", "tool_output": "{\"exitCode\":1}"}),
            Outcome::Failed,
        ),
        (
            Agent::Cursor,
            "postToolUseFailure",
            json!({"tool_name": "Shell", "tool_input": {}, "tool_use_id": "u", "error_message": "x", "failure_type": "timeout"}),
            Outcome::Failed,
        ),
        (
            Agent::Cursor,
            "afterMCPExecution",
            json!({"tool_name": "t", "tool_input": "{}", "result_json": "{\"isError\":true}"}),
            Outcome::Failed,
        ),
        (
            Agent::ClaudeCode,
            "PostToolUse",
            json!({"tool_name": "Bash", "tool_input": {}, "tool_use_id": "u", "tool_response": "error: none"}),
            Outcome::Ok,
        ),
    ] {
        let book = Book::new();
        told(&gate(&book), &event(agent, name, own));
        let record = last(&book);
        assert_eq!((record.outcome, record.phase), (Some(outcome), Phase::Outcome), "{agent} {name}");
        let weight = if outcome == Outcome::Ok { Severity::Info } else { Severity::Warning };
        assert_eq!(record.severity, weight, "{agent} {name}: how it ended and how much it weighs are two things");
        let has_error = matches!(name, "PostToolUseFailure" | "postToolUseFailure" | "PermissionDenied");
        assert_eq!(record.part(PartName::Error).is_some(), has_error, "{agent} {name}");
    }
}

#[test]
fn tools_are_known_by_their_whole_names() {
    for (tool, input, action, target) in [
        ("mcp__github__create_issue", json!({}), "tools.call", "github/create_issue"),
        ("Read", json!({"file_path": "/a"}), "file.read", "/a"),
        ("Grep", json!({"pattern": "x"}), "file.search", "Grep"),
        ("WebFetch", json!({"url": "https://x.example"}), "web.fetch", "https://x.example"),
        ("Task", json!({"subagent_type": "e"}), "agent.start", "Task"),
        // Names that hold those of tools are other tools.
        ("profile_reader", json!({"path": "/a"}), "tool.call", "profile_reader"),
        ("Bashful", json!({"command": "x"}), "tool.call", "Bashful"),
        ("mcp__", json!({}), "tool.call", "mcp__"),
    ] {
        let book = Book::new();
        let call = json!({"tool_name": tool, "tool_input": input, "tool_use_id": "u"});
        told(&gate(&book), &event(Agent::ClaudeCode, "PreToolUse", call));
        let record = last(&book);
        assert_eq!((&*record.action, &*record.target.id), (action, target), "{tool}");
    }
}

#[test]
fn an_edit_carries_what_the_file_was_and_what_it_became() {
    let book = Book::new();
    let gate = gate(&book);
    let dir = book.place.join("work");
    std::fs::create_dir(&dir).unwrap();
    let file = dir.join("a.rs");
    std::fs::write(&file, "fn old() {}\n").unwrap();
    let edit = |name: &str, path: &Path| {
        let call = json!({"cwd": dir, "tool_name": "Edit", "tool_use_id": "u", "tool_response": {},
            "tool_input": {"file_path": path, "old_string": "old", "new_string": "new"}});
        event(Agent::ClaudeCode, name, call)
    };
    let part = |part: PartName| -> Value { serde_json::from_str(last(&book).part(part).unwrap().get()).unwrap() };
    told(&gate, &edit("PreToolUse", &file));
    let before = part(PartName::Before);
    assert_eq!((&before["bytes"], &before["content"]), (&json!(12), &json!("fn old() {}\n")));
    // `printf 'fn old() {}\n' | sha256sum`
    assert_eq!(before["sha256"].as_str().unwrap().len(), 64);
    std::fs::write(&file, "fn new() {}\n").unwrap();
    told(&gate, &edit("PostToolUse", Path::new("a.rs")));
    let after = part(PartName::After);
    assert_eq!((&after["path"], &after["content"]), (&json!("a.rs"), &json!("fn new() {}\n")));
    assert_ne!(before["sha256"], after["sha256"]);

    // A file that is not there yet, one that only its owner may read, one elsewhere, one that is none.
    told(&gate, &edit("PreToolUse", &dir.join("new.rs")));
    assert_eq!(part(PartName::Before), json!({"path": dir.join("new.rs")}));
    let private = dir.join("key");
    std::fs::write(&private, "a key of some kind").unwrap();
    std::fs::set_permissions(&private, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    std::fs::write(book.place.join("beside"), "beside the project").unwrap();
    for path in [&private, &book.place.join("beside")] {
        told(&gate, &edit("PreToolUse", path));
        let before = part(PartName::Before);
        assert!(before["sha256"].is_string() && before["content"].is_null(), "{before}");
    }
    told(&gate, &edit("PreToolUse", Path::new("/dev/zero")));
    assert_eq!(part(PartName::Before)["unread"], "not_a_file");

    // Above `internal`, content stays where it is.
    let confidential = Setting { classification: Classification::Confidential, ..setting() };
    respond(&gate, &edit("PreToolUse", &file), &confidential).unwrap();
    let before = part(PartName::Before);
    assert!(before["sha256"].is_string() && before["content"].is_null(), "{before}");

    // A patch names its files itself.
    let patch = "*** Begin Patch\n*** Update File: a.rs\n@@\n-x\n+y\n*** Add File: b.rs\n+z\n*** End Patch";
    let call = json!({"cwd": dir, "tool_name": "apply_patch", "tool_use_id": "p", "tool_input": {"command": patch}});
    told(&gate, &event(Agent::Codex, "PreToolUse", call));
    let before = part(PartName::Before);
    assert_eq!((&before[0]["path"], &before[1]), (&json!("a.rs"), &json!({"path": "b.rs"})));
}

#[test]
fn two_calls_at_once_are_told_apart() {
    let book = Book::new();
    let gate = gate(&book);
    let call = |name: &str, id: &str| {
        let call =
            json!({"tool_name": "Read", "tool_input": {"file_path": "/a"}, "tool_use_id": id, "tool_response": {}});
        event(Agent::ClaudeCode, name, call)
    };
    told(&gate, &call("PreToolUse", "u1"));
    told(&gate, &call("PreToolUse", "u2"));
    told(&gate, &call("PostToolUse", "u2"));
    let open = book.told().open_intents;
    let first = book.records()[0].seq;
    assert_eq!(open.iter().map(|open| open.seq).collect::<Vec<_>>(), [first]);
}

#[test]
fn a_full_disk_refuses_what_can_be_refused() {
    let book = Book::new();
    let gate = gate(&book);
    book.set_full(true);
    for agent in Agent::ALL {
        let (before, after) = shell(*agent, "ls");
        let answer = told(&gate, &before);
        assert!(answer.stdout.contains("deny") && answer.stdout.contains("disk_full"), "{agent}: {answer:?}");
        assert!(respond(&gate, &after, &setting()).is_err());
        assert!(before.can_be_refused() && !after.can_be_refused());
    }
    let prompt = event(Agent::ClaudeCode, "UserPromptSubmit", json!({"prompt": "x"}));
    assert!(respond(&gate, &prompt, &setting()).is_err(), "not on record, not allowed");
    for (refuses, code) in [(true, 2), (false, 1)] {
        let answer = Answer::failed(refuses, "disk_full");
        assert_eq!((answer.code, answer.stderr.is_empty(), &*answer.stdout), (code, false, ""));
    }
}

#[test]
fn hostile_input_is_refused_or_kept_as_it_is() {
    let long = format!("{{\"hook_event_name\":\"{}\"}}", "x".repeat(1000));
    let deep = format!("{{\"hook_event_name\":\"Stop\",\"x\":{}{}}}", "[".repeat(5_000), "]".repeat(5_000));
    let cut = "{\"hook_event_name\":\"PreToolUse\",\"tool_input\":{\"command\":\"sk-live";
    for input in [
        "",
        "null",
        "[]",
        "{}",
        "{\"hook_event_name\":7}",
        "{\"hook_event_name\":\"\"}",
        "{\"hook_event_name\":\"a b\"}",
        cut,
        &long,
    ] {
        let error = Event::parse(Agent::ClaudeCode, input.as_bytes()).unwrap_err();
        assert_eq!(error.code(), "hook_input_invalid");
        assert!(!error.to_string().contains("sk-live"));
    }
    assert!(Event::parse(Agent::ClaudeCode, b"\xff\xfe").is_err());
    assert!(Event::parse(Agent::ClaudeCode, b"\xef\xbb\xbf{\"hook_event_name\":\"Stop\"}\r\n").is_ok());
    // As deep as the reader goes, and no deeper.
    drop(Event::parse(Agent::ClaudeCode, deep.as_bytes()));
    let book = Book::new();
    let gate = gate(&book);
    for own in [
        json!({"tool_name": 7, "tool_input": [], "tool_use_id": {}}),
        json!({"tool_name": "Bash", "tool_input": "not an object"}),
        json!({"tool_name": "Edit", "tool_input": {"file_path": "\u{0}"}}),
        json!({"tool_name": "Edit", "tool_input": {"file_path": "../../../../etc/shadow"}}),
        json!({"tool_name": "Write", "tool_input": {"file_path": "x", "content": "y".repeat(3 << 20)}}),
        json!({"tool_name": "n".repeat(5_000), "tool_input": {}}),
        json!({}),
    ] {
        let given = event(Agent::ClaudeCode, "PreToolUse", own);
        let refused = respond(&gate, &given, &setting());
        // Sealed as an intent, or an error, which refuses.
        assert!(refused.is_err() || book.told().open_intents.len() == 1, "{given:?}");
        if let Some(Stored { record: Some(record), .. }) = book.records().pop().filter(|_| refused.is_ok()) {
            let mut end = record;
            end.id = book.ledger.next_id();
            end.phase = Phase::Outcome;
            end.outcome = Some(Outcome::Ok);
            gate.event(end).unwrap();
        }
    }
    assert!(book.told().is_complete());
}

#[test]
fn secrets_stay_out_of_the_book() {
    let book = Book::new();
    let gate = gate(&book);
    let secret = "AKIAIOSFODNN7EXAMPLE";
    let call = json!({"tool_name": "Bash", "tool_use_id": "u", "tool_input": {"command": format!("curl -H 'x-api-key: {secret}' https://x.example")},
        "tool_response": {"stdout": secret}, "error": secret});
    for name in ["PreToolUse", "PostToolUse", "PostToolUseFailure"] {
        told(&gate, &event(Agent::ClaudeCode, name, call.clone()));
    }
    told(&gate, &event(Agent::ClaudeCode, "UserPromptSubmit", json!({"prompt": format!("use {secret}")})));
    for stored in book.records() {
        assert!(!format!("{:?}", stored.record).contains(secret), "{:?}", stored.record);
    }
}

#[test]
fn a_stop_of_a_tool_holds_in_whichever_words_an_agent_has_for_it() {
    let call = |tool: &str, input: Value| json!({"tool_name": tool, "tool_input": input, "tool_use_id": "u"});
    let read = || call("mcp__files__read_file", json!({"path": "/a"}));
    let gemini = || {
        let context = json!({"server_name": "files", "tool_name": "read_file", "command": "npx"});
        json!({"tool_name": "mcp_files_read_file", "tool_input": {}, "mcp_context": context})
    };
    let (claude, cursor) = ((Agent::ClaudeCode, "PreToolUse"), (Agent::Cursor, "preToolUse"));
    for (stopped, (agent, name), own, is_refused) in [
        ("Bash", claude, call("Bash", json!({"command": "ls"})), true),
        ("claude-code/Bash", claude, call("Bash", json!({"command": "ls"})), true),
        ("claude-code/*", claude, call("Grep", json!({"pattern": "x"})), true),
        ("codex/Bash", claude, call("Bash", json!({"command": "ls"})), false),
        ("exec/Bash", claude, call("Bash", json!({"command": "ls"})), false),
        ("files/Bash", claude, call("Bash", json!({"command": "ls"})), false),
        // A tool that is made for files has a file as its target.
        ("Write", claude, call("Write", json!({"file_path": "/a", "content": "x"})), true),
        ("WebFetch", claude, call("WebFetch", json!({"url": "https://x.example"})), true),
        ("Edit", claude, call("Write", json!({"file_path": "/Edit", "content": "x"})), false),
        ("read_file", claude, read(), true),
        ("files/read_file", claude, read(), true),
        ("files/*", claude, read(), true),
        ("read_*", claude, read(), true),
        ("mcp__files__read_file", claude, read(), true),
        ("mcp__files", claude, read(), true),
        ("claude-code/mcp__files__read_file", claude, read(), true),
        ("other/read_file", claude, read(), false),
        ("files/write_file", claude, read(), false),
        // What an agent cannot have in a name it writes as `_`.
        ("my files/read_file", claude, call("mcp__my_files__read_file", json!({})), true),
        // This agent does not say whose tool it is: it may be that server's.
        ("files/read_file", cursor, call("MCP:read_file", json!({})), true),
        ("files/*", cursor, call("MCP:read_file", json!({})), true),
        ("files/write_file", cursor, call("MCP:read_file", json!({})), false),
        ("files/*", cursor, call("Shell", json!({"command": "ls"})), false),
        ("files/read_file", (Agent::Gemini, "BeforeTool"), gemini(), true),
        ("other/read_file", (Agent::Gemini, "BeforeTool"), gemini(), false),
    ] {
        let book = Book::new();
        crate::closed::stop(&book, &StopScope::named(StopKind::Tool, stopped).unwrap());
        told(&gate(&book), &event(agent, name, own));
        let outcome = last(&book).outcome;
        assert_eq!(outcome == Some(Outcome::Blocked), is_refused, "{stopped}: {agent} {outcome:?}");
    }
}

#[test]
fn an_agent_that_names_the_server_beside_the_tool_is_heard() {
    let book = Book::new();
    let context = json!({"server_name": "files", "tool_name": "read_file", "command": "npx", "args": ["--key=s3cret"]});
    let own = json!({"tool_name": "mcp_files_read_file", "tool_input": {"path": "/a"}, "mcp_context": context});
    told(&gate(&book), &event(Agent::Gemini, "BeforeTool", own));
    let record = last(&book);
    assert_eq!((&*record.action, &*record.target.id), ("tools.call", "files/read_file"));
    assert!(!record.to_json().contains("s3cret"));
}
