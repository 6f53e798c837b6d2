//! A message by an incoming webhook. Its address is a secret: it comes from a file or a variable, and is never told.

use std::path::Path;

use sealbook_flow::{Error, Webhook};
use sealbook_record::{Target, TargetKind};
use serde_json::json;

use super::{Book, Leaving};
use crate::command::Context;
use crate::environment::secret;
use crate::failure::Failure;
use crate::model_file::private;

const VARIABLE: &str = "SEALBOOK_SLACK_WEBHOOK";

pub(super) fn open(file: Option<&Path>, context: &Context) -> Result<Webhook, Failure> {
    let Some(file) = file else {
        let mend = format!("give a file of mode 0600 by --webhook-file, or set {VARIABLE}");
        let address = secret(VARIABLE).ok_or_else(|| Failure::usage("no address of a webhook is given", mend))?;
        return Webhook::new(&address).map_err(|cause| Failure::from(cause).at(VARIABLE));
    };
    let path = context.environment.absolute(file);
    let name = path.display().to_string();
    let address = private(&path).map_err(|why| Error::ApiKeyUnusable { name: name.clone(), why })?;
    Webhook::new(&address).map_err(|cause| Failure::from(cause).at(name))
}

pub(super) fn post(webhook: &Webhook, leaving: &Leaving, book: &Book, context: &Context) -> Result<(), Failure> {
    let message = leaving.brief.chat();
    let input = json!({"system": "slack", "run": leaving.run.to_string(), "message": message});
    let intent = book.intent(Target::new(TargetKind::Service, "slack"), &input)?;
    let text = message.to_string();
    let attempts = book.try_often(intent, |most| webhook.send(text.clone(), most))?;
    context.note(&format!("the report was posted, at attempt {attempts}"));
    Ok(())
}
