//! `send_email` against a real mail server, and against doubles of two providers' APIs.

use std::sync::Arc;
use std::time::Duration;

use sealbook_flow::{
    ApiKey, Called, EmailSender, Error, Executor, MailRoute, MailServer, Mailgun, NoSecrets, Post, Recovery, Registry,
    Request, Retry, RetryAfter, Security, SendEmail, SendGrid, SystemTime, Time, Why,
};
use sealbook_record::{Actor, ActorKind, OperationStatus, PartName};
use serde_json::{Value, json};

use crate::double::{Double, Said};
use crate::fixture::{Bench, wait_for};
use crate::net::recovery;
use crate::servers::Server;

const KEY: &str = "SG.4f1c9a7e22b04d5f8a6b3c1d0e9f7a62";

fn sender() -> EmailSender {
    EmailSender { from_email: "noreply@benova.example".to_owned(), from_name: Some("Benova Clinic".to_owned()) }
}

fn smtp(port: u16) -> Box<dyn Post> {
    let (host, deadline) = ("127.0.0.1".to_owned(), Duration::from_secs(20));
    let route = MailRoute { host, port, security: Security::None, login: None, certificate: None, deadline };
    Box::new(MailServer::new(route).unwrap())
}

fn key() -> ApiKey {
    ApiKey::new("email.key", KEY).unwrap()
}

fn sendgrid(double: &Double) -> Box<dyn Post> {
    Box::new(SendGrid::new(key(), Some(&double.url())).unwrap())
}

fn mailgun(double: &Double) -> Box<dyn Post> {
    Box::new(Mailgun::new(key(), "mg.benova.example", Some(&double.url())).unwrap())
}

fn executor(bench: &Bench, posts: Vec<Box<dyn Post>>, recovery: Recovery) -> Executor {
    let tool = SendEmail::new(&sender(), posts, Arc::clone(&bench.time) as Arc<dyn Time>).unwrap();
    let mut tools = Registry::new();
    tools.add(Arc::new(tool)).unwrap();
    Executor::new("benova", Arc::new(tools), recovery, Arc::new(NoSecrets))
}

fn request(input: Value) -> Request {
    let request = Request::new("send_email", input, Actor::new(ActorKind::Agent, "schedule_agent"));
    Request { key: Some("booking-7".to_owned()), ..request }
}

fn send(bench: &Bench, posts: Vec<Box<dyn Post>>, input: Value) -> Result<Called, Error> {
    wait_for(executor(bench, posts, recovery(bench)).call(&request(input)))
}

fn hello() -> Value {
    json!({"to_email": "ann@example.org", "subject": "Hello", "body_text": "Good morning"})
}

fn gave_up(called: Result<Called, Error>) -> sealbook_flow::GaveUp {
    match called {
        Err(Error::GaveUp(gave_up)) => *gave_up,
        other => panic!("{other:?}"),
    }
}

fn status(bench: &Bench) -> OperationStatus {
    let operation = bench.told()[0].leaf.operation.unwrap();
    bench.ledger.operation(operation).unwrap().unwrap().status
}

/// The value of a header, unfolded.
fn header(mail: &str, name: &str) -> Option<String> {
    let head = mail.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ");
    head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")).map(str::to_owned))
}

#[test]
fn a_mail_reaches_a_real_server_as_it_was_asked_for() {
    let (bench, server) = (Bench::new(), Server::start("smtpd.py", &[]));
    let input = json!({"to_email": "Ann <ann@example.org>", "subject": "Confirmación de Cita",
        "body_html": "<h1>Su cita</h1><p>Fecha: 20/01/2025 &amp; más</p>", "cc": ["admin@benova.example"],
        "bcc": ["archive@benova.example"], "reply_to": "info@benova.example"});
    let called = send(&bench, vec![smtp(server.port)], input).unwrap();
    assert_eq!((&called.result["success"], &called.result["provider"]), (&json!(true), &json!("smtp")));
    assert!(matches!(called.compensation, sealbook_flow::Compensation::Irreversible { .. }));
    let kept = server.kept();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0]["from"], "noreply@benova.example");
    assert_eq!(kept[0]["to"], json!(["ann@example.org", "admin@benova.example", "archive@benova.example"]));
    let mail = kept[0]["data"].as_str().unwrap();
    assert_eq!(header(mail, "From").unwrap(), "\"Benova Clinic\" <noreply@benova.example>");
    assert_eq!(header(mail, "Reply-To").unwrap(), "info@benova.example");
    assert_eq!(header(mail, "Cc").unwrap(), "admin@benova.example");
    assert_eq!(header(mail, "Message-ID").unwrap(), called.result["message_id"]);
    assert!(!mail.contains("archive@"), "a blind copy stands in no header");
    assert!(mail.contains("multipart/alternative") && mail.contains("text/plain") && mail.contains("text/html"));
    assert!(mail.contains("Fecha: 20/01/2025 & m"), "the text is made of the page: {mail}");
    assert_eq!(bench.story(), ["intent email.send", "outcome email.send ok"]);
}

#[test]
fn the_same_call_has_the_same_message_id_and_another_has_not() {
    let id = |key: &str, tenant: &str| {
        let (bench, double) = (Bench::new(), Double::saying([Said::status(202)]));
        let executor = executor(&bench, vec![sendgrid(&double)], recovery(&bench));
        let executor =
            Executor::new(tenant, Arc::new(executor.tools().clone()), executor.recovery().clone(), Arc::new(NoSecrets));
        let called = wait_for(executor.call(&Request { key: Some(key.to_owned()), ..request(hello()) })).unwrap();
        let asked = double.asked();
        assert_eq!(asked[0].json()["headers"]["Message-ID"], called.result["message_id"]);
        called.result["message_id"].as_str().unwrap().to_owned()
    };
    let first = id("booking-7", "benova");
    assert_eq!(first, id("booking-7", "benova"));
    assert_ne!(first, id("booking-8", "benova"));
    assert_ne!(first, id("booking-7", "other"));
    assert!(first.ends_with("@benova.example>"), "{first}");
}

#[test]
fn a_template_needs_its_variables_and_escapes_them() {
    let bench = Bench::new();
    let double = Double::saying([Said::status(202)]);
    let vars = json!({"customer_name": "<script>María</script>", "appointment_date": "20 de Enero, 2025",
        "appointment_time": "10:00 AM", "treatment": "Botox & more", "clinic_phone": "+1 234 567 8900"});
    for template in ["appointment_confirmation", "appointment_reminder"] {
        let input = json!({"to_email": "ann@example.org", "template_name": template, "template_vars": vars});
        send(&bench, vec![sendgrid(&double)], input).unwrap();
        let said = double.asked().last().unwrap().json();
        assert!(said["subject"].as_str().unwrap().contains("20 de Enero, 2025 at 10:00 AM"), "{said}");
        let (plain, html) =
            (said["content"][0]["value"].as_str().unwrap(), said["content"][1]["value"].as_str().unwrap());
        assert!(plain.contains("<script>María") && plain.contains("Botox & more") && plain.contains("567 8900"));
        assert!(
            html.contains("&lt;script&gt;") && !html.contains("<script>") && html.contains("Botox &amp; more"),
            "{html}"
        );
        assert!(!html.contains("undefined") && !plain.contains("{{"));
        for missing in ["customer_name", "appointment_date", "appointment_time", "treatment"] {
            let mut vars = vars.clone();
            vars.as_object_mut().unwrap().remove(missing);
            let input = json!({"to_email": "ann@example.org", "template_name": template, "template_vars": vars});
            let error = send(&bench, vec![sendgrid(&double)], input).unwrap_err();
            assert_eq!(error.code(), "tool_input_invalid", "{missing}");
            assert!(error.to_string().contains("/template_vars") && error.to_string().contains(missing), "{error}");
        }
    }
    assert_eq!(double.asked().len(), 2);
}

#[test]
fn what_would_begin_a_header_is_refused_before_anything_is_sent() {
    let (bench, double) = (Bench::new(), Double::saying([Said::status(202)]));
    let evil = "x\r\nBcc: all@example.org";
    let vars = |name: &str| {
        let mut vars =
            json!({"customer_name": "A", "appointment_date": "B", "appointment_time": "C", "treatment": "D"});
        vars[name] = json!("x\nBcc: all@example.org");
        json!({"to_email": "a@example.org", "template_name": "appointment_reminder", "template_vars": vars})
    };
    for input in [
        json!({"to_email": evil, "subject": "s", "body_text": "t"}),
        json!({"to_email": "a@example.org", "subject": evil, "body_text": "t"}),
        json!({"to_email": "a@example.org", "subject": "s", "body_text": "t", "reply_to": "b@example.org\nX: y"}),
        json!({"to_email": "a@example.org", "subject": "s", "body_text": "t", "cc": ["b@example.org\r"]}),
        json!({"to_email": "a@example.org", "subject": "s", "body_text": "t", "bcc": [evil]}),
        vars("appointment_date"),
        vars("customer_name"),
        json!({"to_email": [], "subject": "s", "body_text": "t"}),
        json!({"to_email": "a@example.org", "subject": "s"}),
        json!({"to_email": "a@example.org", "body_text": "t"}),
        json!({"to_email": "a@example.org", "subject": "s", "body_text": "t", "template_name": "appointment_reminder"}),
        json!({"to_email": "a@example.org", "subject": "s", "body_text": "t", "x-mailer": "y"}),
        json!({"to_email": "a@example.org", "template_name": "invoice", "template_vars": {}}),
    ] {
        let error = send(&bench, vec![sendgrid(&double)], input.clone()).unwrap_err();
        assert_eq!(error.code(), "tool_input_invalid", "{input}");
    }
    // An address that is none is found when the mail is put together.
    let none =
        gave_up(send(&bench, vec![sendgrid(&double)], json!({"to_email": "ann", "subject": "s", "body_text": "t"})));
    assert_eq!(none.why, Why::Permanent);
    assert!(double.asked().is_empty());
}

#[test]
fn sendgrid_and_mailgun_are_spoken() {
    let bench = Bench::new();
    let input = json!({"to_email": ["Ann <ann@example.org>", "bob@example.org"], "subject": "Hello", "body_text": "Good",
        "body_html": "<p>Good</p>", "cc": ["c@example.org"], "bcc": ["d@example.org"], "reply_to": "r@example.org"});
    let double = Double::saying([Said::status(202)]);
    let called = send(&bench, vec![sendgrid(&double)], input.clone()).unwrap();
    assert_eq!(called.result["provider"], "sendgrid");
    let asked = &double.asked()[0];
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/v3/mail/send"));
    assert_eq!(asked.header("authorization").unwrap(), format!("Bearer {KEY}"));
    let body = asked.json();
    let to = json!([{"email": "ann@example.org", "name": "Ann"}, {"email": "bob@example.org"}]);
    let expected = json!([{"to": to, "cc": [{"email": "c@example.org"}], "bcc": [{"email": "d@example.org"}]}]);
    assert_eq!(body["personalizations"], expected);
    assert_eq!(body["from"], json!({"email": "noreply@benova.example", "name": "Benova Clinic"}));
    assert_eq!(body["reply_to"], json!({"email": "r@example.org"}));
    assert_eq!(body["content"][0], json!({"type": "text/plain", "value": "Good"}));

    let taken = Said::json(
        200,
        &json!({"id": "<20111114174239.25659.5817@samples.mailgun.org>", "message": "Queued. Thank you."}),
    );
    let double = Double::saying([taken]);
    let called = send(&bench, vec![mailgun(&double)], input).unwrap();
    assert_eq!(called.result["provider"], "mailgun");
    let asked = &double.asked()[0];
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/v3/mg.benova.example/messages"));
    assert!(asked.header("authorization").unwrap().starts_with("Basic "));
    let form = asked.form();
    let of = |name: &str| {
        form.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(of("to"), ["Ann <ann@example.org>", "bob@example.org"]);
    assert_eq!((of("cc"), of("bcc")), (vec!["c@example.org"], vec!["d@example.org"]));
    assert_eq!((of("h:Reply-To"), of("html")), (vec!["r@example.org"], vec!["<p>Good</p>"]));
    assert_eq!(of("h:Message-Id"), [called.result["message_id"].as_str().unwrap()]);
}

#[test]
fn what_was_surely_refused_is_sent_again_and_waits_as_asked() {
    let later = || Said::Body(429, vec![("retry-after", "17".to_owned())], b"{}".to_vec());
    for post in [sendgrid as fn(&Double) -> Box<dyn Post>, mailgun] {
        let (bench, double) = (Bench::new(), Double::saying([later(), Said::status(503), Said::status(202)]));
        let called = send(&bench, vec![post(&double)], hello()).unwrap();
        assert_eq!((called.attempts, double.asked().len()), (3, 3));
        assert!(bench.time.waits()[0] >= Duration::from_secs(17), "{:?}", bench.time.waits());
        assert_eq!(status(&bench), OperationStatus::Ok);
        let ids: Vec<Vec<u8>> = double.asked().iter().map(|asked| asked.body.clone()).collect();
        assert!(ids[0] == ids[1] && ids[1] == ids[2], "every attempt is the same mail");
    }
    assert_eq!(RetryAfter::read("17"), Some(RetryAfter::Seconds(17)));
}

#[test]
fn what_nobody_knows_of_is_not_sent_twice() {
    for said in [Said::HangsUp, Said::Half(b"{\"message\":".to_vec()), Said::status(500), Said::status(504)] {
        let (bench, double) = (Bench::new(), Double::saying([said.clone(), Said::status(202)]));
        let other = Double::saying([Said::status(202)]);
        let gave_up = gave_up(send(&bench, vec![sendgrid(&double), mailgun(&other)], hello()));
        assert_eq!((gave_up.why, gave_up.attempts), (Why::MayNotRepeat, 1), "{said:?}");
        assert_eq!((double.asked().len(), other.asked().len()), (1, 0), "{said:?}: no other provider either");
        assert_eq!(status(&bench), OperationStatus::Unknown, "{said:?}");
    }
    // No answer at all, in real time.
    let (bench, double) = (Bench::new(), Double::saying([Said::Silent]));
    let retry = Retry { deadline: Duration::from_millis(200), ..Retry::default() };
    let real = Recovery { time: Arc::new(SystemTime::default()), ..bench.recovery(retry) };
    let called =
        wait_for(async { executor(&bench, vec![sendgrid(&double)], real.clone()).call(&request(hello())).await });
    assert_eq!(gave_up(called).fault.cause, sealbook_flow::Cause::Timeout);
    assert_eq!((double.asked().len(), status(&bench)), (1, OperationStatus::Unknown));
}

#[test]
fn a_server_that_ends_after_the_mail_leaves_it_unknown() {
    let (bench, server) = (Bench::new(), Server::start("smtpd.py", &[]));
    let input = json!({"to_email": "gone@example.org", "subject": "s", "body_text": "t"});
    let gave_up = gave_up(send(&bench, vec![smtp(server.port)], input));
    assert_eq!(gave_up.why, Why::MayNotRepeat, "{}", gave_up.fault);
    assert_eq!(status(&bench), OperationStatus::Unknown);
    assert_eq!(server.kept().len(), 1, "it had been taken once");
}

#[test]
fn a_server_that_puts_off_is_tried_again_and_one_that_refuses_is_not() {
    let server = Server::start("smtpd.py", &[]);
    let bench = Bench::new();
    let later = json!({"to_email": "later@example.org", "subject": "s", "body_text": "t"});
    let put_off = gave_up(send(&bench, vec![smtp(server.port)], later));
    assert_eq!((put_off.why, put_off.attempts), (Why::Spent, 4));
    assert!(put_off.fault.to_string().contains("451"), "{}", put_off.fault);
    assert_eq!(status(&bench), OperationStatus::Failed);
    let never = json!({"to_email": "never@example.org", "subject": "s", "body_text": "t"});
    let refused = gave_up(send(&bench, vec![smtp(server.port)], never));
    assert_eq!((refused.why, refused.attempts), (Why::Permanent, 1));
    assert!(server.kept().is_empty());
}

#[test]
fn providers_are_tried_in_the_order_they_were_given() {
    let bench = Bench::new();
    let (first, second) = (Double::saying([Said::status(503)]), Double::saying([Said::status(202)]));
    let called = send(&bench, vec![sendgrid(&first), mailgun(&second)], hello()).unwrap();
    assert_eq!((called.attempts, &called.result["provider"]), (1, &json!("mailgun")));
    let (first, second) = (Double::saying([Said::status(202)]), Double::saying([Said::status(202)]));
    let called = send(&bench, vec![mailgun(&first), sendgrid(&second)], hello()).unwrap();
    assert_eq!((&called.result["provider"], second.asked().len()), (&json!("mailgun"), 0));
    // What is wrong with the mail or the key is no reason to ask somebody else.
    let first = Double::saying([Said::json(401, &json!({"errors": [{"message": "key SG.4f1c is wrong"}]}))]);
    let gave_up = gave_up(send(&bench, vec![sendgrid(&first), mailgun(&second)], hello()));
    assert_eq!((gave_up.why, second.asked().len()), (Why::Permanent, 0));
    let said = format!("{:?} {}", bench.told(), gave_up.fault);
    assert!(said.contains("sendgrid") && !said.contains("SG.4f1c"), "no answer of a provider is repeated");
}

#[test]
fn failures_are_answers_in_the_shape_of_the_older_executor() {
    let (bench, double) = (Bench::new(), Double::saying([Said::status(400)]));
    let executor = executor(&bench, vec![sendgrid(&double)], recovery(&bench));
    let answer = serde_json::to_value(wait_for(executor.execute_tool(&request(hello())))).unwrap();
    assert_eq!(
        (&answer["success"], &answer["tool"], &answer["data"]),
        (&json!(false), &json!("send_email"), &Value::Null)
    );
    assert!(answer["error"].as_str().unwrap().contains("400") && answer["audit_id"].is_string(), "{answer}");
    let metadata = bench.part(0, PartName::Metadata);
    assert_eq!(metadata["repeat"], "if_refused");
}
