//! `verify` with record signatures, against nothing but batched Ed25519 verification of as many, on
//! all cores.

use std::convert::Infallible;
use std::path::Path;

use crate::measure::{Bound, Contender, Row, in_turns, rate, tell, timed};
use crate::{Result, book, cores, place, setting};
use ed25519_zebra::{Signature, VerificationKeyBytes, batch};
use rand_core::{TryCryptoRng, TryRng};
use rusqlite::Connection;
use sealbook_ledger::Leaf;
use sealbook_store::{Ledger, VerifyOptions};
use sealbook_testkit::Rng;

/// Signatures that are checked together: more save next to nothing.
const BATCH: usize = 1_024;

/// What is checked of one record.
struct Signed {
    key: VerificationKeyBytes,
    sig: Signature,
    message: [u8; 51],
}

pub(crate) fn run() -> Result {
    // Signatures cost the same in a book of any size.
    let records = setting("SEALBOOK_BENCH_RECORDS", 1_000_000)? as usize / 4;
    let place = place::fresh()?;
    drop(book::build(place.path(), records, true, false)?);
    let ledger = book::open(place.path())?;
    let signed = signatures(place.path(), &ledger)?;
    verify(&ledger)?;
    let contenders: Vec<Contender<'_>> = vec![
        ("verify", Box::new(|| Ok(rate(signed.len(), timed(|| verify(&ledger))?.1)))),
        ("Ed25519 alone", Box::new(|| Ok(rate(signed.len(), timed(|| bare(&signed))?.1)))),
    ];
    let figures = in_turns(contenders)?;
    let row = Row {
        bench: "signatures",
        what: "verify with record signatures",
        unit: "records/s",
        target: Some(Bound::AtLeast(0.65)),
    };
    tell(row, &figures[0], &figures[1]);
    Ok(())
}

fn verify(ledger: &Ledger) -> Result {
    let options = VerifyOptions::default();
    let report = ledger.verify(&options, &|_| {})?;
    if report.valid { Ok(()) } else { Err(format!("an honest book does not verify: {:?}", report.faults).into()) }
}

/// Keys, messages and signatures of every record, read beforehand.
fn signatures(dir: &Path, ledger: &Ledger) -> Result<Vec<Signed>> {
    let keys = ledger.keys()?;
    let connection = Connection::open(book::layout(dir).ledger_db())?;
    let mut select = connection.prepare("SELECT leaf FROM records WHERE seq > 0 ORDER BY seq")?;
    let mut rows = select.query([])?;
    let mut signed = Vec::new();
    while let Some(row) = rows.next()? {
        let bytes = row.get_ref(0)?.as_blob()?;
        let mut message = [0; 51];
        message[..19].copy_from_slice(b"sealbook/record/v1\0");
        message[19..].copy_from_slice(Leaf::signing_digest_of(bytes)?.as_bytes());
        for sig in Leaf::parse(bytes)?.sigs {
            let entry = keys.iter().find(|entry| entry.key.fingerprint() == sig.key).ok_or("the key is unknown")?;
            let key = VerificationKeyBytes::from(entry.key.to_bytes());
            signed.push(Signed { key, sig: Signature::from(sig.sig), message });
        }
    }
    Ok(signed)
}

fn bare(signed: &[Signed]) -> Result {
    let share = signed.len().div_ceil(cores()).max(1);
    std::thread::scope(|scope| {
        let threads: Vec<_> = signed.chunks(share).map(|share| scope.spawn(|| check(share))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("checking does not panic"))
    })
}

fn check(signed: &[Signed]) -> Result {
    let mut weights = Weights(Rng::new(3));
    for some in signed.chunks(BATCH) {
        let mut batch = batch::Verifier::new();
        for one in some {
            batch.queue((one.key, one.sig, &one.message[..]));
        }
        batch.verify(&mut weights).map_err(|cause| format!("an honest signature does not hold: {cause}"))?;
    }
    Ok(())
}

/// The cheapest weights there are: a yardstick need not withstand anybody.
struct Weights(Rng);

impl TryRng for Weights {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> std::result::Result<u32, Infallible> {
        Ok(self.0.bits() as u32)
    }

    fn try_next_u64(&mut self) -> std::result::Result<u64, Infallible> {
        Ok(self.0.bits())
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> std::result::Result<(), Infallible> {
        self.0.fill(out);
        Ok(())
    }
}

impl TryCryptoRng for Weights {}
