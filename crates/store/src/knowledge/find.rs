//! Finds passages: by words, by vectors, by both.

use std::collections::HashMap;

use rusqlite::{Connection, params};
use serde_json::{Map, Value, json};

use super::Knowledge;
use crate::Error;

/// Words of a question that are looked for.
const QUERY_WORDS_MAX: usize = 64;
/// How many of each order are joined.
const CANDIDATES: usize = 50;
/// As in "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning Methods" (SIGIR 2009).
const RANK_OFFSET: f64 = 60.0;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct PassageQuery<'q> {
    /// In plain words: no letter of it has a meaning of its own.
    pub text: &'q str,
    /// The question's vector, and the model that made it: passages with vectors of the same are compared.
    pub vector: Option<(&'q str, &'q [f32])>,
    /// How many passages at most.
    pub top_k: usize,
}

/// A passage.
#[derive(Debug, Clone, PartialEq)]
pub struct Passage {
    /// What it says.
    pub content: String,
    /// What is known of its document, with `source`, its name, and `passage`, which of it this is, from 1.
    pub metadata: Map<String, Value>,
    /// How well it fits; compare it with others of the same answer alone.
    pub score: f64,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundPassages {
    /// The best, best first.
    pub passages: Vec<Passage>,
    /// How many passages have any of the words, and those that were found by their vectors alone.
    pub total: u64,
}

impl Knowledge {
    /// The passages that fit best.
    ///
    /// Errors: [`Error::QueryInvalid`], where the question has no word and no vector; or the file cannot be used.
    pub fn find(&self, query: &PassageQuery<'_>) -> Result<FoundPassages, Error> {
        let words = match_of(query.text);
        if words.is_none() && query.vector.is_none() {
            let why = "it has no word, which is made of letters and digits; give one".to_owned();
            return Err(Error::QueryInvalid { field: "query", why });
        }
        let Some(connection) = self.open_to_read()? else {
            return Ok(FoundPassages { passages: Vec::new(), total: 0 });
        };
        let found = (|| {
            let (by_words, mut total) = match &words {
                Some(words) => by_words(&connection, words, query.top_k.max(CANDIDATES))?,
                None => (Vec::new(), 0),
            };
            let best = match query.vector {
                None => by_words,
                Some((model, vector)) => {
                    let by_vector = by_vector(&connection, model, vector)?;
                    let lacks = |id: &i64| !has_words(&connection, words.as_deref(), *id);
                    total += by_vector.iter().filter(|(id, _)| lacks(id)).count() as u64;
                    joined(&[by_words, by_vector])
                }
            };
            let best = best.into_iter().take(query.top_k);
            let passages = best.map(|(id, score)| passage(&connection, id, score)).collect::<rusqlite::Result<_>>()?;
            Ok(FoundPassages { passages, total })
        })();
        found.map_err(|e| self.failed(&e))
    }
}

/// Passages and how well they fit, best first.
type Ranked = Vec<(i64, f64)>;

fn by_words(connection: &Connection, words: &str, most: usize) -> rusqlite::Result<(Ranked, u64)> {
    let total: i64 =
        connection.query_row("SELECT count(*) FROM words WHERE words MATCH ?1", [words], |row| row.get(0))?;
    let mut statement = connection
        .prepare("SELECT rowid, -bm25(words) FROM words WHERE words MATCH ?1 ORDER BY bm25(words), rowid LIMIT ?2")?;
    let rows = statement.query_map(params![words, most as i64], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((rows.collect::<rusqlite::Result<_>>()?, total as u64))
}

fn has_words(connection: &Connection, words: Option<&str>, id: i64) -> bool {
    let asked = |words| {
        connection.query_row("SELECT 1 FROM words WHERE words MATCH ?1 AND rowid = ?2", params![words, id], |_| Ok(()))
    };
    words.is_some_and(|words| asked(words).is_ok())
}

fn by_vector(connection: &Connection, model: &str, vector: &[f32]) -> rusqlite::Result<Ranked> {
    let unit = bytes_of(vector);
    let unit: Vec<f32> = numbers(&unit).collect();
    let mut statement = connection.prepare("SELECT id, vector FROM passages WHERE model = ?1")?;
    let mut rows = statement.query([model])?;
    let mut ranked = Ranked::new();
    while let Some(row) = rows.next()? {
        let bytes = row.get_ref(1)?.as_blob().unwrap_or_default();
        // A model that changed its length is another one.
        if bytes.len() == unit.len() * 4 {
            let likeness: f32 = numbers(bytes).zip(&unit).map(|(a, b)| a * b).sum();
            ranked.push((row.get(0)?, f64::from(likeness)));
        }
    }
    ranked.sort_by(|(id, a), (other, b)| b.total_cmp(a).then(id.cmp(other)));
    ranked.truncate(CANDIDATES);
    Ok(ranked)
}

/// Joins orders: what stands high in each stands first.
fn joined(orders: &[Ranked]) -> Ranked {
    let mut scores: HashMap<i64, f64> = HashMap::new();
    for order in orders {
        for (nth, (id, _)) in order.iter().take(CANDIDATES).enumerate() {
            *scores.entry(*id).or_default() += 1.0 / (RANK_OFFSET + 1.0 + nth as f64);
        }
    }
    let mut ranked: Ranked = scores.into_iter().collect();
    ranked.sort_by(|(id, a), (other, b)| b.total_cmp(a).then(id.cmp(other)));
    ranked
}

fn passage(connection: &Connection, id: i64, score: f64) -> rusqlite::Result<Passage> {
    connection.query_row(
        "SELECT w.content, d.name, d.metadata, p.nth FROM passages p JOIN documents d ON d.id = p.document
         JOIN words w ON w.rowid = p.id WHERE p.id = ?1",
        [id],
        |row| {
            let (name, metadata, nth): (String, String, i64) = (row.get(1)?, row.get(2)?, row.get(3)?);
            let mut metadata: Map<String, Value> = serde_json::from_str(&metadata).unwrap_or_default();
            metadata.insert("source".to_owned(), json!(name));
            metadata.insert("passage".to_owned(), json!(nth + 1));
            Ok(Passage { content: row.get(0)?, metadata, score })
        },
    )
}

/// The words of a question, each quoted, any of them: nothing of FTS5's own language comes from outside.
fn match_of(text: &str) -> Option<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).take(QUERY_WORDS_MAX);
    let words: Vec<String> = words.map(|word| format!("\"{word}\"")).collect();
    (!words.is_empty()).then(|| words.join(" OR "))
}

/// A vector of length one, as it is stored.
pub(super) fn bytes_of(vector: &[f32]) -> Vec<u8> {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    let by = if length.is_finite() && length > 0.0 { length } else { 1.0 };
    vector.iter().flat_map(|x| (x / by).to_le_bytes()).collect()
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = f32> {
    bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes))
}
