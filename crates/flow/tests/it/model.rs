//! Both clients against the endpoint's double, and what goes wrong on the way.

use std::time::Duration;

use sealbook_flow::{
    AnswerForm, ApiKey, Cause, Completion, Endpoint, Fault, HttpModel, Model, Prompt, Provider, RetryAfter,
};
use sealbook_record::PartName;
use sealbook_testkit::endpoint::{self, Reply};
use sealbook_testkit::records::{admit, event, with_part};

use crate::fixture::wait_for;

const BOTH: [Provider; 2] = [Provider::OpenAi, Provider::Anthropic];
const KEY: &str = "sk-test-4f1c9a7e22b04d5f8a6b3c1d0e9f7a62";

fn prompt() -> Prompt {
    let record = event(sealbook_record::Uuid::nil(), sealbook_record::Timestamp::default(), "ann", "a.b", "c");
    let record = with_part(record, PartName::Context, r#"{"password":"hunter2","city":"Bern"}"#);
    let mut prompt = Prompt::new("Answer in JSON.".to_owned(), &admit(record));
    let schema = serde_json::value::RawValue::from_string(r#"{"type":"object"}"#.to_owned()).unwrap();
    prompt.form = Some(("answer", schema));
    prompt
}

fn at(provider: Provider, url: &str, key: Option<&str>) -> Endpoint {
    let key = key.map(|key| ApiKey::new("MODEL_KEY", key).unwrap());
    Endpoint::new(provider, url, "test-model", key).unwrap().with_timeout(Duration::from_secs(20))
}

fn ask(endpoint: Endpoint) -> Result<Completion, Fault> {
    wait_for(HttpModel::new(endpoint).unwrap().ask(&prompt(), Duration::from_mins(1)))
}

fn reply(provider: Provider, reply: Reply) -> Result<Completion, Fault> {
    let double = endpoint::Endpoint::start(None, [reply]);
    ask(at(provider, &double.url(), None))
}

#[test]
fn both_apis_are_spoken() {
    for provider in BOTH {
        let double = endpoint::Endpoint::start(Some(KEY), [Reply::Says("hello".to_owned())]);
        let completion = ask(at(provider, &double.url(), Some(KEY))).unwrap();
        assert_eq!(completion.text, "hello");
        assert_eq!(completion.model.as_deref(), Some("test-model"));
        assert_eq!(completion.tokens, (Some(120), Some(34)));
        let requests = double.requests();
        assert_eq!(requests.len(), 1);
        assert_eq!(requests[0].body["temperature"], 0.1);
        // A secret was never there to be sent.
        let sent = requests[0].body.to_string();
        assert!(sent.contains("Bern") && !sent.contains("hunter2"), "{sent}");
    }
}

#[test]
fn an_address_may_end_in_its_version() {
    let double = endpoint::Endpoint::start(None, [Reply::Says("hello".to_owned())]);
    for end in ["", "/", "/v1", "/v1/"] {
        assert!(ask(at(Provider::OpenAi, &format!("{}{end}", double.url()), None)).is_ok(), "{end}");
    }
}

#[test]
fn json_is_asked_for_as_the_server_knows_it() {
    let double = endpoint::Endpoint::start(None, [Reply::Says("{}".to_owned())]);
    for (form, kind) in
        [(AnswerForm::Schema, Some("json_schema")), (AnswerForm::Object, Some("json_object")), (AnswerForm::Text, None)]
    {
        ask(at(Provider::OpenAi, &double.url(), None).with_answer_form(form)).unwrap();
        let asked = double.requests().last().unwrap().body["response_format"]["type"].as_str().map(str::to_owned);
        assert_eq!(asked.as_deref(), kind);
    }
}

#[test]
fn refusals_of_the_api_have_their_causes() {
    for provider in BOTH {
        for (status, word, cause) in [
            (400, "invalid_request_error", Cause::Status(400)),
            (401, "authentication_error", Cause::Status(401)),
            (404, "model_not_found", Cause::Status(404)),
            (429, "rate_limit_error", Cause::RateLimit),
            (429, "rate_limit_exceeded", Cause::RateLimit),
            (429, "insufficient_quota", Cause::Quota),
            (500, "api_error", Cause::Status(500)),
            (503, "some words that nobody knows", Cause::Status(503)),
            (529, "overloaded_error", Cause::RateLimit),
            (529, "what is this", Cause::RateLimit),
        ] {
            let fault = reply(provider, Reply::Error(status, word, None)).unwrap_err();
            assert_eq!(fault.cause, cause, "{word}");
        }
    }
}

#[test]
fn a_rate_limit_says_when_to_come_back() {
    for provider in BOTH {
        let fault = reply(provider, Reply::Error(429, "rate_limit_error", Some("17".to_owned()))).unwrap_err();
        assert_eq!((fault.cause, fault.retry_after), (Cause::RateLimit, Some(RetryAfter::Seconds(17))));
        let fault = reply(provider, Reply::Error(503, "x", Some("whenever".to_owned()))).unwrap_err();
        assert_eq!(fault.retry_after, None);
    }
}

#[test]
fn neither_keys_nor_what_was_asked_get_into_a_fault() {
    for provider in BOTH {
        let double = endpoint::Endpoint::start(Some("another key"), [Reply::Says("hello".to_owned())]);
        let endpoint = at(provider, &double.url(), Some(KEY));
        assert!(!format!("{endpoint:?}").contains(KEY));
        let fault = ask(endpoint).unwrap_err();
        assert_eq!(fault.cause, Cause::Status(401));
        let said = format!("{fault} {fault:?}");
        assert!(!said.contains("sk-test") && !said.contains("Bern") && !said.contains("127.0.0.1"), "{said}");
    }
}

#[test]
fn garbage_is_a_lasting_failure() {
    let deep = [b"[".repeat(100_000), b"]".repeat(100_000)].concat();
    let nothing = br#"{"choices":[],"content":[],"stop_reason":"end_turn"}"#.to_vec();
    let two = br#"{"choices":[{"message":{"content":"yes"}},{"message":{"content":"no"}}]}"#.to_vec();
    let open = br#"{"content":[{"type":"text","text":"yes"}]}"#.to_vec();
    let html = b"<html>Bad gateway</html>".to_vec();
    for provider in BOTH {
        for body in [
            b"".to_vec(),
            html.clone(),
            b"\xff\xfe\0".to_vec(),
            b"{".to_vec(),
            b"null".to_vec(),
            deep.clone(),
            nothing.clone(),
            two.clone(),
            open.clone(),
        ] {
            let fault = reply(provider, Reply::Raw(200, body)).unwrap_err();
            assert_eq!(fault.cause, Cause::Permanent);
        }
        for body in [b"".to_vec(), html.clone(), b"\xff\xfe\0".to_vec(), deep.clone(), br#"{"error":7}"#.to_vec()] {
            assert_eq!(reply(provider, Reply::Raw(502, body)).unwrap_err().cause, Cause::Status(502));
        }
    }
}

#[test]
fn an_answer_that_is_cut_or_refused_is_none() {
    for provider in BOTH {
        for (said, why) in [(Reply::Cut(r#"{"status":"APP"#.to_owned()), "cut"), (Reply::Refuses, "refuses")] {
            let fault = reply(provider, said).unwrap_err();
            assert_eq!(fault.cause, Cause::Permanent);
            assert!(fault.to_string().contains(why), "{fault}");
        }
    }
}

#[test]
fn a_connection_that_breaks_passes_by_itself() {
    for provider in BOTH {
        assert_eq!(reply(provider, Reply::Truncated).unwrap_err().cause, Cause::Lost);
        assert_eq!(reply(provider, Reply::HangsUp).unwrap_err().cause, Cause::Lost);
        let gone = endpoint::Endpoint::start(None, []).url();
        let fault = ask(at(provider, &gone, None)).unwrap_err();
        assert!(matches!(fault.cause, Cause::Connect | Cause::Lost), "{fault}");
    }
}

#[test]
fn an_answer_has_its_time_and_its_size() {
    for provider in BOTH {
        for slow in [Reply::Silent, Reply::Stalls] {
            let double = endpoint::Endpoint::start(None, [slow]);
            let endpoint = at(provider, &double.url(), None).with_timeout(Duration::from_millis(30));
            assert_eq!(ask(endpoint).unwrap_err().cause, Cause::Timeout);
        }
        let double = endpoint::Endpoint::start(None, [Reply::Endless]);
        let fault = ask(at(provider, &double.url(), None).with_answer_bytes_max(100_000)).unwrap_err();
        assert!(fault.to_string().contains("longer than 100000 bytes"), "{fault}");
    }
}

#[test]
fn no_redirect_is_followed() {
    for provider in BOTH {
        let other = endpoint::Endpoint::start(None, [Reply::Says("hello".to_owned())]);
        let to = format!("{}/v1/chat/completions", other.url());
        assert_eq!(reply(provider, Reply::Redirects(to)).unwrap_err().cause, Cause::Permanent);
        assert!(other.requests().is_empty());
    }
}

#[test]
fn an_endpoint_that_would_leak_a_key_is_refused() {
    let key = || Some(ApiKey::new("MODEL_KEY", KEY).unwrap());
    let of = |url: &str, key| Endpoint::new(Provider::OpenAi, url, "m", key);
    for url in ["https://api.example.com", "http://localhost:1234/v1", "http://127.0.0.1:8000", "http://[::1]:8000"] {
        assert!(of(url, key()).is_ok(), "{url}");
    }
    for url in [
        "http://api.example.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "https://me:secret@api.example.com",
        "https://api.example.com?key=secret",
        "ftp://api.example.com",
        "api.example.com",
        "",
    ] {
        let refused = of(url, key()).unwrap_err();
        assert_eq!(refused.code(), "endpoint_invalid", "{url}");
        assert!(!refused.to_string().contains("secret"), "{refused}");
    }
    // Without a key, a server in the next room will do.
    assert!(of("http://192.168.1.7:1234", None).is_ok());
}

#[test]
fn a_key_that_is_none_is_named_by_its_place() {
    for text in ["", "  \n", "two words", "k\u{e9}y", "key\0", &"x".repeat(5_000)] {
        let refused = ApiKey::new("/etc/model.key", text).unwrap_err();
        assert_eq!(refused.code(), "api_key_unusable");
        assert!(refused.to_string().contains("/etc/model.key"));
        assert!(text.trim().is_empty() || !refused.to_string().contains(text));
    }
    let key = ApiKey::new("/etc/model.key", &format!(" {KEY}\n")).unwrap();
    assert_eq!(format!("{key:?}"), "ApiKey(…)");
}
