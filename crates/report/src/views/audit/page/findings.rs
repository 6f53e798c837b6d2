//! The findings of a page: counts, a filter, a row each, and what to do.

use super::badge;
use crate::html::{self, Html};
use crate::views::findings::{advice, place};
use crate::views::{Findings, words};
use crate::{AuditRun, Column};

/// A page has rows for this many, the weightiest.
const ROWS_MAX: usize = 2_000;

pub(super) fn tell(run: &AuditRun, html: &mut Html) {
    badge("findings", html);
    let findings = Findings { findings: &run.findings };
    if run.findings.is_empty() {
        let rules: u64 = run.analyses.iter().map(|analysis| analysis.rules).sum();
        let held = words::count(rules, "rule", "rules");
        html.raw("<p>No findings: ").text(&held).raw(" held over what was read.</p>\n");
        return;
    }
    tally(&findings, html);
    filter(&findings, html);
    let columns = [
        Column::whole("Severity"),
        Column::text("Rule"),
        Column::text("Where"),
        Column::text("Finding"),
        Column::text("Records"),
    ];
    let sorted = findings.sorted();
    html.raw("<div id=\"list\">\n");
    html::head(&columns, html);
    for finding in sorted.iter().take(ROWS_MAX) {
        let severity = finding.severity.as_str();
        html.open("tr", &[("data-id", &finding.id), ("data-severity", severity), ("data-rule", &finding.rule)]);
        html::open_cell(&columns[0], html);
        html.open("i", &[("class", mark(severity))]).raw("</i>");
        html::inline(&words::severity(finding.severity), html);
        html.raw("</td>");
        html::open_cell(&columns[1], html);
        html.raw("<bdi class=\"name\">").text(&finding.rule).raw("</bdi></td>");
        html::open_cell(&columns[2], html);
        html::inline(&place(finding.location.as_ref()), html);
        html.raw("</td><td class=\"long\" data-name=\"Finding\"><bdi>").text(&finding.message).raw("</bdi></td>");
        html::open_cell(&columns[4], html);
        html.text(&words::ranges(&finding.evidence)).raw("</td></tr>\n");
    }
    html::foot(html);
    html.raw("</div>\n");
    let hidden = sorted.len().saturating_sub(ROWS_MAX) as u64;
    if hidden > 0 {
        let told = format!("… and {} of less weight; `sealbook report --format json` has all.", words::grouped(hidden));
        html.element("p", &[], &told).raw("\n");
    }
    let advice = advice(&sorted);
    if !advice.is_empty() {
        html.raw("<h3>What to do</h3>\n");
        html::list(&advice, &[("id", "advice")], html);
    }
}

/// A bar for each severity there is.
fn tally(findings: &Findings<'_>, html: &mut Html) {
    let tally = findings.tally();
    let most = tally.iter().map(|(_, count)| *count).max().unwrap_or(0);
    html.raw("<div class=\"tally\"><table><tbody>\n");
    for (severity, count) in tally {
        let name = severity.as_str();
        html.raw("<tr><td class=\"whole\">").open("i", &[("class", mark(name))]).raw("</i>").text(name);
        html.raw("</td><td class=\"number\" data-tally=\"").text(name).raw("\">").text(&words::grouped(count));
        html.raw("</td><td>");
        html::meter(class(name), count, most, html);
        html.raw("</td></tr>\n");
    }
    html.raw("</tbody></table></div>\n");
}

/// Shown by the script that it needs.
fn filter(findings: &Findings<'_>, html: &mut Html) {
    html.raw("<form id=\"filter\" hidden><input type=\"search\" id=\"words\" placeholder=\"Search the findings\" ");
    html.raw("aria-label=\"Search the findings\">\n<select id=\"rule\" aria-label=\"Rule\"><option value=\"\">all rules</option></select>\n");
    for (severity, _) in findings.tally() {
        let name = severity.as_str();
        html.raw("<label><input type=\"checkbox\" checked value=\"")
            .text(name)
            .raw("\"> ")
            .text(name)
            .raw("</label>\n");
    }
    html.raw("<button type=\"reset\">All</button> <span id=\"count\" class=\"faint\" role=\"status\"></span></form>\n");
}

fn mark(severity: &str) -> &'static str {
    match severity {
        "critical" => "mark critical",
        "error" => "mark error",
        "warning" => "mark warning",
        "info" => "mark info",
        _ => "mark debug",
    }
}

pub(super) fn class(severity: &str) -> &'static str {
    &mark(severity)[5..]
}
