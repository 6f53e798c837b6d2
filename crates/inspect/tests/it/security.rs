//! The security source and analyzer: secrets in trees and histories, permissions, code, advisories, suppressions.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use sealbook_inspect::{
    Audit, Batch, Error, FileOptions, GitOptions, SUPPRESSED, SecurityOptions, Silent, Sink as _, Suppression,
    analyzer, source,
};
use sealbook_policy::Raw;
use sealbook_record::{Actor, ActorKind, Finding, Record, Severity, Target, TargetKind, Timestamp};

use crate::book::{Book, result};
use crate::git_repo::Repo;
use crate::secrets::corpus::{Dice, HEX, with_checksum};
use crate::tree::Tree;

pub(crate) fn token(seed: u64) -> String {
    with_checksum(&mut Dice::new(seed), &["gh", "p_"].concat())
}

pub(crate) struct Asked<'a> {
    pub(crate) sources: &'a [&'static str],
    pub(crate) security: SecurityOptions,
}

pub(crate) fn audit(book: &Book, target: &std::path::Path, asked: &Asked<'_>) -> Audit {
    let mut request = book.request(target, FileOptions::default());
    request.options.security = asked.security.clone();
    request.options.git = GitOptions { secrets: true, ..GitOptions::default() };
    request.options.module.include_dependencies = true;
    let batch = Batch {
        sources: asked.sources.iter().map(|name| source(name).unwrap()).collect(),
        analyzers: vec![analyzer("security").unwrap()],
        request,
        baseline: None,
    };
    batch.collect(book, &mut book.page(), &Silent).unwrap()
}

pub(crate) fn tree(book: &Book, tree: &Tree) -> Vec<Finding> {
    let asked = Asked { sources: &["security"], security: SecurityOptions::default() };
    audit(book, tree.path(), &asked).findings().cloned().collect()
}

pub(crate) fn rules(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|it| format!("{} {}", it.rule, it.location.as_ref().map_or("", |at| &at.path))).collect()
}

fn everything(book: &Book) -> String {
    format!("{:?}", book.records())
}

#[test]
fn a_secret_is_told_by_rule_length_and_keyed_digest_and_never_kept() {
    let (book, files, secret) = (Book::new(), Tree::new(), token(1));
    files.write("src/client.py", format!("import http\n\nTOKEN = \"{secret}\"\n"));
    let findings = tree(&book, &files);
    assert_eq!(rules(&findings), ["secret.github-token src/client.py"]);
    let at = findings[0].location.clone().unwrap();
    assert_eq!((at.line, at.column, findings[0].severity), (Some(3), Some(10), Severity::Critical));
    let told = result(&book.of("security.secret")[0]);
    assert_eq!((told["length"].as_u64(), told["digest"].as_str().map(str::len)), (Some(40), Some(64)));
    assert!(!everything(&book).contains(&secret) && !everything(&book).contains(&secret[10..30]));
    let scan = result(&book.of("security.scan")[0]);
    assert!(scan["rules"]["loaded"].as_u64().unwrap() >= 60 && scan["complete"] == true, "{scan}");
}

#[test]
fn the_key_of_a_finding_survives_moved_lines_and_changes_with_the_secret() {
    let (book, files) = (Book::new(), Tree::new());
    files.write("a.env", format!("TOKEN={}\n", token(1)));
    let before = tree(&book, &files)[0].id.clone();
    files.write("a.env", format!("# a line\n# another\nTOKEN={}\n", token(1)));
    assert_eq!(tree(&book, &files)[0].id, before);
    files.write("a.env", format!("TOKEN={}\n", token(2)));
    assert_ne!(tree(&book, &files)[0].id, before);
}

#[test]
fn a_comment_with_a_reason_allows_and_one_without_does_not() {
    let (book, files) = (Book::new(), Tree::new());
    files.write("a.py", format!("A = \"{}\"  # sealbook:allow github-token made for the manual, revoked\n", token(1)));
    files.write("b.py", format!("B = \"{}\"  # sealbook:allow github-token\n", token(2)));
    files.write("c.py", format!("C = \"{}\"  # sealbook:allow npm-token another rule\n", token(3)));
    files.write("d.py", format!("D = \"{}\"  # gitleaks:allow\n", token(4)));
    let findings = tree(&book, &files);
    assert_eq!(rules(&findings), ["secret.github-token b.py", "secret.github-token c.py"]);
    assert!(findings[0].message.contains("gives no reason"), "{}", findings[0].message);
    let scan = result(&book.of("security.scan")[0]);
    assert_eq!(scan["allowed"], 2);
    let mut reasons: Vec<&str> =
        scan["allowed_by_comment"].as_array().unwrap().iter().map(|it| it["reason"].as_str().unwrap()).collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["gitleaks:allow", "made for the manual, revoked"]);
}

#[test]
fn rules_of_gitleaks_are_read_and_what_they_cannot_do_here_is_said() {
    let (book, files, config) = (Book::new(), Tree::new(), Tree::new());
    files.write("a.txt", "key: shop-12345678-secret\nkey: shop-00000000-secret\n");
    files.write("vendor/b.txt", "key: shop-87654321-secret\n");
    config.write("rules.toml", "title = \"shop\"\n[[rules]]\nid = \"shop-key\"\nregex = '''shop-(\\d{8})-secret'''\nkeywords = [\"shop-\"]\n[[rules.allowlists]]\nstopwords = [\"00000000\"]\n[[rules]]\nid = \"behind\"\nregex = '''(?<=x)y'''\n[allowlist]\npaths = ['''^vendor/''']\n");
    let security = SecurityOptions { rules: Some(config.at("rules.toml")), ..SecurityOptions::default() };
    let audit = audit(&book, files.path(), &Asked { sources: &["security"], security });
    let findings: Vec<Finding> = audit.findings().cloned().collect();
    assert_eq!(rules(&findings), ["secret.shop-key a.txt"]);
    let coverage = audit.sources[0].result.as_ref().unwrap();
    assert_eq!(coverage.skipped_by_reason.keys().map(|it| &**it).collect::<Vec<_>>(), ["rule_not_supported"]);
    assert!(coverage.skipped[0].detail.as_deref().unwrap().contains("behind"), "{:?}", coverage.skipped);
}

#[test]
fn without_a_rule_nothing_is_clean() {
    let (book, files, config) = (Book::new(), Tree::new(), Tree::new());
    files.write("a.env", format!("TOKEN={}\n", token(1)));
    config.write("rules.toml", "title = \"none\"\n");
    config.write("broken.toml", "[[rules]]\nid = 7\n");
    let with = |name: &str| SecurityOptions { rules: Some(config.at(name)), ..SecurityOptions::default() };
    let audit_of = |name| audit(&book, files.path(), &Asked { sources: &["security"], security: with(name) });
    let empty = audit_of("rules.toml");
    assert!(!empty.is_complete() && empty.findings().count() == 0);
    assert_eq!(empty.sources[0].result.as_ref().unwrap().skipped_by_reason["no_rules"], 1);
    let broken = audit_of("broken.toml");
    assert!(
        matches!(&broken.sources[0].result, Err(Error::RulesInvalid { cause, .. }) if cause.contains("line 2")),
        "{broken:?}"
    );
}

#[test]
fn permissions_that_are_too_wide_are_found() {
    let (book, files) = (Book::new(), Tree::new());
    let body = (0..12)
        .map(|at| Dice::new(at).of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 64))
        .collect::<Vec<_>>()
        .join("\n");
    let dashes = "-".repeat(5);
    files.write(
        "id_rsa",
        format!("{dashes}BEGIN RSA PRIVATE KEY{dashes}\n{body}\n{dashes}END RSA PRIVATE KEY{dashes}\n"),
    );
    for (path, mode) in [("open.txt", 0o666), ("run", 0o4755), ("fine", 0o644)] {
        files.write(path, "text\n");
        std::fs::set_permissions(files.at(path), std::fs::Permissions::from_mode(mode)).unwrap();
    }
    std::fs::set_permissions(files.at("id_rsa"), std::fs::Permissions::from_mode(0o640)).unwrap();
    std::fs::create_dir(files.at("drop")).unwrap();
    std::fs::set_permissions(files.at("drop"), std::fs::Permissions::from_mode(0o777)).unwrap();
    let mut found = rules(&tree(&book, &files));
    found.sort();
    assert_eq!(
        found,
        [
            "permission.directory_world_writable drop",
            "permission.file_world_writable open.txt",
            "permission.key_readable id_rsa",
            "permission.setuid run",
            "secret.private-key id_rsa",
        ]
    );
}

#[test]
fn insecure_code_is_found_where_it_runs() {
    let (book, files) = (Book::new(), Tree::new());
    files.write("a.py", "import requests\nrequests.get(url, verify=False)\n# requests.get(url, verify=False)\nyaml.safe_load(x)\nyaml.load(x, Loader=yaml.SafeLoader)\n");
    files.write("b.go", "tls.Config{InsecureSkipVerify: true}\n");
    files.write("c.js", "db.query(`select * from t where id = ${id}`);\ndb.query('select 1');\n");
    files.write("d.py", "cursor.execute(f\"select * from t where id = {x}\")\ncursor.execute(\"select * from t where id = %s\", (x,))\n");
    files.write(".github/workflows/ci.yml", "      - run: echo \"${{ github.event.issue.title }}\"\n");
    // Handed over as it should be, named a group after, and given to an action.
    files.write(".github/workflows/fine.yml", "concurrency:\n  group: a-${{ github.head_ref }}\njobs:\n  a:\n    steps:\n      - run: echo \"$T\"\n        env:\n          T: ${{ github.event.issue.title }}\n      - uses: x/y@v1\n        with:\n          branch: ${{ github.head_ref }}\n");
    let foreign = |on: &str| {
        format!(
            "on: {on}\njobs:\n  a:\n    steps:\n      - uses: actions/checkout@v4\n        with:\n          ref: ${{{{ github.event.pull_request.head.sha }}}}\n"
        )
    };
    files.write(".github/workflows/target.yml", foreign("pull_request_target"));
    files.write(".github/workflows/request.yml", foreign("pull_request"));
    files.write("e.md", "Never write verify=False.\n");
    let mut found = rules(&tree(&book, &files));
    found.sort();
    assert_eq!(
        found,
        [
            "insecure.js-sql-injection c.js",
            "insecure.python-sql-injection d.py",
            "insecure.tls-unverified a.py",
            "insecure.tls-unverified-go b.go",
            "insecure.workflow-foreign-code .github/workflows/target.yml",
            "insecure.workflow-injection .github/workflows/ci.yml",
        ]
    );
}

/// Random letters and digits, which no rule knows a form of.
fn word(seed: u64, length: usize) -> String {
    Dice::new(seed).of("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789", length)
}

#[test]
fn secrets_in_constants_notebooks_pairs_playbooks_and_utf_16_are_found() {
    let (book, files) = (Book::new(), Tree::new());
    files.write("wp-config.php", format!("<?php define('DB_PASSWORD', '{}');\n", word(11, 16)));
    let source = format!("api_key = \\\"{}\\\"\\n", word(12, 32));
    files.write("a.ipynb", format!("{{\"cells\":[{{\"source\":[\"{source}\"]}}]}}\n"));
    files.write("get.py", format!("requests.get(url, auth=(\"admin\", \"{}\"))\n", word(13, 14)));
    files.write("host.yml", format!("ansible_become_pass: {}\n", word(14, 12)));
    files.write("dump.sh", format!("mysqldump -u root -p{} shop\nmysql -p 3306 -h db\n", word(15, 14)));
    let text = format!("$env:GITHUB = \"{}\"\r\n", token(16));
    let little: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    files.write("run.ps1", little);
    files.write("ja.json", "{\"CONFIRM_PASSWORD\": \"新しいパスワード2024\", \"token\": \"2FAトークン番号\"}\n");
    let mut found = rules(&tree(&book, &files));
    found.sort();
    assert_eq!(
        found,
        [
            "secret.ansible-password host.yml",
            "secret.assigned-secret a.ipynb",
            "secret.auth-pair get.py",
            "secret.database-client-password dump.sh",
            "secret.defined-secret wp-config.php",
            "secret.github-token run.ps1",
        ]
    );
    files.write("de.env", format!("PASSWORD=\"Grüß{}\"\n", word(17, 14)));
    let findings = tree(&book, &files);
    let said = findings.iter().find(|it| it.location.as_ref().unwrap().path == "de.env").unwrap();
    assert!(said.message.contains("(18 characters)"), "{}", said.message);
}

#[test]
fn of_rules_that_see_one_place_the_most_telling_speaks_and_others_rules_are_gone() {
    let (book, mut repo, rules_file) = (Book::new(), Repo::new(), Tree::new());
    rules_file.write("rules.toml", "[[rules]]\nid = \"generic-api-key\"\nregex = '''(?i)token[ =:\"]{1,5}([A-Za-z0-9_]{20,})'''\nkeywords = [\"token\"]\n[[rules]]\nid = \"npm-access-token\"\nregex = '''(npm_[A-Za-z0-9]{36})'''\nkeywords = [\"npm_\"]\n");
    let npm = with_checksum(&mut Dice::new(20), &["np", "m_"].concat());
    repo.save("a.txt", format!("authtoken={npm}\n"), "one");
    repo.save("b.txt", format!("key: {}\n", token(21)), "two");
    let built_in = Asked { sources: &["git", "security"], security: SecurityOptions::default() };
    assert_eq!(audit(&book, &repo.path, &built_in).findings().count(), 2);
    let security = SecurityOptions { rules: Some(rules_file.at("rules.toml")), ..SecurityOptions::default() };
    let asked = Asked { sources: &["git", "security"], security };
    let findings: Vec<Finding> = audit(&book, &repo.path, &asked).findings().cloned().collect();
    assert_eq!(rules(&findings), ["secret.npm-access-token a.txt"], "and nothing of the rules before");
    assert_eq!(audit(&book, &repo.path, &built_in).findings().count(), 2);
}

#[test]
fn a_committed_key_is_told_once_and_one_outside_of_git_with_its_mode() {
    let key = |seed: u64| {
        let lines: Vec<String> = (0..6).map(|nth| word(seed + nth, 64)).collect();
        format!(
            "{}\n{}\n{}\n",
            ["-----BEGIN ", "PRIVATE KEY-----"].concat(),
            lines.join("\n"),
            ["-----END ", "PRIVATE KEY-----"].concat()
        )
    };
    let (book, mut repo) = (Book::new(), Repo::new());
    repo.save("server.key", key(30), "begin");
    repo.write("local.key", key(40));
    repo.write("tests/test.key", key(50));
    let asked = Asked { sources: &["git", "security"], security: SecurityOptions::default() };
    let findings: Vec<Finding> = audit(&book, &repo.path, &asked).findings().cloned().collect();
    let of = |rule: &str| rules(&findings).into_iter().filter(|it| it.starts_with(rule)).collect::<Vec<_>>();
    assert_eq!(of("permission"), ["permission.key_readable local.key"]);
    assert_eq!(of("secret").len(), 3, "{findings:?}");
    let said = findings.iter().find(|it| it.rule.starts_with("secret") && it.message.contains("git checks it out"));
    assert_eq!(said.unwrap().location.as_ref().unwrap().path, "server.key");
}

#[test]
fn what_goes_by_a_name_alone_weighs_little_in_pages() {
    let (book, files) = (Book::new(), Tree::new());
    for path in ["docs/config.py", "README.md", "src/config.py"] {
        files.write(path, format!("api_key = \"{}\"\n", word(60, 32)));
    }
    let told: Vec<_> =
        tree(&book, &files).iter().map(|it| (it.severity, it.location.as_ref().unwrap().path.clone())).collect();
    let of = |severity, path: &str| (severity, path.to_owned());
    assert_eq!(
        told,
        [of(Severity::Warning, "src/config.py"), of(Severity::Info, "README.md"), of(Severity::Info, "docs/config.py")]
    );
}

#[test]
fn history_remembers_what_was_deleted_and_a_later_run_reads_only_what_is_new() {
    let (book, mut repo) = (Book::new(), Repo::new());
    repo.save("app.py", "x = 1\n", "begin");
    let brought = repo.save("app.py", format!("x = 1\nkey = \"{}\"\n", token(1)), "oops");
    repo.save("app.py", "x = 1\n", "take it back");
    let asked = Asked { sources: &["git", "security"], security: SecurityOptions::default() };
    let findings: Vec<Finding> = audit(&book, &repo.path, &asked).findings().cloned().collect();
    assert_eq!(rules(&findings), ["secret.github-token app.py"]);
    assert!(
        findings[0].message.contains(&brought[..10]) && findings[0].message.contains("every clone"),
        "{}",
        findings[0].message
    );
    assert_eq!(findings[0].metadata["commits"], serde_json::json!([brought]));
    assert!(!everything(&book).contains(&token(1)));
    repo.save("other.py", format!("k = \"{}\"\n", token(2)), "again");
    let second: Vec<Finding> = audit(&book, &repo.path, &asked).findings().cloned().collect();
    assert_eq!(rules(&second), ["secret.github-token app.py", "secret.github-token other.py"]);
    assert_eq!(second[0].id, findings[0].id);
    let runs = book.of("git.history");
    assert_eq!((result(&runs[1])["commits"].as_u64(), result(&runs[1])["leaks"]["found"].as_u64()), (Some(1), Some(1)));
}

#[test]
fn history_that_was_sealed_without_rules_is_looked_through_when_there_are_some() {
    let (book, mut repo) = (Book::new(), Repo::new());
    repo.save("app.py", format!("key = \"{}\"\n", token(1)), "oops");
    book.git(&repo.path, GitOptions::default());
    assert!(book.of("git.secret").is_empty());
    let coverage = book.git(&repo.path, GitOptions { secrets: true, ..GitOptions::default() });
    assert!(coverage.notes.iter().any(|note| note.contains("from its beginning")), "{:?}", coverage.notes);
    assert_eq!((book.of("git.secret").len(), book.of("git.commit").len()), (1, 1));
    book.git(&repo.path, GitOptions { secrets: true, ..GitOptions::default() });
    assert_eq!(result(book.of("git.history").last().unwrap())["resumed"], true);
}

#[test]
fn a_merge_that_brings_a_secret_of_its_own_is_found() {
    let (book, mut repo) = (Book::new(), Repo::new());
    repo.save("a.txt", "a\n", "begin");
    repo.git(&["checkout", "-q", "-b", "side"]);
    repo.save("b.txt", "b\n", "side");
    repo.git(&["checkout", "-q", "main"]);
    repo.save("c.txt", "c\n", "main");
    repo.git(&["merge", "-q", "--no-commit", "--no-ff", "side"]);
    repo.write("a.txt", format!("a\n{}\n", token(5)));
    let merge = repo.commit("merge");
    book.git(&repo.path, GitOptions { secrets: true, ..GitOptions::default() });
    let leaks = book.of("git.secret");
    assert_eq!(leaks.iter().map(|it| it.target.id.clone()).collect::<Vec<_>>(), [merge]);
}

#[test]
fn a_suppression_holds_until_its_day_and_is_told() {
    let (book, files) = (Book::new(), Tree::new());
    files.write("a.env", format!("TOKEN={}\n", token(1)));
    let id = tree(&book, &files)[0].id.clone();
    let suppress = |until: i64| {
        let stamp = Timestamp::from_micros(1_700_000_000_000_000);
        let target = Target::new(TargetKind::Record, id.as_str());
        let mut record = Record::event(
            sealbook_ledger::Uuid::from_u128(9),
            Actor::new(ActorKind::User, "ann"),
            SUPPRESSED,
            target,
            stamp,
        );
        let until = Timestamp::from_micros(until);
        Suppression { finding: id.clone(), reason: "rotated on Monday".to_owned(), until }.write(&mut record).unwrap();
        book.page().record(Raw::new(record)).unwrap();
    };
    suppress(1_800_000_000_000_000);
    let findings = tree(&book, &files);
    assert_eq!(rules(&findings), ["suppression "]);
    assert!(
        findings[0].message.contains("rotated on Monday") && findings[0].message.contains("ann"),
        "{}",
        findings[0].message
    );
    suppress(1_700_000_000_000_001);
    let findings = tree(&book, &files);
    assert_eq!(rules(&findings), ["secret.github-token a.env"]);
    assert!(findings[0].message.contains("it was suppressed until"), "{}", findings[0].message);
}

fn suppressed(book: &Book, id: &str) {
    let stamp = Timestamp::from_micros(1_700_000_000_000_000);
    let mut record = Record::event(
        sealbook_ledger::Uuid::from_u128(9),
        Actor::new(ActorKind::User, "ann"),
        SUPPRESSED,
        Target::new(TargetKind::Record, id),
        stamp,
    );
    let until = Timestamp::from_micros(1_800_000_000_000_000);
    Suppression { finding: id.to_owned(), reason: "rotated".to_owned(), until }.write(&mut record).unwrap();
    book.page().record(Raw::new(record)).unwrap();
}

#[test]
fn a_finding_and_its_suppression_survive_renames_that_git_or_a_manifest_tells_of() {
    let (book, mut repo) = (Book::new(), Repo::new());
    let code = |line: &str| format!("import requests\n{line}\nrequests.get(url, verify=False)\n");
    repo.write("pay.py", code("a = 1"));
    repo.save("key.env", format!("TOKEN={}\n", token(1)), "begin");
    let asked = Asked { sources: &["git", "security"], security: SecurityOptions::default() };
    let ids = |audit: &Audit| {
        let located = audit.findings().filter(|it| it.location.is_some());
        located.map(|it| (it.rule.clone(), it.id.clone())).collect::<std::collections::BTreeMap<_, _>>()
    };
    let first = ids(&audit(&book, &repo.path, &asked));
    assert_eq!(first.len(), 2, "{first:?}");
    suppressed(&book, &first["secret.github-token"]);
    repo.git(&["mv", "pay.py", "payments.py"]);
    repo.git(&["mv", "key.env", "keys.env"]);
    repo.commit("rename");
    repo.git(&["mv", "payments.py", "money.py"]);
    repo.commit("rename again");
    for _ in 0..3 {
        let again = audit(&book, &repo.path, &asked);
        let now = ids(&again);
        assert_eq!(now["insecure.tls-unverified"], first["insecure.tls-unverified"]);
        assert!(!now.contains_key("secret.github-token"), "it stays suppressed: {now:?}");
        let renamed = again.findings().find(|it| it.rule == "insecure.tls-unverified").unwrap();
        assert_eq!(renamed.location.as_ref().unwrap().path, "money.py");
        assert_eq!(renamed.metadata["renamed_from"], "pay.py");
    }
    // A new file under the old name is another thing.
    repo.write("pay.py", code("b = 2"));
    repo.commit("anew");
    let both = audit(&book, &repo.path, &asked);
    let two: std::collections::BTreeSet<&str> =
        both.findings().filter(|it| it.rule == "insecure.tls-unverified").map(|it| it.id.as_str()).collect();
    assert_eq!(two.len(), 2, "{both:?}");

    let (book, files) = (Book::new(), Tree::new());
    files.write("a.env", format!("TOKEN={}\n", token(2)));
    let asked = Asked { sources: &["file", "security"], security: SecurityOptions::default() };
    let first = ids(&audit(&book, files.path(), &asked));
    std::fs::rename(files.at("a.env"), files.at("b.env")).unwrap();
    assert_eq!(ids(&audit(&book, files.path(), &asked)), first);
    std::fs::remove_file(files.at("b.env")).unwrap();
    files.write("c.env", format!("TOKEN={}\nOTHER=1\n", token(2)));
    assert_ne!(ids(&audit(&book, files.path(), &asked)), first, "nothing says that it was renamed");
}

const LOCK: &str = "version = 4\n[[package]]\nname = \"shop\"\nversion = \"0.1.0\"\ndependencies = [\"badtime\", \"good\"]\n\
[[package]]\nname = \"badtime\"\nversion = \"0.2.20\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n\
[[package]]\nname = \"good\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n";

fn shop() -> Tree {
    let files = Tree::new();
    files.write(
        "Cargo.toml",
        "[package]\nname = \"shop\"\nversion = \"0.1.0\"\n[dependencies]\nbadtime = \"0.2\"\ngood = \"1\"\n",
    );
    files.write("Cargo.lock", LOCK);
    files.write("src/main.rs", "fn main() {}\n");
    files
}

fn advised(book: &Book, files: &Tree, directory: PathBuf, sources: &[&'static str]) -> Audit {
    let security = SecurityOptions { advisories: Some(directory), ..SecurityOptions::default() };
    audit(book, files.path(), &Asked { sources, security })
}

#[test]
fn advisories_of_both_forms_are_held_against_the_bill_of_materials() {
    let (book, files, database) = (Book::new(), shop(), Tree::new());
    database.write("crates/badtime/RUSTSEC-2020-0071.md", "```toml\n[advisory]\nid = \"RUSTSEC-2020-0071\"\npackage = \"badtime\"\ndate = \"2020-11-18\"\ncvss = \"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"\naliases = [\"CVE-2020-26235\"]\n[versions]\npatched = [\">= 0.2.23\"]\nunaffected = [\"< 0.2.0\"]\n```\n\n# Segfault in time\n\nText.\n");
    database.write("osv/GHSA-1.json", r#"{"id":"GHSA-1","summary":"wrong sum","affected":[{"package":{"ecosystem":"crates.io","name":"good"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"0.9.0"}]}]}]}"#);
    database.write("osv/GHSA-2.json", r#"{"id":"GHSA-2","summary":"late","withdrawn":"2024-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"crates.io","name":"good"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]}]}"#);
    let audit = advised(&book, &files, database.path().to_owned(), &["module", "security"]);
    assert!(audit.is_complete(), "{audit:?}");
    let findings: Vec<Finding> = audit.findings().cloned().collect();
    assert_eq!(rules(&findings), ["advisory.vulnerable Cargo.lock"]);
    assert_eq!(findings[0].severity, Severity::Critical);
    for says in ["badtime 0.2.20", "CVE-2020-26235", "Segfault in time", ">= 0.2.23"] {
        assert!(findings[0].message.contains(says), "{}", findings[0].message);
    }
    let told = &result(&book.of("security.scan")[0])["advisories"];
    assert_eq!(
        (told["loaded"].as_u64(), told["withdrawn"].as_u64(), told["components"].as_u64()),
        (Some(2), Some(1), Some(2))
    );
}

/// A tree with these lists of requirements, held against advisories of `PyYAML`, `Django`, `Jinja2` and `urllib3`.
fn python(lists: &[(&str, &str)]) -> (Audit, Vec<(String, String)>) {
    let (book, files, database) = (Book::new(), Tree::new(), Tree::new());
    for (path, content) in lists {
        files.write(path, content);
    }
    let of = |id: &str, name: &str, says: &str| {
        format!(r#"{{"id":"{id}","affected":[{{"package":{{"ecosystem":"PyPI","name":"{name}"}},{says}}}]}}"#)
    };
    let until = |fixed: &str| {
        format!(r#""ranges":[{{"type":"ECOSYSTEM","events":[{{"introduced":"0"}},{{"fixed":"{fixed}"}}]}}]"#)
    };
    database.write("dj.json", of("PY-1", "django", r#""versions":["3.2","3.2.1"]"#));
    database.write("ya.json", of("PY-2", "PyYAML", &until("5.4")));
    database.write("ji.json", of("PY-3", "jinja2", &until("2.10.1")));
    let audit = advised(&book, &files, database.path().to_owned(), &["module", "security"]);
    let mut found: Vec<(String, String)> = audit
        .findings()
        .map(|it| (it.metadata["advisory"].as_str().unwrap().to_owned(), it.location.as_ref().unwrap().path.clone()))
        .collect();
    found.sort();
    (audit, found)
}

fn skips<'a>(audit: &'a Audit, of: &str) -> Vec<(&'a str, String, &'a str)> {
    let run = audit.sources.iter().find(|it| it.source == of).unwrap();
    let skipped = run.result.as_ref().unwrap().skipped.iter();
    skipped.map(|it| (&*it.why, it.path.to_string(), it.detail.as_deref().unwrap_or_default())).collect()
}

#[test]
fn lists_that_lists_lead_to_are_held_against_advisories_too() {
    let pair = |id: &str, path: &str| (id.to_owned(), path.to_owned());
    let (audit, found) = python(&[
        ("requirements.txt", "-r sub/base.txt\nDjango==3.2.0\n"),
        ("sub/base.txt", "--requirement=more.txt\nflask==3.0.0\n"),
        ("sub/more.txt", "Jinja2==2.10\n-r ../requirements.txt\n"),
    ]);
    assert_eq!(found, [pair("PY-1", "requirements.txt"), pair("PY-3", "sub/more.txt")]);
    assert!(audit.is_complete(), "{audit:?}");
    for (list, says) in [
        ("-r ../outside.txt\n", "outside"),
        ("-r gone.txt\n", "no such file"),
        ("-r https://example.org/base.txt\n", "not fetched"),
    ] {
        let (audit, _) = python(&[("requirements.txt", &format!("flask==3.0.0\n{list}"))]);
        let skipped = skips(&audit, "module");
        assert_eq!((skipped[0].0, skipped[0].1.as_str()), ("dependencies_unread", "requirements.txt"), "{list}");
        assert!(skipped[0].2.contains(says), "{skipped:?}");
    }
}

#[test]
fn lists_in_a_directory_of_lists_and_dynamic_ones_are_read_and_others_are_gaps() {
    let pair = |id: &str, path: &str| (id.to_owned(), path.to_owned());
    let (audit, found) = python(&[
        ("requirements.txt", "flask==3.0.0\n"),
        ("requirements/base.txt", "Jinja2==2.10\n"),
        ("requirements/prod.txt", "-r base.txt\nDjango==3.2.0\n"),
    ]);
    assert_eq!(found, [pair("PY-1", "requirements/prod.txt"), pair("PY-3", "requirements/base.txt")]);
    assert!(audit.is_complete(), "{audit:?}");
    let project = "[project]\nname = \"a\"\nversion = \"1\"\ndynamic = [\"dependencies\"]\n";
    let dynamic = format!("{project}[tool.setuptools.dynamic]\ndependencies = {{ file = [\"deps.in\"] }}\n");
    let (audit, found) = python(&[("pyproject.toml", &dynamic), ("deps.in", "Jinja2==2.10\n")]);
    assert_eq!(found, [pair("PY-3", "deps.in")]);
    assert!(audit.is_complete(), "{audit:?}");
    let cfg = "[metadata]\nname = a\n[options]\npackages = find:\ninstall_requires =\n  jinja2==2.10\n";
    for (name, text) in [("pyproject.toml", project), ("setup.cfg", cfg), ("environment.yml", "dependencies:\n - a\n")]
    {
        let (audit, _) = python(&[("requirements.txt", "flask==3.0.0\n"), (name, text)]);
        let skipped = skips(&audit, "module");
        assert_eq!((skipped[0].0, skipped[0].1.as_str()), ("dependencies_unread", name));
    }
    let (audit, _) =
        python(&[("requirements.txt", "flask==3.0.0\n"), ("setup.cfg", "[flake8]\nmax-line-length = 99\n")]);
    assert!(audit.is_complete(), "{audit:?}");
}

#[test]
fn constraints_say_which_version_it_is() {
    let (audit, found) = python(&[
        ("requirements.txt", "-c constraints.txt\nPyYAML\nflask==3.0.0\n"),
        ("constraints.txt", "pyyaml==5.3\njinja2==2.10\n"),
    ]);
    assert_eq!(found, [("PY-2".to_owned(), "requirements.txt".to_owned())], "a constraint alone asks for nothing");
    assert!(audit.is_complete(), "{audit:?}");
}

#[test]
fn what_is_not_pinned_is_held_against_advisories_as_far_as_that_goes() {
    let (audit, found) = python(&[("requirements.txt", "PyYAML>=5,<5.2\nflask==3.0.0\n")]);
    assert_eq!(found, [("PY-2".to_owned(), "requirements.txt".to_owned())]);
    assert!(audit.findings().all(|it| it.message.contains("whichever version")), "{audit:?}");
    assert!(audit.is_complete(), "{audit:?}");
    let (audit, found) = python(&[("requirements.txt", "PyYAML>=5.4\nflask\n")]);
    assert!(found.is_empty() && audit.is_complete(), "{audit:?}");
    let (audit, found) = python(&[("requirements.txt", "PyYAML>=5\ndjango\n")]);
    assert!(found.is_empty(), "{found:?}");
    let skipped = skips(&audit, "security");
    let why: Vec<_> = skipped.iter().map(|(why, path, _)| (*why, path.as_str())).collect();
    assert_eq!(why, [("dependency_unpinned", "requirements.txt"); 2], "and not that there is no bill of materials");
    assert!(skipped.iter().any(|it| it.2.contains("pyyaml >=5") && it.2.contains("PY-2")), "{skipped:?}");
}

#[test]
fn an_advisory_is_told_once_for_each_file_that_names_the_package() {
    let (_, found) = python(&[("a/requirements.txt", "django==3.2\n"), ("b/requirements.txt", "django==3.2\n")]);
    let paths: Vec<&str> = found.iter().map(|(_, path)| path.as_str()).collect();
    assert_eq!(paths, ["a/requirements.txt", "b/requirements.txt"]);
}

#[test]
fn no_advisory_an_unreadable_one_and_no_bill_of_materials_are_incomplete() {
    let (files, empty, broken) = (shop(), Tree::new(), Tree::new());
    broken.write("a.json", "{");
    broken.write("b.json", r#"{"id":"B","affected":[{"package":{"ecosystem":"crates.io","name":"x"}}]}"#);
    let reasons = |directory: &Tree, sources: &[&'static str]| {
        let audit = advised(&Book::new(), &files, directory.path().to_owned(), sources);
        let coverage = audit.sources.iter().find(|it| it.source == "security").unwrap().result.as_ref().unwrap();
        coverage.skipped_by_reason.keys().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(reasons(&empty, &["module", "security"]), ["no_advisories"]);
    assert_eq!(reasons(&broken, &["module", "security"]), ["advisory_unreadable"]);
    assert_eq!(reasons(&broken, &["security"]), ["advisory_unreadable", "no_bill_of_materials"]);
}

#[test]
fn the_same_secret_twice_is_two_places_and_samples_weigh_less() {
    let (book, files) = (Book::new(), Tree::new());
    let hex = Dice::new(3).of(HEX, 32);
    files.write("tests/fixtures/a.env", format!("TOKEN={}\n", token(1)));
    files.write("prod.env", format!("TOKEN={}\nDATADOG_API_KEY={hex}\n", token(1)));
    let findings = tree(&book, &files);
    let told: Vec<_> = findings.iter().map(|it| (it.severity, it.location.as_ref().unwrap().path.as_str())).collect();
    assert_eq!(
        told,
        [(Severity::Critical, "prod.env"), (Severity::Error, "prod.env"), (Severity::Warning, "tests/fixtures/a.env")]
    );
}

#[test]
fn what_no_run_looked_at_is_not_said_to_be_gone() {
    let (book, secret) = (Book::new(), token(77));
    let mut repo = Repo::new();
    repo.save("pay.py", format!("TOKEN = \"{secret}\"\n"), "Add payments");
    let of = |sources: &[&'static str]| {
        let asked = Asked { sources, security: SecurityOptions::default() };
        let found: Vec<Finding> = audit(&book, &repo.path, &asked).findings().cloned().collect();
        assert_eq!(found.len(), 1, "{found:?}");
        found.into_iter().next().unwrap()
    };
    let history = of(&["git"]);
    assert!(history.message.contains("this run did not look"), "{}", history.message);
    assert_eq!(history.metadata.get("in_tree"), None);
    let both = of(&["git", "security"]);
    assert_eq!((&both.id, &both.metadata["in_tree"]), (&history.id, &true.into()));
    repo.git(&["rm", "-q", "pay.py"]);
    repo.git(&["commit", "-q", "-m", "Remove payments"]);
    let of = |sources: &[&'static str]| {
        let asked = Asked { sources, security: SecurityOptions::default() };
        audit(&book, &repo.path, &asked).findings().next().unwrap().clone()
    };
    let history = of(&["git"]);
    assert!(history.message.contains("its file is not in HEAD any more"), "{}", history.message);
    assert_eq!((history.metadata.get("in_tree"), &history.metadata["in_head"]), (None, &false.into()));
    let both = of(&["git", "security"]);
    assert!(both.message.contains("it is not in the tree any more"), "{}", both.message);
}

#[test]
fn nothing_to_look_through_is_no_clean_tree() {
    let (book, empty) = (Book::new(), Tree::new());
    for (source, why) in
        [("security", "no_file"), ("file", "no_file"), ("module", "no_module"), ("log", "no_log_found")]
    {
        let asked = Asked { sources: &[source], security: SecurityOptions::default() };
        let run = audit(&book, empty.path(), &asked);
        let coverage = run.sources[0].result.as_ref().unwrap();
        assert!(coverage.skipped_by_reason.contains_key(why) && !run.is_complete(), "{source}: {coverage:?}");
    }
}
