//! Every planted secret goes, every look-alike stays.

use sealbook_record::PartName;
use sealbook_testkit::corpus::{self, Planted};

use crate::fixture::{admit, input, record, redacted};

/// All texts of a JSON value, names included, as a reader would see them.
fn texts(json: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut rest = json;
    while let Some(start) = rest.find('"') {
        let mut stream = serde_json::Deserializer::from_str(&rest[start..]).into_iter::<String>();
        match stream.next() {
            Some(Ok(text)) => all.push(text),
            _ => all.push(String::new()),
        }
        rest = &rest[start + stream.byte_offset().max(1)..];
    }
    all
}

fn leaks(json: &str, secret: &str) -> bool {
    json.contains(secret) || texts(json).iter().any(|text| text.contains(secret))
}

#[test]
fn every_planted_secret_goes() {
    let mut failed = Vec::new();
    let planted = corpus::planted();
    for Planted { what, json, secret } in &planted {
        let judged = redacted(json);
        let statement = String::from_utf8(judged.statement().to_vec()).expect("a statement is text");
        let after = input(&judged).to_owned();
        if leaks(&after, secret) || leaks(&statement, secret) || judged.redactions().is_empty() {
            failed.push(format!("{what}\n   before {json}\n   after  {after}"));
            continue;
        }
        serde_json::from_str::<Box<serde_json::value::RawValue>>(&after).expect("redacted JSON is JSON");
        if input(&redacted(&after)) != after {
            failed.push(format!("{what} is redacted again\n   {after}\n   {}", input(&redacted(&after))));
        }
    }
    assert!(failed.is_empty(), "{} of {} failed:\n{}", failed.len(), planted.len(), failed.join("\n"));
}

#[test]
fn every_lookalike_stays() {
    let mut failed = Vec::new();
    for json in corpus::lookalikes() {
        let judged = redacted(&json);
        if input(&judged) != json || !judged.redactions().is_empty() {
            failed.push(format!("   before {json}\n   after  {}", input(&judged)));
        }
    }
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn every_field_of_the_statement_is_searched() {
    for (kind, secret) in corpus::secrets() {
        let text = format!("seen {secret} here");
        let mut whole = record();
        whole.actor.id = text.clone();
        whole.actor.name = Some(text.clone());
        whole.actor.on_behalf_of = Some(text.clone());
        whole.actor.claimed = Some(text.clone());
        whole.actor.verified = Some(text.clone());
        whole.action = text.clone();
        whole.target.id = text.clone();
        whole.source = text.clone();
        whole.reason = Some(text.clone());
        whole.session = Some(text.clone());
        whole.conversation = Some(text.clone());
        whole.project = Some(text.clone());
        whole.trace = Some(text.clone());
        whole.retention = Some(text.clone());
        if text.len() <= 256 {
            whole.tags = vec![text.clone(), "plain".to_owned()];
        }
        let judged = match admit(whole) {
            Ok(judged) => judged,
            Err(error) => panic!("{kind}: {error}"),
        };
        let statement = String::from_utf8(judged.statement().to_vec()).expect("a statement is text");
        assert!(!leaks(&statement, &secret), "{kind}: {statement}");
        assert!(!leaks(&judged.record().to_json(), &secret), "{kind}");
        let paths: Vec<_> = judged.redactions().iter().map(|redaction| redaction.path.as_str()).collect();
        for field in ["actor.id", "actor.claimed", "action", "target.id", "reason", "session", "project"] {
            assert!(paths.contains(&field), "{kind}: {field} of {paths:?}");
        }
    }
}

#[test]
fn every_part_is_searched() {
    for name in PartName::ALL {
        let secret = corpus::secrets().swap_remove(0).1;
        let judged = admit(crate::fixture::with_part(*name, &corpus::quoted(&secret))).expect("it is admitted");
        assert_eq!(judged.record().part(*name).map(serde_json::value::RawValue::get), Some("\"***REDACTED***\""));
        assert_eq!(judged.redactions()[0].path, name.as_str());
    }
}

#[test]
fn the_corpus_is_large_enough() {
    assert!(corpus::secrets().len() >= 60);
    assert!(corpus::lookalike_texts().len() >= 60);
}
