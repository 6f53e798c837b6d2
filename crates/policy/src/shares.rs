//! Work on many records at once, over several threads, in their order.

/// Fewer items than this are worked on by the caller's thread: a thread costs more than they do.
const SHARE_MIN: usize = 64;

/// Cuts `items` into at most `threads` shares of about the same size and gives what `work` makes of each, in
/// the order of the items. The last share is worked on by the caller's thread.
///
/// # Panics
///
/// Where `work` panics.
pub fn in_shares<T: Send, R: Send>(items: Vec<T>, threads: usize, work: impl Fn(Vec<T>) -> R + Sync) -> Vec<R> {
    let share = items.len().div_ceil(threads.max(1)).max(SHARE_MIN);
    let mut shares = Vec::new();
    let mut rest = items;
    while rest.len() > share {
        let later = rest.split_off(share);
        shares.push(std::mem::replace(&mut rest, later));
    }
    std::thread::scope(|scope| {
        let work = &work;
        let others: Vec<_> = shares.into_iter().map(|share| scope.spawn(move || work(share))).collect();
        let last = work(rest);
        let done =
            others.into_iter().map(|other| other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        // Joined before the last is added, so that the order is kept.
        let mut all: Vec<R> = done.collect();
        all.push(last);
        all
    })
}

#[cfg(test)]
mod tests {
    use super::in_shares;

    #[test]
    fn the_order_is_kept_however_many_threads() {
        for (count, threads) in [(0, 2), (1, 2), (64, 2), (65, 2), (1_000, 3), (1_000, 0)] {
            let items: Vec<usize> = (0..count).collect();
            let shares = in_shares(items.clone(), threads, |share| share);
            assert!(shares.len() <= threads.max(1));
            assert_eq!(shares.concat(), items);
        }
    }
}
