//! A double of a language model's endpoint, on loopback.
//!
//! It is written from the published descriptions of the two APIs and is no model: it answers what a test tells
//! it to. Requests are checked as the APIs check them (path, method, headers, required fields), and answered with
//! the APIs' own errors where they are wrong, so that a client which speaks neither API fails here too.
//!
//! - <https://platform.openai.com/docs/api-reference/chat>
//! - <https://docs.anthropic.com/en/api/messages>, <https://docs.anthropic.com/en/api/errors>

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

/// What the endpoint does with one request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// The model says this text, in the shape of the API that was asked.
    Says(String),
    /// An API's error, with a `Retry-After` where there is one.
    Error(u16, &'static str, Option<String>),
    /// This status and this body, as they stand.
    Raw(u16, Vec<u8>),
    /// The model says this text, and its answer was cut at its longest length.
    Cut(String),
    /// The model refuses.
    Refuses,
    /// The connection ends in the middle of the body.
    Truncated,
    /// The connection ends before there is an answer.
    HangsUp,
    /// There is no answer, and the connection stays open.
    Silent,
    /// The body has no end.
    Endless,
    /// The body begins, goes on by a byte, and then nothing more comes.
    Stalls,
    /// Another address.
    Redirects(String),
}

/// A request that came in.
#[derive(Debug, Clone)]
pub struct Request {
    /// Method and path.
    pub line: String,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Value,
}

impl Request {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn is_anthropic(&self) -> bool {
        self.line.starts_with("POST /v1/messages ")
    }
}

/// The endpoint. It answers until it is dropped.
pub struct Endpoint {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    key: Option<String>,
    replies: Mutex<VecDeque<Reply>>,
    requests: Mutex<Vec<Request>>,
    /// Connections that are left without an answer.
    open: Mutex<Vec<TcpStream>>,
}

impl Endpoint {
    /// Starts an endpoint that gives these replies, one per request and the last again and again. Where there is a
    /// `key`, requests without it are refused.
    pub fn start(key: Option<&str>, replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("it was bound");
        let shared = Arc::new(Shared {
            key: key.map(str::to_owned),
            replies: Mutex::new(replies.into_iter().collect()),
            requests: Mutex::default(),
            open: Mutex::default(),
        });
        let own = Arc::downgrade(&shared);
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let (Some(shared), Ok(connection)) = (own.upgrade(), connection) else { return };
                std::thread::spawn(move || drop(shared.serve(connection)));
            }
        });
        Self { address, shared }
    }

    /// Its base address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What came in, in order.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.shared.requests).clone()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        lock(&self.shared.open).clear();
        // The listener looks whether anybody is left when the next connection comes.
        let address = self.address;
        self.shared = Arc::new(Shared {
            key: None,
            replies: Mutex::default(),
            requests: Mutex::default(),
            open: Mutex::default(),
        });
        drop(TcpStream::connect(address));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn serve(&self, mut connection: TcpStream) -> std::io::Result<()> {
        let Some(request) = read(&connection)? else { return Ok(()) };
        let wrong = self.wrong(&request);
        lock(&self.requests).push(request.clone());
        if let Some((status, word)) = wrong {
            return answer(&mut connection, status, &[], &error(&request, word));
        }
        let reply = {
            let mut replies = lock(&self.replies);
            if replies.len() > 1 { replies.pop_front() } else { replies.front().cloned() }
        };
        match reply.unwrap_or(Reply::HangsUp) {
            Reply::Says(text) => answer(&mut connection, 200, &[], &says(&request, &text, false)),
            Reply::Cut(text) => answer(&mut connection, 200, &[], &says(&request, &text, true)),
            Reply::Refuses => answer(&mut connection, 200, &[], &refuses(&request)),
            Reply::Error(status, word, retry_after) => {
                let after: Vec<(&str, String)> = retry_after.into_iter().map(|value| ("retry-after", value)).collect();
                answer(&mut connection, status, &after, &error(&request, word))
            }
            Reply::Raw(status, body) => answer(&mut connection, status, &[], &body),
            Reply::Redirects(to) => answer(&mut connection, 307, &[("location", to)], b""),
            Reply::HangsUp => Ok(()),
            Reply::Truncated => {
                let body = says(&request, "cut off", false);
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
                connection.write_all(head.as_bytes())?;
                connection.write_all(&body[..body.len() / 2])
            }
            Reply::Silent => {
                lock(&self.open).push(connection);
                Ok(())
            }
            Reply::Stalls => {
                connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")?;
                lock(&self.open).push(connection);
                Ok(())
            }
            Reply::Endless => {
                connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n")?;
                // Until whoever reads has had enough.
                while connection.write_all(&[b' '; 16 * 1024]).is_ok() {}
                Ok(())
            }
        }
    }

    /// What the API that was asked would refuse, and how.
    fn wrong(&self, request: &Request) -> Option<(u16, &'static str)> {
        let anthropic = request.is_anthropic();
        if !anthropic && !request.line.starts_with("POST /v1/chat/completions ") {
            return Some((404, "not_found_error"));
        }
        let given = if anthropic {
            request.header("x-api-key").map(str::to_owned)
        } else {
            request.header("authorization").and_then(|value| value.strip_prefix("Bearer ")).map(str::to_owned)
        };
        if self.key.is_some() && self.key != given {
            return Some((401, if anthropic { "authentication_error" } else { "invalid_api_key" }));
        }
        let body = &request.body;
        let is_text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
        let messages = body["messages"].as_array().map_or(&[][..], Vec::as_slice);
        let roles: &[&str] = if anthropic { &["user", "assistant"] } else { &["system", "user", "assistant"] };
        let fits = request.header("content-type") == Some("application/json")
            && is_text(&body["model"])
            && !messages.is_empty()
            && messages.iter().all(|message| {
                message["role"].as_str().is_some_and(|role| roles.contains(&role)) && is_text(&message["content"])
            })
            && body["temperature"].as_f64().is_none_or(|value| (0.0..=2.0).contains(&value));
        let fits = fits && (!anthropic || request.header("anthropic-version").is_some());
        let fits = fits && (!anthropic || body["max_tokens"].as_u64().is_some_and(|most| most > 0));
        (!fits).then_some((400, "invalid_request_error"))
    }
}

fn read(connection: &TcpStream) -> std::io::Result<Option<Request>> {
    let mut reader = BufReader::new(connection);
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body)?;
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Ok(Some(Request { line: line.trim_end().to_owned(), headers, body }))
}

fn answer(connection: &mut TcpStream, status: u16, headers: &[(&str, String)], body: &[u8]) -> std::io::Result<()> {
    let mut head = format!("HTTP/1.1 {status} Some Reason\r\ncontent-type: application/json\r\nconnection: close\r\n");
    for (name, value) in headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    let _ = write!(head, "content-length: {}\r\n\r\n", body.len());
    connection.write_all(head.as_bytes())?;
    connection.write_all(body)
}

fn says(request: &Request, text: &str, cut: bool) -> Vec<u8> {
    let model = &request.body["model"];
    let answer = if request.is_anthropic() {
        json!({
            "id": "msg_01", "type": "message", "role": "assistant", "model": model,
            "content": [{"type": "text", "text": text}],
            "stop_reason": if cut { "max_tokens" } else { "end_turn" }, "stop_sequence": null,
            "usage": {"input_tokens": 120, "output_tokens": 34},
        })
    } else {
        json!({
            "id": "chatcmpl-01", "object": "chat.completion", "created": 1_767_225_600, "model": model,
            "choices": [{
                "index": 0, "logprobs": null, "finish_reason": if cut { "length" } else { "stop" },
                "message": {"role": "assistant", "content": text, "refusal": null},
            }],
            "usage": {"prompt_tokens": 120, "completion_tokens": 34, "total_tokens": 154},
        })
    };
    answer.to_string().into_bytes()
}

fn refuses(request: &Request) -> Vec<u8> {
    let answer = if request.is_anthropic() {
        json!({"id": "msg_01", "type": "message", "role": "assistant", "model": "m", "content": [],
            "stop_reason": "refusal", "stop_sequence": null, "usage": {"input_tokens": 1, "output_tokens": 0}})
    } else {
        json!({"id": "chatcmpl-01", "object": "chat.completion", "created": 1_767_225_600, "model": "m",
            "choices": [{"index": 0, "finish_reason": "stop",
                "message": {"role": "assistant", "content": null, "refusal": "I can't help with that."}}]})
    };
    answer.to_string().into_bytes()
}

/// As real ones do, it quotes the key and what was asked.
fn error(request: &Request, word: &str) -> Vec<u8> {
    let key = request.header("x-api-key").or_else(|| request.header("authorization")).unwrap_or("none");
    let message = format!("Incorrect API key provided: {key}. You asked: {}", request.body["messages"]);
    let answer = if request.is_anthropic() {
        json!({"type": "error", "error": {"type": word, "message": message}, "request_id": "req_01"})
    } else {
        json!({"error": {"message": message, "type": "requests", "param": null, "code": word}})
    };
    answer.to_string().into_bytes()
}
