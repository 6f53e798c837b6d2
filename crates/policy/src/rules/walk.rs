//! Values within JSON text, found in one pass and without building a tree: duplicate members are all visited.

mod lines;
#[cfg(test)]
mod plain;
mod texts;

use std::borrow::Cow;

use crate::DEPTH_MAX;
use crate::redact::{Decoded, string_end, value_end};

use super::field::{Step, folded};
pub(crate) use lines::{Line, any_line};
use texts::{LEVELS_MAX, json_in};

/// Texts of a list or map that are also looked at as one, joined by spaces: no longer than this.
const JOINED_BYTES_MAX: usize = 64 * 1024;

/// Calls `each` with every value at the path until it says `true`; whether it did.
///
/// A path that ends at a list or map means every value in it, and then all of them joined by spaces:
/// `["sealbook", "approve"]` is looked at as a command line too. What lies in several such lists or maps is
/// shown once.
///
/// A text that is itself a list or map, as JSON, is shown like any other, and then looked into as if it stood there
/// without its quotation marks: some servers unpack such arguments. Its levels are counted from its own beginning.
pub(crate) fn any_value(json: &[u8], path: &[Step], each: &mut dyn FnMut(&str) -> bool) -> bool {
    let json = json.trim_ascii_start();
    let (head, tail) = match path.iter().position(|step| *step == Step::Deep) {
        Some(at) => (&path[..at], Some(&path[at + 1..])),
        None => (path, None),
    };
    // What has more steps than a part has levels leads nowhere.
    if head.len() > DEPTH_MAX || tail.is_some_and(|tail| tail.len() > DEPTH_MAX) || json.is_empty() {
        return false;
    }
    let mut walk = Walk { json, head, tail, each, joined: Vec::new(), found: false, texts: 0 };
    let (wanted, is_there) = walk.wanted_after(0);
    walk.value(0, 0, wanted, is_there);
    walk.found
}

/// Calls `each` with every member's name at any depth until it says `true`; whether it did. JSON within texts is
/// looked into too.
pub(crate) fn any_name(json: &[u8], each: &mut dyn FnMut(&str) -> bool) -> bool {
    any_name_in(json, each, 0)
}

fn any_name_in(json: &[u8], each: &mut dyn FnMut(&str) -> bool, texts: usize) -> bool {
    let (mut at, mut depth) = (0, 0_usize);
    while at < json.len() {
        match json[at] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let end = string_end(json, at);
                let is_name = json[end + 1..].iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':');
                let raw = &json[at + 1..end.max(at + 1)];
                if depth <= DEPTH_MAX + 1 {
                    let inner = if is_name || texts == LEVELS_MAX { None } else { json_in(raw) };
                    let found = inner.is_some_and(|inner| any_name_in(&inner, each, texts + 1));
                    if found || (is_name && each(&text_of(raw))) {
                        return true;
                    }
                }
                at = end;
            }
            _ => {}
        }
        at += 1;
    }
    false
}

/// What is still looked for at a value: the steps that are to come.
#[derive(Debug, Clone, Copy)]
enum Wanted {
    Nothing,
    /// From this step of the head on.
    Head(usize),
    /// From each of these steps of the tail on; the first is always among them.
    Tail(u128),
}

struct Walk<'w> {
    json: &'w [u8],
    /// The steps before `**`, and those after it where it stands.
    head: &'w [Step],
    tail: Option<&'w [Step]>,
    each: &'w mut dyn FnMut(&str) -> bool,
    /// The texts of the lists and maps at the path's end that are open here, the outermost first.
    joined: Vec<String>,
    found: bool,
    /// Within how many texts this lies.
    texts: usize,
}

impl Walk<'_> {
    /// What is wanted once so many steps of the head are taken, and whether the path ends there.
    fn wanted_after(&self, steps: usize) -> (Wanted, bool) {
        match self.tail {
            _ if steps < self.head.len() => (Wanted::Head(steps), false),
            None | Some([]) => (Wanted::Nothing, true),
            Some(_) => (Wanted::Tail(1), false),
        }
    }

    /// What is wanted in a child, and whether the path ends at it.
    fn wanted_in(&self, wanted: Wanted, name: Name<'_>) -> (Wanted, bool) {
        match wanted {
            Wanted::Head(at) if name.is(&self.head[at]) => self.wanted_after(at + 1),
            Wanted::Nothing | Wanted::Head(_) => (Wanted::Nothing, false),
            Wanted::Tail(mut steps) => {
                let tail = self.tail.unwrap_or_default();
                let (mut next, mut ends) = (1_u128, false);
                while steps != 0 {
                    let at = steps.trailing_zeros() as usize;
                    steps &= steps - 1;
                    if name.is(&tail[at]) {
                        if at + 1 == tail.len() {
                            ends = true;
                        } else {
                            next |= 1 << (at + 1);
                        }
                    }
                }
                (Wanted::Tail(next), ends)
            }
        }
    }

    /// The value that begins at `at`, and where it ends.
    fn value(&mut self, at: usize, depth: usize, wanted: Wanted, is_there: bool) -> usize {
        if !matches!(self.json[at], b'{' | b'[') {
            let end = value_end(self.json, at);
            let is_shown = is_there || !self.joined.is_empty();
            if is_shown {
                self.show(at, end);
            }
            if !self.found && (is_shown || !matches!(wanted, Wanted::Nothing)) {
                self.text(at, end, wanted, is_shown);
            }
            return end;
        }
        let is_shown = is_there || !self.joined.is_empty();
        if depth > DEPTH_MAX || (!is_shown && matches!(wanted, Wanted::Nothing)) {
            return value_end(self.json, at);
        }
        if is_there {
            self.joined.push(String::new());
        }
        let end = self.children(at, depth, wanted);
        if is_there && let Some(joined) = self.joined.pop() {
            self.found = self.found || (joined.contains(' ') && (self.each)(&joined));
        }
        end
    }

    /// What lies in a text that is JSON itself.
    fn text(&mut self, at: usize, end: usize, wanted: Wanted, is_there: bool) {
        let [b'"', raw @ .., b'"'] = &self.json[at..end] else { return };
        let inner = if self.texts == LEVELS_MAX { None } else { json_in(raw) };
        let Some(json) = inner else { return };
        let (head, tail, texts) = (self.head, self.tail, self.texts + 1);
        let mut walk = Walk { json: &json, head, tail, each: &mut *self.each, joined: Vec::new(), found: false, texts };
        walk.value(0, 0, wanted, is_there);
        self.found = walk.found;
    }

    /// The members or elements of what begins at `at`, and where it ends.
    fn children(&mut self, at: usize, depth: usize, wanted: Wanted) -> usize {
        let json = self.json;
        let is_map = json[at] == b'{';
        let (mut at, mut index, mut key) = (at + 1, 0, None);
        while at < json.len() && !self.found {
            match json[at] {
                b'}' | b']' => return at + 1,
                b',' | b':' | b' ' | b'\n' | b'\r' | b'\t' => at += 1,
                b'"' if is_map && key.is_none() => {
                    let end = string_end(json, at);
                    key = Some(&json[at + 1..end.max(at + 1)]);
                    at = end + 1;
                }
                _ => {
                    let name = key.take().map_or(Name::Number(index), Name::Text);
                    let (wanted, is_there) = match wanted {
                        _ if depth == DEPTH_MAX => (Wanted::Nothing, false),
                        wanted => self.wanted_in(wanted, name),
                    };
                    at = self.value(at, depth + 1, wanted, is_there).max(at + 1);
                    index += 1;
                }
            }
        }
        at
    }

    /// Shows a text or number, and joins it to what is joined.
    fn show(&mut self, at: usize, end: usize) {
        let text = match &self.json[at..end] {
            [b'"', text @ .., b'"'] => text_of(text),
            other => String::from_utf8_lossy(other.trim_ascii()),
        };
        for joined in &mut self.joined {
            if joined.len() + text.len() < JOINED_BYTES_MAX {
                if !joined.is_empty() {
                    joined.push(' ');
                }
                joined.push_str(&text);
            }
        }
        self.found = self.found || (self.each)(&text);
    }
}

/// How a value is called where it lies: by the raw text of its name, or by its number.
#[derive(Debug, Clone, Copy)]
enum Name<'j> {
    Text(&'j [u8]),
    Number(usize),
}

impl Name<'_> {
    fn is(self, step: &Step) -> bool {
        match (step, self) {
            (Step::Any | Step::Deep, _) => true,
            (Step::Name(name), Self::Text(raw)) if raw.contains(&b'\\') => *Decoded::new(raw).text == *name.as_bytes(),
            (Step::Name(name), Self::Text(raw)) => raw == name.as_bytes(),
            (Step::Folded(name), Self::Text(raw)) => {
                raw.eq_ignore_ascii_case(name.as_bytes()) || folded(&text_of(raw)) == name.as_str()
            }
            (Step::Name(name) | Step::Folded(name), Self::Number(index)) => name.parse() == Ok(index),
        }
    }
}

/// What stands between quotation marks, without its escapes.
fn text_of(raw: &[u8]) -> Cow<'_, str> {
    match Decoded::new(raw).text {
        Cow::Borrowed(text) => String::from_utf8_lossy(text),
        Cow::Owned(text) => Cow::Owned(String::from_utf8_lossy(&text).into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rules::field::Place;

    type Search = fn(&[u8], &mut dyn FnMut(&str) -> bool) -> bool;

    fn path(text: &str) -> Vec<Step> {
        let Ok(Place::Part { path, .. }) = Place::parse(text) else { panic!("{text}") };
        path
    }

    fn found(json: &str, text: &str) -> Vec<String> {
        let mut texts = Vec::new();
        any_value(json.as_bytes(), &path(text), &mut |text| {
            texts.push(text.to_owned());
            false
        });
        texts
    }

    #[test]
    fn values_are_found_by_their_path() {
        let json = r#"{"path":"a","path":"b", "list" : [1, {"path":"c\u0064"}, true],"deep":{"x":{"path":"e"}}}"#;
        assert_eq!(found(json, "input.path"), ["a", "b"]);
        assert_eq!(found(json, "input.**.path"), ["a", "b", "cd", "e"]);
        assert_eq!(found(json, "input.list.*.path"), ["cd"]);
        assert_eq!(found(json, "input.list.0"), ["1"]);
        assert_eq!(found(json, "/input/list/1/path"), ["cd"]);
        assert_eq!(found(json, "input.list"), ["1", "cd", "true", "1 cd true"]);
        assert_eq!(found(json, "input.nothing"), Vec::<String>::new());
        assert_eq!(found("\"alone\"", "input"), ["alone"]);
        assert_eq!(found("[]", "input.**"), Vec::<String>::new());
        assert_eq!(found("{\"a\":{}}", "input.a.b"), Vec::<String>::new());
        assert_eq!(found(r#"{"a":[1,{"a":["x","y"]}]}"#, "input.**.a"), ["1", "x", "y", "x y", "1 x y"]);
    }

    #[test]
    fn json_within_a_text_is_looked_into() {
        let json = r#"{"cfg":"{\"env\":\"prod\",\"more\":[\"a\",\"b\"]}","list":["[{\"path\":\"x\"}]"]}"#;
        assert_eq!(found(json, "input.cfg.env"), ["prod"]);
        assert_eq!(found(json, "input.cfg.more"), ["a", "b", "a b"]);
        assert_eq!(found(json, "input.**.path"), ["x"]);
        assert_eq!(found(json, "input.list.0.0.path"), ["x"]);
        let twice = serde_json::json!({"a": serde_json::json!({"b": json}).to_string()}).to_string();
        assert_eq!(found(&twice, "input.a.b.cfg.env"), ["prod"]);
        let mut names = Vec::new();
        any_name(json.as_bytes(), &mut |name| {
            names.push(name.to_owned());
            false
        });
        assert_eq!(names, ["cfg", "env", "more", "list", "path"]);
        assert!(found(r#"{"cfg":"{env: prod"}"#, "input.cfg.env").is_empty(), "that is no JSON");
        let deep = (0..9).fold("\"x\"".to_owned(), |inner, _| serde_json::json!([inner]).to_string());
        assert!(!found(&deep, "input").contains(&"x".to_owned()), "levels are bounded");
    }

    #[test]
    fn names_are_found_at_any_depth() {
        let mut names = Vec::new();
        any_name(br#"{"a":[{"b\u0063":1}],"a" :{"d":{"e":"f"}}}"#, &mut |name| {
            names.push(name.to_owned());
            false
        });
        assert_eq!(names, ["a", "bc", "a", "d", "e"]);
    }

    #[test]
    fn depth_is_bounded() {
        let json = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
        assert!(found(&json, "input.**").is_empty());
        assert!(found(&json, "input").is_empty());
    }

    /// The texts that a search shows, each once, and in no order.
    fn all(search: impl FnOnce(&mut dyn FnMut(&str) -> bool) -> bool) -> Vec<String> {
        let mut texts = Vec::new();
        search(&mut |text| {
            texts.push(text.to_owned());
            false
        });
        texts.sort();
        texts.dedup();
        texts
    }

    fn agrees(json: &str, path: &[Step]) {
        let (fast, slow) = (
            all(|each| any_value(json.as_bytes(), path, each)),
            all(|each| plain::any_value(json.as_bytes(), path, each)),
        );
        assert_eq!(fast, slow, "{path:?} in {json}");
    }

    #[test]
    fn at_the_lowest_level_it_is_as_described_too() {
        for depth in 126..133 {
            for (open, close) in [("[", "]"), (r#"{"a":"#, "}"), (r#"[0,{"a":"#, "}]")] {
                let json = format!("{}\"x y\"{}", open.repeat(depth), close.repeat(depth));
                for text in ["input", "input.**", "input.**.a", "input.**.a.a", "input.*.**.a", "names"] {
                    match text {
                        "names" => assert_eq!(
                            all(|each| any_name(json.as_bytes(), each)),
                            all(|each| plain::any_name(json.as_bytes(), each)),
                        ),
                        text => agrees(&json, &path(text)),
                    }
                }
                let long = format!("input{}", ".*".repeat(depth));
                agrees(&json, &path(&long));
                agrees(&json, &path(&format!("{long}.**")));
                agrees(&json, &path(&format!("input.**{}", ".*".repeat(depth))));
            }
        }
    }

    #[test]
    fn a_joined_text_is_bounded_as_described() {
        for texts in [
            vec!["x".repeat(70_000), "sealbook".to_owned(), "approve".to_owned()],
            vec!["y".to_owned(); 40_000],
            vec!["y".repeat(65_533), String::new(), "z".to_owned(), String::new(), "w".to_owned()],
        ] {
            let json = serde_json::json!({"a": [{"a": texts}, "end"]}).to_string();
            agrees(&json, &path("input.**.a"));
            agrees(&json, &path("input"));
        }
    }

    /// A deep part takes as long for each of its bytes as a flat one: what is looked at is counted, not timed.
    #[test]
    fn nothing_is_shown_again_for_each_level() {
        let json = format!("{}\"x\"{}", r#"{"a":["#.repeat(60), "]}".repeat(60));
        let mut shown = 0;
        any_value(json.as_bytes(), &path("input.**.a"), &mut |_| {
            shown += 1;
            false
        });
        assert_eq!(shown, 1);
    }

    fn json() -> impl Strategy<Value = String> {
        let name = prop::sample::select(vec![
            r#""a""#,
            r#""A""#,
            r#""\u212A""#,
            r#""b""#,
            r#""\u0061""#,
            r#""0""#,
            r#""a b""#,
            r#""""#,
        ]);
        let leaf = prop_oneof![
            prop::sample::select(vec![
                "1",
                "-0.10",
                "true",
                "null",
                r#""x""#,
                r#""x y""#,
                r#""\n\u00e4\"""#,
                r#""""#,
                r#""{\"a\":\"x\",\"b\":[1]}""#,
                r#""[{\"a\":\"[\\\"y z\\\"]\"}""#,
                r#""[\"a b\", {\"b\":2}]""#
            ])
            .prop_map(str::to_owned),
        ];
        leaf.prop_recursive(6, 60, 5, move |inner| {
            let member = (name.clone(), inner.clone()).prop_map(|(name, value)| format!("{name} : {value}"));
            prop_oneof![
                prop::collection::vec(inner, 0..5).prop_map(|list| format!("[{}]", list.join(" , "))),
                prop::collection::vec(member, 0..5).prop_map(|map| format!("{{{}}}", map.join(","))),
            ]
        })
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            3 => prop::sample::select(vec!["a", "b", "0", "1", "a b"]).prop_map(|name| Step::Name(name.to_owned())),
            1 => prop::sample::select(vec!["a", "0", "k"]).prop_map(|name| Step::Folded(name.to_owned())),
            1 => Just(Step::Any),
        ];
        let steps = || prop::collection::vec(step.clone(), 0..4);
        (steps(), any::<bool>(), steps()).prop_map(|(mut head, deep, tail)| {
            if deep {
                head.push(Step::Deep);
                head.extend(tail);
            }
            head
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn one_pass_finds_what_the_description_finds(json in json(), path in steps()) {
            agrees(&json, &path);
            let names = |search: Search| all(|each| search(json.as_bytes(), each));
            prop_assert_eq!(names(any_name), names(plain::any_name));
        }
    }
}
