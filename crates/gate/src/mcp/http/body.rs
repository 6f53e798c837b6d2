//! Bodies: what a client sends is held up to a bound, and what a server is sent has one type.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper::body::Incoming;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::mcp::lines::LINE_BYTES_MAX;
use crate::mcp::trail::Trail;

/// Bytes of a body for which no room is asked, and which is judged at once.
pub(super) const SMALL: usize = 64 << 10;
/// Room is counted in pieces of so many bytes.
const PIECE: usize = 4 << 10;
/// Pieces of large bodies that are held at the same time: 128 MiB.
pub(super) const ROOM: usize = (128 << 20) / PIECE;
/// Pieces of large bodies that are judged at the same time: 32 MiB. Judging makes copies of what it judges.
pub(super) const JUDGED: usize = (32 << 20) / PIECE;
/// How long a client may take for the next bytes of a body, and for room.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// What goes on a wire.
pub(super) type Out = UnsyncBoxBody<Bytes, Failure>;
/// Why a body breaks off.
pub(super) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How many pieces a body is of those that are judged at the same time.
pub(super) fn pieces_judged(text: &[u8]) -> u32 {
    text.len().div_ceil(PIECE).min(JUDGED) as u32
}

/// A whole body.
pub(super) fn whole(bytes: impl Into<Bytes>) -> Out {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// How the reading of a body ended.
pub(super) enum Read {
    /// All of it is here, and room is taken for it.
    Whole(Bytes, Option<OwnedSemaphorePermit>),
    /// It is longer than what is held.
    Long(Long),
    /// The client broke off.
    Broken,
    /// The client took too long, or there was no room for too long.
    Late,
}

/// The beginning of a body, for which room is taken, and what is left of it.
pub(super) struct Long {
    pub(super) head: Vec<u8>,
    pub(super) rest: Incoming,
    room: Option<OwnedSemaphorePermit>,
}

impl Long {
    /// Looks at the beginning and lets go of it; what is left.
    pub(super) fn begun(self, trail: &mut Trail) -> Incoming {
        trail.push(&self.head);
        self.rest
    }
}

/// Reads a body to its end or to the bound.
pub(super) async fn read(mut body: Incoming, room: &Arc<Semaphore>) -> Read {
    let said = body.size_hint().exact().map_or(LINE_BYTES_MAX, |bytes| bytes.min(LINE_BYTES_MAX as u64) as usize);
    let (mut first, mut held, mut permit) = (Bytes::new(), Vec::new(), None);
    loop {
        let frame = match timeout(PATIENCE, body.frame()).await {
            Err(_) => return Read::Late,
            Ok(None) => break,
            Ok(Some(Err(_))) => return Read::Broken,
            Ok(Some(Ok(frame))) => frame,
        };
        // Trailers say nothing that is judged, and are not handed on.
        let Ok(data) = frame.into_data() else { continue };
        if first.is_empty() && held.is_empty() {
            first = data;
        } else {
            if held.is_empty() {
                held = std::mem::take(&mut first).into();
            }
            held.extend_from_slice(&data);
        }
        let bytes = first.len().max(held.len());
        if bytes > LINE_BYTES_MAX {
            let head = if held.is_empty() { first.into() } else { held };
            return Read::Long(Long { head, rest: body, room: permit });
        }
        if bytes > SMALL && permit.is_none() {
            // All at once: two that wait for each other's rest would wait for ever.
            let pieces = said.max(bytes).div_ceil(PIECE) as u32;
            match timeout(PATIENCE, Arc::clone(room).acquire_many_owned(pieces)).await {
                Ok(Ok(taken)) => permit = Some(taken),
                _ => return Read::Late,
            }
            // There is room for all of it: nothing is moved again.
            if held.is_empty() {
                held = std::mem::take(&mut first).into();
            }
            held.reserve(said.saturating_sub(bytes));
        }
    }
    Read::Whole(if held.is_empty() { first } else { held.into() }, permit)
}

/// A body that was read to the bound, with what is left of it.
pub(super) struct Rest {
    head: Option<Bytes>,
    rest: Incoming,
    /// Held until the beginning is on its way.
    room: Option<OwnedSemaphorePermit>,
}

impl Rest {
    pub(super) fn of(long: Long) -> Out {
        let Long { head, rest, room } = long;
        Self { head: Some(head.into()), rest, room }.boxed_unsync()
    }
}

impl Body for Rest {
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        if let Some(head) = self.head.take() {
            return Poll::Ready(Some(Ok(Frame::data(head))));
        }
        self.room = None;
        Pin::new(&mut self.rest).poll_frame(cx).map_err(Failure::from)
    }

    fn size_hint(&self) -> SizeHint {
        let head = self.head.as_ref().map_or(0, |head| head.len() as u64);
        self.rest.size_hint().exact().map_or_else(SizeHint::default, |rest| SizeHint::with_exact(head + rest))
    }
}
