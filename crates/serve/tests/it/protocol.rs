//! Revisions of the protocol, and what is no call of a tool.

use rmcp::model::{CallToolRequestParams, ErrorCode, ProtocolVersion};
use rmcp::{ClientLifecycleMode, ClientServiceExt, ServiceError};
use sealbook_serve::mcp::{Server, serve_stream};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use crate::fixture::{Ear, World};

#[tokio::test(flavor = "multi_thread")]
async fn both_revisions_are_spoken() {
    let world = World::new();
    let client = world.client().await;
    let info = client.service.peer_info().unwrap();
    assert_eq!(
        (&*info.server_info.as_ref().unwrap().name, &info.protocol_version),
        ("sealbook", &ProtocolVersion::V_2025_11_25)
    );

    let (near, far) = tokio::io::duplex(64 * 1024);
    let (input, output) = tokio::io::split(far);
    tokio::spawn(serve_stream(Server::new(world.desk()), input, output));
    let mode = ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] };
    let client = Ear::default().serve_with_lifecycle(near, mode).await.unwrap();
    let tools = client.list_all_tools().await.unwrap();
    assert!(tools.iter().any(|tool| tool.name == "audit_trail"));
    let told = client.call_tool(CallToolRequestParams::new("list_stops")).await.unwrap();
    assert_eq!(told.structured_content.unwrap()["stops"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_is_none_is_a_protocol_error() {
    let world = World::new();
    let client = world.client().await;
    let error = client.service.call_tool(CallToolRequestParams::new("approve")).await.unwrap_err();
    let ServiceError::McpError(error) = error else { panic!("{error}") };
    assert_eq!(error.code, ErrorCode::INVALID_PARAMS);
    assert!(error.message.contains("audit_trail") && !error.message.contains("approve"), "{}", error.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_garbage_does_not_end_the_server() {
    let (near, far) = tokio::io::duplex(1 << 20);
    let (input, output) = tokio::io::split(far);
    let world = World::new();
    let serving = tokio::spawn(serve_stream(Server::new(world.desk()), input, output));
    let (reader, mut writer) = tokio::io::split(near);
    let mut lines = BufReader::new(reader).lines();
    let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "raw", "version": "1"}}});
    writer.write_all(format!("{hello}\n").as_bytes()).await.unwrap();
    assert!(lines.next_line().await.unwrap().unwrap().contains("2025-11-25"));
    writer.write_all(b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n").await.unwrap();
    let deep = format!("{}{}\n", "[".repeat(100_000), "]".repeat(100_000));
    for line in ["garbage\n", "{\n", "[]\n", "\u{0}\n", "{\"jsonrpc\":\"2.0\",\"id\":9}\n", &deep] {
        writer.write_all(line.as_bytes()).await.unwrap();
    }
    let call =
        json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "list_stops", "arguments": {}}});
    writer.write_all(format!("{call}\n").as_bytes()).await.unwrap();
    loop {
        let line = lines.next_line().await.unwrap().expect("the server goes on");
        if line.contains("\"id\":2") {
            assert!(line.contains("\"stops\":[]"), "{line}");
            break;
        }
    }
    drop((lines, writer));
    assert!(serving.await.unwrap().is_ok());
}
