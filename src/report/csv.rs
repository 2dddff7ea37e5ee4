//! Every curve of a temperature as CSV, and the density of its ions as a cube file.

use super::Section;
use crate::analysis::{Hops, VanHove};
use std::fmt::Write;

/// Names of files with their text.
pub(super) fn of(section: &Section) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let run = &section.transport.runs[0];
    for (species, msd) in run.species.iter().zip(&section.transport.msd) {
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
    for van_hove in &section.van_hove {
        files.push((format!("van_hove_{}.csv", van_hove.element), of_van_hove(van_hove)));
    }
    if let Some(velocities) = &section.velocities {
        for (e, element) in velocities.elements.iter().enumerate() {
            let text = table("time_ps,correlation", &velocities.correlation(e), [1e-3, 1.0]);
            files.push((format!("vacf_{element}.csv"), text));
            let text = table("frequency_THz,density_per_THz", &velocities.density_of_states(e), [1.0; 2]);
            files.push((format!("vdos_{element}.csv"), text));
        }
    }
    if let Some(Ok(found)) = &section.green_kubo {
        let text = table("time_ps,conductivity_S_per_cm,std_error_S_per_cm", &found.curve, [1e-3, 1.0, 1.0]);
        files.push(("green_kubo.csv".to_string(), text));
    }
    if let Some(hops) = &section.hops {
        files.extend(of_hops(hops));
    }
    if let Some(density) = &section.density {
        files.push(("density.cube".to_string(), density.cube()));
    }
    files
}

/// Rows of numbers, each column times its factor.
fn table<const N: usize>(header: &str, rows: &[[f64; N]], factors: [f64; N]) -> String {
    let mut text = format!("{header}\n");
    for row in rows {
        let cells: Vec<String> = row.iter().zip(factors).map(|(x, f)| (x * f).to_string()).collect();
        let _ = writeln!(text, "{}", cells.join(","));
    }
    text
}

/// One row per lag and distance.
fn of_van_hove(van_hove: &VanHove) -> String {
    let mut text = "time_ps,r_A,self_per_A,distinct\n".to_string();
    for (k, time) in van_hove.times.iter().enumerate() {
        for (r, own, distinct) in van_hove.curve(k) {
            let distinct = distinct.map_or(String::new(), |g| g.to_string());
            let _ = writeln!(text, "{},{r},{own},{distinct}", time / 1e3);
        }
    }
    text
}

fn of_hops(hops: &Hops) -> [(String, String); 3] {
    let mut sites = "site,a,b,c,radius_A,occupancy,std_error\n".to_string();
    for (k, (s, occupancy)) in hops.sites.fractional.iter().zip(&hops.occupancy).enumerate() {
        let radius = hops.sites.radius[k];
        let (mean, error) = (occupancy.value, occupancy.std_error);
        let _ = writeln!(sites, "{k},{},{},{},{radius},{mean},{error}", s.x, s.y, s.z);
    }
    let mut kinds = "from,to,x_A,y_A,z_A,count\n".to_string();
    for (from, to, v, count) in &hops.kinds {
        let _ = writeln!(kinds, "{from},{to},{},{},{},{count}", v.x, v.y, v.z);
    }
    let mut stays = "site,stay_ps\n".to_string();
    for (site, stay) in &hops.stays {
        let _ = writeln!(stays, "{site},{stay}");
    }
    [("sites.csv", sites), ("hops.csv", kinds), ("stays.csv", stays)]
        .map(|(name, text)| (name.to_string(), text))
}
