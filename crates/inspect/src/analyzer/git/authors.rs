//! Who contributes, and on how few people the work rests.

use sealbook_record::{Finding, Severity};

use super::lossy::{Counted, Lossy};
use super::read::short;
use super::recent::{Recent, Window};
use super::state::{Reader, Writer};
use super::text::{Complete as _, count, percent};
use super::{Measure, Names, Seen};

/// Authors named in the finding.
const NAMED: usize = 5;

/// Fewer commits than this in a year say nothing about people.
const ENOUGH: u64 = 20;

pub(super) struct Authors {
    people: Lossy<u64, Author>,
    commits: u64,
    automatic: u64,
}

struct Author {
    name: String,
    commits: u32,
    lately: Recent,
    lines: u64,
}

impl Counted for Author {
    fn count(&self) -> u32 {
        self.commits
    }
}

impl Default for Authors {
    fn default() -> Self {
        Self { people: Lossy::new(50_000), commits: 0, automatic: 0 }
    }
}

impl Measure for Authors {
    fn commit(&mut self, seen: &Seen<'_>) {
        let commit = seen.commit;
        // Who merges is not who writes.
        if commit.is_merge {
            return;
        }
        let person = &commit.author;
        if is_automatic(&person.name.0, &person.email.0) {
            self.automatic += 1;
            return;
        }
        self.commits += 1;
        let address = person.email.0.trim().to_lowercase();
        let key = if address.is_empty() { &person.name.0 } else { &address };
        let author = self.people.entry(short(key), || Author {
            name: if person.name.0.trim().is_empty() { address.clone() } else { person.name.0.clone() },
            commits: 0,
            lately: Recent::default(),
            lines: 0,
        });
        author.commits += 1;
        author.lately.add(seen.lately);
        author.lines += commit.lines;
    }

    fn save(&self, out: &mut Writer) {
        out.number(self.commits);
        out.number(self.automatic);
        self.people.save(out, |author, out| {
            out.text(&author.name);
            out.number(u64::from(author.commits));
            author.lately.save(out);
            out.number(author.lines);
        });
    }

    fn load(&mut self, from: &mut Reader<'_>, window: Window) -> Option<()> {
        self.commits = from.number()?;
        self.automatic = from.number()?;
        self.people.load(from, |from| {
            Some(Author {
                name: from.text()?.to_owned(),
                commits: from.narrow()?,
                lately: Recent::load(from, window)?,
                lines: from.number()?,
            })
        })
    }

    fn finish(self: Box<Self>, _: &Names) -> Vec<Finding> {
        if self.commits == 0 {
            return Vec::new();
        }
        let lately: u64 = self.people.iter().map(|(_, author)| author.lately.total()).sum();
        let (measure, period): (fn(&Author) -> u64, _) = if lately >= ENOUGH {
            (|author| author.lately.total(), "the last year's")
        } else {
            (|author| u64::from(author.commits), "all")
        };
        let mut ranked: Vec<(&u64, &Author)> = self.people.iter().collect();
        ranked.sort_by_cached_key(|(key, author)| (std::cmp::Reverse(measure(author)), &author.name, **key));
        let ranked: Vec<&Author> = ranked.into_iter().map(|(_, author)| author).collect();
        let total: u64 = ranked.iter().map(|author| measure(author)).sum();
        let active = ranked.iter().take_while(|author| measure(author) > 0).count();
        let half = half_of(&ranked, measure, total);
        let named: Vec<String> = ranked
            .iter()
            .take(NAMED.min(active))
            .map(|author| format!("{} {}%", author.name, percent(measure(author), total)))
            .collect();
        let at_risk = half == 1 && active > 1 && total >= ENOUGH;
        let severity = if at_risk { Severity::Warning } else { Severity::Info };
        let people = self.people.iter().count() as u64;
        let message = format!(
            "{} by {} (merges and {} by machines apart); half of {period} {} by {}: {}",
            count(self.commits, "commit"),
            count(people, "person"),
            count(self.automatic, "commit"),
            count(total, "commit"),
            count(half as u64, "person"),
            named.join(", "),
        );
        let finding = Finding::new("git.contribution", "contribution", severity, message, None, "")
            .with("commits", self.commits)
            .with("people", people)
            .with("half_by", half as u64)
            .with("automatic", self.automatic)
            .with("authors", authors_told(&ranked, measure, total));
        let advice = if at_risk {
            "One person writes half of it: let somebody else review and take over parts, before they have to."
        } else {
            "Compare with who may approve and release."
        };
        vec![finding.recommend(advice)]
    }
}

/// How few people made half of it.
fn half_of(ranked: &[&Author], measure: fn(&Author) -> u64, total: u64) -> usize {
    let mut sum = 0;
    ranked
        .iter()
        .position(|author| {
            sum += measure(author);
            sum * 2 >= total
        })
        .map_or(0, |at| at + 1)
}

fn authors_told(ranked: &[&Author], measure: fn(&Author) -> u64, total: u64) -> Vec<serde_json::Value> {
    const TOLD: usize = 20;
    ranked
        .iter()
        .take(TOLD)
        .map(|author| {
            serde_json::json!({
                "name": author.name,
                "commits": author.commits,
                "percent": percent(measure(author), total),
                "lines": author.lines,
            })
        })
        .collect()
}

/// Merge queues and updaters sign with names of their own.
pub(super) fn is_automatic(name: &str, email: &str) -> bool {
    let name = name.trim().to_lowercase();
    name.ends_with("[bot]") || email.contains("[bot]@") || ["bors", "dependabot", "renovate bot"].contains(&&*name)
}
