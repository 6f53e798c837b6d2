//! Services that are really there: stopped, and started again.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::fixture::Place;

/// A Redis of Debian's package, on a port of its own, without a disk.
struct Redis {
    child: Child,
    port: u16,
}

impl Redis {
    fn start(port: u16, directory: &Path) -> Self {
        let mut command = Command::new("redis-server");
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        command.current_dir(directory).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("scripts/tools installs redis-server");
        let redis = Self { child, port };
        // It listens when it can be reached: each try ends by itself.
        let reached = (0..2_000_000).any(|_| std::net::TcpStream::connect(("127.0.0.1", redis.port)).is_ok());
        assert!(reached, "redis does not listen");
        redis
    }

    fn stop(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn rules(told: &Value) -> Vec<&str> {
    let audit = if told["audit"].is_null() { told } else { &told["audit"] };
    audit["run"]["findings"].as_array().unwrap().iter().map(|it| it["rule"].as_str().unwrap()).collect()
}

/// The run and its exit code.
fn audit(place: &Place, arguments: &[&str]) -> (i32, Value) {
    let ended = place.run(arguments.iter().copied().chain(["--format", "json"]));
    (ended.code, serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {ended:?}")))
}

fn result(place: &Place, nth: usize) -> Value {
    let page = place.json(["query", "--action", "service.checked"]);
    let id = page["records"][nth]["record"]["id"].as_str().unwrap().to_owned();
    place.json(["show", &id])["record"]["result"].clone()
}

/// The machine that tests run on may be full and busy: that says nothing of a service.
const ANY_HOST: &str = "host: {disk_free_percent_min: 0, memory_free_percent_min: 0, load_per_core_max: 1000000}\n";

#[test]
fn a_service_is_seen_up_then_down_then_up_again() {
    let place = Place::new();
    let port = free_port();
    place.write(
        "services.yaml",
        format!(
            "timeout: 5s\nservices:\n  cache:\n    checks:\n      - tcp: 127.0.0.1:{port}\n      - process: redis-server\n        \
             arguments: ':{port}'\n        memory_mib_max: 4096\n{ANY_HOST}"
        ),
    );
    let redis = Redis::start(port, &place.project());
    let (code, told) = audit(&place, &["services"]);
    assert_eq!(code, 0, "{told}");
    assert_eq!(told["observed"].as_array().unwrap().len(), 3, "two checks and the host");
    let process = result(&place, 0);
    assert_eq!((&process["state"], &process["check"]), (&"up".into(), &"process".into()));
    assert_eq!(process["figures"]["pids"][0], redis.child.id());
    assert!(process["figures"]["memory_bytes"].as_u64().unwrap() > 1 << 20);

    redis.stop();
    let (code, told) = audit(&place, &["service", "cache", "--health"]);
    assert_eq!(code, 1, "{told}");
    assert_eq!(rules(&told), ["service.down"; 2]);
    assert_eq!(told["observed"].as_array().unwrap().len(), 2, "the host is not asked for");
    assert_eq!(result(&place, 1)["why"], "nobody listens there");
    let failed = place.json(["query", "--action", "service.checked", "--outcome", "failed"]);
    assert_eq!(failed["records"].as_array().unwrap().len(), 2);
    let since = told["audit"]["run"]["findings"][0]["message"].as_str().unwrap().to_owned();
    let (_, again) = audit(&place, &["service", "cache", "--health"]);
    assert_eq!(again["audit"]["run"]["findings"][0]["message"], since, "it says since when, not for how long");

    let redis = Redis::start(port, &place.project());
    let (code, told) = audit(&place, &["services", "--fail-on", "warning"]);
    assert_eq!(code, 0, "{told}");
    assert!(!rules(&told).contains(&"service.down"));
    redis.stop();
    let again = Redis::start(port, &place.project());
    let (_, told) = audit(&place, &["services"]);
    assert!(rules(&told).contains(&"service.restarted"), "{told}");
    drop(again);
}

#[test]
fn no_check_is_not_clean() {
    let place = Place::new();
    let (code, told) = audit(&place, &["services"]);
    assert_eq!(code, 3, "{told}");
    assert!(told.to_string().contains("no_checks"), "{told}");
    assert_eq!(audit(&place, &["repo", "--sources", "services"]).0, 3, "the repository's audit says so too");
    place.write("services.yaml", "services: {db: {checks: []}}\n");
    assert_eq!(audit(&place, &["services"]).0, 3);
    place.write("services.yaml", "services: {db: {checks: [{tcp: '127.0.0.1:1'}]}}\n");
    let (code, told) = audit(&place, &["services"]);
    assert_eq!(code, 3);
    assert!(told.to_string().contains("every check needs one"), "{told}");
    let ended = place.run(["service", "nobody", "--format", "json"]);
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("unknown_service"), "{}", ended.err);
}

#[test]
fn a_command_is_run_with_consent_only() {
    let place = Place::new();
    place.write(
        "services.yaml",
        "services:\n  job:\n    checks:\n      - command: [/bin/sh, -c, 'echo here > ran; echo fine']\n        \
         contains: fine\n        timeout: 20s\n",
    );
    let (code, told) = audit(&place, &["service", "job", "--health"]);
    assert_eq!(code, 3, "{told}");
    assert!(told.to_string().contains("nobody allowed that"), "{told}");
    assert!(!place.project().join("ran").exists());
    assert_eq!(result(&place, 0)["state"], "unknown");
    assert_eq!(audit(&place, &["service", "job", "--health", "--commands"]).0, 0);
    assert!(place.project().join("ran").exists());
    place
        .write("services.yaml", "services: {job: {checks: [{command: [/bin/sh, -c, 'sleep 600'], timeout: 100ms}]}}\n");
    let (code, told) = audit(&place, &["service", "job", "--commands"]);
    assert_eq!(code, 1, "{told}");
    assert_eq!(result(&place, 0)["why"], "it did not answer in time");
}

/// Answers every connection with the given answers by path; on TCP or on a socket of the file system.
fn answer(stream: &mut (impl std::io::Read + std::io::Write), answers: &dyn Fn(&str) -> (u16, String)) {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read > 0) {
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let (status, body) = answers(&head);
    let text = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    let _ = stream.write_all(text.as_bytes());
}

#[test]
fn http_is_asked_and_what_is_secret_stays_out_of_the_book() {
    let place = Place::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            answer(&mut stream, &|head| {
                let knows = head.to_lowercase().contains("x-shop-token: hunter2xyzzy");
                match (head.starts_with("GET /health?deep=hunter2xyzzy "), knows) {
                    (true, true) => (200, "all is well".into()),
                    (true, false) => (401, String::new()),
                    _ => (503, String::new()),
                }
            });
        }
    });
    let file = |path: &str, more: &str| {
        format!(
            "services:\n  web:\n    checks:\n      - http: http://ann:hunter2xyzzy@127.0.0.1:{port}{path}\n        \
             timeout: 10s\n        headers: {{x-shop-token: hunter2xyzzy}}\n{more}"
        )
    };
    place.write("services.yaml", file("/health?deep=hunter2xyzzy", "        contains: all is well\n"));
    let (code, told) = audit(&place, &["service", "web", "--health"]);
    assert_eq!(code, 0, "{told}");
    assert_eq!(result(&place, 0)["what"], format!("http://127.0.0.1:{port}/health"));
    place.write("services.yaml", file("/health?deep=hunter2xyzzy", "        contains: in flames\n"));
    assert_eq!(audit(&place, &["service", "web"]).0, 1);
    place.write("services.yaml", file("/other", ""));
    assert_eq!(audit(&place, &["service", "web"]).0, 1);
    assert_eq!(result(&place, 0)["why"], "it answered with 503");
    place.write("services.yaml", file("/other", "        status: [503]\n"));
    assert_eq!(audit(&place, &["service", "web"]).0, 0);
    let book = std::fs::read(place.book().join("ledger.db")).unwrap();
    assert!(memchr::memmem::find(&book, b"hunter2xyzzy").is_none());
}

/// A double of a container runtime, written from the published interface (Docker Engine API v1.41).
#[test]
fn containers_are_asked_for_over_the_runtimes_socket() {
    use std::os::unix::net::UnixListener;
    use std::sync::{Arc, Mutex};
    let place = Place::new();
    let socket = place.beside("docker.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let state = Arc::new(Mutex::new(
        r#"{"Status":"running","Running":true,"StartedAt":"2026-01-01T00:00:00Z",
        "Health":{"Status":"healthy"}}"#
            .to_owned(),
    ));
    let now = Arc::clone(&state);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            answer(&mut stream, &|head| {
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                match path.split('?').next().unwrap_or_default() {
                    "/containers/json" if path.contains("%22shop-db%22") => {
                        (200, r#"[{"Id":"abc123abc123abc1","Names":["/shop-db"]},{"Id":"ff","Names":["/shop-db-2"]}]"#.into())
                    }
                    "/containers/json" => (200, "[]".into()),
                    "/containers/abc123abc123abc1/json" => (
                        200,
                        format!(r#"{{"State":{},"RestartCount":2,"Config":{{"Image":"postgres:17"}}}}"#, now.lock().unwrap()),
                    ),
                    "/containers/abc123abc123abc1/stats" => (
                        200,
                        r#"{"memory_stats":{"usage":104857600,"stats":{"inactive_file":4857600}},"cpu_stats":{"cpu_usage":
                        {"total_usage":300},"system_cpu_usage":2000,"online_cpus":2},"precpu_stats":{"cpu_usage":
                        {"total_usage":100},"system_cpu_usage":1000}}"#.into(),
                    ),
                    _ => (404, "{}".into()),
                }
            });
        }
    });
    let file = |name: &str, limit: &str| {
        format!(
            "services: {{db: {{checks: [{{container: {name}, socket: {}, timeout: 10s{limit}}}]}}}}\n",
            socket.display()
        )
    };
    place.write("services.yaml", file("shop-db", ""));
    let (code, told) = audit(&place, &["service", "db"]);
    assert_eq!(code, 0, "{told}");
    let figures = result(&place, 0)["figures"].clone();
    assert_eq!((&figures["memory_bytes"], &figures["cpu_percent"]), (&100_000_000.into(), &40.0.into()));
    assert_eq!((&figures["image"], &figures["health"]), (&"postgres:17".into(), &"healthy".into()));

    place.write("services.yaml", file("shop-db", ", memory_mib_max: 50"));
    let (code, told) = audit(&place, &["service", "db", "--fail-on", "warning"]);
    assert_eq!((code, rules(&told)[0]), (1, "service.degraded"), "{told}");
    place.write("services.yaml", file("shop-db", ""));
    *state.lock().unwrap() = r#"{"Status":"running","Running":true,"Health":{"Status":"unhealthy"}}"#.to_owned();
    assert_eq!(audit(&place, &["service", "db"]).0, 1);
    *state.lock().unwrap() = r#"{"Status":"exited","Running":false,"ExitCode":137,"OOMKilled":true}"#.to_owned();
    assert_eq!(audit(&place, &["service", "db"]).0, 1);
    assert_eq!(result(&place, 0)["why"], "it was killed for want of memory");
    place.write("services.yaml", file("nobody", ""));
    assert_eq!(audit(&place, &["service", "db"]).0, 1);
    // No runtime: nothing is known of it.
    place.write("services.yaml", "services: {db: {checks: [{container: x, socket: none.sock, timeout: 1s}]}}\n");
    assert_eq!(audit(&place, &["service", "db"]).0, 3);
}

#[test]
fn a_services_logs_are_read_with_it() {
    let place = Place::new();
    place.write("var/shop.log", "{\"time\":\"2026-01-01T00:00:00Z\",\"level\":\"error\",\"msg\":\"disk gone\"}\n");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    place.write(
        "services.yaml",
        format!("services: {{shop: {{logs: var, checks: [{{tcp: '127.0.0.1:{port}', timeout: 5s}}]}}}}\n"),
    );
    let ended = place.run(["service", "shop", "--logs", "--level", "ERROR", "--since", "2025-12-01"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.out.contains("disk gone") && ended.out.contains("up"), "{}", ended.out);
}

#[test]
fn compose_files_and_units_name_services_too() {
    let place = Place::new();
    place.write("compose.yaml", "services: {db: {image: x, ports: ['127.0.0.1:1:5432']}}\n");
    place.write("systemd/shop.service", "[Service]\nExecStart=/usr/bin/no-such-program-here\n");
    let (code, told) = audit(&place, &["services", "--health"]);
    let text = told.to_string();
    // The container cannot be asked for here, or is not there; the port and the process surely are down.
    assert!(code == 3 || code == 1, "{text}");
    assert!(rules(&told).iter().filter(|rule| **rule == "service.down").count() >= 2, "{text}");
}
