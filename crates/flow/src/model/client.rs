//! Asking over HTTP.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response};

use super::{Chat, Completion, Conversation, Endpoint, Model, Prompt, Provider, Turn, anthropic, openai, refusal};
use crate::{Error, Fault, Pending, wire};

/// What is read of an answer that says what went wrong.
const REFUSAL_BYTES_MAX: usize = 64 * 1024;

/// A model at an endpoint.
pub struct HttpModel {
    endpoint: Endpoint,
    client: Client,
}

impl HttpModel {
    /// A client of its own. It follows no redirect and uses no proxy: what is sent goes where the configuration
    /// says, or nowhere.
    ///
    /// Errors: [`Error::EndpointInvalid`] where the system's certificates cannot be used.
    pub fn new(endpoint: Endpoint) -> Result<Self, Error> {
        let client = wire::client(None).map_err(|why| Error::EndpointInvalid { why })?;
        Ok(Self { endpoint, client })
    }

    async fn ask_once(&self, prompt: &Prompt, left: Duration) -> Result<Completion, Fault> {
        let endpoint = &self.endpoint;
        match endpoint.provider {
            Provider::OpenAi => openai::answer(&self.post(openai::request(endpoint, prompt), left).await?),
            Provider::Anthropic => anthropic::answer(&self.post(anthropic::request(endpoint, prompt), left).await?),
        }
    }

    async fn turn_once(&self, conversation: &Conversation, left: Duration) -> Result<Turn, Fault> {
        let endpoint = &self.endpoint;
        match endpoint.provider {
            Provider::OpenAi => openai::turn(&self.post(openai::turn_request(endpoint, conversation), left).await?),
            Provider::Anthropic => {
                anthropic::turn(&self.post(anthropic::turn_request(endpoint, conversation), left).await?)
            }
        }
    }

    async fn post(&self, body: Vec<u8>, left: Duration) -> Result<Vec<u8>, Fault> {
        let endpoint = &self.endpoint;
        let mut request = self
            .client
            .post(endpoint.url().clone())
            .timeout(left.min(endpoint.timeout))
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        if endpoint.provider == Provider::Anthropic {
            request = request.header("anthropic-version", anthropic::VERSION);
        }
        if let Some(key) = &endpoint.key {
            let (name, value) = match endpoint.provider {
                Provider::OpenAi => (AUTHORIZATION.as_str(), format!("Bearer {}", key.expose())),
                Provider::Anthropic => ("x-api-key", key.expose().to_owned()),
            };
            let mut value = HeaderValue::try_from(value).map_err(|_| Fault::permanent("the key is none"))?;
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        let response = request.send().await.map_err(|cause| wire::fault(&cause))?;
        let status = response.status();
        if status.is_redirection() {
            return Err(Fault::permanent(
                "the endpoint sends elsewhere, and redirects are not followed; give the address it means",
            ));
        }
        if !status.is_success() {
            let retry_after =
                response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
            let body = read(response, REFUSAL_BYTES_MAX).await.unwrap_or_default();
            return Err(refusal::read(status.as_u16(), &body, retry_after.as_deref()));
        }
        read(response, endpoint.answer_bytes_max).await
    }
}

impl Model for HttpModel {
    fn name(&self) -> String {
        format!("{}/{}", self.endpoint.provider.as_str(), self.endpoint.model)
    }

    fn ask<'a>(&'a self, prompt: &'a Prompt, left: Duration) -> Pending<'a, Result<Completion, Fault>> {
        Box::pin(self.ask_once(prompt, left))
    }
}

impl Chat for HttpModel {
    fn name(&self) -> String {
        Model::name(self)
    }

    fn turn<'a>(&'a self, conversation: &'a Conversation, left: Duration) -> Pending<'a, Result<Turn, Fault>> {
        Box::pin(self.turn_once(conversation, left))
    }
}

/// Reads an answer to its end, and no further than the bound.
async fn read(response: Response, bytes_max: usize) -> Result<Vec<u8>, Fault> {
    let body = wire::body(response, bytes_max).await?;
    body.ok_or_else(|| Fault::permanent(format!("the answer is longer than {bytes_max} bytes")))
}
