//! A server for one client, over a pair of streams.

use rmcp::{RoleServer, ServiceExt};
use tokio::io::{AsyncRead, AsyncWrite};

use super::Server;
use crate::Error;

/// Serves the client on standard input and output until it is gone.
pub async fn serve_stdio(server: Server) -> Result<(), Error> {
    let (input, output) = rmcp::transport::stdio_pipes();
    serve_stream(server, input, output).await
}

/// Serves the client at the other end of a pair of streams until it is gone.
pub async fn serve_stream<R, W>(server: Server, input: R, output: W) -> Result<(), Error>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let failed = |cause: String| Error::Transport { cause };
    let running = match ServiceExt::<RoleServer>::serve(server, (input, output)).await {
        Ok(running) => running,
        // A client that goes away before it has said anything has asked for nothing.
        Err(rmcp::service::ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        Err(cause) => return Err(failed(cause.to_string())),
    };
    running.waiting().await.map(drop).map_err(|cause| failed(cause.to_string()))
}
