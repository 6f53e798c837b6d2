//! `sealbook knowledge add`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sealbook_flow::Embeddings;
use sealbook_report::DocumentList;
use sealbook_store::{NewDocument, Vectors, passages};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{event, on_record};
use crate::args::Acting;
use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::{Input, name_of};
use crate::tools_file;

/// How long one request for vectors may take.
const EMBED_TIMEOUT: Duration = Duration::from_mins(2);

/// Add documents, or put them in the place of those of their names
///
/// A document is a text in UTF-8 of at most 16 MiB. It is cut into passages at its paragraphs. All are read before
/// the first is added.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Text files; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// What the document is called, where it is one [default: the path as it was given]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// What else is known of it, shown with its passages: a JSON object
    #[arg(long, value_name = "JSON")]
    metadata: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    reason: Option<String>,
    #[command(flatten)]
    acting: Acting,
}

/// What is on record of a document that is added.
#[derive(Serialize)]
struct Added<'a> {
    digest: String,
    bytes: usize,
    metadata: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replaces: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
}

pub(super) fn run(args: &Args, file: Option<&Path>, context: &Context) -> Result<Exit, Failure> {
    let documents = documents(args)?;
    let tenant = context.place()?.tenant;
    let configured = tools_file::open(&context.environment, file, &tenant)?;
    let knowledge = tools_file::knowledge(&context.environment, &tenant)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|cause| Failure::Input { name: "the system's timers".to_owned(), cause })?;
    // A client wants a runtime around it when it is made.
    let embeddings = runtime.block_on(async { configured.embeddings() })?;
    let mut added = Vec::new();
    for document in &documents {
        let session = context.open_as(&args.acting)?;
        let mut intent = event("knowledge.add", &document.name, &session);
        intent.reason.clone_from(&args.reason);
        let before = knowledge.document(&document.name)?;
        let told = Added {
            digest: document.digest().to_string(),
            bytes: document.text.len(),
            metadata: &document.metadata,
            replaces: before.map(|before| before.digest.to_string()),
            model: embeddings.as_ref().map(Embeddings::model),
        };
        let now = session.ledger.now();
        let put = on_record(intent, session, &told, || {
            let vectors = embeddings.as_ref().map(|model| runtime.block_on(vectors(model, document))).transpose()?;
            Ok(knowledge.put(document, vectors.as_ref(), now)?)
        });
        added.push(put?.0);
    }
    context.out.show(&DocumentList { documents: &added })?;
    Ok(Exit::Clean)
}

async fn vectors(model: &Embeddings, document: &NewDocument) -> Result<Vectors, Failure> {
    let vectors = model.of(&passages(&document.text), EMBED_TIMEOUT).await.map_err(|fault| {
        let what = format!("the model {} made no vectors of {}: {fault}", model.model(), document.name);
        Failure::usage(what, "mend [knowledge_base.embeddings] in tools.toml, and add it again; nothing was changed")
    })?;
    Ok(Vectors { model: model.model().to_owned(), vectors })
}

fn documents(args: &Args) -> Result<Vec<NewDocument>, Failure> {
    if args.name.is_some() && args.files.len() > 1 {
        return Err(Failure::usage("--name names one document, and several are given", "add them one by one"));
    }
    let metadata = match args.metadata.as_deref().map(serde_json::from_str) {
        None => Map::new(),
        Some(Ok(Value::Object(metadata))) => metadata,
        Some(_) => return Err(Failure::usage("--metadata is no JSON object", "write it as '{\"language\": \"en\"}'")),
    };
    let mut documents = Vec::new();
    for path in &args.files {
        let bytes = Input::open(path)?.read_all()?;
        let text = String::from_utf8(bytes).map_err(|_| {
            let what = format!("{} is no text in UTF-8", name_of(path));
            Failure::usage(what, "extract its text first, or convert it")
        })?;
        let name = args.name.clone().unwrap_or_else(|| path.to_string_lossy().into_owned());
        let document = NewDocument { name, text, metadata: metadata.clone() };
        document.check()?;
        documents.push(document);
    }
    Ok(documents)
}
