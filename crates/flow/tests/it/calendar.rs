//! Calendars: a real CalDAV server, and a double of Google's API. Each action, and what takes it back.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use sealbook_flow::{
    ApiKey, Appointments, CalDav, Calendar, Called, Compensation, Error, Executor, Google, GoogleLogin, NoSecrets,
    Registry, Request, Tool,
};
use sealbook_record::{Actor, ActorKind, OperationStatus};
use serde_json::{Value, json};

use crate::double::{Asked, Double, Said};
use crate::fixture::{Bench, wait_for};
use crate::net::recovery;
use crate::servers::Server;

fn key(text: &str) -> ApiKey {
    ApiKey::new("calendar.key", text).unwrap()
}

fn executor(bench: &Bench, kept: Appointments) -> Executor {
    let tool: Arc<dyn Tool> = Arc::new(Calendar::new("google_calendar", kept, "Europe/Zurich", 30).unwrap());
    let mut tools = Registry::new();
    tools.add(tool).unwrap();
    Executor::new("benova", Arc::new(tools), recovery(bench), Arc::new(NoSecrets))
}

fn radicale(bench: &Bench, server: &Server) -> Executor {
    let url = format!("http://127.0.0.1:{}/ann/shop/", server.port);
    executor(bench, Appointments::CalDav(CalDav::new(&url, Some(("ann".to_owned(), key("secret")))).unwrap()))
}

fn google(bench: &Bench, double: &Double) -> Executor {
    let google = Google::new("primary", GoogleLogin::Token(key("ya29.token")), Some(&double.url())).unwrap();
    executor(bench, Appointments::Google(google))
}

fn call(executor: &Executor, input: Value) -> Result<Called, Error> {
    wait_for(executor.call(&Request::new("google_calendar", input, Actor::new(ActorKind::Agent, "schedule_agent"))))
}

fn undo(executor: &Executor, called: &Called) -> Called {
    let Compensation::Call { tool, input } = &called.compensation else { panic!("{:?}", called.compensation) };
    assert_eq!(tool, "google_calendar");
    call(executor, input.clone()).unwrap()
}

fn booking(time: &str) -> Value {
    json!({"action": "create_booking", "booking_data": {"date": "2025-01-20", "time": time, "treatment": "Botox",
        "customer_name": "María González; \\n, \"quoted\"", "customer_email": "maria@example.com"}})
}

/// What the server has of an event, asked without our own client.
fn on_server(server: &Server, id: &Value) -> Option<String> {
    let (url, id) = (format!("http://127.0.0.1:{}/ann/shop/", server.port), id.as_str().unwrap());
    let output = std::process::Command::new("python3")
        .args([
            "-c",
            "import base64,sys,urllib.request as u\nr=u.Request(sys.argv[1],headers={'Authorization':'Basic '+\
            base64.b64encode(b'ann:secret').decode()})\ntry: sys.stdout.buffer.write(u.urlopen(r).read())\n\
            except u.HTTPError as e: sys.exit(0 if e.code==404 else 1)",
        ])
        .arg(format!("{url}{id}.ics"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap().replace("\r\n ", "");
    (!text.is_empty()).then_some(text)
}

fn status(bench: &Bench, called: &Called) -> OperationStatus {
    bench.ledger.operation(called.operation).unwrap().unwrap().status
}

#[test]
fn an_appointment_is_made_moved_and_cancelled_and_each_is_taken_back() {
    let (bench, server) = (Bench::new(), Server::start("radicale_server.py", &[]));
    let executor = radicale(&bench, &server);
    let made = call(&executor, booking("10:00")).unwrap();
    assert_eq!(
        (&made.result["status"], &made.result["start"]),
        (&json!("confirmed"), &json!("2025-01-20T10:00:00+01:00"))
    );
    let id = &made.result["event_id"];
    let there = on_server(&server, id).unwrap();
    assert!(there.contains("DTSTART:20250120T090000Z") && there.contains("DTEND:20250120T093000Z"), "{there}");
    assert!(there.contains("ATTENDEE:mailto:maria@example.com"), "{there}");
    assert!(there.contains(r#"SUMMARY:Botox: María González\; \\n\, "quoted""#), "{there}");

    let moved = call(
        &executor,
        json!({"action": "move_booking", "event_id": id,
        "booking_data": {"date": "2025-07-21", "time": "14:15"}}),
    )
    .unwrap();
    assert_eq!(moved.result["from"]["start"], "2025-01-20T10:00:00+01:00");
    assert_eq!(moved.result["end"], "2025-07-21T14:45:00+02:00", "it lasts as long as before");
    assert!(on_server(&server, id).unwrap().contains("DTSTART:20250721T121500Z"));
    let back = undo(&executor, &moved);
    assert_eq!(back.result["start"], "2025-01-20T10:00:00+01:00");
    let there = on_server(&server, id).unwrap();
    assert!(there.contains("DTSTART:20250120T090000Z") && there.contains("DTEND:20250120T093000Z"), "{there}");
    assert!(
        there.contains("mailto:maria@example.com") && there.contains(r"González\; \\n\,"),
        "nothing else changed: {there}"
    );

    let cancelled = call(&executor, json!({"action": "delete_booking", "event_id": id})).unwrap();
    assert_eq!((&cancelled.result["status"], &cancelled.result["found"]), (&json!("cancelled"), &json!(true)));
    assert_eq!(on_server(&server, id), None);
    undo(&executor, &cancelled);
    let again = on_server(&server, id).unwrap();
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(lines(&again), lines(&there), "it is what it was");

    undo(&executor, &made);
    assert_eq!(on_server(&server, id), None);
    // Once more is no failure, and there is nothing to take back.
    let gone = call(&executor, json!({"action": "cancel", "event_id": id})).unwrap();
    assert_eq!((&gone.result["found"], gone.compensation), (&json!(false), Compensation::Nothing));
}

#[test]
fn an_answer_that_gets_lost_makes_no_second_appointment() {
    for (lost, action) in [(1, "create"), (2, "create")] {
        let (bench, server) = (Bench::new(), Server::start("radicale_server.py", &[&lost.to_string()]));
        let executor = radicale(&bench, &server);
        let made = call(&executor, booking("10:00")).unwrap();
        assert_eq!(made.attempts, 1, "{action}: it was asked, and had been made");
        assert!(on_server(&server, &made.result["event_id"]).is_some());
        assert_eq!(status(&bench, &made), OperationStatus::Ok);
        let story = bench.story();
        assert_eq!(
            story[..3],
            ["intent calendar.create", "outcome calendar.create unknown", "event operation.reconciled ok"]
        );
        assert!(matches!(made.compensation, Compensation::Call { .. }));
        if lost == 2 {
            // The answer to the cancellation gets lost too: what there was is told all the same.
            let undone = undo(&executor, &made);
            assert_eq!((&undone.result["found"], on_server(&server, &made.result["event_id"])), (&json!(true), None));
            undo(&executor, &undone);
            assert!(on_server(&server, &made.result["event_id"]).is_some());
        }
    }
}

#[test]
fn a_move_whose_answer_gets_lost_is_known_again() {
    let bench = Bench::new();
    let server = Server::start("radicale_server.py", &[]);
    let executor = radicale(&bench, &server);
    let made = call(&executor, booking("10:00")).unwrap();
    let to = json!({"action": "move", "event_id": made.result["event_id"], "booking_data": {"date": "2025-01-21", "time": "09:00"}});
    let request = Request {
        key: Some("move-1".to_owned()),
        ..Request::new("google_calendar", to, Actor::new(ActorKind::Agent, "a"))
    };
    let first = wait_for(executor.call(&request)).unwrap();
    // The same call again, as after a crash: it says where the appointment was before, and moves nothing.
    let second = wait_for(executor.call(&request)).unwrap();
    assert_eq!(first.result, second.result);
    assert_eq!(first.compensation, second.compensation);
}

#[test]
fn the_same_call_makes_one_appointment_and_another_tenant_its_own() {
    let (bench, server) = (Bench::new(), Server::start("radicale_server.py", &[]));
    let executor = radicale(&bench, &server);
    let ask = |executor: &Executor, key: &str| {
        let request = Request::new("google_calendar", booking("10:00"), Actor::new(ActorKind::Agent, "a"));
        wait_for(executor.call(&Request { key: Some(key.to_owned()), ..request })).unwrap().result["event_id"].clone()
    };
    let first = ask(&executor, "k1");
    assert_eq!(first, ask(&executor, "k1"));
    assert_ne!(first, ask(&executor, "k2"));
    let tools = Arc::new(executor.tools().clone());
    let other = Executor::new("other", tools, executor.recovery().clone(), Arc::new(NoSecrets));
    assert_ne!(first, ask(&other, "k1"));
}

#[test]
fn what_is_no_appointment_is_refused() {
    let (bench, double) = (Bench::new(), Double::saying([Said::status(500)]));
    let executor = google(&bench, &double);
    let with = |name: &str, value: Value| {
        let mut input = booking("10:00");
        input["booking_data"][name] = value;
        input
    };
    for input in [
        with("date", json!("20 de Enero")),
        with("time", json!("10 AM")),
        with("customer_name", json!("x\r\nATTENDEE:mailto:all@example.org")),
        with("customer_email", json!("a@example.org\r\nX:y")),
        with("customer_email", json!("a@example.org,b@example.org")),
        with("duration_minutes", json!(0)),
        with("colour", json!("red")),
        json!({"action": "create_booking"}),
        json!({"action": "delete_booking"}),
        json!({"action": "delete_booking", "event_id": "../../other/x"}),
        json!({"action": "move_booking", "event_id": "a"}),
        json!({"action": "explode", "event_id": "a"}),
    ] {
        assert_eq!(call(&executor, input.clone()).unwrap_err().code(), "tool_input_invalid", "{input}");
    }
    // The schema cannot know the calendar: days that are none, and times that there are twice or not at all.
    for (date, time) in
        [("2025-02-30", "10:00"), ("2025-03-30", "02:30"), ("2025-10-26", "02:30"), ("2025-01-20", "25:00")]
    {
        let mut input = booking(time);
        input["booking_data"]["date"] = json!(date);
        let error = call(&executor, input).unwrap_err();
        assert!(error.to_string().contains("booking_data."), "{error}");
    }
    assert!(double.asked().is_empty());
}

/// Google's calendar as far as it is used here: what was deleted stays, and is cancelled.
fn google_double(lose: usize) -> Double {
    let events: Mutex<BTreeMap<String, Value>> = Mutex::default();
    let mut lose = lose;
    let mut etags = 0;
    Double::start(move |asked: &Asked| {
        if asked.header("authorization") != Some("Bearer ya29.token") {
            return Said::json(401, &json!({"error": {"code": 401}}));
        }
        let path = asked.path.split('?').next().unwrap();
        let Some(rest) = path.strip_prefix("/calendars/primary/events") else { return Said::status(404) };
        let mut events = events.lock().unwrap();
        let id = rest.trim_start_matches('/').to_owned();
        etags += 1;
        let version = events.get(&id).map(|event| event["etag"].clone());
        let is_stale =
            asked.header("if-match").is_some_and(|given| version.as_ref().and_then(Value::as_str) != Some(given));
        let said = match (asked.method.as_str(), events.get_mut(&id)) {
            ("POST", _) if rest.is_empty() => {
                let mut event = asked.json();
                let id = event["id"].as_str().unwrap().to_owned();
                if !id.chars().all(|c| c.is_ascii_digit() || ('a'..='v').contains(&c)) {
                    return Said::json(400, &json!({"error": {"code": 400, "message": "Invalid resource id value."}}));
                }
                if events.contains_key(&id) {
                    return Said::json(
                        409,
                        &json!({"error": {"code": 409, "message": "The requested identifier already exists."}}),
                    );
                }
                event["etag"] = json!(format!("\"{etags}\""));
                events.insert(id, event.clone());
                Said::json(200, &event)
            }
            (_, None) => Said::json(404, &json!({"error": {"code": 404}})),
            _ if is_stale => Said::json(412, &json!({"error": {"code": 412}})),
            ("GET", Some(event)) => return Said::json(200, event),
            ("DELETE", Some(event)) if event["status"] == "cancelled" => {
                return Said::json(410, &json!({"error": {"code": 410}}));
            }
            ("DELETE", Some(event)) => {
                event["status"] = json!("cancelled");
                Said::status(204)
            }
            ("PUT", Some(event)) => {
                *event = asked.json();
                event["id"] = json!(id);
                event["etag"] = json!(format!("\"{etags}\""));
                Said::json(200, event)
            }
            _ => Said::status(405),
        };
        if lose > 0 {
            lose -= 1;
            return Said::HangsUp;
        }
        said
    })
}

#[test]
fn google_is_spoken_and_each_action_is_taken_back() {
    for lose in [0, 1, 2] {
        let (bench, double) = (Bench::new(), google_double(lose));
        let executor = google(&bench, &double);
        let made = call(&executor, booking("10:00")).unwrap();
        assert_eq!(made.result["start"], "2025-01-20T10:00:00+01:00");
        let first = &double.asked()[0];
        assert!(first.path.contains("sendUpdates=none"), "{}", first.path);
        assert_eq!(first.json()["attendees"][0]["email"], "maria@example.com");
        let id = &made.result["event_id"];
        let to = json!({"action": "move_booking", "event_id": id, "booking_data": {"date": "2025-01-21", "time": "09:00",
            "duration_minutes": 60}});
        let moved = call(&executor, to).unwrap();
        assert_eq!(
            (&moved.result["end"], &moved.result["from"]["end"]),
            (&json!("2025-01-21T10:00:00+01:00"), &json!("2025-01-20T10:30:00+01:00")),
            "lost: {lose}"
        );
        assert_eq!(undo(&executor, &moved).result["end"], "2025-01-20T10:30:00+01:00");
        let cancelled = call(&executor, json!({"action": "delete_booking", "event_id": id})).unwrap();
        let restored = undo(&executor, &cancelled);
        assert_eq!(restored.result["start"], "2025-01-20T10:00:00+01:00");
        let posts = double.asked().iter().filter(|asked| asked.method == "POST").count();
        assert_eq!(posts, 1, "one appointment was ever made");
        undo(&executor, &made);
        let gone = call(&executor, json!({"action": "cancel", "event_id": id})).unwrap();
        assert_eq!(gone.result["found"], false);
    }
}

#[test]
fn a_refresh_token_gets_an_access_token_which_is_kept_until_it_is_refused() {
    let bench = Bench::new();
    let tokens = Double::saying([
        Said::json(200, &json!({"access_token": "old", "expires_in": 3599, "token_type": "Bearer"})),
        Said::json(200, &json!({"access_token": "ya29.token", "expires_in": 3599, "token_type": "Bearer"})),
    ]);
    let double = google_double(0);
    let login = GoogleLogin::Refresh {
        client_id: "client".to_owned(),
        client_secret: key("client-secret"),
        refresh_token: key("1//refresh"),
        url: Some(tokens.url()),
    };
    let google = Google::new("primary", login, Some(&double.url())).unwrap();
    let executor = executor(&bench, Appointments::Google(google));
    let refused = call(&executor, booking("10:00")).unwrap_err();
    assert!(refused.to_string().contains("401"), "{refused}");
    call(&executor, booking("11:00")).unwrap();
    call(&executor, booking("12:00")).unwrap();
    let asked = tokens.asked();
    assert_eq!(asked.len(), 2);
    assert!(asked[0].form().contains(&("refresh_token".to_owned(), "1//refresh".to_owned())));
    let told = format!("{:?} {refused}", bench.told());
    assert!(!told.contains("1//refresh") && !told.contains("client-secret") && !told.contains("ya29"));
}

#[test]
fn addresses_that_would_leak_a_password_are_refused() {
    for url in
        ["http://calendar.example.org/ann/", "https://ann:secret@calendar.example.org/", "ftp://x", "", "mailto:a"]
    {
        let refused = CalDav::new(url, None).err().unwrap();
        assert_eq!(refused.code(), "tool_invalid", "{url}");
        assert!(!refused.to_string().contains("secret"), "{refused}");
    }
    let there = CalDav::new("https://calendar.example.org/ann/shop", None).unwrap();
    assert!(Calendar::new("calendar", Appointments::CalDav(there), "Mars/Olympus", 30).is_err());
}
