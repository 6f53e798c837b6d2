//! How long to wait, and whether to try again.

use std::time::Duration;

use proptest::prelude::*;
use sealbook_flow::{Cause, Failed, Fault, Next, Repeat, Retry, RetryAfter, TRANSIENT, Why};
use sealbook_record::Timestamp;

use crate::fixture::START_US;

const NOW: i64 = START_US;

fn next(retry: &Retry, fault: &Fault, repeat: &Repeat, attempt: u32, passed: Duration, random: u64) -> Next {
    retry.next(&Failed { fault, repeat, attempt, passed, now: Timestamp::from_micros(NOW) }, random)
}

#[test]
fn what_is_transient_stands_in_one_table() {
    let statuses: Vec<u16> = (100..600).filter(|status| Cause::Status(*status).is_transient()).collect();
    assert_eq!(statuses, [408, 425, 429, 500, 502, 503, 504]);
    for cause in [Cause::Timeout, Cause::Connect, Cause::Lost, Cause::NotNow, Cause::RateLimit, Cause::Quota] {
        assert!(cause.is_transient(), "{cause}");
    }
    assert!(!Cause::Permanent.is_transient());
    assert_eq!(TRANSIENT.len(), 13);
}

#[test]
fn the_ceiling_doubles_up_to_the_cap() {
    let retry = Retry { base: Duration::from_millis(500), cap: Duration::from_secs(3), ..Retry::default() };
    let ceilings: Vec<u128> = (1..=6).map(|attempt| retry.ceiling(attempt).as_millis()).collect();
    assert_eq!(ceilings, [500, 1_000, 2_000, 3_000, 3_000, 3_000]);
    assert_eq!(retry.ceiling(u32::MAX), retry.cap);
}

#[test]
fn the_jitter_is_full() {
    let retry = Retry::default();
    let fault = Fault::new(Cause::Status(503));
    let wait = |random| next(&retry, &fault, &Repeat::Idempotent, 1, Duration::ZERO, random);
    assert_eq!(wait(0), Next::Retry(Duration::ZERO));
    assert_eq!(wait(1 << 63), Next::Retry(Duration::from_millis(500)));
    let Next::Retry(longest) = wait(u64::MAX) else { panic!() };
    assert!(longest < Duration::from_secs(1) && longest > Duration::from_millis(999));
}

#[test]
fn only_what_may_be_repeated_is() {
    let retry = Retry::default();
    let fault = Fault::new(Cause::Status(503));
    let of = |repeat: &Repeat, cause| next(&retry, &Fault::new(cause), repeat, 1, Duration::ZERO, 0);
    assert_eq!(of(&Repeat::No, fault.cause), Next::End(Why::MayNotRepeat));
    // Not even where nothing was sent: that is for the caller to know.
    assert_eq!(of(&Repeat::No, Cause::Connect), Next::End(Why::MayNotRepeat));
    // Where it was surely refused, a message may be sent again; where it may have arrived, not.
    for cause in [Cause::Status(429), Cause::Status(503), Cause::Connect, Cause::NotNow] {
        assert_eq!(of(&Repeat::IfRefused, cause), Next::Retry(Duration::ZERO), "{cause}");
    }
    for cause in [Cause::Status(500), Cause::Status(504), Cause::Timeout, Cause::Lost] {
        assert_eq!(of(&Repeat::IfRefused, cause), Next::End(Why::MayNotRepeat), "{cause}");
    }
    assert_eq!(of(&Repeat::Keyed("k".into()), fault.cause), Next::Retry(Duration::ZERO));
    assert_eq!(of(&Repeat::Idempotent, Cause::Status(404)), Next::End(Why::Permanent));
    assert_eq!(of(&Repeat::Idempotent, Cause::Permanent), Next::End(Why::Permanent));
}

#[test]
fn retry_after_is_read_in_every_form_of_http() {
    let now = Timestamp::from_micros(NOW);
    for (value, seconds) in [
        ("120", 120),
        (" 0\t", 0),
        ("Thu, 01 Jan 2026 00:01:00 GMT", 60),
        ("Thursday, 01-Jan-26 00:01:00 GMT", 60),
        ("Thu Jan  1 00:01:00 2026", 60),
        // It has passed.
        ("Wed, 31 Dec 2025 23:59:00 GMT", 0),
    ] {
        let read = RetryAfter::read(value).unwrap_or_else(|| panic!("{value}"));
        assert_eq!(read.from(now), Duration::from_secs(seconds), "{value}");
    }
    assert_eq!(RetryAfter::read("99999999999999999999999"), Some(RetryAfter::Seconds(u64::MAX)));
    for value in ["", " ", "-1", "1.5", "+3", "soon", "1s", "0x10", "Thu, 32 Jan 2026 00:00:00 GMT", "١٢"] {
        assert_eq!(RetryAfter::read(value), None, "{value}");
    }
}

#[test]
fn retry_after_is_honoured_and_never_cut() {
    let retry = Retry { cap: Duration::from_secs(5), deadline: Duration::from_mins(2), ..Retry::default() };
    let asked = |value: &str, passed| {
        let fault = Fault::new(Cause::Status(429)).with_retry_after(value);
        next(&retry, &fault, &Repeat::Idempotent, 1, Duration::from_secs(passed), 0)
    };
    assert_eq!(asked("60", 0), Next::Retry(Duration::from_mins(1)));
    assert_eq!(asked("Thu, 01 Jan 2026 00:01:00 GMT", 0), Next::Retry(Duration::from_mins(1)));
    // Coming back earlier than asked is not an option.
    assert_eq!(asked("120", 0), Next::End(Why::Deadline));
    assert_eq!(asked("60", 61), Next::End(Why::Deadline));
    assert_eq!(asked("18446744073709551615", 0), Next::End(Why::Deadline));
    assert_eq!(asked("nonsense", 0), Next::Retry(Duration::ZERO));
}

fn any_cause() -> impl Strategy<Value = Cause> {
    prop_oneof![
        (100_u16..600).prop_map(Cause::Status),
        prop::sample::select(vec![
            Cause::Timeout,
            Cause::Connect,
            Cause::Lost,
            Cause::NotNow,
            Cause::RateLimit,
            Cause::Quota
        ]),
        Just(Cause::Permanent),
    ]
}

proptest! {
    #[test]
    fn no_wait_is_shorter_than_asked_longer_than_the_ceiling_or_beyond_the_deadline(
        (retries, base_ms, cap_ms, deadline_ms) in (0_u32..40, 0_u64..100_000, 0_u64..100_000, 0_u64..1_000_000),
        (cause, asked, attempt, passed_ms) in (any_cause(), prop::option::of(0_u64..2_000), 1_u32..60, 0_u64..1_200_000),
        random: u64,
    ) {
        let retry = Retry {
            retries,
            base: Duration::from_millis(base_ms),
            cap: Duration::from_millis(cap_ms),
            deadline: Duration::from_millis(deadline_ms),
        };
        let fault = Fault { retry_after: asked.map(RetryAfter::Seconds), ..Fault::new(cause) };
        let passed = Duration::from_millis(passed_ms);
        match next(&retry, &fault, &Repeat::Idempotent, attempt, passed, random) {
            Next::Retry(wait) => {
                let asked = Duration::from_secs(asked.unwrap_or(0));
                prop_assert!(cause.is_transient());
                prop_assert!(attempt <= retries, "3 retries are 4 attempts");
                prop_assert!(wait >= asked);
                prop_assert!(wait.checked_sub(asked).unwrap() <= retry.cap.min(retry.ceiling(attempt)));
                prop_assert!(passed + wait < retry.deadline);
            }
            Next::End(Why::Permanent) => prop_assert!(!cause.is_transient()),
            Next::End(Why::Spent) => prop_assert!(attempt > retries),
            Next::End(Why::Deadline) => {
                prop_assert!(passed + Duration::from_secs(asked.unwrap_or(0)) >= retry.deadline);
            }
            Next::End(Why::MayNotRepeat) => prop_assert!(false),
        }
    }

    #[test]
    fn hostile_headers_neither_panic_nor_wait_for_ever(value in ".{0,64}") {
        if let Some(after) = RetryAfter::read(&value) {
            let fault = Fault { retry_after: Some(after), ..Fault::new(Cause::RateLimit) };
            let retry = Retry::default();
            if let Next::Retry(wait) = next(&retry, &fault, &Repeat::Idempotent, 1, Duration::ZERO, u64::MAX) {
                prop_assert!(wait < retry.deadline);
            }
        }
    }
}
