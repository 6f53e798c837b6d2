//! Vectors of texts, from an endpoint that speaks OpenAI's API:
//! <https://platform.openai.com/docs/api-reference/embeddings>.

use std::time::Duration;

use serde_json::{Value, json};

use crate::tools::openai::OpenAi;
use crate::{Cause, Fault};

/// Texts of one request.
const BATCH: usize = 64;
/// Longer vectors are no model's.
const LENGTH_MAX: usize = 16_384;

/// A model that makes vectors.
pub struct Embeddings(OpenAi);

impl Embeddings {
    /// The model of this service.
    pub(in crate::tools) const fn new(service: OpenAi) -> Self {
        Self(service)
    }

    /// What it is called.
    pub fn model(&self) -> &str {
        self.0.model()
    }

    /// The vectors of some texts, in their order; each request takes as long as is given at most.
    ///
    /// Errors: the endpoint refuses, does not answer, or answers with something else than a vector for each text, all
    /// of one length.
    pub async fn of(&self, texts: &[String], left: Duration) -> Result<Vec<Vec<f32>>, Fault> {
        let mut vectors = Vec::with_capacity(texts.len());
        for batch in texts.chunks(BATCH) {
            let body = json!({"model": self.model(), "input": batch, "encoding_format": "float"});
            let answer = self.0.ask_json(&["embeddings"], &body, left).await?;
            vectors.extend(read(&answer, batch.len())?);
        }
        if vectors.windows(2).any(|two| two[0].len() != two[1].len()) {
            return Err(unreadable("its vectors have different lengths"));
        }
        Ok(vectors)
    }

    /// The vector of one text.
    pub(super) async fn of_one(&self, text: &str, left: Duration) -> Result<Vec<f32>, Fault> {
        let vectors = self.of(&[text.to_owned()], left).await?;
        vectors.into_iter().next().ok_or_else(|| unreadable("it has no vector"))
    }
}

/// The vectors of an answer; each says by its `index` which text it is of.
fn read(answer: &Value, texts: usize) -> Result<Vec<Vec<f32>>, Fault> {
    let data = answer["data"].as_array().filter(|data| data.len() == texts);
    let data = data.ok_or_else(|| unreadable("it has not one vector for each text"))?;
    let mut vectors = vec![Vec::new(); texts];
    for one in data {
        let index = one["index"].as_u64().and_then(|index| usize::try_from(index).ok()).filter(|index| *index < texts);
        let numbers = one["embedding"].as_array().filter(|it| !it.is_empty() && it.len() <= LENGTH_MAX);
        let (Some(index), Some(numbers)) = (index, numbers) else {
            return Err(unreadable("what it has for a text is no vector"));
        };
        #[expect(clippy::cast_possible_truncation, reason = "vectors are kept in single precision")]
        let vector = numbers.iter().map(|number| number.as_f64().map(|number| number as f32));
        vectors[index] = vector.collect::<Option<_>>().ok_or_else(|| unreadable("a vector holds what is no number"))?;
    }
    if vectors.iter().any(Vec::is_empty) {
        return Err(unreadable("a text has no vector, and another has two"));
    }
    Ok(vectors)
}

fn unreadable(why: &str) -> Fault {
    Fault::new(Cause::Unreadable).with_detail(why)
}
