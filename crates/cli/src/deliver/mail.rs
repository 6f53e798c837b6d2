//! A mail with the page of the report, by SMTP. `mail.toml` says from whom, to whom, and by which server.

use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use sealbook_flow::{Error, Mail, MailRoute, MailServer, Security};
use sealbook_record::{Target, TargetKind};
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::{Book, Leaving};
use crate::command::Context;
use crate::failure::Failure;
use crate::model_file::{home, private};

const NAME: &str = "mail.toml";
/// One step of a conversation with the server.
const STEP_MAX: Duration = Duration::from_secs(30);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    host: String,
    port: Option<u16>,
    security: Option<String>,
    user: Option<String>,
    password: Option<String>,
    password_file: Option<PathBuf>,
    certificate_file: Option<PathBuf>,
    from: String,
    to: Vec<String>,
}

pub(super) struct Setting {
    server: MailServer,
    from: String,
    to: Vec<String>,
}

pub(super) fn open(file: Option<&Path>, context: &Context) -> Result<Setting, Failure> {
    let path = match file {
        Some(file) => context.environment.absolute(file),
        None => home(&context.environment)?.join(NAME),
    };
    let name = path.display().to_string();
    let text = private(&path).map_err(|why| Error::ApiKeyUnusable { name: name.clone(), why })?;
    // What is wrong is said without the line: it may hold the password.
    let form: Form = toml::from_str(&text).map_err(|error| {
        let before = &text[..error.span().map_or(0, |span| span.start.min(text.len()))];
        let cause = "it is not of the form that docs/reports.md shows".to_owned();
        Failure::ModelInvalid { path: path.clone(), line: 1 + before.matches('\n').count(), cause }
    })?;
    let setting = read(form, path.parent().unwrap_or(&path)).map_err(|cause| cause.at(&*name))?;
    // Bad addresses are found before there is anything to send.
    mail(&setting, "x".to_owned(), String::new(), Vec::new(), "x@x".to_owned(), 0).message()?;
    Ok(setting)
}

fn read(form: Form, beside: &Path) -> Result<Setting, Failure> {
    let security = match form.security.as_deref() {
        None | Some("starttls") => Security::StartTls,
        Some("tls") => Security::Tls,
        Some("none") => Security::None,
        Some(_) => return Err(Failure::usage("`security` is no way to secure it", "write tls, starttls or none")),
    };
    let port = form.port.unwrap_or(match security {
        Security::Tls => 465,
        Security::StartTls => 587,
        Security::None => 25,
    });
    let password = match (form.password, form.password_file) {
        (Some(_), Some(_)) => {
            return Err(Failure::usage("`password` and `password_file` are both given", "keep the one that is meant"));
        }
        (Some(password), None) => Some(Zeroizing::new(password)),
        (None, Some(file)) => {
            let file = beside.join(file);
            let name = file.display().to_string();
            let text = private(&file).map_err(|why| Error::ApiKeyUnusable { name: name.clone(), why })?;
            Some(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
        }
        (None, None) => None,
    };
    let login = match (form.user, password) {
        (Some(user), Some(password)) => Some((user, password)),
        (None, None) => None,
        _ => return Err(Failure::usage("`user` and a password belong together", "give both, or neither")),
    };
    let certificate = form.certificate_file.map(|file| {
        let file = beside.join(file);
        std::fs::read(&file).map_err(|cause| Failure::Input { name: file.display().to_string(), cause })
    });
    let certificate = certificate.transpose()?;
    let route = MailRoute { host: form.host, port, security, login, certificate, deadline: STEP_MAX };
    Ok(Setting { server: MailServer::new(route)?, from: form.from, to: form.to })
}

fn mail(
    setting: &Setting,
    subject: String,
    text: String,
    files: Vec<(String, &'static str, Vec<u8>)>,
    id: String,
    seconds: u64,
) -> Mail {
    let written = UNIX_EPOCH + Duration::from_secs(seconds);
    let (from, to) = (setting.from.clone(), setting.to.clone());
    Mail { from, to, subject, text, files, id, written, ..Mail::default() }
}

pub(super) fn send(setting: &Setting, leaving: &Leaving, book: &Book, context: &Context) -> Result<(), Failure> {
    let files = leaving.files.iter().filter(|(name, _)| *name == "report.html");
    let files = files.map(|(name, bytes)| ((*name).to_owned(), "text/html; charset=utf-8", bytes.clone())).collect();
    // The same report of the same book has the same id, so that whoever gets it twice has it once (RFC 5322, 3.6.4).
    let book_id = leaving.origin.rsplit('/').next().unwrap_or("book");
    let id = format!("{}.{}@{book_id}.sealbook.invalid", leaving.run, leaving.size);
    let seconds = u64::try_from(book.ledger.now().as_micros() / 1_000_000).unwrap_or(0);
    let mail = mail(setting, leaving.brief.title.clone(), leaving.brief.text(), files, id, seconds);
    let message = mail.message()?;
    let input = json!({
        "system": "email", "run": leaving.run.to_string(), "from": mail.from, "to": mail.to, "subject": mail.subject,
        "message_id": mail.id,
    });
    let intent = book.intent(Target::new(TargetKind::Service, "email"), &input);
    let attempts = book.try_often(intent, |_| setting.server.send(&message))?;
    context.note(&format!("the mail server took the report, at attempt {attempts}"));
    Ok(())
}
