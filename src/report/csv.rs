//! Every curve of a temperature as CSV.

use super::Section;
use std::fmt::Write;

/// Names of files with their text.
pub(super) fn of(section: &Section) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let run = &section.transport.runs[0];
    for (species, msd) in run.species.iter().zip(&run.msd) {
        let mut text =
            "time_ps,msd_A2,xx_A2,yy_A2,zz_A2,yz_A2,xz_A2,xy_A2,non_gaussian,origins\n".to_string();
        for (k, lag) in msd.lags.iter().enumerate() {
            let _ = write!(text, "{},{}", *lag as f64 * run.interval / 1e3, msd.trace(k));
            for component in msd.mean[k] {
                let _ = write!(text, ",{component}");
            }
            let _ = writeln!(text, ",{},{}", msd.non_gaussian[k], msd.origins[k]);
        }
        files.push((format!("msd_{}.csv", species.element), text));
    }
    if let Ok(charge) = &section.transport.charge {
        let mut text = "time_ps,charge_msd_A2,std_error_A2\n".to_string();
        for [t, value, error] in &charge.curve {
            let _ = writeln!(text, "{},{value},{error}", t / 1e3);
        }
        files.push(("msd_charge.csv".to_string(), text));
    }
    for radial in &section.radial {
        let mut text = "r_A,g,coordination\n".to_string();
        for [r, g, n] in radial.curve() {
            let _ = writeln!(text, "{r},{g},{n}");
        }
        files.push((format!("rdf_{}_{}.csv", radial.a, radial.b), text));
    }
    files
}
