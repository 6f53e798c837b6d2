//! The way to the server.

use std::time::Duration;

use http::header::{ACCEPT_ENCODING, AUTHORIZATION, EXPECT, HOST};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri, Version, request};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use rustls::{ClientConfig, RootCertStore};

use super::Authority;
use super::body::{Out, whole};
use super::headers::{REVISION, SESSION, strip_hop};
use crate::Error;

const CONNECTING: Duration = Duration::from_secs(10);
/// Shorter than what servers keep a silent connection for (Node: 5 s): no request meets one that is being closed.
const IDLE: Duration = Duration::from_secs(3);

/// One server.
pub(super) struct Upstream {
    client: Client<HttpsConnector<HttpConnector>, Out>,
    url: Uri,
    host: HeaderValue,
    token: Option<HeaderValue>,
}

impl Upstream {
    pub(super) fn new(url: &str, token: Option<&str>, ca: Option<&Authority>) -> Result<Self, Error> {
        let wrong = |what| Error::Upstream { what };
        let url: Uri = url.parse().map_err(|_| wrong("is no URL"))?;
        if !matches!(url.scheme_str(), Some("http" | "https")) {
            return Err(wrong("has neither `http` nor `https`"));
        }
        let authority = url.authority().ok_or(wrong("names no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("holds a password; name a file with --upstream-token-file"));
        }
        let host = HeaderValue::from_str(authority.as_str()).map_err(|_| wrong("names no host"))?;
        let bearer = |token: &str| {
            let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
                .map_err(|_| wrong("has a token that fits into no header"))?;
            value.set_sensitive(true);
            Ok::<_, Error>(value)
        };
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECTING));
        let builder = HttpsConnectorBuilder::new();
        let builder = match ca {
            Some(authority) => builder.with_tls_config(believing(authority)?),
            None => builder
                .try_with_platform_verifier()
                .map_err(|_| wrong("cannot be reached: this machine's certificates cannot be read"))?,
        };
        let connector = builder.https_or_http().enable_http1().wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_timer(TokioTimer::new())
            .http1_preserve_header_case(true)
            .set_host(false)
            .build(connector);
        Ok(Self { client, host, token: token.map(bearer).transpose()?, url })
    }

    /// The path of the endpoint, here as there.
    pub(super) fn path(&self) -> &str {
        self.url.path()
    }

    /// The same request, to the server. Its headers stay, but for those of this hop, `Host`, the bearer token where
    /// the server has one of its own, and `Accept-Encoding`: what is compressed cannot be looked at.
    pub(super) fn request(&self, mut parts: request::Parts, body: Out) -> Request<Out> {
        parts.uri = self.at(parts.uri.query());
        parts.version = Version::HTTP_11;
        strip_hop(&mut parts.headers);
        parts.headers.remove(EXPECT);
        parts.headers.insert(HOST, self.host.clone());
        parts.headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(token) = &self.token {
            parts.headers.insert(AUTHORIZATION, token.clone());
        }
        Request::from_parts(parts, body)
    }

    /// A message of the gateway's own, in the session of a request.
    pub(super) fn message(&self, like: &HeaderMap, json: Vec<u8>) -> Request<Out> {
        let mut request = Request::new(whole(json));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.at(None);
        let headers = request.headers_mut();
        for name in [SESSION, REVISION, AUTHORIZATION] {
            if let Some(value) = like.get(&name) {
                headers.insert(name, value.clone());
            }
        }
        headers.insert(HOST, self.host.clone());
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        headers.insert("accept", HeaderValue::from_static("application/json, text/event-stream"));
        request
    }

    pub(super) async fn send(&self, request: Request<Out>) -> Result<Response<Incoming>, ClientError> {
        self.client.request(request).await
    }

    fn at(&self, query: Option<&str>) -> Uri {
        let Some(query) = query else { return self.url.clone() };
        let mut parts = self.url.clone().into_parts();
        parts.path_and_query = format!("{}?{query}", self.url.path()).parse::<PathAndQuery>().ok();
        Uri::from_parts(parts).unwrap_or_else(|_| self.url.clone())
    }
}

/// TLS that believes these certificates, and no others.
fn believing(authority: &Authority) -> Result<ClientConfig, Error> {
    let unusable = |why: &str| Error::UpstreamCa { path: authority.name.clone(), why: why.to_owned() };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&authority.pem) {
        let certificate = certificate.map_err(|_| unusable("is no PEM"))?;
        roots.add(certificate).map_err(|_| unusable("holds a certificate that cannot vouch for another"))?;
    }
    if roots.is_empty() {
        return Err(unusable("holds no certificate"));
    }
    Ok(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
}
