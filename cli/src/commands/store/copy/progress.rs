//! How far it is, on standard error; nothing where that is not a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// A bar for so many things to do; 0 where nobody knows how many.
    pub(super) fn of(doing: &'static str, total: u64) -> Self {
        let (bar, template) = match total {
            0 => (ProgressBar::no_length(), "{spinner} {prefix} {msg}"),
            _ => (
                ProgressBar::new(total),
                "{prefix} {msg} {wide_bar} {pos}/{len}, {eta} left",
            ),
        };
        bar.set_prefix(doing);
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(match ProgressStyle::with_template(template) {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        })
    }

    /// Says what is being done.
    pub(super) fn tell(&self, what: &str) {
        self.0.set_message(what.to_owned());
    }

    /// So many more are done.
    pub(super) fn add(&self, count: u64) {
        self.0.inc(count);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
