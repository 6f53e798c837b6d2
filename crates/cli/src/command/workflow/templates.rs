//! `sealbook workflow templates`.

use sealbook_flow::workflow::node_templates;
use sealbook_report::{Block, Column, Document, Text, View};

use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Show the types of nodes, and what each is told
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

struct Templates;

pub(super) fn run(_: &Args, context: &Context) -> Result<Exit, Failure> {
    context.out.show(&Templates)?;
    Ok(Exit::Clean)
}

impl View for Templates {
    fn document(&self) -> Document {
        let mut page = Document::new();
        let rows = node_templates().into_iter().map(|it| {
            let members = it.config_schema["properties"].as_object();
            let members = members.map(|map| map.keys().cloned().collect::<Vec<_>>().join(", "));
            let sort = it.node_type.as_str();
            vec![Text::name(sort), Text::plain(it.description), Text::plain(members.unwrap_or_default())]
        });
        page.add(Block::Table(["Type", "Does", "Config"].map(Column::text).into(), rows.collect()));
        page
    }

    fn json(&self) -> String {
        serde_json::json!({"templates": node_templates()}).to_string()
    }
}
