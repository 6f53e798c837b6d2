//! Asking an address whether it answers: one request, no redirect, within a deadline, by TCP or over a socket.

use std::path::Path;
use std::time::Duration;

use reqwest::{Client, Method, Url, redirect};

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Probe<'a> {
    /// `GET` or `HEAD`.
    pub method: &'a str,
    /// The address. It may hold a secret, and is never repeated.
    pub url: &'a str,
    /// Headers; likewise.
    pub headers: &'a [(String, String)],
    /// A socket in the file system to ask instead of the address's host.
    pub socket: Option<&'a Path>,
    /// How long it may take.
    pub most: Duration,
    /// How much of the answer is read.
    pub bytes_max: usize,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeAnswer {
    /// The status.
    pub status: u16,
    /// The body, as far as it was read.
    pub body: Vec<u8>,
    /// There was more.
    pub is_cut: bool,
}

/// Why nothing was answered, in words that name neither the address nor what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeFault {
    /// It could not be asked at all.
    Unasked(&'static str),
    /// It took too long.
    Late,
    /// It was asked, and failed.
    Failed(&'static str),
}

impl Probe<'_> {
    /// Asks.
    pub async fn ask(&self) -> Result<ProbeAnswer, ProbeFault> {
        let url: Url = self.url.parse().map_err(|_| ProbeFault::Unasked("its address cannot be read"))?;
        let mut builder = Client::builder().redirect(redirect::Policy::none()).no_proxy();
        builder = builder.user_agent(concat!("sealbook/", env!("CARGO_PKG_VERSION")));
        if let Some(socket) = self.socket {
            builder = builder.unix_socket(socket);
        }
        let missing = "HTTPS cannot be set up: the system's certificates are missing";
        let client = builder.build().map_err(|_| ProbeFault::Unasked(missing))?;
        let method = if self.method == "HEAD" { Method::HEAD } else { Method::GET };
        let mut request = client.request(method, url).timeout(self.most);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let request = request.build().map_err(|_| ProbeFault::Unasked("a header of it is none"))?;
        let mut response = client.execute(request).await.map_err(|cause| fault(&cause))?;
        let (status, mut body) = (response.status().as_u16(), Vec::new());
        while let Some(chunk) = response.chunk().await.map_err(|cause| fault(&cause))? {
            let room = self.bytes_max - body.len();
            body.extend_from_slice(&chunk[..room.min(chunk.len())]);
            if chunk.len() > room {
                return Ok(ProbeAnswer { status, body, is_cut: true });
            }
        }
        Ok(ProbeAnswer { status, body, is_cut: false })
    }
}

fn fault(cause: &reqwest::Error) -> ProbeFault {
    if cause.is_timeout() {
        ProbeFault::Late
    } else if cause.is_connect() {
        ProbeFault::Failed("it cannot be reached")
    } else {
        ProbeFault::Failed("the connection was lost, or what came is no HTTP")
    }
}
