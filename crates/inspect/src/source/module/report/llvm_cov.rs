//! What `llvm-cov export` writes.
//!
//! It tells segments: from a place on, so often. Which lines ran is made of them as llvm-cov itself does it
//! (`LineCoverageStats` in `CoverageMapping.cpp`).

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Hits, Report};

#[derive(Deserialize)]
struct Whole {
    data: Vec<Data>,
}

#[derive(Deserialize)]
struct Data {
    files: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    filename: String,
    #[serde(default)]
    segments: Vec<Segment>,
}

/// Line, column, count, whether it has one, whether a region begins, and, in later versions, whether it is a gap.
#[derive(Deserialize, Clone, Copy)]
struct Segment(u32, IgnoredAny, f64, bool, bool, #[serde(default)] bool);

/// Lines of one file, at most: segments may name any.
const LINES_MAX: u32 = 2_000_000;

pub(super) fn read(text: &str) -> Result<Report, String> {
    let whole: Whole = serde_json::from_str(text).map_err(|error| format!("llvm-cov did not write this: {error}"))?;
    let mut report = Report { format: "llvm-cov", ..Report::default() };
    for file in whole.data.into_iter().flat_map(|data| data.files) {
        lines(&file.segments, report.files.entry(file.filename).or_default());
    }
    Ok(report)
}

fn lines(segments: &[Segment], hits: &mut Hits) {
    let Some(last) = segments.last().map(|segment| segment.0.min(LINES_MAX)) else { return };
    let (mut at, mut wrapped): (usize, Option<Segment>) = (0, None);
    for line in segments[0].0..=last {
        let start = at;
        while segments.get(at).is_some_and(|segment| segment.0 <= line) {
            at += 1;
        }
        let here = &segments[start..at];
        let begins = |segment: &&Segment| segment.3 && segment.4 && !segment.5;
        let skipped = here.first().is_some_and(|first| !first.3 && first.4);
        let is_counted = |segment: Segment| segment.3;
        let regions = here.iter().filter(begins).count();
        if !skipped && (wrapped.is_some_and(is_counted) || regions > 0) {
            let around = wrapped.filter(|segment| segment.3).map_or(0.0, |segment| segment.2);
            let most = here.iter().filter(begins).map(|segment| segment.2).fold(around, f64::max);
            hits.add(line, most > 0.0);
        }
        if let Some(segment) = here.last() {
            wrapped = Some(*segment);
        }
    }
}
