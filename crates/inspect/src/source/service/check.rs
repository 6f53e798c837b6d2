//! What a check is, and what comes of one.

use std::path::Path;
use std::time::Duration;

use sealbook_record::Severity;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::process::Processes;
use super::{container, process};
use crate::reach::{Asked, Program, Reach, Trust, Unreached};

/// How much of an answer is looked through for a text.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// One way to look at a service.
#[derive(Debug)]
pub(super) struct Check {
    pub(super) what: What,
    /// How long it may take.
    pub(super) most: Duration,
    /// What takes longer is slow.
    pub(super) slow: Option<Duration>,
    /// How grave it is where it fails.
    pub(super) severity: Severity,
}

#[derive(Debug)]
pub(super) enum What {
    Http(Http),
    Tcp { host: String, port: u16 },
    Process { name: String, arguments: Option<String>, pid_file: Option<String>, limits: Limits },
    Command { program: String, arguments: Vec<String>, code: u8, contains: Option<String> },
    Container(Container),
}

#[derive(Debug)]
pub(super) struct Http {
    pub(super) url: String,
    pub(super) method: String,
    /// Never told: they hold tokens.
    pub(super) headers: Vec<(String, String)>,
    /// Which are well; 200 to 399 where none is named.
    pub(super) status: Vec<u16>,
    pub(super) contains: Option<String>,
}

#[derive(Debug)]
pub(super) struct Container {
    pub(super) name: String,
    /// The compose project whose service it is.
    pub(super) project: Option<String>,
    pub(super) socket: Option<String>,
    pub(super) limits: Limits,
}

/// From where on it takes too much.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Limits {
    pub(super) cpu_percent_max: Option<f64>,
    pub(super) memory_mib_max: Option<f64>,
}

/// How a service stands, as one check sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Up,
    /// It is there, and something of it is not as it should be.
    Degraded,
    Down,
    /// It could not be looked at.
    Unknown,
}

/// What one check saw.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) state: State,
    pub(super) why: Option<String>,
    pub(super) figures: Map<String, Value>,
}

impl Seen {
    pub(super) fn new(state: State, why: impl Into<Option<String>>) -> Self {
        Self { state, why: why.into(), figures: Map::new() }
    }

    pub(super) fn down(why: impl Into<String>) -> Self {
        Self::new(State::Down, why.into())
    }

    pub(super) fn unknown(why: impl Into<String>) -> Self {
        Self::new(State::Unknown, why.into())
    }

    pub(super) fn figure(&mut self, name: &str, value: impl Into<Value>) {
        self.figures.insert(name.to_owned(), value.into());
    }

    /// It is up and something is wrong; what was worse stays.
    pub(super) fn degrade(&mut self, why: String) {
        if self.state == State::Up {
            self.state = State::Degraded;
            self.why = Some(why);
        }
    }

    /// Holds what it takes against what it may.
    pub(super) fn hold(&mut self, limits: Limits, cpu_percent: Option<f64>, memory_mib: Option<f64>) {
        for (what, most, is) in [
            ("% of a core", limits.cpu_percent_max, cpu_percent),
            (" MiB of memory", limits.memory_mib_max, memory_mib),
        ] {
            match (most, is) {
                (Some(most), Some(is)) if is > most => self.degrade(format!("it takes {is:.1}{what}; {most} at most")),
                (Some(_), None) => self.degrade(format!("how much{what} it takes cannot be told")),
                _ => {}
            }
        }
    }
}

/// What checks need.
pub(super) struct Means<'a> {
    pub(super) reach: &'a dyn Reach,
    pub(super) processes: &'a Processes,
    pub(super) directory: &'a Path,
    pub(super) health_only: bool,
}

impl What {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Http(_) => "http",
            Self::Tcp { .. } => "tcp",
            Self::Process { .. } => "process",
            Self::Command { .. } => "command",
            Self::Container(_) => "container",
        }
    }

    /// What is looked at, without what is secret in it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Http(http) => address(&http.url),
            Self::Tcp { host, port } if host.contains(':') => format!("[{host}]:{port}"),
            Self::Tcp { host, port } => format!("{host}:{port}"),
            Self::Process { name, .. } => name.clone(),
            Self::Command { program, arguments, .. } => {
                let line: Vec<&str> = std::iter::once(program).chain(arguments).map(String::as_str).collect();
                sealbook_policy::redact_text(&line.join(" ")).into_owned()
            }
            Self::Container(it) => match &it.project {
                Some(project) => format!("{project}/{}", it.name),
                None => it.name.clone(),
            },
        }
    }

    pub(super) fn look(&self, most: Duration, means: &Means<'_>) -> Seen {
        match self {
            Self::Http(http) => http.look(most, means.reach),
            Self::Tcp { host, port } => match means.reach.connect(host, *port, most) {
                Ok(()) => Seen::new(State::Up, None),
                Err(unreached) => not_reached(&unreached),
            },
            Self::Process { name, arguments, pid_file, limits } => {
                process::look(means, name, arguments.as_deref(), pid_file.as_deref(), *limits)
            }
            Self::Command { program, arguments, code, contains } => {
                let asked = Program {
                    program: program.into(),
                    arguments: arguments.iter().map(Into::into).collect(),
                    directory: means.directory,
                    most,
                    bytes_max: ANSWER_BYTES_MAX,
                    trust: Trust::Tree,
                };
                let ran = match means.reach.run(&asked) {
                    Ok(ran) => ran,
                    Err(unreached) => return not_reached(&unreached),
                };
                let mut seen = match ran.code {
                    Some(is) if is == i32::from(*code) => Seen::new(State::Up, None),
                    Some(is) => Seen::down(format!("it ended with code {is}; {code} is well")),
                    None => Seen::down("a signal ended it"),
                };
                if seen.state == State::Up && contains.as_ref().is_some_and(|text| !holds(&ran.out, text)) {
                    seen = Seen::down("it did not say what it should");
                }
                seen.figures.insert("code".to_owned(), json!(ran.code));
                seen
            }
            Self::Container(it) => container::look(it, most, means),
        }
    }
}

/// What was not allowed or is not there is not known; what was tried and failed is down.
pub(super) fn not_reached(unreached: &Unreached) -> Seen {
    match unreached {
        Unreached::NotAllowed(_) | Unreached::Missing(_) => Seen::unknown(unreached.said()),
        Unreached::Late | Unreached::Failed(_) => Seen::down(unreached.said()),
    }
}

impl Http {
    fn look(&self, most: Duration, reach: &dyn Reach) -> Seen {
        let asked = Asked {
            method: &self.method,
            url: &self.url,
            headers: &self.headers,
            socket: None,
            most,
            bytes_max: ANSWER_BYTES_MAX,
        };
        let answered = match reach.ask(&asked) {
            Ok(answered) => answered,
            Err(unreached) => return not_reached(&unreached),
        };
        let status = answered.status;
        let is_well = if self.status.is_empty() { (200..400).contains(&status) } else { self.status.contains(&status) };
        let mut seen = if !is_well {
            Seen::down(format!("it answered with {status}"))
        } else if self.contains.as_ref().is_some_and(|text| !holds(&answered.body, text)) {
            let far = if answered.is_cut { ", as far as it was read" } else { "" };
            Seen::down(format!("its answer does not hold the text that it should{far}"))
        } else {
            Seen::new(State::Up, None)
        };
        seen.figure("status", status);
        seen
    }
}

fn holds(bytes: &[u8], text: &str) -> bool {
    memchr::memmem::find(bytes, text.as_bytes()).is_some()
}

/// An address without user, password, query and fragment.
fn address(url: &str) -> String {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let (scheme, rest) = url[..end].split_once("://").unwrap_or(("", &url[..end]));
    let (host, path) = rest.split_once('/').map_or((rest, String::new()), |(host, path)| (host, format!("/{path}")));
    let host = host.rsplit('@').next().unwrap_or(host);
    sealbook_policy::redact_text(&format!("{scheme}://{host}{path}")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn an_address_is_told_without_what_is_secret_in_it() {
        assert_eq!(address("https://ann:pw@db.local:8443/health?token=x#y"), "https://db.local:8443/health");
        assert_eq!(address("http://127.0.0.1:1"), "http://127.0.0.1:1");
    }
}
