//! Containers, by the HTTP interface that Docker and Podman share, over their socket.
//!
//! Source: Docker Engine API v1.41 (`ContainerList`, `ContainerInspect`, `ContainerStats`), which Podman's service
//! answers too. Only reading requests are sent.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::check::{Container, Means, Seen, State, not_reached};
use crate::reach::{Asked, Unreached};

/// Where the socket lies where nobody says it; the user's own come last.
fn sockets() -> [PathBuf; 4] {
    let own = format!("/run/user/{}", rustix::process::getuid().as_raw());
    [
        "/var/run/docker.sock".into(),
        "/run/podman/podman.sock".into(),
        format!("{own}/docker.sock").into(),
        format!("{own}/podman/podman.sock").into(),
    ]
}

const ANSWER_BYTES_MAX: usize = 4 << 20;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    id: String,
    #[serde(default)]
    names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    state: Inner,
    #[serde(default)]
    image: String,
    #[serde(default)]
    restart_count: u64,
    config: Config,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Config {
    #[serde(default)]
    image: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inner {
    status: String,
    #[serde(default)]
    running: bool,
    #[serde(default)]
    paused: bool,
    #[serde(default, rename = "OOMKilled")]
    oom_killed: bool,
    #[serde(default)]
    exit_code: i64,
    #[serde(default)]
    started_at: String,
    #[serde(default)]
    health: Option<Health>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Health {
    status: String,
}

pub(super) fn look(container: &Container, most: Duration, means: &Means<'_>) -> Seen {
    let socket = match &container.socket {
        Some(given) => means.directory.join(given),
        None => match sockets().into_iter().find(|path| path.exists()) {
            Some(path) => path,
            None => return Seen::unknown("neither Docker nor Podman has a socket here"),
        },
    };
    let get = |path: &str| -> Result<Vec<u8>, Seen> {
        let url = format!("http://localhost{path}");
        let socket = Some(&*socket);
        let asked = Asked { method: "GET", url: &url, headers: &[], socket, most, bytes_max: ANSWER_BYTES_MAX };
        match means.reach.ask(&asked) {
            Ok(answered) if answered.status == 200 && !answered.is_cut => Ok(answered.body),
            Ok(answered) if answered.is_cut => Err(Seen::unknown("the runtime's answer is too long")),
            Ok(answered) => Err(Seen::unknown(format!("the runtime answered with {}", answered.status))),
            // That the runtime fails says nothing of its containers.
            Err(Unreached::Failed(why)) => Err(Seen::unknown(why)),
            Err(Unreached::Late) => Err(Seen::unknown("the runtime did not answer in time")),
            Err(unreached) => Err(not_reached(&unreached)),
        }
    };
    look_by(container, means.health_only, &get).unwrap_or_else(|seen| seen)
}

fn look_by(
    container: &Container,
    health_only: bool,
    get: &dyn Fn(&str) -> Result<Vec<u8>, Seen>,
) -> Result<Seen, Seen> {
    let filters = match &container.project {
        Some(project) => {
            let label = |name: &str, value: &str| format!("com.docker.compose.{name}={value}");
            json!({"label": [label("project", project), label("service", &container.name)]})
        }
        None => json!({"name": [&container.name]}),
    };
    let listed: Vec<Listed> = read(&get(&format!("/containers/json?all=true&filters={}", escaped(&filters)))?)?;
    let is_it = |it: &&Listed| {
        container.project.is_some() || it.names.iter().any(|name| name.trim_start_matches('/') == container.name)
    };
    let found: Vec<&Listed> = listed.iter().filter(is_it).collect();
    if found.is_empty() {
        return Ok(Seen::down("there is no such container"));
    }
    let mut whole: Option<Seen> = None;
    for it in &found {
        let seen = one(container, &it.id, health_only, get)?;
        // Of several (a service that is scaled) the worst is told.
        if whole.as_ref().is_none_or(|worst| rank(seen.state) > rank(worst.state)) {
            whole = Some(seen);
        }
    }
    let mut seen = whole.expect("there is one");
    seen.figure("containers", found.len());
    Ok(seen)
}

fn rank(state: State) -> u8 {
    match state {
        State::Up => 0,
        State::Degraded => 1,
        State::Unknown => 2,
        State::Down => 3,
    }
}

fn one(
    container: &Container,
    id: &str,
    health_only: bool,
    get: &dyn Fn(&str) -> Result<Vec<u8>, Seen>,
) -> Result<Seen, Seen> {
    let id: String = id.chars().filter(char::is_ascii_hexdigit).collect();
    let inspected: Inspected = read(&get(&format!("/containers/{id}/json"))?)?;
    let state = &inspected.state;
    let health =
        state.health.as_ref().map(|health| health.status.as_str()).filter(|it| *it != "none" && !it.is_empty());
    let mut seen = match (state.running && !state.paused, health) {
        (true, Some("unhealthy")) => Seen::down("its own health check fails"),
        (true, Some("starting")) => Seen::new(State::Degraded, "it is starting".to_owned()),
        (true, _) => Seen::new(State::Up, None),
        (false, _) if state.oom_killed => Seen::down("it was killed for want of memory"),
        (false, _) => Seen::down(format!("it is {}, with code {}", words(&state.status), state.exit_code)),
    };
    seen.figure("id", id.get(..12).unwrap_or(&id));
    seen.figure("status", words(&state.status));
    seen.figure("image", if inspected.config.image.is_empty() { &*inspected.image } else { &*inspected.config.image });
    seen.figure("restarts", inspected.restart_count);
    seen.figure("started_at", &*state.started_at);
    if let Some(health) = health {
        seen.figure("health", words(health));
    }
    if state.running && !health_only {
        let stats: Value = read(&get(&format!("/containers/{id}/stats?stream=false"))?)?;
        let memory = memory_of(&stats);
        let cpu = cpu_of(&stats);
        memory.into_iter().for_each(|bytes| seen.figure("memory_bytes", bytes));
        cpu.into_iter().for_each(|percent| seen.figure("cpu_percent", percent));
        seen.hold(container.limits, cpu, memory.map(|bytes| bytes as f64 / f64::from(1 << 20)));
    }
    Ok(seen)
}

/// What is used without what the page cache could give back, as `docker stats` counts it.
fn memory_of(stats: &Value) -> Option<u64> {
    let usage = stats["memory_stats"]["usage"].as_u64()?;
    let inner = &stats["memory_stats"]["stats"];
    let cache = inner["inactive_file"].as_u64().or_else(|| inner["total_inactive_file"].as_u64()).unwrap_or(0);
    Some(usage.saturating_sub(cache))
}

/// The share of one core between the two samples of an answer.
fn cpu_of(stats: &Value) -> Option<f64> {
    let total = |of: &str| stats[of]["cpu_usage"]["total_usage"].as_f64();
    let system = |of: &str| stats[of]["system_cpu_usage"].as_f64();
    let cores = stats["cpu_stats"]["online_cpus"].as_f64()?;
    let used = total("cpu_stats")? - total("precpu_stats")?;
    let all = system("cpu_stats")? - system("precpu_stats")?;
    (all > 0.0 && used >= 0.0).then(|| (used / all * cores * 1_000.0).round() / 10.0)
}

fn read<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, Seen> {
    serde_json::from_slice(body).map_err(|_| Seen::unknown("the runtime's answer is not what its interface says"))
}

/// A word of the runtime's, if it is one.
fn words(text: &str) -> String {
    text.chars().filter(|it| it.is_ascii_alphanumeric() || *it == '-').take(32).collect()
}

/// For a query of an address (RFC 3986).
fn escaped(value: &Value) -> String {
    use std::fmt::Write as _;
    value.to_string().bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}
