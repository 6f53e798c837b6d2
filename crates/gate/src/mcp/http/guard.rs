//! Who may come in: requests that name this machine, from no foreign page, with the token.
//!
//! Sources: the specification's page on the Streamable HTTP transport (DNS rebinding), RFC 6750.

use std::net::SocketAddr;

use http::header::{AUTHORIZATION, HOST, HeaderName, ORIGIN, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use super::body::Out;
use super::refuse;
use crate::Token;

/// Bears the token where `Authorization` is the server's.
const OWN: HeaderName = HeaderName::from_static("sealbook-token");

/// What is asked of a request before anything in it is read.
pub(super) struct Guard {
    token: Option<Token>,
    hosts: Vec<String>,
}

impl Guard {
    pub(super) fn new(address: SocketAddr, token: Option<Token>, mut hosts: Vec<String>) -> Self {
        hosts.iter_mut().for_each(|host| host.make_ascii_lowercase());
        hosts.extend(["localhost", "127.0.0.1", "[::1]"].map(str::to_owned));
        let ip = address.ip();
        if !ip.is_unspecified() {
            hosts.push(if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() });
        }
        Self { token, hosts }
    }

    /// Looks at the headers, and takes the token out of them: nobody behind this needs it.
    #[expect(clippy::result_large_err, reason = "it is the answer")]
    pub(super) fn check(&self, headers: &mut HeaderMap, authority: Option<&str>) -> Result<(), Response<Out>> {
        let mut hosts = headers.get_all(HOST).iter();
        let host = hosts.next().and_then(|host| host.to_str().ok()).or(authority);
        if hosts.next().is_some() || !host.is_some_and(|host| self.is_ours(host)) {
            let text = "the Host is none of this gateway's; a name is allowed with --allow-host\n";
            return Err(refuse::plain(StatusCode::FORBIDDEN, text));
        }
        let foreign = |origin: &HeaderValue| {
            let host = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
            !host.is_some_and(|host| self.is_ours(host))
        };
        if headers.get_all(ORIGIN).iter().any(foreign) {
            let text = "requests of this Origin are not taken; a name is allowed with --allow-host\n";
            return Err(refuse::plain(StatusCode::FORBIDDEN, text));
        }
        let Some(token) = &self.token else { return Ok(()) };
        if let Some(given) = headers.remove(OWN)
            && given.to_str().is_ok_and(|given| token.is(given.trim()))
        {
            // Who gives it in both ways means it for the gateway both times.
            if headers.get_all(AUTHORIZATION).iter().any(|value| bears(value, token)) {
                headers.remove(AUTHORIZATION);
            }
            return Ok(());
        }
        if headers.get(AUTHORIZATION).is_some_and(|value| bears(value, token)) {
            headers.remove(AUTHORIZATION);
            return Ok(());
        }
        let text = "this gateway needs its bearer token; it is in the file that `sealbook wrap --listen` names\n";
        let mut response = refuse::plain(StatusCode::UNAUTHORIZED, text);
        let challenge = HeaderValue::from_static("Bearer realm=\"sealbook\"");
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        Err(response)
    }

    fn is_ours(&self, authority: &str) -> bool {
        let end = authority.rfind(']').map_or_else(|| authority.find(':'), |at| Some(at + 1));
        let (host, port) = authority.split_at(end.unwrap_or(authority.len()));
        let is_port = port.is_empty() || port[1..].parse::<u16>().is_ok() && port.starts_with(':');
        is_port && self.hosts.iter().any(|ours| ours.eq_ignore_ascii_case(host))
    }
}

fn bears(value: &HeaderValue, token: &Token) -> bool {
    let bearer = value.to_str().ok().and_then(|value| value.trim().split_once([' ', '\t']));
    bearer.is_some_and(|(scheme, bearer)| scheme.eq_ignore_ascii_case("bearer") && token.is(bearer.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_ours() {
        let guard = Guard::new("127.0.0.1:80".parse().unwrap(), None, vec!["Box.local".to_owned()]);
        for ours in ["localhost", "LOCALHOST:81", "127.0.0.1:9", "[::1]:7", "[::1]", "box.local:1"] {
            assert!(guard.is_ours(ours), "{ours}");
        }
        for foreign in ["", "evil.example", "localhost.evil.example", "localhost:x", "[::1]x", "127.0.0.1@evil", "null"]
        {
            assert!(!guard.is_ours(foreign), "{foreign}");
        }
    }
}
