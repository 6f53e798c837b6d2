//! Audits of logs by an agent.

use serde_json::json;

use crate::fixture::World;

const LOG: &str = "\
2026-11-21 09:00:00 INFO started\n\
2026-11-21 09:00:01 ERROR cannot reach 10.0.0.7: password=hunter2hunter2\n\
2026-11-22 09:00:02 ERROR cannot reach 10.0.0.8: password=hunter2hunter2\n";

#[tokio::test(flavor = "multi_thread")]
async fn logs_are_audited_by_an_agent() {
    let world = World::new();
    world.write("logs/app.log", LOG);
    let client = world.client().await;
    let told = client.ok("audit_logs", json!({"log_dir": "logs"})).await;
    assert_eq!((&told["complete"], &told["findings"]), (&json!(true), &json!(1)));
    assert!(!told.to_string().contains("hunter2"), "{told}");
    assert!(told.to_string().contains("cannot reach <ip>"), "{told}");
    assert_eq!(told["observed"].as_array().unwrap().len(), 2);
    let nothing = client.ok("audit_logs", json!({"log_dir": "logs"})).await;
    assert_eq!(nothing["findings"], 0);
    let graver =
        client.ok("audit_logs", json!({"log_dir": "logs/app.log", "level": "ERROR", "since": "2026-11-22"})).await;
    assert!(graver.to_string().contains("\"entries\":1"), "{graver}");
    let wrong = client.refused("audit_logs", json!({"log_dir": "logs", "level": "loud"})).await;
    assert_eq!(wrong["code"], "arguments_invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_outside_the_roots_are_refused() {
    let world = World::new();
    world.write("logs/app.log", LOG);
    std::os::unix::fs::symlink("/etc", world.project().join("logs/out")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", world.project().join("logs/passwd.log")).unwrap();
    let client = world.client().await;
    for path in ["/etc", "logs/out", "../.."] {
        client.refused("audit_logs", json!({"log_dir": path})).await;
    }
    let told = client.ok("audit_logs", json!({"log_dir": "logs"})).await;
    assert!(!told.to_string().contains("/etc") && !told.to_string().contains("root:"), "{told}");
    // That it is there and was not read is said.
    let coverage = &told["audit"]["run"]["sources"][0]["coverage"];
    assert_eq!((&coverage["covered"], &coverage["skipped_by_reason"]["link"]), (&json!(1), &json!(1)), "{coverage}");
}
