//! `send_whatsapp`, `create_ticket` and `send_sms`, against doubles of Chatwoot's and Twilio's published APIs.

use std::sync::{Arc, Mutex};

use sealbook_flow::{
    ApiKey, Called, Cause, Chatwoot, Compensation, CreateTicket, Error, Executor, GaveUp, NoSecrets, Registry, Request,
    SendSms, SendWhatsapp, SmsSender, Tool, ToolsConfig,
};
use sealbook_record::{Actor, ActorKind, Category};
use serde_json::{Value, json};

use crate::double::{Asked, Double, Said};
use crate::fixture::{Bench, wait_for};
use crate::net::recovery;

const KEY: &str = "k-4f1c9a7e22b0";
const PHONE: &str = "+41791234567";

fn key() -> ApiKey {
    ApiKey::new("key", KEY).unwrap()
}

fn call(bench: &Bench, tool: impl Tool + 'static, input: Value) -> Result<Called, Error> {
    let name = tool.info().name.clone();
    let mut tools = Registry::new();
    tools.add(Arc::new(tool))?;
    let executor = Executor::new("shop", Arc::new(tools), recovery(bench), Arc::new(NoSecrets));
    let request = Request::new(name, input, Actor::new(ActorKind::Agent, "a"));
    wait_for(executor.call(&Request { key: Some("visit-7".to_owned()), ..request }))
}

fn gave_up(called: Result<Called, Error>) -> GaveUp {
    match called {
        Err(Error::GaveUp(gave_up)) => *gave_up,
        other => panic!("{other:?}"),
    }
}

/// What an account holds. Answers are those of Chatwoot's application API.
#[derive(Default)]
struct Account {
    contacts: Vec<Value>,
    conversations: Vec<Value>,
    messages: Vec<Value>,
    /// Answers that come before those, each for the next request whose path ends so; those that are done are done all
    /// the same.
    instead: Vec<(&'static str, bool, Said)>,
}

impl Account {
    fn answer(&mut self, asked: &Asked) -> Said {
        if asked.header("api_access_token") != Some(KEY) {
            return Said::json(401, &json!({"error": "Invalid Access Token"}));
        }
        let path = asked.path.split('?').next().unwrap_or_default().to_owned();
        let which = format!("{} {path}", asked.method);
        let at = self.instead.iter().position(|(end, ..)| which.ends_with(end));
        let instead = at.map(|at| self.instead.remove(at));
        let done = match &instead {
            Some((_, false, said)) => return said.clone(),
            _ => self.done(asked, &path),
        };
        instead.map_or(done, |(_, _, said)| said)
    }

    fn done(&mut self, asked: &Asked, path: &str) -> Said {
        let body = asked.json();
        let parts: Vec<&str> = path.trim_start_matches("/api/v1/accounts/5/").split('/').collect();
        match (asked.method.as_str(), &parts[..]) {
            ("GET", ["contacts", "search"]) => {
                Said::json(200, &json!({"meta": {"count": self.contacts.len()}, "payload": self.contacts}))
            }
            ("POST", ["contacts"]) => {
                let mut contact = body;
                contact["id"] = json!(self.contacts.len() + 11);
                self.contacts.push(contact.clone());
                Said::json(200, &json!({"payload": {"contact": contact, "contact_inbox": {"source_id": "s"}}}))
            }
            ("GET", ["contacts", _, "conversations"]) => Said::json(200, &json!({"payload": self.conversations})),
            ("POST", ["conversations"]) => {
                let mut conversation = body;
                conversation["id"] = json!(self.conversations.len() + 21);
                let message = conversation["message"].clone();
                self.messages.push(message);
                conversation["messages"] = json!([{"id": self.messages.len() + 30}]);
                self.conversations.push(conversation.clone());
                Said::json(200, &conversation)
            }
            ("POST", ["conversations", _, "messages"]) => {
                self.messages.push(body);
                Said::json(200, &json!({"id": self.messages.len() + 30}))
            }
            ("POST", ["conversations", id, "toggle_status"]) => {
                let known = self.conversations.iter_mut().find(|one| one["id"].as_u64() == id.parse().ok());
                let Some(known) = known else {
                    return Said::json(404, &json!({"error": "Resource could not be found"}));
                };
                known["status"] = body["status"].clone();
                let payload = json!({"success": true, "current_status": body["status"]});
                Said::json(200, &json!({"meta": {}, "payload": payload}))
            }
            _ => Said::status(404),
        }
    }
}

struct Inbox {
    account: Arc<Mutex<Account>>,
    double: Double,
}

impl Inbox {
    fn new() -> Self {
        let account: Arc<Mutex<Account>> = Arc::default();
        let own = Arc::clone(&account);
        let double = Double::start(move |asked| own.lock().unwrap().answer(asked));
        Self { account, double }
    }

    fn instead(&self, end: &'static str, is_done: bool, said: Said) {
        self.account.lock().unwrap().instead.push((end, is_done, said));
    }

    fn chatwoot(&self) -> Arc<Chatwoot> {
        Arc::new(Chatwoot::new(&self.double.url(), 5, key()).unwrap())
    }

    fn whatsapp(&self) -> SendWhatsapp {
        SendWhatsapp::new(self.chatwoot(), 3).unwrap()
    }

    fn tickets(&self) -> CreateTicket {
        CreateTicket::new(self.chatwoot(), 4).unwrap()
    }

    fn counts(&self) -> (usize, usize, usize) {
        let account = self.account.lock().unwrap();
        (account.contacts.len(), account.conversations.len(), account.messages.len())
    }
}

#[test]
fn a_message_opens_a_conversation_and_the_next_goes_on_in_it() {
    let (bench, inbox) = (Bench::new(), Inbox::new());
    // The search finds parts of numbers: the contact must be the very one.
    inbox.account.lock().unwrap().contacts.push(json!({"id": 9, "phone_number": "+417912345678"}));
    let input = json!({"to": PHONE, "message": "See you on Monday", "name": "Ann"});
    let called = call(&bench, inbox.whatsapp(), input).unwrap();
    let sent = json!({"success": true, "provider": "chatwoot", "conversation_id": 21, "message_id": 31});
    assert_eq!(called.result, sent);
    assert!(matches!(called.compensation, Compensation::Irreversible { .. }));
    let template = json!({"name": "reminder", "language": "de", "processed_params": {"1": "Ann"}});
    let input = json!({"to": PHONE, "message": "Until then", "template": template});
    assert_eq!(call(&bench, inbox.whatsapp(), input).unwrap().result["conversation_id"], 21);
    call(&bench, inbox.whatsapp(), json!({"conversation_id": 21, "message": "Thank you"})).unwrap();
    assert_eq!(inbox.counts(), (2, 1, 3));
    let account = inbox.account.lock().unwrap();
    assert_eq!(account.messages[0], json!({"content": "See you on Monday"}));
    let written =
        json!({"content": "Until then", "template_params": template, "message_type": "outgoing", "private": false});
    assert_eq!(account.messages[1], written);
    let opened = &account.conversations[0];
    assert_eq!((&opened["inbox_id"], &opened["contact_id"]), (&json!(3), &json!(12)));
    let record = bench.told().pop().unwrap().record.unwrap();
    assert_eq!((record.action.as_str(), record.category), ("whatsapp.send", Category::Notification));
    assert!(!format!("{:?}", bench.told()).contains(KEY));
}

#[test]
fn a_message_is_sent_again_only_where_it_surely_was_not_sent() {
    // Before anything is sent, whatever fails may be tried again; so may what was refused for now.
    for (end, said) in [
        ("search", Said::HangsUp),
        ("search", Said::status(502)),
        ("search", Said::Half(b"{\"pay".to_vec())),
        ("POST /api/v1/accounts/5/contacts", Said::HangsUp),
        ("POST /api/v1/accounts/5/conversations", Said::Body(429, vec![("retry-after", "9".to_owned())], Vec::new())),
    ] {
        let (bench, inbox) = (Bench::new(), Inbox::new());
        inbox.instead(end, false, said);
        let called = call(&bench, inbox.whatsapp(), json!({"to": PHONE, "message": "Hello"})).unwrap();
        assert_eq!((called.attempts, inbox.counts()), (2, (1, 1, 1)), "{end}");
    }
    // After it, nobody knows: it stays unknown, and one message is there.
    for said in [Said::HangsUp, Said::status(500), Said::Half(b"{\"id\": 2".to_vec())] {
        let (bench, inbox) = (Bench::new(), Inbox::new());
        inbox.instead("POST /api/v1/accounts/5/conversations", true, said);
        let failed = gave_up(call(&bench, inbox.whatsapp(), json!({"to": PHONE, "message": "Hello"})));
        assert_eq!((failed.attempts, inbox.counts()), (1, (1, 1, 1)));
        assert_eq!(bench.ledger.operation(failed.operation).unwrap().unwrap().status.as_str(), "unknown");
    }
    let (bench, inbox) = (Bench::new(), Inbox::new());
    let error = Chatwoot::new(&inbox.double.url(), 5, ApiKey::new("key", "wrong").unwrap()).unwrap();
    let tool = SendWhatsapp::new(Arc::new(error), 3).unwrap();
    let failed = gave_up(call(&bench, tool, json!({"to": PHONE, "message": "Hello"})));
    assert_eq!((failed.fault.cause, failed.attempts), (Cause::Status(401), 1));
}

#[test]
fn a_ticket_is_opened_once_and_taken_back_by_closing_it() {
    let bench = Bench::new();
    let input = json!({"subject": "Broken tooth", "description": "Since Monday", "priority": "urgent",
        "contact": {"email": "Ann@example.org", "name": "Ann"}});
    for (is_done, said) in
        [(false, Said::HangsUp), (true, Said::HangsUp), (true, Said::status(504)), (true, Said::Half(vec![b'{']))]
    {
        let inbox = Inbox::new();
        inbox.instead("POST /api/v1/accounts/5/conversations", is_done, said);
        let called = call(&bench, inbox.tickets(), input.clone()).unwrap();
        assert_eq!((&called.result, inbox.counts()), (&json!({"ticket_id": 21, "status": "open"}), (1, 1, 1)));
        let Compensation::Call { tool, input } = called.compensation else { panic!() };
        assert_eq!((tool.as_str(), &input), ("create_ticket", &json!({"action": "close", "ticket_id": 21})));
        let closed = call(&bench, inbox.tickets(), input).unwrap();
        assert_eq!(inbox.account.lock().unwrap().conversations[0]["status"], "resolved");
        let Compensation::Call { input, .. } = closed.compensation else { panic!() };
        assert_eq!(input, json!({"action": "reopen", "ticket_id": 21}));
    }
    let inbox = Inbox::new();
    // Delivered twice by whoever called: the key is the same, and so is the ticket.
    for _ in 0..2 {
        call(&bench, inbox.tickets(), input.clone()).unwrap();
    }
    assert_eq!(inbox.counts(), (1, 1, 1));
    let account = inbox.account.lock().unwrap();
    assert_eq!(account.messages[0], json!({"content": "Broken tooth\n\nSince Monday", "private": true}));
    let attributes = &account.conversations[0]["custom_attributes"];
    assert_eq!((&attributes["subject"], &attributes["priority"]), (&json!("Broken tooth"), &json!("urgent")));
    drop(account);
    let failed = gave_up(call(&bench, inbox.tickets(), json!({"action": "close", "ticket_id": 99})));
    assert_eq!(failed.fault.cause, Cause::Status(404));
    let record = bench.told().pop().unwrap().record.unwrap();
    assert_eq!(record.category, Category::Ticket);
}

#[test]
fn what_is_no_message_and_no_ticket_is_refused() {
    let (bench, inbox) = (Bench::new(), Inbox::new());
    for input in [
        json!({"to": "0791234567", "message": "x"}),
        json!({"to": PHONE, "message": ""}),
        json!({"to": PHONE, "conversation_id": 7, "message": "x"}),
        json!({"message": "x"}),
        json!({"to": PHONE, "message": "x".repeat(4_097)}),
    ] {
        assert_eq!(call(&bench, inbox.whatsapp(), input).unwrap_err().code(), "tool_input_invalid");
    }
    for input in [
        json!({"subject": "x"}),
        json!({"subject": "x", "contact": {"name": "Ann"}}),
        json!({"action": "close"}),
        json!({"action": "create", "ticket_id": 7}),
        json!({"action": "close", "ticket_id": 7, "subject": "x"}),
    ] {
        assert_eq!(call(&bench, inbox.tickets(), input).unwrap_err().code(), "tool_input_invalid");
    }
    assert!(inbox.double.asked().is_empty());
}

fn sms(double: &Double) -> SendSms {
    SendSms::new("AC7", key(), SmsSender::From("+41790000000".to_owned()), Some(&double.url())).unwrap()
}

#[test]
fn a_text_message_is_sent_as_twilio_takes_it_and_never_twice() {
    let bench = Bench::new();
    let made = json!({"sid": "SM1", "status": "queued", "error_code": null});
    let after = vec![("retry-after", "4".to_owned())];
    let double = Double::saying([Said::Body(429, after, Vec::new()), Said::json(201, &made)]);
    let called = call(&bench, sms(&double), json!({"to": PHONE, "message": "Grüezi & bis bald"})).unwrap();
    let sent = json!({"success": true, "provider": "twilio", "message_id": "SM1", "status": "queued"});
    assert_eq!((called.attempts, called.result), (2, sent));
    let asked = &double.asked()[1];
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/2010-04-01/Accounts/AC7/Messages.json"));
    assert_eq!(asked.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert!(asked.header("authorization").unwrap().starts_with("Basic "));
    let fields = [("To", PHONE), ("From", "+41790000000"), ("Body", "Grüezi & bis bald")];
    assert_eq!(asked.form(), fields.map(|(name, value)| (name.to_owned(), value.to_owned())));
    for said in [Said::HangsUp, Said::status(500), Said::json(201, &json!({})), Said::Half(b"{\"sid\"".to_vec())] {
        let double = Double::saying([said]);
        let failed = gave_up(call(&bench, sms(&double), json!({"to": PHONE, "message": "x"})));
        assert_eq!((failed.attempts, double.asked().len()), (1, 1));
        assert_eq!(bench.ledger.operation(failed.operation).unwrap().unwrap().status.as_str(), "unknown");
    }
    let double = Double::saying([Said::json(400, &json!({"code": 21211, "message": "not a number"}))]);
    let failed = gave_up(call(&bench, sms(&double), json!({"to": PHONE, "message": "x"})));
    assert_eq!(bench.ledger.operation(failed.operation).unwrap().unwrap().status.as_str(), "failed");
}

#[test]
fn tables_of_messages_say_what_they_lack() {
    struct OneKey;
    impl sealbook_flow::Keys for OneKey {
        fn read(&self, _: &str) -> Result<zeroize::Zeroizing<String>, &'static str> {
            Ok(zeroize::Zeroizing::new(KEY.to_owned()))
        }
    }
    let built = |text: &str| {
        let time: Arc<dyn sealbook_flow::Time> = Arc::new(sealbook_flow::SystemTime::default());
        wait_for(async { ToolsConfig::read(text).and_then(|it| it.registry(&OneKey, &time)) })
    };
    let chatwoot = "[chatwoot]\nurl = \"https://c.example.org\"\naccount_id = 5\napi_access_token = \"file:k\"\n";
    let tools = built(&format!("{chatwoot}whatsapp_inbox_id = 3\nticket_inbox_id = 4\n")).unwrap();
    for name in ["send_whatsapp", "create_ticket"] {
        assert!(tools.describe(name).unwrap().availability.available, "{name}");
    }
    let sms = "[sms]\naccount_sid = \"AC7\"\nauth_token = \"file:k\"\n";
    assert_eq!(
        built(&format!("{sms}from = \"Clinic\"\n")).unwrap().describe("send_sms").unwrap().info.backend,
        "twilio"
    );
    for (text, word) in [
        (chatwoot.to_owned(), "inbox"),
        (sms.to_owned(), "messaging_service_sid"),
        (format!("{sms}from = \"a\"\nmessaging_service_sid = \"b\"\n"), "one of them"),
        (format!("{sms}from = \"a\"\nurl = \"http://sms.example.org\"\n"), "https"),
        (chatwoot.replace("file:k", KEY), "0600"),
    ] {
        let error = built(&text).unwrap_err();
        assert!(error.code() == "tool_invalid" && error.to_string().contains(word), "{error}");
        assert!(!error.to_string().contains(KEY));
    }
}
