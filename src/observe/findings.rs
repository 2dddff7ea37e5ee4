//! What the guards of a run have noted, in a line for each kind.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// What a person should know of a `guards.csv`: how often something was noted, and how far outside it was. Empty where
/// there is no such file.
pub fn findings(path: &Path) -> Vec<String> {
    let Ok(file) = File::open(path) else { return Vec::new() };
    let (mut not_finite, mut temperature, mut volume, mut height) = (0, 0, 0, 0);
    let mut close = f64::INFINITY;
    // Of each look with atoms outside the trained range: the step, and how far the furthest was, in widths.
    let mut outside: Vec<(u64, f64)> = Vec::new();
    for line in BufReader::new(file).lines().skip(1).map_while(Result::ok) {
        let cells: Vec<&str> = line.split(',').collect();
        let &[step, _, what, _, _, _, value, lowest, highest] = cells.as_slice() else { continue };
        let number = |cell: &str| cell.parse::<f64>().unwrap_or(f64::NAN);
        match what {
            "not finite" => not_finite += 1,
            "temperature_K" => temperature += 1,
            "volume_A3" => volume += 1,
            "height_A" => height += 1,
            "distance_A" => close = close.min(number(value)),
            "extrapolation" => {
                let (value, lowest, highest) = (number(value), number(lowest), number(highest));
                let excess = (value - highest).max(lowest - value) / (highest - lowest);
                let step = step.parse().unwrap_or(0);
                match outside.last_mut() {
                    Some(last) if last.0 == step => last.1 = last.1.max(excess),
                    _ => outside.push((step, excess)),
                }
            }
            _ => {}
        }
    }
    let mut lines = Vec::new();
    if not_finite > 0 {
        lines.push("numbers that are not finite".to_string());
    }
    if temperature > 0 {
        lines.push(format!("temperature out of bounds at {temperature} looks"));
    }
    if volume > 0 {
        lines.push(format!("the volume of the cell out of bounds at {volume} looks"));
    }
    if height > 0 {
        lines.push(format!("the cell flatter than its bound at {height} looks"));
    }
    if close.is_finite() {
        lines.push(format!("atoms as close as {close:.2} Å"));
    }
    if !outside.is_empty() {
        let mut widths: Vec<f64> = outside.iter().map(|look| look.1).collect();
        widths.sort_by(f64::total_cmp);
        lines.push(format!(
            "descriptors outside the trained range at {} looks: the furthest by {:.2} of its width in the median, {:.2} at most",
            widths.len(),
            widths[widths.len() / 2],
            widths[widths.len() - 1]
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_counted_and_the_furthest_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("guards.csv");
        assert!(findings(&path).is_empty());
        let text = "step,time_fs,what,atom,element,descriptor,value,lowest,highest\n\
                    0,0,extrapolation,3,Li,7,1.5,0,1\n\
                    0,0,extrapolation,4,Li,7,1.25,0,1\n\
                    10,10,distance_A,1,O,,0.75,0.8,\n\
                    10,10,extrapolation,3,Li,7,-4,0,2\n\
                    20,20,temperature_K,,,,4000,,3000\n\
                    20,20,volume_A3,,,,9000,,8000\n\
                    20,20,height_A,,,,3,4,\n";
        std::fs::write(&path, text).unwrap();
        let outside = "descriptors outside the trained range at 2 looks: the furthest by 2.00 of its width in the median, 2.00 at most";
        assert_eq!(
            findings(&path),
            [
                "temperature out of bounds at 1 looks",
                "the volume of the cell out of bounds at 1 looks",
                "the cell flatter than its bound at 1 looks",
                "atoms as close as 0.75 Å",
                outside
            ]
        );
    }
}
