//! `tools.toml`: what it may say, what it may not, and where keys come from.

use std::sync::Arc;

use sealbook_flow::{Error, Keys, Registry, Secrets, SystemTime, Time, ToolsConfig};
use zeroize::Zeroizing;

/// One file, which holds one key.
struct OneFile;

impl Keys for OneFile {
    fn read(&self, file: &str) -> Result<Zeroizing<String>, &'static str> {
        if file == "keys/erp.key" {
            Ok(Zeroizing::new("k-4f1c9a7e\n".to_owned()))
        } else {
            Err("the file is not there, or may not be read")
        }
    }
}

fn registry(text: &str) -> Result<Registry, Error> {
    let time: Arc<dyn Time> = Arc::new(SystemTime::default());
    ToolsConfig::read(text)?.registry(&OneFile, &time)
}

/// In a runtime, as clients want one.
fn built(text: &str) -> Result<Registry, Error> {
    crate::fixture::wait_for(async { registry(text) })
}

const EMAIL: &str = "[email]\nfrom_email = \"a@clinic.example\"\n";

#[test]
fn tools_that_nobody_configured_are_listed_with_what_they_lack() {
    let tools = built("").unwrap();
    let listed: Vec<&str> = tools.list().map(|listed| listed.info.name.as_str()).collect();
    let known = [
        "analyze_image",
        "create_ticket",
        "google_calendar",
        "knowledge_base",
        "send_email",
        "send_sms",
        "send_whatsapp",
        "text_to_speech",
        "transcribe_audio",
    ];
    assert_eq!(listed, known);
    for listed in tools.list() {
        assert!(!listed.availability.available);
        assert!(listed.availability.why.unwrap().contains("tools.toml"));
    }
    let tools = built(&format!("{EMAIL}[email.smtp]\nhost = \"localhost\"\nsecurity = \"none\"\n")).unwrap();
    assert!(tools.describe("send_email").unwrap().availability.available);
    assert_eq!(tools.describe("send_email").unwrap().info.backend, "email: smtp");
}

#[test]
fn a_whole_configuration_is_built() {
    let text = format!(
        "[secrets]\nerp = \"keys/erp.key\"\n\n{EMAIL}from_name = \"Clinic\"\nproviders = [\"mailgun\", \"smtp\"]\n\
         smtp = {{ host = \"smtp.example.org\", username = \"a\", password = \"secret://erp\" }}\n\
         mailgun = {{ api_key = \"file:keys/erp.key\", domain = \"mg.clinic.example\" }}\n\n\
         [calendar.google_calendar]\nkind = \"google\"\ntimezone = \"Europe/Zurich\"\ntoken = \"secret://erp\"\n\n\
         [calendar.calendar]\nkind = \"caldav\"\ntimezone = \"UTC\"\nurl = \"https://dav.example.org/ann/shop/\"\n\
         username = \"ann\"\npassword = \"secret://erp\"\n\n\
         [http.order_create]\ndescription = \"Orders\"\nurl = \"https://erp.example.org/shops/{{shop}}/orders\"\n\
         effect = \"idempotent\"\nheaders = {{ authorization = \"Bearer secret://erp\" }}\nallow = [\"10.1.0.0/16\"]\n\
         compensate = {{ tool = \"order_cancel\", input = {{ id = \"$.result.id\" }} }}\n\
         [http.order_create.input]\ntype = \"object\"\nrequired = [\"shop\"]\n"
    );
    let tools = built(&text).unwrap();
    let backend = |name: &str| tools.describe(name).unwrap().info.backend.clone();
    assert_eq!(backend("send_email"), "email: mailgun, smtp");
    assert_eq!((backend("calendar"), backend("google_calendar")), ("caldav".to_owned(), "google".to_owned()));
    assert_eq!(backend("order_create"), "http: POST erp.example.org");
    assert_eq!(tools.describe("order_create").unwrap().info.reversal.as_str(), "call");
    let secrets = ToolsConfig::read(&text).unwrap().secrets(OneFile);
    assert_eq!(secrets.secret("erp").unwrap().as_str(), "k-4f1c9a7e");
    assert!(secrets.secret("keys/erp.key").is_none() && secrets.secret("other").is_none());
}

#[test]
fn what_is_misspelt_is_named_by_its_line_and_no_value_is_quoted() {
    for (text, line, word) in [
        ("[email]\nfrom_email = \"a@example.org\"\npasword = \"hunter2\"\n", 3, "pasword"),
        ("[mail]\n", 1, "mail"),
        ("\n[email]\nfrom_email = \"a\"\n[email.smtp]\nport = \"hunter2\"\nhost = \"x\"\n", 5, "u16"),
        ("[calendar.a]\nkind = \"exchange\"\n", 2, "caldav"),
    ] {
        let error = built(text).err().unwrap();
        assert_eq!(error.code(), "tools_invalid", "{error}");
        assert!(error.to_string().contains(&format!("line {line}:")) && error.to_string().contains(word), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

#[test]
fn keys_stand_in_files_and_providers_in_an_order() {
    let sendgrid = |key: &str| format!("{EMAIL}sendgrid = {{ api_key = \"{key}\" }}\n");
    let both = "smtp = { host = \"localhost\", security = \"none\" }\nsendgrid = { api_key = \"file:keys/erp.key\" }\n";
    for (text, code, word) in [
        (sendgrid("SG.hunter2"), "tool_invalid", "0600"),
        (sendgrid("secret://none"), "secret_missing", "none"),
        (sendgrid("file:missing.key"), "api_key_unusable", "missing.key"),
        (format!("{EMAIL}{both}"), "tool_invalid", "providers"),
        (format!("{EMAIL}providers = [\"smtp\"]\n{both}"), "tool_invalid", "providers"),
        (format!("{EMAIL}providers = [\"smtp\", \"smtp\"]\n{both}"), "tool_invalid", "providers"),
        (EMAIL.to_owned(), "tool_invalid", "provider"),
        (format!("{EMAIL}smtp = {{ host = \"smtp.example.org\", security = \"none\" }}\n"), "tool_invalid", "machine"),
        (format!("{EMAIL}smtp = {{ host = \"smtp.example.org\", username = \"a\" }}\n"), "tool_invalid", "password"),
        ("[calendar.a]\nkind = \"caldav\"\ntimezone = \"UTC\"\n".to_owned(), "tool_invalid", "url"),
        ("[calendar.a]\nkind = \"google\"\ntimezone = \"UTC\"\n".to_owned(), "tool_invalid", "refresh_token"),
        (
            "[http.a]\ndescription = \"x\"\nurl = \"http://10.0.0.1/\"\neffect = \"read\"\n".to_owned(),
            "tool_invalid",
            "allow",
        ),
    ] {
        let error = built(&text).err().unwrap();
        assert_eq!(error.code(), code, "{text}: {error}");
        assert!(error.to_string().contains(word) && !error.to_string().contains("hunter2"), "{error}");
    }
}
