//! Secrets that calls need: named on record, put in when the call is made.

use serde_json::Value;
use zeroize::Zeroizing;

use crate::Error;

/// What a secret's name begins with in an input.
const SCHEME: &str = "secret://";
const NAME_BYTES_MAX: usize = 128;

/// Where secrets come from.
pub trait Secrets: Send + Sync {
    /// The secret of this name, where there is one.
    fn secret(&self, name: &str) -> Option<Zeroizing<String>>;
}

/// No secrets.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSecrets;

impl Secrets for NoSecrets {
    fn secret(&self, _: &str) -> Option<Zeroizing<String>> {
        None
    }
}

/// Whether a value names a secret. Only what a person wrote may: what came from elsewhere could ask for any.
pub(crate) fn names_secret(value: &Value) -> bool {
    match value {
        Value::String(text) => text.starts_with(SCHEME),
        Value::Array(items) => items.iter().any(names_secret),
        Value::Object(members) => members.values().any(names_secret),
        _ => false,
    }
}

/// The input with each text that is a secret's name replaced by the secret.
///
/// Errors: [`Error::SecretMissing`].
pub(super) fn resolved(input: &Value, secrets: &dyn Secrets) -> Result<Value, Error> {
    Ok(match input {
        Value::String(text) => match text.strip_prefix(SCHEME) {
            Some(name) => {
                let is_name =
                    !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.bytes().all(|b| b.is_ascii_graphic());
                let secret = is_name.then(|| secrets.secret(name)).flatten();
                let secret =
                    secret.ok_or_else(|| Error::SecretMissing { name: name.chars().take(NAME_BYTES_MAX).collect() })?;
                Value::String(secret.as_str().to_owned())
            }
            None => input.clone(),
        },
        Value::Array(items) => items.iter().map(|item| resolved(item, secrets)).collect::<Result<_, _>>()?,
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| Ok((name.clone(), resolved(value, secrets)?)));
            Value::Object(members.collect::<Result<_, Error>>()?)
        }
        plain => plain.clone(),
    })
}
