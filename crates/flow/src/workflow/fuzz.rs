//! Fuzz targets of workflows; `sealbook_testkit::fuzz` says what a target is. Built for tests and fuzzers alone.

use serde_json::{Map, Value, json};

use super::{Definition, Detail, DiagramFormat, Scope, diagram, explain, not_mentioned, template, validate};

/// A definition is read or refused; what was read survives its JSON, and is validated, told and drawn.
pub fn workflow(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let Ok(definition) = Definition::read(text) else { return false };
    let again = Definition::read(&definition.to_canonical()).expect("what is written can be read");
    assert_eq!(again, definition);
    assert_eq!(again.digest(), definition.digest());
    let _ = validate(&definition, None);
    assert!(not_mentioned(&definition, &explain(&definition, Detail::Medium, None)).is_empty());
    for format in [DiagramFormat::Dot, DiagramFormat::Mermaid, DiagramFormat::Svg] {
        let drawn = diagram(&definition, format).unwrap_or_default();
        assert!(!drawn.contains("<script") && !drawn.contains('\0'));
    }
    true
}

/// A template is read or refused, and gives something or says why not.
pub fn template(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let mut inputs = Map::new();
    inputs.insert("n".to_owned(), json!(3));
    inputs.insert("list".to_owned(), json!([1, {"a": "b"}, null]));
    let mut scope = Scope::new(inputs);
    scope.gave("book", json!({"id": "e7", "guests": ["ann", "bob"]}));
    template::render("template", &Value::String(text.to_owned()), &scope).is_ok()
}

#[cfg(test)]
mod tests {
    use sealbook_testkit::fuzz::drive;

    #[test]
    fn definitions() {
        drive("workflow", super::workflow);
    }

    #[test]
    fn templates() {
        drive("template", super::template);
    }
}
