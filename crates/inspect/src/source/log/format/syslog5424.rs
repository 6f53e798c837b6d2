//! RFC 5424: `<PRI>1 TIME HOST APP PROCID MSGID [SD] MSG`.

use std::borrow::Cow;

use super::syslog3164::priority;
use crate::source::log::entry::{Entry, Role, role};
use crate::source::log::time::Clock;
use crate::source::log::{format::plain, level};

/// Reads one message. The priority may be missing, as in the files of some daemons.
pub(in super::super) fn parse<'a>(line: &'a [u8], clock: &mut Clock) -> Option<Entry<'a>> {
    let (severity, rest) = priority(line)?;
    let mut rest = rest.strip_prefix(b"1 ")?;
    let [time, _host, app, _process, _id] = std::array::from_fn(|_| {
        let end = memchr::memchr(b' ', rest).unwrap_or(rest.len());
        let (field, after) = rest.split_at(end);
        rest = after.get(1..).unwrap_or_default();
        field
    });
    let mut entry = Entry { level: level::of_syslog(severity), ..Entry::default() };
    match time {
        b"-" => {}
        time => entry.time = Some(clock.iso(time)?.0),
    }
    entry.service = (!matches!(app, b"-" | b"")).then_some(app);
    let message = structured(rest, &mut entry, clock)?;
    let message = message.strip_prefix(b"\xef\xbb\xbf").unwrap_or(message);
    entry.message = Cow::Borrowed(message);
    entry.level = entry.level.max(plain::level_at_start(message));
    Some(entry)
}

/// Skips the structured data, taking the ids that are in it; gives the message behind it.
fn structured<'a>(text: &'a [u8], entry: &mut Entry<'a>, clock: &mut Clock) -> Option<&'a [u8]> {
    let behind = |at: usize| {
        let rest = text.get(at..).unwrap_or_default();
        rest.strip_prefix(b" ").or(rest.is_empty().then_some(rest))
    };
    if text.first() == Some(&b'-') {
        return behind(1);
    }
    let mut at = 0;
    while text.get(at) == Some(&b'[') {
        at += 1;
        loop {
            let begin = at;
            while !matches!(text.get(at)?, b'=' | b']' | b' ') {
                at += 1;
            }
            let name = &text[begin..at];
            match text[at] {
                b']' => break,
                b' ' => at += 1,
                _ => {
                    if text.get(at + 1) != Some(&b'"') {
                        return None;
                    }
                    let start = at + 2;
                    at = start;
                    while *text.get(at)? != b'"' {
                        at += if text[at] == b'\\' { 2 } else { 1 };
                    }
                    if let Some(role @ Role::Id) = role(name) {
                        entry.take(role, Cow::Borrowed(&text[start..at]), true, clock);
                    }
                    at += 1;
                }
            }
        }
        at += 1;
    }
    if at == 0 { None } else { behind(at) }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use sealbook_record::Severity;

    use super::*;

    /// The examples of RFC 5424, section 6.5, and what daemons write.
    #[test]
    fn the_examples_of_the_standard() {
        let mut clock = Clock::new(TimeZone::UTC, 1_795_262_400_000_000);
        for (line, level, service, message) in [
            (
                "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \u{feff}'su root' failed for lonvick on /dev/pts/8",
                Severity::Critical,
                Some("su"),
                "'su root' failed for lonvick on /dev/pts/8",
            ),
            (
                "<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the do-nuts.",
                Severity::Info,
                Some("myproc"),
                "%% It's time to make the do-nuts.",
            ),
            (
                r#"<165>1 2003-10-11T22:14:15.003Z host evntslog - ID47 [exampleSDID@32473 iut="3" eventSource="A \"b\"]"][x y="1"] An event"#,
                Severity::Info,
                Some("evntslog"),
                "An event",
            ),
            ("<11>1 - - - - - -", Severity::Error, None, ""),
        ] {
            let entry = parse(line.as_bytes(), &mut clock).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(entry.level, Some(level), "{line}");
            assert_eq!(entry.service, service.map(str::as_bytes), "{line}");
            assert_eq!(entry.message, message.as_bytes(), "{line}");
        }
        for line in
            ["<34>1 yesterday h a - - - x", "<999>1 - - - - - -", "<34>2 - - - - - -", "<34>1 - h a - - [x y=\"1"]
        {
            assert!(parse(line.as_bytes(), &mut clock).is_none(), "{line}");
        }
    }
}
