//! `services.yaml`: services and how they are looked at.
//!
//! ```yaml
//! timeout: 5s                 # of every check that has none of its own
//! services:
//!   shop-db:
//!     logs: var/log/postgres
//!     checks:
//!       - tcp: 127.0.0.1:5432
//!       - process: postgres
//!         memory_mib_max: 2048
//!       - command: [pg_isready, -q]
//!         timeout: 10s
//! host:
//!   disk_free_percent_min: 10
//! ```

use std::time::Duration;

use sealbook_record::Severity;

use super::check::{Check, Container, Http, Limits, What};
use super::yaml::{At, read};

/// A service and its checks.
#[derive(Debug, Default)]
pub(super) struct Service {
    pub(super) name: String,
    /// The file that names it.
    pub(super) from: String,
    pub(super) checks: Vec<Check>,
    /// Where its logs lie, as the file says it.
    pub(super) logs: Vec<String>,
}

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) services: Vec<Service>,
    pub(super) host: Option<HostLimits>,
    /// What of it cannot be checked, and why.
    pub(super) unread: Vec<(String, &'static str, String)>,
}

/// From where on a host is in need.
#[derive(Debug, Clone, Copy)]
pub(super) struct HostLimits {
    pub(super) disk_free_percent_min: f64,
    pub(super) memory_free_percent_min: f64,
    /// Load over five minutes for each core.
    pub(super) load_per_core_max: f64,
}

impl Default for HostLimits {
    fn default() -> Self {
        Self { disk_free_percent_min: 5.0, memory_free_percent_min: 2.0, load_per_core_max: 8.0 }
    }
}

pub(super) fn services(text: &str, from: &str) -> Result<Said, String> {
    let value = read(text)?;
    let root = At::root(&value);
    root.only(&["services", "timeout", "host", "version"])?;
    let timeout = root.get("timeout").map(|at| at.length()).transpose()?;
    let host = root.get("host").map(|at| host(&at)).transpose()?;
    let Some(list) = root.get("services") else {
        return Err("there are no `services`; write each under its name, with its `checks`".to_owned());
    };
    let mut said = Said { host, ..Said::default() };
    for (name, at) in list.map()? {
        said.services.push(service(name, from, &at, timeout)?);
    }
    Ok(said)
}

fn host(at: &At<'_>) -> Result<HostLimits, String> {
    at.only(&["disk_free_percent_min", "memory_free_percent_min", "load_per_core_max"])?;
    let or = |key: &str, usual: f64| at.get(key).map_or(Ok(usual), |at| at.number());
    let usual = HostLimits::default();
    Ok(HostLimits {
        disk_free_percent_min: or("disk_free_percent_min", usual.disk_free_percent_min)?,
        memory_free_percent_min: or("memory_free_percent_min", usual.memory_free_percent_min)?,
        load_per_core_max: or("load_per_core_max", usual.load_per_core_max)?,
    })
}

fn service(name: &str, from: &str, at: &At<'_>, timeout: Option<Duration>) -> Result<Service, String> {
    at.only(&["checks", "logs", "timeout", "severity"])?;
    let timeout = at.get("timeout").map(|at| at.length()).transpose()?.or(timeout);
    let severity = severity_of(at)?.unwrap_or(Severity::Critical);
    let logs = at.get("logs").map_or(Ok(Vec::new()), |at| at.texts())?;
    let mut service = Service { name: name.to_owned(), from: from.to_owned(), logs, checks: Vec::new() };
    for at in at.get("checks").map_or(Ok(Vec::new()), |at| at.list())? {
        service.checks.push(check(&at, timeout, severity)?);
    }
    Ok(service)
}

fn severity_of(at: &At<'_>) -> Result<Option<Severity>, String> {
    let read = |at: At<'_>| {
        let wrong = |_| at.wrong("it must be one of: debug, info, warning, error, critical");
        at.text()?.parse::<Severity>().map_err(wrong)
    };
    at.get("severity").map(read).transpose()
}

const KINDS: [&str; 5] = ["http", "tcp", "process", "command", "container"];
const COMMON: [&str; 3] = ["timeout", "severity", "slow"];

fn check(at: &At<'_>, timeout: Option<Duration>, severity: Severity) -> Result<Check, String> {
    let kinds: Vec<&str> = KINDS.into_iter().filter(|kind| at.get(kind).is_some()).collect();
    let [kind] = kinds[..] else {
        return Err(at.wrong("a check is exactly one of: http, tcp, process, command, container"));
    };
    let own: &[&str] = match kind {
        "http" => &["method", "headers", "status", "contains"],
        "process" => &["arguments", "pid_file", "cpu_percent_max", "memory_mib_max"],
        "command" => &["code", "contains"],
        "container" => &["socket", "cpu_percent_max", "memory_mib_max"],
        _ => &[],
    };
    at.only(&[&[kind], own, &COMMON].concat())?;
    let most = at.get("timeout").map(|at| at.length()).transpose()?.or(timeout);
    let most = most.ok_or_else(|| at.wrong("it has no `timeout`; every check needs one, such as `timeout: 2s`"))?;
    let of = at.get(kind).expect("just seen");
    let limits = Limits {
        cpu_percent_max: at.get("cpu_percent_max").map(|at| at.number()).transpose()?,
        memory_mib_max: at.get("memory_mib_max").map(|at| at.number()).transpose()?,
    };
    let what = match kind {
        "http" => What::Http(http(at, &of)?),
        "tcp" => {
            let text = of.text()?;
            let (host, port) = host_and_port(&text).ok_or_else(|| of.wrong("write it as HOST:PORT"))?;
            What::Tcp { host, port }
        }
        "process" => What::Process {
            name: of.text()?,
            arguments: at.get("arguments").map(|at| at.text()).transpose()?,
            pid_file: at.get("pid_file").map(|at| at.text()).transpose()?,
            limits,
        },
        "command" => {
            if of.value.is_string() {
                return Err(of.wrong("it must be a list, the program first: no shell takes a line apart"));
            }
            let mut words = of.texts()?.into_iter();
            let program = words.next().ok_or_else(|| of.wrong("the program is missing"))?;
            What::Command {
                program,
                arguments: words.collect(),
                code: at.get("code").map_or(Ok(0), |at| at.whole::<u8>())?,
                contains: at.get("contains").map(|at| at.text()).transpose()?,
            }
        }
        _ => What::Container(Container {
            name: of.text()?,
            project: None,
            socket: at.get("socket").map(|at| at.text()).transpose()?,
            limits,
        }),
    };
    let slow = at.get("slow").map(|at| at.length()).transpose()?;
    Ok(Check { what, most, slow, severity: severity_of(at)?.unwrap_or(severity) })
}

fn http(at: &At<'_>, of: &At<'_>) -> Result<Http, String> {
    let url = of.text()?;
    if !(url.starts_with("http://") || url.starts_with("https://")) {
        return Err(of.wrong("it must begin with http:// or https://"));
    }
    let method = at.get("method").map_or(Ok("GET".to_owned()), |at| at.text())?;
    if !matches!(method.as_str(), "GET" | "HEAD") {
        return Err(at.wrong("`method` is GET or HEAD: a check changes nothing"));
    }
    let mut headers = Vec::new();
    for (name, value) in at.get("headers").map_or(Ok(Vec::new()), |at| at.map())? {
        headers.push((name.to_owned(), value.text()?));
    }
    let status = match at.get("status") {
        None => Vec::new(),
        Some(at) if at.value.is_array() => at.list()?.iter().map(At::whole::<u16>).collect::<Result<_, _>>()?,
        Some(at) => vec![at.whole::<u16>()?],
    };
    let contains = at.get("contains").map(|at| at.text()).transpose()?;
    Ok(Http { url, method, headers, status, contains })
}

/// `127.0.0.1:5432`, `[::1]:5432`, `db.internal:5432`.
pub(super) fn host_and_port(text: &str) -> Option<(String, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let port = port.parse().ok().filter(|port| *port != 0)?;
    (!host.is_empty() && !host.contains(['/', '@', ' '])).then(|| (host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> String {
        services(text, "services.yaml").unwrap_err()
    }

    #[test]
    fn what_is_wrong_is_named_by_its_place_and_never_quoted() {
        let of = |check: &str| wrong(&format!("services:\n  db:\n    checks:\n      - {check}\n"));
        assert!(of("tcp: 127.0.0.1:1").starts_with("services.db.checks[0]: it has no `timeout`"));
        assert!(of("{tcp: hunter2xyzzy, timeout: 1s}").starts_with("services.db.checks[0].tcp: write it as HOST:PORT"));
        assert!(of("{tcp: 127.0.0.1:1, timeout: never}").contains("checks[0].timeout: it must be a length of time"));
        assert!(of("{tcp: 127.0.0.1:1, timout: 1s}").contains("checks[0].timout: there is no such key"));
        assert!(of("{tcp: 127.0.0.1:1, http: 'http://x', timeout: 1s}").contains("exactly one of"));
        assert!(of("{command: 'rm -rf /', timeout: 1s}").contains("no shell"));
        assert!(of("{http: 'http://x', method: POST, timeout: 1s}").contains("GET or HEAD"));
        assert!(wrong("services: {db: [").starts_with("line "));
        assert!(wrong("hello: 1").starts_with("hello: there is no such key"));
        for text in ["{tcp: hunter2xyzzy, timeout: 1s}", "{tcp: 'a:1', timeout: hunter2xyzzy}"] {
            assert!(!of(text).contains("hunter2xyzzy"));
        }
    }

    #[test]
    fn a_timeout_of_the_file_or_the_service_holds_for_what_has_none() {
        let text = "timeout: 5s\nservices:\n  a:\n    checks: [{tcp: 'x:1'}, {tcp: 'x:2', timeout: 250ms}]\n  b:\n    \
                    timeout: 1 min\n    checks: [{process: p}]\n";
        let said = services(text, "services.yaml").unwrap();
        let lengths: Vec<u128> = said.services.iter().flat_map(|it| &it.checks).map(|it| it.most.as_millis()).collect();
        assert_eq!(lengths, [5_000, 250, 60_000]);
    }
}
