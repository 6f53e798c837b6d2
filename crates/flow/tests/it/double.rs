//! A double of a service's HTTP API, on loopback: it keeps what it was asked, and answers as a test tells it to.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// A request that came in.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// What is answered.
#[derive(Debug, Clone)]
pub(crate) enum Said {
    Body(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// The connection ends in the middle of the body.
    Half(Vec<u8>),
    /// The connection ends before there is an answer.
    HangsUp,
    /// There is no answer, and the connection stays open.
    Silent,
}

type Answers = Box<dyn FnMut(&Asked) -> Said + Send>;

pub(crate) struct Double {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    answers: Mutex<Answers>,
    asked: Mutex<Vec<Asked>>,
    open: Mutex<Vec<TcpStream>>,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The fields of a form.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        let text = String::from_utf8_lossy(&self.body).into_owned();
        text.split('&')
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(name, value)| (decoded(name), decoded(value)))
            .collect()
    }
}

fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, after @ ..] = rest {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok()).filter(|_| *first == b'%');
        let (byte, left) = match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => (byte, &after[2..]),
            None if *first == b'+' => (b' ', after),
            None => (*first, after),
        };
        bytes.push(byte);
        rest = left;
    }
    String::from_utf8(bytes).unwrap()
}

impl Said {
    pub(crate) fn json(status: u16, value: &Value) -> Self {
        Self::Body(status, vec![("content-type", "application/json".to_owned())], value.to_string().into_bytes())
    }

    pub(crate) fn status(status: u16) -> Self {
        Self::Body(status, Vec::new(), Vec::new())
    }
}

impl Double {
    pub(crate) fn start(answers: impl FnMut(&Asked) -> Said + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answers: Mutex<Answers> = Mutex::new(Box::new(answers));
        let shared = Arc::new(Shared { answers, asked: Mutex::default(), open: Mutex::default() });
        let own = Arc::downgrade(&shared);
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let (Some(shared), Ok(connection)) = (own.upgrade(), connection) else { return };
                std::thread::spawn(move || drop(shared.serve(connection)));
            }
        });
        Self { address, shared }
    }

    /// One answer after the other, and the last again and again.
    pub(crate) fn saying(answers: impl IntoIterator<Item = Said>) -> Self {
        let mut answers: Vec<Said> = answers.into_iter().collect();
        answers.reverse();
        Self::start(move |_| if answers.len() > 1 { answers.pop().unwrap() } else { answers[0].clone() })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.shared.open.lock().unwrap().clear();
    }
}

impl Shared {
    fn serve(&self, mut connection: TcpStream) -> std::io::Result<()> {
        let Some(asked) = read(&connection)? else { return Ok(()) };
        let said = (self.answers.lock().unwrap())(&asked);
        self.asked.lock().unwrap().push(asked);
        match said {
            Said::Body(status, headers, body) => {
                let mut head = format!("HTTP/1.1 {status} Some Reason\r\nconnection: close\r\n");
                for (name, value) in headers {
                    let _ = write!(head, "{name}: {value}\r\n");
                }
                let _ = write!(head, "content-length: {}\r\n\r\n", body.len());
                connection.write_all(head.as_bytes())?;
                connection.write_all(&body)
            }
            Said::Half(body) => {
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len() * 2 + 2);
                connection.write_all(head.as_bytes())?;
                connection.write_all(&body)
            }
            Said::HangsUp => Ok(()),
            Said::Silent => {
                self.open.lock().unwrap().push(connection);
                Ok(())
            }
        }
    }
}

fn read(connection: &TcpStream) -> std::io::Result<Option<Asked>> {
    let mut reader = BufReader::new(connection);
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
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
    Ok(Some(Asked { method, path, headers, body }))
}
