//! Lets a tool mend files, on record: what they were before, and what they are afterwards.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use sealbook_ledger::Phase;
use serde_json::{Value, json};

use super::super::module::hex;
use super::tell::{Fix, Teller};
use super::tool::{Crash, Desk, Tool};
use super::tree::Tree;
use crate::Error;

/// Files that one record names; of more, their digest as a whole is told.
const LISTED: usize = 4_000;

/// Errors within are of the tool, errors without of the book.
pub(super) fn fix(
    teller: &mut Teller<'_, '_>,
    tool: &dyn Tool,
    desk: &Desk<'_>,
    tree: &Tree,
    arguments: Vec<OsString>,
) -> Result<Result<(), Crash>, Error> {
    let is_own = |path: &&String| tool.endings().iter().any(|ending| path.ends_with(&format!(".{ending}")));
    let paths: Vec<&String> = tree.texts.iter().filter(is_own).collect();
    let before = digests(desk.root, &paths);
    let told = listed(&before);
    let operation = teller.request.stamp.id();
    let mut of = Fix { operation, intent: None, before: &told, after: None, is_well: true };
    of.intent = Some(teller.fix(tool.name(), Phase::Intent, &of)?);
    let ran = desk.mend(arguments);
    let after = digests(desk.root, &paths);
    let changed: BTreeMap<&str, String> = after
        .iter()
        .filter(|(path, digest)| before.get(*path) != Some(digest))
        .map(|(path, it)| (*path, it.clone()))
        .collect();
    let was: BTreeMap<&str, String> =
        changed.keys().filter_map(|path| Some((*path, before.get(path)?.clone()))).collect();
    let was = listed(&was);
    // Some end with a code of their own where something is left that they cannot mend.
    of.is_well = ran.as_ref().is_ok_and(|ran| ran.code.is_some_and(|code| code < 2 || tool.name() == "clippy"));
    let outcome = Fix { before: &was, after: Some(listed(&changed)), ..of };
    teller.fix(tool.name(), Phase::Outcome, &outcome)?;
    Ok(match ran {
        Ok(_) if outcome.is_well => Ok(()),
        Ok(ran) => Err(Crash { why: "tool_crashed", detail: "it could not mend".to_owned(), exit: ran.code }),
        Err(crash) => Err(crash),
    })
}

fn digests<'a>(root: &Path, paths: &[&'a String]) -> BTreeMap<&'a str, String> {
    let digest = |bytes: &[u8]| hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref());
    let read = |path: &&'a String| Some((path.as_str(), digest(&std::fs::read(root.join(path.as_str())).ok()?)));
    paths.iter().filter_map(read).collect()
}

fn listed(files: &BTreeMap<&str, String>) -> Value {
    let all: String = files.iter().map(|(path, digest)| format!("{path}\0{digest}\n")).collect();
    let whole = hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, all.as_bytes()).as_ref());
    let list: Vec<Value> =
        files.iter().take(LISTED).map(|(path, digest)| json!({"path": path, "sha256": digest})).collect();
    json!({"count": files.len(), "sha256": whole, "files": list})
}
