//! Asking a service's HTTP API: one request, bounded in time and size, no redirect, no proxy.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Method, Response, Url};
use serde_json::Value;

use crate::model::is_this_machine;
use crate::{ApiKey, Cause, Fault, wire};

/// What is read of an answer where nothing else is said.
const ANSWER_BYTES_MAX: usize = 4 << 20;

/// How one shows who one is.
#[derive(Debug, Clone)]
pub(super) enum Login {
    Bearer(ApiKey),
    Basic(String, ApiKey),
    /// A header of the service's own that bears the key.
    Header(&'static str, ApiKey),
}

/// A service by its address.
pub(super) struct Api {
    client: Client,
    base: Url,
    login: Option<(HeaderName, HeaderValue)>,
    answer_bytes_max: usize,
}

/// What is asked.
pub(super) struct Ask<'a> {
    pub(super) method: Method,
    /// Below the base, segment by segment; none of them is taken for more than a name.
    pub(super) path: &'a [&'a str],
    pub(super) query: &'a [(&'a str, &'a str)],
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Option<(&'a str, Vec<u8>)>,
    pub(super) left: Duration,
}

/// What was answered, whatever its status.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl<'a> Ask<'a> {
    pub(super) fn new(method: Method, path: &'a [&'a str], left: Duration) -> Self {
        Self { method, path, query: &[], headers: Vec::new(), body: None, left }
    }

    pub(super) fn json(self, body: &Value) -> Self {
        Self { body: Some(("application/json", body.to_string().into_bytes())), ..self }
    }

    pub(super) fn header(mut self, name: HeaderName, value: &str) -> Result<Self, Fault> {
        let value = HeaderValue::try_from(value).map_err(|_| Fault::permanent("a header of the request is none"))?;
        self.headers.push((name, value));
        Ok(self)
    }
}

impl Api {
    /// A service at this address: HTTPS, or on this machine.
    ///
    /// Errors: what is wrong with the address, and the mend.
    pub(super) fn new(base: &str, login: Option<Login>) -> Result<Self, &'static str> {
        let base: Url = base.trim_end_matches('/').parse().map_err(|_| "`url` is no address")?;
        if !(base.scheme() == "https" || base.scheme() == "http" && is_this_machine(&base)) || base.cannot_be_a_base() {
            return Err("`url` is neither `https://…` nor on this machine, where it could be read on the way");
        }
        if !base.username().is_empty() || base.password().is_some() || base.query().is_some() {
            return Err("`url` holds more than scheme, host, port and path; name a key or password by a file");
        }
        let login = login.map(Login::header).transpose()?;
        Ok(Self { client: wire::client(None)?, base, login, answer_bytes_max: ANSWER_BYTES_MAX })
    }

    /// The same, with room for so many bytes of an answer.
    pub(super) fn with_answer_bytes_max(self, answer_bytes_max: usize) -> Self {
        Self { answer_bytes_max, ..self }
    }

    /// Asks once.
    ///
    /// Errors: no answer, or one that is too long. A status that says no is an answer.
    pub(super) async fn ask(&self, ask: Ask<'_>) -> Result<Answer, Fault> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(ask.path);
        }
        if !ask.query.is_empty() {
            url.query_pairs_mut().extend_pairs(ask.query);
        }
        let mut request = self.client.request(ask.method, url).timeout(ask.left);
        for (name, value) in self.login.iter().chain(&ask.headers) {
            request = request.header(name, value);
        }
        if let Some((kind, body)) = ask.body {
            request = request.header(reqwest::header::CONTENT_TYPE, kind).body(body);
        }
        read(request.send().await.map_err(|cause| wire::fault(&cause))?, self.answer_bytes_max).await
    }
}

impl Login {
    fn header(self) -> Result<(HeaderName, HeaderValue), &'static str> {
        let (name, value) = match &self {
            Self::Bearer(key) => (AUTHORIZATION, format!("Bearer {}", key.expose())),
            Self::Basic(user, key) => {
                let both = format!("{user}:{}", key.expose());
                (AUTHORIZATION, format!("Basic {}", base64(both.as_bytes())))
            }
            Self::Header(name, key) => (HeaderName::from_static(name), key.expose().to_owned()),
        };
        let mut value = HeaderValue::try_from(value).map_err(|_| "the user's name or the key is none")?;
        value.set_sensitive(true);
        Ok((name, value))
    }
}

impl Answer {
    /// The answer where it says yes.
    ///
    /// Errors: its status, with what it says of coming back. Nothing of its body, which may quote what was sent.
    pub(super) fn taken(self) -> Result<Self, Fault> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        let fault = match self.status {
            300..400 => {
                Fault::permanent("it sends elsewhere, and redirects are not followed; give the address it means")
            }
            status => Fault::new(Cause::Status(status)),
        };
        let after = self.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        Err(match after {
            Some(value) => fault.with_retry_after(value),
            None => fault,
        })
    }

    /// Its body as JSON.
    ///
    /// Errors: it is none; what was asked may have been done.
    pub(super) fn json(&self) -> Result<Value, Fault> {
        serde_json::from_slice(&self.body).map_err(|_| Fault::new(Cause::Unreadable).with_detail("it is no JSON"))
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Reads an answer to its end, and no further than the bound.
pub(super) async fn read(response: Response, bytes_max: usize) -> Result<Answer, Fault> {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = wire::body(response, bytes_max).await?.ok_or_else(|| {
        Fault::new(Cause::Unreadable).with_detail(format!("the answer is longer than {bytes_max} bytes"))
    })?;
    Ok(Answer { status, headers, body })
}

/// Base64 with padding (RFC 4648 section 4).
pub(super) fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// A form as browsers send it.
pub(super) fn form(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut url: Url = "http://form".parse().expect("it is an address");
    url.query_pairs_mut().extend_pairs(fields);
    url.query().unwrap_or_default().as_bytes().to_vec()
}
