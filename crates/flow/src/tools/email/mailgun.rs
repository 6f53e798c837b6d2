//! Mailgun's API: <https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages>.

use std::time::Duration;

use reqwest::Method;

use super::Post;
use crate::tools::api::{Api, Ask, Login, form};
use crate::{ApiKey, Error, Fault, Mail, Pending};

/// Where it is, outside the European Union.
const URL: &str = "https://api.mailgun.net";

/// Mailgun.
pub struct Mailgun {
    api: Api,
    domain: String,
}

impl Mailgun {
    /// With a key, for one of its domains; at its own address where none is given.
    ///
    /// Errors: [`Error::ToolInvalid`], where address or domain cannot be used.
    pub fn new(key: ApiKey, domain: &str, url: Option<&str>) -> Result<Self, Error> {
        let invalid = |why| Error::ToolInvalid { tool: "send_email".to_owned(), why };
        let is_domain = domain.contains('.') && domain.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c));
        if !is_domain {
            return Err(invalid("Mailgun's `domain` is none; give the one that its account sends for"));
        }
        let api = Api::new(url.unwrap_or(URL), Some(Login::Basic("api".to_owned(), key))).map_err(invalid)?;
        Ok(Self { api, domain: domain.to_owned() })
    }
}

impl Post for Mailgun {
    fn name(&self) -> &'static str {
        "mailgun"
    }

    fn send<'a>(&'a self, mail: &'a Mail, left: Duration) -> Pending<'a, Result<(), Fault>> {
        Box::pin(async move {
            let id = format!("<{}>", mail.id);
            let mut fields = vec![("from", mail.from.as_str()), ("subject", &mail.subject), ("text", &mail.text)];
            fields.extend(mail.html.as_deref().map(|html| ("html", html)));
            for (name, some) in [("to", &mail.to), ("cc", &mail.cc), ("bcc", &mail.bcc)] {
                fields.extend(some.iter().map(|text| (name, text.as_str())));
            }
            fields.extend(mail.reply_to.as_deref().map(|text| ("h:Reply-To", text)));
            fields.push(("h:Message-Id", &id));
            let path = ["v3", &self.domain, "messages"];
            let mut ask = Ask::new(Method::POST, &path, left);
            ask.body = Some(("application/x-www-form-urlencoded", form(&fields)));
            // Its id in the answer is ours; an answer that cannot be read still says that it was taken.
            self.api.ask(ask).await?.taken().map(drop)
        })
    }
}
