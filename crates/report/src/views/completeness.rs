//! What a book should hold and does not.

use sealbook_record::{CaptureGap, MissingNumbers, OpenIntent, SeenOnce, Silence, Told};
use serde::Serialize;

use super::words;
use crate::{Block, Column, Document, Text, Tone, View, json};

/// A person reads this many of each.
const SHOWN: usize = 50;

/// What is missing from a book: of the story its records tell, of its audits, of the ledgers before it.
#[derive(Debug, Clone, Copy)]
pub struct Gaps<'a> {
    /// Of the story.
    pub told: &'a Told,
    /// Audits that did not read everything, and times in which a watch lost events.
    pub incomplete_audits: &'a [IncompleteAudit],
    /// Ledgers that the book goes on from and that are not beside it.
    pub missing_ledgers: &'a [String],
    /// Whether silences were looked for.
    pub silence_judged: bool,
}

/// The outcome of an audit that did not read everything.
#[derive(Debug, Clone, Serialize)]
pub struct IncompleteAudit {
    /// Its place.
    pub seq: u64,
    /// Its id.
    pub id: String,
    /// What was audited.
    pub target: String,
}

impl Gaps<'_> {
    /// Whether nothing is missing.
    pub fn are_none(&self) -> bool {
        self.told.is_complete() && self.incomplete_audits.is_empty() && self.missing_ledgers.is_empty()
    }

    fn story(&self, page: &mut Document) {
        let told = self.told;
        table(
            page,
            "Intents without an outcome",
            vec![
                Column::number("Seq"),
                Column::whole("Id"),
                Column::text("Actor"),
                Column::text("Action"),
                Column::text("Target"),
            ],
            &told.open_intents,
            |open| {
                let words = [&open.actor, &open.action, &open.target].map(|text| known(text.as_deref()));
                [Text::plain(open.seq.to_string()), Text::name(open.id.to_string())].into_iter().chain(words).collect()
            },
        );
        if !told.outcomes_alone.is_empty() {
            let outcomes = words::count(told.outcomes_alone.len() as u64, "outcome", "outcomes");
            let what = format!("{outcomes} of something that was never announced");
            page.line(Text::toned(what, Tone::Doubtful).and(format!(": {}", records(&told.outcomes_alone))));
        }
        let around = |name| vec![Column::number("After"), Column::number("Before"), Column::whole(name)];
        table(page, "The clock stepped back", around("By"), &told.clock_steps, |(before, after, us)| {
            vec![Text::plain(before.to_string()), Text::plain(after.to_string()), length(*us)]
        });
        table(page, "Times without any record", around("For"), &told.silences, silent);
        let mut columns = vec![Column::text("Actor")];
        columns.extend(around("For"));
        let heading = "Silent, with something announced and not ended";
        table(page, heading, columns, &told.actor_silences, |(actor, silence)| {
            std::iter::once(Text::name(actor)).chain(silent(silence)).collect()
        });
        self.counted(page);
        let nameless = told.actors_unknown.len() as u64;
        if nameless > 0 {
            let (one, many) = ("record names no actor", "records name no actor");
            page.line(
                Text::toned(words::count(nameless, one, many), Tone::Doubtful)
                    .and(": `sealbook query --actor unknown` lists them."),
            );
        }
    }

    fn counted(&self, page: &mut Document) {
        let number = |number: u64| Text::plain(number.to_string());
        let mut columns = vec![Column::text("Actor"), Column::text("Session")];
        columns.extend([Column::number("After"), Column::number("Before"), Column::whole("Missing")]);
        table(page, "Numbers of an actor that are missing", columns, &self.told.missing_numbers, |missing| {
            let session = missing.session.as_ref().map_or_else(Text::default, Text::name);
            let numbers = words::ranges(&[(missing.first, missing.last)]);
            vec![Text::name(&missing.actor), session, number(missing.before), number(missing.after), numbers.into()]
        });
        let columns = vec![Column::number("Seq"), Column::text("Target"), Column::whole("Missed by")];
        table(page, "Seen one way, and not the other", columns, &self.told.seen_once, |seen| {
            vec![number(seen.seq), Text::name(&seen.target), Text::plain(seen.missed_by)]
        });
        let columns = ["Seq", "Passed", "Refused", "Dropped"].map(Column::number).to_vec();
        table(page, "While the book could not be written", columns, &self.told.capture_gaps, |gap| {
            vec![number(gap.seq), number(gap.passed), number(gap.refused), number(gap.dropped)]
        });
    }
}

impl View for Gaps<'_> {
    fn document(&self) -> Document {
        let mut page = Document::new();
        page.heading(2, "Completeness");
        if self.are_none() {
            let silences = if self.silence_judged { ", nobody was silent for too long" } else { "" };
            let all = format!(": every intent has an outcome, every audit read all it should{silences}.");
            page.line(Text::toned("Nothing is missing", Tone::Good).and(all));
            return page;
        }
        self.story(&mut page);
        let columns = vec![Column::number("Seq"), Column::whole("Id"), Column::text("Target")];
        table(&mut page, "Audits and watches that did not see everything", columns, self.incomplete_audits, |audit| {
            vec![Text::plain(audit.seq.to_string()), Text::name(&audit.id), Text::name(&audit.target)]
        });
        for origin in self.missing_ledgers {
            page.line(
                Text::toned("A ledger that the book goes on from is not beside it: ", Tone::Bad).and_name(origin),
            );
        }
        page
    }

    fn json(&self) -> String {
        let told = self.told;
        json::text(&GapsJson {
            open_intents: told.open_intents.iter().map(OpenJson::of).collect(),
            outcomes_alone: &told.outcomes_alone,
            clock_steps: told
                .clock_steps
                .iter()
                .map(|&(after, before, back_us)| StepJson { after, before, back_us })
                .collect(),
            silences: told.silences.iter().map(|silence| SilenceJson::of(None, silence)).collect(),
            actor_silences: told
                .actor_silences
                .iter()
                .map(|(who, silence)| SilenceJson::of(Some(who), silence))
                .collect(),
            without_actor: told.actors_unknown.len(),
            missing_numbers: told.missing_numbers.iter().map(NumbersJson::of).collect(),
            seen_once: told.seen_once.iter().map(SeenJson::of).collect(),
            capture_gaps: told.capture_gaps.iter().map(CaptureJson::of).collect(),
            incomplete_audits: self.incomplete_audits,
            missing_ledgers: self.missing_ledgers,
        })
    }
}

#[derive(Serialize)]
struct GapsJson<'a> {
    open_intents: Vec<OpenJson<'a>>,
    outcomes_alone: &'a [u64],
    clock_steps: Vec<StepJson>,
    silences: Vec<SilenceJson<'a>>,
    actor_silences: Vec<SilenceJson<'a>>,
    without_actor: usize,
    missing_numbers: Vec<NumbersJson<'a>>,
    seen_once: Vec<SeenJson<'a>>,
    capture_gaps: Vec<CaptureJson>,
    incomplete_audits: &'a [IncompleteAudit],
    missing_ledgers: &'a [String],
}

#[derive(Serialize)]
struct OpenJson<'a> {
    seq: u64,
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
    occurred: String,
}

impl<'a> OpenJson<'a> {
    fn of(open: &'a OpenIntent) -> Self {
        Self {
            seq: open.seq,
            id: open.id.to_string(),
            operation: open.operation.map(|id| id.to_string()),
            actor: open.actor.as_deref(),
            action: open.action.as_deref(),
            target: open.target.as_deref(),
            occurred: open.occurred.to_string(),
        }
    }
}

/// The record before, the one after, and the numbers that should lie between.
#[derive(Serialize)]
struct NumbersJson<'a> {
    actor: &'a str,
    session: Option<&'a str>,
    after: u64,
    before: u64,
    first: u64,
    last: u64,
}

impl<'a> NumbersJson<'a> {
    fn of(missing: &'a MissingNumbers) -> Self {
        let MissingNumbers { actor, session, before: after, after: before, first, last } = missing;
        Self { actor, session: session.as_deref(), after: *after, before: *before, first: *first, last: *last }
    }
}

#[derive(Serialize)]
struct SeenJson<'a> {
    seq: u64,
    target: &'a str,
    missed_by: &'a str,
}

impl<'a> SeenJson<'a> {
    fn of(seen: &'a SeenOnce) -> Self {
        Self { seq: seen.seq, target: &seen.target, missed_by: seen.missed_by }
    }
}

#[derive(Serialize)]
struct CaptureJson {
    seq: u64,
    passed: u64,
    refused: u64,
    dropped: u64,
}

impl CaptureJson {
    fn of(gap: &CaptureGap) -> Self {
        Self { seq: gap.seq, passed: gap.passed, refused: gap.refused, dropped: gap.dropped }
    }
}

/// The record before the step, the one after it, and how far back.
#[derive(Serialize)]
struct StepJson {
    after: u64,
    before: u64,
    back_us: i64,
}

/// The record after which it began, the one that ended it (none while it lasts), and its length.
#[derive(Serialize)]
struct SilenceJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<&'a str>,
    after: u64,
    before: Option<u64>,
    silent_us: i64,
}

impl<'a> SilenceJson<'a> {
    fn of(actor: Option<&'a String>, silence: &Silence) -> Self {
        let Silence { before: after, after: before, us } = *silence;
        Self { actor: actor.map(String::as_str), after, before, silent_us: us }
    }
}

fn table<T>(page: &mut Document, heading: &str, columns: Vec<Column>, all: &[T], row: impl Fn(&T) -> Vec<Text>) {
    if all.is_empty() {
        return;
    }
    page.heading(3, heading);
    page.add(Block::Table(columns, all.iter().take(SHOWN).map(row).collect()));
    if all.len() > SHOWN {
        page.line(format!("… and {} more; --format json shows all.", all.len() - SHOWN));
    }
}

fn silent(silence: &Silence) -> Vec<Text> {
    let ended =
        silence.after.map_or_else(|| Text::toned("(lasts)", Tone::Doubtful), |seq| Text::plain(seq.to_string()));
    vec![Text::plain(silence.before.to_string()), ended, length(silence.us)]
}

fn length(us: i64) -> Text {
    Text::plain(words::duration(us.unsigned_abs()))
}

fn known(text: Option<&str>) -> Text {
    text.map_or_else(|| Text::toned("(erased)", Tone::Faint), Text::name)
}

fn records(seqs: &[u64]) -> String {
    let each: Vec<(u64, u64)> = seqs.iter().map(|seq| (*seq, *seq)).collect();
    words::ranges(&each)
}
