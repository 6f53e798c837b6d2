//! Mails that are the same but for a few words. What stands in a page is escaped; a variable that is missing is an
//! error, and so is one that the template does not know.

use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde_json::{Value, json};

use crate::Error;

/// More than any of ours needs.
const FUEL: u64 = 10_000;

struct Template {
    name: &'static str,
    required: &'static [&'static str],
    optional: &'static [&'static str],
    subject: &'static str,
    heading: &'static str,
    says: &'static str,
    frame: &'static Frame,
}

/// What templates of a kind share: they differ by heading and first sentence.
struct Frame {
    text: &'static str,
    html: &'static str,
}

static APPOINTMENT: Frame =
    Frame { text: include_str!("templates/appointment.txt"), html: include_str!("templates/appointment.html") };

static TEMPLATES: &[Template] = &[
    Template {
        name: "appointment_confirmation",
        required: &["customer_name", "appointment_date", "appointment_time", "treatment"],
        optional: &["clinic_name", "clinic_phone"],
        subject: "Your appointment on {{ appointment_date }} at {{ appointment_time }} is confirmed",
        heading: "Appointment confirmed",
        says: "your appointment is confirmed.",
        frame: &APPOINTMENT,
    },
    Template {
        name: "appointment_reminder",
        required: &["customer_name", "appointment_date", "appointment_time", "treatment"],
        optional: &["clinic_name", "clinic_phone"],
        subject: "Reminder: your appointment on {{ appointment_date }} at {{ appointment_time }}",
        heading: "Appointment reminder",
        says: "this is a reminder of your appointment.",
        frame: &APPOINTMENT,
    },
];

/// A template with its variables filled in.
pub(super) struct Told {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

/// The templates there are, compiled.
pub(super) struct Templates(Environment<'static>);

impl Templates {
    pub(super) fn built_in() -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        environment.set_auto_escape_callback(|name| {
            if name.rsplit_once('.').is_some_and(|(_, kind)| kind == "html") {
                AutoEscape::Html
            } else {
                AutoEscape::None
            }
        });
        for template in TEMPLATES {
            let Template { subject, frame: Frame { text, html }, .. } = template;
            for (kind, source) in [("subject", *subject), ("txt", *text), ("html", *html)] {
                environment
                    .add_template_owned(format!("{}.{kind}", template.name), source)
                    .expect("our templates are templates");
            }
        }
        Self(environment)
    }

    pub(super) fn names() -> Vec<&'static str> {
        TEMPLATES.iter().map(|template| template.name).collect()
    }

    /// What the schema says of the variables: which there must be and which there may be, each one of this form.
    pub(super) fn rules(variable: &Value) -> Vec<Value> {
        let rule = |template: &Template| {
            let known = template.required.iter().chain(template.optional);
            let known: serde_json::Map<String, Value> =
                known.map(|name| ((*name).to_owned(), variable.clone())).collect();
            let vars = json!({"type": "object", "required": template.required, "properties": known,
                "additionalProperties": false});
            json!({"if": {"required": ["template_name"], "properties": {"template_name": {"const": template.name}}},
                "then": {"required": ["template_vars"], "properties": {"template_vars": vars}}})
        };
        TEMPLATES.iter().map(rule).collect()
    }

    /// Errors: [`Error::MailInvalid`], where there is no such template or a variable is missing.
    pub(super) fn render(&self, name: &str, vars: &Value) -> Result<Told, Error> {
        let unknown = || Error::MailInvalid { why: "there is no such template" };
        let own = TEMPLATES.iter().find(|template| template.name == name).ok_or_else(unknown)?;
        let one = |kind: &str| {
            let template = self.0.get_template(&format!("{name}.{kind}")).map_err(|_| unknown())?;
            let given = vars.as_object().into_iter().flatten();
            let given = given.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
            let vars = minijinja::Value::from_pairs(given.chain([("heading", own.heading), ("says", own.says)]));
            template.render(vars).map_err(|_| Error::MailInvalid { why: "a variable of the template is missing" })
        };
        Ok(Told { subject: one("subject")?, text: one("txt")?, html: one("html")? })
    }
}
