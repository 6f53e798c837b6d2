//! What a run over services saw: each check, and the host.

use sealbook_record::{PartName, Record};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::words;
use super::part;
use crate::{Column, Row, Text, Tone};

/// What is shown of the part `result` of a `service.checked` or `service.host`.
#[derive(Deserialize)]
struct Told {
    service: String,
    check: String,
    what: String,
    state: String,
    #[serde(default)]
    why: Option<String>,
    took_us: u64,
    figures: Map<String, Value>,
}

pub(super) static SERVICES: &[Column] = &[
    Column::number("Seq"),
    Column::text("Service"),
    Column::whole("State"),
    Column::whole("Check"),
    Column::text("What"),
    Column::number("Took"),
    Column::text("Figures"),
    Column::text("Why"),
];

pub(super) fn row(seq: u64, record: &Record) -> Option<Row> {
    let told: Told = part(record, PartName::Result)?;
    let tone = match told.state.as_str() {
        "up" => Tone::Good,
        "degraded" => Tone::Doubtful,
        _ => Tone::Bad,
    };
    let took = if told.took_us == 0 { String::new() } else { words::duration(told.took_us) };
    Some(vec![
        Text::plain(seq.to_string()),
        Text::name(told.service),
        Text::toned(told.state, tone),
        Text::plain(&told.check),
        if told.check == "host" { Text::default() } else { Text::name(told.what) },
        Text::plain(took),
        Text::plain(figures(&told.figures)),
        Text::plain(told.why.unwrap_or_default()),
    ])
}

/// Those that a person looks for first.
fn figures(figures: &Map<String, Value>) -> String {
    let number = |name: &str| figures.get(name).and_then(Value::as_u64);
    let text = |name: &str| figures.get(name).and_then(Value::as_str);
    let mut told = Vec::new();
    told.extend(number("status").map(|status| format!("HTTP {status}")));
    told.extend(text("status").map(str::to_owned));
    told.extend(text("health").map(str::to_owned));
    told.extend(figures.get("code").and_then(Value::as_i64).map(|code| format!("code {code}")));
    told.extend(number("processes").filter(|count| *count > 1).map(|count| format!("{count} processes")));
    told.extend(figures.get("cpu_percent").and_then(Value::as_f64).map(|percent| format!("CPU {percent}%")));
    match (number("memory_free_bytes"), number("memory_bytes")) {
        (Some(free), Some(all)) => told.push(format!("{} of {} free", words::bytes(free), words::bytes(all))),
        (None, Some(used)) => told.push(words::bytes(used)),
        _ => {}
    }
    if let Some(load) = figures.get("load").and_then(Value::as_array) {
        let load: Vec<String> = load.iter().filter_map(Value::as_f64).map(|load| format!("{load:.2}")).collect();
        told.push(format!("load {}", load.join(" ")));
    }
    told.extend(number("restarts").filter(|count| *count > 0).map(|count| format!("{count} restarts")));
    told.extend(number("uptime_s").map(|uptime| format!("up {}", length(uptime))));
    told.join(", ")
}

/// A length of time in its two greatest units.
fn length(seconds: u64) -> String {
    let units = [("d", seconds / 86_400), ("h", seconds / 3_600 % 24), ("min", seconds / 60 % 60), ("s", seconds % 60)];
    let first = units.iter().position(|(_, count)| *count > 0).unwrap_or(3);
    units[first..].iter().take(2).map(|(unit, count)| format!("{count} {unit}")).collect::<Vec<_>>().join(" ")
}
