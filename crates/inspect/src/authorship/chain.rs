//! The way from one content of a file to the next, over the calls that were recorded.

use std::collections::HashMap;

use super::Writer;
use super::calls::{Call, Content, digest};
use crate::source::git::{Counter, Hunk};

/// Contents of the file, each with who made it of the one before.
pub(super) struct Way {
    steps: Vec<Step>,
}

struct Step {
    /// Calls; one of them, where there are several.
    calls: Vec<u64>,
    /// Whether something unrecorded may have done it.
    has_gap: bool,
    after: Vec<u8>,
}

impl Way {
    /// Who made that step.
    pub(super) fn writer(&self, step: usize) -> Writer {
        let Step { calls, has_gap, .. } = &self.steps[step];
        match (&calls[..], has_gap) {
            ([], _) => Writer::Unrecorded,
            ([seq], false) => Writer::Call { seq: *seq },
            (seqs, gap) => Writer::OneOf { seqs: seqs.to_vec(), or_unrecorded: *gap },
        }
    }
}

/// One link: a call, or none where nobody recorded what led there.
struct Link<'c> {
    call: Option<&'c Call>,
    /// The digest of what it led to; none where that is not known.
    after: Option<Content>,
}

/// The way from `before` to `after`. Calls that ended later than `until` did not lead there.
pub(super) fn way(before: Option<&[u8]>, after: &[u8], calls: &[Call], until: Option<i64>, others: &[&[u8]]) -> Way {
    let (first, last): (Content, Content) = (before.map(digest), Some(digest(after)));
    // A commit's time has no fraction, and a clock may be a little off.
    let calls: Vec<&Call> =
        calls.iter().filter(|call| until.is_none_or(|until| call.seconds <= until.saturating_add(2))).collect();
    let links = links(&first, &last, &calls);
    if links.iter().all(|link| link.call.is_none()) {
        return Way { steps: vec![Step { calls: Vec::new(), has_gap: true, after: after.to_vec() }] };
    }
    let mut known: HashMap<String, &[u8]> = HashMap::new();
    for content in before.iter().copied().chain([after]).chain(others.iter().copied()) {
        known.entry(digest(content)).or_insert(content);
    }
    for (sha256, content) in calls.iter().flat_map(|call| &call.contents) {
        known.entry(sha256.clone()).or_insert(content);
    }
    let content = |after: &Option<Content>| match after {
        Some(None) => Some(&[][..]),
        Some(Some(sha256)) => known.get(sha256).copied(),
        None => None,
    };
    let mut steps = Vec::new();
    let (mut seqs, mut has_gap) = (Vec::new(), false);
    for link in &links {
        match link.call {
            // What was there before it makes no difference.
            Some(call) if call.is_whole => (seqs, has_gap) = (vec![call.seq], false),
            Some(call) => seqs.push(call.seq),
            None => has_gap = true,
        }
        if let Some(content) = content(&link.after) {
            let calls = std::mem::take(&mut seqs);
            steps.push(Step { calls, has_gap: std::mem::take(&mut has_gap), after: content.to_vec() });
        }
    }
    Way { steps }
}

/// The links that lead from one content to the other: from the end backwards as far as calls fit, from the
/// beginning onwards, and a gap between them where they do not meet.
fn links<'c>(first: &Content, last: &Content, calls: &[&'c Call]) -> Vec<Link<'c>> {
    let link = |call: &&'c Call| Link { call: Some(call), after: Some(call.after.clone()) };
    let mut ending: Vec<&Call> = Vec::new();
    let (mut end, mut limit) = (Some(last.clone()), calls.len());
    while let Some(reached) = &end
        && reached != first
        && let Some(at) = calls[..limit].iter().rposition(|call| call.after == *reached)
    {
        ending.push(calls[at]);
        (end, limit) = (calls[at].before.clone(), at);
    }
    ending.reverse();
    if end.as_ref() == Some(first) {
        return ending.iter().map(link).collect();
    }
    let mut beginning: Vec<&Call> = Vec::new();
    let (mut start, mut from) = (first.clone(), 0);
    while let Some(at) = calls[from..limit].iter().position(|call| call.before.as_ref() == Some(&start)) {
        beginning.push(calls[from + at]);
        (start, from) = (calls[from + at].after.clone(), from + at + 1);
    }
    let mut links: Vec<Link<'c>> = beginning.iter().map(link).collect();
    if end.as_ref() != Some(&start) {
        links.push(Link { call: None, after: end });
    }
    links.extend(ending.iter().map(link));
    links
}

/// For each line at the end of the way: the step that wrote it, or its number (from 0) at the beginning.
pub(super) fn attribute(before: &[u8], way: &Way) -> Vec<Result<usize, u32>> {
    let Some(last) = way.steps.last() else { return Vec::new() };
    let count = crate::source::git::count_lines(&last.after) as u32;
    let mut found: Vec<Option<usize>> = vec![None; count as usize];
    // Where each line is in the version that is being looked at.
    let mut places: Vec<u32> = (0..count).collect();
    let mut counter = Counter::default();
    for (index, step) in way.steps.iter().enumerate().rev() {
        let old = if index == 0 { before } else { &way.steps[index - 1].after };
        let hunks = counter.hunks(old, &step.after);
        for (place, step) in places.iter_mut().zip(&mut found).filter(|(_, step)| step.is_none()) {
            match earlier(*place, &hunks) {
                Some(old) => *place = old,
                None => *step = Some(index),
            }
        }
    }
    found.into_iter().zip(places).map(|(step, place)| step.ok_or(place)).collect()
}

/// The number that a line had before; nothing where it is new.
fn earlier(line: u32, hunks: &[Hunk]) -> Option<u32> {
    let next = hunks.partition_point(|hunk| hunk.new.end <= line);
    if hunks.get(next).is_some_and(|hunk| hunk.new.start <= line) {
        return None;
    }
    let (old_end, new_end) = next.checked_sub(1).map_or((0, 0), |at| (hunks[at].old.end, hunks[at].new.end));
    Some(line - new_end + old_end)
}
