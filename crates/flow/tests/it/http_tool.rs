//! Declared endpoints: what is sent, where nothing is sent, and what takes a call back.

use std::sync::Arc;
use std::time::Duration;

use sealbook_flow::{
    Called, Cause, Compensation, Effect, Error, Executor, HttpEndpoint, HttpTool, Network, NoSecrets, Registry,
    Request, ToolUndo, Why,
};
use sealbook_record::{Actor, ActorKind, OperationStatus};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::double::{Double, Said};
use crate::fixture::{Bench, wait_for};
use crate::net::recovery;

fn loopback() -> Vec<Network> {
    vec!["127.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()]
}

fn endpoint(url: String, effect: Effect) -> HttpEndpoint {
    HttpEndpoint {
        name: "order".to_owned(),
        description: "Orders".to_owned(),
        method: "POST".to_owned(),
        url,
        headers: vec![("x-api-key".to_owned(), Zeroizing::new("k-4f1c9a7e".to_owned()))],
        effect,
        input: None,
        output: None,
        key_header: Some("Idempotency-Key".to_owned()),
        undo: None,
        allowed: loopback(),
        timeout: Duration::from_secs(20),
        answer_bytes_max: 100_000,
    }
}

fn call(bench: &Bench, declared: HttpEndpoint, input: Value) -> Result<Called, Error> {
    let mut tools = Registry::new();
    tools.add(Arc::new(HttpTool::new(declared)?))?;
    let executor = Executor::new("shop", Arc::new(tools), recovery(bench), Arc::new(NoSecrets));
    let request = Request::new("order", input, Actor::new(ActorKind::Agent, "a"));
    wait_for(executor.call(&Request { key: Some("order-7".to_owned()), ..request }))
}

fn fault(called: Result<Called, Error>) -> (sealbook_flow::Fault, Why) {
    match called {
        Err(Error::GaveUp(gave_up)) => (gave_up.fault, gave_up.why),
        other => panic!("{other:?}"),
    }
}

#[test]
fn path_query_body_key_and_secret_reach_the_other_side() {
    let bench = Bench::new();
    let double = Double::saying([Said::json(201, &json!({"order": {"id": "o1"}}))]);
    let undo = ToolUndo::new("order_cancel", json!({"id": "$.result.order.id", "shop": "$.input.shop"})).unwrap();
    let declared = HttpEndpoint {
        undo: Some(undo),
        ..endpoint(format!("{}/shops/{{shop}}/orders?v=2", double.url()), Effect::Idempotent)
    };
    let called = call(&bench, declared, json!({"shop": "a/../b?c", "items": [1, 2]})).unwrap();
    assert_eq!(called.result, json!({"status": 201, "body": {"order": {"id": "o1"}}}));
    let asked = &double.asked()[0];
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/shops/a%2F..%2Fb%3Fc/orders?v=2"));
    assert_eq!(asked.json(), json!({"items": [1, 2]}));
    assert_eq!((asked.header("idempotency-key"), asked.header("x-api-key")), (Some("order-7"), Some("k-4f1c9a7e")));
    let input = json!({"id": "o1", "shop": "a/../b?c"});
    assert_eq!(called.compensation, Compensation::Call { tool: "order_cancel".to_owned(), input });
    assert!(!format!("{:?}", bench.told()).contains("k-4f1c9a7e"));

    let double = Double::saying([Said::Body(200, Vec::new(), b"plain".to_vec())]);
    let declared =
        HttpEndpoint { method: "GET".to_owned(), ..endpoint(format!("{}/find", double.url()), Effect::Read) };
    let called = call(&bench, declared, json!({"q": "a&b", "n": 3})).unwrap();
    assert_eq!((called.result["body"].as_str(), called.compensation), (Some("plain"), Compensation::Nothing));
    let path = double.asked()[0].path.clone();
    assert!(path == "/find?n=3&q=a%26b" || path == "/find?q=a%26b&n=3", "{path}");
    for bad in [json!({"shop": ".."}), json!({"shop": ""}), json!({"shop": {}}), json!({})] {
        assert!(call(&bench, endpoint(format!("{}/shops/{{shop}}", double.url()), Effect::Read), bad).is_err());
    }
    assert_eq!(double.asked().len(), 1);
}

#[test]
fn addresses_that_are_not_public_are_not_asked() {
    let bench = Bench::new();
    let double = Double::saying([Said::status(200)]);
    let port = double.url().rsplit(':').next().unwrap().to_owned();
    let none = |url: &str| HttpEndpoint { allowed: Vec::new(), ..endpoint(url.to_owned(), Effect::Read) };
    // Those that stand in the address itself, in all their spellings.
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f000001",
        "2130706433",
        "0177.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "169.254.169.254",
        "10.0.0.1",
        "0.0.0.0",
        "[fd00::1]",
    ] {
        for scheme in ["http", "https"] {
            let refused = call(&bench, none(&format!("{scheme}://{host}:{port}/x")), json!({})).unwrap_err();
            assert_eq!(refused.code(), "tool_invalid", "{scheme} {host}");
            assert!(refused.to_string().contains("`allow`"), "{refused}");
        }
    }
    // A name that leads there is found out where it is connected to.
    for scheme in ["http", "https"] {
        let (fault, why) = fault(call(&bench, none(&format!("{scheme}://localhost:{port}/x")), json!({})));
        assert_eq!(why, Why::Permanent, "{fault}");
        assert!(fault.to_string().contains("not public"), "{fault}");
    }
    assert!(double.asked().is_empty());
    let called = call(&bench, endpoint(format!("http://localhost:{port}/x"), Effect::Read), json!({}));
    assert_eq!(called.unwrap().result["status"], 200);
}

#[test]
fn redirects_are_not_followed_and_answers_have_their_size() {
    let bench = Bench::new();
    let other = Double::saying([Said::status(200)]);
    let double = Double::saying([Said::Body(302, vec![("location", other.url())], Vec::new())]);
    let (told, why) = fault(call(&bench, endpoint(double.url(), Effect::Read), json!({})));
    assert!(why == Why::Permanent && told.to_string().contains("redirects are not followed"), "{told}");
    assert!(other.asked().is_empty());
    let double = Double::saying([Said::Body(200, Vec::new(), vec![b'x'; 100_001])]);
    let (told, _) = fault(call(&bench, endpoint(double.url(), Effect::Read), json!({})));
    assert_eq!(told.cause, Cause::Unreadable);
    assert!(told.to_string().contains("longer than 100000 bytes"), "{told}");
}

#[test]
fn what_may_be_repeated_is_what_is_declared() {
    for (effect, attempts) in [(Effect::Idempotent, 3), (Effect::Unsafe, 1)] {
        let bench = Bench::new();
        let double = Double::saying([Said::HangsUp, Said::status(500), Said::json(200, &json!({}))]);
        let called = call(&bench, endpoint(double.url(), effect), json!({}));
        assert_eq!((called.is_ok(), double.asked().len()), (attempts == 3, attempts), "{effect}");
        let keys: Vec<_> =
            double.asked().iter().map(|asked| asked.header("idempotency-key").unwrap().to_owned()).collect();
        assert!(keys.iter().all(|key| key == "order-7"), "{keys:?}");
        let operation = bench.told()[0].leaf.operation.unwrap();
        let status = bench.ledger.operation(operation).unwrap().unwrap().status;
        assert_eq!(status, if attempts == 3 { OperationStatus::Ok } else { OperationStatus::Unknown });
    }
    let bench = Bench::new();
    let double =
        Double::saying([Said::Body(429, vec![("retry-after", "9".to_owned())], Vec::new()), Said::status(200)]);
    assert_eq!(call(&bench, endpoint(double.url(), Effect::Unsafe), json!({})).unwrap().attempts, 2, "it was refused");
    assert!(bench.time.waits()[0] >= Duration::from_secs(9));
}

#[test]
fn what_is_declared_wrongly_is_refused() {
    let with = |change: fn(&mut HttpEndpoint)| {
        let mut declared = endpoint("http://127.0.0.1:1/x".to_owned(), Effect::Unsafe);
        change(&mut declared);
        HttpTool::new(declared).err().map(|error| error.code())
    };
    assert_eq!(with(|_| ()), None);
    let changes: [fn(&mut HttpEndpoint); 9] = [
        |it| it.url = "http://{host}/x".to_owned(),
        |it| it.url = "http://127.0.0.1:1/x{id}".to_owned(),
        |it| it.url = "http://127.0.0.1:1/x?q={id}".to_owned(),
        |it| it.url = "http://me:secret@127.0.0.1:1/".to_owned(),
        |it| it.url = "file:///etc/passwd".to_owned(),
        |it| it.method = "TRACE".to_owned(),
        |it| it.headers[0].0 = "x y".to_owned(),
        |it| it.key_header = Some("x:y".to_owned()),
        |it| it.effect = Effect::Probeable,
    ];
    for (at, change) in changes.into_iter().enumerate() {
        assert_eq!(with(change), Some("tool_invalid"), "{at}");
    }
}
