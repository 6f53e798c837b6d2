//! `knowledge_base`: own documents by words and by vectors, Qdrant's points, hostile questions, services that fail.

use std::sync::Arc;

use sealbook_flow::{
    Called, Embeddings, Error, Executor, Fault, KnowledgeBase, NoSecrets, OpenAi, Passages, Places, Qdrant, Registry,
    Request, SystemTime, Time, Toolbox, ToolsConfig,
};
use sealbook_record::{Actor, ActorKind, Category};
use sealbook_store::{Knowledge, NewDocument, Vectors};
use serde_json::{Map, Value, json};

use crate::double::{Double, Said};
use crate::fixture::{Bench, wait_for};
use crate::net::recovery;

struct Shelf {
    bench: Bench,
    knowledge: Knowledge,
    _dir: tempfile::TempDir,
}

impl Shelf {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { bench: Bench::new(), knowledge: Knowledge::at(dir.path().join("shop.db")), _dir: dir }
    }

    fn add(&self, name: &str, text: &str, vector: Option<&[f32]>) {
        let document = NewDocument { name: name.to_owned(), text: text.to_owned(), metadata: Map::new() };
        let vectors = vector.map(|it| Vectors { model: "small".to_owned(), vectors: vec![it.to_vec()] });
        self.knowledge.put(&document, vectors.as_ref(), self.bench.ledger.now()).unwrap();
    }

    fn ask(&self, passages: Passages, input: Value) -> Result<Called, Error> {
        let mut tools = Registry::new();
        tools.add(Arc::new(KnowledgeBase::new(passages)?))?;
        let executor = Executor::new("shop", Arc::new(tools), recovery(&self.bench), Arc::new(NoSecrets));
        let request = Request::new("knowledge_base", input, Actor::new(ActorKind::Agent, "a"));
        wait_for(executor.call(&request))
    }

    fn own(&self) -> Passages {
        Passages::Own(self.knowledge.clone(), None)
    }
}

fn embeddings(double: &Double) -> Embeddings {
    ToolsConfig::read(&format!(
        "[knowledge_base]\nembeddings = {{ url = \"{}/v1\", model = \"small\" }}\n",
        double.url()
    ))
    .unwrap()
    .embeddings(&NoKeys, &time())
    .unwrap()
    .unwrap()
}

fn time() -> Arc<dyn Time> {
    Arc::new(SystemTime::default())
}

struct NoKeys;

impl sealbook_flow::Keys for NoKeys {
    fn read(&self, _: &str) -> Result<zeroize::Zeroizing<String>, &'static str> {
        Err("there are none")
    }
}

fn vectors(vectors: &[&[f32]]) -> Said {
    let data: Vec<Value> = vectors
        .iter()
        .enumerate()
        .map(|(index, it)| json!({"object": "embedding", "index": index, "embedding": it}))
        .collect();
    Said::json(200, &json!({"object": "list", "data": data, "model": "small"}))
}

fn fault(called: Result<Called, Error>) -> Fault {
    match called {
        Err(Error::GaveUp(gave_up)) => gave_up.fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_question_is_answered_from_own_documents() {
    let shelf = Shelf::new();
    for nth in 1..=5 {
        shelf.add(&format!("{nth}.md"), &format!("Whitening of {nth} teeth."), None);
    }
    let called = shelf.ask(shelf.own(), json!({"query": "whitening"})).unwrap();
    assert_eq!((called.result["results"].as_array().unwrap().len(), &called.result["total_found"]), (3, &json!(5)));
    let called = shelf.ask(shelf.own(), json!({"query": "whitening of 4", "top_k": 1})).unwrap();
    let first = json!({"content": "Whitening of 4 teeth.", "metadata": {"source": "4.md", "passage": 1}});
    assert_eq!(called.result["results"], json!([first]));
    assert_eq!(called.result["query"], "whitening of 4");
    let record = shelf.bench.told().pop().unwrap().record.unwrap();
    assert_eq!((record.action.as_str(), record.category), ("knowledge.search", Category::RagSearch));
}

#[test]
fn hostile_questions_are_words_or_clear_errors() {
    let shelf = Shelf::new();
    assert_eq!(shelf.ask(shelf.own(), json!({"query": "x"})).unwrap_err().code(), "tool_unavailable");
    shelf.add("a.md", "Nothing here.", None);
    for text in ["\" OR *", "content:nothing", "NEAR(nothing)", "nothing\0'; DROP TABLE words"] {
        let called = shelf.ask(shelf.own(), json!({"query": text}));
        assert!(called.is_ok(), "{text:?}: {called:?}");
    }
    for (input, place) in [
        (json!({"query": ""}), "/query"),
        (json!({"query": "x".repeat(4_001)}), "/query"),
        (json!({"query": 7}), "/query"),
        (json!({"query": "x", "top_k": 0}), "/top_k"),
        (json!({"query": "x", "top_k": 51}), "/top_k"),
        (json!({}), "query"),
    ] {
        let error = shelf.ask(shelf.own(), input).unwrap_err();
        assert!(error.code() == "tool_input_invalid" && error.to_string().contains(place), "{error}");
    }
    let failed = fault(shelf.ask(shelf.own(), json!({"query": "\"* ?"})));
    assert!(failed.to_string().contains("has no word"), "{failed}");
}

#[test]
fn vectors_find_what_words_do_not() {
    let shelf = Shelf::new();
    shelf.add("bleaching", "About bleaching.", Some(&[1.0, 0.1]));
    shelf.add("parking", "About parking.", Some(&[0.0, 1.0]));
    let double = Double::saying([Said::status(429), vectors(&[&[0.9, 0.0]])]);
    let own = Passages::Own(shelf.knowledge.clone(), Some(embeddings(&double)));
    let called = shelf.ask(own, json!({"query": "whitening", "top_k": 1})).unwrap();
    assert_eq!((called.attempts, &called.result["results"][0]["metadata"]["source"]), (2, &json!("bleaching")));
    let asked = &double.asked()[1];
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/v1/embeddings"));
    assert_eq!(asked.json(), json!({"model": "small", "input": ["whitening"], "encoding_format": "float"}));
}

#[test]
fn an_answer_that_is_no_vectors_is_told_and_nothing_is_found_by_it() {
    let shelf = Shelf::new();
    shelf.add("a", "About words.", None);
    for (said, word) in [
        (vectors(&[]), "one vector for each"),
        (Said::json(200, &json!({"data": [{"index": 0, "embedding": ["x"]}]})), "no number"),
        (Said::json(200, &json!({"data": [{"index": 3, "embedding": [1.0]}]})), "no vector"),
        (Said::Body(200, Vec::new(), b"<html>".to_vec()), "no JSON"),
        (Said::Half(b"{\"data\": [".to_vec()), "connection"),
        (Said::status(401), "401"),
    ] {
        let double = Double::saying([said]);
        let own = Passages::Own(shelf.knowledge.clone(), Some(embeddings(&double)));
        let failed = fault(shelf.ask(own, json!({"query": "words"})));
        assert!(failed.to_string().contains(word), "{failed}");
    }
    let double = Double::saying([vectors(&[&[1.0], &[1.0, 2.0]])]);
    let uneven = wait_for(async { embeddings(&double).of(&["a".to_owned(), "b".to_owned()], HOUR).await });
    assert!(uneven.unwrap_err().to_string().contains("different lengths"));
}

const HOUR: std::time::Duration = std::time::Duration::from_hours(1);

#[test]
fn qdrant_is_asked_for_the_tenants_own_points() {
    let shelf = Shelf::new();
    let model = Double::start(|_| vectors(&[&[0.5, 0.5]]));
    let points = json!({"result": {"points": [
        {"id": 1, "score": 0.9, "payload": {"text": "One.", "page": 7, "tenant": "shop"}},
        {"id": 2, "score": 0.8, "payload": {"text": "Another's.", "tenant": "other"}},
        {"id": 3, "score": 0.7, "payload": {"text": "Two.", "metadata": {"a": 1}, "tenant": "shop"}},
    ]}, "status": "ok", "time": 0.001});
    let double = Double::saying([Said::json(200, &points)]);
    let ask = |double: &Double, content: &str| {
        let qdrant = Qdrant::new(&double.url(), None, "faq", content, Some("tenant")).unwrap();
        shelf.ask(Passages::Qdrant(qdrant, embeddings(&model)), json!({"query": "what?"}))
    };
    let called = ask(&double, "text").unwrap();
    let expected = json!({"query": "what?", "total_found": 2, "results": [
        {"content": "One.", "metadata": {"page": 7, "tenant": "shop"}}, {"content": "Two.", "metadata": {"a": 1}}]});
    assert_eq!(called.result, expected);
    let asked = &double.asked()[0];
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/collections/faq/points/query"));
    let filter = json!({"must": [{"key": "tenant", "match": {"value": "shop"}}]});
    assert_eq!(asked.json(), json!({"query": [0.5, 0.5], "limit": 3, "with_payload": true, "filter": filter}));
    assert!(fault(ask(&double, "body")).to_string().contains("content_key"));
    let after = vec![("retry-after", "7".to_owned())];
    let double = Double::saying([Said::Body(429, after, Vec::new()), Said::HangsUp, Said::json(200, &points)]);
    assert_eq!(ask(&double, "text").unwrap().attempts, 3);
    assert!(shelf.bench.time.waits().iter().any(|wait| wait.as_secs() >= 7));
    let double = Double::saying([Said::json(200, &json!({"result": []}))]);
    assert!(fault(ask(&double, "text")).to_string().contains("no points"));
}

#[test]
fn a_table_says_where_the_passages_are() {
    let built = |text: &str| {
        let shelf = Shelf::new();
        let places = Places { knowledge: Some(shelf.knowledge.clone()), ..Places::default() };
        wait_for(async { ToolsConfig::read(text).and_then(|it| it.registry_in(&NoKeys, &time(), &places)) })
    };
    let backend = |text: &str| built(text).unwrap().describe("knowledge_base").unwrap().info.backend.clone();
    let embeddings = "embeddings = { url = \"https://models.example.org\", model = \"m\" }\n";
    assert_eq!(backend(""), "own documents, by words");
    assert_eq!(backend(&format!("[knowledge_base]\n{embeddings}")), "own documents, by words and vectors");
    let qdrant = "[knowledge_base]\nkind = \"qdrant\"\nurl = \"https://q.example.org\"\ncollection = \"faq\"\n";
    assert_eq!(backend(&format!("{qdrant}{embeddings}")), "qdrant");
    let http = "[http.knowledge_base]\ndescription = \"x\"\nurl = \"https://k.example.org/\"\neffect = \"read\"\n";
    assert_eq!(backend(http), "http: POST k.example.org");
    for (text, word) in [
        (qdrant.to_owned(), "embeddings"),
        ("[knowledge_base]\nurl = \"https://q.example.org\"\n".to_owned(), "qdrant"),
        (format!("{http}[knowledge_base]\n"), "another tool"),
        (qdrant.replace("https://q", "http://q") + embeddings, "https"),
    ] {
        let error = built(&text).unwrap_err();
        assert!(error.code() == "tool_invalid" && error.to_string().contains(word), "{error}");
    }
    let error = OpenAi::new("knowledge_base", "https://m.example.org", "", None).err().unwrap();
    assert!(error.to_string().contains("model"), "{error}");
}

#[test]
fn a_toolbox_is_put_together_by_hand_for_one_tenant() {
    let shelf = Shelf::new();
    shelf.add("a.md", "Whitening.", None);
    let tools = Toolbox::of("shop").vectorstore(KnowledgeBase::new(shelf.own()).unwrap());
    let executor = tools.executor(recovery(&shelf.bench), Arc::new(NoSecrets)).unwrap();
    let standing = |name: &str| executor.tools().describe(name).unwrap().availability.available;
    assert_eq!((standing("knowledge_base"), standing("send_email")), (true, false));
    let actor = Actor::new(ActorKind::Agent, "a");
    let asked = Request::new("knowledge_base", json!({"query": "whitening"}), actor.clone());
    let answer = wait_for(executor.execute_tool(&asked));
    assert!(answer.success && answer.audit_id.is_some() && answer.error.is_none(), "{answer:?}");
    let answer = wait_for(executor.execute_tool(&Request::new("send_email", json!({}), actor)));
    assert!(!answer.success && answer.error.unwrap().contains("[email]"));
    let twice = Toolbox::of("shop").vectorstore(KnowledgeBase::new(shelf.own()).unwrap());
    let twice = twice.vectorstore(KnowledgeBase::new(shelf.own()).unwrap());
    assert_eq!(twice.registry().unwrap_err().code(), "tool_invalid");
}
