//! Our MCP server behind our gateway: clients of others, and the official suite, see what they see without it.

use serde_json::{Value, json};

use crate::fixture::Place;
use crate::mcp::{inspected, served, stdio, suite};
use crate::peers::worked;
use crate::running::Running;

/// The server of `place` behind a gateway that writes into another book, as one program.
fn gated(place: &Place, gateway: &Place) -> Vec<String> {
    // No gate makes a book; the second time it is there.
    let _ = gateway.run(["--book", "shop", "init", "--quiet"]);
    let script = gateway.beside("gated");
    let (own, program) = (gateway.home(), env!("CARGO_BIN_EXE_sealbook"));
    let server = stdio(place).join("' '");
    let text = format!(
        "#!/bin/sh\nexec env 'SEALBOOK_HOME={}' '{program}' --book shop wrap --name own -- '{server}'\n",
        own.display()
    );
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    vec!["sh".to_owned(), script.display().to_string()]
}

/// How many intents and outcomes of tools the gateway's book has.
fn calls(gateway: &Place) -> [usize; 2] {
    ["intent", "outcome"].map(|phase| {
        let ended = gateway.json(["--book", "shop", "query", "--action", "tools.call", "--phase", phase]);
        ended["records"].as_array().unwrap().len()
    })
}

fn filled() -> Place {
    let place = Place::new();
    place.write("a.txt", "one\n");
    place.append(&["--actor", "bob", "--action", "file.write", "--target", "file:a.txt"]);
    place
}

#[test]
fn a_python_client_and_the_inspector_see_no_difference() {
    let (place, gateway) = (filled(), Place::empty());
    let asked = json!([
        ["query_audit_trail", {"user": "bob"}],
        ["audit_trail", {"action": "search", "filters": {"user_id": "bob"}}],
        ["audit_trail", {"action": "no_such"}],
        ["list_alerts", {}],
        ["list_approvals", {"all": true}],
        ["list_stops", {}],
        ["no_such_tool", {}],
    ]);
    let direct = worked(&place, &stdio(&place), &asked);
    let through = worked(&place, &gated(&place, &gateway), &asked);
    assert_eq!(direct, through);
    assert_eq!(direct.len(), 4 + 7);
    assert_eq!(calls(&gateway), [7, 7]);

    for question in [
        &["--method", "tools/list"][..],
        &["--method", "tools/call", "--tool-name", "query_audit_trail", "--tool-arg", "user=bob"],
        &["--method", "tools/call", "--tool-name", "list_alerts"],
    ] {
        let direct: Value = inspected(&place, &stdio(&place), question);
        assert_eq!(direct, inspected(&place, &gated(&place, &gateway), question), "{question:?}");
    }
    assert_eq!(calls(&gateway), [9, 9]);
    assert_eq!(gateway.run(["--book", "shop", "verify", "--complete"]).code, 0);
    assert_eq!(place.run(["verify", "--complete"]).code, 0);
}

#[test]
fn the_official_suite_sees_no_difference_through_our_gateway() {
    let (place, own) = (Place::new(), Place::new());
    let (server, proxy) = served(&place);
    let token = place.home().join("mcp.token").display().to_string();
    let more = ["--no-token", "--upstream-token-file", &token];
    let gateway = Running::gateway(&own, server.url(), &more);
    for revision in ["2025-11-25", "2026-07-28"] {
        let (direct, through) = (suite(&proxy.line, revision), suite(&gateway.url, revision));
        assert!(direct.len() > 25, "{direct:?}");
        assert_eq!(direct.keys().collect::<Vec<_>>(), through.keys().collect::<Vec<_>>());
        for (name, (passed, failed)) in &direct {
            // The check's name; what it says may hold an id of the moment.
            let ids = |failed: &[String]| -> Vec<String> {
                failed.iter().map(|check| check.split(' ').next().unwrap_or_default().to_owned()).collect()
            };
            let (now_passed, now_failed) = &through[name];
            assert_eq!((passed, ids(failed)), (now_passed, ids(now_failed)), "{revision} {name}: {now_failed:?}");
        }
    }
    gateway.end();
    assert_eq!(own.run(["verify", "--complete"]).code, 0);
    assert_eq!(place.run(["verify"]).code, 0);
}
