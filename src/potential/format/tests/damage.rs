//! Damaged files.

use super::*;

/// Files of a potential, in memory.
pub(super) type Files = Vec<(String, Vec<u8>)>;

pub(super) fn files(folder: &Path) -> Files {
    let mut files: Files = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

/// How names of aenet's text files end.
const TEXT: &str = ".nn.ascii";

/// Damages some bytes, lines or words.
fn damage(bytes: &mut Vec<u8>, rng: &mut StdRng) {
    if bytes.is_empty() {
        return;
    }
    let at = rng.random_range(0..bytes.len());
    let words: [&[u8]; 8] = [
        b"nan",
        b"1e999",
        b"-1",
        b"999999999999999999",
        b"\xff\xfe",
        b"\"",
        b"[[",
        b"symfunction_short Li 2",
    ];
    match rng.random_range(0..7) {
        0 => bytes[at] = rng.random(),
        1 => bytes.truncate(at),
        2 => drop(bytes.splice(at..at, words.choose(rng).unwrap().iter().copied())),
        3 => drop(bytes.drain(at..(at + rng.random_range(1..200)).min(bytes.len()))),
        4 => {
            let piece = bytes[at..(at + 200).min(bytes.len())].to_vec();
            let to = rng.random_range(0..bytes.len());
            drop(bytes.splice(to..to, piece));
        }
        5 => bytes[at] = b'\n',
        _ => bytes[at] = bytes[at].wrapping_add(1),
    }
}

/// Damaged files are read or refused; a refusal names the file.
#[test]
fn damaged_files_are_refused_politely() {
    let folder = tempfile::tempdir().unwrap();
    let rng = &mut StdRng::seed_from_u64(3);
    let models = [
        (PotentialFormat::N2p2, random_model(rng)),
        (PotentialFormat::Native, random_model(rng)),
        (PotentialFormat::Native, super::aenet::chebyshev_model(rng)),
        (PotentialFormat::Native, super::moments::moments_model(rng)),
        (PotentialFormat::Aenet, super::aenet::chebyshev_model(rng)),
    ];
    for (index, (format, model)) in models.into_iter().enumerate() {
        let options = LoadOptions { units: Some(model.units()) };
        let place = folder.path().join(index.to_string());
        fs::create_dir_all(&place).unwrap();
        save(&model, &place, format).unwrap();
        let whole = files(&place);
        for round in 0..100 {
            let mut damaged = whole.clone();
            // Binary files are read where there are no others.
            if format == PotentialFormat::Aenet && round % 2 == 0 {
                damaged.retain(|(name, _)| !name.ends_with(TEXT));
                for (name, _) in whole.iter().filter(|(name, _)| name.ends_with(TEXT)) {
                    let _ = fs::remove_file(place.join(name));
                }
            }
            let victim = rng.random_range(0..damaged.len());
            for _ in 0..rng.random_range(1..4) {
                damage(&mut damaged[victim].1, rng);
            }
            // Every other time the hash does not protect what comes after it.
            if format == PotentialFormat::Native && round % 2 == 0 {
                let text = String::from_utf8_lossy(&damaged[0].1).into_owned();
                let kept = text.lines().filter(|line| !line.starts_with("sha256"));
                damaged[0].1 = kept.flat_map(|line| format!("{line}\n").into_bytes()).collect();
            }
            for (name, bytes) in &damaged {
                fs::write(place.join(name), bytes).unwrap();
            }
            if let Err(error) = load(&place, &options) {
                let message = error.to_string();
                assert!(message.contains(&*place.to_string_lossy()), "{message}");
                assert!(!matches!(error, Error::Internal(_)), "{message}");
            }
        }
    }
}
