//! systemd units (systemd.service(5)): the process that a service is.

use std::time::Duration;

use sealbook_record::Severity;

use super::check::{Check, Limits, What};
use super::config::{Said, Service};

/// What a look at the list of processes may take.
const USUAL: Duration = Duration::from_secs(5);

pub(super) fn services(text: &str, from: &str, name: &str) -> Result<Said, String> {
    let (mut section, mut start, mut pid_file, mut kind) = ("", None, None, "simple");
    let joined = text.replace("\\\n", " ");
    for line in joined.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';'])) {
        if let Some(head) = line.strip_prefix('[') {
            section = head.trim_end_matches(']');
        } else if let Some((key, value)) = line.split_once('=').filter(|_| section == "Service") {
            match (key.trim(), value.trim()) {
                ("ExecStart", "") => start = None,
                ("ExecStart", value) => start = start.or(Some(value)),
                ("PIDFile", value) => pid_file = Some(value.to_owned()),
                ("Type", value) => kind = value,
                _ => {}
            }
        }
    }
    let mut said = Said::default();
    // Prefixes that say how it is started (systemd.service(5), "Special executable prefixes").
    let program = start.map(|line| line.trim_start_matches(['@', '-', ':', '+', '!']));
    let program = program.and_then(|line| line.split_whitespace().next()).map(|word| word.trim_matches(['"', '\'']));
    let Some(program) = program else {
        return Err("it has no `ExecStart=` in `[Service]`".to_owned());
    };
    let mut service = Service { name: name.to_owned(), from: from.to_owned(), ..Service::default() };
    if kind == "oneshot" {
        said.unread.push((from.to_owned(), "oneshot", "it runs and ends: there is no process to look for".to_owned()));
    } else if program.contains(['%', '$']) {
        let why = "its program is named by a specifier, which only systemd knows";
        said.unread.push((from.to_owned(), "unit_unread", why.to_owned()));
    } else {
        let program = program.rsplit('/').next().unwrap_or(program).to_owned();
        let what = What::Process { name: program, arguments: None, pid_file, limits: Limits::default() };
        service.checks.push(Check { what, most: USUAL, slow: None, severity: Severity::Critical });
    }
    said.services.push(service);
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_of_a_unit_is_its_process() {
        let text = "[Unit]\nDescription=x\n[Service]\nType=forking\nPIDFile=/run/redis.pid\n\
                    ExecStart=-/usr/bin/redis-server \\\n  /etc/redis.conf\n";
        let said = services(text, "redis.service", "redis").unwrap();
        match &said.services[0].checks[0].what {
            What::Process { name, pid_file, .. } => {
                assert_eq!((name.as_str(), pid_file.as_deref()), ("redis-server", Some("/run/redis.pid")));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(services("[Service]\nType=oneshot\nExecStart=/bin/true\n", "a", "a").unwrap().unread.len(), 1);
        assert!(services("[Unit]\n", "a", "a").is_err());
    }
}
