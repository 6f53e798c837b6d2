//! `transcribe_audio`, `analyze_image` and `text_to_speech`, against a double of OpenAI's published API.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use sealbook_flow::{
    AnalyzeImage, Called, Compensation, Error, Executor, Fault, MediaFiles, NoFiles, NoSecrets, OpenAi, Registry,
    Request, TextToSpeech, Tool, TranscribeAudio,
};
use sealbook_ledger::Hash;
use sealbook_record::{Actor, ActorKind};
use serde_json::{Value, json};

use crate::double::{Double, Said};
use crate::fixture::{Bench, wait_for};
use crate::net::recovery;

const WAV: &[u8] = b"RIFF\x24\0\0\0WAVEfmt \r\n--not a boundary";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\nand the rest";

/// Files in memory.
#[derive(Default)]
struct Memory(Mutex<BTreeMap<String, Vec<u8>>>);

impl Memory {
    fn with(files: &[(&str, &[u8])]) -> Arc<Self> {
        let files = files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec()));
        Arc::new(Self(Mutex::new(files.collect())))
    }

    fn names(&self) -> Vec<String> {
        self.0.lock().unwrap().keys().cloned().collect()
    }
}

impl MediaFiles for Memory {
    fn read(&self, path: &str, bytes_max: usize) -> Result<Vec<u8>, &'static str> {
        let files = self.0.lock().unwrap();
        let bytes = files.get(path).ok_or("there is no such file")?;
        if bytes.len() > bytes_max { Err("it is too long") } else { Ok(bytes.clone()) }
    }

    fn write_new(&self, path: &str, bytes: &[u8]) -> Result<(), &'static str> {
        let mut files = self.0.lock().unwrap();
        if files.contains_key(path) {
            return Err("something is there already");
        }
        files.insert(path.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn remove(&self, path: &str, digest: &Hash) -> Result<(), &'static str> {
        let mut files = self.0.lock().unwrap();
        let is_it = files.get(path).is_some_and(|bytes| Hash::of(bytes) == *digest);
        if is_it { files.remove(path).map(drop).ok_or("it is gone") } else { Err("it is not what was written") }
    }
}

fn service(double: &Double) -> OpenAi {
    OpenAi::new("media", &format!("{}/v1", double.url()), "m-1", None).unwrap()
}

fn call(bench: &Bench, tool: impl Tool + 'static, input: Value) -> Result<Called, Error> {
    let name = tool.info().name.clone();
    let mut tools = Registry::new();
    tools.add(Arc::new(tool))?;
    let executor = Executor::new("shop", Arc::new(tools), recovery(bench), Arc::new(NoSecrets));
    wait_for(executor.call(&Request::new(name, input, Actor::new(ActorKind::Agent, "a"))))
}

fn fault(called: Result<Called, Error>) -> Fault {
    match called {
        Err(Error::GaveUp(gave_up)) => gave_up.fault,
        other => panic!("{other:?}"),
    }
}

fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn says(text: &str) -> Said {
    Said::json(200, &json!({"choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]}))
}

#[test]
fn a_recording_is_written_down() {
    let (bench, files) = (Bench::new(), Memory::with(&[("calls/monday.wav", WAV)]));
    let double = Double::saying([Said::status(503), Said::HangsUp, Said::json(200, &json!({"text": "Good morning"}))]);
    let tool = TranscribeAudio::new(service(&double), files).unwrap();
    let called = call(&bench, tool, json!({"path": "calls/monday.wav", "language": "de"})).unwrap();
    let audio = json!({"sha256": Hash::of(WAV).to_string(), "bytes": WAV.len(), "type": "audio/wav"});
    assert_eq!((called.attempts, called.result), (3, json!({"text": "Good morning", "audio": audio})));
    let asked = &double.asked()[2];
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/v1/audio/transcriptions"));
    let kind = asked.header("content-type").unwrap();
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    assert!(boundary.len() <= 70, "{boundary}");
    let whole = asked.body.clone();
    let text = String::from_utf8_lossy(&whole);
    let parts: Vec<&str> = text.split(&format!("--{boundary}")).collect();
    assert_eq!((parts.len(), parts[5]), (6, "--\r\n"), "{text}");
    assert!(parts[1].contains("name=\"model\"\r\n\r\nm-1\r\n") && parts[3].contains("name=\"language\"\r\n\r\nde\r\n"));
    assert!(parts[4].contains("filename=\"audio.wav\"\r\ncontent-type: audio/wav\r\n\r\nRIFF"));
    assert!(whole.windows(WAV.len()).any(|window| window == WAV));
    assert!(!text.contains("monday"));
}

#[test]
fn a_picture_is_looked_at() {
    let bench = Bench::new();
    let double = Double::saying([says("A tooth.")]);
    let tool = AnalyzeImage::new(service(&double), Arc::new(NoFiles)).unwrap();
    let called = call(&bench, tool, json!({"base64": base64(PNG), "question": "What is it?"})).unwrap();
    assert_eq!(
        (&called.result["description"], &called.result["image"]["type"]),
        (&json!("A tooth."), &json!("image/png"))
    );
    let body = double.asked()[0].json();
    let content = &body["messages"][0]["content"];
    assert_eq!((&body["model"], &content[0]), (&json!("m-1"), &json!({"type": "text", "text": "What is it?"})));
    assert_eq!(content[1]["image_url"]["url"], format!("data:image/png;base64,{}", base64(PNG)));
    for (said, word) in [
        (Said::json(200, &json!({"choices": [{"message": {"content": "A"}, "finish_reason": "length"}]})), "cut"),
        (Said::json(200, &json!({"choices": [{"message": {"content": null, "refusal": "No"}}]})), "refuses"),
        (Said::json(200, &json!({"choices": []})), "no text"),
        (Said::status(413), "413"),
    ] {
        let double = Double::saying([said]);
        let tool = AnalyzeImage::new(service(&double), Arc::new(NoFiles)).unwrap();
        let failed = fault(call(&bench, tool, json!({"base64": base64(PNG)})));
        assert!(failed.to_string().contains(word), "{failed}");
    }
}

#[test]
fn what_is_no_recording_and_no_picture_goes_nowhere() {
    let bench = Bench::new();
    let double = Double::saying([says("x")]);
    let long = vec![0; 26 << 20];
    let files = Memory::with(&[("key.pem", b"-----BEGIN PRIVATE KEY-----"), ("a.png", WAV), ("long.wav", &long)]);
    for (input, word) in [
        (json!({"path": "key.pem"}), "first bytes"),
        (json!({"path": "a.png"}), "first bytes"),
        (json!({"path": "long.wav"}), "too long"),
        (json!({"path": "missing.png"}), "no such file"),
        (json!({"base64": "not base64!"}), "RFC 4648"),
        (json!({"base64": "AAAA"}), "first bytes"),
    ] {
        let tool = AnalyzeImage::new(service(&double), files.clone()).unwrap();
        let failed = fault(call(&bench, tool, input));
        assert!(failed.to_string().contains(word), "{failed}");
    }
    let tool = || AnalyzeImage::new(service(&double), Arc::new(NoFiles)).unwrap();
    assert!(fault(call(&bench, tool(), json!({"path": "a.png"}))).to_string().contains("[media]"));
    for input in [json!({}), json!({"path": "a", "base64": "AAAA"}), json!({"base64": "A".repeat(700_000)})] {
        assert_eq!(call(&bench, tool(), input).unwrap_err().code(), "tool_input_invalid");
    }
    assert!(double.asked().is_empty());
}

#[test]
fn a_text_is_spoken_into_a_file_that_can_be_taken_back() {
    let (bench, files) = (Bench::new(), Memory::with(&[("there.mp3", b"x")]));
    let spoken = Said::Body(200, vec![("content-type", "audio/mpeg".to_owned())], b"ID3spoken".to_vec());
    let double = Double::saying([Said::HangsUp, Said::status(500), Said::Half(b"ID3".to_vec()), spoken]);
    let tool = || TextToSpeech::new(service(&double), "alloy", files.clone()).unwrap();
    let called = call(&bench, tool(), json!({"text": "Good morning", "save_as": "greeting.mp3"})).unwrap();
    let digest = Hash::of(b"ID3spoken").to_string();
    let made = json!({"format": "mp3", "bytes": 9, "sha256": digest, "path": "greeting.mp3"});
    assert_eq!((called.attempts, called.result), (4, made));
    let body = json!({"model": "m-1", "input": "Good morning", "voice": "alloy", "response_format": "mp3"});
    assert_eq!((double.asked()[3].path.as_str(), double.asked()[3].json()), ("/v1/audio/speech", body));
    let Compensation::Call { tool: name, input } = called.compensation else { panic!() };
    assert_eq!((name.as_str(), &input), ("text_to_speech", &json!({"remove": "greeting.mp3", "sha256": digest})));
    // What somebody changed since is left alone.
    files.0.lock().unwrap().insert("greeting.mp3".to_owned(), b"changed".to_vec());
    assert!(fault(call(&bench, tool(), input.clone())).to_string().contains("not what was written"));
    files.0.lock().unwrap().insert("greeting.mp3".to_owned(), b"ID3spoken".to_vec());
    call(&bench, tool(), input).unwrap();
    assert_eq!(files.names(), ["there.mp3"]);
    let failed = fault(call(&bench, tool(), json!({"text": "Hello", "save_as": "there.mp3"})));
    assert!(failed.to_string().contains("already"), "{failed}");
}

#[test]
fn a_text_is_spoken_into_the_answer_where_it_is_short() {
    let bench = Bench::new();
    let double = Double::saying([Said::Body(200, Vec::new(), b"ID3spoken".to_vec())]);
    let tool = |double: &Double| TextToSpeech::new(service(double), "alloy", Arc::new(NoFiles)).unwrap();
    let called = call(&bench, tool(&double), json!({"text": "Good morning", "format": "wav"})).unwrap();
    assert_eq!((&called.result["base64"], called.compensation), (&json!(base64(b"ID3spoken")), Compensation::Nothing));
    for (said, word) in [
        (Said::Body(200, Vec::new(), vec![0; (512 << 10) + 1]), "save_as"),
        (Said::Body(200, Vec::new(), vec![0; (32 << 20) + 1]), "longer than"),
        (Said::Body(200, Vec::new(), Vec::new()), "nothing"),
    ] {
        let double = Double::saying([said]);
        let failed = fault(call(&bench, tool(&double), json!({"text": "x"})));
        assert!(failed.to_string().contains(word), "{failed}");
    }
    for input in [
        json!({"text": ""}),
        json!({"text": "x".repeat(4_097)}),
        json!({"text": "x", "remove": "a"}),
        json!({"remove": "a"}),
        json!({"text": "x", "voice": "../a"}),
    ] {
        assert_eq!(call(&bench, tool(&double), input).unwrap_err().code(), "tool_input_invalid");
    }
}
