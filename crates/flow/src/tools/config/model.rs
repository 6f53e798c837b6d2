//! `[model.NAME]`: a language model that agents may ask.

use std::time::Duration;

use serde::Deserialize;

use super::{Bench, Credential};
use crate::{Endpoint, Error, HttpModel};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Form {
    provider: String,
    url: String,
    model: String,
    key: Option<Credential>,
    timeout_s: Option<u64>,
}

impl Form {
    pub(super) fn build(&self, name: &str, bench: &Bench<'_>) -> Result<HttpModel, Error> {
        let key = self.key.as_ref().map(|credential| bench.key(name, credential)).transpose()?;
        let mut endpoint = Endpoint::new(self.provider.parse()?, &self.url, &self.model, key)?;
        if let Some(seconds) = self.timeout_s {
            endpoint = endpoint.with_timeout(Duration::from_secs(seconds.clamp(1, 3_600)));
        }
        HttpModel::new(endpoint)
    }
}
