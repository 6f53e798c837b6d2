//! What a sender is answered, in the form in which it spoke.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::{Response, StatusCode};
use prost::Message;

/// Seconds after which a sender may try again.
const RETRY_SECONDS: u32 = 1;

/// An answer as it is sent.
pub(super) type Answer = Response<Full<Bytes>>;

/// In which form a body stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Protobuf,
    Json,
}

impl Form {
    /// The form of a content type, parameters left out.
    pub(super) fn of(content_type: &str) -> Option<Self> {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        match essence.to_ascii_lowercase().as_str() {
            "application/x-protobuf" | "application/protobuf" => Some(Self::Protobuf),
            "application/json" => Some(Self::Json),
            _ => None,
        }
    }

    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        })
    }
}

/// Why a request is not taken.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// Stable, as in `docs/errors`.
    pub(super) code: &'static str,
    /// What is wrong and the mend; nothing of what was sent.
    pub(super) text: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &'static str, text: impl Into<String>) -> Self {
        Self { status, code, text: text.into() }
    }

    /// What cannot be understood; trying again does not help.
    pub(super) fn bad(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "ingest_unreadable", text)
    }

    /// The book takes nothing now; nothing of it counts as taken.
    pub(super) fn later(cause: &crate::Error) -> Self {
        let text = format!("the book cannot be written now ({}); send it again", cause.code());
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "ingest_unavailable", text)
    }

    pub(super) fn into_answer(self, form: Form) -> Answer {
        let body = match form {
            Form::Protobuf => Status { code: grpc_code(self.status), message: format!("{}: {}", self.code, self.text) }
                .encode_to_vec(),
            Form::Json => {
                let code = grpc_code(self.status);
                serde_json::json!({ "code": code, "message": self.text, "error": self.code }).to_string().into_bytes()
            }
        };
        let mut answer = answer(self.status, form, body);
        let headers = answer.headers_mut();
        match self.status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::METHOD_NOT_ALLOWED => {
                headers.insert(ALLOW, HeaderValue::from_static("POST"));
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(RETRY_AFTER, HeaderValue::from(RETRY_SECONDS));
            }
            _ => {}
        }
        answer
    }
}

/// An answer with a body in that form.
pub(super) fn answer(status: StatusCode, form: Form, body: Vec<u8>) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, form.content_type());
    answer
}

/// `google.rpc.Status`, as OTLP answers failures with.
#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

/// The numbers of gRPC's status codes.
fn grpc_code(status: StatusCode) -> i32 {
    match status {
        StatusCode::UNAUTHORIZED => 16,
        StatusCode::FORBIDDEN => 7,
        StatusCode::NOT_FOUND => 5,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::PAYLOAD_TOO_LARGE => 8,
        StatusCode::SERVICE_UNAVAILABLE => 14,
        _ => 3,
    }
}
