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

use super::tool::Definition;

/// Every tool, in the order in which clients list them.
pub(crate) static TOOLS: &[&Definition] = &[
    &audit_trail::TOOL,
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

/// The tool of that name.
pub(crate) fn find(name: &str) -> Option<&'static Definition> {
    TOOLS.iter().copied().find(|tool| tool.name == name)
}
