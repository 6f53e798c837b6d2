//! HTTP as everything here speaks it: no redirect, no proxy, and failures told without the address.

use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::Resolve;
use reqwest::{Client, Response, redirect};

use crate::{Cause, Fault};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A client that goes where it is told, or nowhere.
///
/// Errors: why it cannot be set up.
pub(crate) fn client(resolver: Option<Arc<dyn Resolve>>) -> Result<Client, &'static str> {
    let mut builder = Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .user_agent(concat!("sealbook/", env!("CARGO_PKG_VERSION")));
    if let Some(resolver) = resolver {
        builder = builder.dns_resolver(resolver);
    }
    builder.build().map_err(|_| "HTTPS cannot be set up: the system's certificates are missing")
}

/// What went wrong on the way. The error's own text is not used: it names the address.
pub(crate) fn fault(cause: &reqwest::Error) -> Fault {
    if cause.is_connect() {
        Fault::new(Cause::Connect)
    } else if cause.is_timeout() {
        Fault::new(Cause::Timeout)
    } else {
        Fault::new(Cause::Lost)
    }
}

/// Reads an answer to its end; `None` where it is longer than the bound.
///
/// Errors: the connection broke, or it took too long.
pub(crate) async fn body(mut response: Response, bytes_max: usize) -> Result<Option<Vec<u8>>, Fault> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|cause| fault(&cause))? {
        if body.len() + chunk.len() > bytes_max {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}
