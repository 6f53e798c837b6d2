//! JSON as people keep it in configuration files, with comments and trailing commas: where its values lie, so
//! that one can be changed and everything else stays as it is.

use std::ops::Range;

/// How deep values may lie in each other.
const DEPTH_MAX: usize = 64;

/// A value and the bytes that it takes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) span: Range<usize>,
    pub(crate) value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Map(Vec<(String, Node)>),
    List(Vec<Node>),
    Text(String),
    /// Numbers and the three words.
    Other,
}

impl Node {
    /// Reads a whole text; the offset where it is none.
    pub(crate) fn parse(text: &str) -> Result<Self, usize> {
        let mut reader = Reader { text, at: 0 };
        // A byte order mark is a habit of some editors.
        if text.starts_with('\u{feff}') {
            reader.at = 3;
        }
        let node = reader.value(0).ok_or(reader.at)?;
        reader.skip();
        if reader.at == text.len() { Ok(node) } else { Err(reader.at) }
    }

    /// The value under a key, the last one where it is given twice.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Value::Map(fields) => fields.iter().rev().find(|(name, _)| name == key).map(|(_, node)| node),
            _ => None,
        }
    }

    /// The text that it is.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The elements of a list.
    pub(crate) fn list(&self) -> Option<&[Self]> {
        match &self.value {
            Value::List(list) => Some(list),
            _ => None,
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<u8> {
        self.skip();
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let is = self.next() == Some(byte);
        self.at += usize::from(is);
        is
    }

    /// White space and comments.
    fn skip(&mut self) {
        loop {
            let rest = &self.text[self.at..];
            let space = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
            self.at += space;
            let rest = &self.text[self.at..];
            let comment = if rest.starts_with("//") {
                rest.find('\n').unwrap_or(rest.len())
            } else if rest.starts_with("/*") {
                rest.find("*/").map_or(rest.len(), |end| end + 2)
            } else {
                return;
            };
            self.at += comment;
        }
    }

    fn value(&mut self, depth: usize) -> Option<Node> {
        if depth > DEPTH_MAX {
            return None;
        }
        let first = self.next()?;
        let start = self.at;
        let value = match first {
            b'{' => self.map(depth)?,
            b'[' => self.list(depth)?,
            b'"' => Value::Text(self.string()?),
            _ => {
                let rest = &self.text[start..];
                let word = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c)).unwrap_or(rest.len());
                serde_json::from_str::<&serde_json::value::RawValue>(&rest[..word]).ok()?;
                self.at += word;
                Value::Other
            }
        };
        Some(Node { span: start..self.at, value })
    }

    fn map(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let mut fields = Vec::new();
        loop {
            if self.take(b'}') {
                return Some(Value::Map(fields));
            }
            if self.next()? != b'"' {
                return None;
            }
            let key = self.string()?;
            if !self.take(b':') {
                return None;
            }
            fields.push((key, self.value(depth + 1)?));
            if !self.take(b',') && self.next()? != b'}' {
                return None;
            }
        }
    }

    fn list(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let mut list = Vec::new();
        loop {
            if self.take(b']') {
                return Some(Value::List(list));
            }
            list.push(self.value(depth + 1)?);
            if !self.take(b',') && self.next()? != b']' {
                return None;
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        let bytes = self.text.as_bytes();
        let mut end = self.at + 1;
        while *bytes.get(end)? != b'"' {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        let text = serde_json::from_str(self.text.get(self.at..=end)?).ok()?;
        self.at = end + 1;
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_between_comments_and_trailing_commas() {
        let text = "// my servers\n{ \"a\": {\"x\": \"\\u0041 //\", /* } */ \"y\": [1, true,], },\n}\n";
        let node = Node::parse(text).unwrap();
        let x = node.get("a").and_then(|a| a.get("x")).unwrap();
        assert_eq!(x.text(), Some("A //"));
        assert_eq!(&text[x.span.clone()], "\"\\u0041 //\"");
        assert_eq!(node.get("a").unwrap().get("y").unwrap().list().unwrap().len(), 2);
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_place() {
        for text in ["", "{", "{\"a\" 1}", "{} x", "{\"a\":nul}", "\"\\", &"[".repeat(1_000)] {
            assert!(Node::parse(text).is_err(), "{text}");
        }
        assert_eq!(Node::parse("{} x"), Err(3));
    }
}
