//! How far long work is: a line that moves on a terminal, a line now and then elsewhere.

use super::terminal::Terminal;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// Where there is no terminal, a line is printed this often.
const INTERVAL: Duration = Duration::from_secs(10);

/// Tells how many of something are done, and how fast.
pub(super) struct Progress {
    terminal: Terminal,
    unit: &'static str,
    bar: Option<ProgressBar>,
    start: Instant,
    told: Instant,
    total: Option<u64>,
}

impl Progress {
    /// Begins; `unit` is what is counted, in the plural. `total` is how many there will be, if known.
    pub(super) fn new(terminal: Terminal, unit: &'static str, total: Option<u64>) -> Self {
        let shown = !terminal.quiet && std::io::stderr().is_terminal();
        let bar = shown.then(|| {
            let template = match total {
                Some(_) => {
                    format!("{{bar:30}} {{human_pos}}/{{human_len}} {unit}  {{per_sec}}  {{eta}} left")
                }
                None => format!("{{spinner}} {{human_pos}} {unit}  {{per_sec}}"),
            };
            // The templates are constants that indicatif accepts; its plain style would do otherwise.
            let style =
                ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
            total.map_or_else(ProgressBar::new_spinner, ProgressBar::new).with_style(style)
        });
        let start = Instant::now();
        Self { terminal, unit, bar, start, told: start, total }
    }

    /// So many are done.
    pub(super) fn set(&mut self, done: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(done);
            return;
        }
        if self.told.elapsed() < INTERVAL {
            return;
        }
        self.told = Instant::now();
        let rate = done as f64 / self.start.elapsed().as_secs_f64();
        let unit = self.unit;
        self.terminal.note(&match self.total {
            Some(total) => {
                let left = (total.saturating_sub(done)) as f64 / rate;
                format!("{done} of {total} {unit}, {rate:.1} per second, {left:.0} s left")
            }
            None => format!("{done} {unit}, {rate:.1} per second"),
        });
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
