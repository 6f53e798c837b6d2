//! Questions: every field of the record, AND between fields, newest first, keyset cursors.

use roaring::RoaringBitmap;
use sealbook_ledger::Uuid;
use sealbook_record::{PartName, Record, Timestamp};

use crate::projection::{CHUNK_BITS, Field, IndexView, Term, chunk_of, each_term, each_text_word, each_word, term_of};
use crate::{Error, Ledger, Reader, Stored};

/// How many records a page holds where nothing is said.
const LIMIT_DEFAULT: usize = 100;
/// The most records of one page.
const LIMIT_MAX: usize = 10_000;
/// The most values that a trailing `*` may stand for.
const WILDCARD_VALUES_MAX: usize = 1_000;

/// What is asked. Fields are ANDed; several values of one field are alternatives, except for
/// `tags` and `text`, of which all must fit. A value that ends in `*` is a prefix.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "the fields are those of the record")]
pub struct Query {
    pub action: Vec<String>,
    pub actor: Vec<String>,
    pub actor_kind: Vec<String>,
    pub actor_name: Vec<String>,
    pub on_behalf_of: Vec<String>,
    pub claimed: Vec<String>,
    pub verified: Vec<String>,
    pub category: Vec<String>,
    pub classification: Vec<String>,
    pub conversation: Vec<String>,
    pub leaf_type: Vec<String>,
    pub operation: Vec<String>,
    pub outcome: Vec<String>,
    pub parent: Vec<String>,
    pub phase: Vec<String>,
    pub project: Vec<String>,
    pub retention: Vec<String>,
    pub session: Vec<String>,
    pub severity: Vec<String>,
    pub source: Vec<String>,
    pub tags: Vec<String>,
    pub target: Vec<String>,
    pub target_kind: Vec<String>,
    pub trace: Vec<String>,
    /// Records that have this part.
    pub has: Vec<String>,
    /// The record of this id.
    pub id: Option<Uuid>,
    /// At or after.
    pub since: Option<Timestamp>,
    /// At or before.
    pub until: Option<Timestamp>,
    /// Took at least this long.
    pub duration_min_us: Option<u64>,
    /// Took at most this long.
    pub duration_max_us: Option<u64>,
    /// Words that all occur in the record's text.
    pub text: Option<String>,
    /// Occurs in the action or in the error, anywhere, in any case.
    pub contains: Option<String>,
    /// Page size; 100 where nothing is said.
    pub limit: Option<usize>,
    /// Where the page before ended.
    pub cursor: Option<Cursor>,
    /// Oldest first.
    pub ascending: bool,
}

/// Where a page ended: stable while the ledger grows, since a place never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor(pub(crate) u64);

impl Cursor {
    /// Where a page begins that holds only what comes after a place, oldest first.
    pub fn after(seq: u64) -> Self {
        Self(seq)
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "s{}", self.0)
    }
}

impl std::str::FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        text.strip_prefix('s').and_then(|seq| seq.parse().ok()).map(Self).ok_or_else(|| Error::QueryInvalid {
            field: "cursor",
            why: "it is not one that a page ended with; leave it out to start at the newest".to_owned(),
        })
    }
}

/// One page of an answer.
#[derive(Debug, Clone)]
pub struct Page {
    /// Each read from the ledger and checked against the tree.
    pub rows: Vec<Stored>,
    /// What to ask with for the next page; `None` at the end.
    pub next: Option<Cursor>,
}

impl Ledger {
    /// Answers a question. The index is first brought up to the head as it is now.
    pub fn query(&self, query: &Query) -> Result<Page, Error> {
        let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
        if limit == 0 || limit > LIMIT_MAX {
            return Err(Error::QueryInvalid {
                field: "limit",
                why: format!("it is 1 to {LIMIT_MAX}; page with the cursor"),
            });
        }
        let mut rows = Vec::new();
        let mut next = None;
        self.each_match(query, &mut |stored| {
            if rows.len() == limit {
                next = rows.last().map(|last: &Stored| Cursor(last.seq));
                return Ok(false);
            }
            rows.push(stored);
            Ok(true)
        })?;
        Ok(Page { rows, next })
    }

    /// Calls `each` for every record that fits, in the query's order, until it says `false`.
    /// Memory does not grow with the number of records.
    pub fn each_match(&self, query: &Query, each: &mut dyn FnMut(Stored) -> Result<bool, Error>) -> Result<(), Error> {
        // What asks for no word would be answered with everything.
        if query.text.is_some() && query.words().is_empty() {
            return Err(Error::QueryInvalid {
                field: "text",
                why: "it has no word, which is made of letters and digits; give one, or leave it out".to_owned(),
            });
        }
        let reader = self.reader()?;
        let size = reader.size()?;
        if let Some(id) = query.id {
            if let Some(stored) = reader.by_id(id)?.filter(|stored| query.fits(stored)) {
                each(stored)?;
            }
            return Ok(());
        }
        self.each_indexed(&reader, query, (size, 0), each).map(drop)
    }

    /// As [`Ledger::each_match`] in the first `size` records of a view. Where the index is at most `behind_max`
    /// records behind it is left so: to write a few records into it costs more than to read them. Gives how many
    /// records the answer is about.
    pub(crate) fn each_indexed(
        &self,
        reader: &Reader<'_>,
        query: &Query,
        (size, behind_max): (u64, u64),
        each: &mut dyn FnMut(Stored) -> Result<bool, Error>,
    ) -> Result<u64, Error> {
        let (known, plan, chunks) = {
            let mut index = self.index.lock();
            let mut known = index.cursor()?.min(size);
            if size - known > behind_max {
                index.catch_up(&*self.store)?;
                known = size;
            }
            let plan = Plan::new(query, &index.view())?;
            let chunks = plan.chunks(&index.view(), known, query)?;
            (known, plan, chunks)
        };
        for chunk in chunks {
            // Held for a chunk at a time: `each` may ask questions of its own, and appends go on.
            let found = plan.candidates(&self.index.lock().view(), chunk, known, query)?;
            let mut ascending = found.iter();
            while let Some(low) = if query.ascending { ascending.next() } else { ascending.next_back() } {
                let stored = reader.record((chunk << CHUNK_BITS) + u64::from(low))?;
                self.note_altered(&stored);
                // The index only proposes: a record is shown for what the ledger says of it.
                if query.fits(&stored) && !each(stored)? {
                    return Ok(known);
                }
            }
        }
        Ok(known)
    }
}

/// A query in terms of the index: each group is alternatives, groups are ANDed.
struct Plan {
    groups: Vec<Vec<Term>>,
    is_timed: bool,
}

impl Plan {
    fn new(query: &Query, view: &IndexView<'_>) -> Result<Self, Error> {
        let mut groups = Vec::new();
        for (field, values) in query.fields() {
            if values.is_empty() {
                continue;
            }
            let mut group = Vec::new();
            for value in values {
                match value.strip_suffix('*') {
                    Some(prefix) => {
                        let values = view.values(field, prefix, WILDCARD_VALUES_MAX + 1)?;
                        if values.len() > WILDCARD_VALUES_MAX {
                            let why =
                                format!("{value:?} stands for more than {WILDCARD_VALUES_MAX} values; give more of it");
                            return Err(Error::QueryInvalid { field: "wildcard", why });
                        }
                        group.extend(values.iter().map(|v| term_of(field, v)));
                    }
                    None => group.push(term_of(field, value)),
                }
            }
            groups.push(group);
        }
        groups.extend(query.tags.iter().map(|tag| vec![term_of(Field::Tag, tag)]));
        for word in query.words() {
            groups.push(vec![term_of(Field::Text, &word)]);
        }
        if let Some(needle) = &query.contains {
            let needle = needle.to_lowercase();
            let actions = view.values(Field::Action, "", usize::MAX)?;
            let mut group: Vec<_> = actions
                .iter()
                .filter(|a| a.to_lowercase().contains(&needle))
                .map(|a| term_of(Field::Action, a))
                .collect();
            group.push(term_of(Field::Has, PartName::Error.as_str()));
            groups.push(group);
        }
        Ok(Self { groups, is_timed: query.since.is_some() || query.until.is_some() })
    }

    /// The chunks that can hold a match, in the query's order.
    fn chunks(&self, view: &IndexView<'_>, size: u64, query: &Query) -> Result<Vec<u64>, Error> {
        let last = match size.checked_sub(1) {
            Some(last) => chunk_of(last),
            None => return Ok(Vec::new()),
        };
        let mut chunks: Vec<u64> = (0..=last).rev().collect();
        for group in &self.groups {
            let mut having = std::collections::BTreeSet::new();
            for term in group {
                having.extend(view.chunks(term)?);
            }
            chunks.retain(|chunk| having.contains(chunk));
        }
        if let Some(Cursor(seq)) = query.cursor {
            let at = chunk_of(seq);
            chunks.retain(|chunk| if query.ascending { *chunk >= at } else { *chunk <= at });
        }
        if query.ascending {
            chunks.reverse();
        }
        Ok(chunks)
    }

    fn candidates(&self, view: &IndexView<'_>, chunk: u64, size: u64, query: &Query) -> Result<RoaringBitmap, Error> {
        let first = chunk << CHUNK_BITS;
        let mut found = RoaringBitmap::new();
        found.insert_range(0..(size - first).min(1 << CHUNK_BITS) as u32);
        if let Some(Cursor(seq)) = query.cursor.filter(|Cursor(seq)| chunk_of(*seq) == chunk) {
            let low = (seq - first) as u32;
            if query.ascending {
                found.remove_range(0..=low);
            } else {
                found.remove_range(low..);
            }
        }
        for group in &self.groups {
            let mut any = RoaringBitmap::new();
            for term in group {
                any |= view.postings(term, chunk)?;
            }
            found &= any;
            if found.is_empty() {
                return Ok(found);
            }
        }
        if self.is_timed {
            let from = query.since.map_or(i64::MIN, Timestamp::as_micros);
            let to = query.until.map_or(i64::MAX, Timestamp::as_micros);
            found &= view.in_time(chunk, from, to)?;
        }
        Ok(found)
    }
}

impl Query {
    /// Fields of which any of several values fits. `tags` is not among them.
    fn fields(&self) -> [(Field, &[String]); 24] {
        [
            (Field::Action, &self.action),
            (Field::ActorId, &self.actor),
            (Field::ActorKind, &self.actor_kind),
            (Field::ActorName, &self.actor_name),
            (Field::OnBehalfOf, &self.on_behalf_of),
            (Field::Claimed, &self.claimed),
            (Field::Verified, &self.verified),
            (Field::Category, &self.category),
            (Field::Classification, &self.classification),
            (Field::Conversation, &self.conversation),
            (Field::LeafType, &self.leaf_type),
            (Field::Operation, &self.operation),
            (Field::Outcome, &self.outcome),
            (Field::Parent, &self.parent),
            (Field::Phase, &self.phase),
            (Field::Project, &self.project),
            (Field::Retention, &self.retention),
            (Field::Session, &self.session),
            (Field::Severity, &self.severity),
            (Field::Source, &self.source),
            (Field::TargetId, &self.target),
            (Field::TargetKind, &self.target_kind),
            (Field::Trace, &self.trace),
            (Field::Has, &self.has),
        ]
    }

    fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        if let Some(text) = &self.text {
            each_word(text, &mut String::new(), |word| words.push(word.to_owned()));
        }
        words
    }

    /// Whether the ledger's own record fits, whatever the index said. Page, order and `id` are not asked.
    pub fn fits(&self, stored: &Stored) -> bool {
        let at = stored.leaf.occurred_us;
        let in_time = self.since.is_none_or(|t| t.as_micros() <= at) && self.until.is_none_or(|t| at <= t.as_micros());
        let of_type = self.leaf_type.is_empty() || self.leaf_type.iter().any(|t| t == stored.leaf.typ.as_str());
        if !in_time || !of_type {
            return false;
        }
        let Some(record) = &stored.record else {
            // What it said cannot be known any more, and must not be passed over in silence.
            return !stored.altered.is_empty() || self.asks_for_type_alone();
        };
        self.fits_fields(record) && self.fits_duration(record) && self.fits_text(record) && self.fits_substring(record)
    }

    /// A record whose statement is gone fits what its leaf alone can answer.
    fn asks_for_type_alone(&self) -> bool {
        self.fields().iter().all(|(field, values)| *field == Field::LeafType || values.is_empty())
            && self.tags.is_empty()
            && self.text.is_none()
            && self.contains.is_none()
            && self.duration_min_us.is_none()
            && self.duration_max_us.is_none()
    }

    fn fits_fields(&self, record: &Record) -> bool {
        let mut open: Vec<(Field, &[String])> = self
            .fields()
            .into_iter()
            .filter(|(field, values)| *field != Field::LeafType && !values.is_empty())
            .collect();
        let mut tags: Vec<&String> = self.tags.iter().collect();
        if open.is_empty() && tags.is_empty() {
            return true;
        }
        each_term(record, &mut |field, value| {
            open.retain(|(wanted, values)| *wanted != field || !values.iter().any(|v| value_fits(v, value)));
            if field == Field::Tag {
                tags.retain(|tag| *tag != value);
            }
        });
        open.is_empty() && tags.is_empty()
    }

    fn fits_duration(&self, record: &Record) -> bool {
        let bounds = (self.duration_min_us, self.duration_max_us);
        match (bounds, record.duration_us) {
            ((None, None), _) => true,
            (_, None) => false,
            ((min, max), Some(us)) => min.is_none_or(|m| m <= us) && max.is_none_or(|m| us <= m),
        }
    }

    fn fits_text(&self, record: &Record) -> bool {
        let mut wanted = self.words();
        if wanted.is_empty() {
            return true;
        }
        each_text_word(record, &mut String::new(), &mut |word| wanted.retain(|w| crate::projection::cut(w) != word));
        wanted.is_empty()
    }

    fn fits_substring(&self, record: &Record) -> bool {
        let Some(needle) = self.contains.as_deref().map(str::to_lowercase) else { return true };
        record.action.to_lowercase().contains(&needle)
            || record.part(PartName::Error).is_some_and(|error| error.get().to_lowercase().contains(&needle))
    }
}

fn value_fits(wanted: &str, value: &str) -> bool {
    match wanted.strip_suffix('*') {
        Some(prefix) => value.starts_with(prefix),
        None => wanted == value,
    }
}
