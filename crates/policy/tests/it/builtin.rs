//! The built-in rules, each with what looks like what it means.

use sealbook_policy::{Decision, RuleSet, Verdict};
use sealbook_record::{ActorKind, Category, PartName, Record, Severity, Target, TargetKind};

use crate::fixture::{record, with_part};

fn said(record: &Record, rule: &str) -> bool {
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

fn call(kind: ActorKind, input: &str) -> Record {
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
    ] {
        for kind in [ActorKind::Agent, ActorKind::Unknown, ActorKind::Service] {
            assert!(said(&call(kind, input), "guard-commands"), "{input}");
        }
        assert!(!said(&call(ActorKind::User, input), "guard-commands"), "{input}");
        assert_eq!(RuleSet::builtin().evaluate(&call(ActorKind::Agent, input)).decision(), Decision::Block);
    }
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
    ] {
        assert!(said(&call(ActorKind::Agent, input), "guard-hooks"), "{input}");
        assert!(!said(&call(ActorKind::User, input), "guard-hooks"), "{input}");
        let mut reading = call(ActorKind::Agent, input);
        reading.category = Category::FileRead;
        assert!(!said(&reading, "guard-hooks"), "{input}");
    }
    assert!(!said(&call(ActorKind::Agent, r#"{"path":"docs/claude/settings.json"}"#), "guard-hooks"));
}
