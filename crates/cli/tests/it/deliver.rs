//! Reports that leave: to a repository, to a chat, by mail.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use serde_json::Value;

use crate::fixture::{Ended, Place, end, git};

/// A project that was audited.
fn audited() -> Place {
    let place = Place::empty();
    git(&place.project(), &["init", "--quiet", "--initial-branch=main"]);
    place.write("<!channel>.py", "eval(input())\n");
    git(&place.project(), &["add", "-A"]);
    git(&place.project(), &["commit", "--quiet", "-m", "Begin"]);
    place.run(["repo", "--sources=git,security", "--fail-on=never"]);
    place
}

fn said(place: &Place, arguments: &[&str]) -> String {
    let output = Command::new("git").current_dir(place.project()).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The records of exports, oldest first.
fn exports(place: &Place) -> Vec<Value> {
    place.json(["query", "--action", "report.export", "--ascending"])["records"].as_array().unwrap().clone()
}

/// How each ended, oldest first; none for an intent.
fn ends(place: &Place) -> Vec<Option<String>> {
    exports(place).iter().map(|row| row["record"]["outcome"].as_str().map(str::to_owned)).collect()
}

fn private(path: &Path, text: &str) -> String {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o600)).unwrap();
    path.display().to_string()
}

/// Everything of a repository that an audit must not touch.
fn untouched(place: &Place) -> [String; 6] {
    let index = place.project().join(".git/index");
    [
        said(place, &["status", "--porcelain"]),
        said(place, &["rev-parse", "HEAD"]),
        said(place, &["for-each-ref", "refs/heads", "refs/tags"]),
        said(place, &["hash-object", index.to_str().unwrap()]),
        std::fs::read_to_string(place.project().join(".git/config")).unwrap(),
        std::fs::read_to_string(place.project().join(".git/HEAD")).unwrap(),
    ]
}

const GIT: &[&str] = &["report", "--fail-on", "never", "--export", "git", "--allow-changes"];

#[test]
fn a_report_is_committed_with_consent_and_nothing_else_is_touched() {
    let place = audited();
    place.write("<!channel>.py", "changed and not committed\n");
    let hook = place.project().join(".git/hooks/reference-transaction");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(&hook, "#!/bin/sh\ntouch hook-ran\n").unwrap();
    std::fs::set_permissions(&hook, PermissionsExt::from_mode(0o755)).unwrap();
    let before = untouched(&place);

    let asked = place.run(["report", "--fail-on", "never", "--export", "git"]);
    assert_eq!(asked.code, 2, "{asked:?}");
    assert!(asked.err.contains("--allow-changes") && exports(&place).is_empty(), "{asked:?}");
    assert_eq!(said(&place, &["for-each-ref", "refs/sealbook"]), "");

    let first = place.ok(GIT).trim().to_owned();
    let second = place.ok(GIT).trim().to_owned();
    assert_eq!(untouched(&place), before);
    assert!(!place.project().join("hook-ran").exists(), "no hook of the repository ran");
    assert_eq!(said(&place, &["rev-parse", "refs/sealbook/reports"]), second);
    assert_eq!(said(&place, &["rev-parse", "refs/sealbook/reports~1"]), first);
    said(&place, &["fsck", "--strict", "--no-dangling"]);

    let names = said(&place, &["ls-tree", "--name-only", &first]);
    assert_eq!(names.lines().collect::<Vec<_>>(), ["checkpoint", "report.html", "report.json", "report.md"]);
    let message = said(&place, &["show", "--no-patch", "--format=%B", &first]);
    let checkpoint = said(&place, &["show", &format!("{first}:checkpoint")]);
    assert!(checkpoint.lines().count() >= 5 && checkpoint.starts_with("sealbook/"), "{checkpoint}");
    for line in checkpoint.lines() {
        assert!(message.contains(line), "{line} is in\n{message}");
    }
    let run =
        place.json(["query", "--action", "audit.run", "--limit", "1"])["records"][0]["record"]["operation"].clone();
    assert!(message.contains(&format!("Sealbook-Run: {}", run.as_str().unwrap_or_default())), "{message} {run}");
    // What was committed can be checked from there.
    let kept = place.beside("kept.html");
    std::fs::write(&kept, said(&place, &["show", &format!("{first}:report.html")])).unwrap();
    place.ok(["verify", "--bundle", kept.to_str().unwrap(), "--key", place.ok(["key", "public"]).trim()]);
    std::fs::write(place.beside("kept.note"), checkpoint + "\n").unwrap();
    place.ok(["verify", "--against", place.beside("kept.note").to_str().unwrap()]);

    let told = exports(&place);
    let record = |at: usize| &told[at]["record"];
    assert_eq!(ends(&place), [None, Some("ok".to_owned()), None, Some("ok".to_owned())]);
    assert_eq!(record(0)["before"]["commit"], Value::Null);
    assert_eq!(
        (&record(1)["after"]["commit"], &record(1)["result"]["commit"]),
        (&first.clone().into(), &first.clone().into())
    );
    assert_eq!(record(2)["before"]["commit"], first);
    assert_eq!(record(3)["after"]["commit"], second);
    assert_eq!(place.run(["verify", "--complete"]).code, 0, "every intent has its outcome");
}

#[test]
fn a_reference_of_others_is_not_moved() {
    let place = audited();
    git(&place.project(), &["branch", "other"]);
    git(&place.project(), &["worktree", "add", "--quiet", "-b", "linked", place.beside("linked").to_str().unwrap()]);
    git(&place.project(), &["symbolic-ref", "refs/sealbook/link", "refs/heads/other"]);
    let before = said(&place, &["for-each-ref"]);
    for (reference, why) in [
        ("refs/heads/main", "checked out"),
        ("refs/heads/linked", "checked out"),
        ("refs/heads/other", "no report of ours"),
        ("refs/sealbook/link", "symbolic"),
        ("refs/tags/v1", "neither under refs/sealbook/"),
        ("HEAD", "neither under refs/sealbook/"),
        ("refs/heads/a..b", "no such name"),
        ("refs/sealbook/../heads/main", "no such name"),
    ] {
        let ended = place.run(GIT.iter().chain(&["--git-ref", reference]));
        assert_eq!(ended.code, 2, "{reference}: {ended:?}");
        assert!(ended.err.contains(why) && ended.err.contains("keep_refused"), "{reference}: {ended:?}");
    }
    assert_eq!(said(&place, &["for-each-ref"]), before);
    assert!(exports(&place).is_empty(), "what cannot be is not announced");
    place.ok(GIT.iter().chain(&["--git-ref", "refs/heads/reports"]));
    place.ok(GIT.iter().chain(&["--git-ref", "refs/heads/reports"]));
    assert_eq!(said(&place, &["rev-list", "--count", "reports"]), "2");
    // What a person has halted does not happen, and that is on record.
    place.ok(["stop", "--reason", "freeze"]);
    let stopped = place.run(GIT);
    assert_eq!(stopped.code, 2, "{stopped:?}");
    assert!(stopped.err.contains("halted"), "{stopped:?}");
    assert_eq!(ends(&place).last().unwrap().as_deref(), Some("blocked"));
    assert_eq!(said(&place, &["for-each-ref", "refs/sealbook/reports"]), "");
}

/// A double of a chat's incoming webhook, after its published description: it takes JSON with a text and blocks of
/// bounded size, and says `ok`, or a word for what is wrong (docs.slack.dev, "Sending messages using incoming
/// webhooks" and "Rate limits"). What it is to answer instead comes first, one answer for each request.
fn chat(answers: &'static [&'static str]) -> (String, JoinHandle<Vec<Value>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/services/T0001/B0001/s3cr3t-path", listener.local_addr().unwrap());
    let heard = std::thread::spawn(move || {
        let mut bodies = Vec::new();
        for (answer, connection) in answers.iter().zip(listener.incoming()) {
            let mut reader = BufReader::new(connection.unwrap());
            let (mut head, mut length) = (String::new(), 0);
            while !head.ends_with("\r\n\r\n") {
                reader.read_line(&mut head).unwrap();
            }
            for line in head.lines() {
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let body: Value = serde_json::from_slice(&body).unwrap_or_default();
            let is_posted = head.starts_with("POST /services/T0001/B0001/s3cr3t-path HTTP/1.1\r\n");
            let answer = match (*answer, wrong_with(&head, &body)) {
                ("hang up", _) => String::new(),
                ("take it", None) if is_posted => answer_of("200 OK", "", "ok"),
                ("take it", wrong) => answer_of("400 Bad Request", "", wrong.unwrap_or("no_service")),
                (other, _) => {
                    let (status, more) = other.split_once('|').unwrap_or((other, ""));
                    let (headers, word) = more.split_once('|').unwrap_or(("", more));
                    answer_of(status, headers, word)
                }
            };
            bodies.push(body);
            reader.get_mut().write_all(answer.as_bytes()).unwrap();
        }
        bodies
    });
    (url, heard)
}

fn answer_of(status: &str, headers: &str, body: &str) -> String {
    let headers = if headers.is_empty() { String::new() } else { format!("{headers}\r\n") };
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

/// The word for what is wrong with a message.
fn wrong_with(head: &str, body: &Value) -> Option<&'static str> {
    let is_json = head.to_ascii_lowercase().contains("content-type: application/json");
    if !is_json || !body.is_object() {
        return Some("invalid_payload");
    }
    if body["text"].as_str().is_none_or(str::is_empty) {
        return Some("no_text");
    }
    let blocks = body["blocks"].as_array().cloned().unwrap_or_default();
    let fits = |block: &Value| {
        let most = match block["type"].as_str() {
            Some("header") => 150,
            Some("section") => 3_000,
            _ => return false,
        };
        let length = block["text"]["text"].as_str().map_or(0, |text| text.chars().count());
        block["text"]["type"] == "plain_text" && (1..=most).contains(&length)
    };
    (blocks.is_empty() || blocks.len() > 50 || !blocks.iter().all(fits)).then_some("invalid_blocks")
}

/// Exports to a chat whose address lies in a file.
fn post(place: &Place, url: &str) -> Ended {
    let file = private(&place.beside("hook"), url);
    place.run(["report", "--fail-on", "never", "--export", "slack", "--webhook-file", &file])
}

#[test]
fn a_report_is_posted_as_plain_text_and_tried_again_where_it_was_refused_for_now() {
    let place = audited();
    let (url, heard) =
        chat(&["429 Too Many Requests|Retry-After: 1|rate_limited", "503 Service Unavailable", "take it"]);
    let ended = post(&place, &url);
    assert_eq!(ended.code, 0, "{ended:?}");
    let heard = heard.join().unwrap();
    assert_eq!(heard.len(), 3);
    assert!(heard.iter().all(|body| *body == heard[0]), "the same each time");
    let text = heard[0].to_string();
    for told in [
        "Audit of",
        "Coverage: complete",
        "1 critical",
        "insecure.python-eval-of-input &lt;!channel&gt;.py:1",
        "Verified: intact",
    ] {
        assert!(text.contains(told), "{told} is in {text}");
    }
    assert!(!text.contains("<!channel>") && text.contains("&lt;!channel&gt;"), "nobody is called: {text}");
    let failed = Some("failed".to_owned());
    assert_eq!(ends(&place), [None, failed.clone(), None, failed, None, Some("ok".to_owned())]);
    let told = exports(&place);
    assert_eq!(told[1]["record"]["error"]["message"], "HTTP status 429: rate_limited");
    assert!(told[1]["record"]["error"]["wait_ms"].as_u64().unwrap() >= 1_000, "it is waited as long as was asked for");
    let operations: Vec<&Value> = told.iter().map(|row| &row["record"]["operation"]).collect();
    assert!(operations.iter().all(|operation| *operation == operations[0]), "one operation: {operations:?}");
    assert!(!serde_json::to_string(&told).unwrap().contains("s3cr3t"), "the address is not recorded");
    assert_eq!(place.run(["verify", "--complete"]).code, 0);
}

#[test]
fn what_may_have_arrived_is_not_posted_twice_and_no_error_names_the_address() {
    let place = audited();
    for (answers, outcome, why) in [
        (&["hang up"][..], "unknown", "the connection broke"),
        (&["500 Internal Server Error||rollup_error"], "unknown", "HTTP status 500: rollup_error"),
        (&["403 Forbidden||invalid_token"], "failed", "HTTP status 403: invalid_token"),
        (&["410 Gone||Something <longer> with s3cr3t-path in it"], "failed", "HTTP status 410"),
        (&["302 Found|Location: http://127.0.0.1:1/|"], "failed", "HTTP status 302"),
        (&["429 Too Many Requests|Retry-After: 86400|"], "failed", "HTTP status 429"),
    ] {
        let (url, heard) = chat(answers);
        let ended = post(&place, &url);
        assert_eq!(ended.code, 2, "{ended:?}");
        assert!(ended.err.contains(why) && !ended.err.contains("s3cr3t"), "{why}: {ended:?}");
        assert_eq!(heard.join().unwrap().len(), 1);
        let told = exports(&place);
        assert_eq!(told.last().unwrap()["record"]["outcome"], outcome, "{why}");
    }
    for (address, why) in [
        ("http://hooks.example.org/s3cr3t-path", "not on this machine"),
        ("ftp://127.0.0.1/s3cr3t-path", "neither"),
        ("s3cr3t-path", "no address"),
    ] {
        let before = exports(&place).len();
        let ended = post(&place, address);
        assert!(ended.code == 2 && ended.err.contains(why) && !ended.err.contains("s3cr3t"), "{ended:?}");
        assert_eq!(exports(&place).len(), before, "nothing was announced");
    }
    let file = place.beside("hook");
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
    let ended =
        place.run(["report", "--fail-on", "never", "--export", "slack", "--webhook-file", file.to_str().unwrap()]);
    assert!(ended.code == 2 && ended.err.contains("chmod 600"), "{ended:?}");
    let ended = place.run(["report", "--fail-on", "never", "--export", "slack"]);
    assert!(ended.code == 2 && ended.err.contains("SEALBOOK_SLACK_WEBHOOK"), "{ended:?}");
    let (url, heard) = chat(&["take it"]);
    let mut command = place.command(["report", "--fail-on", "never", "--export", "slack"]);
    assert_eq!(end(command.env("SEALBOOK_SLACK_WEBHOOK", url), b"").code, 0);
    heard.join().unwrap();
}

/// A real mail server, on loopback.
struct MailServer {
    child: Child,
    port: u16,
    taken: PathBuf,
}

impl MailServer {
    fn start(place: &Place, tls: Option<(&Path, &Path)>, replies: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let taken = place.beside("taken.jsonl");
        let mut command = Command::new(root.join("target/tools/mail/bin/python"));
        command.arg(root.join("crates/cli/tests/it/mail.py")).arg(&taken).env("REPLIES", replies);
        match tls {
            Some((certificate, key)) => command.arg(certificate).arg(key),
            None => command.arg("plain"),
        };
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("scripts/tools brings it");
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        Self { child, port: line.trim().parse().expect("it says its port"), taken }
    }

    fn taken(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.taken).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

fn header<'m>(mail: &'m Value, name: &str) -> &'m str {
    let headers = mail["headers"].as_array().unwrap();
    headers.iter().find(|header| header[0] == name).and_then(|header| header[1].as_str()).unwrap_or_default()
}

fn mail(place: &Place, settings: &str) -> Ended {
    let file = private(&place.beside("mail.toml"), settings);
    place.run(["report", "--fail-on", "never", "--export", "email", "--mail-file", &file])
}

#[test]
fn a_report_is_mailed_with_its_page_and_known_again() {
    let place = audited();
    let server = MailServer::start(&place, None, "");
    let settings = format!(
        "host = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\nfrom = \"Sealbook <books@example.org>\"\n\
         to = [\"Ann Ä <ann@example.org>\", \"bob@example.org\"]\n",
        server.port
    );
    let ended = mail(&place, &settings);
    assert_eq!(ended.code, 0, "{ended:?}");
    let taken = server.taken();
    let [mail] = &taken[..] else { panic!("one mail: {taken:?}") };
    assert_eq!((&mail["from"], mail["to"].as_array().unwrap().len()), (&"books@example.org".into(), 2));
    assert!(header(mail, "Subject").starts_with("Audit of /"), "{mail}");
    assert_eq!(header(mail, "Auto-Submitted"), "auto-generated");
    let told = exports(&place);
    let run = told[0]["record"]["input"]["run"].as_str().unwrap();
    let id = header(mail, "Message-ID");
    assert!(id.starts_with(&format!("<{run}.")) && id.ends_with(".sealbook.invalid>"), "{id}");
    assert_eq!(id, format!("<{}>", told[0]["record"]["input"]["message_id"].as_str().unwrap()));
    let text = mail["text"].as_str().unwrap();
    assert!(text.contains("1 critical") && text.contains("Checkpoint") && text.contains("— sealbook/"), "{text}");
    let file = &mail["files"][0];
    assert_eq!(
        (&file["name"], &file["type"], &file["begins"]),
        (&"report.html".into(), &"text/html".into(), &"<!doctype html>".into())
    );
    assert!(file["bytes"].as_u64().unwrap() > 50_000, "{file}");
    assert_eq!(ends(&place), [None, Some("ok".to_owned())]);
    assert_eq!(place.run(["verify", "--complete"]).code, 0);
}

#[test]
fn mail_goes_over_tls_with_a_login_from_a_file() {
    let place = audited();
    let (certificate, key) = (place.beside("tls.pem"), place.beside("tls.key"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-out")
        .arg(&certificate)
        .arg("-keyout")
        .arg(&key)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let server = MailServer::start(&place, Some((&certificate, &key)), "");
    let settings = |password: &str, more: &str| {
        private(&place.beside("password"), password);
        format!(
            "host = \"localhost\"\nport = {}\nuser = \"ann\"\npassword_file = \"password\"\n{more}\
             from = \"books@example.org\"\nto = [\"ann@example.org\"]\n",
            server.port
        )
    };
    let trusted = "certificate_file = \"tls.pem\"\n";
    let ended = mail(&place, &settings("corr3ct horse\n", trusted));
    assert_eq!(ended.code, 0, "{ended:?}");
    let taken = server.taken();
    assert_eq!((taken.len(), &taken[0]["tls"], &taken[0]["login"]), (1, &true.into(), &true.into()));
    let wrong = mail(&place, &settings("wr0ng horse\n", trusted));
    assert!(wrong.code == 2 && wrong.err.contains("535") && !wrong.err.contains("wr0ng"), "{wrong:?}");
    let untrusted = mail(&place, &settings("corr3ct horse\n", ""));
    assert!(untrusted.code == 2 && untrusted.err.contains("certificate"), "{untrusted:?}");
    assert_eq!(server.taken().len(), 1, "nothing else was sent");
    assert_eq!(ends(&place).iter().flatten().collect::<Vec<_>>(), ["ok", "failed", "failed"]);
    assert!(!serde_json::to_string(&exports(&place)).unwrap().contains("horse"), "no password is recorded");
}

#[test]
fn mail_that_was_refused_for_now_is_sent_again_and_what_was_refused_is_not() {
    let place = audited();
    let server = MailServer::start(&place, None, "451 busy,554 no");
    let settings = |from: &str, to: &str| {
        format!("host = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\nfrom = {from}\nto = [{to}]\n", server.port)
    };
    let honest = settings("\"a@example.org\"", "\"b@example.org\"");
    let ended = mail(&place, &honest);
    assert!(ended.code == 2 && ended.err.contains("554") && ended.err.contains("attempts: 2"), "{ended:?}");
    let taken = server.taken();
    assert_eq!(taken.len(), 2);
    assert_eq!(header(&taken[0], "Message-ID"), header(&taken[1], "Message-ID"), "it is known again");
    let failed = Some("failed".to_owned());
    assert_eq!(ends(&place), [None, failed.clone(), None, failed]);

    let before = exports(&place).len();
    for (settings, why) in [
        (settings("\"a@example.org\\nBcc: eve@example.org\"", "\"b@example.org\""), "line end"),
        (settings("\"a@example.org\"", "\"b@example.org\\r\\nRCPT TO:<eve@example.org>\""), "line end"),
        (settings("\"a@example.org\"", "\"b@example.org, eve@example.org\""), "an address is none"),
        (settings("\"nobody\"", "\"b@example.org\""), "an address is none"),
        (settings("\"a@example.org\"", ""), "to nobody"),
        (honest.replace("127.0.0.1", "mail.example.org"), "another machine"),
        (honest.replace("host", "password = \"s3cr3t\"\nhost"), "belong together"),
        (honest.replace("host", "pasword = \"s3cr3t\"\nhost"), "line 1"),
    ] {
        let ended = mail(&place, &settings);
        assert!(ended.code == 2 && ended.err.contains(why) && !ended.err.contains("s3cr3t"), "{why}: {ended:?}");
    }
    assert_eq!((server.taken().len(), exports(&place).len()), (2, before), "nothing was sent or announced");
    let file = place.beside("mail.toml");
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).unwrap();
    let ended = place.run(["report", "--fail-on", "never", "--export", "email", "--mail-file", file.to_str().unwrap()]);
    assert!(ended.code == 2 && ended.err.contains("chmod 600"), "{ended:?}");
    let port = server.port;
    drop(server);
    let ended = mail(&place, &honest);
    assert!(ended.code == 2 && ended.err.contains("no connection"), "{port}: {ended:?}");
}
