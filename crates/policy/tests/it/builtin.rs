//! The built-in rules, each with what looks like what it means.

use sealbook_policy::{Decision, RuleSet, Verdict};
use sealbook_record::{ActorKind, Category, PartName, Record, Severity, Target, TargetKind};

use crate::fixture::{record, with_part};

pub(crate) fn said(record: &Record, rule: &str) -> bool {
    let verdict: Verdict = RuleSet::builtin().evaluate(record);
    verdict.hits().iter().any(|hit| hit.rule == rule)
}

fn of(category: Category, target: &str, input: &str) -> Record {
    let mut record = with_part(PartName::Input, input);
    record.actor.kind = ActorKind::User;
    record.category = category;
    record.target = Target::new(TargetKind::File, target);
    record
}

#[test]
fn the_three_defaults_are_as_the_seeds_name_them() {
    let builtin = RuleSet::builtin();
    let told: Vec<_> = builtin
        .rules()
        .take(3)
        .map(|rule| (rule.id.as_str(), rule.name.as_str(), rule.effect, rule.severity, rule.retention_years))
        .collect();
    let (info, warning) = (Severity::Info, Severity::Warning);
    assert_eq!(
        told,
        [
            ("high_privilege_access", "High Privilege Access Control", Decision::Alert, warning, Some(7)),
            ("data_export_monitor", "Data Export Monitoring", Decision::Log, info, Some(5)),
            ("security_operations", "Security Operations Monitor", Decision::Alert, Severity::Critical, Some(10)),
        ]
    );
}

#[test]
fn high_privilege_access_means_root_admin_and_sudo() {
    let rule = "high_privilege_access";
    let (write, run) = (Category::FileWrite, Category::CodeExecution);
    for (category, target, input) in [
        (run, "bash", r#"{"command":"sudo rm -rf /var"}"#),
        (run, "bash", r#"{"command":"cd x && sudo make install"}"#),
        (run, "sudo", "{}"),
        (run, "bash", r#"{"command":"ssh root@host"}"#),
        (run, "bash", r#"{"command":"chown root: x"}"#),
        (run, "bash", r#"{"command":"psql -U admin"}"#),
        (run, "bash", r#"{"args":["sudo","-i"]}"#),
        (write, "/root/.bashrc", "{}"),
        (write, "/etc/sudoers", "{}"),
        (write, "/srv/admin/users.php", "{}"),
        (write, "x", r#"{"file_path":"/root/x"}"#),
    ] {
        assert!(said(&of(category, target, input), rule), "{target} {input}");
    }
    for (category, target, input) in [
        (write, "docs/administrator.md", "{}"),
        (write, "src/roots.rs", "{}"),
        (write, "root.tsx", "{}"),
        (write, "src/root-cause.md", "{}"),
        (run, "bash", r#"{"command":"echo pseudocode"}"#),
        (run, "bash", r#"{"command":"cat administrator.txt project_root.txt"}"#),
        (run, "bash", r#"{"command":"cargo build --manifest-path chroot/Cargo.toml"}"#),
        (write, "x", r#"{"content":"the root of all sudo is admin"}"#),
        (Category::FileRead, "/root/x", "{}"),
    ] {
        assert!(!said(&of(category, target, input), rule), "{target} {input}");
    }
}

#[test]
fn data_export_means_these_four_endings() {
    let rule = "data_export_monitor";
    for (target, input) in [("a/b.csv", "{}"), ("B.JSON", "{}"), ("dump.sql", "{}"), ("x", r#"{"path":"users.db"}"#)] {
        assert!(said(&of(Category::FileRead, target, input), rule), "{target} {input}");
        assert!(said(&of(Category::DataAccess, target, input), rule), "{target} {input}");
        assert!(!said(&of(Category::FileWrite, target, input), rule), "{target} {input}");
    }
    for target in ["a.jsonl", "csv", "x.csv.rs", "sqlite.rs", "a.dbx", "json/a.txt", "dbjson"] {
        assert!(!said(&of(Category::FileRead, target, "{}"), rule), "{target}");
    }
}

#[test]
fn security_operations_are_about_secrets_not_monkeys() {
    let rule = "security_operations";
    let of = |category, action: &str, target: &str, input: &str| {
        let mut record = of(category, target, input);
        record.action = action.to_owned();
        record
    };
    let (event, change) = (Category::SecurityEvent, Category::ConfigChange);
    for (category, action, target, input) in [
        (event, "user.password_changed", "alice", "{}"),
        (change, "password.change", "alice", "{}"),
        (change, "config.set", "auth", r#"{"apiKey":"x"}"#),
        (event, "login", "ssh-key", "{}"),
        (change, "config.set", "tls", r#"{"certificate":"/x"}"#),
        (event, "rotate", "all tokens", "{}"),
        (change, "config.set", "x", r#"{"name":"signing_key"}"#),
    ] {
        assert!(said(&of(category, action, target, input), rule), "{action} {target} {input}");
    }
    for (category, action, target, input) in [
        (change, "config.set", "monkey", "{}"),
        (change, "keyboard.layout", "turkey", r#"{"tokenizer":"bpe","concert":"hall"}"#),
        (event, "login", "certain", r#"{"compass":"north","keynote":1}"#),
        (Category::FileWrite, "password.change", "alice", "{}"),
    ] {
        assert!(!said(&of(category, action, target, input), rule), "{action} {target} {input}");
    }
    let mut alias = record();
    alias.category = "configuration_change".parse().unwrap();
    alias.action = "password.change".to_owned();
    assert!(said(&alias, rule));
}

pub(crate) fn call(kind: ActorKind, input: &str) -> Record {
    let mut record = with_part(PartName::Input, input);
    record.actor.kind = kind;
    "tools.call".clone_into(&mut record.action);
    record.target = Target::new(TargetKind::Tool, "shell/run");
    record
}

#[test]
fn agents_are_kept_off_the_commands_that_decide() {
    for input in [
        r#"{"command":"sealbook approve 0190"}"#,
        r#"{"command":"sealbook --book shop approve 0190 --passphrase-file /tmp/p"}"#,
        r#"{"command":"cd /x && ./target/debug/sealbook -q resume --all"}"#,
        r#"{"command":"/usr/bin/sealbook rules disable guard-files"}"#,
        r#"{"command":"env A=b sealbook   key   rotate"}"#,
        r#"{"command":"\u0073ealbook approve 1"}"#,
        r#"{"command":"x;sealbook resume"}"#,
        r#"{"cmd":["sealbook","approve","1"]}"#,
        r#"{"cmd":["bash","-lc","sealbook 'approve' 1"]}"#,
        r#"{"command":"sealbook","args":["--quiet","rules","add","x"]}"#,
        r#"{"nested":[{"script":"sealbook erase 3"}]}"#,
        r#"{"command":"sealbook --format=json deny 1"}"#,
        r#"{"command":"sealbook --book=shop alerts resolve 1"}"#,
        r#"{"command":"sealbook \\\n approve 1"}"#,
        r#"{"command":"sealbook --book \"my book\" approve 1"}"#,
        r#"{"command":"sealbook a\"pp\"rove 1"}"#,
        r#"{"command":"sealbook $(echo approve) 1"}"#,
        r#"{"command":"bash -c \"sh -c 'sealbook approve 1'\""}"#,
        r#"{"command":"sealbook hook claude-code --undo --yes"}"#,
        r#"{"command":"sealbook wrap --install cursor --undo --yes"}"#,
        r#"{"command":"sealbook mcp --agents-resolve"}"#,
        r#"{"cmdline":"sealbook approve 1"}"#,
        r#"{"text":" sealbook approve 1\n"}"#,
        r#"{"command":"echo 1 | xargs sealbook approve"}"#,
        r#"{"command":"echo approve 1 | xargs sealbook"}"#,
        r#"{"command":"echo sealbook approve 1 | xargs env"}"#,
        r#"{"command":"find . -name x -exec sealbook approve {} \\;"}"#,
        r#"{"command":"find . -name x -exec sealbook {} 1 +"}"#,
        r#"{"command":"cargo run -q -p sealbook-cli -- approve 1"}"#,
        r#"{"command":"cargo run --bin=sealbook approve 1"}"#,
        r#"{"command":"X=1 sudo -u x nice -n 5 timeout -k 3 10 nohup sealbook stop --reason x"}"#,
        r#"{"command":"ssh -p 22 host 'sealbook resume --all'"}"#,
        r#"{"command":"echo \"$(sealbook approve 1)\""}"#,
        r#"{"command":"echo `sealbook approve 1`"}"#,
        r#"{"command":"echo 'sealbook approve 1' | sh"}"#,
        r#"{"command":"bash <<'E'\nsealbook approve 1\nE"}"#,
        r#"{"command":"ls # it's\nsealbook approve 1"}"#,
        r#"{"command":"sealbook >&2 approve 1"}"#,
        r#"{"command":"2>/dev/null sealbook approve 1"}"#,
        r#"{"command":"{sealbook,approve,1}"}"#,
        r#"{"command":"sealbook${IFS}approve 1"}"#,
        r#"{"command":"python3 -c \"import subprocess as s; s.run(['sealbook','approve','1'])\""}"#,
        r#"{"command":"git -c alias.x='!sealbook approve 1' x"}"#,
        r#"{"command":"sealbook exec -- sealbook approve 1"}"#,
        r#"{"command":"if true; then sealbook deny 1; fi"}"#,
        r#"{"command":"coproc exec -a x sealbook approve 1"}"#,
        r#"{"program":"env","args":["sealbook","approve","1"]}"#,
        r#"{"args":["-c","sealbook approve 1"],"command":"/bin/sh"}"#,
        r#"{"args":["sealbook","approve","1"]}"#,
        r#"{"cmd":"[\"sealbook\",\"approve\"]"}"#,
        r#"{"script":["cd x","sealbook approve 1"]}"#,
        r#"{"code":"os.system('sealbook approve 1')"}"#,
        r#"{"text":"ls\nsealbook rules disable guard-files\n"}"#,
        r#"{"keys":"cd x; sealbook stop --reason x"}"#,
        r#"{"command":"sealbook retention --hold=all --reason x"}"#,
        r#"{"command":"sealbook key --book x approver"}"#,
    ] {
        for kind in [ActorKind::Agent, ActorKind::Unknown, ActorKind::Service] {
            assert!(said(&call(kind, input), "guard-commands"), "{input}");
        }
        assert!(!said(&call(ActorKind::User, input), "guard-commands"), "{input}");
        assert_eq!(RuleSet::builtin().evaluate(&call(ActorKind::Agent, input)).decision(), Decision::Block);
    }
}

#[test]
fn commands_that_list_and_words_that_speak_of_commands_are_let_be() {
    for input in [
        r#"{"command":"sealbook query --action approve"}"#,
        r#"{"command":"sealbook verify"}"#,
        r#"{"command":"sealbook append --action deploy.approve --target x"}"#,
        r#"{"command":"git commit -m 'Explain approving'"}"#,
        r#"{"command":"my-sealbook approve"}"#,
        r#"{"command":"cargo test -p sealbook-policy approvals"}"#,
        r#"{"content":"Then run `sealbook approve ID`.","path":"docs/guide.md"}"#,
        r#"{"command":"sealbookish approve 1"}"#,
        r#"{"command":"git commit -m \"sealbook rules docs\""}"#,
        r#"{"command":"sealbook wrap --name x -- tool --undo"}"#,
        r#"{"command":"sealbook -q query --action approve"}"#,
        r#"{"text":"Sealbook rules are good"}"#,
        r#"{"text":"Sealbook stop is what halts all of it at once."}"#,
        r#"{"text":"sealbook approve lets a person say yes"}"#,
        r#"{"command":"cp -r sealbook stop"}"#,
        r#"{"command":"man sealbook approve"}"#,
        r#"{"command":"git commit -m \"sealbook approve $(date)\""}"#,
        r#"{"command":"git -c a=b commit -m 'sealbook rules add docs'"}"#,
        r#"{"command":"echo sealbook approve"}"#,
        r#"{"command":"grep -rn \"sealbook stop\" ."}"#,
        r#"{"command":"git ls-files | xargs grep -n sealbook stop"}"#,
        r#"{"command":"find . -name sealbook -exec ls {} +"}"#,
        r#"{"command":"cat > notes.md <<'E'\nsealbook approve 1\nE"}"#,
        r#"{"command":"ls # sealbook approve 1"}"#,
        r#"{"command":"sealbook rules list"}"#,
        r#"{"command":"sealbook rules test a.yaml --against b.json"}"#,
        r#"{"command":"sealbook rules show guard-files"}"#,
        r#"{"command":"sealbook rules replay add.yaml"}"#,
        r#"{"command":"sealbook alerts list"}"#,
        r#"{"command":"sealbook approvals list"}"#,
        r#"{"command":"sealbook stop --list"}"#,
        r#"{"command":"sealbook retention --as-of now"}"#,
        r#"{"command":"sealbook key public"}"#,
        r#"{"command":"which sealbook; command -v sealbook"}"#,
        r#"{"command":"cargo run -p sealbook-cli -- verify"}"#,
        r#"{"program":"git","args":["commit","-m","sealbook rules add docs"]}"#,
        r#"{"cmd":["git","commit","-m","sealbook stop docs"]}"#,
        r#"{"command":"sealbook","args":["query","--action","approve"]}"#,
        r#"{"text":"We write rules with `sealbook rules add`."}"#,
    ] {
        assert!(!said(&call(ActorKind::Agent, input), "guard-commands"), "{input}");
    }
}

#[test]
fn agents_are_kept_off_the_book_and_its_keys() {
    for input in [
        r#"{"path":"/home/u/.local/state/sealbook/books/shop/default/ledger.db"}"#,
        r#"{"command":"rm -rf ~/.local/share/sealbook"}"#,
        r#"{"command":"rm -rf ~/.local/state/sealbook/*"}"#,
        r#"{"path":"keys/approver-0123456789abcdef.key"}"#,
        r#"{"file_path":"/w/.sealbook/config.toml"}"#,
        r#"{"path":".sealbook"}"#,
        r#"{"command":"cat ~/.local/share/sealbook/wrap.token"}"#,
        r#"{"path":"/x/sealbook/mcp.token"}"#,
        r#"{"command":"cat '.sealbook/book.toml'"}"#,
        r#"{"command":"SEALBOOK_HOME=/tmp/x sealbook init"}"#,
        r#"{"paths":["a","/x/sealbook//keys/./y"]}"#,
        r#"{"edits":[{"path":"a"},{"path":"\/w\/.sealbook\/x"}]}"#,
        r#"{"cwd":"/home/u/.local/share/sealbook/heads"}"#,
        r#"{"uri":"file:///w/.sealbook/book.toml"}"#,
    ] {
        assert!(said(&call(ActorKind::Agent, input), "guard-files"), "{input}");
        assert!(!said(&call(ActorKind::User, input), "guard-files"), "{input}");
    }
    let mut file = of(Category::FileWrite, "/w/.sealbook/book.toml", "{}");
    file.actor.kind = ActorKind::Agent;
    assert!(said(&file, "guard-files"));
    file.category = Category::Audit;
    assert!(!said(&file, "guard-files"), "an audit looks at everything");
    for input in [
        r#"{"path":"crates/sealbook/src/lib.rs"}"#,
        r#"{"path":"/src/sealbook/docs/keys.md"}"#,
        r#"{"path":"a.sealbook.txt"}"#,
        r#"{"command":"ls record-player.key checkpoint.key"}"#,
        r#"{"content":".sealbook\nkeys\n","path":".gitignore"}"#,
        r#"{"path":"share/sealbook-theme/x"}"#,
        r#"{"path":"ledger.db"}"#,
    ] {
        assert!(!said(&call(ActorKind::Agent, input), "guard-files"), "{input}");
    }
}

/// A call that came through the gateway.
fn called(tool: &str, input: &str, context: &str) -> Record {
    let mut record = with_part(PartName::Input, input);
    record.action = "tools.call".to_owned();
    record.actor.kind = ActorKind::User;
    record.category = Category::McpCall;
    record.target = Target::new(TargetKind::Tool, tool);
    record.set_part_json(PartName::Context, context).expect("it is JSON");
    record
}

#[test]
fn the_defaults_know_calls_of_mcp_servers_by_names_arguments_and_annotations() {
    let (writes, reads) = (r#"{"annotations":{"readOnlyHint":false}}"#, r#"{"annotations":{"readOnlyHint":true}}"#);
    for (rule, tool, input, context) in [
        ("high_privilege_access", "shell/run_command", r#"{"command":"sudo rm -rf /root"}"#, "{}"),
        ("high_privilege_access", "x/executeCode", r#"{"code":"os.system('sudo id')"}"#, "{}"),
        ("high_privilege_access", "x/frob", r#"{"cmd":"sudo id"}"#, "{}"),
        ("high_privilege_access", "fs/write_file", r#"{"path":"/root/.ssh/authorized_keys"}"#, "{}"),
        ("high_privilege_access", "fs/frob", r#"{"path":"/root/x"}"#, writes),
        ("data_export_monitor", "fs/read_file", r#"{"path":"/data/customers.csv"}"#, "{}"),
        ("data_export_monitor", "fs/frob", r#"{"path":"/data/customers.csv"}"#, reads),
        ("data_export_monitor", "a/b/fetchTable", r#"{"file":"dump.sql"}"#, "{}"),
        ("security_operations", "iam/reset_password", "{}", "{}"),
        ("security_operations", "iam/rotateApiKey", "{}", "{}"),
        ("security_operations", "tls/renew-certificate", "{}", "{}"),
    ] {
        assert!(said(&called(tool, input, context), rule), "{rule} {tool} {input} {context}");
    }
    for (rule, tool, input, context) in [
        // It reads.
        ("high_privilege_access", "fs/read_file", r#"{"path":"/root/x"}"#, "{}"),
        ("high_privilege_access", "fs/frob", r#"{"path":"/root/x"}"#, reads),
        // The server is called so, not the tool.
        ("high_privilege_access", "edit-server/list", r#"{"path":"/root/x"}"#, "{}"),
        ("high_privilege_access", "fs/rewriter", r#"{"path":"/root/x"}"#, "{}"),
        ("high_privilege_access", "fs/write_file", r#"{"path":"/home/x/roots/admin-guide.md"}"#, "{}"),
        ("data_export_monitor", "fs/write_file", r#"{"path":"/data/customers.csv"}"#, "{}"),
        ("data_export_monitor", "fs/read_file", r#"{"path":"/data/customers.csvx"}"#, "{}"),
        ("data_export_monitor", "fs/widget", r#"{"path":"/data/customers.csv"}"#, "{}"),
        ("security_operations", "iam/get_password_policy", "{}", "{}"),
        ("security_operations", "kv/set_key", r#"{"key":"a","token":"b"}"#, "{}"),
        ("security_operations", "llm/count_tokens", "{}", "{}"),
        ("security_operations", "set-password/list", "{}", "{}"),
    ] {
        assert!(!said(&called(tool, input, context), rule), "{rule} {tool} {input} {context}");
    }
    let mut other = called("shell/run_command", r#"{"command":"sudo id"}"#, "{}");
    other.action = "prompts.get".to_owned();
    assert!(!said(&other, "high_privilege_access"));
}

#[test]
fn agents_are_kept_off_the_settings_of_their_hooks() {
    for input in [
        r#"{"command":"sed -i 's/x/y/' .claude/settings.json"}"#,
        r#"{"file_path":"/home/u/.claude/settings.local.json"}"#,
        r#"{"path":".cursor/hooks.json"}"#,
        r#"{"path":"x/..//.cursor/./hooks.json"}"#,
        r#"{"command":"echo {} > .claude/settings.json"}"#,
        r#"{"command":"echo {} >> ~/.claude/settings.json"}"#,
        r#"{"command":"echo x | tee -a .claude/settings.json"}"#,
        r#"{"command":"cp /tmp/x .claude/settings.json"}"#,
        r#"{"command":"cp /tmp/settings.json .claude/"}"#,
        r#"{"command":"mv .claude/settings.json /tmp"}"#,
        r#"{"command":"rm -f .claude/settings.json"}"#,
        r#"{"command":"rm -rf .claude"}"#,
        r#"{"command":"rm -rf ~/.claude/"}"#,
        r#"{"command":"ln -s .claude/settings.json x"}"#,
        r#"{"command":"dd if=x of=.claude/settings.json"}"#,
        r#"{"command":"vim .claude/settings.json"}"#,
        r#"{"command":"git checkout HEAD -- .claude/settings.json"}"#,
        r#"{"command":"git -C x restore .claude/settings.json"}"#,
        r#"{"command":"git diff --output=.claude/settings.json"}"#,
        r#"{"command":"python3 -c \"open('.claude/settings.json','w')\""}"#,
        r#"{"command":"python3 <<E\nopen('.claude/settings.json','w')\nE"}"#,
        r#"{"command":"frobnicate .claude/settings.json"}"#,
        r#"{"command":"cd .claude && rm settings.json"}"#,
        r#"{"command":"rm .claude/sett*.json"}"#,
        r#"{"command":"rm .claude/{a,settings}.json"}"#,
        r#"{"command":"sh -c 'truncate -s 0 .codex/hooks.json'"}"#,
        r#"{"command":"echo .claude/settings.json | xargs rm"}"#,
        r#"{"command":"find .claude -name settings.json -delete"}"#,
        r#"{"command":"find . -path ./.claude/settings.json -exec rm {} +"}"#,
        r#"{"command":"jq . x | sponge .claude/settings.json"}"#,
        r#"{"command":"jq . .claude/settings.json > .claude/settings.json"}"#,
        r#"{"command":"curl -so .claude/settings.json http://x"}"#,
        r#"{"command":"tar -xf a.tar .claude/settings.json"}"#,
        r#"{"program":"rm","args":[".claude/settings.json"]}"#,
    ] {
        assert!(said(&call(ActorKind::Agent, input), "guard-hooks"), "{input}");
        assert!(!said(&call(ActorKind::User, input), "guard-hooks"), "{input}");
        let mut reading = call(ActorKind::Agent, input);
        reading.category = Category::FileRead;
        assert!(!said(&reading, "guard-hooks"), "{input}");
    }
    for input in [
        r#"{"path":"docs/claude/settings.json"}"#,
        r#"{"command":"cat .claude/settings.json"}"#,
        r#"{"command":"grep x .claude/settings.json | head -3"}"#,
        r#"{"command":"git diff .claude/settings.json"}"#,
        r#"{"command":"git add .claude/settings.json && git commit -m 'x .claude/settings.json'"}"#,
        r#"{"command":"git log -p -- .claude/settings.json"}"#,
        r#"{"command":"jq . .claude/settings.json > /tmp/x"}"#,
        r#"{"command":"sed -n '1,3p' .claude/settings.json"}"#,
        r#"{"command":"cp .claude/settings.json /tmp/x"}"#,
        r#"{"command":"tar -czf a.tgz .claude/settings.json"}"#,
        r#"{"command":"ls -l .claude; mkdir -p .claude; cp notes.md .claude/"}"#,
        r#"{"command":"diff <(jq . .claude/settings.json) x"}"#,
        r#"{"command":"echo see .claude/settings.json >> notes.md"}"#,
        r#"{"command":"find . -name settings.json"}"#,
        r#"{"command":"rm -rf .claude/worktrees/a"}"#,
    ] {
        assert!(!said(&call(ActorKind::Agent, input), "guard-hooks"), "{input}");
    }
}
