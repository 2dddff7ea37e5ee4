//! The sites that hops are counted between, and the crystal that places are in.

use super::Request;
use super::group::Group;
use crate::analysis::{Crystal, Hops, Sites, Wanted, alike};
use crate::error::{Error, Result};
use crate::input::SitesFrom;
use crate::io::{self, Frame};
use crate::system::Vec3;
use std::path::Path;

/// Hops that make a rate.
pub(super) const FEWEST_HOPS: u64 = 2;

impl Request {
    /// Where places are counted from: sites of a structure where its framework is, given ones where that of the start is, and all
    /// else where the first trajectory has its own, if that is not known.
    pub(super) fn crystal(&self) -> Result<Crystal> {
        let mobile = &self.settings.mobile;
        if let Some(SitesFrom::Structure(file)) = &self.sites {
            let of_sites = Crystal::of(&self.first(file)?, mobile);
            if of_sites.has_framework() {
                return Ok(of_sites);
            }
        }
        let first = self.first(&self.trajectories[0].0)?;
        let start = self.start.clone().filter(|start| start.offset(&first, mobile).is_ok());
        Ok(start.unwrap_or_else(|| Crystal::of(&first, mobile)))
    }

    /// The crystal for a trajectory: sites of a structure must be in its crystal; without these it may be another one, whose
    /// places are compared with nothing.
    pub(super) fn within(&self, crystal: &Crystal, path: &Path) -> Result<Option<Crystal>> {
        let must = matches!(self.sites, Some(SitesFrom::Structure(_)));
        let same = must || crystal.offset(&self.first(path)?, &self.settings.mobile).is_ok();
        Ok(same.then(|| crystal.clone()))
    }

    pub(super) fn first(&self, path: &Path) -> Result<Frame> {
        let frame = io::open(path, &self.reading)?.next();
        frame.ok_or_else(|| Error::invalid(format!("{}: there is no frame", path.display())))?
    }

    /// The sites of a trajectory that are known before it is read.
    pub(super) fn known_sites(&self, path: &Path) -> Result<Option<Sites>> {
        match &self.sites {
            None | Some(SitesFrom::Density(_)) => Ok(None),
            Some(SitesFrom::Structure(file)) => {
                let sites = Sites::of_structure(&self.first(file)?, &self.settings.mobile)?;
                let own = self.first(path)?.cell;
                if !alike(&own, &sites.cell) {
                    let (own, other) = (own.lengths(), sites.cell.lengths());
                    return Err(Error::invalid(format!(
                        "{}: its cell has edges of {other:.2?} Å, that of the trajectory {own:.2?} Å\n   \
                         expected sites in a cell of the size of the trajectory's",
                        file.display()
                    )));
                }
                Ok(Some(sites))
            }
            Some(SitesFrom::Given(fractional)) => {
                let sites = fractional.iter().map(|s| Vec3::from(*s)).collect();
                Sites::new(sites, self.first(path)?.cell, "given").map(Some)
            }
        }
    }

    /// Finds the sites in the density of all replicas, and reads these once more for the hops between them.
    pub(super) fn hop_between_peaks(
        &self,
        group: &mut Group,
        least: f64,
        crystal: &Crystal,
        tick: &mut dyn FnMut(),
    ) -> Result<()> {
        let Some(density) = &group.watched.density else { return Ok(()) };
        let sites = match Sites::of_density(density, least) {
            Ok(sites) => sites,
            // All else is there.
            Err(error) => {
                group.without_sites = Some(error.to_string());
                return Ok(());
            }
        };
        for file in &group.files {
            let (sites, crystal) = (Some(sites.clone()), self.within(crystal, file)?);
            let wanted = Wanted { within: self.within, structure: false, sites, crystal, grid: None };
            let again = self.watch(file, wanted, tick)?;
            match (&mut group.watched.hops, again.hops) {
                (Some(hops), Some(more)) => hops.merge(more),
                (hops, more) => *hops = hops.take().or(more),
            }
        }
        Ok(())
    }

    /// Why there are no hops, where these were asked for: one or none in all replicas is no rate.
    pub(super) fn without_hops(&self, hops: Option<&Hops>, why: Option<String>) -> Option<String> {
        self.sites.as_ref()?;
        match hops {
            None => {
                let why = why.unwrap_or_else(|| "without a density there are no sites".to_string());
                Some(format!("no hops are counted: {why}"))
            }
            Some(hops) if hops.hops < FEWEST_HOPS => Some(format!(
                "no rate of hops: ions hopped {} between {} sites, which they belong to for {:.0} % of the time",
                if hops.hops == 0 { "never" } else { "once" },
                hops.sites.len(),
                100.0 * hops.settled
            )),
            Some(_) => None,
        }
    }
}
