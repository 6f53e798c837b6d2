//! `sealbook tool`: what is listed, what is called, what is on record of it, and what a configuration may not say.

use std::os::unix::fs::PermissionsExt;

use sealbook_testkit::endpoint::{Endpoint, Reply};
use serde_json::{Value, json};

use crate::fixture::Place;

const KEY: &str = "k-4f1c9a7e22b04d5f8a6b3c1d0e9f7a62";

fn configure(place: &Place, name: &str, text: &str) {
    std::fs::write(place.home().join(name), text).unwrap();
}

fn write_key(place: &Place, mode: u32) {
    let path = place.home().join("erp.key");
    std::fs::write(&path, format!("{KEY}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// An endpoint that is a double's, with its key in a file.
fn endpoint(url: &str) -> String {
    format!(
        "[secrets]\nerp = \"erp.key\"\n\n[http.ask]\ndescription = \"Asks\"\nurl = \"{url}/v1/chat/completions\"\n\
         effect = \"idempotent\"\nallow = [\"127.0.0.1\"]\nheaders = {{ authorization = \"Bearer secret://erp\" }}\n\
         compensate = {{ tool = \"ask\", input = {{ id = \"$.result.id\" }} }}\n"
    )
}

fn question() -> String {
    json!({"model": "m", "messages": [{"role": "user", "content": "hello"}]}).to_string()
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn tools_that_nobody_configured_are_listed_with_what_they_lack() {
    let place = Place::new();
    let listed = json_of(&place.ok(["tool", "list", "--format", "json"]));
    let tools = listed["tools"].as_array().unwrap();
    let known = [
        "analyze_image",
        "create_ticket",
        "google_calendar",
        "knowledge_base",
        "send_email",
        "send_sms",
        "send_whatsapp",
        "text_to_speech",
        "transcribe_audio",
    ];
    assert_eq!(tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect::<Vec<_>>(), known);
    let email = tools.iter().find(|tool| tool["name"] == "send_email").unwrap();
    assert_eq!(email["available"], false);
    assert!(email["why"].as_str().unwrap().contains("[email]"), "{email}");
    let ended = place.run(["tool", "call", "send_email", r#"{"to_email": "ann@example.org"}"#, "--format", "json"]);
    assert_eq!(ended.code, 2);
    let answer = json_of(&ended.out);
    assert_eq!((&answer["success"], &answer["tool"]), (&json!(false), &json!("send_email")));
    assert!(answer["error"].as_str().unwrap().contains("tools.toml"), "{answer}");
    place.ok(["verify"]);
}

#[test]
fn a_call_is_made_told_and_on_record() {
    let place = Place::new();
    let double = Endpoint::start(Some(KEY), [Reply::Says("good morning".to_owned())]);
    configure(&place, "tools.toml", &endpoint(&double.url()));
    write_key(&place, 0o600);
    let shown = json_of(&place.ok(["tool", "show", "ask", "--format", "json"]));
    assert_eq!((&shown["effect"], &shown["reversal"]), (&json!("idempotent"), &json!("call")));
    let pin = shown["pin"].as_str().unwrap();
    let said = place.ok(["tool", "call", "ask", &question(), "--pin", pin, "--actor", "agent:a", "--format", "json"]);
    let answer = json_of(&said);
    assert_eq!((&answer["success"], &answer["data"]["status"]), (&json!(true), &json!(200)));
    let record = json_of(&place.ok(["show", answer["audit_id"].as_str().unwrap(), "--format", "json"]));
    assert_eq!(record["record"]["action"], "http.call", "{record}");
    assert!(!format!("{said}{record}{shown}").contains(KEY));
    assert_eq!(double.requests().len(), 1);
    let wrong = place.run(["tool", "call", "ask", &question(), "--pin", &"0".repeat(64)]);
    assert_eq!(wrong.code, 2);
    assert_eq!(double.requests().len(), 1, "a tool that is not what it was is not called");
    place.write("question.json", question());
    place.ok(["tool", "call", "ask", "@question.json"]);
    assert_eq!(double.requests().len(), 2);
    place.ok(["verify", "--complete"]);
}

#[test]
fn a_configuration_that_is_wrong_is_named_by_its_line() {
    let place = Place::new();
    for (text, line, word) in [
        ("[email]\nfrom_email = \"a@example.org\"\npasword = \"hunter2\"\n", "line 3", "pasword"),
        ("[mail]\n", "line 1", "mail"),
        ("\n[email.smtp]\nport = \"hunter2\"\nhost = \"x\"\n", "line 3", "u16"),
        ("[calendar.a]\nkind = \"exchange\"\n", "line 2", "caldav"),
    ] {
        configure(&place, "tools.toml", text);
        let ended = place.run(["tool", "list"]);
        let (code, said) = (ended.code, ended.err);
        assert_eq!(code, 2, "{said}");
        assert!(said.contains("tools.toml") && said.contains(line) && said.contains(word), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
    for (text, word) in [
        ("[email]\nfrom_email = \"a@b.example\"\nsendgrid = { api_key = \"SG.hunter2\" }\n", "0600"),
        ("[email]\nfrom_email = \"a@b.example\"\nsendgrid = { api_key = \"secret://none\" }\n", "none"),
        ("[email]\nfrom_email = \"a@b.example\"\nsendgrid = { api_key = \"file:missing.key\" }\n", "missing.key"),
        (
            "[email]\nfrom_email = \"a@b.example\"\nproviders = [\"smtp\"]\nsmtp = { host = \"::1\", security = \"none\" }\n\
          sendgrid = { api_key = \"file:erp.key\" }\n",
            "providers",
        ),
    ] {
        configure(&place, "tools.toml", text);
        write_key(&place, 0o600);
        let ended = place.run(["tool", "list"]);
        let said = ended.err;
        assert!(ended.code == 2 && said.contains(word) && !said.contains("hunter2"), "{said}");
    }
    configure(&place, "tools.toml", &endpoint("http://127.0.0.1:1"));
    write_key(&place, 0o644);
    let said = place.run(["tool", "list"]).err;
    assert!(said.contains("chmod 600") && !said.contains(KEY), "{said}");
}

#[test]
fn a_tenant_has_its_own_tools() {
    let place = Place::new();
    let double = Endpoint::start(Some(KEY), [Reply::Says("good morning".to_owned())]);
    configure(&place, "tools.toml", &endpoint(&double.url()));
    write_key(&place, 0o600);
    place.ok(["tool", "show", "ask"]);
    let other = place.run(["tool", "show", "ask", "--tenant", "other"]);
    assert_eq!(other.code, 2);
    configure(&place, "tools.other.toml", &endpoint(&double.url()));
    place.ok(["tool", "show", "ask", "--tenant", "other"]);
}

#[test]
fn the_tools_of_an_mcp_server_are_listed_called_and_pinned() {
    let place = Place::new();
    let server = crate::peers::server("server-everything");
    let configured = format!("[mcp.all]\ncommand = {}\nargs = [{}]\n", json!(server[0]), json!(server[1]));
    configure(&place, "tools.toml", &configured);
    let listed = json_of(&place.ok(["tool", "list", "--format", "json"]));
    let echo = listed["tools"].as_array().unwrap().iter().find(|tool| tool["name"] == "all/echo").unwrap().clone();
    assert_eq!((&echo["available"], &echo["backend"]), (&json!(true), &json!(format!("mcp: {}", server[0]))));
    let called = json_of(&place.ok(["tool", "call", "all/echo", r#"{"message": "hello"}"#, "--format", "json"]));
    assert_eq!(called["data"]["content"][0]["text"], "Echo: hello", "{called}");
    // Nothing of ours is in the environment of the server, and where it runs is no project.
    let told = place.ok(["tool", "call", "all/get-env", "{}", "--format", "json"]);
    assert!(!told.contains("SEALBOOK_HOME") && !told.contains(place.project().to_str().unwrap()), "{told}");
    let pinned =
        |pin: &str| configure(&place, "tools.toml", &format!("{configured}[pins]\n\"all/echo\" = \"{pin}\"\n"));
    pinned(echo["pin"].as_str().unwrap());
    place.ok(["tool", "call", "all/echo", r#"{"message": "hello"}"#]);
    pinned(&"0".repeat(64));
    let refused = place.run(["tool", "call", "all/echo", r#"{"message": "hello"}"#, "--format", "json"]);
    assert_eq!(refused.code, 2);
    assert!(json_of(&refused.out)["error"].as_str().unwrap().contains("is not what it was when it was pinned"));
    assert!(place.ok(["query", "--severity", "critical"]).contains("tool.call"));
    configure(&place, "tools.toml", "[mcp.all]\ncommand = \"/nowhere/server\"\n");
    let listed = place.ok(["tool", "list"]);
    assert!(listed.contains("/nowhere/server"), "{listed}");
    place.ok(["verify"]);
}
