//! Where a model is, and how it is spoken to.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::Url;

use super::ApiKey;
use crate::Error;

/// Which API an endpoint speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// OpenAI's chat completions, and whoever speaks them too.
    OpenAi,
    /// Anthropic's messages.
    Anthropic,
}

impl Provider {
    /// The word for it in configuration and records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::OpenAi => "/v1/chat/completions",
            Self::Anthropic => "/v1/messages",
        }
    }
}

impl std::str::FromStr for Provider {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let known = [Self::OpenAi, Self::Anthropic].into_iter().find(|provider| provider.as_str() == text);
        known.ok_or(Error::EndpointInvalid { why: "`provider` is neither `openai` nor `anthropic`" })
    }
}

/// How an OpenAI-compatible endpoint is told that the answer must be JSON. Anthropic's is told in the prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AnswerForm {
    /// By a schema: OpenAI, LM Studio, Ollama and vLLM know it.
    #[default]
    Schema,
    /// By the word `json_object`, for older servers.
    Object,
    /// In the prompt alone.
    Text,
}

impl std::str::FromStr for AnswerForm {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "schema" => Ok(Self::Schema),
            "object" => Ok(Self::Object),
            "text" => Ok(Self::Text),
            _ => Err(Error::EndpointInvalid { why: "`answer_form` is none of `schema`, `object`, `text`" }),
        }
    }
}

/// Where a model is, and how it is spoken to.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Which API it speaks.
    pub(super) provider: Provider,
    /// The model's name there.
    pub(super) model: String,
    /// The key, where it wants one.
    pub(super) key: Option<ApiKey>,
    /// How it is told that the answer must be JSON.
    pub(super) answer_form: AnswerForm,
    /// How long one answer may take.
    pub(super) timeout: Duration,
    /// How long an answer may be, in bytes as they come.
    pub(super) answer_bytes_max: usize,
    url: Url,
}

impl Endpoint {
    /// An endpoint by its base address, with or without `/v1` at its end.
    ///
    /// A key goes over HTTPS, or to this machine.
    ///
    /// Errors: [`Error::EndpointInvalid`].
    pub fn new(provider: Provider, base: &str, model: &str, key: Option<ApiKey>) -> Result<Self, Error> {
        let invalid = |why| Error::EndpointInvalid { why };
        let base = base.trim_end_matches('/');
        let base = base.strip_suffix("/v1").unwrap_or(base);
        let url: Url = format!("{base}{}", provider.path()).parse().map_err(|_| invalid("`url` is no address"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(invalid("`url` is neither `https://…` nor `http://…`"));
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(invalid(
                "`url` holds more than scheme, host, port and path; a key is given by `api_key_file` or `api_key_env`",
            ));
        }
        if key.is_some() && url.scheme() == "http" && !is_this_machine(&url) {
            return Err(invalid(
                "`url` is `http://…` and not on this machine, where a key could be read on the way; use `https://…`",
            ));
        }
        if model.is_empty() || model.len() > 256 {
            return Err(invalid("`model` is empty, or longer than 256 bytes"));
        }
        Ok(Self {
            provider,
            model: model.to_owned(),
            key,
            answer_form: AnswerForm::default(),
            timeout: Duration::from_mins(1),
            answer_bytes_max: 1 << 20,
            url,
        })
    }

    /// The same, told by this that the answer must be JSON.
    #[must_use]
    pub fn with_answer_form(self, answer_form: AnswerForm) -> Self {
        Self { answer_form, ..self }
    }

    /// The same, with so much time for one answer instead of a minute.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The same, with room for so many bytes of an answer instead of 1 MiB.
    #[must_use]
    pub fn with_answer_bytes_max(self, answer_bytes_max: usize) -> Self {
        Self { answer_bytes_max, ..self }
    }

    /// The whole address.
    pub(super) fn url(&self) -> &Url {
        &self.url
    }
}

pub(crate) fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
