//! The published form: what each type of node takes, and a JSON Schema of the whole, both made from the types.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::{Value, json};

use super::bounds::{EDGES_MAX, NODES_MAX};
use super::definition::{Edge, TIMEOUT_S};
use super::node::{
    Agent, Approval, Condition, Input, Loop, Merge, NodeType, Output, Parallel, Position, Saga, SubWorkflow, Tool,
    Transform, Wait,
};

/// What a type of node is, for whoever composes workflows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NodeTemplate {
    /// Its type.
    pub node_type: NodeType,
    /// What it is called.
    pub name: &'static str,
    /// What it does.
    pub description: &'static str,
    /// What its config takes, as JSON Schema.
    pub config_schema: Value,
}

/// A node within another one, in the schema.
pub(super) struct AnyNode;

impl JsonSchema for AnyNode {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Node".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let types: Vec<Value> = NodeType::ALL
            .iter()
            .map(|node_type| {
                let config = config_schema(*node_type, generator);
                json!({
                    "type": "object",
                    "title": node_type.as_str(),
                    "properties": {
                        "node_id": {"$ref": "#/$defs/Id"},
                        "name": {"type": "string", "minLength": 1, "maxLength": 256},
                        "node_type": {"const": node_type.as_str()},
                        "config": config,
                        "inputs": {"type": "array", "items": {"$ref": "#/$defs/Id"}},
                        "outputs": {"type": "array", "items": {"$ref": "#/$defs/Id"}},
                        "position": generator.subschema_for::<Position>(),
                        "metadata": {"type": "object"}
                    },
                    "required": ["node_id", "name", "node_type"],
                    "additionalProperties": false
                })
            })
            .collect();
        json_schema!({ "oneOf": types })
    }
}

fn config_schema(node_type: NodeType, generator: &mut SchemaGenerator) -> Schema {
    match node_type {
        NodeType::Input => generator.subschema_for::<Input>(),
        NodeType::Output => generator.subschema_for::<Output>(),
        NodeType::Agent => generator.subschema_for::<Agent>(),
        NodeType::Tool => generator.subschema_for::<Tool>(),
        NodeType::Condition => generator.subschema_for::<Condition>(),
        NodeType::Loop => generator.subschema_for::<Loop>(),
        NodeType::Parallel => generator.subschema_for::<Parallel>(),
        NodeType::Merge => generator.subschema_for::<Merge>(),
        NodeType::Transform => generator.subschema_for::<Transform>(),
        NodeType::Approval => generator.subschema_for::<Approval>(),
        NodeType::Workflow => generator.subschema_for::<SubWorkflow>(),
        NodeType::Wait => generator.subschema_for::<Wait>(),
        NodeType::Saga => generator.subschema_for::<Saga>(),
    }
}

/// Every type of node, with what its config takes.
pub fn node_templates() -> Vec<NodeTemplate> {
    let template = |node_type: NodeType| {
        let (name, description) = words(node_type);
        let mut generator = SchemaGenerator::default();
        let schema = config_schema(node_type, &mut generator);
        let name_of = schema.get("$ref").and_then(Value::as_str).and_then(|it| it.rsplit('/').next());
        let mut definitions = generator.take_definitions(true);
        let mut config_schema = name_of.and_then(|name| definitions.remove(name)).unwrap_or_else(|| schema.to_value());
        if !definitions.is_empty() {
            definitions.insert("Id".to_owned(), id());
            config_schema["$defs"] = Value::Object(definitions);
        }
        NodeTemplate { node_type, name, description, config_schema }
    };
    NodeType::ALL.into_iter().map(template).collect()
}

const fn words(node_type: NodeType) -> (&'static str, &'static str) {
    match node_type {
        NodeType::Input => ("Input Node", "Accepts input data for the workflow"),
        NodeType::Output => ("Output Node", "Produces output from the workflow"),
        NodeType::Agent => ("AI Agent", "Execute tasks using AI agents"),
        NodeType::Tool => ("Tool Execution", "Execute MCP tools"),
        NodeType::Condition => ("Conditional Branch", "Branch execution based on conditions"),
        NodeType::Loop => ("Loop Iterator", "Iterate over data collections"),
        NodeType::Parallel => ("Parallel Branches", "Run several branches at the same time"),
        NodeType::Merge => ("Merge", "Join branches and combine what they gave"),
        NodeType::Transform => ("Data Transform", "Transform data between nodes"),
        NodeType::Approval => ("Approval", "Wait for people to approve"),
        NodeType::Workflow => ("Sub-workflow", "Run another workflow"),
        NodeType::Wait => ("Wait", "Wait for a time"),
        NodeType::Saga => ("Saga", "Run steps that are all done, or taken back"),
    }
}

fn id() -> Value {
    json!({"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]{0,63}$"})
}

/// The JSON Schema (2020-12) of a definition.
pub fn schema() -> Value {
    let mut generator = SchemaGenerator::default();
    let node = generator.subschema_for::<AnyNode>();
    let edge = generator.subschema_for::<Edge>();
    let mut definitions = generator.take_definitions(true);
    definitions.insert("Id".to_owned(), id());
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Workflow",
        "description": "A workflow: steps, and which leads to which. Its digest is SHA-256 over its canonical JSON (RFC 8785), with every default written out.",
        "type": "object",
        "properties": {
            "workflow_id": {"$ref": "#/$defs/Id"},
            "name": {"type": "string", "maxLength": 256},
            "description": {"type": "string", "default": ""},
            "version": {"type": "integer", "minimum": 1, "default": 1},
            "created_at": {"type": "string", "format": "date-time"},
            "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 64, "default": []},
            "timeout_s": {"type": "integer", "minimum": 1, "maximum": 2_678_400, "default": TIMEOUT_S},
            "metadata": {"type": "object", "default": {}},
            "nodes": {"type": "array", "items": node, "maxItems": NODES_MAX, "default": []},
            "edges": {"type": "array", "items": edge, "maxItems": EDGES_MAX, "default": []}
        },
        "required": ["workflow_id", "name"],
        "additionalProperties": false,
        "$defs": definitions
    })
}
