//! XML as a walk over its elements, in bounded depth.
//!
//! Entities that a document declares are never expanded, and nothing that it points to is fetched: a document that
//! needs either cannot be read.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// Elements within one another, at most.
const DEPTH_MAX: usize = 128;

/// An element begins or ends, or text stands in one.
pub(in super::super) enum Node<'a> {
    Begin { name: String, attributes: Vec<(String, String)> },
    Text(std::borrow::Cow<'a, str>),
    End,
}

/// Reads a document.
pub(in super::super) struct Xml<'a> {
    reader: Reader<&'a [u8]>,
    depth: usize,
    /// The end of an element that was empty.
    pending_end: bool,
}

impl<'a> Xml<'a> {
    pub(in super::super) fn new(text: &'a str) -> Self {
        Self { reader: Reader::from_str(text), depth: 0, pending_end: false }
    }

    /// What comes next; nothing at the end.
    pub(in super::super) fn next(&mut self) -> Result<Option<Node<'a>>, String> {
        if std::mem::take(&mut self.pending_end) {
            self.depth -= 1;
            return Ok(Some(Node::End));
        }
        loop {
            let event = self.reader.read_event().map_err(|error| {
                format!(
                    "byte {}: {}",
                    self.reader.error_position(),
                    error.to_string().chars().take(120).collect::<String>()
                )
            })?;
            match event {
                Event::Start(tag) => return self.begin(&tag).map(Some),
                Event::Empty(tag) => {
                    self.pending_end = true;
                    return self.begin(&tag).map(Some);
                }
                Event::End(_) => {
                    self.depth = self.depth.checked_sub(1).ok_or("an element ends that did not begin")?;
                    return Ok(Some(Node::End));
                }
                Event::Text(text) => return Ok(Some(Node::Text(text.xml10_content()))),
                Event::CData(text) => return Ok(Some(Node::Text(text.xml10_content()))),
                Event::DocType(text) if text.contains("<!ENTITY") => {
                    return Err("it declares entities, which are not expanded".to_owned());
                }
                Event::GeneralRef(entity) => {
                    let known = match &*entity {
                        "amp" => "&",
                        "lt" => "<",
                        "gt" => ">",
                        "quot" => "\"",
                        "apos" => "'",
                        number if number.starts_with('#') => "\u{fffd}",
                        _ => return Err("it uses an entity of its own, which is not expanded".to_owned()),
                    };
                    return Ok(Some(Node::Text(known.into())));
                }
                Event::Eof if self.depth > 0 => return Err("it ends within an element".to_owned()),
                Event::Eof => return Ok(None),
                _ => {}
            }
        }
    }

    fn begin(&mut self, tag: &BytesStart<'_>) -> Result<Node<'a>, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(format!("elements are nested deeper than {DEPTH_MAX}"));
        }
        let mut attributes = Vec::new();
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|error| error.to_string())?;
            let value =
                attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
            attributes.push((attribute.key.local_name().into_inner().to_owned(), value.into_owned()));
        }
        Ok(Node::Begin { name: tag.local_name().into_inner().to_owned(), attributes })
    }
}
