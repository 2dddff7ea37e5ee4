//! How values lie on an axis, and where its ticks are.

/// How values lie on an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Evenly.
    Linear,
    /// By their logarithm.
    Log,
    /// Evenly, and whole: places in a list.
    Count,
}

impl Scale {
    /// How far along a range a value lies: 0 at its beginning, 1 at its end.
    pub(super) fn part(self, value: f64, range: [f64; 2]) -> f64 {
        match self {
            Self::Linear | Self::Count => (value - range[0]) / (range[1] - range[0]),
            Self::Log => (value / range[0]).ln() / (range[1] / range[0]).ln(),
        }
    }

    /// The range of an axis on which values from `low` to `high` are seen well. `near`: how close to zero, as a part
    /// of the highest value, they must begin for zero to be the end of the axis.
    pub(super) fn around(self, [low, high]: [f64; 2], near: f64) -> [f64; 2] {
        match self {
            Self::Log => {
                let [low, high] = [low, high].map(f64::log10);
                let margin = 0.04 * (high - low).max(0.5);
                [10_f64.powf(low - margin), 10_f64.powf(high + margin)]
            }
            Self::Count => [low - 0.5, high + 0.5],
            Self::Linear => {
                let margin = 0.05 * (high - low).max(1e-12 + 0.02 * high.abs());
                // Zero is a natural end of an axis of times, squares and counts, if it is near.
                [if (0.0..near * high).contains(&low) { 0.0 } else { low - margin }, high + margin]
            }
        }
    }
}

/// Places of ticks with their labels.
pub(super) fn ticks(range: [f64; 2], scale: Scale) -> Vec<(f64, String)> {
    match scale {
        Scale::Log => {
            let [low, high] = range.map(f64::log10);
            let decades = high - low;
            if decades < 1.2 {
                return steps(range).into_iter().filter(|v| *v > 0.0).map(|v| (v, plain(v))).collect();
            }
            let every = (decades / 7.0).ceil().max(1.0) as i32;
            // Two or three powers of ten alone are a poor ruler.
            let parts: &[f64] = if decades < 3.0 { &[1.0, 2.0, 5.0] } else { &[1.0] };
            (low.floor() as i32..=high.floor() as i32)
                .filter(|k| k % every == 0)
                .flat_map(|k| parts.iter().map(move |part| (*part, k)))
                .map(|(part, k)| (part * 10_f64.powi(k), power_of_ten(part, k)))
                .filter(|(value, _)| (range[0]..=range[1]).contains(value))
                .collect()
        }
        Scale::Linear => steps(range).into_iter().map(|v| (v, plain(v))).collect(),
        Scale::Count => {
            let whole = steps(range).into_iter().filter(|v| v.fract() == 0.0);
            whole.map(|v| (v, plain(v))).collect()
        }
    }
}

/// `0.02`, `500`, `10⁻⁷`, `2·10⁻⁷`.
fn power_of_ten(part: f64, k: i32) -> String {
    if (-2..=3).contains(&k) {
        return plain(part * 10_f64.powi(k));
    }
    let part = if part == 1.0 { String::new() } else { format!("{part}·") };
    format!("{part}10<tspan dy=\"-5\" font-size=\"10\">{}</tspan>", k.to_string().replace('-', "−"))
}

/// Round values, about six of them.
pub(super) fn steps(range: [f64; 2]) -> Vec<f64> {
    let rough = (range[1] - range[0]) / 6.0;
    let power = 10_f64.powf(rough.log10().floor());
    let step =
        [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|m| m * power).find(|s| *s >= rough).unwrap_or(rough);
    let first = (range[0] / step).ceil() as i64;
    let last = (range[1] / step).floor() as i64;
    (first..=last).map(|k| k as f64 * step).collect()
}

/// As few digits as say the value.
pub(super) fn plain(value: f64) -> String {
    let rounded = format!("{value:.10}");
    let short = rounded.trim_end_matches('0').trim_end_matches('.');
    let short = if short.is_empty() || short == "-0" { "0" } else { short };
    if value != 0.0 && (value.abs() >= 1e6 || value.abs() < 1e-4) {
        format!("{value:.1e}")
    } else {
        short.replace('-', "−")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round() {
        let labels = |range, scale| ticks(range, scale).into_iter().map(|t| t.1).collect::<Vec<_>>();
        assert_eq!(labels([0.0, 10.5], Scale::Linear), ["0", "2", "4", "6", "8", "10"]);
        assert_eq!(labels([0.5, 2.5], Scale::Count), ["1", "2"]);
        assert_eq!(labels([0.05, 200.0], Scale::Log), ["0.1", "1", "10", "100"]);
        assert_eq!(labels([150.0, 6000.0], Scale::Log), ["200", "500", "1000", "2000", "5000"]);
        assert!(labels([1.5e-9, 4e-8], Scale::Log)[0].starts_with("2·10<tspan"));
        assert!(labels([1e-9, 1e-5], Scale::Log)[0].contains("−9"));
    }
}
