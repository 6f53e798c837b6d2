//! Telling an address of one's own that something waits: JSON by POST, once, within a deadline.

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Url, redirect};

use crate::Error;
use crate::model::is_this_machine;

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
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .user_agent(concat!("sealbook/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|_| invalid("HTTPS cannot be set up: the system's certificates are missing"))?;
        Ok(Self { url, client })
    }

    /// Posts a JSON text. What is answered is not read, but for its status.
    ///
    /// Errors: a few words that name neither the address nor what was sent.
    pub async fn post(&self, json: String, deadline: Duration) -> Result<(), String> {
        let request =
            self.client.post(self.url.clone()).timeout(deadline).header(CONTENT_TYPE, "application/json").body(json);
        let response = request.send().await.map_err(|cause| {
            let why = if cause.is_timeout() {
                "it did not answer in time"
            } else if cause.is_connect() {
                "it cannot be reached"
            } else {
                "the connection was lost"
            };
            why.to_owned()
        })?;
        let status = response.status();
        if status.is_success() { Ok(()) } else { Err(format!("it answered with {}", status.as_u16())) }
    }
}
