//! A book, a directory to audit, and a client.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};

use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientConfig, Implementation, ProgressNotificationParam, Tool,
};
use rmcp::service::{NotificationContext, RunningService};
use rmcp::{ClientHandler, RoleClient, ServiceExt};
use sealbook_policy::{DigestKey, Policy, Raw};
use sealbook_record::{Actor, ActorKind, Category, PartName, Record, Target, TargetKind, TimeZone};
use sealbook_serve::mcp::{Desk, Roots, Server, Setup, serve_stream};
use sealbook_store::{Ledger, Options, Query, Stored};
use sealbook_testkit::Place;
use serde_json::Value;

/// A book and a project.
pub(crate) struct World {
    pub(crate) place: Place,
    pub(crate) ledger: Arc<Ledger>,
}

impl World {
    pub(crate) fn new() -> Self {
        let place = Place::new();
        std::fs::create_dir(place.join("project")).unwrap();
        let ledger = Ledger::create(place.layout(), "default", Options::default(), None).unwrap();
        Self { place, ledger: Arc::new(ledger) }
    }

    pub(crate) fn project(&self) -> PathBuf {
        self.place.join("project").canonicalize().unwrap()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.project().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Runs git in a directory below the place, far from anybody's configuration.
    pub(crate) fn git(&self, dir: &str, arguments: &[&str]) {
        let mut git = Command::new("git");
        git.current_dir(self.place.join(dir)).env("HOME", self.place.path()).env("GIT_CONFIG_NOSYSTEM", "1");
        for who in ["AUTHOR", "COMMITTER"] {
            git.env(format!("GIT_{who}_NAME"), "Ann").env(format!("GIT_{who}_EMAIL"), "ann@example.org");
        }
        let ended = git.args(arguments).output().unwrap();
        assert!(ended.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&ended.stderr));
    }

    /// A repository with so many commits.
    pub(crate) fn repository(&self, commits: usize) {
        self.git("project", &["init", "-q", "-b", "main"]);
        for number in 0..commits {
            self.write("a.txt", format!("{number}\n"));
            self.git("project", &["add", "-A"]);
            self.git("project", &["commit", "-q", "-m", &format!("change {number}")]);
        }
    }

    pub(crate) fn policy() -> Policy {
        Policy::new(DigestKey::new([7; 32]))
    }

    pub(crate) fn desk(&self) -> Arc<Desk> {
        self.desk_that(|_| {})
    }

    /// A desk that is set up otherwise.
    pub(crate) fn desk_that(&self, change: impl FnOnce(&mut Setup)) -> Arc<Desk> {
        let mut started_by = Actor::new(ActorKind::User, "ann");
        started_by.verified = Some("uid:1000".to_owned());
        let mut setup = Setup {
            ledger: Arc::clone(&self.ledger),
            policy: Self::policy(),
            expected: None,
            naming: " --book shop --tenant b".to_owned(),
            project: Some("shop".to_owned()),
            roots: Roots::new(&[self.project()]).unwrap(),
            zone: TimeZone::UTC,
            started_by,
            reviewer: None,
            agents_resolve: false,
            domain: None,
            workflows: None,
        };
        change(&mut setup);
        Arc::new(Desk::new(setup).unwrap())
    }

    pub(crate) async fn client(&self) -> Client {
        Client::of(Server::new(self.desk())).await
    }

    /// Seals a record as somebody else would.
    pub(crate) fn seal(&self, action: &str, target: &str, input: &str) {
        let mut record = Record::event(
            self.ledger.next_id(),
            Actor::new(ActorKind::User, "bob"),
            action,
            Target::new(TargetKind::File, target),
            self.ledger.now(),
        );
        record.set_part_json(PartName::Input, input).unwrap();
        if action.starts_with("password.") {
            record.category = Category::SecurityEvent;
        }
        let judged = Self::policy().admit(Raw::new(record)).unwrap();
        let mut all = vec![judged];
        for alert in all[0].alerts() {
            all.push(Self::policy().admit(alert).unwrap());
        }
        assert!(self.ledger.append(all).unwrap().iter().all(Result::is_ok));
    }

    /// The sealed records of an action, oldest first.
    pub(crate) fn records(&self, action: &str) -> Vec<Stored> {
        let query = Query { action: vec![action.to_owned()], ascending: true, ..Query::default() };
        self.ledger.query(&query).unwrap().rows
    }
}

/// What the client was told beside answers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ear {
    pub(crate) progress: Arc<Mutex<Vec<ProgressNotificationParam>>>,
}

impl ClientHandler for Ear {
    fn get_info(&self) -> ClientConfig {
        let mut config = ClientConfig::default();
        config.client_info = Implementation::new("tester", "7.0");
        config
    }

    async fn on_progress(&self, told: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        self.progress.lock().unwrap().push(told);
    }
}

pub(crate) struct Client {
    pub(crate) service: RunningService<RoleClient, Ear>,
    pub(crate) ear: Ear,
}

impl Client {
    /// A client at the other end of a pair of streams.
    pub(crate) async fn of(server: Server) -> Self {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let (input, output) = tokio::io::split(far);
        tokio::spawn(serve_stream(server, input, output));
        let ear = Ear::default();
        Self { service: ear.clone().serve(near).await.unwrap(), ear }
    }

    pub(crate) async fn tools(&self) -> Vec<Tool> {
        self.service.list_all_tools().await.unwrap()
    }

    pub(crate) async fn call(&self, tool: &'static str, arguments: Value) -> CallToolResult {
        let mut params = CallToolRequestParams::new(tool);
        params.arguments = arguments.as_object().cloned();
        self.service.call_tool(params).await.unwrap()
    }

    /// The answer of a call that succeeds: the same as text and as a value.
    pub(crate) async fn ok(&self, tool: &'static str, arguments: Value) -> Value {
        let result = self.call(tool, arguments).await;
        assert_eq!(result.is_error, Some(false), "{result:?}");
        let told = result.structured_content.unwrap();
        assert_eq!(told["status"], "success", "{told}");
        told
    }

    /// The answer of a call that fails, as a model reads it.
    pub(crate) async fn refused(&self, tool: &'static str, arguments: Value) -> Value {
        let result = self.call(tool, arguments).await;
        assert_eq!(result.is_error, Some(true), "{result:?}");
        let told = result.structured_content.unwrap();
        let text: Value = serde_json::from_str(&result.content[0].as_text().unwrap().text).unwrap();
        assert_eq!((&told, &told["status"]), (&text, &Value::from("error")));
        told
    }
}
