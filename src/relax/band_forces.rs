//! Forces on the images of a band.

use crate::system::Vec3;

/// One configuration: a position or a force for each atom.
pub(super) type Configuration = Vec<Vec3>;

/// Σ a·b over the atoms.
pub(super) fn dot(a: &[Vec3], b: &[Vec3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a.dot(b)).sum()
}

/// b − a.
fn difference(a: &[Vec3], b: &[Vec3]) -> Configuration {
    a.iter().zip(b).map(|(a, b)| b - a).collect()
}

/// The distance between two configurations, √(Σ |b − a|²), Å.
pub(super) fn distance(a: &[Vec3], b: &[Vec3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (b - a).norm_squared()).sum::<f64>().sqrt()
}

/// The direction of the path at image `k`, of length 1: towards the neighbour of higher energy, and at extrema a mean
/// of both directions weighted by energy, so that it turns smoothly.
///
/// G. Henkelman and H. Jónsson, J. Chem. Phys. 113, 9978 (2000), doi:10.1063/1.1323224, eqs. 8–11. At the ends it
/// is the direction to the only neighbour.
pub(super) fn tangent(images: &[Configuration], energies: &[f64], k: usize) -> Configuration {
    let last = images.len() - 1;
    let ahead = || difference(&images[k], &images[k + 1]);
    let behind = || difference(&images[k - 1], &images[k]);
    let mut t = if k == 0 {
        ahead()
    } else if k == last {
        behind()
    } else {
        let (up, down) = (energies[k + 1] - energies[k], energies[k - 1] - energies[k]);
        if up > 0.0 && down < 0.0 {
            ahead()
        } else if up < 0.0 && down > 0.0 {
            behind()
        } else {
            let (most, least) = (up.abs().max(down.abs()), up.abs().min(down.abs()));
            let (mut a, mut b) =
                if energies[k + 1] > energies[k - 1] { (most, least) } else { (least, most) };
            if most == 0.0 {
                (a, b) = (1.0, 1.0);
            }
            ahead().iter().zip(behind()).map(|(ahead, behind)| a * ahead + b * behind).collect()
        }
    };
    let length = dot(&t, &t).sqrt();
    if length > 0.0 {
        for t in &mut t {
            *t /= length;
        }
    }
    t
}

/// The force on each image between the ends: that of the atoms across the path, and springs along it that keep the
/// images apart evenly. The image that climbs feels no springs, and the force along the path turned round:
/// G. Henkelman, B. P. Uberuaga and H. Jónsson, J. Chem. Phys. 113, 9901 (2000), doi:10.1063/1.1329672.
pub(super) fn band_forces(
    images: &[Configuration],
    energies: &[f64],
    forces: &[Configuration],
    spring: f64,
    climbing: Option<usize>,
) -> Vec<Configuration> {
    (1..images.len() - 1)
        .map(|k| {
            let t = tangent(images, energies, k);
            let along = dot(&forces[k], &t);
            let pull = if climbing == Some(k) {
                -2.0 * along
            } else {
                let (ahead, behind) =
                    (distance(&images[k], &images[k + 1]), distance(&images[k - 1], &images[k]));
                spring * (ahead - behind) - along
            };
            forces[k].iter().zip(&t).map(|(f, t)| f + pull * t).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(xy: &[(f64, f64)]) -> Vec<Configuration> {
        xy.iter().map(|(x, y)| vec![Vec3::new(*x, *y, 0.0)]).collect()
    }

    #[test]
    fn the_tangent_points_uphill_and_is_weighted_at_extrema() {
        let images = points(&[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)]);
        let x = vec![Vec3::x()];
        let y = vec![Vec3::y()];
        assert_eq!(tangent(&images, &[0.0, 1.0, 2.0], 1), y);
        assert_eq!(tangent(&images, &[2.0, 1.0, 0.0], 1), x);
        // A maximum: differences −1 ahead and −3 behind; the higher neighbour, ahead, has the greater weight.
        let t = tangent(&images, &[0.0, 3.0, 2.0], 1);
        let expected = Vec3::new(1.0, 3.0, 0.0).normalize();
        assert!((t[0] - expected).norm() < 1e-15, "{t:?}");
        assert_eq!(tangent(&images, &[1.0, 1.0, 1.0], 1)[0], Vec3::new(1.0, 1.0, 0.0).normalize());
    }

    #[test]
    fn springs_act_along_and_forces_across_the_path() {
        let images = points(&[(0.0, 0.0), (1.0, 0.0), (3.0, 0.0)]);
        let forces = vec![vec![Vec3::new(0.7, 0.2, 0.0)]; 3];
        let free = band_forces(&images, &[0.0, 1.0, 2.0], &forces, 2.0, None);
        assert!((free[0][0] - Vec3::new(2.0, 0.2, 0.0)).norm() < 1e-15);
        let climbing = band_forces(&images, &[0.0, 1.0, 2.0], &forces, 2.0, Some(1));
        assert!((climbing[0][0] - Vec3::new(-0.7, 0.2, 0.0)).norm() < 1e-15);
    }
}
