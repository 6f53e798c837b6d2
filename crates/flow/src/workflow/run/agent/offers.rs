//! The tools of an agent, as its model is told of them.

use std::collections::BTreeMap;

use sealbook_policy::redact_text;
use serde_json::json;

use crate::Offer;
use crate::tool::Registry;

/// Letters of a tool's name, as models' providers take it.
const NAME_CHARS_MAX: usize = 64;

/// What is offered, and which tool each name stands for.
#[derive(Default)]
pub(super) struct Offers {
    pub(super) list: Vec<Offer>,
    tools: BTreeMap<String, String>,
}

impl Offers {
    /// Errors: a tool that is not there, or cannot be called.
    pub(super) fn of(registry: &Registry, names: &[String]) -> Result<Self, String> {
        let mut offers = Self::default();
        for name in names {
            let listed = registry.describe(name).ok_or_else(|| format!("there is no tool {name}"))?;
            if let Some(why) = listed.availability.why {
                return Err(format!("the tool {name} cannot be called: {why}"));
            }
            let schema = listed.info.input.text();
            let input = if schema["type"] == "object" { schema.clone() } else { json!({"type": "object"}) };
            let wire = offers.name(name);
            let description = redact_text(&listed.info.description).into_owned();
            offers.list.push(Offer { name: wire.clone(), description, input });
            offers.tools.insert(wire, name.clone());
        }
        Ok(offers)
    }

    /// The tool that a model names.
    pub(super) fn tool(&self, named: &str) -> Option<&str> {
        self.tools.get(named).map(String::as_str)
    }

    /// The names that there are, for a model that named another.
    pub(super) fn names(&self) -> String {
        self.tools.keys().cloned().collect::<Vec<_>>().join(", ")
    }

    fn name(&self, tool: &str) -> String {
        let fits = |c: char| if c.is_ascii_alphanumeric() || "_-".contains(c) { c } else { '_' };
        let plain: String = tool.chars().map(fits).take(NAME_CHARS_MAX).collect();
        let numbered = (2..).map(|number: u32| {
            let end = format!("_{number}");
            format!("{}{end}", plain.chars().take(NAME_CHARS_MAX - end.len()).collect::<String>())
        });
        let mut names = std::iter::once(plain.clone()).chain(numbered);
        names.find(|name| !self.tools.contains_key(name)).unwrap_or_default()
    }
}
