//! Telling an address of one's own: JSON by POST, once, within a deadline.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Response, Url};

use crate::model::is_this_machine;
use crate::{Cause, Error, Fault, wire};

/// An address that is told.
pub struct Webhook {
    url: Url,
    client: Client,
}

impl Webhook {
    /// An address: HTTPS, or on this machine. It may hold a secret, and is never repeated. No redirect is followed and
    /// no proxy is used.
    ///
    /// Errors: [`Error::WebhookInvalid`].
    pub fn new(url: &str) -> Result<Self, Error> {
        let invalid = |why| Error::WebhookInvalid { why };
        let url: Url = url.trim().parse().map_err(|_| invalid("it is no address"))?;
        match url.scheme() {
            "https" => {}
            "http" if is_this_machine(&url) => {}
            "http" => {
                return Err(invalid("it is `http://…` and not on this machine, where it could be read on the way"));
            }
            _ => return Err(invalid("it is neither `https://…` nor `http://…`")),
        }
        let client = wire::client(None).map_err(invalid)?;
        Ok(Self { url, client })
    }

    /// Posts a JSON text. What is answered is not read, but for its status.
    ///
    /// Errors: a few words that name neither the address nor what was sent.
    pub async fn post(&self, json: String, deadline: Duration) -> Result<(), String> {
        self.send(json, deadline).await.map_err(|fault| match fault.cause {
            Cause::Timeout => "it did not answer in time".to_owned(),
            Cause::Connect => "it cannot be reached".to_owned(),
            Cause::Status(status) => format!("it answered with {status}"),
            _ => fault.to_string(),
        })
    }

    /// The same for whoever may try again: what sort of failure it was, and when the other side wants to be asked
    /// again. Of an answer that says no, the one word that it consists of is told, where it does.
    pub async fn send(&self, json: String, deadline: Duration) -> Result<(), Fault> {
        let request =
            self.client.post(self.url.clone()).timeout(deadline).header(CONTENT_TYPE, "application/json").body(json);
        let response = request.send().await.map_err(|cause| wire::fault(&cause))?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let mut fault = Fault::new(Cause::Status(status.as_u16()));
        if let Some(word) = word(response).await {
            fault = fault.with_detail(word);
        }
        Err(match after {
            Some(value) => fault.with_retry_after(&value),
            None => fault,
        })
    }
}

/// An answer that is a word of small letters and underscores, as chat systems say no; nothing else is repeated.
async fn word(mut response: Response) -> Option<String> {
    let chunk = response.chunk().await.ok()??;
    let is_word = chunk.len() <= 64 && chunk.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'_');
    is_word.then(|| String::from_utf8_lossy(&chunk).into_owned())
}
