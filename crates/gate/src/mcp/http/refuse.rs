//! Responses that the gateway gives itself.

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};

use super::body::{Out, whole};
use crate::mcp::peek::Bad;

/// A line for people.
pub(super) fn plain(status: StatusCode, text: &'static str) -> Response<Out> {
    with_type(status, text.as_bytes().to_vec(), "text/plain; charset=utf-8")
}

/// A message; an empty body where there is none.
pub(super) fn message(status: StatusCode, json: Option<Vec<u8>>) -> Response<Out> {
    if let Some(json) = json {
        with_type(status, json, "application/json")
    } else {
        let mut response = Response::new(whole(Vec::new()));
        *response.status_mut() = status;
        response
    }
}

/// The status of a message that is not taken.
pub(super) fn status_of(bad: Bad) -> StatusCode {
    match bad {
        Bad::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
        Bad::Encoded | Bad::Charset => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Bad::TooManyOpen => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_REQUEST,
    }
}

fn with_type(status: StatusCode, body: Vec<u8>, kind: &'static str) -> Response<Out> {
    let mut response = Response::new(whole(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
