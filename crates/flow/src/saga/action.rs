//! Sagas whose steps are functions of a program.

use std::sync::Arc;

use sealbook_record::Category;
use serde_json::{Value, json};

use super::definition::{Order, SagaDefinition, SagaStep};
use crate::tool::{Compensation, Deed, Effect, Registry, Reversal, Schema, Tool, ToolCall, ToolInfo};
use crate::{Error, Fault, Pending};

/// What a function is given.
#[derive(Debug, Clone)]
pub struct ActionCall {
    /// The same for each attempt of this step, and for no other call.
    pub key: String,
    /// The step's input, bound; for a compensator, `input` and `result` of the step that it takes back.
    pub input: Value,
}

type Work = Arc<dyn Fn(ActionCall) -> Pending<'static, Result<Value, Fault>> + Send + Sync>;

/// A step that is a function, with the function that takes it back.
#[derive(Clone)]
pub struct Action {
    name: String,
    action_type: String,
    input: Value,
    effect: Effect,
    run: Work,
    undo: Option<Work>,
    pivot: bool,
}

impl Action {
    /// A step of this name. Its records have the action `TYPE.NAME`. What fails is a [`Fault`]; so is an answer that
    /// says `"success": false`.
    pub fn new<F, W>(action_type: impl Into<String>, name: impl Into<String>, run: F) -> Self
    where
        F: Fn(ActionCall) -> W + Send + Sync + 'static,
        W: Future<Output = Result<Value, Fault>> + Send + 'static,
    {
        Self {
            name: name.into(),
            action_type: action_type.into(),
            input: json!({}),
            effect: Effect::Unsafe,
            run: Arc::new(move |call| Box::pin(run(call))),
            undo: None,
            pivot: false,
        }
    }

    /// What it is given: `$.inputs.…` and `$.steps.NAME.result.…` stand for what lies there.
    #[must_use]
    pub fn given(self, input: Value) -> Self {
        Self { input, ..self }
    }

    /// What a call of it does to the world. Nobody can tell how one ended that was cut off, where nothing is said.
    #[must_use]
    pub fn effect(self, effect: Effect) -> Self {
        Self { effect, ..self }
    }

    /// The function that takes it back. It is given `input` and `result` of the step, and may be called again with the
    /// same key: twice must be as once. Without one, the step cannot be taken back.
    #[must_use]
    pub fn undone_by<F, W>(self, undo: F) -> Self
    where
        F: Fn(ActionCall) -> W + Send + Sync + 'static,
        W: Future<Output = Result<Value, Fault>> + Send + 'static,
    {
        Self { undo: Some(Arc::new(move |call| Box::pin(undo(call)))), ..self }
    }

    /// The point of no return.
    #[must_use]
    pub fn pivot(self) -> Self {
        Self { pivot: true, ..self }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// A saga of functions. To go on with it after a crash, it is built again in the same way.
#[derive(Clone, Default)]
pub struct ActionSaga {
    name: String,
    actions: Vec<Action>,
    order: Order,
}

impl ActionSaga {
    /// No steps yet.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), actions: Vec::new(), order: Order::Strict }
    }

    /// What becomes of it where something irreversible comes before something that can fail.
    #[must_use]
    pub fn order(self, order: Order) -> Self {
        Self { order, ..self }
    }

    /// One more step.
    #[must_use]
    pub fn then(mut self, action: Action) -> Self {
        self.actions.push(action);
        self
    }

    /// Its steps.
    pub fn actions(&self) -> &[Action] {
        &self.actions
    }

    /// The saga as data, and the tools that its steps call: these beside it.
    ///
    /// Errors: a name is none, or stands twice.
    pub fn parts(&self, beside: &Registry) -> Result<(SagaDefinition, Registry), Error> {
        let mut tools = beside.clone();
        let mut steps = Vec::new();
        for action in &self.actions {
            let tool = action.name.clone();
            tools.add(Arc::new(Function::forward(action)))?;
            if let Some(undo) = &action.undo {
                tools.add(Arc::new(Function::backward(action, undo)))?;
            }
            let step = SagaStep::new(&action.name, tool, action.input.clone());
            steps.push(SagaStep { pivot: action.pivot, ..step });
        }
        let definition = SagaDefinition { name: self.name.clone(), steps, order: self.order };
        definition.check()?;
        Ok((definition, tools))
    }
}

/// A function as a tool.
struct Function {
    info: ToolInfo,
    action: String,
    work: Work,
    undo: Option<String>,
}

impl Function {
    fn forward(action: &Action) -> Self {
        let undo = action.undo.as_ref().map(|_| undo_name(&action.name));
        let reversal = match (action.effect.is_harmless(), &undo) {
            (true, _) => Reversal::Nothing,
            (false, Some(_)) => Reversal::Call,
            (false, None) => Reversal::Irreversible,
        };
        let described = (format!("{}.{}", action.action_type, action.name), action.name.clone());
        Self::new(described, action.effect, reversal, Arc::clone(&action.run), undo)
    }

    fn backward(action: &Action, undo: &Work) -> Self {
        let name = undo_name(&action.name);
        let described = (format!("{}.{name}", action.action_type), name);
        Self::new(described, Effect::Idempotent, Reversal::Irreversible, Arc::clone(undo), None)
    }

    fn new(
        (action, name): (String, String),
        effect: Effect,
        reversal: Reversal,
        work: Work,
        undo: Option<String>,
    ) -> Self {
        let info = ToolInfo {
            description: format!("the function of the step {name}"),
            name,
            backend: "function".to_owned(),
            effect,
            reversal,
            input: Schema::new(json!({})).expect("it takes everything"),
            output: None,
        };
        Self { info, action, work, undo }
    }
}

fn undo_name(name: &str) -> String {
    format!("{name}.undo")
}

impl Tool for Function {
    fn info(&self) -> &ToolInfo {
        &self.info
    }

    fn deed(&self, _: &Value) -> Deed {
        let (effect, reversal) = (self.info.effect, self.info.reversal);
        Deed { action: self.action.clone(), category: Category::ToolCall, effect, reversal }
    }

    fn call<'a>(&'a self, call: &'a ToolCall<'a>) -> Pending<'a, Result<Value, Fault>> {
        (self.work)(ActionCall { key: call.key.to_owned(), input: call.input.clone() })
    }

    fn compensation(&self, input: &Value, result: &Value) -> Compensation {
        match &self.undo {
            Some(tool) => Compensation::Call { tool: tool.clone(), input: json!({"input": input, "result": result}) },
            None if self.info.effect.is_harmless() => Compensation::Nothing,
            None => Compensation::Irreversible { why: "it has no compensator".to_owned() },
        }
    }
}

impl std::fmt::Debug for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Action").field("name", &self.name).finish_non_exhaustive()
    }
}
