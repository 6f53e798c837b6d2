//! Where connections live: a thread of their own, so that they outlast whoever asks.

use std::future::Future;
use std::sync::Arc;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::Fault;

/// The thread. It ends when nobody has it any more.
#[derive(Clone)]
pub(in crate::tools) struct Background {
    handle: Handle,
    _end: Arc<oneshot::Sender<()>>,
}

impl Background {
    /// Errors: the system has no thread left.
    pub(in crate::tools) fn start() -> Result<Self, &'static str> {
        let none = "the system has no thread left for connections to MCP servers";
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|_| none)?;
        let (handle, (end, ended)) = (runtime.handle().clone(), oneshot::channel());
        let thread = std::thread::Builder::new().name("sealbook-mcp".to_owned());
        // Nobody says that it is over: the other end is dropped.
        thread.spawn(move || drop(runtime.block_on(ended))).map_err(|_| none)?;
        Ok(Self { handle, _end: Arc::new(end) })
    }

    /// Does something there. Where this is dropped, that is called off.
    ///
    /// Errors: what came of it; or the thread is gone.
    pub(super) async fn run<T, W>(&self, work: W) -> Result<T, Fault>
    where
        T: Send + 'static,
        W: Future<Output = Result<T, Fault>> + Send + 'static,
    {
        let mut task = CalledOff(self.handle.spawn(work));
        (&mut task.0).await.unwrap_or_else(|_| Err(Fault::new(crate::Cause::Lost)))
    }

    /// The same, waited for on this thread, which may be one of an executor.
    pub(super) fn wait<T, W>(&self, work: W) -> Result<T, Fault>
    where
        T: Send + 'static,
        W: Future<Output = Result<T, Fault>> + Send + 'static,
    {
        let (tell, told) = std::sync::mpsc::channel();
        drop(self.handle.spawn(async move { drop(tell.send(work.await)) }));
        told.recv().unwrap_or_else(|_| Err(Fault::new(crate::Cause::Lost)))
    }
}

/// Work that ends with whoever waits for it.
struct CalledOff<T>(JoinHandle<T>);

impl<T> Drop for CalledOff<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
