//! What can be told of a line that is too long to be held: the id of a reply, and whether it is an error.
//!
//! A state machine over chunks. Its memory does not grow with the line.

/// Bytes of a key or an id that are kept.
const TOKEN_BYTES_MAX: usize = 1_024;

/// The state between two chunks.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that was seen")]
pub(crate) struct Trail {
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// At depth 1: whether a key is expected, not a value.
    in_value: bool,
    token: Vec<u8>,
    key: Vec<u8>,
    id: Option<Vec<u8>>,
    has_method: bool,
    has_result: bool,
    has_error: bool,
    /// Something in it that readers could read in different ways.
    is_odd: bool,
    /// The value has ended.
    is_whole: bool,
    after_cr: bool,
    bytes: u64,
}

impl Trail {
    /// The next bytes of the line.
    pub(crate) fn push(&mut self, chunk: &[u8]) {
        self.bytes += chunk.len() as u64;
        for &byte in chunk {
            // Some readers end a line there.
            self.is_odd |= std::mem::replace(&mut self.after_cr, byte == b'\r') && byte != b'\n';
            if self.in_string {
                self.string_byte(byte);
            } else {
                self.plain_byte(byte);
            }
        }
    }

    /// Whether nothing yet says that it is more than one reply, as far as it has come.
    pub(crate) fn may_be_reply(&self) -> bool {
        !self.is_odd && !self.has_method && (self.has_result || self.has_error)
    }

    /// Whether the value that the line holds has ended.
    pub(crate) fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// How long the line was.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The id's token, if the line is a reply.
    pub(crate) fn reply_id(&self) -> Option<&str> {
        if self.has_method { None } else { std::str::from_utf8(self.id.as_deref()?).ok() }
    }

    /// The id's token, if the line is a request.
    pub(crate) fn request_id(&self) -> Option<&str> {
        if self.has_method { std::str::from_utf8(self.id.as_deref()?).ok() } else { None }
    }

    /// Whether it is the reply of a failure.
    pub(crate) fn is_error(&self) -> bool {
        self.has_error
    }

    fn string_byte(&mut self, byte: u8) {
        if self.depth == 1 {
            self.keep(byte);
        }
        if self.escaped {
            self.escaped = false;
        } else if byte == b'\\' {
            self.escaped = true;
        } else if byte == b'"' {
            self.in_string = false;
        }
    }

    fn plain_byte(&mut self, byte: u8) {
        let is_blank = matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        self.is_odd |= self.depth == 0 && !is_blank && (self.is_whole || byte != b'{');
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => {
                self.depth += 1;
                return;
            }
            b'}' | b']' => {
                if self.depth == 1 {
                    self.end_value();
                }
                self.is_whole |= self.depth == 1;
                self.depth = self.depth.saturating_sub(1);
                return;
            }
            b':' if self.depth == 1 && !self.in_value => {
                self.in_value = true;
                self.key = std::mem::take(&mut self.token);
                return self.note_key();
            }
            b',' if self.depth == 1 => return self.end_value(),
            b' ' | b'\t' | b'\r' | b'\n' => return,
            _ => {}
        }
        if self.depth == 1 {
            self.keep(byte);
        }
    }

    fn note_key(&mut self) {
        let key = self.key.as_slice();
        let known: [&[u8]; 4] = [b"\"id\"", b"\"method\"", b"\"result\"", b"\"error\""];
        let seen = match known.iter().position(|known| *known == key) {
            Some(1) => &mut self.has_method,
            Some(2) => &mut self.has_result,
            Some(3) => &mut self.has_error,
            Some(_) => return,
            None => {
                // Readers that ignore case, or undo escapes, may know it.
                let alike = known.iter().any(|known| key.eq_ignore_ascii_case(known));
                self.is_odd |= alike || !key.is_ascii() || key.contains(&b'\\');
                return;
            }
        };
        self.is_odd |= std::mem::replace(seen, true);
    }

    fn keep(&mut self, byte: u8) {
        if self.token.len() < TOKEN_BYTES_MAX {
            self.token.push(byte);
        }
    }

    fn end_value(&mut self) {
        let token = std::mem::take(&mut self.token);
        if self.key.as_slice() == b"\"id\"" {
            self.is_odd |= self.id.replace(token).is_some();
        }
        self.key.clear();
        self.in_value = false;
    }
}

#[cfg(test)]
mod tests {
    use super::Trail;

    fn trail(line: &str, step: usize) -> Trail {
        let mut trail = Trail::default();
        line.as_bytes().chunks(step).for_each(|chunk| trail.push(chunk));
        trail
    }

    #[test]
    fn a_reply_is_plain_until_something_says_otherwise() {
        for (line, may) in [
            (r#"{"jsonrpc":"2.0","id":1,"result":{"method":"x"#, true),
            (r#"{"error":{"code":1},"id":1}"#, true),
            (r#"{"result":{},"id":1,"method":"sampling/createMessage"#, false),
            (r#"{"result":{},"id":1,"Method":"x""#, false),
            (r#"{"result":{},"id":1,"m\u0065thod":"x""#, false),
            (r#"{"result":{},"id":1,"id":2}"#, false),
            (r#"{"result":{},"result":{}}"#, false),
            (r#"{"result":{},"id":1}{"id":2,"method":"x"}"#, false),
            ("{\"result\":\r{\"id\":2,\"method\":\"x\"}", false),
            (r#"[{"result":{},"id":1}"#, false),
            (r#"{"jsonrpc":"2.0","x":"#, false),
            ("log line", false),
        ] {
            for step in [1, 5, 400] {
                assert_eq!(trail(line, step).may_be_reply(), may, "{line}");
            }
        }
        assert!(trail("{\"id\":1,\"result\":{}} \r\n", 3).is_whole());
        assert!(!trail("{\"id\":1,\"result\":{}", 3).is_whole());
    }

    #[test]
    fn the_id_is_found_wherever_it_stands_and_however_the_line_is_cut() {
        let big = format!(r#"{{"text":"a\"id\":9 {}","deep":[{{"id":8}}]}}"#, "x".repeat(5_000));
        for (line, id, is_error) in [
            (format!(r#"{{"jsonrpc":"2.0","id":7,"result":{big}}}"#), Some("7"), false),
            (format!(r#"{{"result":{big},"jsonrpc":"2.0", "id" : "a,b\"}}" }}"#), Some(r#""a,b\"}""#), false),
            (format!(r#"{{"error":{big},"id":null}}"#), Some("null"), true),
            (format!(r#"{{"id":7,"method":"x","params":{big}}}"#), None, false),
            (big.clone(), None, false),
        ] {
            for step in [1, 7, 4_096] {
                let trail = trail(&line, step);
                assert_eq!(trail.reply_id(), id, "{step}");
                assert_eq!(trail.is_error(), is_error);
                assert_eq!(trail.bytes(), line.len() as u64);
            }
        }
    }
}
