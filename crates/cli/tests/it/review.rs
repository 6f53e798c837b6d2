//! `sealbook review`, against a double of a model's endpoint.

use std::os::unix::fs::PermissionsExt;

use sealbook_testkit::endpoint::{Endpoint, Reply};
use serde_json::{Value, json};

use crate::fixture::{Place, end};

const KEY: &str = "sk-test-4f1c9a7e22b04d5f8a6b3c1d0e9f7a62";

fn answer(status: &str, conditions: &[&str]) -> String {
    json!({"compliance_status": status, "risk_level": "HIGH", "violations": [], "recommendations": ["ask ann"],
        "required_actions": [], "legal_notes": "looked at", "approval_conditions": conditions})
    .to_string()
}

/// A book, and a model file in the home.
fn place(double: &Endpoint, more: &str) -> Place {
    let place = Place::new();
    let file = format!("provider = \"openai\"\nurl = \"{}\"\nmodel = \"m\"\nretries = 0\n{more}", double.url());
    std::fs::write(place.home().join("model.toml"), file).unwrap();
    place
}

fn write_key(place: &Place, mode: u32) {
    let path = place.home().join("model.key");
    std::fs::write(&path, format!("{KEY}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_review_is_shown_and_its_exit_tells() {
    for (said, code, status) in [
        (answer("APPROVED", &[]), 0, "APPROVED"),
        (answer("CONDITIONAL", &["a backup exists"]), 1, "CONDITIONAL"),
        (answer("REJECTED", &[]), 1, "REJECTED"),
        ("I approve!".to_owned(), 1, "CONDITIONAL"),
    ] {
        let double = Endpoint::start(None, [Reply::Says(said)]);
        let place = place(&double, "");
        let ended = place.run(["review", "--action", "delete user data", "--domain", "finance", "--format", "json"]);
        assert_eq!(ended.code, code, "{ended:?}");
        let response: Value = serde_json::from_str(&ended.out).unwrap();
        assert_eq!(
            (&response["status"], &response["review"]["compliance_status"]),
            (&json!("success"), &json!(status))
        );
        let sealed = place.json(["query", "--action", "policy.review"]);
        assert_eq!(sealed["records"].as_array().map(Vec::len), Some(2), "{sealed}");
    }
}

#[test]
fn a_person_reads_what_it_is_and_what_it_is_not() {
    let double = Endpoint::start(None, [Reply::Says(answer("CONDITIONAL", &["a backup exists"]))]);
    let place = place(&double, "");
    let ended = place.run(["review", "--action", "delete user data", "--domain", "finance"]);
    for words in ["model-assisted, not legal advice", "at least ask", "a backup exists", "SOX, PCI DSS, GDPR"] {
        assert!(ended.out.contains(words), "{words}: {}", ended.out);
    }
}

#[test]
fn a_model_that_cannot_be_asked_rejects() {
    let double = Endpoint::start(None, [Reply::Error(500, "server_error", None)]);
    let place = place(&double, "");
    let ended = place.run(["review", "--action", "delete user data", "--format", "json"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    let response: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(response["review"]["compliance_status"], "REJECTED");
    assert_eq!(response["review"]["risk_level"], "CRITICAL");
}

#[test]
fn a_key_comes_from_a_private_file_or_a_variable_and_is_never_shown() {
    let double = Endpoint::start(Some(KEY), [Reply::Says(answer("APPROVED", &[]))]);
    let place = place(&double, "api_key_file = \"model.key\"\n");
    let review = ["review", "--action", "read"];
    assert!(place.run(review).err.contains("error[api_key_unusable]"));
    write_key(&place, 0o644);
    let loose = place.run(review);
    assert!(loose.err.contains("chmod 600") && !loose.err.contains(KEY), "{}", loose.err);
    write_key(&place, 0o600);
    place.ok(review);

    let place = self::place(&double, "api_key_env = \"MODEL_KEY\"\n");
    assert!(place.run(review).err.contains("error[api_key_unusable]"));
    let ended = end(place.command(review).env("MODEL_KEY", KEY), b"");
    assert_eq!(ended.code, 0, "{ended:?}");
    let wrong = end(place.command(review).env("MODEL_KEY", "sk-other-4f1c9a7e22b04d5f8a6b3c"), b"");
    assert_eq!(wrong.code, 2);
    assert!(!wrong.out.contains("sk-other") && !wrong.err.contains("sk-other"), "{wrong:?}");
    let book = place.ok(["query", "--limit", "100", "--format", "jsonl"]);
    assert!(!book.contains("sk-other") && !book.contains(KEY));
}

#[test]
fn context_is_redacted_before_it_is_sent() {
    let double = Endpoint::start(None, [Reply::Says(answer("APPROVED", &[]))]);
    let place = place(&double, "");
    place.write("change.json", r#"{"city": "Bern", "db_password": "hunter2"}"#);
    place.ok(["review", "--action", "push with ghp_16C7e42F292c6912E7710c838347Ae178B4a", "--context", "@change.json"]);
    let sent = double.requests()[0].body.to_string();
    assert!(sent.contains("Bern") && !sent.contains("hunter2") && !sent.contains("ghp_"), "{sent}");
}

#[test]
fn a_domain_may_be_ones_own() {
    let double = Endpoint::start(None, [Reply::Says(answer("APPROVED", &[]))]);
    let place = place(&double, "");
    place.write("bank.toml", "name = \"bank\"\nregulations = [\"MiFID II\"]\n");
    place.ok(["review", "--action", "read", "--domain-file", "bank.toml"]);
    assert!(double.requests()[0].body.to_string().contains("MiFID II"));
    place.write("bad.toml", "name = \"bank\"\n");
    let ended = place.run(["review", "--action", "read", "--domain-file", "bad.toml"]);
    assert!(ended.err.contains("error[domain_invalid]"), "{}", ended.err);
}

#[test]
fn a_model_file_that_does_not_fit_is_named() {
    let double = Endpoint::start(None, [Reply::Says(answer("APPROVED", &[]))]);
    let place = Place::new();
    let review = ["review", "--action", "read"];
    assert!(place.run(review).err.contains("error[model_missing]"));
    // A project cannot bring one along.
    let own = format!("provider = \"openai\"\nurl = \"{}\"\nmodel = \"m\"\n", double.url());
    place.write("model.toml", &own);
    place.write(".sealbook/model.toml", &own);
    assert!(place.run(review).err.contains("error[model_missing]"));
    for (text, code) in [
        ("provider = \"other\"\nurl = \"http://localhost\"\nmodel = \"m\"\n", "endpoint_invalid"),
        ("provider = \"openai\"\nurl = \"nowhere\"\nmodel = \"m\"\n", "endpoint_invalid"),
        ("provider = \"openai\"\nurl = \"http://localhost\"\nmodel = \"m\"\napi_key = \"sk-1\"\n", "config_invalid"),
        ("provider = \n", "config_invalid"),
    ] {
        std::fs::write(place.home().join("model.toml"), text).unwrap();
        let ended = place.run(review);
        assert_eq!(ended.code, 2);
        assert!(ended.err.contains(&format!("error[{code}]")) && !ended.err.contains("sk-1"), "{}", ended.err);
    }
    let file = place.beside("mine.toml").display().to_string();
    std::fs::write(&file, own).unwrap();
    place.ok(["review", "--action", "read", "--model-file", &file]);
}
