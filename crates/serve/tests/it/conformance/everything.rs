//! A server that has whatever the suite asks for: what it says is data, in the words of the suite's own demands.

#![expect(deprecated, reason = "the older revision has logging, sampling and roots, and the suite asks for them")]

mod data;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestParams, CompleteResult, ContentBlock,
    CreateMessageRequestParams, ElicitRequestParams, ErrorCode, GetPromptRequestParams, GetPromptResponse,
    GetPromptResult, InputRequiredResult, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult,
    ListToolsResult, LoggingLevel, LoggingMessageNotificationParam, PaginatedRequestParams, ProgressNotificationParam,
    ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult, ServerCapabilities, ServerConfig,
    SetLevelRequestParams, SubscribeRequestParams, SubscriptionFilter, Tool, UnsubscribeRequestParams,
};
use rmcp::service::{RequestContext, SubscriptionContext};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::{Value, json};
use tokio::sync::broadcast::{Sender, channel};

use data::{PNG, asks, fixed, of, rounds, sample, tools};

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

/// What a round asks for, or all answers as text where no round is left.
fn round(
    name: &str,
    answers: Option<&Value>,
    state: Option<&str>,
    context: &RequestContext<RoleServer>,
) -> Result<Result<InputRequiredResult, String>, ErrorData> {
    let mut steps = rounds(name).expect("only such calls come here");
    let at = match state {
        None => 0,
        Some(state) => state
            .strip_prefix(MARK)
            .and_then(|at| at.parse::<usize>().ok())
            .ok_or_else(|| ErrorData::invalid_params("the state was changed", None))?,
    };
    if at >= steps.len() {
        return Err(ErrorData::invalid_params("the state was changed", None));
    }
    let mut asked = steps.swap_remove(at);
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
    if answered && at == steps.len() + 1 {
        return Ok(Err(format!("state-ok {}", answers.unwrap())));
    }
    let asked = if answered { rounds(name).unwrap().swap_remove(at) } else { Value::Object(asked.clone()) };
    Ok(Ok(of(json!({"resultType": "input_required", "inputRequests": asked, "requestState": format!("{MARK}{at}")}))))
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
                what = changes.recv() => match what {
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
