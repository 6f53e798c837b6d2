//! A server that has whatever the suite asks for: what it says is data, in the words of the suite's own demands.

#![expect(deprecated, reason = "the older revision has logging, sampling and roots, and the suite asks for them")]

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestParams, CompleteResult, ContentBlock,
    CreateMessageRequestParams, ElicitRequestParams, ErrorCode, GetPromptRequestParams, GetPromptResponse,
    GetPromptResult, InputRequiredResult, JsonObject, ListPromptsResult, ListResourceTemplatesResult,
    ListResourcesResult, ListToolsResult, LoggingLevel, LoggingMessageNotificationParam, PaginatedRequestParams,
    ProgressNotificationParam, ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult, ServerCapabilities,
    ServerConfig, SetLevelRequestParams, SubscribeRequestParams, SubscriptionFilter, Tool, UnsubscribeRequestParams,
};
use rmcp::service::{RequestContext, SubscriptionContext};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::broadcast::{Sender, channel};

/// One red point, and no sound at all.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";
const WAV: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=";
/// What a state must bear to be ours.
const MARK: &str = "ours-";

#[derive(Debug, Clone)]
pub(super) struct Everything {
    /// What has changed, for those who listen.
    changed: Sender<&'static str>,
}

impl Default for Everything {
    fn default() -> Self {
        Self { changed: channel(16).0 }
    }
}

fn of<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{error}: {value}"))
}

/// Tools whose answer is always the same.
fn fixed(name: &str) -> Option<Value> {
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

fn schema(fields: Value, required: &[&str]) -> Value {
    json!({"type": "object", "properties": fields, "required": required})
}

/// Tools that ask the client for something while they run, and what they ask.
fn asks(name: &str, arguments: &JsonObject) -> Option<(String, Value)> {
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

fn sample(text: &str, tokens: u32) -> Value {
    json!({"method": "sampling/createMessage", "params": {
        "messages": [{"role": "user", "content": {"type": "text", "text": text}}], "maxTokens": tokens}})
}

fn roots() -> Value {
    json!({"method": "roots/list", "params": {}})
}

/// Calls that need answers of the client first: what they ask for, by round.
fn rounds(name: &str) -> Option<Vec<Value>> {
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

/// What a round asks for, or all answers as text where no round is left.
fn round(
    name: &str,
    answers: Option<&Value>,
    state: Option<&str>,
    context: &RequestContext<RoleServer>,
) -> Result<Result<InputRequiredResult, String>, ErrorData> {
    let mut rounds = rounds(name).expect("only such calls come here");
    let at = match state {
        None => 0,
        Some(state) => state
            .strip_prefix(MARK)
            .and_then(|at| at.parse::<usize>().ok())
            .ok_or_else(|| ErrorData::invalid_params("the state was changed", None))?,
    };
    if at >= rounds.len() {
        return Err(ErrorData::invalid_params("the state was changed", None));
    }
    let mut asked = rounds.swap_remove(at);
    let declared = serde_json::to_value(context.client_capabilities().unwrap_or_default()).unwrap();
    let asked = asked.as_object_mut().unwrap();
    let before = asked.len();
    asked.retain(|_, request| {
        let method = request["method"].as_str().unwrap();
        declared.get(method.split('/').next().unwrap()).is_some_and(|declared| !declared.is_null())
    });
    if before == 1 && asked.is_empty() {
        let needed = if name.contains("sampling") || name == "test_missing_capability" {
            json!({"sampling": {}})
        } else {
            json!({"elicitation": {}})
        };
        return Err(ErrorData::missing_required_client_capability(of(needed)));
    }
    let answered = answers.is_some_and(|answers| asked.keys().all(|key| answers.get(key).is_some()));
    let at = at + usize::from(answered);
    if answered && at == rounds.len() + 1 {
        return Ok(Err(format!("state-ok {}", answers.unwrap())));
    }
    let asked = if answered { self::rounds(name).unwrap().swap_remove(at) } else { Value::Object(asked.clone()) };
    Ok(Ok(of(json!({"resultType": "input_required", "inputRequests": asked, "requestState": format!("{MARK}{at}")}))))
}

fn tools() -> Vec<Tool> {
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

impl Everything {
    async fn told(text: &str, logs: bool, context: &RequestContext<RoleServer>) -> CallToolResult {
        let token = context.meta.get_progress_token();
        for (step, line) in
            ["Tool execution started", "Tool processing data", "Tool execution completed"].into_iter().enumerate()
        {
            if logs {
                let param = LoggingMessageNotificationParam::new(LoggingLevel::Info, json!(line));
                let _ = context.peer.notify_logging_message(param).await;
            } else if let Some(token) = &token {
                let param = ProgressNotificationParam::new(token.clone(), step as f64 * 50.0).with_total(100.0);
                let _ = context.peer.notify_progress(param).await;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        CallToolResult::success(vec![ContentBlock::text(text)])
    }
}

fn answer(said: Result<String, String>) -> CallToolResult {
    match said {
        Ok(text) => CallToolResult::success(vec![ContentBlock::text(text)]),
        Err(text) => CallToolResult::error(vec![ContentBlock::text(text)]),
    }
}

impl ServerHandler for Everything {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().enable_prompts().enable_resources();
        let capabilities = capabilities.enable_resources_subscribe().enable_logging().enable_completions();
        let capabilities = capabilities.enable_tool_list_changed().enable_prompts_list_changed();
        ServerConfig::new(capabilities.build())
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(tools()))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        tools().into_iter().find(|tool| tool.name == name)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let (name, arguments) = (&*request.name, request.arguments.unwrap_or_default());
        if let Some(content) = fixed(name) {
            return Ok(CallToolResult::success(of(content)).into());
        }
        if rounds(name).is_some() {
            let answers = request.input_responses.map(|answers| serde_json::to_value(answers).unwrap());
            return Ok(match round(name, answers.as_ref(), request.request_state.as_deref(), &context)? {
                Ok(asked) => asked.into(),
                Err(text) => answer(Ok(text)).into(),
            });
        }
        if let Some((message, requested)) = asks(name, &arguments) {
            let params: ElicitRequestParams =
                of(json!({"mode": "form", "message": message, "requestedSchema": requested}));
            let said = context.peer.create_elicitation(params).await;
            let said = said.map(|said| format!("Elicitation completed: {}", serde_json::to_value(said).unwrap()));
            return Ok(answer(said.map_err(|error| error.to_string())).into());
        }
        Ok(match name {
            "test_tool_with_logging" => Self::told("logged", true, &context).await,
            // Nobody asked for a level in this request.
            "test_logging_tool" => answer(Ok("quiet".to_owned())),
            "test_trigger_tool_change" | "test_trigger_prompt_change" => {
                let changed = if name.contains("tool_change") { "tools" } else { "prompts" };
                // Nobody may be listening.
                let _ = self.changed.send(changed);
                answer(Ok("changed".to_owned()))
            }
            "test_tool_with_progress" => Self::told("went on", false, &context).await,
            "test_error_handling" => answer(Err("This tool intentionally returns an error for testing".to_owned())),
            "test_sampling" => {
                let prompt = arguments.get("prompt").and_then(Value::as_str).unwrap_or_default();
                let params: CreateMessageRequestParams = of(sample(prompt, 100)["params"].clone());
                let said = context.peer.create_message(params).await;
                let said = said
                    .map(|said| format!("LLM response: {}", serde_json::to_value(said).unwrap()["content"]["text"]));
                answer(said.map_err(|error| error.to_string()))
            }
            _ => return Err(ErrorData::invalid_params("no such tool", None)),
        }
        .into())
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let argument = |name: &str| json!({"name": name, "description": name, "required": true});
        Ok(ListPromptsResult::with_all_items(of(json!([
            {"name": "test_simple_prompt", "description": "simple"},
            {"name": "test_prompt_with_arguments", "description": "two", "arguments": [argument("arg1"), argument("arg2")]},
            {"name": "test_prompt_with_embedded_resource", "description": "resource", "arguments": [argument("resourceUri")]},
            {"name": "test_prompt_with_image", "description": "image"},
            {"name": "test_input_required_result_prompt", "description": "asks"},
        ]))))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let argument = |name: &str| {
            let arguments = serde_json::to_value(&request.arguments).unwrap();
            arguments[name].as_str().unwrap_or_default().to_owned()
        };
        let says = |content: Value| json!({"role": "user", "content": content});
        let text = |text: &str| says(json!({"type": "text", "text": text}));
        let messages = match &*request.name {
            "test_simple_prompt" => json!([text("This is a simple prompt for testing.")]),
            "test_prompt_with_arguments" => {
                json!([text(&format!(
                    "Prompt with arguments: arg1='{}', arg2='{}'",
                    argument("arg1"),
                    argument("arg2")
                ))])
            }
            "test_prompt_with_embedded_resource" => json!([
                says(json!({"type": "resource", "resource": {
                    "uri": argument("resourceUri"), "mimeType": "text/plain", "text": "Embedded resource content for testing."}})),
                text("Please process the embedded resource above."),
            ]),
            "test_prompt_with_image" => json!([
                says(json!({"type": "image", "data": PNG, "mimeType": "image/png"})),
                text("Please analyze the image above."),
            ]),
            name @ "test_input_required_result_prompt" => {
                let answers = request.input_responses.as_ref().map(|answers| serde_json::to_value(answers).unwrap());
                match round(name, answers.as_ref(), request.request_state.as_deref(), &context)? {
                    Ok(asked) => return Ok(asked.into()),
                    Err(said) => json!([text(&said)]),
                }
            }
            _ => return Err(ErrorData::invalid_params("no such prompt", None)),
        };
        Ok(of::<GetPromptResult>(json!({"resultType": "complete", "messages": messages})).into())
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        Ok(ListResourcesResult::with_all_items(of(json!([
            {"uri": "test://static-text", "name": "text", "mimeType": "text/plain"},
            {"uri": "test://static-binary", "name": "binary", "mimeType": "image/png"},
            {"uri": "test://watched-resource", "name": "watched", "mimeType": "text/plain"},
        ]))))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(ListResourceTemplatesResult::with_all_items(of(json!([
            {"uriTemplate": "test://template/{id}/data", "name": "template", "mimeType": "application/json"},
        ]))))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let uri = &*request.uri;
        let text = |kind: &str, text: &str| json!({"uri": uri, "mimeType": kind, "text": text});
        let id = uri.strip_prefix("test://template/").and_then(|rest| rest.strip_suffix("/data"));
        let content = match (uri, id) {
            ("test://static-text", _) => text("text/plain", "This is the content of the static text resource."),
            ("test://static-binary", _) => json!({"uri": uri, "mimeType": "image/png", "blob": PNG}),
            ("test://watched-resource", _) => text("text/plain", "watched"),
            (_, Some(id)) => {
                let data = json!({"id": id, "templateTest": true, "data": format!("Data for ID: {id}")});
                text("application/json", &data.to_string())
            }
            _ => {
                return Err(ErrorData::new(
                    ErrorCode::RESOURCE_NOT_FOUND,
                    "no such resource",
                    Some(json!({"uri": uri})),
                ));
            }
        };
        Ok(of::<ReadResourceResult>(json!({"resultType": "complete", "contents": [content]})).into())
    }

    async fn complete(
        &self,
        _: CompleteRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        Ok(of(
            json!({"resultType": "complete", "completion": {"values": ["paris", "park"], "total": 2, "hasMore": false}}),
        ))
    }

    async fn set_level(&self, _: SetLevelRequestParams, _: RequestContext<RoleServer>) -> Result<(), ErrorData> {
        Ok(())
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(requested.clone())
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let mut changes = self.changed.subscribe();
        loop {
            // What was not asked for is refused by the sink.
            let _ = tokio::select! {
                () = context.cancelled() => return Ok(()),
                changed = changes.recv() => match changed {
                    Ok("tools") => context.sink().notify_tool_list_changed().await,
                    _ => context.sink().notify_prompt_list_changed().await,
                },
            };
        }
    }

    async fn subscribe(&self, _: SubscribeRequestParams, _: RequestContext<RoleServer>) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn unsubscribe(&self, _: UnsubscribeRequestParams, _: RequestContext<RoleServer>) -> Result<(), ErrorData> {
        Ok(())
    }
}
