//! Chatwoot's application API: contacts, conversations, messages. <https://developers.chatwoot.com/api-reference>

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::api::{Api, Ask, Login};
use super::not_begun;
use crate::{ApiKey, Cause, Error, Fault};

/// An account of Chatwoot, for the tools that write to it.
pub struct Chatwoot {
    api: Api,
    account: String,
}

/// Whom a conversation is with: one word by which a contact is known, and the name that a new one gets.
pub(super) struct Person<'a> {
    /// `phone_number`, `email` or `identifier`.
    pub(super) by: &'static str,
    pub(super) id: &'a str,
    pub(super) name: Option<&'a str>,
}

impl Chatwoot {
    /// An account at an address, with an access token of one of its users.
    ///
    /// Errors: what is wrong with the address.
    pub fn new(url: &str, account: u64, token: ApiKey) -> Result<Self, Error> {
        let api = Api::new(url, Some(Login::Header("api_access_token", token)));
        let api = api.map_err(|why| Error::ToolInvalid { tool: "chatwoot".to_owned(), why })?;
        Ok(Self { api, account: account.to_string() })
    }

    /// The contact of a person, where there is one. Nothing was done when this fails.
    pub(super) async fn contact(&self, person: &Person<'_>, left: Duration) -> Result<Option<u64>, Fault> {
        let ask = Ask { query: &[("q", person.id)], ..Ask::new(Method::GET, &[], left) };
        let found = self.ask(&["contacts", "search"], ask).await.map_err(not_begun)?;
        let all = found["payload"].as_array().ok_or_else(|| unreadable("it has no contacts")).map_err(not_begun)?;
        // The search looks for parts of words; a contact is the one that is asked for, or another.
        let is_it =
            |contact: &&Value| contact[person.by].as_str().is_some_and(|known| known.eq_ignore_ascii_case(person.id));
        Ok(all.iter().find(is_it).and_then(|contact| contact["id"].as_u64()))
    }

    /// The contact of a person, made where there is none. A contact that is made twice is found by the second try.
    pub(super) async fn contact_or_new(&self, person: &Person<'_>, inbox: u64, left: Duration) -> Result<u64, Fault> {
        if let Some(id) = self.contact(person, left).await? {
            return Ok(id);
        }
        let body = json!({"inbox_id": inbox, "name": person.name.unwrap_or(person.id), person.by: person.id});
        let made = self.ask(&["contacts"], Ask::new(Method::POST, &[], left).json(&body)).await.map_err(not_begun)?;
        let id = made["payload"]["contact"]["id"].as_u64();
        id.ok_or_else(|| not_begun(unreadable("it does not say which contact was made")))
    }

    /// The newest conversations of a contact. Nothing was done when this fails.
    pub(super) async fn conversations(&self, contact: u64, left: Duration) -> Result<Vec<Value>, Fault> {
        let path = ["contacts", &contact.to_string(), "conversations"];
        let mut found = self.ask(&path, Ask::new(Method::GET, &[], left)).await.map_err(not_begun)?;
        match found["payload"].take() {
            Value::Array(all) => Ok(all),
            _ => Err(not_begun(unreadable("it has no conversations"))),
        }
    }

    /// Opens a conversation, with its first message.
    pub(super) async fn open(&self, body: &Value, left: Duration) -> Result<Value, Fault> {
        self.ask(&["conversations"], Ask::new(Method::POST, &[], left).json(body)).await
    }

    /// Writes into a conversation.
    pub(super) async fn write(&self, conversation: u64, body: &Value, left: Duration) -> Result<Value, Fault> {
        let path = ["conversations", &conversation.to_string(), "messages"];
        self.ask(&path, Ask::new(Method::POST, &[], left).json(body)).await
    }

    /// Sets how a conversation stands.
    pub(super) async fn set_status(&self, conversation: u64, status: &str, left: Duration) -> Result<(), Fault> {
        let path = ["conversations", &conversation.to_string(), "toggle_status"];
        let body = json!({"status": status});
        self.ask(&path, Ask::new(Method::POST, &[], left).json(&body)).await.map(drop)
    }

    async fn ask(&self, path: &[&str], ask: Ask<'_>) -> Result<Value, Fault> {
        let path: Vec<&str> =
            ["api", "v1", "accounts", &self.account].into_iter().chain(path.iter().copied()).collect();
        let Ask { method, query, headers, body, left, .. } = ask;
        self.api.ask(Ask { method, path: &path, query, headers, body, left }).await?.taken()?.json()
    }
}

pub(super) fn unreadable(why: &str) -> Fault {
    Fault::new(Cause::Unreadable).with_detail(why)
}
