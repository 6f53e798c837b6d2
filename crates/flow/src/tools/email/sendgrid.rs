//! Twilio SendGrid's API: <https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send>.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::Post;
use crate::mail::mailbox;
use crate::tools::api::{Api, Ask, Login};
use crate::{ApiKey, Error, Fault, Mail, Pending};

/// Where it is.
const URL: &str = "https://api.sendgrid.com";

/// SendGrid.
pub struct SendGrid(Api);

impl SendGrid {
    /// With a key, at its own address where none is given.
    ///
    /// Errors: [`Error::ToolInvalid`], where the address cannot be used.
    pub fn new(key: ApiKey, url: Option<&str>) -> Result<Self, Error> {
        let api = Api::new(url.unwrap_or(URL), Some(Login::Bearer(key)));
        Ok(Self(api.map_err(|why| Error::ToolInvalid { tool: "send_email".to_owned(), why })?))
    }
}

impl Post for SendGrid {
    fn name(&self) -> &'static str {
        "sendgrid"
    }

    fn send<'a>(&'a self, mail: &'a Mail, left: Duration) -> Pending<'a, Result<(), Fault>> {
        Box::pin(async move {
            let body = body(mail).map_err(super::refused)?;
            let ask = Ask::new(Method::POST, &["v3", "mail", "send"], left).json(&body);
            self.0.ask(ask).await?.taken().map(drop)
        })
    }
}

fn body(mail: &Mail) -> Result<Value, Error> {
    let mut to = json!({"to": people(&mail.to)?});
    for (name, some) in [("cc", &mail.cc), ("bcc", &mail.bcc)] {
        if !some.is_empty() {
            to[name] = people(some)?;
        }
    }
    let mut content = vec![json!({"type": "text/plain", "value": mail.text})];
    content.extend(mail.html.as_ref().map(|html| json!({"type": "text/html", "value": html})));
    let mut body = json!({
        "personalizations": [to],
        "from": person(&mail.from)?,
        "subject": mail.subject,
        "content": content,
        "headers": {"Message-ID": format!("<{}>", mail.id)},
    });
    if let Some(reply_to) = &mail.reply_to {
        body["reply_to"] = person(reply_to)?;
    }
    Ok(body)
}

fn people(texts: &[String]) -> Result<Value, Error> {
    texts.iter().map(|text| person(text)).collect()
}

fn person(text: &str) -> Result<Value, Error> {
    let mailbox = mailbox(text)?;
    let email = mailbox.email.to_string();
    Ok(mailbox.name.map_or_else(|| json!({"email": email}), |name| json!({"email": email, "name": name})))
}
