//! Workflows, what there is to say of them, and their runs.

use sealbook_flow::workflow::{Definition, Diff, Run, RunStatus, Shelved, Trace, Unread, Validation};
use sealbook_record::Timestamp;
use serde_json::{Value, json};

use crate::{Block, Column, Document, Text, Tone, View, json};

/// Workflows, each in its newest version.
#[derive(Debug, Clone, Copy)]
pub struct WorkflowList<'a> {
    /// The versions.
    pub workflows: &'a [Shelved],
    /// Records of versions that cannot be read.
    pub unread: &'a [Unread],
}

/// A workflow.
#[derive(Debug, Clone, Copy)]
pub struct WorkflowDetail<'a> {
    /// Its definition.
    pub definition: &'a Definition,
    /// Its versions, oldest first.
    pub versions: &'a [Shelved],
}

/// A version that was written down.
#[derive(Debug, Clone, Copy)]
pub struct WorkflowChanged<'a> {
    /// The version.
    pub shelved: &'a Shelved,
    /// The node that was added.
    pub node_id: Option<&'a str>,
}

/// What there is to say of a workflow before it runs.
#[derive(Debug, Clone, Copy)]
pub struct WorkflowValidation<'a>(pub &'a Validation);

/// What differs between two versions.
#[derive(Debug, Clone, Copy)]
pub struct WorkflowDiff<'a>(pub &'a Diff);

/// Runs, the one that began last first.
#[derive(Debug, Clone, Copy)]
pub struct RunList<'a> {
    /// The runs.
    pub runs: &'a [Run],
    /// Whether there are more.
    pub more: bool,
}

/// A run.
#[derive(Debug, Clone, Copy)]
pub struct RunDetail<'a> {
    /// The run.
    pub run: &'a Run,
    /// The definition that it pins.
    pub definition: &'a Definition,
    /// The time.
    pub now: Timestamp,
    /// Requests that wait for a person: their ids.
    pub waiting: &'a [String],
}

/// What a new definition gives where an older run is done again, and nothing with an effect is called.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// The run on record.
    pub run_id: String,
    /// How that ended.
    pub before: String,
    /// What its outputs gave.
    pub outputs_before: Value,
    /// How it ends with the new definition.
    pub after: String,
    /// What its outputs give.
    pub outputs_after: Value,
    /// Why it does not go well.
    pub why: Option<String>,
}

/// Runs that were done again.
#[derive(Debug, Clone, Copy)]
pub struct ReplayList<'a>(pub &'a [Replayed]);

impl Replayed {
    /// Whether it gives what it gave.
    pub fn is_same(&self) -> bool {
        self.before == self.after && self.outputs_before == self.outputs_after
    }

    fn json(&self) -> Value {
        json!({
            "run": self.run_id, "same": self.is_same(),
            "before": {"status": self.before, "outputs": self.outputs_before},
            "after": {"status": self.after, "outputs": self.outputs_after, "why": self.why},
        })
    }
}

fn standing(status: RunStatus) -> Text {
    let tone = match status {
        RunStatus::Completed => Tone::Good,
        RunStatus::Failed => Tone::Bad,
        RunStatus::Unknown | RunStatus::Cancelled | RunStatus::Frozen => Tone::Doubtful,
        RunStatus::Running => return Text::plain("running"),
    };
    Text::toned(status.as_str(), tone)
}

fn number(count: impl ToString) -> Text {
    Text::plain(count.to_string())
}

fn short(digest: &str) -> Text {
    Text::name(digest.chars().take(12).collect::<String>())
}

fn when(at: Option<Timestamp>) -> Text {
    Text::plain(at.map_or_else(String::new, |at| at.to_string()))
}

fn line_json(it: &Shelved) -> Value {
    json!(it)
}

impl View for WorkflowList<'_> {
    fn document(&self) -> Document {
        let mut page = Document::new();
        let rows = self.workflows.iter().map(|it| {
            let name = Text::name(&it.workflow_id);
            vec![
                name,
                Text::plain(&it.name),
                number(it.version),
                number(it.node_count),
                short(&it.digest),
                when(Some(it.at)),
            ]
        });
        let columns = vec![
            Column::text("Workflow"),
            Column::text("Name"),
            Column::number("Version"),
            Column::number("Nodes"),
            Column::text("Digest"),
            Column::text("Changed"),
        ];
        page.add(Block::Table(columns, rows.collect()));
        if !self.unread.is_empty() {
            page.heading(2, "Cannot be read");
            let rows = self.unread.iter();
            let rows = rows.map(|it| vec![number(it.seq), Text::name(&it.workflow_id), Text::plain(&it.why)]);
            let columns = vec![Column::number("Record"), Column::text("Workflow"), Column::text("Why")];
            page.add(Block::Table(columns, rows.collect()));
        }
        page
    }

    fn json(&self) -> String {
        let workflows: Vec<Value> = self.workflows.iter().map(line_json).collect();
        json::text(&json!({"workflows": workflows, "unread": self.unread}))
    }

    fn json_lines(&self) -> Vec<String> {
        self.workflows.iter().map(|it| json::text(&line_json(it))).collect()
    }
}

impl View for WorkflowDetail<'_> {
    fn document(&self) -> Document {
        let it = self.definition;
        let mut page = Document::new();
        let mut fields = vec![
            ("workflow".to_owned(), Text::name(it.id())),
            ("name".to_owned(), Text::plain(it.name())),
            ("version".to_owned(), number(it.version())),
            ("digest".to_owned(), Text::name(it.digest())),
        ];
        if !it.description().is_empty() {
            fields.push(("for".to_owned(), Text::plain(it.description())));
        }
        page.heading(1, "Workflow").add(Block::Fields(fields));
        page.heading(2, "Nodes");
        let rows = it.nodes().iter().map(|node| {
            let leads = it.outputs(&node.node_id).join(", ");
            let sort = node.config.node_type().as_str();
            vec![Text::name(&node.node_id), Text::plain(&node.name), Text::plain(sort), Text::plain(leads)]
        });
        page.add(Block::Table(["Node", "Name", "Type", "Leads to"].map(Column::text).into(), rows.collect()));
        page.heading(2, "Versions");
        let rows = self.versions.iter().map(|it| {
            vec![number(it.version), short(&it.digest), Text::plain(&it.change), Text::name(&it.by), when(Some(it.at))]
        });
        let mut columns = vec![Column::number("Version")];
        columns.extend(["Digest", "Change", "By", "When"].map(Column::text));
        page.add(Block::Table(columns, rows.collect()));
        page
    }

    fn json(&self) -> String {
        let versions: Vec<Value> = self.versions.iter().map(line_json).collect();
        let (definition, digest) = (self.definition.to_listed_json(), self.definition.digest());
        json::text(&json!({"workflow": definition, "digest": digest, "versions": versions}))
    }
}

impl View for WorkflowChanged<'_> {
    fn document(&self) -> Document {
        let it = self.shelved;
        let mut fields = vec![
            ("workflow".to_owned(), Text::name(&it.workflow_id)),
            ("version".to_owned(), number(it.version)),
            ("digest".to_owned(), Text::name(&it.digest)),
        ];
        fields.extend(self.node_id.map(|id| ("node".to_owned(), Text::name(id))));
        let mut page = Document::new();
        page.add(Block::Fields(fields));
        page
    }

    fn json(&self) -> String {
        let mut told = line_json(self.shelved);
        if let Some(id) = self.node_id {
            told["node_id"] = json!(id);
        }
        json::text(&told)
    }
}

impl View for WorkflowValidation<'_> {
    fn document(&self) -> Document {
        let it = self.0;
        let mut page = Document::new();
        page.line(if it.valid {
            Text::toned("It can run.", Tone::Good)
        } else {
            Text::toned("It cannot run.", Tone::Bad)
        });
        for (heading, texts) in [("Errors", &it.errors), ("Warnings", &it.warnings), ("Suggestions", &it.suggestions)] {
            if !texts.is_empty() {
                page.heading(2, heading);
                let rows = texts.iter().map(|text| vec![Text::plain(text)]);
                page.add(Block::Table(vec![Column::whole("What")], rows.collect()));
            }
        }
        if !it.not_undoable.is_empty() {
            page.heading(2, "What could not be undone").line(Text::plain(json::text(&it.not_undoable)));
        }
        page
    }

    fn json(&self) -> String {
        json::text(self.0)
    }
}

impl View for WorkflowDiff<'_> {
    fn document(&self) -> Document {
        let it = self.0;
        let mut rows = Vec::new();
        let mut add = |what: &str, which: String, change: String| {
            rows.push(vec![Text::plain(what), Text::name(which), Text::plain(change)]);
        };
        let value = |it: &Option<Value>| it.as_ref().map_or_else(|| "nothing".to_owned(), json::text);
        for field in &it.fields {
            add("changed", field.at.clone(), format!("{} → {}", value(&field.before), value(&field.after)));
        }
        it.added.iter().for_each(|id| add("added", id.clone(), String::new()));
        it.removed.iter().for_each(|id| add("removed", id.clone(), String::new()));
        for node in &it.changed {
            for field in &node.fields {
                let change = format!("{} → {}", value(&field.before), value(&field.after));
                add("changed", format!("{}{}", node.node_id, field.at), change);
            }
        }
        let edge = |edge: &sealbook_flow::workflow::Edge| format!("{} → {}", edge.from, edge.to);
        it.connected.iter().for_each(|it| add("connected", edge(it), it.branch.clone().unwrap_or_default()));
        it.disconnected.iter().for_each(|it| add("disconnected", edge(it), it.branch.clone().unwrap_or_default()));
        let mut page = Document::new();
        page.add(Block::Table(["What", "Where", "How"].map(Column::text).into(), rows));
        page
    }

    fn json(&self) -> String {
        json::text(self.0)
    }
}

fn run_json(run: &Run) -> Value {
    json!({
        "execution_id": run.run_id, "workflow_id": run.workflow_id, "digest": run.digest, "version": run.version,
        "status": run.status.as_str(), "began": run.began, "ended": run.ended, "why": run.why, "dry": run.dry,
        "fork": run.fork,
    })
}

impl View for RunList<'_> {
    fn document(&self) -> Document {
        let rows = self.runs.iter().map(|run| {
            vec![
                Text::name(&run.run_id),
                Text::name(&run.workflow_id),
                standing(run.status),
                when(Some(run.began)),
                when(run.ended),
                Text::plain(run.why.as_deref().unwrap_or_default()),
            ]
        });
        let columns = ["Run", "Workflow", "Status", "Began", "Ended", "Why"].map(Column::text);
        let mut page = Document::new();
        page.add(Block::Table(columns.into(), rows.collect()));
        if self.more {
            page.line("There are more; --limit shows them.");
        }
        page
    }

    fn json(&self) -> String {
        let runs: Vec<Value> = self.runs.iter().map(run_json).collect();
        json::text(&json!({"runs": runs, "more": self.more}))
    }

    fn json_lines(&self) -> Vec<String> {
        self.runs.iter().map(|run| json::text(&run_json(run))).collect()
    }
}

impl View for RunDetail<'_> {
    fn document(&self) -> Document {
        let (run, mut page) = (self.run, Document::new());
        let mut fields = vec![
            ("run".to_owned(), Text::name(&run.run_id)),
            ("workflow".to_owned(), Text::name(&run.workflow_id)),
            ("status".to_owned(), standing(run.status)),
            ("began".to_owned(), when(Some(run.began))),
        ];
        fields.extend(run.ended.map(|at| ("ended".to_owned(), when(Some(at)))));
        fields.extend(run.why.as_ref().map(|why| ("why".to_owned(), Text::plain(why))));
        if run.dry {
            fields.push(("dry".to_owned(), Text::plain("nothing with an effect was called")));
        }
        if let Some(fork) = &run.fork {
            fields.push(("made from".to_owned(), Text::name(&fork.run).and(format!(", at {}", fork.at))));
        }
        fields.extend(self.waiting.iter().map(|id| ("waits for".to_owned(), Text::name(id))));
        page.heading(1, "Run").add(Block::Fields(fields));
        let trace = run.trace(self.definition);
        page.heading(2, "Steps");
        let rows = trace.iter().map(|Trace { timestamp, node_id, node_name, action, error, .. }| {
            let told = error.as_deref().unwrap_or_default();
            let at = Text::plain(timestamp.to_string());
            vec![at, Text::name(node_id), Text::plain(node_name), Text::plain(*action), Text::plain(told)]
        });
        page.add(Block::Table(["When", "Step", "Name", "What", "Why"].map(Column::text).into(), rows.collect()));
        let outputs = run.outputs(self.definition);
        if !outputs.is_empty() {
            page.heading(2, "Outputs");
            let rows = outputs.iter().map(|(id, value)| {
                let text = value.as_str().map_or_else(|| json::text(value), str::to_owned);
                vec![Text::name(id), Text::plain(text)]
            });
            page.add(Block::Table(vec![Column::text("Output"), Column::whole("Value")], rows.collect()));
        }
        page
    }

    fn json(&self) -> String {
        let mut told = self.run.status(self.definition, self.now);
        told["why"] = json!(self.run.why);
        told["fork"] = json!(self.run.fork);
        told["waiting"] = json!(self.waiting);
        told["outputs"] = Value::Object(self.run.outputs(self.definition));
        told["nodes"] = json!(self.run.next(self.definition).nodes);
        told["execution_trace"] = json!(self.run.trace(self.definition));
        json::text(&told)
    }
}

impl View for ReplayList<'_> {
    fn document(&self) -> Document {
        let rows = self.0.iter().map(|it| {
            let same = if it.is_same() { Text::toned("yes", Tone::Good) } else { Text::toned("no", Tone::Doubtful) };
            let why = Text::plain(it.why.as_deref().unwrap_or_default());
            vec![Text::name(&it.run_id), same, Text::plain(&it.before), Text::plain(&it.after), why]
        });
        let mut page = Document::new();
        page.add(Block::Table(["Run", "Same", "Before", "After", "Why"].map(Column::text).into(), rows.collect()));
        page
    }

    fn json(&self) -> String {
        json::text(&json!({"replayed": self.0.iter().map(Replayed::json).collect::<Vec<_>>()}))
    }

    fn json_lines(&self) -> Vec<String> {
        self.0.iter().map(|it| json::text(&it.json())).collect()
    }
}
