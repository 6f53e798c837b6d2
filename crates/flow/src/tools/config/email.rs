//! `[email]`: who sends, and by which providers in which order.

use std::time::Duration;

use serde::Deserialize;

use super::{Bench, Credential};
use crate::tools::email::{EmailSender, Mailgun, Post, SendEmail, SendGrid, of_tool};
use crate::{Error, MailRoute, MailServer, Security};

const TOOL: &str = "send_email";
/// The port of submission: RFC 6409.
const SUBMISSION: u16 = 587;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Form {
    from_email: String,
    from_name: Option<String>,
    /// The order; needed where there are several.
    providers: Option<Vec<Provider>>,
    smtp: Option<Smtp>,
    sendgrid: Option<Http>,
    mailgun: Option<MailgunForm>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Provider {
    Smtp,
    Sendgrid,
    Mailgun,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Smtp {
    host: String,
    port: Option<u16>,
    username: Option<String>,
    password: Option<Credential>,
    security: Option<Secured>,
    /// Certificates in PEM that are trusted beside those of the system.
    certificate: Option<Credential>,
    timeout_s: Option<u64>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Secured {
    Starttls,
    Tls,
    None,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Http {
    api_key: Credential,
    url: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MailgunForm {
    api_key: Credential,
    domain: String,
    url: Option<String>,
}

impl Form {
    pub(super) fn build(&self, bench: &Bench<'_>) -> Result<SendEmail, Error> {
        let posts = self.order()?.into_iter().map(|provider| self.post(provider, bench)).collect::<Result<_, _>>()?;
        let sender = EmailSender { from_email: self.from_email.clone(), from_name: self.from_name.clone() };
        SendEmail::new(&sender, posts, bench.time.clone())
    }

    fn order(&self) -> Result<Vec<Provider>, Error> {
        let invalid = |why| Error::ToolInvalid { tool: TOOL.to_owned(), why };
        let there = [
            self.smtp.as_ref().map(|_| Provider::Smtp),
            self.sendgrid.as_ref().map(|_| Provider::Sendgrid),
            self.mailgun.as_ref().map(|_| Provider::Mailgun),
        ];
        let there: Vec<Provider> = there.into_iter().flatten().collect();
        match &self.providers {
            Some(order) if order.len() != there.len() || there.iter().any(|it| !order.contains(it)) => {
                Err(invalid("`providers` does not name each provider that has a table, once"))
            }
            Some(order) => Ok(order.clone()),
            None if there.len() > 1 => {
                Err(invalid("several providers have a table; say in `providers` which is first"))
            }
            None => Ok(there),
        }
    }

    fn post(&self, provider: Provider, bench: &Bench<'_>) -> Result<Box<dyn Post>, Error> {
        let missing = || Error::ToolInvalid { tool: TOOL.to_owned(), why: "a provider of `providers` has no table" };
        Ok(match provider {
            Provider::Smtp => Box::new(self.smtp.as_ref().ok_or_else(missing)?.build(bench)?),
            Provider::Sendgrid => {
                let form = self.sendgrid.as_ref().ok_or_else(missing)?;
                Box::new(SendGrid::new(bench.key(TOOL, &form.api_key)?, form.url.as_deref())?)
            }
            Provider::Mailgun => {
                let form = self.mailgun.as_ref().ok_or_else(missing)?;
                Box::new(Mailgun::new(bench.key(TOOL, &form.api_key)?, &form.domain, form.url.as_deref())?)
            }
        })
    }
}

impl Smtp {
    fn build(&self, bench: &Bench<'_>) -> Result<MailServer, Error> {
        let login = match (&self.username, &self.password) {
            (Some(user), Some(password)) => Some((user.clone(), bench.password(TOOL, password)?)),
            (None, None) => None,
            _ => {
                let why = "`username` and `password` go together; one of them is missing";
                return Err(Error::ToolInvalid { tool: TOOL.to_owned(), why });
            }
        };
        let certificate = self.certificate.as_ref().map(|file| bench.password(TOOL, file)).transpose()?;
        let route = MailRoute {
            host: self.host.clone(),
            port: self.port.unwrap_or(SUBMISSION),
            security: match self.security.unwrap_or(Secured::Starttls) {
                Secured::Starttls => Security::StartTls,
                Secured::Tls => Security::Tls,
                Secured::None => Security::None,
            },
            login,
            certificate: certificate.map(|text| text.as_bytes().to_vec()),
            deadline: Duration::from_secs(self.timeout_s.unwrap_or(30).clamp(1, 600)),
        };
        MailServer::new(route).map_err(of_tool)
    }
}
