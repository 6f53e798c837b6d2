//! What the suite asks for, in the words of its own demands.

use std::borrow::Borrow;

use rmcp::model::{JsonObject, Tool};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// One red point, and no sound at all.
pub(super) const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";
const WAV: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=";

pub(super) fn of<T: DeserializeOwned>(value: impl Borrow<Value>) -> T {
    let value = value.borrow();
    T::deserialize(value).unwrap_or_else(|error| panic!("{error}: {value}"))
}

/// Tools whose answer is always the same.
pub(super) fn fixed(name: &str) -> Option<Value> {
    let resource = |uri: &str, kind: &str, text: &str| json!({"type": "resource", "resource": {"uri": uri, "mimeType": kind, "text": text}});
    let image = json!({"type": "image", "data": PNG, "mimeType": "image/png"});
    let text = |text: &str| json!({"type": "text", "text": text});
    Some(match name {
        "test_simple_text" => json!([text("This is a simple text response for testing.")]),
        "test_image_content" => json!([image]),
        "test_audio_content" => json!([{"type": "audio", "data": WAV, "mimeType": "audio/wav"}]),
        "test_embedded_resource" => {
            json!([resource("test://embedded-resource", "text/plain", "This is an embedded resource content.")])
        }
        "test_multiple_content_types" => json!([
            text("Multiple content types test:"),
            image,
            resource("test://mixed-content-resource", "application/json", r#"{"test":"data","value":123}"#),
        ]),
        "json_schema_2020_12_tool" | "test_custom_header" | "test_reconnection" => json!([text("done")]),
        _ => return None,
    })
}

fn schema(fields: impl Borrow<Value>, required: &[&str]) -> Value {
    json!({"type": "object", "properties": fields.borrow(), "required": required})
}

/// Tools that ask the client for something while they run, and what they ask.
pub(super) fn asks(name: &str, arguments: &JsonObject) -> Option<(String, Value)> {
    let message = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or("?").to_owned();
    Some(match name {
        "test_elicitation" => {
            let user = json!({"type": "string", "description": "User's response"});
            let mail = json!({"type": "string", "description": "User's email address"});
            (message("message"), schema(json!({"username": user, "email": mail}), &["username", "email"]))
        }
        "test_elicitation_sep1034_defaults" => (
            "All of it has a default".to_owned(),
            schema(
                json!({
                    "name": {"type": "string", "default": "John Doe"},
                    "age": {"type": "integer", "default": 30},
                    "score": {"type": "number", "default": 95.5},
                    "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
                    "verified": {"type": "boolean", "default": true},
                }),
                &[],
            ),
        ),
        "test_elicitation_sep1330_enums" => {
            let titled = |values: [&str; 3], titles: [&str; 3]| -> Vec<Value> {
                values.iter().zip(titles).map(|(value, title)| json!({"const": value, "title": title})).collect()
            };
            let options = ["option1", "option2", "option3"];
            let first = titled(["value1", "value2", "value3"], ["First Option", "Second Option", "Third Option"]);
            let choices = titled(["value1", "value2", "value3"], ["First Choice", "Second Choice", "Third Choice"]);
            (
                "Choose".to_owned(),
                schema(
                    json!({
                        "untitledSingle": {"type": "string", "enum": options},
                        "titledSingle": {"type": "string", "oneOf": first},
                        "legacyEnum": {
                            "type": "string", "enum": ["opt1", "opt2", "opt3"],
                            "enumNames": ["Option One", "Option Two", "Option Three"],
                        },
                        "untitledMulti": {"type": "array", "items": {"type": "string", "enum": options}},
                        "titledMulti": {"type": "array", "items": {"anyOf": choices}},
                    }),
                    &[],
                ),
            )
        }
        _ => return None,
    })
}

fn elicit(message: &str, field: &str, kind: &str) -> Value {
    let requested = schema(json!({field: {"type": kind}}), &[field]);
    json!({"method": "elicitation/create", "params": {"mode": "form", "message": message, "requestedSchema": requested}})
}

pub(super) fn sample(text: &str, tokens: u32) -> Value {
    json!({"method": "sampling/createMessage", "params": {
        "messages": [{"role": "user", "content": {"type": "text", "text": text}}], "maxTokens": tokens}})
}

fn roots() -> Value {
    json!({"method": "roots/list", "params": {}})
}

/// Calls that need answers of the client first: what they ask for, by round.
pub(super) fn rounds(name: &str) -> Option<Vec<Value>> {
    Some(match name {
        "test_input_required_result_elicitation" | "test_streaming_elicitation" => {
            vec![json!({"user_name": elicit("What is your name?", "name", "string")})]
        }
        "test_input_required_result_sampling" | "test_missing_capability" => {
            vec![json!({"capital_question": sample("What is the capital of France?", 100)})]
        }
        "test_input_required_result_list_roots" => vec![json!({"client_roots": roots()})],
        "test_input_required_result_request_state" | "test_input_required_result_tampered_state" => {
            vec![json!({"confirm": elicit("Please confirm", "ok", "boolean")})]
        }
        "test_input_required_result_multiple_inputs" | "test_input_required_result_capabilities" => vec![json!({
            "user_name": elicit("What is your name?", "name", "string"),
            "greeting": sample("Generate a greeting", 50),
            "client_roots": roots(),
        })],
        "test_input_required_result_multi_round" => vec![
            json!({"step1": elicit("Step 1: What is your name?", "name", "string")}),
            json!({"step2": elicit("Step 2: What is your favorite color?", "color", "string")}),
        ],
        "test_input_required_result_prompt" => {
            vec![json!({"user_context": elicit("What context should the prompt use?", "context", "string")})]
        }
        _ => return None,
    })
}

pub(super) fn tools() -> Vec<Tool> {
    let nothing = json!({"type": "object", "properties": {}});
    let text = |name: &str| schema(json!({name: {"type": "string"}}), &[name]);
    let strict = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {"address": {
            "$anchor": "addressDef", "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }},
        "properties": {
            "name": {"type": "string"}, "address": {"$ref": "#/$defs/address"},
            "contactMethod": {"type": "string", "enum": ["phone", "email"]},
            "phone": {"type": "string"}, "email": {"type": "string"},
        },
        "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
        "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
        "then": {"required": ["phone"]},
        "else": {"required": ["email"]},
        "additionalProperties": false,
    });
    let header = schema(json!({"region": {"type": "string", "x-mcp-header": "Region"}}), &["region"]);
    let tools = [
        ("test_simple_text", &nothing),
        ("test_image_content", &nothing),
        ("test_audio_content", &nothing),
        ("test_embedded_resource", &nothing),
        ("test_multiple_content_types", &nothing),
        ("test_tool_with_logging", &nothing),
        ("test_logging_tool", &nothing),
        ("test_error_handling", &nothing),
        ("test_tool_with_progress", &nothing),
        ("test_sampling", &text("prompt")),
        ("test_elicitation", &text("message")),
        ("test_elicitation_sep1034_defaults", &nothing),
        ("test_elicitation_sep1330_enums", &nothing),
        ("json_schema_2020_12_tool", &strict),
        ("test_custom_header", &header),
        ("test_reconnection", &nothing),
        ("test_trigger_tool_change", &nothing),
        ("test_trigger_prompt_change", &nothing),
        ("test_missing_capability", &nothing),
        ("test_streaming_elicitation", &nothing),
        ("test_input_required_result_elicitation", &nothing),
        ("test_input_required_result_sampling", &nothing),
        ("test_input_required_result_list_roots", &nothing),
        ("test_input_required_result_request_state", &nothing),
        ("test_input_required_result_multiple_inputs", &nothing),
        ("test_input_required_result_multi_round", &nothing),
        ("test_input_required_result_tampered_state", &nothing),
        ("test_input_required_result_capabilities", &nothing),
    ];
    tools.map(|(name, schema)| of(json!({"name": name, "description": name, "inputSchema": schema}))).into()
}
