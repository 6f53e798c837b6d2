//! A commit in the repository that was audited, with a consent of its own.

use sealbook_flow::{Ending, enter};
use sealbook_inspect::{Keeper, Kept};
use sealbook_record::{Category, Outcome, PartName, Target, TargetKind};
use serde_json::json;

use super::{Book, Delivery, Leaving};
use crate::command::Context;
use crate::failure::Failure;

pub(super) fn open(delivery: &Delivery, context: &Context) -> Result<Keeper, Failure> {
    if !delivery.allow_changes {
        let mend = "add --allow-changes to let it add a commit; files, index and HEAD stay as they are";
        return Err(Failure::usage("--export git writes to your repository, and nobody allowed that", mend));
    }
    Ok(Keeper::open(&context.environment.current_dir, &delivery.git_ref)?)
}

pub(super) fn keep(keeper: &Keeper, leaving: &Leaving, book: &Book, context: &Context) -> Result<(), Failure> {
    let mut files: Vec<(&str, &[u8])> = leaving.files.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect();
    files.push(("checkpoint", leaving.brief.checkpoint.as_bytes()));
    let names: Vec<_> = files.iter().map(|(name, bytes)| json!({"name": name, "bytes": bytes.len()})).collect();
    let input = json!({
        "system": "git", "run": leaving.run.to_string(), "repository": keeper.repository(),
        "reference": keeper.reference(), "files": names,
    });
    let mut intent = book.intent(Target::new(TargetKind::Git, keeper.reference()), &input)?;
    intent.category = Category::ConfigChange;
    let state = |commit: Option<&str>| json!({"reference": keeper.reference(), "commit": commit});
    intent.set_part(PartName::Before, &state(keeper.before().as_deref())).expect("a value is JSON");
    let actor = intent.actor.id.clone();
    // Where this program ends before the outcome, nobody knows whether the reference was moved.
    let entered = enter(&book.journal, intent)?.if_dropped(Outcome::Unknown);
    let message = format!("{}\n\n{}", leaving.brief.title, leaving.brief.text());
    let kept = keeper.keep(&Kept {
        files: &files,
        message: &message,
        run: &leaving.run.to_string(),
        author: &actor,
        seconds: book.ledger.now().as_micros().div_euclid(1_000_000),
    });
    match kept {
        Ok(commit) => {
            let ending = Ending::new(Outcome::Ok).with(PartName::Result, &json!({"commit": commit}));
            entered.end(ending.with(PartName::After, &state(Some(&commit))))?;
            context.note(&format!("the report is commit {commit} under {}", keeper.reference()));
            context.out.write_text(&format!("{commit}\n"))
        }
        Err(cause) => {
            let told = json!({"code": cause.code(), "message": cause.to_string()});
            entered.end(Ending::new(Outcome::Failed).with(PartName::Error, &told))?;
            Err(cause.into())
        }
    }
}
