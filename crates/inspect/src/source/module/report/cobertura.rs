//! Cobertura's XML, which many tools write (coverage-04.dtd).

use super::super::manifest::{Node, Xml};
use super::Report;

pub(super) fn read(text: &str) -> Result<Report, String> {
    let mut report = Report { format: "cobertura", ..Report::default() };
    let mut xml = Xml::new(text);
    let (mut path, mut file): (Vec<String>, Option<String>) = (Vec::new(), None);
    let mut is_coverage = false;
    while let Some(node) = xml.next()? {
        match node {
            Node::Begin { name, attributes } => {
                let value =
                    |key: &str| attributes.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
                match name.as_str() {
                    "coverage" => is_coverage = true,
                    "class" => file = value("filename").map(str::to_owned),
                    // Lines of methods stand among the lines of their class once more.
                    "line" if !path.iter().any(|above| above == "method") => {
                        let line = value("number").and_then(|number| number.parse().ok());
                        let ran = value("hits").map(|hits| hits.trim() != "0");
                        let (Some(line), Some(ran)) = (line, ran) else {
                            return Err("a `line` has no `number` or no `hits`".to_owned());
                        };
                        if let Some(file) = &file {
                            report.files.entry(file.clone()).or_default().add(line, ran);
                        }
                    }
                    _ => {}
                }
                path.push(name);
            }
            Node::Text(text) if path.last().is_some_and(|name| name == "source") => {
                let base = text.trim();
                if !base.is_empty() {
                    report.bases.push(base.to_owned());
                }
            }
            Node::Text(_) => {}
            Node::End => {
                path.pop();
            }
        }
    }
    if is_coverage { Ok(report) } else { Err("it is no Cobertura report".to_owned()) }
}
