//! Structural fingerprint setups of aenet, `*.stp`: the descriptor of one element before there is a network.
//!
//! Read as `generate.x` reads them: a keyword begins a line in any case; parameters are `name = value`; lines
//! that begin with `!` or `#` are comments.

use super::file::{NAMED, PARAMETERS, Setup};
use super::{ENDING_OF_SETUPS, chebyshev_functions};
use crate::descriptors::ChebyshevCenter;
use crate::error::{Error, Result};
use crate::system::Element;
use crate::text::{Line, Lines, Token};
use std::path::Path;

/// Reads the setup of one element.
pub(super) fn read(path: &Path) -> Result<Setup> {
    parse(Lines::open(path)?)
}

fn parse(mut lines: Lines) -> Result<Setup> {
    let mut setup = Unfinished::default();
    while let Some(line) = next(&mut lines)? {
        let Some(keyword) = line.tokens().next() else { continue };
        match keyword.text.to_ascii_lowercase().as_str() {
            "descr" => setup.description = description(&mut lines)?,
            "atom" => setup.element = Some(element(after(&line, "an element")?)?),
            "env" => setup.environment = environment(&line, &mut lines)?,
            "rmin" => setup.nearest = after(&line, "a distance")?.real("a distance in Å")?,
            "symmfunc" | "functions" => {
                check_kind(&line, "Behler2011")?;
                setup.functions = behler(&mut lines, &setup.environment)?;
                setup.basis = "Behler2011";
            }
            "basis" => {
                check_kind(&line, "Chebyshev")?;
                setup.functions = chebyshev(&mut lines, &setup.environment)?;
                setup.basis = "Chebyshev";
            }
            _ => {
                return Err(keyword
                    .error(format!("`{}` is not a keyword of a {ENDING_OF_SETUPS} file", keyword.text))
                    .with_help("expected DESCR, ATOM, ENV, RMIN, SYMMFUNC or BASIS")
                    .into());
            }
        }
    }
    setup.finish(&lines)
}

/// What was read so far.
#[derive(Default)]
struct Unfinished {
    description: String,
    element: Option<Element>,
    environment: Vec<Element>,
    nearest: f64,
    basis: &'static str,
    functions: Vec<Row>,
}

/// Kind, parameters and elements (numbers from 1) of a function.
type Row = (i64, [f64; PARAMETERS], [i64; NAMED]);

impl Unfinished {
    fn finish(self, lines: &Lines) -> Result<Setup> {
        let element = self.element.ok_or_else(|| lines.end_error("ATOM and the central element"))?;
        if self.functions.is_empty() {
            return Err(lines.end_error("SYMMFUNC or BASIS, and what there is to compute"));
        }
        let reach = match self.basis {
            "Chebyshev" => self.functions[0].1[0].max(self.functions[0].1[2]),
            _ => self.functions.iter().map(|(_, parameters, _)| parameters[0]).fold(0.0, f64::max),
        };
        Ok(Setup {
            description: self.description,
            element,
            environment: self.environment,
            range: [self.nearest, reach],
            basis: self.basis.into(),
            statistics: vec![[0.0; 4]; self.functions.len()],
            functions: self.functions,
            evaluations: 0,
        })
    }
}

/// The next line that says something.
fn next(lines: &mut Lines) -> Result<Option<Line>> {
    while let Some(line) = lines.next_line()? {
        if !line.is_blank() && !line.text.trim_start().starts_with(['!', '#']) {
            return Ok(Some(line));
        }
    }
    Ok(None)
}

fn expect(lines: &mut Lines, what: &str) -> Result<Line> {
    next(lines)?.ok_or_else(|| lines.end_error(what))
}

/// The word behind the keyword.
fn after<'a>(line: &'a Line, what: &str) -> Result<Token<'a>> {
    line.tokens().nth(1).ok_or_else(|| line.missing(what))
}

fn element(word: Token<'_>) -> Result<Element> {
    word.text.parse().map_err(|error: Error| word.error(error.to_string()).into())
}

/// Lines up to `END DESCR`.
fn description(lines: &mut Lines) -> Result<String> {
    let mut text = String::new();
    loop {
        let line = lines.expect_line("END DESCR")?;
        if line.text.to_ascii_lowercase().contains("end descr") {
            return Ok(text);
        }
        text.push_str(line.text.trim_end());
        text.push_str("$$");
    }
}

fn environment(line: &Line, lines: &mut Lines) -> Result<Vec<Element>> {
    let count: usize = after(line, "the number of elements")?.integer("the number of elements")?;
    (0..count)
        .map(|_| {
            let line = expect(lines, "an element of the environment")?;
            element(line.tokens().expect("an element of the environment")?)
        })
        .collect()
}

fn check_kind(line: &Line, expected: &str) -> Result<()> {
    let kind = value(line, "type")?;
    if kind.text.eq_ignore_ascii_case(expected) {
        return Ok(());
    }
    let message = format!("`{}` is not a type of functions that is known here", kind.text);
    Err(kind.error(message).with_help(format!("expected {expected}")).into())
}

/// The value of `name = value`, blanks or not around the sign.
fn value<'a>(line: &'a Line, name: &str) -> Result<Token<'a>> {
    let mut rest = line.text.as_str();
    while let Some(sign) = rest.find('=') {
        let (before, behind) = rest.split_at(sign);
        let behind = behind[1..].trim_start();
        let end = behind.find(char::is_whitespace).unwrap_or(behind.len());
        let found = before.split_whitespace().next_back();
        if found.is_some_and(|found| found.eq_ignore_ascii_case(name)) && end > 0 {
            return Ok(line.token(&behind[..end]));
        }
        rest = &behind[end..];
    }
    Err(line.missing(&format!("`{name} = ` and its value")))
}

fn behler(lines: &mut Lines, environment: &[Element]) -> Result<Vec<Row>> {
    let line = expect(lines, "the number of symmetry functions")?;
    let what = "the number of symmetry functions";
    let count: usize = line.tokens().expect(what)?.integer(what)?;
    (0..count)
        .map(|_| {
            let line = expect(lines, "a symmetry function")?;
            let real = |name: &str| value(&line, name)?.real("a number");
            let number = |name: &str| {
                let word = value(&line, name)?;
                let of = element(word)?;
                let place = environment.iter().position(|known| *known == of);
                place.map(|place| place as i64 + 1).ok_or_else(|| {
                    Error::from(
                        word.error(format!("{of} is not in the environment")).with_help("ENV lists it"),
                    )
                })
            };
            let kind = value(&line, "G")?;
            match kind.integer("1, 2, 4 or 5")? {
                1 => Ok((1, [real("Rc")?, 0.0, 0.0, 0.0], [number("type2")?, 0])),
                2 => Ok((2, [real("Rc")?, real("Rs")?, real("eta")?, 0.0], [number("type2")?, 0])),
                g @ (4 | 5) => {
                    let parameters = [real("Rc")?, real("lambda")?, real("zeta")?, real("eta")?];
                    Ok((g, parameters, [number("type2")?, number("type3")?]))
                }
                g => Err(kind
                    .error(format!("symmetry functions G{g} are not supported"))
                    .with_help("expected 1, 2, 4 or 5")
                    .into()),
            }
        })
        .collect()
}

fn chebyshev(lines: &mut Lines, environment: &[Element]) -> Result<Vec<Row>> {
    let line = expect(lines, "the parameters of the basis")?;
    let real = |name: &str| value(&line, name)?.real("a radius in Å");
    let order = |name: &str| value(&line, name)?.integer("an order of at most 255").map(|n: u8| n.into());
    let center = ChebyshevCenter {
        environment: environment.to_vec(),
        radial_cutoff: real("radial_Rc")?,
        radial_order: order("radial_N")?,
        angular_cutoff: real("angular_Rc")?,
        angular_order: order("angular_N")?,
    };
    Ok(chebyshev_functions(&center))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Setup> {
        parse(Lines::from_text("Ti.fingerprint.stp", text))
    }

    const HEAD: &str = "DESCR\n two\nlines\nEND DESCR\n\nATOM Ti\n\n! a comment\nENV 2\nTi\nO\nRMIN 0.55d0\n";

    #[test]
    fn a_chebyshev_basis() {
        let basis = "BASIS type=Chebyshev\nradial_Rc = 8.0  radial_N = 16 angular_Rc=6.5  angular_N = 4\n";
        let setup = read(&format!("{HEAD}{basis}")).unwrap();
        assert_eq!(setup.description, " two$$lines$$");
        assert_eq!((setup.range, setup.functions.len()), ([0.55, 8.0], 44));
        assert_eq!(setup.functions[0].1, [8.0, 16.0, 6.5, 4.0]);
    }

    #[test]
    fn symmetry_functions() {
        let functions = "SYMMFUNC type=Behler2011\n2\nG=2 type2=O eta=0.003 Rs=0.5 Rc=6.5\n\
            G=4 type2=Ti type3=O eta=0.0004 lambda=-1.0 zeta=2.0 Rc=6.0\n";
        let setup = read(&format!("{HEAD}{functions}")).unwrap();
        let expected = [(2, [6.5, 0.5, 0.003, 0.0], [2, 0]), (4, [6.0, -1.0, 2.0, 0.0004], [1, 2])];
        assert_eq!(setup.functions, expected);
        assert_eq!(setup.range, [0.55, 6.5]);
    }

    #[test]
    fn mistakes_are_shown_where_they_are() {
        let cases = [
            ("RADIUS 3\n", ":1:1", "not a keyword"),
            ("ATOM\n", ":1:5", "an element"),
            ("ATOM Xx\n", ":1:6", "Xx"),
            ("ENV 2\nTi\n", ":3", "element of the environment"),
            ("BASIS type=Laguerre\n", ":1:12", "Laguerre"),
            ("BASIS type=Chebyshev\nradial_Rc=8 radial_N=x angular_Rc=6 angular_N=4\n", ":2:22", "`x`"),
            ("BASIS type=Chebyshev\nradial_Rc=8 radial_N=4\n", ":2:23", "angular_Rc"),
            ("SYMMFUNC type=Behler2011\n1\nG=3 type2=Ti\n", ":3:3", "G3"),
            ("SYMMFUNC type=Behler2011\n1\nG=1 Rc=6 type2=Ti\n", ":3:16", "not in the environment"),
            ("ATOM Ti\n", ":2", "SYMMFUNC or BASIS"),
        ];
        for (text, place, what) in cases {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(&format!("Ti.fingerprint.stp{place}")) && error.contains(what), "{error}");
        }
    }
}
