//! `model.toml`: which model assists, and where its key is.
//!
//! It lies in the home of whoever runs the program, never in a project: a stranger's project could name an
//! address of its own, and a variable whose value it wants to have.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sealbook_flow::{AnswerForm, ApiKey, Endpoint, HttpModel, Retry};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::environment::{Environment, secret};
use crate::failure::Failure;

const NAME: &str = "model.toml";
/// Longer than any such file, and than any key's.
const FILE_BYTES_MAX: u64 = 64 * 1024;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    provider: String,
    url: String,
    model: String,
    api_key_file: Option<PathBuf>,
    api_key_env: Option<String>,
    #[serde(rename = "answer_form")]
    json_by: Option<String>,
    timeout_s: Option<u64>,
    retries: Option<u32>,
    deadline_s: Option<u64>,
}

/// A model, and how long to try.
pub(crate) struct Configured {
    pub(crate) model: HttpModel,
    pub(crate) retry: Retry,
}

/// Reads the configuration of the model: the file that was given, else the one in the home.
pub(crate) fn read(environment: &Environment, given: Option<&Path>) -> Result<Configured, Failure> {
    read_at(match given {
        Some(path) => environment.absolute(path),
        None => home(environment)?.join(NAME),
    })
}

/// Reads the configuration of the model in a home.
pub(crate) fn read_in(home: &Path) -> Result<Configured, Failure> {
    read_at(home.join(NAME))
}

fn read_at(path: PathBuf) -> Result<Configured, Failure> {
    let failed = |cause| Failure::Input { name: path.display().to_string(), cause };
    let mut text = String::new();
    match File::open(&path) {
        Ok(file) => file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(failed)?,
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Err(Failure::ModelMissing { path }),
        Err(cause) => return Err(failed(cause)),
    };
    let form: Form = toml::from_str(&text).map_err(|error| {
        let before = &text[..error.span().map_or(0, |span| span.start.min(text.len()))];
        let cause = error.message().lines().next().unwrap_or("it is not TOML").to_owned();
        Failure::ModelInvalid { path: path.clone(), line: 1 + before.matches('\n').count(), cause }
    })?;
    let at = |cause: sealbook_flow::Error| Failure::from(cause).at(path.display().to_string());
    let key = key(&form, path.parent().unwrap_or(&path)).map_err(|cause| cause.at(path.display().to_string()))?;
    let mut endpoint = Endpoint::new(form.provider.parse().map_err(at)?, &form.url, &form.model, key).map_err(at)?;
    if let Some(word) = &form.json_by {
        endpoint = endpoint.with_answer_form(word.parse::<AnswerForm>().map_err(at)?);
    }
    if let Some(seconds) = form.timeout_s {
        endpoint = endpoint.with_timeout(Duration::from_secs(seconds));
    }
    let default = Retry::default();
    let retry = Retry {
        retries: form.retries.unwrap_or(default.retries).min(10),
        deadline: form.deadline_s.map_or(default.deadline, Duration::from_secs),
        ..default
    };
    Ok(Configured { model: HttpModel::new(endpoint).map_err(at)?, retry })
}

/// Where a person's own configuration lies.
pub(crate) fn home(environment: &Environment) -> Result<PathBuf, Failure> {
    let own = environment.config_home.as_ref().map(|home| home.join("sealbook"));
    environment.sealbook_home.clone().or(own).ok_or(Failure::HomeUnknown)
}

/// The key that the configuration names by a file or by a variable, never by itself.
fn key(form: &Form, beside: &Path) -> Result<Option<ApiKey>, Failure> {
    match (&form.api_key_file, &form.api_key_env) {
        (Some(_), Some(_)) => {
            Err(Failure::usage("`api_key_file` and `api_key_env` are both given", "keep the one that is meant"))
        }
        (Some(file), None) => {
            let path = beside.join(file);
            let name = path.display().to_string();
            let text =
                private(&path).map_err(|why| sealbook_flow::Error::ApiKeyUnusable { name: name.clone(), why })?;
            Ok(Some(ApiKey::new(&name, &text)?))
        }
        (None, Some(variable)) => {
            let text = secret(variable).ok_or_else(|| sealbook_flow::Error::ApiKeyUnusable {
                name: variable.clone(),
                why: "the variable is not set, or is no text",
            })?;
            Ok(Some(ApiKey::new(variable, &text)?))
        }
        (None, None) => Ok(None),
    }
}

/// A file that nobody else may read.
pub(crate) fn private(path: &Path) -> Result<Zeroizing<String>, &'static str> {
    let file = File::open(path).map_err(|_| "the file is not there, or may not be read")?;
    let mode = file.metadata().map_err(|_| "the file may not be read")?.mode();
    if mode & 0o077 != 0 {
        return Err("others can read the file; run `chmod 600` on it");
    }
    let mut text = Zeroizing::new(String::new());
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(|_| "the file is no text")?;
    Ok(text)
}
