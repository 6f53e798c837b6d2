//! What the guards see of commands that hide what they do, and what they let be beside it.

use sealbook_record::{ActorKind, Target, TargetKind};

use crate::builtin::{call, said};

#[test]
fn commands_that_decide_are_seen_in_quotes_and_behind_other_programs() {
    for input in [
        r#"{"command":"git commit -m $'it\\'s done' && sealbook deny 1"}"#,
        r#"{"command":"git commit -m \"$(cat <<'EOF'\nDon't\nEOF\n)\"; sealbook deny 1"}"#,
        r#"{"command":"echo \"${x%\"${x#?}\"}\"; sealbook deny 1"}"#,
        r#"{"command":"x=${1:-\"${2:-a}\"}; sealbook deny 1"}"#,
        r#"{"command":"((x=1<<3))\nsealbook deny 1"}"#,
        r#"{"command":"for ((i=1<<2;i<9;i++)); do :; done\nsealbook deny 1"}"#,
        r#"{"command":"cat <<EOF\n$(sealbook approve 1)\nEOF"}"#,
        r#"{"command":"cat <<EOF\n`sealbook approve 1`\nEOF"}"#,
        r#"{"command":"echo \"${X:-$(sealbook approve 1)}\""}"#,
        r#"{"command":"sealbook stop --reason --list"}"#,
        r#"{"command":"sealbook -q stop --reason --help"}"#,
        r#"{"command":"function f { sealbook approve 1; }; f"}"#,
        r#"{"command":"coproc N { sealbook approve 1; }"}"#,
        r#"{"command":"env -S\"sealbook approve 1\""}"#,
        r#"{"command":"env --split-string=\"sealbook approve 1\""}"#,
        r#"{"command":"env -vS \"sealbook approve 1\""}"#,
        r#"{"command":"eval \"$(echo 'sealbook approve 1')\""}"#,
        r#"{"command":"bash <(echo sealbook approve 1)"}"#,
        r#"{"command":"ssh h <<'EOF'\nsealbook approve 1\nEOF"}"#,
        r#"{"command":"ssh h bash -s <<'EOF'\nsealbook approve 1\nEOF"}"#,
        r#"{"command":"docker exec -i c sh <<EOF\nsealbook approve 1\nEOF"}"#,
        r#"{"command":"kubectl exec -i pod -- sealbook approve 1"}"#,
        r#"{"command":"docker run --rm img sealbook approve 1"}"#,
        r#"{"command":"sudo -i <<EOF\nsealbook approve 1\nEOF"}"#,
        r#"{"command":"su - <<EOF\nsealbook approve 1\nEOF"}"#,
        r#"{"command":"python3 -uc \"import os; os.system('sealbook approve 1')\""}"#,
        r#"{"command":"python3 -c\"import os; os.system('sealbook approve 1')\""}"#,
        r#"{"command":"perl -we 'system(\"sealbook approve 1\")'"}"#,
        r#"{"command":"node --eval='x(\"sealbook approve 1\")'"}"#,
        r#"{"command":"uv run sealbook approve 1"}"#,
        r#"{"command":"pipx run sealbook approve 1"}"#,
        r#"{"command":"poetry run sealbook approve 1"}"#,
        r#"{"command":"pnpm exec sealbook approve 1"}"#,
        r#"{"command":"npm exec -- sealbook approve 1"}"#,
        r#"{"command":"npx -c 'sealbook approve 1'"}"#,
        r#"{"command":"mise exec node@20 -- sealbook approve 1"}"#,
        r#"{"command":"direnv exec . sealbook approve 1"}"#,
        r#"{"file":"sealbook","args":["approve","1"]}"#,
        r#"{"process":"sealbook","args":["approve","1"]}"#,
        r#"{"steps":["sealbook approve 1"]}"#,
        r#"{"terminal_command":"sealbook approve 1"}"#,
        r#"{"command":"a[1<<2]=5\nsealbook deny 1"}"#,
    ] {
        assert!(said(&call(ActorKind::Agent, input), "guard-commands"), "{input}");
    }
}

#[test]
fn commands_that_only_tell_are_let_be() {
    for input in [
        r#"{"command":"sealbook stop --list"}"#,
        r#"{"command":"sealbook approve --help"}"#,
        r#"{"command":"sealbook rules add -h"}"#,
        r#"{"command":"docker run --name sealbook stop"}"#,
        r#"{"command":"docker compose exec sealbook approve"}"#,
        r#"{"command":"docker run --rm sealbook verify"}"#,
        r#"{"command":"uv run pytest -k approve"}"#,
        r#"{"command":"git commit -m \"$(cat <<'EOF'\n1) Quote \"x\nsealbook approve now works\nEOF\n)\""}"#,
    ] {
        assert!(!said(&call(ActorKind::Agent, input), "guard-commands"), "{input}");
    }
}

#[test]
fn the_book_is_known_by_paths_and_not_by_words_alone() {
    for input in [
        r#"{"absolute_path":"/home/u/.local/share/sealbook/keys/x"}"#,
        r#"{"command":"export SEALBOOK_HOME=/tmp/x"}"#,
        r#"{"command":"ls $SEALBOOK_HOME ; cat ${XDG_DATA_HOME}/sealbook/keys/x"}"#,
        r#"{"command":"ls ~/sealbook/keys /var/lib/sealbook/books"}"#,
    ] {
        assert!(said(&call(ActorKind::Agent, input), "guard-files"), "{input}");
    }
    for input in [
        r#"{"command":"grep -n SEALBOOK_HOME docs/guide.md"}"#,
        r#"{"command":"ls crates/cli/src/sealbook/keys"}"#,
        r#"{"pattern":"SEALBOOK_HOME"}"#,
        r#"{"file_path":"/home/u/work/crates/sealbook/keys/mod.rs"}"#,
        r#"{"url":"https://x.org/sealbook/keys"}"#,
        r#"{"command":"apply_patch <<'E'\n+Set SEALBOOK_HOME first.\nE"}"#,
    ] {
        assert!(!said(&call(ActorKind::Agent, input), "guard-files"), "{input}");
    }
}

#[test]
fn settings_of_hooks_are_changed_in_many_ways() {
    for input in [
        r#"{"command":"cp x .claude/settings.json -f"}"#,
        r#"{"command":"cp --target-directory=.claude x/settings.json"}"#,
        r#"{"command":"cp -t.claude x/settings.json"}"#,
        r#"{"command":"cp -r x/.claude ."}"#,
        r#"{"command":"cp -r x/. .claude"}"#,
        r#"{"command":"xxd -r x .claude/settings.json"}"#,
        r#"{"command":"less -o .claude/settings.json x"}"#,
        r#"{"command":"awk '{print > FILENAME}' .claude/settings.json"}"#,
        r#"{"command":"find .claude -type f -exec sed -i s/x/y/ {} +"}"#,
        r#"{"command":"find .claude -type f | xargs sed -i s/x/y/"}"#,
        r#"{"command":"git rm -r .claude"}"#,
        r#"{"command":"git mv .claude x"}"#,
        r#"{"command":"git restore .claude"}"#,
        r#"{"command":"git checkout HEAD~3 .claude"}"#,
        r#"{"command":"ln -sfn x .claude"}"#,
        r#"{"command":"rsync -a --delete x/ .claude/"}"#,
        r#"{"command":"curl -sLo.claude/settings.json http://x"}"#,
        r#"{"command":"echo {} > .mcp.json"}"#,
        r#"{"command":"rm ~/.claude.json"}"#,
        r#"{"command":"cp x .vscode/mcp.json"}"#,
        r#"{"text":"rm .claude/settings.json\n"}"#,
        r#"{"uri":"file:///w/%2eclaude/settings.json"}"#,
        r#"{"target_file":"/w/.claude/settings.json"}"#,
        r#"{"cwd":"/w/.claude","command":"echo > settings.json"}"#,
        r#"{"workdir":".claude","cmd":"rm settings.json"}"#,
        r#"{"cwd":"/w/.claude","file_path":"settings.json"}"#,
        r#"{"command":"cd .claude 2>/dev/null; rm settings.json"}"#,
    ] {
        assert!(said(&call(ActorKind::Agent, input), "guard-hooks"), "{input}");
    }
}

#[test]
fn settings_of_hooks_are_read_in_many_ways() {
    for input in [
        r#"{"command":"find .claude -type f | xargs grep x"}"#,
        r#"{"command":"find .claude -name '*.json' -exec cat {} +"}"#,
        r#"{"command":"awk 'NR>1' .claude/settings.json"}"#,
        r#"{"command":"less .claude/settings.json"}"#,
        r#"{"command":"git diff .claude"}"#,
        r#"{"command":"cp -r .claude /tmp/backup"}"#,
        r#"{"command":"cat .mcp.json"}"#,
        r#"{"command":"curl -s http://x -o /tmp/x"}"#,
        r#"{"text":"Hooks stand in .claude/settings.json and run first."}"#,
        r#"{"command":"cp notes.md .claude/","cwd":"/w"}"#,
        r#"{"command":"python3 -m json.tool .claude/settings.json"}"#,
        r#"{"command":"[ -f .claude/settings.json ] || echo none"}"#,
        r#"{"command":"[[ -f .claude/settings.json ]] && cat .claude/settings.json"}"#,
    ] {
        assert!(!said(&call(ActorKind::Agent, input), "guard-hooks"), "{input}");
    }
}

#[test]
fn a_tool_that_reads_the_settings_of_hooks_is_let_be() {
    let of = |tool: &str, input: &str| {
        let mut record = call(ActorKind::Agent, input);
        record.target = Target::new(TargetKind::Tool, tool);
        said(&record, "guard-hooks")
    };
    let path = r#"{"path":".claude/settings.json"}"#;
    for tool in ["fs/read_file", "gh/get_file_contents", "fs/read_multiple_files"] {
        assert!(!of(tool, path), "{tool}");
    }
    for tool in ["fs/write_file", "fs/read_or_remove", "fs/read_and_replace", "fs/frob", "fs/getset"] {
        assert!(of(tool, path), "{tool}");
    }
    assert!(of("x/get_output", r#"{"command":"rm .claude/settings.json"}"#));
}

#[test]
fn a_command_that_is_too_much_to_read_is_refused_and_a_text_is_not() {
    let pipes = format!("cat <<E{}\\n{}\\nE\\n", "|a".repeat(100_000), "x".repeat(100_000));
    let braces = format!("{}{}", "x".repeat(800_000), "{a,b}".repeat(12));
    let lines = format!("{}{}\\n", "x".repeat(1_000), "{a,b}".repeat(12)).repeat(600);
    let json = format!("[{}]", "{\\\"a\\\":1,\\\"b\\\":[2,3]},".repeat(2_000).trim_end_matches(','));
    for (name, text) in [("command", &pipes), ("command", &braces), ("cmd", &lines), ("command", &"nice ".repeat(99))] {
        let input = format!(r#"{{"{name}":"sealbook deny 1;{text}"}}"#);
        assert!(said(&call(ActorKind::Agent, &input), "guard-commands"), "{}", &input[..40]);
        let input = format!(r#"{{"{name}":"{text};sealbook deny 1"}}"#);
        assert!(said(&call(ActorKind::Agent, &input), "guard-commands"), "{}", &input[..40]);
    }
    for (name, text) in [("text", &braces), ("content", &pipes), ("content", &lines), ("arguments", &json)] {
        let input = format!(r#"{{"{name}":"{text}"}}"#);
        for rule in ["guard-commands", "guard-hooks"] {
            assert!(!said(&call(ActorKind::Agent, &input), rule), "{rule} {}", &input[..40]);
        }
    }
}
