//! The atoms of a dump, column by column, put in the order of their ids.

use super::columns::{Fields, Layout};
use crate::error::Result;
use crate::io::lammps::region::Region;
use crate::io::lammps::unit_style::UnitStyle;
use crate::io::{Column, ColumnValues, Frame};
use crate::system::{Cell, Element, Vec3};
use crate::text::Line;

/// The atoms read so far.
#[derive(Default)]
pub(super) struct Rows {
    ids: Vec<u64>,
    species: Vec<Element>,
    positions: Vec<Vec3>,
    images: Vec<[i32; 3]>,
    velocities: Vec<Vec3>,
    forces: Vec<Vec3>,
    charges: Vec<f64>,
    masses: Vec<f64>,
    others: Vec<ColumnValues>,
}

impl Rows {
    /// No atoms yet.
    pub(super) fn new(layout: &Layout, capacity: usize) -> Self {
        Self {
            species: Vec::with_capacity(capacity),
            positions: Vec::with_capacity(capacity),
            others: layout.others.iter().map(|_| ColumnValues::Reals(Vec::new())).collect(),
            ..Self::default()
        }
    }

    /// Takes in a row.
    pub(super) fn push(
        &mut self,
        layout: &Layout,
        fields: Fields,
        element: Element,
        region: &Region,
    ) -> Result<()> {
        if let Some(at) = layout.id {
            self.ids.push(fields.token(at).integer("an atom id")?);
        }
        self.species.push(element);
        let position = fields.vector(layout.position, "a coordinate")?;
        self.positions.push(if layout.scaled { region.unscale(&position) } else { position });
        if let Some(at) = layout.image {
            let mut image = [0; 3];
            for (count, at) in image.iter_mut().zip(at) {
                *count = fields.token(at).integer("an image count")?;
            }
            self.images.push(image);
        }
        if let Some(at) = layout.velocity {
            self.velocities.push(fields.vector(at, "a velocity")?);
        }
        if let Some(at) = layout.force {
            self.forces.push(fields.vector(at, "a force")?);
        }
        if let Some(at) = layout.charge {
            self.charges.push(fields.token(at).real("a charge")?);
        }
        if let Some(at) = layout.mass {
            self.masses.push(fields.token(at).real("a mass")?);
        }
        let first = self.species.len() == 1;
        for ((at, _), values) in layout.others.iter().zip(&mut self.others) {
            let token = fields.token(*at);
            // A column of words is told by its first entry. Numbers may be anything, also nan: it is
            // somebody else's quantity.
            if first && token.text.parse::<f64>().is_err() {
                *values = ColumnValues::Texts(Vec::new());
            }
            match values {
                ColumnValues::Texts(texts) => texts.push(token.text.to_string()),
                ColumnValues::Reals(reals) => reals.push(match token.text.parse() {
                    Ok(value) => value,
                    Err(_) => token.real("a number as in the rows above")?,
                }),
                ColumnValues::Flags(_) | ColumnValues::Integers(_) => {}
            }
        }
        Ok(())
    }

    /// The frame of all rows; `line` names the columns.
    pub(super) fn into_frame(
        mut self,
        layout: &Layout,
        cell: Cell,
        units: UnitStyle,
        line: &Line,
    ) -> Result<Frame> {
        if !self.ids.is_sorted_by(|a, b| a < b) {
            self.sort(line)?;
        }
        let standard = self.masses.iter().zip(&self.species).all(|(mass, element)| *mass == element.mass());
        let mut frame = Frame::new(cell, self.species, self.positions);
        let scaled = |vectors: Vec<Vec3>, unit: f64| vectors.into_iter().map(|v| v * unit).collect();
        // Atoms on continuous paths have crossed no face that their positions do not tell.
        frame.images = if layout.unwrapped {
            Some(vec![[0; 3]; frame.len()])
        } else {
            layout.image.map(|_| self.images)
        };
        frame.velocities = layout.velocity.map(|_| scaled(self.velocities, units.velocity()));
        frame.forces = layout.force.map(|_| scaled(self.forces, units.force()));
        frame.charges = layout.charge.map(|_| self.charges);
        frame.masses = layout.mass.filter(|_| !standard).map(|_| self.masses);
        for ((_, name), values) in layout.others.iter().zip(self.others) {
            frame.columns.insert(name.clone(), Column { width: 1, values });
        }
        Ok(frame)
    }

    /// Puts the atoms in the order of their ids.
    fn sort(&mut self, line: &Line) -> Result<()> {
        fn arrange<T: Clone>(values: &mut Vec<T>, order: &[usize]) {
            if !values.is_empty() {
                *values = order.iter().map(|&i| values[i].clone()).collect();
            }
        }
        let mut order: Vec<usize> = (0..self.ids.len()).collect();
        order.sort_by_key(|&i| self.ids[i]);
        if let Some(twins) = order.windows(2).find(|pair| self.ids[pair[0]] == self.ids[pair[1]]) {
            return Err(line.error(format!("two atoms have the id {}", self.ids[twins[0]])).into());
        }
        arrange(&mut self.species, &order);
        arrange(&mut self.positions, &order);
        arrange(&mut self.images, &order);
        arrange(&mut self.velocities, &order);
        arrange(&mut self.forces, &order);
        arrange(&mut self.charges, &order);
        arrange(&mut self.masses, &order);
        for values in &mut self.others {
            match values {
                ColumnValues::Reals(reals) => arrange(reals, &order),
                ColumnValues::Texts(texts) => arrange(texts, &order),
                ColumnValues::Flags(_) | ColumnValues::Integers(_) => {}
            }
        }
        Ok(())
    }
}
