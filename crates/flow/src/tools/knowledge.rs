//! `knowledge_base`: finds what is written about a question, among a tenant's own documents or in Qdrant.

mod embeddings;
mod qdrant;

use std::time::Duration;

use sealbook_record::Category;
use sealbook_store::{Knowledge, PassageQuery};
use serde_json::{Value, json};

pub use self::embeddings::Embeddings;
pub use self::qdrant::Qdrant;
use super::text;
use crate::tool::{Availability, Compensation, Deed, Effect, Reversal, Tool, ToolCall, ToolInfo};
use crate::{Error, Fault, Pending, Schema, offload};

const TOP_K_DEFAULT: u64 = 3;
const TOP_K_MAX: u64 = 50;
const QUERY_CHARS_MAX: usize = 4_000;

/// Where the passages are.
pub enum Passages {
    /// In the tenant's own file: found by words, and by vectors too where there is a model that makes them.
    Own(Knowledge, Option<Embeddings>),
    /// In a collection of Qdrant: found by vectors.
    Qdrant(Qdrant, Embeddings),
}

/// The tool.
pub struct KnowledgeBase {
    info: ToolInfo,
    passages: Passages,
}

impl KnowledgeBase {
    /// Errors: [`Error::SchemaInvalid`], which ours is not.
    pub fn new(passages: Passages) -> Result<Self, Error> {
        let backend = match &passages {
            Passages::Own(_, None) => "own documents, by words",
            Passages::Own(_, Some(_)) => "own documents, by words and vectors",
            Passages::Qdrant(..) => "qdrant",
        };
        let info = ToolInfo {
            name: "knowledge_base".to_owned(),
            description: "Finds what is written about a question, the best passages first.".to_owned(),
            backend: backend.to_owned(),
            effect: Effect::Read,
            reversal: Reversal::Nothing,
            input: Schema::new(input())?,
            output: Some(Schema::new(output())?),
        };
        Ok(Self { info, passages })
    }

    async fn find(&self, call: &ToolCall<'_>) -> Result<Value, Fault> {
        let query = text(call.input, "query").unwrap_or_default();
        let top_k = call.input["top_k"].as_u64().unwrap_or(TOP_K_DEFAULT).clamp(1, TOP_K_MAX);
        let (results, total) = match &self.passages {
            Passages::Own(knowledge, embeddings) => {
                own(knowledge, embeddings.as_ref(), query, top_k, call.left).await?
            }
            Passages::Qdrant(qdrant, embeddings) => {
                let vector = embeddings.of_one(query, call.left).await?;
                let found = qdrant.find(call.tenant, &vector, top_k, call.left).await?;
                let total = found.len() as u64;
                (found, total)
            }
        };
        Ok(json!({"query": query, "results": results, "total_found": total}))
    }
}

async fn own(
    knowledge: &Knowledge,
    embeddings: Option<&Embeddings>,
    query: &str,
    top_k: u64,
    left: Duration,
) -> Result<(Vec<Value>, u64), Fault> {
    let vector = match embeddings {
        Some(embeddings) => Some((embeddings.model().to_owned(), embeddings.of_one(query, left).await?)),
        None => None,
    };
    let (knowledge, query) = (knowledge.clone(), query.to_owned());
    let found = offload(move || {
        let vector = vector.as_ref().map(|(model, vector)| (model.as_str(), vector.as_slice()));
        knowledge.find(&PassageQuery { text: &query, vector, top_k: usize::try_from(top_k).unwrap_or(1) })
    });
    let found = found.await.map_err(|error| Fault::permanent(error.to_string()))?;
    let found = found.map_err(|error| Fault::permanent(error.to_string()))?;
    let results = found.passages.into_iter().map(|one| json!({"content": one.content, "metadata": one.metadata}));
    Ok((results.collect(), found.total))
}

impl Tool for KnowledgeBase {
    fn info(&self) -> &ToolInfo {
        &self.info
    }

    fn deed(&self, _: &Value) -> Deed {
        let (action, category) = ("knowledge.search".to_owned(), Category::RagSearch);
        Deed { action, category, effect: Effect::Read, reversal: Reversal::Nothing }
    }

    fn availability(&self) -> Availability {
        match &self.passages {
            Passages::Own(knowledge, _) if !knowledge.exists() => Availability::no(
                "there are no documents; add some with `sealbook knowledge add FILE`, or name a \
                     service in the table [knowledge_base] of tools.toml",
            ),
            _ => Availability::YES,
        }
    }

    fn call<'a>(&'a self, call: &'a ToolCall<'a>) -> Pending<'a, Result<Value, Fault>> {
        Box::pin(self.find(call))
    }

    fn compensation(&self, _: &Value, _: &Value) -> Compensation {
        Compensation::Nothing
    }
}

fn input() -> Value {
    json!({
        "type": "object",
        "required": ["query"],
        "additionalProperties": false,
        "properties": {
            "query": {"type": "string", "minLength": 1, "maxLength": QUERY_CHARS_MAX,
                "description": "The question, in plain words"},
            "top_k": {"type": "integer", "minimum": 1, "maximum": TOP_K_MAX, "default": TOP_K_DEFAULT},
        },
    })
}

fn output() -> Value {
    json!({"type": "object", "required": ["query", "results", "total_found"], "properties": {
        "query": {"type": "string"},
        "results": {"type": "array", "items": {"type": "object", "required": ["content", "metadata"],
            "properties": {"content": {"type": "string"}, "metadata": {"type": "object"}}}},
        "total_found": {"type": "integer"}}})
}
