//! Measuring in turns, medians, and the lines that `cargo xtask bench` reads.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::{Result, setting};

/// From which side a ratio is held to its target.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bound {
    /// A rate: higher is better.
    AtLeast(f64),
    /// A time or a size: lower is better.
    AtMost(f64),
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    /// The benchmark.
    pub(crate) bench: &'a str,
    /// What is measured.
    pub(crate) what: &'a str,
    /// Unit of both figures.
    pub(crate) unit: &'a str,
    /// What the ratio is held to, if to anything.
    pub(crate) target: Option<Bound>,
}

/// A name and something to measure: each call gives one figure.
pub(crate) type Contender<'a> = (&'a str, Box<dyn FnMut() -> Result<f64> + 'a>);

/// How many pairs each figure is the median of.
pub(crate) fn pair_count() -> Result<usize> {
    Ok(setting("SEALBOOK_BENCH_PAIRS", 5)?.max(1) as usize)
}

/// Measures all contenders in turns, the order reversed each time, so that none always follows the
/// same other. Gives each contender's figures in the order of the rounds.
pub(crate) fn in_turns(mut contenders: Vec<Contender<'_>>) -> Result<Vec<Vec<f64>>> {
    let mut figures = vec![Vec::new(); contenders.len()];
    for round in 0..pair_count()? {
        let mut order: Vec<usize> = (0..contenders.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for at in order {
            settle();
            let (name, measure) = &mut contenders[at];
            let before = cpu_seconds();
            let figure = measure()?;
            let busy = cpu_seconds() - before;
            note(&format!(
                "  round {}: {name}: {figure:.3} ({busy:.2} s of processor time, preparation included)",
                round + 1
            ));
            figures[at].push(figure);
        }
    }
    Ok(figures)
}

/// What this process has used of the processors, in seconds.
pub(crate) fn cpu_seconds() -> f64 {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    used.tv_sec as f64 + used.tv_nsec as f64 / 1e9
}

/// Writes back what earlier measurements left in the page cache, so that nobody pays for another.
pub(crate) fn settle() {
    rustix::fs::sync();
}

/// Prints the row: medians of both, and the median of the ratios of the pairs.
#[expect(clippy::print_stdout, reason = "this is a benchmark's result")]
pub(crate) fn tell(row: Row<'_>, ours: &[f64], yardstick: &[f64]) {
    let ratios: Vec<f64> = ours.iter().zip(yardstick).map(|(ours, yardstick)| ours / yardstick).collect();
    let mut line = json!({
        "bench": row.bench,
        "what": row.what,
        "unit": row.unit,
        "ours": rounded(median(ours)),
        "yardstick": rounded(median(yardstick)),
        "ratio": rounded(median(&ratios)),
        "pairs": ratios.len(),
    });
    match row.target {
        Some(Bound::AtLeast(target)) => (line["target"], line["bound"]) = (json!(target), json!("at_least")),
        Some(Bound::AtMost(target)) => (line["target"], line["bound"]) = (json!(target), json!("at_most")),
        None => {}
    }
    println!("{line}");
}

/// Says something beside the results.
#[expect(clippy::print_stderr, reason = "a person watches")]
pub(crate) fn note(text: &str) {
    eprintln!("{text}");
}

/// The middle one, or the mean of the middle two; 0 of none.
pub(crate) fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// How long it takes.
pub(crate) fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, Duration)> {
    let start = Instant::now();
    let done = work()?;
    Ok((done, start.elapsed()))
}

/// So many per second.
pub(crate) fn rate(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

fn rounded(figure: f64) -> f64 {
    let places = if figure.abs() < 100.0 { 1_000.0 } else { 10.0 };
    (figure * places).round() / places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]).to_bits(), 2.0_f64.to_bits());
        assert_eq!(median(&[4.0, 1.0]).to_bits(), 2.5_f64.to_bits());
    }

    #[test]
    fn contenders_take_turns() {
        let seen = std::cell::RefCell::new(Vec::new());
        let contender = |name: &'static str| -> Contender<'_> {
            let seen = &seen;
            (
                name,
                Box::new(move || {
                    seen.borrow_mut().push(name);
                    Ok(1.0)
                }),
            )
        };
        let figures = in_turns(vec![contender("a"), contender("b")]).expect("nothing fails");
        assert_eq!(figures.len(), 2);
        assert_eq!(seen.borrow()[..4], ["a", "b", "b", "a"]);
    }
}
