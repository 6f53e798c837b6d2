//! Documents and the passages that questions find: order, replacement, removal, hostile words, a broken file.

use sealbook_record::Timestamp;
use sealbook_store::{FoundPassages, Knowledge, NewDocument, PassageQuery, Vectors, passages};
use serde_json::json;

fn now() -> Timestamp {
    Timestamp::from_micros(1_767_225_600_000_000)
}

struct Shelf {
    knowledge: Knowledge,
    dir: tempfile::TempDir,
}

impl Shelf {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { knowledge: Knowledge::at(dir.path().join("below/shop.db")), dir }
    }

    fn add(&self, name: &str, text: &str) {
        self.knowledge.put(&document(name, text), None, now()).unwrap();
    }

    fn find(&self, text: &str) -> FoundPassages {
        self.knowledge.find(&PassageQuery { text, vector: None, top_k: 3 }).unwrap()
    }

    /// Names of the documents that were found, best first.
    fn sources(&self, text: &str) -> Vec<String> {
        self.find(text).passages.iter().map(|one| one.metadata["source"].as_str().unwrap().to_owned()).collect()
    }
}

fn document(name: &str, text: &str) -> NewDocument {
    let metadata = json!({"language": "en"}).as_object().unwrap().clone();
    NewDocument { name: name.to_owned(), text: text.to_owned(), metadata }
}

#[test]
fn passages_are_found_by_their_words_the_best_first() {
    let shelf = Shelf::new();
    assert!(!shelf.knowledge.exists());
    assert_eq!(shelf.find("anything").total, 0);
    shelf.add("hours.md", "We are open from nine to five. On Sunday we are closed.");
    shelf.add("prices.md", "A whitening costs 300 francs.\n\nA check-up costs 90 francs, also on Sunday.");
    shelf.add("cafe.md", "Das Café ist offen.");
    assert_eq!(shelf.sources("what does WHITENING cost?"), ["prices.md"]);
    assert_eq!(shelf.sources("sunday closed"), ["hours.md", "prices.md"]);
    assert_eq!(shelf.sources("cafe"), ["cafe.md"]);
    let found = shelf.find("whitening");
    assert_eq!(found.total, 1);
    assert_eq!(json!(found.passages[0].metadata), json!({"language": "en", "source": "prices.md", "passage": 1}));
    assert!(found.passages[0].content.starts_with("A whitening costs"));
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(shelf.knowledge.path()).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_document_is_replaced_by_its_name_and_removed_with_its_words() {
    let shelf = Shelf::new();
    shelf.add("a.md", "The xylophone is blue.");
    let (now, before) = shelf.knowledge.put(&document("a.md", "The oboe is red."), None, now()).unwrap();
    assert_eq!(before, Some(document("a.md", "The xylophone is blue.").digest()));
    assert_eq!((now.passages, now.embedded, now.bytes), (1, 0, 16));
    assert_eq!((shelf.sources("xylophone").len(), shelf.sources("oboe").len()), (0, 1));
    assert_eq!(shelf.knowledge.remove("a.md").unwrap(), now);
    assert!(shelf.knowledge.list().unwrap().is_empty() && shelf.sources("oboe").is_empty());
    assert_eq!(shelf.knowledge.remove("a.md").unwrap_err().code(), "document_missing");
    // Nothing of either is left in the file, or in what lies beside it.
    for entry in std::fs::read_dir(shelf.dir.path().join("below")).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let has = |word: &[u8]| bytes.windows(word.len()).any(|window| window == word);
        assert!(!has(b"xylophone") && !has(b"oboe"));
    }
}

#[test]
fn a_question_is_plain_words_whatever_stands_in_it() {
    let shelf = Shelf::new();
    shelf.add("a.md", "Nothing NEAR here AND nothing there.");
    for text in [
        "\" OR 1",
        "content:nothing",
        "nothing*",
        "NEAR(nothing here, 2)",
        "-nothing",
        "^nothing",
        "nothing\0here",
        "{nothing}: (here",
        "'; DROP TABLE words; --nothing",
        "AND OR NOT nothing",
        "nothing \u{202e}\u{1f600}",
    ] {
        let found = shelf.knowledge.find(&PassageQuery { text, vector: None, top_k: 3 });
        assert!(found.is_ok(), "{text:?}: {found:?}");
    }
    assert_eq!(shelf.sources("content:nothing"), ["a.md"]);
    assert_eq!(shelf.find(&"nothing ".repeat(100_000)).total, 1);
    for text in ["", " ", "\"\"", "***", "\0"] {
        let error = shelf.knowledge.find(&PassageQuery { text, vector: None, top_k: 3 }).unwrap_err();
        assert_eq!(error.code(), "query_invalid", "{text:?}");
    }
}

#[test]
fn vectors_and_words_are_joined() {
    let shelf = Shelf::new();
    let put = |name: &str, text: &str, vector: [f32; 2]| {
        let vectors = Vectors { model: "m".to_owned(), vectors: vec![vector.to_vec()] };
        shelf.knowledge.put(&document(name, text), Some(&vectors), now()).unwrap();
    };
    put("teeth", "About teeth.", [9.0, 1.0]);
    put("dentist", "About the dentist.", [1.0, 0.2]);
    put("parking", "About parking.", [0.0, 1.0]);
    shelf.add("plain", "Dentist without a vector.");
    let ask = |text, model, vector: &[f32]| {
        let found = shelf.knowledge.find(&PassageQuery { text, vector: Some((model, vector)), top_k: 3 }).unwrap();
        let names: Vec<String> = found.passages.iter().map(|one| one.metadata["source"].to_string()).collect();
        (names.join(" "), found.total)
    };
    let (names, total) = ask("dentist", "m", &[5.0, 0.9]);
    assert!(names.starts_with("\"dentist\""), "{names}");
    assert_eq!(total, 4);
    // No word fits: the vectors alone decide. Those of another model or length are not compared.
    assert_eq!(ask("zebra", "m", &[0.0, 2.0]).0, "\"parking\" \"dentist\" \"teeth\"");
    assert_eq!(ask("zebra", "other", &[0.0, 2.0]), (String::new(), 0));
    assert_eq!(ask("zebra", "m", &[0.0, 2.0, 1.0]), (String::new(), 0));
    assert_eq!(ask("zebra", "m", &[f32::NAN, 2.0]).1, 3);
}

#[test]
fn what_is_no_document_is_refused_and_a_broken_file_is_named() {
    let shelf = Shelf::new();
    let long = "x ".repeat(9 << 20);
    for (name, text, word) in
        [("", "x", "name"), ("a\nb", "x", "line end"), ("a", " -- ", "no word"), ("a", long.as_str(), "16 MiB")]
    {
        let error = shelf.knowledge.put(&document(name, text), None, now()).unwrap_err();
        assert!(error.code() == "document_invalid" && error.to_string().contains(word), "{error}");
    }
    let text = "one\n\n".repeat(1_000);
    let vectors = Vectors { model: "m".to_owned(), vectors: vec![vec![1.0]; passages(&text).len() - 1] };
    let error = shelf.knowledge.put(&document("a", &text), Some(&vectors), now()).unwrap_err();
    assert!(error.to_string().contains("as many vectors"), "{error}");
    let broken = shelf.dir.path().join("broken.db");
    std::fs::write(&broken, "this is no database, and long enough to be read as the header of one".repeat(20)).unwrap();
    let error = Knowledge::at(&broken).list().unwrap_err();
    assert!(error.code() == "knowledge_unreadable" && error.to_string().contains("broken.db"), "{error}");
    std::fs::write(&broken, b"").unwrap();
    assert!(Knowledge::at(&broken).list().unwrap().is_empty());
}
