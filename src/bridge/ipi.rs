//! The protocol of i-PI (V. Kapil et al., Comput. Phys. Commun. 236, 214 (2019), doi:10.1016/j.cpc.2018.09.020), which
//! ASE speaks as well: the program at the other end sends cells and positions, mlmd answers with energy, forces and
//! virial.
//!
//! A message begins with a name of twelve bytes, padded with blanks; numbers follow as they lie in memory, in atomic units
//! (bohr, hartree). The other end says
//!
//! | message | what follows | answer |
//! |---|---|---|
//! | `STATUS` | | `NEEDINIT`, `READY`, or `HAVEDATA` if there are forces to fetch |
//! | `INIT` | the number of the replica, a length, so many bytes | |
//! | `POSDATA` | the cell and its inverse (vectors in columns), the number of atoms, positions | |
//! | `GETFORCE` | | `FORCEREADY`: energy, number of atoms, forces, virial −V·stress, a length, so many bytes |
//! | `EXIT` | | |

use crate::compute::Engine;
use crate::error::{Error, Result};
use crate::potential::Evaluation;
use crate::system::{Cell, System, Vec3};
use crate::units::{BOHR, HARTREE};
use std::io::{self, ErrorKind, Read, Write};

const NAME: usize = 12;

/// A conversation: mlmd's end of a connection.
#[derive(Debug)]
pub struct Session<S> {
    stream: S,
    /// What errors call the other end.
    peer: String,
}

impl<S: Read + Write> Session<S> {
    /// A conversation over a connection to `peer`.
    pub fn new(stream: S, peer: impl Into<String>) -> Self {
        Self { stream, peer: peer.into() }
    }

    /// Answers until the other end has had enough. `system` has the atoms, in the order in which the other end has them; its
    /// cell and positions become those that are asked for. `told` hears how often forces were computed.
    pub fn serve(
        &mut self,
        engine: &mut Engine,
        system: &mut System,
        told: &mut dyn FnMut(u64),
    ) -> Result<u64> {
        let (mut known, mut waiting, mut count) = (false, None, 0);
        while let Some(name) = self.name()? {
            match name.as_str() {
                "STATUS" if waiting.is_some() => self.send(&padded("HAVEDATA"))?,
                "STATUS" => self.send(&padded(if known { "READY" } else { "NEEDINIT" }))?,
                "INIT" => {
                    // Which replica it is makes no difference to forces, nor does the text some programs want.
                    let _replica = self.integer()?;
                    let length = self.count("bytes")?;
                    io::copy(&mut (&mut self.stream).take(length as u64), &mut io::sink())
                        .map_err(Error::io(&self.peer, "read"))?;
                    known = true;
                }
                "POSDATA" => {
                    self.receive(system)?;
                    waiting = Some(answer(engine.evaluate(system)?));
                    count += 1;
                    told(count);
                }
                "GETFORCE" => match waiting.take() {
                    Some(answer) => self.send(&answer)?,
                    None => return Err(self.misunderstood("wants forces before it has sent positions")),
                },
                "EXIT" => break,
                other => {
                    let what = format!("says `{other}`, which the protocol of i-PI does not have");
                    return Err(self.misunderstood(&what));
                }
            }
        }
        Ok(count)
    }

    /// Brings the system to where the other end wants it.
    fn receive(&mut self, system: &mut System) -> Result<()> {
        let columns = self.reals(9)?;
        // The inverse follows from the cell.
        self.reals(9)?;
        let atoms = self.count("atoms")?;
        if atoms != system.len() {
            let what = format!("has {atoms} atoms, but the structure has {}", system.len());
            return Err(self.misunderstood(&what));
        }
        let positions = self.reals(3 * atoms)?;
        if !columns.iter().chain(&positions).all(|x| x.is_finite()) {
            return Err(Error::Physics(format!("{} has sent positions that are not finite", self.peer)));
        }
        let (mut rows, periodic) = (system.cell.rows(), system.cell.periodic());
        for k in (0..3).filter(|k| periodic[*k]) {
            rows[k] = [0, 1, 2].map(|x| BOHR * columns[3 * x + k]);
        }
        system.cell = Cell::new(rows, periodic)?;
        for (position, sent) in system.positions.iter_mut().zip(positions.chunks_exact(3)) {
            *position = Vec3::new(sent[0], sent[1], sent[2]) * BOHR;
        }
        system.images.fill([0; 3]);
        Ok(())
    }

    /// The name of the next message; none if the other end has hung up.
    fn name(&mut self) -> Result<Option<String>> {
        let mut name = [0; NAME];
        let first = loop {
            match self.stream.read(&mut name) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Between messages this is how programs go that do not say goodbye.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(None),
                read => break read.map_err(Error::io(&self.peer, "read"))?,
            }
        };
        if first == 0 {
            return Ok(None);
        }
        self.stream.read_exact(&mut name[first..]).map_err(Error::io(&self.peer, "read"))?;
        Ok(Some(String::from_utf8_lossy(&name).trim_end_matches([' ', '\0']).to_string()))
    }

    fn integer(&mut self) -> Result<i32> {
        let mut bytes = [0; 4];
        self.stream.read_exact(&mut bytes).map_err(Error::io(&self.peer, "read"))?;
        Ok(i32::from_ne_bytes(bytes))
    }

    fn count(&mut self, of: &str) -> Result<usize> {
        let count = self.integer()?;
        usize::try_from(count).map_err(|_| self.misunderstood(&format!("announces {count} {of}")))
    }

    fn reals(&mut self, count: usize) -> Result<Vec<f64>> {
        let mut bytes = vec![0; 8 * count];
        self.stream.read_exact(&mut bytes).map_err(Error::io(&self.peer, "read"))?;
        let real = |eight: &[u8]| f64::from_ne_bytes(eight.try_into().unwrap_or_default());
        Ok(bytes.chunks_exact(8).map(real).collect())
    }

    fn send(&mut self, message: &[u8]) -> Result<()> {
        let sent = self.stream.write_all(message).and_then(|()| self.stream.flush());
        sent.map_err(Error::io(&self.peer, "write"))
    }

    fn misunderstood(&self, what: &str) -> Error {
        Error::invalid(format!("{} {what}", self.peer))
    }
}

/// The name of a message as it travels.
fn padded(name: &str) -> Vec<u8> {
    format!("{name:NAME$}").into_bytes()
}

/// `FORCEREADY` and all that follows it.
fn answer(found: &Evaluation) -> Vec<u8> {
    let forces = found.forces.iter().flatten().map(|f| f * BOHR / HARTREE);
    // In columns, as the cell; but it is symmetric.
    let virial = found.virial.iter().map(|w| w / HARTREE);
    let mut message = padded("FORCEREADY");
    message.extend((found.energy / HARTREE).to_ne_bytes());
    message.extend((found.forces.len() as i32).to_ne_bytes());
    message.extend(forces.chain(virial).flat_map(f64::to_ne_bytes));
    // No remarks.
    message.extend(0_i32.to_ne_bytes());
    message
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compute::Options;
    use crate::potential::{LennardJones, LennardJonesPair, Truncation};
    use crate::system::Element;

    /// What one end said and what the other is about to say.
    struct Wire {
        said: io::Cursor<Vec<u8>>,
        heard: Vec<u8>,
    }

    impl Read for Wire {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            // In pieces, as from a network.
            let most = buffer.len().min(5);
            self.said.read(&mut buffer[..most])
        }
    }

    impl Write for Wire {
        fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
            self.heard.write(buffer)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn argon() -> (System, Engine) {
        let pair = LennardJonesPair { epsilon: 0.01, sigma: 3.4, cutoff: 8.0 };
        let potential = LennardJones::alike(pair, Truncation::ForceShifted).unwrap();
        let engine = Engine::new(Box::new(potential), Options { threads: 1, ..Options::default() }).unwrap();
        let species = vec![Element::from_symbol("Ar").unwrap(); 3];
        let positions = [[0.1, 0.2, 0.3], [3.6, 0.4, 0.1], [0.3, 3.9, 8.9]].map(Vec3::from).to_vec();
        let cell = Cell::new([[9.0, 0.0, 0.0], [1.0, 9.0, 0.0], [0.5, -0.5, 9.5]], [true; 3]).unwrap();
        (System::new(cell, species, positions).unwrap(), engine)
    }

    fn positions_of(system: &System) -> Vec<u8> {
        let rows = system.cell.rows();
        let columns = (0..3).flat_map(|x| [0, 1, 2].map(|k| rows[k][x] / BOHR));
        let mut message = padded("POSDATA");
        message.extend(columns.chain([0.0; 9]).flat_map(f64::to_ne_bytes));
        message.extend((system.len() as i32).to_ne_bytes());
        message.extend(system.positions.iter().flatten().flat_map(|x| (x / BOHR).to_ne_bytes()));
        message
    }

    /// What mlmd answers to all this, and how it ends.
    fn answers(said: Vec<u8>) -> (Vec<u8>, Result<u64>) {
        let (mut system, mut engine) = argon();
        let wire = Wire { said: io::Cursor::new(said), heard: Vec::new() };
        let mut session = Session::new(wire, "the other end");
        let end = session.serve(&mut engine, &mut system, &mut |_| ());
        (session.stream.heard, end)
    }

    #[test]
    fn a_conversation_as_i_pi_has_it() {
        let (mut moved, mut engine) = argon();
        // Another cell, and an atom in another image of it.
        moved.cell = Cell::new([[9.1, 0.0, 0.0], [1.0, 9.2, 0.0], [0.5, -0.5, 9.3]], [true; 3]).unwrap();
        moved.positions[1] += 2.0 * moved.cell.vector(0);
        let init =
            [padded("INIT"), [3_i32, 2].iter().flat_map(|n| n.to_ne_bytes()).collect(), b"{}".to_vec()]
                .concat();
        let status = padded("STATUS");
        let said = [
            status.clone(),
            init,
            status.clone(),
            positions_of(&moved),
            status.clone(),
            padded("GETFORCE"),
            status,
            padded("EXIT"),
        ];
        let (heard, end) = answers(said.concat());
        assert_eq!(end.unwrap(), 1);
        let found = engine.evaluate(&moved).unwrap();
        let before = ["NEEDINIT", "READY", "HAVEDATA", "FORCEREADY"].map(padded).concat();
        assert_eq!(heard[..before.len()], before);
        assert_eq!(heard[heard.len() - NAME..], padded("READY"));
        let body = &heard[before.len()..heard.len() - NAME];
        assert_eq!((body.len(), &body[8..12]), (8 + 4 + 8 * (9 + 9) + 4, &3_i32.to_ne_bytes()[..]));
        let real = |at: usize| f64::from_ne_bytes(body[at..at + 8].try_into().unwrap());
        // To bohr and back costs a rounding of each number that is sent; forces are as steep as 1 eV/Å².
        let same = |a: f64, b: f64| assert!((a - b).abs() < 1e-14 * (1.0 + b.abs()), "{a} {b}");
        same(real(0), found.energy / HARTREE);
        let forces = found.forces.iter().flatten();
        forces.enumerate().for_each(|(k, f)| same(real(12 + 8 * k), f * BOHR / HARTREE));
        found.virial.iter().enumerate().for_each(|(k, w)| same(real(12 + 72 + 8 * k), w / HARTREE));
    }

    #[test]
    fn what_makes_no_sense_ends_the_conversation() {
        let ends_with = |said: Vec<u8>, words: &str| {
            let message = answers(said).1.unwrap_err().to_string();
            assert!(message.contains(words), "{message}");
        };
        ends_with(padded("GETFORCE"), "before it has sent positions");
        ends_with(padded("HELLO"), "says `HELLO`");
        let mut other = argon().0;
        other.species.pop();
        other.positions.pop();
        ends_with(positions_of(&other), "has 2 atoms, but the structure has 3");
        let mut lost = argon().0;
        lost.positions[2].x = f64::NAN;
        ends_with(positions_of(&lost), "not finite");
        // Hanging up between messages is an end; within one it is not.
        assert_eq!(answers(Vec::new()).1.unwrap(), 0);
        let message = positions_of(&argon().0);
        ends_with(message[..message.len() - 1].to_vec(), "cannot read");
    }
}
