//! A stream of server-sent events (WHATWG HTML, section 9.2.6), cut into what passes at once and what is looked
//! at first. Every byte comes out again, in order, unless an event is refused.

use bytes::Bytes;
use memchr::memchr2;

use crate::mcp::trail::Trail;

/// Bytes of an event's data that are held.
pub(super) const DATA_BYTES_MAX: usize = 2 << 20;

/// What a stream may begin with.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// The state between two chunks.
#[derive(Default)]
pub(super) struct Events {
    /// What came of this event and has not passed.
    held: Vec<u8>,
    data: Vec<u8>,
    /// The event is longer than what is held: it passes as it comes.
    long: Option<Trail>,
    has_data: bool,
    /// An event had an id.
    pub(super) has_ids: bool,
    /// Bytes of the byte-order mark that have come; all of them where there is none.
    mark: usize,
    line: Line,
    after_cr: bool,
}

#[derive(Default)]
enum Line {
    /// Nothing of it has come.
    #[default]
    Start,
    /// The first bytes of the field's name.
    Name(Vec<u8>),
    /// The first byte of the value; a space there is none of it.
    Colon(bool),
    /// The value, and whether it is data.
    Value(bool),
}

/// A piece of the stream.
#[derive(Debug)]
pub(super) enum Cut {
    /// It passes.
    Pass(Bytes),
    /// An event that says something: its bytes, and its data.
    Event(Bytes, Vec<u8>),
    /// An event that was too long to be held has come to its end, which passes after this.
    Long(Trail),
}

impl Events {
    /// The next bytes of the stream.
    pub(super) fn push(&mut self, chunk: &Bytes) -> Vec<Cut> {
        let mut cuts = Vec::new();
        // What lies before `from` has passed; what lies before `line` is whole lines.
        let (mut from, mut line, mut at) = (0, 0, 0);
        while self.mark < MARK.len() && at < chunk.len() {
            if chunk[at] == MARK[self.mark] {
                self.mark += 1;
                at += 1;
                continue;
            }
            if self.mark > 0 {
                // A name that begins like the mark is none that is known.
                self.line = Line::Value(false);
            }
            self.mark = MARK.len();
        }
        while at < chunk.len() {
            let byte = chunk[at];
            if std::mem::take(&mut self.after_cr) && byte == b'\n' {
                at += 1;
                line = at;
                continue;
            }
            if byte == b'\n' || byte == b'\r' {
                self.after_cr = byte == b'\r';
                at += 1;
                line = at;
                if self.end_line() {
                    let raw = self.release(chunk, from, at);
                    from = at;
                    self.end_event(raw, &mut cuts);
                }
                continue;
            }
            at = self.in_line(chunk, at);
        }
        // Without data an event is nothing, and a value that is no data says nothing: both need not wait.
        let free = if self.long.is_some() || (!self.has_data && matches!(self.line, Line::Value(false))) {
            chunk.len()
        } else if self.has_data {
            from
        } else {
            line.max(from)
        };
        if free > from {
            let raw = self.release(chunk, from, free);
            cuts.push(Cut::Pass(raw));
        }
        self.held.extend_from_slice(&chunk[free..]);
        cuts
    }

    /// The stream has ended within an event: no reader takes it for one.
    pub(super) fn rest(&mut self) -> Bytes {
        std::mem::take(&mut self.held).into()
    }

    /// Bytes within a line.
    fn in_line(&mut self, chunk: &Bytes, at: usize) -> usize {
        let byte = chunk[at];
        match &mut self.line {
            Line::Start if byte == b':' => self.line = Line::Value(false),
            Line::Start => self.line = Line::Name(vec![byte]),
            Line::Name(name) if byte == b':' => {
                self.has_ids |= name == b"id";
                self.line = Line::Colon(name == b"data");
            }
            Line::Name(name) => {
                name.push(byte);
                if !b"data".starts_with(name) && !b"id".starts_with(name) {
                    self.line = Line::Value(false);
                }
            }
            Line::Colon(is_data) => {
                let is_data = *is_data;
                self.line = Line::Value(is_data);
                if is_data {
                    self.begin_data();
                }
                return if byte == b' ' { at + 1 } else { at };
            }
            Line::Value(is_data) => {
                let is_data = *is_data;
                let end = memchr2(b'\n', b'\r', &chunk[at..]).map_or(chunk.len(), |found| at + found);
                if is_data {
                    self.keep(&chunk[at..end]);
                }
                return end;
            }
        }
        at + 1
    }

    /// The end of a line; whether it ends an event.
    fn end_line(&mut self) -> bool {
        match std::mem::take(&mut self.line) {
            Line::Start => return true,
            Line::Name(name) if name == b"data" => self.begin_data(),
            Line::Colon(true) => self.begin_data(),
            _ => {}
        }
        false
    }

    fn begin_data(&mut self) {
        if std::mem::replace(&mut self.has_data, true) {
            self.keep(b"\n");
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        if let Some(trail) = &mut self.long {
            return trail.push(bytes);
        }
        self.data.extend_from_slice(bytes);
        if self.data.len() > DATA_BYTES_MAX {
            let mut trail = Trail::default();
            trail.push(&std::mem::take(&mut self.data));
            self.long = Some(trail);
        }
    }

    /// What is held and the chunk up to `to`, as they came.
    fn release(&mut self, chunk: &Bytes, from: usize, to: usize) -> Bytes {
        if self.held.is_empty() {
            return chunk.slice(from..to);
        }
        let mut held = std::mem::take(&mut self.held);
        held.extend_from_slice(&chunk[from..to]);
        held.into()
    }

    fn end_event(&mut self, raw: Bytes, cuts: &mut Vec<Cut>) {
        let data = std::mem::take(&mut self.data);
        match (self.long.take(), std::mem::take(&mut self.has_data)) {
            (Some(trail), _) => cuts.extend([Cut::Long(trail), Cut::Pass(raw)]),
            (None, true) if !data.is_empty() => cuts.push(Cut::Event(raw, data)),
            _ => cuts.push(Cut::Pass(raw)),
        }
    }
}

/// An event without what it says: its id still counts.
pub(super) fn without_data(raw: &[u8]) -> Bytes {
    let (mut out, mut rest) = (Vec::new(), raw.strip_prefix(MARK).unwrap_or(raw));
    while !rest.is_empty() {
        let end = memchr2(b'\n', b'\r', rest).map_or(rest.len(), |at| at + 1);
        let end = end + usize::from(rest[end - 1] == b'\r' && rest.get(end) == Some(&b'\n'));
        let (line, after) = rest.split_at(end);
        let name = line.split(|byte| matches!(byte, b':' | b'\r' | b'\n')).next();
        if name != Some(b"data".as_slice()) {
            out.extend_from_slice(line);
        }
        rest = after;
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes that came out, and the data of the events.
    fn cut(stream: &[u8], step: usize) -> (Vec<u8>, Vec<String>) {
        let (mut events, mut out, mut said) = (Events::default(), Vec::new(), Vec::new());
        for chunk in stream.chunks(step) {
            for cut in events.push(&Bytes::copy_from_slice(chunk)) {
                match cut {
                    Cut::Pass(bytes) => out.extend_from_slice(&bytes),
                    Cut::Event(bytes, data) => {
                        out.extend_from_slice(&bytes);
                        said.push(String::from_utf8(data).unwrap());
                    }
                    Cut::Long(trail) => said.push(format!("long {:?}", trail.reply_id())),
                }
            }
        }
        out.extend_from_slice(&events.rest());
        (out, said)
    }

    #[test]
    fn every_byte_comes_out_however_the_stream_is_cut() {
        let stream = b"\xef\xbb\xbfdata: {\"a\":1}\n\n: ping\n\nid: 4\r\nevent: message\r\ndata:one\r\ndata\r\ndata:  two\r\n\r\nretry: 5\rdata: x\r\rdatax: no\nid: 9\n\ndata:\n\ndata: cut";
        for step in 1..stream.len() {
            let (out, said) = cut(stream, step);
            assert_eq!(out, stream, "{step}");
            assert_eq!(said, ["{\"a\":1}", "one\n\n two", "x"], "{step}");
        }
    }

    #[test]
    fn half_a_mark_is_a_name_that_nobody_knows() {
        let stream = b"\xef\xbbdata: no\n\ndata: yes\n\n";
        for step in 1..stream.len() {
            assert_eq!(cut(stream, step), (stream.to_vec(), vec!["yes".to_owned()]), "{step}");
        }
    }

    #[test]
    fn what_says_nothing_does_not_wait() {
        let mut events = Events::default();
        for (chunk, passes) in [(": keep", ": keep"), ("-alive\r\n", "-alive\r\n"), ("id: 1\nda", "id: 1\n")] {
            let cuts = events.push(&Bytes::from_static(chunk.as_bytes()));
            let passed: Vec<u8> = cuts
                .into_iter()
                .flat_map(|cut| if let Cut::Pass(bytes) = cut { bytes } else { panic!("{cut:?}") })
                .collect();
            assert_eq!(passed, passes.as_bytes());
        }
        assert!(events.push(&Bytes::from_static(b"ta: 1\n")).is_empty());
        assert!(events.has_ids);
    }

    #[test]
    fn an_event_beyond_the_bound_passes_and_its_id_is_found() {
        let stream = format!("data: {{\"id\":7,\"result\":\"{}\"}}\n\ndata: 1\n\n", "x".repeat(DATA_BYTES_MAX));
        for step in [1_000, 65_536, stream.len()] {
            let (out, said) = cut(stream.as_bytes(), step);
            assert!(out == stream.as_bytes());
            assert_eq!(said, ["long Some(\"7\")", "1"]);
        }
        let mut events = Events::default();
        let mut held = 0;
        for chunk in stream.as_bytes().chunks(65_536) {
            events.push(&Bytes::copy_from_slice(chunk));
            held = held.max(events.held.len() + events.data.len());
        }
        assert!(held < 2 * DATA_BYTES_MAX + 200_000, "{held}");
    }

    #[test]
    fn a_refused_event_keeps_its_id_and_says_nothing() {
        let raw = b"id: 3\r\nevent: message\r\ndata: {}\r\ndata: x\r\n\r\n";
        assert_eq!(without_data(raw), Bytes::from_static(b"id: 3\r\nevent: message\r\n\r\n"));
    }
}
