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
    /// Tells a rate (1/s) and a time left (s) in words of its own.
    tell: Option<Tell>,
}

/// What [`Progress::telling`] takes.
type Tell = Box<dyn Fn(f64, f64) -> String + Send>;

/// A text of its own is renewed this often on a terminal.
const REFRESH: Duration = Duration::from_millis(200);

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
        Self { terminal, unit, bar, start, told: start, total, tell: None }
    }

    /// Tells rate (1/s) and time left (s) in the words of `tell`.
    pub(super) fn telling(mut self, tell: Tell) -> Self {
        let style = ProgressStyle::with_template("{bar:30} {human_pos}/{human_len}  {msg}");
        self.bar = self.bar.take().map(|bar| match style {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        });
        self.tell = Some(tell);
        self
    }

    /// So many are done, of which so many had been before this process began.
    pub(super) fn set_from(&mut self, begun: u64, done: u64) {
        let interval = if self.bar.is_some() { REFRESH } else { INTERVAL };
        let (Some(tell), true) = (&self.tell, self.told.elapsed() >= interval) else { return };
        let rate = (done - begun.min(done)) as f64 / self.start.elapsed().as_secs_f64();
        let left = self.total.unwrap_or(done).saturating_sub(done) as f64 / rate;
        let text = tell(rate, left);
        if let Some(bar) = &self.bar {
            bar.set_position(done);
            bar.set_message(text);
        } else {
            let total = self.total.map_or(String::new(), |total| format!(" of {total}"));
            self.terminal.note(&format!("{done}{total} {}, {text}", self.unit));
        }
        self.told = Instant::now();
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

/// Tells how far a minimisation is: its end is not known beforehand, so the numbers themselves are shown.
pub(super) struct Minimising {
    terminal: Terminal,
    name: &'static str,
    bar: Option<ProgressBar>,
    told: Option<Instant>,
    target: f64,
}

impl Minimising {
    /// Begins; `target` is the force to reach, eV/Å.
    pub(super) fn new(terminal: Terminal, name: &'static str, target: f64) -> Self {
        let shown = !terminal.quiet && std::io::stderr().is_terminal();
        Self { terminal, name, bar: shown.then(ProgressBar::new_spinner), told: None, target }
    }

    /// So many steps are done; energy in eV and the largest force in eV/Å.
    pub(super) fn set(&mut self, step: u64, energy: f64, force: f64) {
        self.stage(self.name, step, energy, force);
    }

    /// The same, where the work has several parts.
    pub(super) fn stage(&mut self, name: &str, step: u64, energy: f64, force: f64) {
        let line =
            || format!("{name} step {step}: {energy:.6} eV, force {force:.3e} of {:.1e} eV/Å", self.target);
        if let Some(bar) = &self.bar {
            bar.set_message(line());
            bar.tick();
        } else if self.told.is_none_or(|told| told.elapsed() >= INTERVAL) {
            self.told = Some(Instant::now());
            self.terminal.note(&line());
        }
    }
}

impl Drop for Minimising {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
