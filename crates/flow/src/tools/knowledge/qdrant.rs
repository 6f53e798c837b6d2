//! Qdrant's REST API, of which points are asked for: <https://api.qdrant.tech/api-reference/search/query-points>.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::tools::api::{Api, Ask, Login};
use crate::{ApiKey, Cause, Error, Fault};

/// A collection of points whose payload has a text.
pub struct Qdrant {
    api: Api,
    collection: String,
    /// The member of the payload that is the text.
    content: String,
    /// The member of the payload that says whose it is, where several tenants share the collection.
    tenant: Option<String>,
}

impl Qdrant {
    /// A collection at this address. The text of a point stands in the member `content` of its payload; where there
    /// is a `tenant` member, only points of the caller's tenant are found.
    ///
    /// Errors: [`Error::ToolInvalid`], where the address cannot be used or the collection has no name.
    pub fn new(
        url: &str,
        key: Option<ApiKey>,
        collection: &str,
        content: &str,
        tenant: Option<&str>,
    ) -> Result<Self, Error> {
        let invalid = |why| Error::ToolInvalid { tool: "knowledge_base".to_owned(), why };
        if collection.is_empty() || content.is_empty() {
            return Err(invalid("`collection` and `content_key` are names, and one of them is empty"));
        }
        let api = Api::new(url, key.map(|key| Login::Header("api-key", key))).map_err(invalid)?;
        let (collection, content) = (collection.to_owned(), content.to_owned());
        Ok(Self { api, collection, content, tenant: tenant.map(str::to_owned) })
    }

    /// The points that are nearest to a vector, as results.
    pub(super) async fn find(
        &self,
        tenant: &str,
        vector: &[f32],
        limit: u64,
        left: Duration,
    ) -> Result<Vec<Value>, Fault> {
        let mut body = json!({"query": vector, "limit": limit, "with_payload": true});
        if let Some(key) = &self.tenant {
            body["filter"] = json!({"must": [{"key": key, "match": {"value": tenant}}]});
        }
        let path = ["collections", &self.collection, "points", "query"];
        let answer = self.api.ask(Ask::new(Method::POST, &path, left).json(&body)).await?.taken()?.json()?;
        let points = answer["result"]["points"].as_array().ok_or_else(|| unreadable("it has no points"))?;
        // What the other side was asked to leave out is not taken from it all the same.
        let is_own = |payload: &Map<String, Value>| {
            self.tenant.as_ref().is_none_or(|key| payload.get(key).and_then(Value::as_str) == Some(tenant))
        };
        let payloads = points.iter().filter_map(|point| point["payload"].as_object()).filter(|it| is_own(it));
        payloads.map(|payload| self.result(payload)).collect()
    }

    fn result(&self, payload: &Map<String, Value>) -> Result<Value, Fault> {
        let mut rest = payload.clone();
        let Some(Value::String(content)) = rest.remove(&self.content) else {
            return Err(Fault::permanent(format!(
                "a point's payload has no text `{}`; set `content_key`",
                self.content
            )));
        };
        // LangChain's way of it; else all that the payload holds beside the text.
        let metadata = match rest.remove("metadata") {
            Some(Value::Object(metadata)) => metadata,
            Some(other) => [("metadata".to_owned(), other)].into_iter().chain(rest).collect(),
            None => rest,
        };
        Ok(json!({"content": content, "metadata": metadata}))
    }
}

fn unreadable(why: &str) -> Fault {
    Fault::new(Cause::Unreadable).with_detail(why)
}
