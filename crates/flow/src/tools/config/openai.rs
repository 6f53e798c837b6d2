//! A table that names a model of a service that speaks OpenAI's API.

use serde::Deserialize;

use super::{Bench, Credential};
use crate::Error;
use crate::tools::openai::OpenAi;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Form {
    url: String,
    model: String,
    api_key: Option<Credential>,
    /// How it speaks, for `text_to_speech`.
    pub(super) voice: Option<String>,
}

impl Form {
    pub(super) fn build(&self, tool: &str, bench: &Bench<'_>) -> Result<OpenAi, Error> {
        if self.voice.is_some() && tool != "text_to_speech" {
            let why = "it has a `voice`, which is for `text_to_speech`; take it out";
            return Err(Error::ToolInvalid { tool: tool.to_owned(), why });
        }
        let key = self.api_key.as_ref().map(|key| bench.key(tool, key)).transpose()?;
        OpenAi::new(tool, &self.url, &self.model, key)
    }
}
