//! Access tokens: one that is given, or one that is had for a refresh token (RFC 6749 section 6) and kept until
//! Google refuses it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::Method;

use crate::tools::api::{Api, Ask, form};
use crate::{ApiKey, Cause, Fault};

/// Where tokens are had.
const URL: &str = "https://oauth2.googleapis.com";

/// How one shows who one is.
#[derive(Debug, Clone)]
pub enum GoogleLogin {
    /// An access token that somebody else keeps fresh.
    Token(ApiKey),
    /// A refresh token, with the client that it was given to.
    Refresh {
        /// The client's id.
        client_id: String,
        /// The client's secret.
        client_secret: ApiKey,
        /// The refresh token.
        refresh_token: ApiKey,
        /// Where tokens are had; Google's own address where none is given.
        url: Option<String>,
    },
}

pub(super) struct Login {
    login: GoogleLogin,
    api: Option<Api>,
    held: Mutex<Option<ApiKey>>,
}

impl Login {
    pub(super) fn new(login: GoogleLogin) -> Result<Self, &'static str> {
        let api = match &login {
            GoogleLogin::Token(_) => None,
            GoogleLogin::Refresh { url, .. } => Some(Api::new(url.as_deref().unwrap_or(URL), None)?),
        };
        Ok(Self { login, api, held: Mutex::default() })
    }

    /// The token that is held is refused: another is had for the next call.
    pub(super) fn forget(&self) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Errors: no token is to be had. Nothing was asked of the calendar then, so it is never undecided.
    pub(super) async fn token(&self, left: Duration) -> Result<ApiKey, Fault> {
        let (client_id, client_secret, refresh_token) = match &self.login {
            GoogleLogin::Token(token) => return Ok(token.clone()),
            GoogleLogin::Refresh { client_id, client_secret, refresh_token, .. } => {
                (client_id, client_secret.expose(), refresh_token.expose())
            }
        };
        if let Some(token) = self.held.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            return Ok(token);
        }
        let api = self.api.as_ref().ok_or_else(|| Fault::permanent("there is nobody to ask for a token"))?;
        let mut ask = Ask::new(Method::POST, &["token"], left);
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", client_id),
            ("client_secret", client_secret),
            ("refresh_token", refresh_token),
        ];
        ask.body = Some(("application/x-www-form-urlencoded", form(&fields)));
        let unasked = |fault: Fault| {
            let cause = if fault.cause.is_undecided() { Cause::NotNow } else { fault.cause };
            Fault { cause, ..fault.with_detail("no access token was to be had") }
        };
        let answer = api.ask(ask).await.and_then(super::Answer::taken).map_err(unasked)?;
        let token = answer.json().map_err(unasked)?["access_token"].as_str().map(str::to_owned);
        let token = token.and_then(|token| ApiKey::new("Google", &token).ok());
        let token = token.ok_or_else(|| Fault::permanent("Google gave no access token"))?;
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        Ok(token)
    }
}
