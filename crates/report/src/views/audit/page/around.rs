//! What happened around an audit: earlier ones, days and hours, who did what, files.

use std::collections::HashMap;

use sealbook_record::{Severity, Timestamp};

use super::badge;
use super::findings::class;
use crate::html::{self, Bar, Html};
use crate::views::chronicle::{Chronicle, Count, Day, RunTally};
use crate::views::words;
use crate::{AuditRun, Column, Text, Tone};

/// A chart has at most so many bars: longer times have bars of several days.
const BARS_MAX: i64 = 90;
/// Rows of each table.
const ROWS_SHOWN: usize = 15;
const MOMENTS_SHOWN: usize = 40;
const DAY_US: i64 = 86_400_000_000;
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// How many findings each audit of the target had.
pub(super) fn trend(trend: &[RunTally], run: &AuditRun, html: &mut Html) {
    if trend.len() < 2 {
        return;
    }
    badge("none", html);
    let bars: Vec<Bar> = trend
        .iter()
        .map(|tally| {
            let began = words::second(tally.began);
            let named = Severity::ALL.iter().zip(tally.findings);
            let told: Vec<String> =
                named.clone().rev().filter(|(_, n)| *n > 0).map(|(s, n)| format!("{n} {s}")).collect();
            let told = if told.is_empty() { "no findings".to_owned() } else { told.join(", ") };
            let gaps = if tally.complete { "" } else { " (incomplete)" };
            let this = if tally.run == run.run { ", this audit" } else { "" };
            Bar {
                label: began.chars().take(10).collect(),
                told: format!("{began}{gaps}{this}: {told}"),
                pieces: named.rev().map(|(severity, count)| (class(severity.as_str()), count)).collect(),
            }
        })
        .collect();
    html.raw("<div class=\"scroll\">");
    html::bars("Findings of each audit of this target, by severity", &bars, html);
    html.raw("</div>\n");
    legend(&["critical", "error", "warning", "info", "debug"], html);
    let (first, last) = (&trend[0], &trend[trend.len() - 1]);
    let total = |tally: &RunTally| tally.findings.iter().sum::<u64>();
    let told = format!(
        "{} audits since {}: from {} to {}.",
        trend.len(),
        words::second(first.began),
        words::count(total(first), "finding", "findings"),
        words::grouped(total(last)),
    );
    html.element("p", &[], &told).raw("\n");
}

/// When things happened, and the moments that people look for.
pub(super) fn timeline(chronicle: &Chronicle, html: &mut Html) {
    badge("none", html);
    let mut told = words::count(chronicle.records, "record", "records");
    if chronicle.is_cut {
        told += ", the newest; older ones are not counted here";
    }
    if chronicle.unreadable > 0 {
        told += &format!(", {} of them erased or unreadable", words::grouped(chronicle.unreadable));
    }
    html.element("p", &[], &format!("{told}. Days are those that the records claim, in UTC.")).raw("\n");
    html.raw("<div class=\"scroll\">");
    html::bars("What was done and what audits saw, by day", &days(chronicle), html);
    html.raw("</div>\n");
    legend(&["done", "seen"], html);
    html.raw("<div class=\"scroll\">");
    html::strip("When things were done: weekdays and hours, in UTC", WEEKDAYS, &chronicle.hours, html);
    html.raw("</div>\n");
    if chronicle.moments.is_empty() {
        return;
    }
    html.raw("<h3>Moments</h3>\n<p>Audits, decisions, stops, alerts, keys, and whatever was blocked; the newest first.</p>\n");
    let columns = [
        Column::number("Seq"),
        Column::whole("When"),
        Column::text("Who"),
        Column::text("What"),
        Column::text("To what"),
        Column::text("How it ended, and why"),
    ];
    html::head(&columns, html);
    for moment in chronicle.moments.iter().take(MOMENTS_SHOWN) {
        let mut ended = moment
            .outcome
            .map_or_else(Text::default, |outcome| Text::toned(outcome.as_str(), words::outcome_tone(outcome)));
        if let Some(reason) = &moment.reason {
            ended = if ended.is_empty() { Text::plain(reason) } else { ended.and(": ").and(reason) };
        }
        let cells = [
            Text::plain(moment.seq.to_string()),
            Text::plain(words::second(moment.at)),
            Text::name(&moment.actor),
            Text::name(&moment.action),
            Text::name(&moment.target),
            ended,
        ];
        row(&columns, &cells, html);
    }
    html::foot(html);
}

/// Actors and actions, the busiest first.
pub(super) fn who(chronicle: &Chronicle, html: &mut Html) {
    if chronicle.actors.is_empty() {
        return;
    }
    badge("none", html);
    counts("Who", &chronicle.actors, html);
    counts("What", &chronicle.actions, html);
}

fn counts(what: &'static str, counts: &HashMap<String, Count>, html: &mut Html) {
    let mut sorted: Vec<(&String, &Count)> = counts.iter().collect();
    sorted.sort_by(|a, b| (b.1.times, a.0).cmp(&(a.1.times, b.0)));
    let most = sorted.first().map_or(0, |(_, count)| count.times);
    let columns = [
        Column::text(what),
        Column::number("Times"),
        Column::whole(""),
        Column::number("Failed"),
        Column::number("Blocked"),
    ];
    html::head(&columns, html);
    for (name, count) in sorted.iter().take(ROWS_SHOWN) {
        html.raw("<tr>");
        cell(&columns[0], &Text::name(*name), html);
        cell(&columns[1], &Text::plain(words::grouped(count.times)), html);
        html::open_cell(&columns[2], html);
        html::meter("done", count.times, most, html);
        html.raw("</td>");
        cell(&columns[3], &weighed(count.failed, Tone::Bad), html);
        cell(&columns[4], &weighed(count.blocked, Tone::Doubtful), html);
        html.raw("</tr>\n");
    }
    html::foot(html);
    rest(sorted.len(), html);
}

/// The files that commits, calls and audits tell of most.
pub(super) fn files(chronicle: &Chronicle, html: &mut Html) {
    if chronicle.files.is_empty() {
        return;
    }
    badge("none", html);
    let mut sorted: Vec<_> = chronicle.files.iter().collect();
    sorted.sort_by(|a, b| (b.1.total(), a.0).cmp(&(a.1.total(), b.0)));
    let most = sorted.first().map_or(0, |(_, touched)| touched.total());
    let columns = [
        Column::text("File"),
        Column::number("Changes"),
        Column::whole(""),
        Column::number("Commits"),
        Column::number("Calls"),
        Column::number("Seen changed"),
    ];
    html::head(&columns, html);
    for (path, touched) in sorted.iter().take(ROWS_SHOWN) {
        html.raw("<tr>");
        cell(&columns[0], &Text::name(*path), html);
        cell(&columns[1], &Text::plain(words::grouped(touched.total())), html);
        html::open_cell(&columns[2], html);
        html::meter("done", touched.total(), most, html);
        html.raw("</td>");
        for (column, count) in columns[3..].iter().zip([touched.commits, touched.calls, touched.seen]) {
            cell(column, &weighed(count, Tone::Plain), html);
        }
        html.raw("</tr>\n");
    }
    html::foot(html);
    rest(sorted.len(), html);
}

fn row(columns: &[Column], cells: &[Text], html: &mut Html) {
    html.raw("<tr>");
    for (column, text) in columns.iter().zip(cells) {
        cell(column, text, html);
    }
    html.raw("</tr>\n");
}

fn cell(column: &Column, text: &Text, html: &mut Html) {
    html::open_cell(column, html);
    html::inline(text, html);
    html.raw("</td>");
}

fn weighed(count: u64, tone: Tone) -> Text {
    if count == 0 { Text::toned("0", Tone::Faint) } else { Text::toned(words::grouped(count), tone) }
}

fn rest(all: usize, html: &mut Html) {
    let hidden = all.saturating_sub(ROWS_SHOWN) as u64;
    if hidden > 0 {
        html.element("p", &[("class", "faint")], &format!("… and {} more", words::grouped(hidden))).raw("\n");
    }
}

fn legend(classes: &[&'static str], html: &mut Html) {
    html.raw("<p class=\"legend\">");
    for class in classes {
        let told = match *class {
            "done" => "done by people, agents and services",
            "seen" => "seen by audits (commits, files, runs)",
            name => name,
        };
        html.raw("<span><i class=\"mark ").raw(class).raw("\"></i>").text(told).raw("</span>");
    }
    html.raw("</p>\n");
}

/// A bar for each day, or for as many days as it takes.
fn days(chronicle: &Chronicle) -> Vec<Bar> {
    let (Some((first, _)), Some((last, _))) = (chronicle.days.first_key_value(), chronicle.days.last_key_value())
    else {
        return Vec::new();
    };
    let span = last - first + 1;
    let wide = (span + BARS_MAX - 1) / BARS_MAX;
    let mut grouped: Vec<Day> = vec![Day::default(); ((span + wide - 1) / wide) as usize];
    for (day, counted) in &chronicle.days {
        let into = &mut grouped[((day - first) / wide) as usize];
        into.done += counted.done;
        into.seen += counted.seen;
    }
    let bar = |(at, day): (usize, &Day)| {
        let from = first + at as i64 * wide;
        let label = date(from);
        let until = if wide > 1 { format!(" to {}", date((from + wide - 1).min(*last))) } else { String::new() };
        let told = format!("{label}{until}: {} done, {} seen", words::grouped(day.done), words::grouped(day.seen));
        Bar { label, told, pieces: vec![("done", day.done), ("seen", day.seen)] }
    };
    grouped.iter().enumerate().map(bar).collect()
}

/// A day since 1970 as a date.
fn date(day: i64) -> String {
    Timestamp::from_micros(day.saturating_mul(DAY_US)).to_string().chars().take(10).collect()
}
