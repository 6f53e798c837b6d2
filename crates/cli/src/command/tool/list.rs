//! `sealbook tool list` and `sealbook tool show`.

use std::path::Path;

use sealbook_flow::Listed;
use sealbook_report::{ToolDetail, ToolLine, ToolList};

use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::tools_file::{self, Tools};

pub(super) fn all(file: Option<&Path>, context: &Context) -> Result<Exit, Failure> {
    let tools = tools(file, context)?;
    let lines: Vec<ToolLine> = tools.registry.list().map(|listed| line(&listed, false)).collect();
    context.out.show(&ToolList { tools: &lines })?;
    Ok(Exit::Clean)
}

pub(super) fn one(file: Option<&Path>, name: &str, context: &Context) -> Result<Exit, Failure> {
    let tools = tools(file, context)?;
    let unknown = || sealbook_flow::Error::ToolUnknown { tool: name.to_owned() };
    let listed = tools.registry.describe(name).ok_or_else(unknown)?;
    context.out.show(&ToolDetail { tool: &line(&listed, true) })?;
    Ok(Exit::Clean)
}

/// No book is needed to look at tools; a tenant's name is.
fn tools(file: Option<&Path>, context: &Context) -> Result<Tools, Failure> {
    let place = context.place()?;
    tools_file::read(&context.environment, file, &place.tenant)
}

fn line(listed: &Listed<'_>, is_whole: bool) -> ToolLine {
    let info = listed.info;
    ToolLine {
        name: info.name.clone(),
        description: info.description.clone(),
        backend: info.backend.clone(),
        effect: info.effect.as_str().to_owned(),
        reversal: info.reversal.as_str().to_owned(),
        available: listed.availability.available,
        why: listed.availability.why.clone(),
        pin: listed.pin.to_owned(),
        input: is_whole.then(|| info.input.text().clone()),
        output: info.output.as_ref().filter(|_| is_whole).map(|schema| schema.text().clone()),
    }
}
