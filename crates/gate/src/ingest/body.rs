//! A request's body, within its limits.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::StatusCode;
use hyper::body::Incoming;

use super::Limits;
use super::answer::Refusal;

/// Reads it to its end; never more than the limit, and never longer than the time.
pub(super) async fn read(body: Incoming, limits: Limits) -> Result<Vec<u8>, Refusal> {
    let collected = Limited::new(body, limits.body_bytes_max).collect();
    let read = tokio::time::timeout(limits.read_time_max, collected).await;
    let read = read.map_err(|_| {
        let text =
            format!("the body did not come within {} s; send it in smaller pieces", limits.read_time_max.as_secs());
        Refusal::new(StatusCode::REQUEST_TIMEOUT, "ingest_slow", text)
    })?;
    match read {
        Ok(body) => Ok(body.to_bytes().into()),
        Err(cause) if cause.is::<LengthLimitError>() => Err(too_large(limits)),
        Err(_) => Err(Refusal::bad("the body broke off; send it again whole")),
    }
}

/// Unpacks what came as gzip. A small file that unpacks to a large one ends at the limit.
pub(super) fn unpack(body: Vec<u8>, encoding: Option<&str>, limits: Limits) -> Result<Vec<u8>, Refusal> {
    match encoding.map(str::trim) {
        None | Some("" | "identity") => Ok(body),
        Some("gzip" | "x-gzip") => {
            let mut out = Vec::new();
            let most = limits.body_bytes_max as u64;
            let read = MultiGzDecoder::new(&*body).take(most + 1).read_to_end(&mut out);
            read.map_err(|_| Refusal::bad("the body is not whole gzip; send it again, or without Content-Encoding"))?;
            if out.len() as u64 > most { Err(too_large(limits)) } else { Ok(out) }
        }
        Some(_) => Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "ingest_unsupported",
            "this Content-Encoding is not read; use gzip or none",
        )),
    }
}

pub(super) fn too_large(limits: Limits) -> Refusal {
    let text = format!("the body holds more than {} bytes; send smaller batches", limits.body_bytes_max);
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "ingest_too_large", text)
}
