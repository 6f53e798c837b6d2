//! Long work shows how far it is, where a person sees it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use sealbook_inspect::Progress;

/// A bar on standard error, or nothing at all.
pub(crate) struct Bars {
    is_watched: bool,
    bar: Mutex<Option<ProgressBar>>,
}

const TICK: Duration = Duration::from_millis(120);

impl Bars {
    /// `is_watched` where standard error is a terminal.
    pub(crate) fn new(is_watched: bool) -> Self {
        Self { is_watched, bar: Mutex::default() }
    }

    fn bar(&self) -> MutexGuard<'_, Option<ProgressBar>> {
        self.bar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress for Bars {
    fn begin(&self, what: &str, total: Option<u64>) {
        self.end();
        if !self.is_watched {
            return;
        }
        let (template, bar) = match total {
            Some(total) => ("  {msg} [{bar:30}] {human_pos}/{human_len} ({eta})", ProgressBar::new(total)),
            None => ("{spinner} {msg} {human_pos} ({rate}/s)", ProgressBar::no_length()),
        };
        let rate = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            let _ = write!(out, "{:.0}", state.per_sec());
        };
        let style = ProgressStyle::with_template(template).expect("the template is one of the two above");
        bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        bar.set_style(style.progress_chars("=> ").with_key("rate", rate));
        bar.set_message(sealbook_report::shown(what).into_owned());
        bar.enable_steady_tick(TICK);
        *self.bar() = Some(bar);
    }

    fn advance(&self, done: u64) {
        if let Some(bar) = &*self.bar() {
            bar.inc(done);
        }
    }

    fn end(&self) {
        if let Some(bar) = self.bar().take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.end();
    }
}
