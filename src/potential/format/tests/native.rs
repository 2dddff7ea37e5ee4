//! mlmd's own format.

use super::*;

/// The hash notices any change behind it.
#[test]
fn a_changed_digit_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let model = random_model(&mut StdRng::seed_from_u64(4));
    let file = save(&model, folder.path(), PotentialFormat::Native).unwrap();
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen("biases = [", "biases = [0", 1)).unwrap();
    let message = load(&file, &LoadOptions::default()).unwrap_err().to_string();
    assert!(message.contains(":3:1: the file is not what was written"), "{message}");
    // By hand it may be edited, without the hash.
    let edited: String = text
        .lines()
        .filter(|line| !line.starts_with("sha256"))
        .fold(String::new(), |text, line| text + line + "\n");
    fs::write(&file, &edited).unwrap();
    assert_same(&load(&file, &LoadOptions::default()).unwrap(), &model, "without hash");
    for (from, to, expected) in [
        ("format = 1", "format = 3", ":2:1: format 3 is unknown"),
        ("[descriptor.symmetry]", "[descriptor.symetry]", "unknown variant `symetry`"),
        ("normalize-nodes", "normalise-nodes", "unknown field `normalise-nodes`"),
        ("member = 1", "member = 2", "in member 2, expected"),
        ("angstrom\"", "eV\"", "cutoff = "),
    ] {
        fs::write(&file, edited.replacen(from, to, 1)).unwrap();
        let message = load(&file, &LoadOptions::default()).unwrap_err().to_string();
        assert!(message.contains(expected), "{from}: {message}");
    }
}
