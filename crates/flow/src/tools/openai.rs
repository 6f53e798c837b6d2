//! A service that speaks OpenAI's API, and one model of it.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use super::api::{Answer, Api, Ask, Login};
use crate::{ApiKey, Error, Fault};

/// The most that is read of an answer: a recording.
const ANSWER_BYTES_MAX: usize = 32 << 20;

/// A model of a service, for the tools and the embeddings that ask it.
pub struct OpenAi {
    api: Api,
    model: String,
}

impl OpenAi {
    /// A model at a base address, with or without `/v1` at its end, for the tool of this name.
    ///
    /// Errors: [`Error::ToolInvalid`], where the address or the model's name cannot be used.
    pub fn new(tool: &str, url: &str, model: &str, key: Option<ApiKey>) -> Result<Self, Error> {
        let invalid = |why| Error::ToolInvalid { tool: tool.to_owned(), why };
        if model.is_empty() || model.len() > 256 || model.contains(char::is_control) {
            return Err(invalid("`model` is empty, longer than 256 bytes, or holds control characters"));
        }
        let base = url.trim_end_matches('/');
        let api = Api::new(base.strip_suffix("/v1").unwrap_or(base), key.map(Login::Bearer)).map_err(invalid)?;
        Ok(Self { api: api.with_answer_bytes_max(ANSWER_BYTES_MAX), model: model.to_owned() })
    }

    pub(super) fn model(&self) -> &str {
        &self.model
    }

    pub(super) async fn ask_json(&self, path: &[&str], body: &Value, left: Duration) -> Result<Value, Fault> {
        self.ask(path, ("application/json", body.to_string().into_bytes()), left).await?.json()
    }

    pub(super) async fn ask(&self, path: &[&str], body: (&str, Vec<u8>), left: Duration) -> Result<Answer, Fault> {
        let path: Vec<&str> = std::iter::once("v1").chain(path.iter().copied()).collect();
        self.api.ask(Ask { body: Some(body), ..Ask::new(Method::POST, &path, left) }).await?.taken()
    }
}
