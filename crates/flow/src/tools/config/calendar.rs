//! `[calendar.NAME]`: a calendar, and the tool of that name.

use serde::Deserialize;

use super::{Bench, Credential};
use crate::Error;
use crate::tools::calendar::{Appointments, CalDav, Calendar, Google, GoogleLogin};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Form {
    kind: Kind,
    /// Of a zone of the IANA: times without one are of this.
    timezone: String,
    duration_minutes: Option<u16>,
    /// Where it is: the collection, for CalDAV.
    url: Option<String>,
    username: Option<String>,
    password: Option<Credential>,
    /// Google's: `primary`, or an address.
    calendar_id: Option<String>,
    token: Option<Credential>,
    client_id: Option<String>,
    client_secret: Option<Credential>,
    refresh_token: Option<Credential>,
    token_url: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Caldav,
    Google,
}

impl Form {
    pub(super) fn build(&self, name: &str, bench: &Bench<'_>) -> Result<Calendar, Error> {
        let kept = match self.kind {
            Kind::Caldav => self.caldav(name, bench)?,
            Kind::Google => self.google(name, bench)?,
        };
        Calendar::new(name, kept, &self.timezone, self.duration_minutes.unwrap_or(60))
    }

    fn caldav(&self, name: &str, bench: &Bench<'_>) -> Result<Appointments, Error> {
        let invalid = |why| Error::ToolInvalid { tool: name.to_owned(), why };
        let is_googles = self.calendar_id.is_some() || self.token.is_some() || self.refresh_token.is_some();
        if is_googles || self.client_id.is_some() || self.client_secret.is_some() || self.token_url.is_some() {
            return Err(invalid("it is `caldav` and has keys of Google's; take them out"));
        }
        let url = self.url.as_deref().ok_or_else(|| invalid("it needs `url`, the address of the collection"))?;
        let login = match (&self.username, &self.password) {
            (Some(user), Some(password)) => Some((user.clone(), bench.key(name, password)?)),
            (None, None) => None,
            _ => return Err(invalid("`username` and `password` go together; one of them is missing")),
        };
        CalDav::new(url, login).map(Appointments::CalDav)
    }

    fn google(&self, name: &str, bench: &Bench<'_>) -> Result<Appointments, Error> {
        let invalid = |why| Error::ToolInvalid { tool: name.to_owned(), why };
        if self.username.is_some() || self.password.is_some() {
            return Err(invalid("it is `google` and has a user's name or password; give `token` or `refresh_token`"));
        }
        let login = match (&self.token, &self.client_id, &self.client_secret, &self.refresh_token) {
            (Some(token), None, None, None) => GoogleLogin::Token(bench.key(name, token)?),
            (None, Some(client_id), Some(client_secret), Some(refresh_token)) => GoogleLogin::Refresh {
                client_id: client_id.clone(),
                client_secret: bench.key(name, client_secret)?,
                refresh_token: bench.key(name, refresh_token)?,
                url: self.token_url.clone(),
            },
            _ => {
                let why = "it needs `token`, or `client_id`, `client_secret` and `refresh_token`";
                return Err(invalid(why));
            }
        };
        let calendar = self.calendar_id.as_deref().unwrap_or("primary");
        Google::new(calendar, login, self.url.as_deref()).map(Appointments::Google)
    }
}
