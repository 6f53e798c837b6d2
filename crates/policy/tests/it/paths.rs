//! What the guards see of paths: of the directories of a book, of what is above them, and of a project's `.sealbook`.

use sealbook_policy::State;
use sealbook_record::{ActorKind, Category, PartName, Record, Target, TargetKind};

use crate::builtin::call;

const PROJECT: &str = "/home/u/work/shop";

/// A call of a tool by an agent that is in its project.
fn of(tool: &str, input: &str) -> Record {
    at(PROJECT, tool, input)
}

fn at(cwd: &str, tool: &str, input: &str) -> Record {
    let mut record = call(ActorKind::Agent, input);
    record.target = Target::new(TargetKind::Tool, tool);
    record.set_part_json(PartName::Context, format!(r#"{{"cwd":"{cwd}"}}"#)).expect("it is JSON");
    record
}

/// A call of an agent's own tool, as a hook records it: the target is the file.
fn own(cwd: &str, tool: &str, path: Option<&str>, input: &str) -> Record {
    let mut record = at(cwd, tool, input);
    record.category = Category::FileRead;
    "file.search".clone_into(&mut record.action);
    record.target = path.map_or(Target::new(TargetKind::Tool, tool), |path| Target::new(TargetKind::File, path));
    record.set_part_json(PartName::Metadata, format!(r#"{{"tool_name":"{tool}"}}"#)).expect("it is JSON");
    record
}

fn state() -> State {
    let mut state = State::new();
    let places = ["/home/u/.local/state/sealbook/books", "/home/u/.local/share/sealbook/keys"].map(str::to_owned);
    state.guard(&places, &["HOME=/home/u".to_owned()]);
    state
}

/// The enforced rules that fit.
fn said(record: &Record) -> Vec<String> {
    state().rules().evaluate(record).enforced().map(|hit| hit.rule.clone()).collect()
}

#[track_caller]
fn refused(record: &Record, rule: &str) {
    let shown = record.part(PartName::Input).map_or("", |part| part.get());
    assert!(said(record).iter().any(|it| it == rule), "{} {shown}: {:?}", record.target.id, said(record));
    let mut by_person = record.clone();
    by_person.actor.kind = ActorKind::User;
    assert!(said(&by_person).iter().all(|it| !it.starts_with("guard-")), "{shown}");
}

#[track_caller]
fn let_be(record: &Record) {
    let shown = record.part(PartName::Input).map_or("", |part| part.get());
    let guards: Vec<String> = said(record).into_iter().filter(|rule| rule.starts_with("guard-")).collect();
    assert!(guards.is_empty(), "{} {shown}: {guards:?}", record.target.id);
}

fn command(text: &str) -> String {
    serde_json::json!({ "command": text }).to_string()
}

#[test]
fn keys_are_not_read_from_above() {
    for text in [
        "grep -r . ~",
        "rg . ~",
        "cp -r ~/.local /tmp/x",
        "tar czf x ~/.local",
        "zip -r x.zip ~",
        "rsync -a ~/ x",
        "find ~ -name '*.key' -exec cat {} +",
        "find ~ -type f | xargs cat",
        "cd ~ && grep -r foo .",
        "grep -r foo /",
    ] {
        refused(&of("Bash", &command(text)), "guard-above");
    }
    for text in ["cat ~/.local/share/sealbook/*/keys/*", "cat ~/.local/share/*/keys/*", "head -c9 ~/.local/*/*/*/*"] {
        refused(&of("Bash", &command(text)), "guard-places");
    }
    refused(&at("/home/u", "Bash", &command("grep -r foo .")), "guard-above");
    refused(&of("x/run", r#"{"command":"grep","args":["-r","foo","/home"]}"#), "guard-above");
    refused(&of("Shell", r#"{"command":["bash","-lc","tar cz ~/.local"]}"#), "guard-above");
    refused(&of("x/exec", r#"{"cmd":"grep -r foo .","workdir":"/home/u/.local"}"#), "guard-above");
    let named = state().held_rules().iter().find(|held| held.rule().id == "guard-above").unwrap().rule().name.clone();
    assert!(named.contains("name the directory you mean"), "{named}");
}

#[test]
fn a_tool_that_searches_or_copies_names_no_directory_above_the_keys() {
    refused(&own(PROJECT, "Grep", Some("/home/u"), r#"{"pattern":"x","path":"/home/u"}"#), "guard-above");
    refused(&own(PROJECT, "Grep", Some("~"), r#"{"pattern":"x","path":"~"}"#), "guard-above");
    refused(&own("/home/u", "Grep", None, r#"{"pattern":"x"}"#), "guard-above");
    refused(&own(PROJECT, "search_file_content", None, r#"{"pattern":"x","dir_path":"/home"}"#), "guard-above");
    refused(&own("/home/u/.local", "read_many_files", None, r#"{"include":["**/*"]}"#), "guard-above");
    refused(&of("fs/copy_directory", r#"{"source":"/home/u/.local","destination":"/tmp/x"}"#), "guard-above");
    refused(&of("fs/createArchive", r#"{"paths":["/home/u/.local"]}"#), "guard-above");
    refused(&own(PROJECT, "Glob", None, r#"{"pattern":"/home/u/.local/share/sealbook/keys/*"}"#), "guard-places");
    // Names alone are no content, and a project is no home.
    let_be(&own(PROJECT, "Glob", Some("/home/u"), r#"{"pattern":"**/*.rs","path":"/home/u"}"#));
    let_be(&own(PROJECT, "LS", Some("/home/u"), r#"{"path":"/home/u"}"#));
    let_be(&own(PROJECT, "Grep", None, r#"{"pattern":"x"}"#));
    let_be(&own("/home/u", "Grep", Some(PROJECT), r#"{"pattern":"x","path":"/home/u/work/shop"}"#));
    let_be(&of("fs/directory_tree", r#"{"path":"/home/u"}"#));
    let_be(&of("fs/copy_file", r#"{"source":"a.txt","destination":"/home/u"}"#));
}

#[test]
fn ordinary_work_beside_the_keys_is_let_be() {
    for text in [
        "ls -R ~",
        "find ~ -name x",
        "grep -r foo ~/project",
        "grep -r foo .",
        "rg foo",
        "tar czf /tmp/shop.tgz .",
        "tar -C ~/work -czf x.tgz shop",
        "cp -r src dst",
        "cp -r src ~/",
        "rsync -a ./ /srv/shop/",
        "find . -name '*.rs' -exec grep -n foo {} +",
        "find / -name 'foo.h' 2>/dev/null | xargs grep -n bar",
        "git clean -xdff",
    ] {
        let_be(&of("Bash", &command(text)));
    }
}

#[test]
fn a_path_is_known_whatever_its_name() {
    let key = "/home/u/.local/share/sealbook/keys/record-1.key";
    for input in [
        serde_json::json!({ "name": key }),
        serde_json::json!({ "anything": { "list": ["a", key] } }),
        serde_json::json!({ "where": "~/.local/share/sealbook/keys" }),
        serde_json::json!({ "where": "$HOME/.local/share/sealbook/./keys/x" }),
        serde_json::json!({ "where": "${HOME}/.local/share/../share/sealbook/keys/x" }),
        serde_json::json!({ "link": "file:///home/u/%2elocal/share/sealbook/keys/x" }),
        serde_json::json!({ "link": "file://localhost/home/u/.local/share/sealbook/keys/x" }),
        serde_json::json!({ "dsn": "sqlite:////home/u/.local/state/sealbook/books/x/ledger.db" }),
        serde_json::json!({ "where": "../../.local/share/sealbook/keys/x" }),
        serde_json::json!({ "cwd": "/home/u/.local/share", "where": "sealbook/keys/x" }),
        serde_json::json!({ "files": { key: "gone" } }),
        serde_json::json!({ "packed": serde_json::json!({ "deep": key }).to_string() }),
        serde_json::json!({ "text": key }),
        serde_json::json!({ "list": format!("a.txt,{key},b.txt") }),
        serde_json::json!({ "include": ["/home/u/.local/**/*.key"] }),
        serde_json::json!({ "pattern": "**/*.key", "cwd": "/home/u/.local/share" }),
        serde_json::json!({ "x": format!(" {key}\n") }),
        serde_json::json!({ "x": format!("*** Begin Patch\n*** Delete File: {key}\n*** End Patch") }),
    ] {
        refused(&of("x/frob", &input.to_string()), "guard-places");
    }
    for input in [
        serde_json::json!({ "note": format!("The key lies in {key}.") }),
        serde_json::json!({ "note": "/home/u/.local/share/sealbook/keys is where the keys lie" }),
        serde_json::json!({ "note": format!("Keys: {key} and others") }),
        serde_json::json!({ "note": "~" }),
        serde_json::json!({ "text": format!("The key lies in {key}, says SEALBOOK_HOME=x.") }),
        serde_json::json!({ "pattern": "share/sealbook/keys" }),
        serde_json::json!({ "pattern": "/home/u/**/*.rs" }),
        serde_json::json!({ "where": "keys/x" }),
        serde_json::json!({ "where": "/home/u/.local/share/sealbookish" }),
        serde_json::json!({ "text": "rm -rf ~ is a bad idea" }),
        serde_json::json!({ "text": "rm -rf ~" }),
        serde_json::json!({ "link": "https://example.com/home/u" }),
        serde_json::json!({ "x": "a, b: c = d @ e ".repeat(5_000) }),
        serde_json::json!({ "x": "a,/b:.c=".repeat(2_000) }),
    ] {
        let_be(&of("notes/add", &input.to_string()));
    }
}

#[test]
fn a_projects_book_is_known_by_paths_and_not_by_words() {
    for text in [
        "rm -rf \".\"sealbook",
        "rm -rf .seal\\book",
        "rm -rf .seal*",
        "rm -rf ./.s*",
        "rm -rf .*",
        "rm -rf $'.seal\\x62ook'",
        "mv .sealbook x",
        "cp x .sealbook/config",
        "echo x > .sealbook/config",
        "echo x >> ./sub/../.sealbook/config",
        "echo x | tee .sealbook/config",
        "find . -name .sealbook -exec rm -rf {} +",
        "find . -path '*/.sealbook/*' -delete",
        "find . -name .sealbook | xargs rm -rf",
        "echo .sealbook | xargs rm -rf",
        "cd .sealbook && rm config.toml",
        "cat .sealbook/book.toml",
        "sed -i s/a/b/ .sealbook/config.toml",
        "sed -n 'w .sealbook/config.toml' x",
        "awk '{print > \".sealbook/config.toml\"}' x",
        "grep -r foo .sealbook",
        "git rm -r --cached .sealbook",
        "git checkout HEAD~1 -- .sealbook",
        "git clean -xdf .sealbook",
        "python3 -c \"open('.sealbook/config.toml','w')\"",
        "sh -c 'rm -rf .sealbook'",
        "ln -s x .sealbook",
        "dd if=x of=.sealbook/config.toml",
        "tar xf x -C .sealbook",
        "apply_patch <<'E'\n*** Begin Patch\n*** Update File: .sealbook/config.toml\nE",
        "for d in .sealbook target; do rm -rf $d; done",
    ] {
        refused(&of("Bash", &command(text)), "guard-files");
    }
    for text in [
        "git commit -m \"Keep .sealbook out of git\"",
        "git commit -m .sealbook",
        "echo .sealbook/ >> .gitignore",
        "printf '%s\\n' .sealbook >> .gitignore",
        "git check-ignore .sealbook",
        "git status .sealbook",
        "grep -rn .sealbook docs",
        "grep -qxF .sealbook/ .gitignore || echo .sealbook/ >> .gitignore",
        "rg -n '\\.sealbook' src",
        "rg -g '!.sealbook' foo",
        "grep -r --exclude-dir .sealbook foo .",
        "test -d .sealbook && echo yes",
        "[ -e .sealbook/book.toml ]",
        "sed -i '/.sealbook/d' .gitignore",
        "find . -name .sealbook",
        "find . -path ./.sealbook -prune -o -name '*.o' -delete",
        "find . -type f -not -path './.sealbook/*' -exec grep foo {} +",
        "tar --exclude=.sealbook -czf /tmp/x.tgz .",
        "rsync -a --exclude .sealbook ./ /srv/shop/",
        "zip -r x.zip . -x '.sealbook/*'",
        "git clean -xdff -e .sealbook",
        "git clean -xdff",
        "cat > docs/a.md <<'E'\nWhat lies in .sealbook stays.\n.sealbook/config\nE",
        "gh pr create --title 'docs: .sealbook' --body 'See .sealbook/config for it'",
        "ls -d .*",
        "cat a.sealbook.txt .sealbookish/x",
    ] {
        let_be(&of("Bash", &command(text)));
    }
}

#[test]
fn a_tool_names_a_projects_book_by_a_path() {
    for input in [
        r#"{"file_path":"/home/u/work/shop/.sealbook/config.toml"}"#,
        r#"{"anything":".sealbook"}"#,
        r#"{"path":"./x/../.sealbook/book.toml","edits":[]}"#,
        r#"{"uri":"file:///home/u/%2esealbook/x"}"#,
        r#"{"path":"C:\\work\\.sealbook\\x"}"#,
        r#"{"files":[".SEALBOOK/config.toml"]}"#,
        r#"{"cwd":"/home/u/work/shop/.sealbook","command":"rm config.toml"}"#,
        r#"{"program":"rm","args":["-rf",".sealbook"]}"#,
    ] {
        refused(&of("fs/frob", input), "guard-files");
    }
    for input in [
        r#"{"path":".gitignore","content":".sealbook\nkeys\n"}"#,
        r#"{"path":".gitignore","content":".sealbook/\n"}"#,
        r#"{"file_path":"/w/.gitignore","old_string":"x","new_string":".sealbook/"}"#,
        r#"{"path":"docs/a.md","edits":[{"oldText":"a","newText":".sealbook/config"}]}"#,
        r#"{"pattern":".sealbook","path":"docs"}"#,
        r#"{"message":"Keep .sealbook out of git"}"#,
        r#"{"note":"What lies in .sealbook/ stays"}"#,
        r#"{"url":"https://example.com/.sealbook/"}"#,
        r#"{"program":"git","args":["commit","-m","Keep .sealbook out of git"]}"#,
        r#"{"cmd":["git","commit","-m",".sealbook"]}"#,
    ] {
        let_be(&of("fs/write_file", input));
    }
}

#[test]
fn what_is_said_is_no_command_but_in_a_terminal() {
    for input in [
        r#"{"text":"`sealbook approve`"}"#,
        r#"{"text":"sealbook approve 1"}"#,
        r#"{"text":"sealbook stop halts everything; sealbook resume lifts it."}"#,
        r#"{"body":"sealbook approve 1"}"#,
        r#"{"content":"sealbook approve 1"}"#,
        r#"{"message":"sealbook approve 1"}"#,
        r#"{"description":"sealbook approve 1"}"#,
        r#"{"prompt":"rm -rf ~"}"#,
        r#"{"text":"rm .claude/settings.json"}"#,
    ] {
        let_be(&of("chat/post_message", input));
    }
    for tool in ["term/write_to_terminal", "iterm/sendKeystrokes", "x/run_in_terminal", "shell/run", "write_stdin"] {
        refused(&of(tool, r#"{"text":"sealbook approve 1\n"}"#), "guard-commands");
        refused(&of(tool, r#"{"content":"sealbook approve 1\n"}"#), "guard-commands");
        refused(&of(tool, r#"{"text":"rm .claude/settings.json"}"#), "guard-hooks");
        refused(&of(tool, r#"{"text":"cat ~/.local/share/sealbook/keys/x a b c d\n"}"#), "guard-places");
        refused(&of(tool, r#"{"text":"grep -r . ~\n"}"#), "guard-above");
        refused(&of(tool, r#"{"text":"cat ~/sealbook/keys/x\n"}"#), "guard-files");
        refused(&of(tool, r#"{"text":"rm -rf .sealbook\n"}"#), "guard-files");
        let_be(&of(tool, r#"{"text":"cargo test\n","description":"sealbook approve 1"}"#));
    }
    // What is typed by its name is typed wherever.
    refused(&of("x/frob", r#"{"stdin":"sealbook approve 1\n"}"#), "guard-commands");
    refused(&of("x/frob", r#"{"chars":"sealbook approve 1\n"}"#), "guard-commands");
}

#[test]
fn a_loop_over_commands_that_are_named_is_judged_by_them() {
    for text in [
        "for c in query verify; do sealbook $c; done",
        "for c in query verify; do sealbook \"$c\" --json; done",
        "for c in query verify\ndo\n  sealbook ${c}\ndone",
        "for c in query verify; do for b in one two; do sealbook $c --book $b; done; done",
        "bash -c 'for c in query verify; do sealbook $c; done'",
        "while true; do for c in query tail; do sealbook $c; done; done",
        "for c in {query,verify}; do sealbook $c; done",
    ] {
        let_be(&of("Bash", &command(text)));
    }
    for text in [
        "for c in approve deny; do sealbook $c 1; done",
        "for c in query approve; do sealbook $c 1; done",
        "for c in query; do c=approve; sealbook $c 1; done",
        "for c in query; do read c; sealbook $c 1; done",
        "for c in query; do sealbook ${c/query/approve} 1; done",
        "for c in query; do for c in approve; do sealbook $c 1; done; done",
        "for c in query; do :; done; sealbook $c 1",
        "sealbook $c 1; for c in query; do :; done",
        "for c in $(echo approve); do sealbook $c 1; done",
        "for c in app*; do sealbook $c 1; done",
        "for c in query; do printf -v $'\\x63' approve; sealbook $c 1; done",
        "for c; do sealbook $c 1; done",
        "for p in sealbook; do $p approve 1; done",
        "for a in rules; do for b in add; do sealbook $a $b x; done; done",
    ] {
        refused(&of("Bash", &command(text)), "guard-commands");
    }
    let many = format!("for c in {}; do sealbook $c 1; done", "query ".repeat(17));
    refused(&of("Bash", &command(&many)), "guard-commands");
}
