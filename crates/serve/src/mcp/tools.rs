//! The tools there are.

mod alerts;
mod approvals;
mod audit;
mod audit_file;
mod audit_git;
mod audit_logs;
mod audit_module;
mod audit_services;
mod audit_trail;
mod query;
mod stop;
mod verify;
mod workflow_composer;

use super::Desk;
use super::tool::Definition;

/// Every tool, in the order in which clients list them.
pub(crate) static TOOLS: &[&Definition] = &[
    &audit_trail::TOOL,
    &workflow_composer::TOOL,
    &audit_file::TOOL,
    &audit_git::TOOL,
    &audit_logs::TOOL,
    &audit_module::TOOL,
    &audit_services::TOOL,
    &verify::TOOL,
    &query::TOOL,
    &alerts::LIST,
    &alerts::ASSIGN,
    &alerts::RESOLVE,
    &approvals::LIST,
    &stop::SET,
    &stop::LIST,
];

/// The tools of this server.
pub(crate) fn of(desk: &Desk) -> impl Iterator<Item = &'static Definition> {
    let has_composer = workflow_composer::is_there(desk);
    TOOLS.iter().copied().filter(move |tool| has_composer || tool.name != workflow_composer::TOOL.name)
}

/// The tool of that name.
pub(crate) fn find(desk: &Desk, name: &str) -> Option<&'static Definition> {
    of(desk).find(|tool| tool.name == name)
}
