//! Mail by SMTP (RFC 5321), with `lettre`. It is sent on a thread of its own, once; trying again is for `recovery`.

use std::time::Duration;

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MessageBuilder, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Message, SmtpTransport, Transport as _};
use zeroize::Zeroizing;

use crate::{Cause, Error, Fault, offload};

/// The name that a client without one gives itself: an address literal (RFC 5321 section 4.1.3).
const CLIENT: std::net::Ipv4Addr = std::net::Ipv4Addr::LOCALHOST;
/// Recipients of one mail.
const RECIPIENTS_MAX: usize = 100;

/// How the way to the server is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte, as on port 465 (RFC 8314).
    Tls,
    /// TLS before anything is sent, as on port 587; without it nothing is sent.
    StartTls,
    /// None: to this machine alone.
    None,
}

/// A server that takes mail.
pub struct MailServer {
    transport: SmtpTransport,
}

/// How a server is reached.
#[derive(Clone)]
pub struct MailRoute {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way is secured.
    pub security: Security,
    /// Who logs in, where somebody does.
    pub login: Option<(String, Zeroizing<String>)>,
    /// A certificate in PEM that is trusted beside those of the system.
    pub certificate: Option<Vec<u8>>,
    /// How long each step may take.
    pub deadline: Duration,
}

/// A mail.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Who sends it: `Ann <ann@example.org>`, or the address alone.
    pub from: String,
    /// Who gets it.
    pub to: Vec<String>,
    /// Who gets it beside them.
    pub cc: Vec<String>,
    /// Who gets it, and is shown to nobody.
    pub bcc: Vec<String>,
    /// Where answers go, where that is not who sends it.
    pub reply_to: Option<String>,
    /// What it is about, one line.
    pub subject: String,
    /// What it says.
    pub text: String,
    /// The same as a page.
    pub html: Option<String>,
    /// Files: name, type, bytes.
    pub files: Vec<(String, &'static str, Vec<u8>)>,
    /// Its name, without brackets: the same for each attempt, so that it is known again.
    pub id: String,
    /// When it was written.
    pub written: std::time::SystemTime,
}

impl MailServer {
    /// Errors: [`Error::MailInvalid`], which names neither the server nor who logs in.
    pub fn new(route: MailRoute) -> Result<Self, Error> {
        let invalid = |why| Error::MailInvalid { why };
        let MailRoute { host, port, security, login, certificate, deadline } = route;
        if security == Security::None && !is_here(&host) {
            return Err(invalid("the server is on another machine, and `security` is `none`"));
        }
        let tls = if security == Security::None {
            Tls::None
        } else {
            let mut parameters = TlsParameters::builder(host.clone());
            if let Some(pem) = certificate {
                let read = Certificate::from_pem(&pem).map_err(|_| invalid("the certificate is none in PEM"))?;
                parameters = parameters.add_root_certificate(read);
            }
            let parameters = parameters
                .build()
                .map_err(|_| invalid("TLS cannot be set up: the host is no name, or certificates are missing"))?;
            if security == Security::Tls { Tls::Wrapper(parameters) } else { Tls::Required(parameters) }
        };
        let builder = SmtpTransport::builder_dangerous(host).port(port).tls(tls).timeout(Some(deadline));
        let builder = builder.hello_name(ClientId::Ipv4(CLIENT));
        let builder = match login {
            Some((user, password)) => builder.credentials(Credentials::new(user, password.to_string())),
            None => builder,
        };
        Ok(Self { transport: builder.build() })
    }

    /// Sends a mail: when it returns, the server has taken it.
    ///
    /// Errors: a fault that names the server's reply code and nothing else of what was said.
    pub async fn send(&self, mail: &Message) -> Result<(), Fault> {
        let (transport, mail) = (self.transport.clone(), mail.clone());
        let sent = offload(move || transport.send(&mail)).await;
        match sent {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(fault(&error)),
            // The thread is gone, and with it what it knew.
            Err(_) => Err(Fault::new(Cause::Lost)),
        }
    }
}

impl std::fmt::Debug for MailServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MailServer(…)")
    }
}

impl Default for Mail {
    /// Nothing, from nobody to nobody: there to be completed.
    fn default() -> Self {
        Self {
            from: String::new(),
            to: Vec::new(),
            cc: Vec::new(),
            bcc: Vec::new(),
            reply_to: None,
            subject: String::new(),
            text: String::new(),
            html: None,
            files: Vec::new(),
            id: String::new(),
            written: std::time::SystemTime::UNIX_EPOCH,
        }
    }
}

/// The addresses of a mail, read.
struct Mailboxes {
    from: Mailbox,
    reply_to: Option<Mailbox>,
    to: Vec<Mailbox>,
    cc: Vec<Mailbox>,
    bcc: Vec<Mailbox>,
}

impl Mail {
    /// Whether it can be sent, by whatever way.
    ///
    /// Errors: [`Error::MailInvalid`]; what could begin a header or a recipient of its own is refused.
    pub fn check(&self) -> Result<(), Error> {
        self.mailboxes().map(drop)
    }

    /// As it goes over the wire.
    ///
    /// Errors: as [`Mail::check`].
    pub fn message(&self) -> Result<Message, Error> {
        let invalid = |why| Error::MailInvalid { why };
        let Mailboxes { from, reply_to, to, cc, bcc } = self.mailboxes()?;
        let mut builder = Message::builder().from(from).subject(&*self.subject).date(self.written);
        builder = reply_to.into_iter().fold(builder, MessageBuilder::reply_to);
        builder = to.into_iter().fold(builder, MessageBuilder::to);
        builder = cc.into_iter().fold(builder, MessageBuilder::cc);
        builder = bcc.into_iter().fold(builder, MessageBuilder::bcc);
        // Programs that answer mail by themselves leave this one alone (RFC 3834).
        let automatic = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
        let builder = builder.message_id(Some(format!("<{}>", self.id))).raw_header(automatic);
        let plain = || SinglePart::plain(self.text.clone());
        let both = |html: &String| MultiPart::alternative_plain_html(self.text.clone(), html.clone());
        let built = match (&self.html, self.files.is_empty()) {
            (None, true) => builder.singlepart(plain()),
            (Some(html), true) => builder.multipart(both(html)),
            (html, false) => {
                let mixed = MultiPart::mixed();
                let mut parts = match html {
                    Some(html) => mixed.multipart(both(html)),
                    None => mixed.singlepart(plain()),
                };
                for (name, kind, bytes) in &self.files {
                    let kind = ContentType::parse(kind).map_err(|_| invalid("a file's type is none"))?;
                    parts = parts.singlepart(Attachment::new(name.clone()).body(bytes.clone(), kind));
                }
                builder.multipart(parts)
            }
        };
        built.map_err(|_| invalid("it cannot be put together"))
    }

    fn mailboxes(&self) -> Result<Mailboxes, Error> {
        let invalid = |why| Error::MailInvalid { why };
        let texts = [&self.from, &self.subject, &self.id].into_iter().chain(&self.reply_to);
        let texts = texts.chain(&self.to).chain(&self.cc).chain(&self.bcc).chain(self.files.iter().map(|file| &file.0));
        if texts.into_iter().any(|text| text.contains(char::is_control)) {
            return Err(invalid("an address, the subject or a name holds a line end or another control character"));
        }
        if self.to.is_empty() || self.to.len() + self.cc.len() + self.bcc.len() > RECIPIENTS_MAX {
            return Err(invalid("it is to nobody, or to more than 100"));
        }
        let is_id = |c: char| c.is_ascii_alphanumeric() || ".-_@".contains(c);
        if !self.id.chars().all(is_id) || self.id.matches('@').count() != 1 {
            return Err(invalid("its id is none"));
        }
        let all = |texts: &[String]| texts.iter().map(|text| mailbox(text)).collect::<Result<Vec<_>, _>>();
        let reply_to = self.reply_to.as_deref().map(mailbox).transpose()?;
        Ok(Mailboxes {
            from: mailbox(&self.from)?,
            reply_to,
            to: all(&self.to)?,
            cc: all(&self.cc)?,
            bcc: all(&self.bcc)?,
        })
    }
}

/// An address: `Ann <ann@example.org>`, or the address alone.
pub(crate) fn mailbox(text: &str) -> Result<Mailbox, Error> {
    text.parse().map_err(|_| Error::MailInvalid { why: "an address is none" })
}

/// What a server said, by its class alone. Where the connection ended without an answer, nobody knows.
fn fault(error: &lettre::transport::smtp::Error) -> Fault {
    use std::io::ErrorKind::{InvalidData, TimedOut, WouldBlock};
    let code = error.status().map(|code| format!("the mail server answered {code}"));
    let said = |fault: Fault| match code.clone() {
        Some(code) => fault.with_detail(code),
        None => fault,
    };
    if error.is_transient() {
        return said(Fault::new(Cause::NotNow));
    }
    if error.is_permanent() {
        return said(Fault::permanent("the mail server refused it"));
    }
    if error.is_client() {
        return Fault::permanent("the mail server does not take what it must take: TLS, or this way to log in");
    }
    match system_kind(error) {
        // What rustls refuses comes as such an error, before any mail was sent.
        Some(InvalidData) => {
            Fault::permanent("TLS with the mail server failed: its certificate is not trusted, or it has none")
        }
        // A read that takes too long ends so on Linux.
        Some(TimedOut | WouldBlock) => Fault::new(Cause::Timeout),
        // The library tells failures to connect apart in its words alone.
        _ if error.to_string().starts_with("Connection error") => Fault::new(Cause::Connect),
        _ => Fault::new(Cause::Lost),
    }
}

/// What the system said, where it was the system.
fn system_kind(error: &dyn std::error::Error) -> Option<std::io::ErrorKind> {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(system) = cause.downcast_ref::<std::io::Error>() {
            return Some(system.kind());
        }
        source = cause.source();
    }
    None
}

/// Whether a host is this machine by its own name or address; no other name is looked up.
fn is_here(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
