//! `[knowledge_base]`: where the passages are, and which model makes vectors of questions.

use serde::Deserialize;

use super::{Bench, Credential, openai};
use crate::Error;
use crate::tools::knowledge::{Embeddings, KnowledgeBase, Passages, Qdrant};

pub(super) const TOOL: &str = "knowledge_base";

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Form {
    #[serde(default)]
    kind: Kind,
    embeddings: Option<openai::Form>,
    url: Option<String>,
    api_key: Option<Credential>,
    collection: Option<String>,
    content_key: Option<String>,
    tenant_key: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// The tenant's own file.
    #[default]
    Own,
    Qdrant,
}

impl Form {
    pub(super) fn embeddings(&self, bench: &Bench<'_>) -> Result<Option<Embeddings>, Error> {
        self.embeddings.as_ref().map(|form| Ok(Embeddings::new(form.build(TOOL, bench)?))).transpose()
    }

    pub(super) fn is_own(&self) -> bool {
        self.kind == Kind::Own
    }

    /// The tool; none where the documents would be our own and nobody says where they lie.
    pub(super) fn build(&self, bench: &Bench<'_>) -> Result<Option<KnowledgeBase>, Error> {
        let invalid = |why| Error::ToolInvalid { tool: TOOL.to_owned(), why };
        let embeddings = self.embeddings(bench)?;
        if self.kind == Kind::Own {
            let names_a_service = self.url.is_some() || self.api_key.is_some() || self.collection.is_some();
            if names_a_service || self.content_key.is_some() || self.tenant_key.is_some() {
                return Err(invalid("its documents are its own and it names a service; say `kind = \"qdrant\"`"));
            }
            let Some(knowledge) = bench.places.knowledge.clone() else { return Ok(None) };
            return KnowledgeBase::new(Passages::Own(knowledge, embeddings)).map(Some);
        }
        let (Some(url), Some(collection), Some(embeddings)) = (&self.url, &self.collection, embeddings) else {
            return Err(invalid("it is `qdrant` and needs `url`, `collection` and the table `embeddings`"));
        };
        let key = self.api_key.as_ref().map(|key| bench.key(TOOL, key)).transpose()?;
        let content = self.content_key.as_deref().unwrap_or("content");
        let qdrant = Qdrant::new(url, key, collection, content, self.tenant_key.as_deref())?;
        KnowledgeBase::new(Passages::Qdrant(qdrant, embeddings)).map(Some)
    }
}
