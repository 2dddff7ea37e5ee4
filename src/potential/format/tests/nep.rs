//! Files of GPUMD.

use super::*;
use crate::potential::Repulsion;

/// One element, one radial function of one term, one angular of one, l = 1: two numbers for two neurons.
const GOOD: &str = "\
nep4 1 Li
cutoff 6 4 95 30
n_max 0 0
basis_size 0 0
l_max 1 0 0
ANN 2 0
0.1
0.2
0.3
0.4
0.5
0.6
0.7
0.8
0.9
2.0
3.0
0.5
0.25
";

fn attempt(text: &str) -> std::result::Result<NeuralModel, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nep.txt");
    fs::write(&path, text).unwrap();
    load(folder.path(), &LoadOptions::default()).map_err(|error| error.to_string())
}

/// Weights take up the scales of the descriptors and the norm of harmonics, biases change their sign.
#[test]
fn numbers_go_where_they_belong() {
    let model = attempt(GOOD).unwrap();
    let layers = model.members()[0][0].network.layers();
    let norm = 3.0 / (4.0 * std::f64::consts::PI);
    let weights = [0.1 * 0.5, 0.2 * 0.25 * norm, 0.3 * 0.5, 0.4 * 0.25 * norm];
    assert_eq!((&layers[0].weights[..], &layers[0].biases[..]), (&weights[..], &[-0.5, -0.6][..]));
    assert_eq!((&layers[1].weights[..], &layers[1].biases[..]), (&[0.7, 0.8][..], &[-0.9][..]));
    let DescriptorSet::Moments(moments) = model.descriptor() else { panic!() };
    assert_eq!(moments.centers[0].mixing(), [2.0, 3.0]);
    assert_eq!((model.cutoff(), model.knows_its_range()), (6.0, false));
    // Several numbers in a line are as good as one.
    assert_eq!(attempt(&GOOD.replace("0.1\n0.2\n0.3\n", "0.1 0.2 0.3 ")).unwrap(), model);
    // A constant of each element counts like that of all.
    let own = attempt(&GOOD.replace("nep4", "nep5").replace("0.9\n", "0.3\n0.6\n")).unwrap();
    assert!((own.members()[0][0].network.layers()[1].biases[0] + 0.9).abs() < 1e-15);
}

#[test]
fn repulsions_are_read() {
    let li = ["Li".parse().unwrap()];
    let within = GOOD.replace("nep4 1 Li\n", "nep4_zbl 1 Li\nzbl 0.7 1.4\n");
    let model = attempt(&within).unwrap();
    assert_eq!(model.repulsion(), Some(&Repulsion::universal(&li, 0.7, 1.4)));
    for format in [PotentialFormat::N2p2, PotentialFormat::Aenet, PotentialFormat::Nep] {
        let folder = tempfile::tempdir().unwrap();
        assert!(save(&model, folder.path().join("out"), format).is_err());
    }
    let listed = within.replace("zbl 0.7 1.4", "zbl 0 0") + "0.5 1.5 1 2 3 4 5 6 7 8\n";
    let pair = attempt(&listed).unwrap().repulsion().unwrap().pairs[0];
    assert_eq!((pair.inner, pair.outer), (0.5, 1.5));
    assert_eq!(pair.screening, [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]);
    for (from, to, expected) in [
        ("zbl 0.7 1.4", "zbl 1.4 0.7", "nep.txt:2:9: the repulsion ends farther out"),
        ("zbl 0.7 1.4", "zbl 0.7 1.4 0.65", "nep.txt:2:13: ends of the repulsion at a multiple"),
        ("zbl 0.7 1.4", "zbl 0.7", "nep.txt:2:1: expected `zbl` and two distances"),
        ("zbl 0.7 1.4\n", "", "nep.txt:2:1: expected `zbl` here"),
    ] {
        let message = attempt(&within.replacen(from, to, 1)).unwrap_err();
        assert!(message.contains(expected), "{to}: {message}");
    }
}

#[test]
fn mistakes_in_nep_files_are_located() {
    for (from, to, expected) in [
        ("nep4", "nep2", "nep.txt:1:1: `nep2` is no kind"),
        ("nep4", "nep4_dipole", "holds no energies"),
        ("nep4", "nep4_charge2", "long-range interactions"),
        ("nep4", "nep4_zbl_vdw", "long-range interactions"),
        ("1 Li", "1 Xx", "nep.txt:1:8: `Xx` is not the symbol"),
        ("1 Li", "2 Li", "nep.txt:1:1: the number of elements is 2, but there are 1"),
        ("1 Li", "2 Li Li", "nep.txt:1:11: Li is there twice"),
        ("cutoff 6 4 95 30", "cutoff 6 4 95", "nep.txt:2:1: expected `cutoff`"),
        ("cutoff 6", "cutoff -6", "nep.txt:2:8: a cutoff is positive"),
        ("n_max 0 0", "n_max 0", "nep.txt:3:1: expected two integers"),
        ("n_max 0 0", "n_max 0 70000", "nep.txt:3:9: a largest index is 70000"),
        ("basis_size", "basis", "nep.txt:4:1: expected `basis_size` here"),
        ("basis_size 0 0", "basis_size 0 32", "nep.txt:4:14: a largest index is 32, expected 0 to 31"),
        ("l_max 1", "l_max 13", "nep.txt: moments of Li: the degree 13 exceeds 12"),
        ("l_max 1 0 0", "l_max 1 2 0", "nep.txt:5:9: terms of degree 2, but the largest is 1"),
        ("l_max 1 0 0", "l_max 1 0 0 0 0 0 0 1", "nep.txt:5:1: expected `l_max`"),
        ("ANN 2 0", "ANN 2 5", "nep.txt:6:1: expected `ANN`"),
        ("0.6", "abc", "nep.txt:12:1: `abc` is not a number"),
        ("0.25\n", "", "nep.txt:19:1: the file ends here"),
        ("0.25\n", "0.25\n\n1.0\n", "nep.txt:21:1: a number more"),
    ] {
        // As many numbers as the first lines of one of them say.
        let more = if to == "l_max 13" { "0.1\n".repeat(36) } else { String::new() };
        let message = attempt(&(GOOD.replacen(from, to, 1) + &more)).unwrap_err();
        assert!(message.contains(expected), "{to}: {message}");
    }
}

/// By its beginning, whatever its name; a folder by that of the file.
#[test]
fn nep_files_are_recognised() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lithium.txt");
    fs::write(&path, GOOD).unwrap();
    assert_eq!(PotentialFormat::detect(&path).unwrap(), PotentialFormat::Nep);
    assert_eq!(files(&path).unwrap(), std::slice::from_ref(&path));
    fs::write(&path, "neptune").unwrap();
    assert!(PotentialFormat::detect(&path).is_err());
    fs::write(folder.path().join("nep.txt"), GOOD).unwrap();
    assert_eq!(PotentialFormat::detect(folder.path()).unwrap(), PotentialFormat::Nep);
    assert_eq!(files(folder.path()).unwrap(), [folder.path().join("nep.txt")]);
    // Two with the same descriptor are a committee.
    let committee = tempfile::tempdir().unwrap();
    fs::write(committee.path().join("a.txt"), GOOD).unwrap();
    fs::write(committee.path().join("b.txt"), GOOD.replace("0.7", "0.8")).unwrap();
    assert_eq!(load(committee.path(), &LoadOptions::default()).unwrap().members().len(), 2);
    fs::write(committee.path().join("b.txt"), GOOD.replace("2.0", "2.5")).unwrap();
    let message = load(committee.path(), &LoadOptions::default()).unwrap_err().to_string();
    assert!(message.contains("another descriptor"), "{message}");
}
