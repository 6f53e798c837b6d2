//! `[http.NAME]`: an endpoint, and the tool of that name.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::{Bench, Compensate, Credential, Declared, json_of};
use crate::Error;
use crate::tools::http::{HttpEndpoint, HttpTool, Network};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Form {
    description: String,
    method: Option<String>,
    url: String,
    #[serde(default)]
    headers: BTreeMap<String, Credential>,
    effect: Declared,
    input: Option<toml::Table>,
    output: Option<toml::Table>,
    key_header: Option<String>,
    compensate: Option<Compensate>,
    #[serde(default)]
    allow: Vec<String>,
    timeout_s: Option<u64>,
    answer_bytes_max: Option<usize>,
}

impl Form {
    pub(super) fn build(&self, name: &str, bench: &Bench<'_>) -> Result<HttpTool, Error> {
        let headers = self.headers.iter().map(|(header, value)| Ok((header.clone(), bench.header(name, value)?)));
        let allowed = self.allow.iter().map(|text| {
            let invalid = "`allow` holds what is no network, such as `10.0.0.0/8`, and no address";
            text.parse::<Network>().map_err(|_| Error::ToolInvalid { tool: name.to_owned(), why: invalid })
        });
        HttpTool::new(HttpEndpoint {
            name: name.to_owned(),
            description: self.description.clone(),
            method: self.method.clone().unwrap_or_else(|| "POST".to_owned()),
            url: self.url.clone(),
            headers: headers.collect::<Result<_, Error>>()?,
            effect: self.effect.into(),
            input: self.input.as_ref().map(json_of),
            output: self.output.as_ref().map(json_of),
            key_header: self.key_header.clone(),
            undo: self.compensate.as_ref().map(Compensate::build).transpose()?,
            allowed: allowed.collect::<Result<_, _>>()?,
            timeout: Duration::from_secs(self.timeout_s.unwrap_or(30).clamp(1, 600)),
            answer_bytes_max: self.answer_bytes_max.unwrap_or(1 << 20),
        })
    }
}
