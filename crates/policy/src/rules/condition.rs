//! What a rule looks for, as it is written and checked: texts compared, combined by all, any and not.

use serde_json::{Map, Value as Json, json};

use super::field::{Field, Place, folded};
use super::node::{Node, Value, error_at};
use crate::RuleError;

/// Tests of one rule.
const TESTS_MAX: usize = 256;
/// Conditions that lie in each other.
const DEPTH_MAX: usize = 16;

/// What must hold for a rule to fit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Condition {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Test(Test),
    Cel(String, usize),
}

/// A comparison: it holds where any text in any of the places fits.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Test {
    pub(crate) places: Vec<Place>,
    pub(crate) how: How,
    /// Directories by the variables that name them, `NAME=/directory`: for paths that begin with one.
    pub(crate) variables: Vec<String>,
    /// Whether names of members are compared as they fold.
    pub(crate) any_case: bool,
    pub(crate) line: usize,
}

/// How a text is compared.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum How {
    Equals(Vec<String>),
    StartsWith(Vec<String>),
    EndsWith(Vec<String>),
    Contains(Vec<String>),
    Glob(Vec<String>),
    Matches {
        pattern: String,
        words: bool,
    },
    Exists(bool),
    /// Paths at or below these directories, and commands that touch them or take away what is above.
    Touches(Vec<String>),
    /// Paths above these directories.
    Above(Vec<String>),
    /// Commands that read or copy what is above these directories with all that lies in it.
    Gathers(Vec<String>),
    /// Paths within directories of these names, and commands that have such a path among their files.
    Within(Vec<String>),
    /// Commands of these programs: the program, its first words, and options that must or must not be there.
    Runs(Vec<String>),
    /// Paths that end so, and commands that can change what lies there.
    Changes(Vec<String>),
}

static COMPARISONS: &str = "equals, one_of, starts_with, ends_with, contains, glob, matches, exists, touches, above, gathers, within, runs, changes";

impl Condition {
    /// Reads the value of `when`.
    pub(crate) fn read(node: &Node) -> Result<Self, RuleError> {
        let mut tests = 0;
        read(node, 0, &mut tests)
    }

    /// Puts these directories, and variables that name directories, in the place of those that are named; whether
    /// there were any.
    pub(crate) fn look_for(&mut self, places: &[String], variables: &[String]) -> bool {
        match self {
            Self::All(list) | Self::Any(list) => {
                list.iter_mut().map(|condition| condition.look_for(places, variables)).filter(|found| *found).count()
                    > 0
            }
            Self::Test(Test {
                how: How::Touches(named) | How::Above(named) | How::Gathers(named),
                variables: known,
                ..
            }) => {
                variables.clone_into(known);
                places.clone_into(named);
                true
            }
            _ => false,
        }
    }

    /// The words that a field must have for this to hold, where they stand there: what an index needs, without
    /// compiling anything.
    pub(crate) fn needs(&self, field: Field) -> Option<Vec<String>> {
        match self {
            Self::Test(Test { places, how: How::Equals(values), .. }) => match &places[..] {
                [Place::Field(found)] if *found == field => {
                    Some(values.iter().map(|value| super::vocabulary::spelt(field, value)).collect())
                }
                _ => None,
            },
            Self::All(list) => list.iter().find_map(|condition| condition.needs(field)),
            Self::Any(list) => {
                let each: Option<Vec<_>> = list.iter().map(|condition| condition.needs(field)).collect();
                each.map(|lists| lists.into_iter().flatten().collect())
            }
            Self::Cel(text, _) => leading_word(text, field.as_str()).map(|word| vec![word.to_owned()]),
            Self::Not(_) | Self::Test(_) => None,
        }
    }

    /// Whether it looks for a member of this name, which is folded, and for none that merely folds to it.
    pub(crate) fn names(&self, name: &str) -> bool {
        match self {
            Self::All(list) | Self::Any(list) => list.iter().any(|condition| condition.names(name)),
            Self::Not(inner) => inner.names(name),
            Self::Test(test) => test.places.iter().any(|place| place.names(name)),
            Self::Cel(text, _) => folded(text).contains(name),
        }
    }

    /// Whether a program is among it.
    pub(crate) fn has_program(&self) -> bool {
        match self {
            Self::All(list) | Self::Any(list) => list.iter().any(Self::has_program),
            Self::Not(inner) => inner.has_program(),
            Self::Test(_) => false,
            Self::Cel(..) => true,
        }
    }

    /// As it is written in JSON.
    pub(crate) fn to_json(&self) -> Json {
        match self {
            Self::All(list) => json!({ "all": list.iter().map(Self::to_json).collect::<Vec<_>>() }),
            Self::Any(list) => json!({ "any": list.iter().map(Self::to_json).collect::<Vec<_>>() }),
            Self::Not(inner) => json!({ "not": inner.to_json() }),
            Self::Cel(text, _) => json!({ "cel": text }),
            Self::Test(test) => test.to_json(),
        }
    }
}

/// `x` of `action == 'x' && …`, where nothing in the text could make it an alternative.
fn leading_word<'t>(cel: &'t str, variable: &str) -> Option<&'t str> {
    if cel.contains("||") || cel.contains('?') {
        return None;
    }
    let rest = cel.trim_start().strip_prefix(variable)?.trim_start().strip_prefix("==")?.trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let (word, after) = rest[1..].split_once(quote)?;
    let after = after.trim_start();
    let plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
    (plain && !word.is_empty() && (after.is_empty() || after.starts_with("&&"))).then_some(word)
}

fn read(node: &Node, depth: usize, tests: &mut usize) -> Result<Condition, RuleError> {
    *tests += 1;
    if depth > DEPTH_MAX || *tests > TESTS_MAX {
        return Err(node.error("the conditions are nested deeper than 16 levels or more than 256; split the rule"));
    }
    match &node.value {
        // A list is what must hold together.
        Value::List(list) => read_list(list, node, depth, tests).map(Condition::All),
        Value::Map(entries) => match &entries[..] {
            [(key, _, inner)] if key == "all" || key == "any" => {
                let Value::List(list) = &inner.value else {
                    return Err(inner.error(format!("`{key}` holds a list of conditions; begin each with `- `")));
                };
                let list = read_list(list, inner, depth, tests)?;
                Ok(if key == "all" { Condition::All(list) } else { Condition::Any(list) })
            }
            [(key, _, inner)] if key == "not" => Ok(Condition::Not(Box::new(read(inner, depth + 1, tests)?))),
            [(key, _, inner)] if key == "cel" => Ok(Condition::Cel(inner.text("cel")?.to_owned(), inner.line)),
            entries => read_test(node, entries).map(Condition::Test),
        },
        _ => Err(node
            .error("a condition is `field:` with a comparison, `all:`, `any:`, `not:` or `cel:`; write one of them")),
    }
}

fn read_list(list: &[Node], at: &Node, depth: usize, tests: &mut usize) -> Result<Vec<Condition>, RuleError> {
    if list.is_empty() {
        return Err(at.error("the list of conditions is empty; name one, or leave `when` out"));
    }
    list.iter().map(|node| read(node, depth + 1, tests)).collect()
}

fn read_test(node: &Node, entries: &[(String, usize, Node)]) -> Result<Test, RuleError> {
    let (mut places, mut how, mut words) = (Vec::new(), None, None);
    let (mut variables, mut any_case) = (Vec::new(), false);
    for (key, line, value) in entries {
        let read = match key.as_str() {
            "field" => {
                for text in value.texts("field")? {
                    places.push(Place::parse(&text).map_err(|what| value.error(what))?);
                }
                continue;
            }
            "any_case" => {
                let Value::Bool(wanted) = value.value else {
                    return Err(value.error("`any_case` is true or false; write one of them"));
                };
                any_case = wanted;
                continue;
            }
            "variables" => {
                variables = value.texts("variables")?;
                continue;
            }
            "words" => {
                let Value::Bool(wanted) = value.value else {
                    return Err(value.error("`words` is true or false; write one of them"));
                };
                words = Some((wanted, *line));
                continue;
            }
            "equals" => How::Equals(vec![value.text(key)?.to_owned()]),
            "one_of" => How::Equals(value.texts(key)?),
            "starts_with" => How::StartsWith(value.texts(key)?),
            "ends_with" => How::EndsWith(value.texts(key)?),
            "contains" => How::Contains(value.texts(key)?),
            "glob" => How::Glob(value.texts(key)?),
            "touches" => How::Touches(value.texts(key)?),
            "above" => How::Above(value.texts(key)?),
            "gathers" => How::Gathers(value.texts(key)?),
            "within" => How::Within(value.texts(key)?),
            "runs" => How::Runs(value.texts(key)?),
            "changes" => How::Changes(value.texts(key)?),
            "matches" => How::Matches { pattern: value.text(key)?.to_owned(), words: false },
            "exists" => match value.value {
                Value::Bool(wanted) => How::Exists(wanted),
                _ => return Err(value.error("`exists` is true or false; write one of them")),
            },
            _ => {
                return Err(error_at(*line, format!("there is no comparison of that name; use one of {COMPARISONS}")));
            }
        };
        if how.replace(read).is_some() {
            return Err(error_at(*line, "a condition has one comparison; put two into `all:`"));
        }
    }
    if places.is_empty() {
        return Err(node.error("a condition names what it looks at; add `field:`"));
    }
    let mut how = how.ok_or_else(|| node.error(format!("a condition compares; add one of {COMPARISONS}")))?;
    if let Some((wanted, line)) = words {
        match &mut how {
            How::Matches { words, .. } => *words = wanted,
            _ => return Err(error_at(line, "`words` goes with `matches`; leave it out here")),
        }
    }
    if !variables.is_empty() && !matches!(how, How::Touches(_) | How::Above(_) | How::Gathers(_)) {
        return Err(node.error("`variables` goes with `touches`, `above` or `gathers`; leave it out here"));
    }
    if any_case {
        places = places.into_iter().map(Place::in_any_case).collect();
    }
    let test = Test { places, how, variables, any_case, line: node.line };
    test.check_words()?;
    Ok(test)
}

impl Test {
    /// Words of closed sets are checked: a misspelt category would never fit.
    fn check_words(&self) -> Result<(), RuleError> {
        let How::Equals(values) = &self.how else { return Ok(()) };
        for place in &self.places {
            let Place::Field(field) = place else { continue };
            for value in values {
                if let Some(allowed) = super::vocabulary::refused(*field, value) {
                    let shown: String = value.chars().take(40).collect();
                    let what = format!("`{}` is never `{shown}`; use one of {allowed}", field.as_str());
                    return Err(error_at(self.line, what));
                }
            }
        }
        Ok(())
    }

    fn to_json(&self) -> Json {
        let mut map = Map::new();
        let places: Vec<String> = self.places.iter().map(ToString::to_string).collect();
        map.insert("field".to_owned(), one_or_many(&places));
        let (key, value) = match &self.how {
            How::Equals(values) if values.len() == 1 => ("equals", json!(values[0])),
            How::Equals(values) => ("one_of", json!(values)),
            How::StartsWith(values) => ("starts_with", one_or_many(values)),
            How::EndsWith(values) => ("ends_with", one_or_many(values)),
            How::Contains(values) => ("contains", one_or_many(values)),
            How::Glob(values) => ("glob", one_or_many(values)),
            How::Touches(values) => ("touches", one_or_many(values)),
            How::Above(values) => ("above", one_or_many(values)),
            How::Gathers(values) => ("gathers", one_or_many(values)),
            How::Within(values) => ("within", one_or_many(values)),
            How::Runs(values) => ("runs", one_or_many(values)),
            How::Changes(values) => ("changes", one_or_many(values)),
            How::Matches { pattern, words } => {
                if *words {
                    map.insert("words".to_owned(), json!(true));
                }
                ("matches", json!(pattern))
            }
            How::Exists(wanted) => ("exists", json!(wanted)),
        };
        map.insert(key.to_owned(), value);
        if self.any_case {
            map.insert("any_case".to_owned(), json!(true));
        }
        if !self.variables.is_empty() {
            map.insert("variables".to_owned(), one_or_many(&self.variables));
        }
        Json::Object(map)
    }
}

pub(crate) fn one_or_many(texts: &[String]) -> Json {
    match texts {
        [one] => json!(one),
        many => json!(many),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leading_word_is_believed_only_where_nothing_goes_round_it() {
        for (cel, word) in [
            ("action == 'file.write'", Some("file.write")),
            (" action==\"a\" && (b == 'c')", Some("a")),
            ("action == 'a' || true", None),
            ("action == 'a' ? true : true", None),
            ("action == 'a' == false", None),
            ("action == 'a' + ''", None),
            ("action == ''", None),
            ("actions == 'a'", None),
            ("action != 'a'", None),
            ("action == 'a\\'b'", None),
            ("!(action == 'a')", None),
        ] {
            assert_eq!(leading_word(cel, "action"), word, "{cel}");
        }
    }
}
