//! Recovery for calls that go over a real network: what is waited for between attempts passes at once, and the
//! deadline, which is a day away, never comes.

use std::sync::Arc;
use std::time::Duration;

use sealbook_flow::{Pending, Recovery, Retry, Time};
use sealbook_record::Timestamp;

use crate::fixture::{Bench, SimTime};

const DAY: Duration = Duration::from_hours(24);
/// Nothing waits so long between two attempts.
const HOUR: Duration = Duration::from_hours(1);

struct NetTime(Arc<SimTime>);

impl Time for NetTime {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn passed(&self) -> Duration {
        self.0.passed()
    }

    fn wait(&self, how_long: Duration) -> Pending<'_, ()> {
        if how_long < HOUR { self.0.wait(how_long) } else { Box::pin(std::future::pending()) }
    }
}

pub(crate) fn recovery(bench: &Bench) -> Recovery {
    let retry = Retry { deadline: DAY, ..Retry::default() };
    Recovery { time: Arc::new(NetTime(Arc::clone(&bench.time))), ..bench.recovery(retry) }
}
