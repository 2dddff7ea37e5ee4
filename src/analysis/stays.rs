//! How long ions stay at a site.

use super::estimate::Estimate;
use super::hops::Hops;

/// Ions that stay for fewer frames than this hop twice between frames too often: of what is missed about half of one hop in so
/// many frames, a tenth here.
const LEAST_FRAMES: f64 = 5.0;

/// The mean time at a site, ps: the part of the time that ions belong to sites, over the rate of hops. Its interval is that of
/// the rate turned over.
pub(super) fn residence(rate: &Estimate, settled: f64, interval: f64) -> Estimate {
    let mean = settled / rate.value;
    let mut flags = Vec::new();
    let frames = mean * 1e3 / interval;
    if frames < LEAST_FRAMES {
        flags.push(format!(
            "ions stay at a site for {frames:.1} frames: hops in between are missed, and those of several ways are taken for one; \
             store frames more often"
        ));
    }
    Estimate {
        value: mean,
        std_error: mean * rate.relative_error(),
        ci95: [settled / rate.ci95[1], settled / rate.ci95[0]],
        n_effective: rate.n_effective,
        unit: "ps",
        method: rate.method.clone(),
        flags,
    }
}

impl Hops {
    /// Rows of time (ps) and the part of the stays that last longer, by the product-limit estimate (E. L. Kaplan and P. Meier,
    /// J. Am. Stat. Assoc. 53, 457 (1958), doi:10.1080/01621459.1958.10501452): a stay that the end of the run cut counts for as
    /// long as it was seen. Whole stays alone would be too short, the more so the shorter the run.
    pub fn lasting(&self) -> Vec<[f64; 2]> {
        let whole = self.stays.iter().map(|stay| (stay.1, true));
        let mut all: Vec<(f64, bool)> = whole.chain(self.unfinished.iter().map(|t| (*t, false))).collect();
        // At one time those that end come before those that are lost from sight.
        all.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        let (mut left, mut part) = (all.len() as f64, 1.0);
        let mut rows: Vec<[f64; 2]> = vec![[0.0, 1.0]];
        for (t, ended) in all {
            if ended {
                part *= (left - 1.0) / left;
                match rows.last_mut() {
                    Some(row) if row[0] == t => row[1] = part,
                    _ => rows.push([t, part]),
                }
            }
            left -= 1.0;
        }
        rows
    }
}
