//! Where tools may look, what never leaves, and how long work is called off.

use std::os::unix::fs::symlink;
use std::time::Duration;

use rmcp::model::{CallToolRequestParams, ClientRequest, Request};
use rmcp::service::PeerRequestOptions;
use sealbook_record::Outcome;
use serde_json::json;

use crate::fixture::{Client, World};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_outside_the_roots_is_read() {
    let world = World::new();
    world.write("inside.txt", "in");
    std::fs::write(world.place.join("outside.txt"), "out").unwrap();
    symlink(world.place.join("outside.txt"), world.project().join("link.txt")).unwrap();
    symlink(world.place.path(), world.project().join("up")).unwrap();
    symlink("inside.txt", world.project().join("own.txt")).unwrap();
    let client = world.client().await;
    let outside = world.place.join("outside.txt").display().to_string();
    for path in
        [&*outside, "../outside.txt", "link.txt", "up/outside.txt", "/etc/passwd", "/no/such/file", "..", "/", "up"]
    {
        let told = client.refused("audit_file", json!({"file_path": path})).await;
        assert_eq!(told["code"], "outside_roots", "{path}: {told}");
        let told = client.refused("audit_git", json!({"target": path})).await;
        assert_eq!(told["code"], "outside_roots", "{path}: {told}");
    }
    client.ok("audit_file", json!({"file_path": "own.txt"})).await;
    client.ok("audit_file", json!({"file_path": world.project().join("inside.txt")})).await;
    // Links within a tree are recorded as links, and not followed.
    let told = client.ok("audit_file", json!({"file_path": "."})).await;
    assert!(!told.to_string().contains("outside.txt/"), "{told}");
    assert!(world.records("file.observed").iter().all(|row| !row.record.as_ref().unwrap().target.id.contains("up/")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_leads_out_is_refused() {
    let world = World::new();
    std::fs::create_dir(world.place.join("secret")).unwrap();
    world.git("secret", &["init", "-q", "-b", "main"]);
    std::fs::write(world.place.join("secret/a"), "a").unwrap();
    world.git("secret", &["add", "-A"]);
    world.git("secret", &["commit", "-q", "-m", "hidden"]);
    let secret = world.place.join("secret/.git");

    let client = world.client().await;
    let refused = async |what: &str| {
        let told = client.refused("audit_git", json!({"target": "repo"})).await;
        assert_eq!(told["code"], "outside_roots", "{what}: {told}");
        std::fs::remove_dir_all(world.project().join("repo")).unwrap();
    };
    let repo = world.project().join("repo");

    std::fs::create_dir(&repo).unwrap();
    std::fs::write(repo.join(".git"), format!("gitdir: {}\n", secret.display())).unwrap();
    refused("a file that names another directory").await;

    std::fs::create_dir(&repo).unwrap();
    symlink(&secret, repo.join(".git")).unwrap();
    refused("a link to another directory").await;

    let plain = || {
        std::fs::create_dir(&repo).unwrap();
        world.git("project/repo", &["init", "-q", "-b", "main"]);
    };
    plain();
    std::fs::write(repo.join(".git/objects/info/alternates"), format!("{}\n", secret.join("objects").display()))
        .unwrap();
    refused("objects of another").await;

    plain();
    std::fs::write(repo.join(".git/commondir"), format!("{}\n", secret.display())).unwrap();
    refused("a directory shared with another").await;

    plain();
    std::fs::remove_dir_all(repo.join(".git/objects/pack")).unwrap();
    symlink(secret.join("objects/pack"), repo.join(".git/objects/pack")).unwrap();
    refused("packs of another").await;
    assert!(world.records("git.commit").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_repository_around_the_roots_is_not_read() {
    let world = World::new();
    std::fs::write(world.place.join("a"), "a").unwrap();
    world.git(".", &["init", "-q", "-b", "main"]);
    world.git(".", &["add", "a"]);
    world.git(".", &["commit", "-q", "-m", "above"]);
    world.write("b.txt", "b");
    let client = world.client().await;
    for (tool, arguments) in
        [("audit_git", json!({"target": "b.txt"})), ("audit_file", json!({"file_path": "b.txt", "include_git": true}))]
    {
        let told = client.refused(tool, arguments).await;
        assert_eq!(told["code"], "arguments_invalid", "{told}");
    }
    client.ok("audit_file", json!({"file_path": "b.txt"})).await;
    assert!(world.records("git.commit").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_comes_back_or_is_kept() {
    let world = World::new();
    let secret = "AKIAIOSFODNN7EXAMPLQ";
    world.seal("file.write", "a", &format!(r#"{{"password":"hunter2-{secret}","key":"{secret}"}}"#));
    let client = world.client().await;
    let found = client.call("query_audit_trail", json!({"action": "file.write"})).await;
    assert!(!format!("{found:?}").contains(secret), "{found:?}");
    for (tool, arguments) in [
        ("resolve_alert", json!({"alert_id": "x", "reason": 1, "password": secret})),
        ("list_alerts", json!({"severity": secret})),
        ("audit_trail", json!({"action": "search", "limit": secret})),
        ("audit_file", json!({"file_path": format!("/{secret}")})),
        ("query_audit_trail", json!({"since": secret})),
    ] {
        let told = client.refused(tool, arguments).await;
        assert!(!told.to_string().contains(secret), "{tool}: {told}");
    }
    let book = std::fs::read(world.place.layout().ledger_db()).unwrap();
    let wal = std::fs::read(world.place.layout().ledger_db().with_extension("db-wal")).unwrap_or_default();
    for bytes in [book, wal] {
        assert!(!String::from_utf8_lossy(&bytes).contains(secret));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_audit_tells_how_far_it_is() {
    let world = World::new();
    world.repository(5);
    let client = world.client().await;
    client.ok("audit_git", json!({"target": "."})).await;
    let told = client.ear.progress.lock().unwrap().clone();
    assert!(!told.is_empty());
    assert!(told.windows(2).all(|pair| pair[0].progress < pair[1].progress), "{told:?}");
    assert!(told.iter().all(|step| step.message.as_deref().is_some_and(|stage| !stage.is_empty())), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_that_is_called_off_ends_as_cancelled() {
    let world = World::new();
    for number in 0..3_000 {
        world.write(&format!("d{}/f{number}", number % 50), format!("{number}"));
    }
    let client = world.client().await;
    let mut params = CallToolRequestParams::new("audit_file");
    params.arguments = json!({"file_path": "."}).as_object().cloned();
    let request = ClientRequest::CallToolRequest(Request::new(params));
    let handle = client.service.send_cancellable_request(request, PeerRequestOptions::no_options()).await.unwrap();
    // The run has begun once its intent is sealed.
    while world.records("audit.run").is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    handle.cancel(Some("enough".to_owned())).await.unwrap();
    let ended = loop {
        let runs = world.records("tools.call");
        if let Some(outcome) = runs.iter().find_map(|run| run.record.as_ref().unwrap().outcome) {
            break outcome;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    };
    // It may just have been done when the cancellation came; then it says so.
    let run = world.records("audit.run").last().unwrap().record.as_ref().unwrap().outcome;
    assert!(
        matches!((ended, run), (Outcome::Cancelled, Some(Outcome::Cancelled)) | (Outcome::Ok, Some(Outcome::Ok))),
        "{ended:?} {run:?}"
    );
    client.ok("verify_audit_chain", json!({})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_clients_at_once_leave_one_intact_book() {
    let world = World::new();
    for number in 0..8 {
        world.write(&format!("f{number}"), format!("{number}"));
    }
    let server = sealbook_serve::mcp::Server::new(world.desk());
    let mut working = Vec::new();
    for number in 0..8 {
        let server = server.clone();
        working.push(tokio::spawn(async move {
            let client = Client::of(server).await;
            for _ in 0..3 {
                client.ok("audit_file", json!({"file_path": format!("f{number}")})).await;
                client.ok("query_audit_trail", json!({"limit": 5})).await;
            }
        }));
    }
    for client in working {
        client.await.unwrap();
    }
    let calls = world.records("tools.call");
    let ended = calls.iter().filter(|row| row.record.as_ref().unwrap().outcome == Some(Outcome::Ok)).count();
    assert_eq!((calls.len(), ended), (48, 24));
    let told = world.client().await.ok("verify_audit_chain", json!({})).await;
    assert_eq!(told["verification"]["valid"], true, "{told}");
}
