//! Work that blocks, away from the executor.

use crate::Error;

/// Does `work`, which waits for a disk, on a thread that may wait: one of tokio's where the caller runs on tokio,
/// else one of its own.
///
/// Where the future is dropped meanwhile, the work is done all the same and what it gives is dropped there: an
/// [`Entered`](crate::Entered) then writes down that it was cancelled.
///
/// Errors: [`Error::Offload`] where the executor shuts down before the work is done, or the work panics.
pub async fn offload<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    let (tell, told) = tokio::sync::oneshot::channel();
    let work = move || drop(tell.send(work()));
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        drop(runtime.spawn_blocking(work));
    } else {
        let thread = std::thread::Builder::new().name("sealbook-offload".to_owned()).spawn(work);
        drop(thread.map_err(|cause| Error::Offload { cause: cause.to_string() })?);
    }
    told.await.map_err(|_| Error::Offload { cause: "it ended before it was done".to_owned() })
}
