//! Entries in which redaction took something out: a name that is a secret stands in the last
//! manifest as a placeholder, and must not look like another file.

use sealbook_policy::PLACEHOLDER;

use super::entry::Known;

/// Whether something was taken out of the text.
pub(crate) fn is_redacted(text: &str) -> bool {
    text.contains(PLACEHOLDER)
}

/// Whether the raw text could be what the redacted one was made from.
pub(super) fn fits(redacted: &str, raw: &str) -> bool {
    let Some((head, rest)) = redacted.split_once(PLACEHOLDER) else {
        return redacted == raw;
    };
    let tail = rest.rsplit_once(PLACEHOLDER).map_or(rest, |(_, tail)| tail);
    raw.len() >= head.len() + tail.len() && raw.starts_with(head) && raw.ends_with(tail)
}

/// Entries of the last manifest whose place in the order is not known.
#[derive(Default)]
pub(super) struct Unclear(Vec<(String, Known)>);

impl Unclear {
    pub(super) fn add(&mut self, text: String, known: Known) {
        self.0.push((text, known));
    }

    /// Takes out the entry that this one was: one that agrees in all, or else one whose name fits.
    pub(super) fn take(&mut self, text: &str) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        let now: Known = serde_json::from_str(text).ok()?;
        let path = now.path.to_string();
        let candidate = |(_, known): &(String, Known)| fits(&known.path.to_string(), &path);
        let best = self.0.iter().position(|was| candidate(was) && was.1.differences(&now).is_empty());
        let index = best.or_else(|| self.0.iter().position(candidate))?;
        Some(self.0.remove(index).0)
    }

    /// What nothing was found for.
    pub(super) fn rest(&mut self) -> Vec<String> {
        std::mem::take(&mut self.0).into_iter().map(|(text, _)| text).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_out_may_have_been_anything() {
        let fits = |redacted: &str, raw: &str| fits(&redacted.replace('#', PLACEHOLDER), raw);
        assert!(fits("a/#/b", "a/secret/b"));
        assert!(fits("#", "x") && fits("x#y#z", "x1y2z"));
        assert!(!fits("a/#/b", "a/b") && !fits("a/#", "b/secret"));
        assert!(fits("plain", "plain") && !fits("plain", "other"));
    }
}
