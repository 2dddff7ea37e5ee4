//! Files of n2p2.

use super::*;

/// Mistakes in n2p2 files are found where they are.
#[test]
fn mistakes_in_n2p2_files_are_located() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let input = "\
number_of_elements 1
elements Li
cutoff_type 1 0.0
scale_symmetry_functions
global_hidden_layers_short 1
global_nodes_short 2
global_activation_short t l
symfunction_short Li 2 Li 0.5 0.0 6.0
";
    let scaling = "# min max mean\n 1 1 0.0 1.0 0.5 0.1\n -1.0 0.5\n";
    let weights = "0.1\n0.2\n0.3\n0.4\n0.5\n0.6\n0.7\n";
    let options = LoadOptions { units: Some("ev,angstrom".parse().unwrap()) };
    let attempt = |input: &str, scaling: &str, weights: &str| {
        fs::write(place.join("input.nn"), input).unwrap();
        fs::write(place.join("scaling.data"), scaling).unwrap();
        fs::write(place.join("weights.003.data"), weights).unwrap();
        load(place, &options).map_err(|error| error.to_string())
    };
    let model = attempt(input, scaling, weights).unwrap();
    assert_eq!(model.cutoff(), 6.0);
    assert_eq!(files(&place.join("input.nn")).unwrap().len(), 3);
    assert_eq!(folder_of(Path::new("input.nn")), Path::new("."));
    let layers = model.members()[0][0].network.layers();
    assert_eq!((&layers[0].weights[..], &layers[0].biases[..]), (&[0.1, 0.2][..], &[0.3, 0.4][..]));
    assert_eq!((&layers[1].weights[..], layers[1].biases[0]), (&[0.5, 0.6][..], 0.7));
    for (from, to, expected) in [
        ("elements Li", "elements Xx", "input.nn:2:10: `Xx` is not the symbol"),
        ("number_of_elements 1", "number_of_elements 2", "input.nn:1:20: but there are 1"),
        ("cutoff_type 1", "cutoff_type 9", "input.nn:3:13: there is no cutoff type 9"),
        ("1 0.0", "1 1.0", "input.nn:3:15: the relative inner radius"),
        ("cutoff_type", "cutof_type", "did you mean `cutoff_type`?"),
        ("t l", "t x", "input.nn:7:27: `x` is not an activation function"),
        ("t l", "t", "input.nn:7:1: 1 values, but 2 are expected"),
        ("Li 2 Li", "Li 4 Li", "input.nn:8:22: there is no symmetry function of type 4"),
        ("2 Li 0.5", "2 Na 0.5", "input.nn:8:24: Na is not among the `elements`"),
        (" 6.0", "", "the cutoff radius is missing"),
        (" 6.0", " -6.0", "input.nn:8:1:"),
        ("elements Li", "elements Li\nuse_electrostatics", "input.nn:3:1: `use_electrostatics` adds"),
        ("elements Li", "elements Li\nnnp_type 4G-HDNNP", "input.nn:3:10: potentials of type 4G-HDNNP"),
        ("elements Li", "elements Li\nelements Li", "input.nn:3:1: `elements` is there twice"),
        ("elements Li", "elements Li\nmean_energy 1", "belong together"),
    ] {
        let message = attempt(&input.replacen(from, to, 1), scaling, weights).unwrap_err();
        assert!(message.contains(expected), "{to}: {message}");
    }
    let ignored = input.to_string() + "epochs 10\nsome_keyword_of_training 1\n# use_vdw\n! use_vdw\n";
    attempt(&ignored, scaling, weights).unwrap();
    let message = attempt(input, "1 2 0 1 0.5", weights).unwrap_err();
    assert!(message.contains("scaling.data:1:3: symmetry function 2, but element 1 has 1"), "{message}");
    let message = attempt(input, "", weights).unwrap_err();
    assert!(message.contains("expected a row for symmetry function 1 of element 1"), "{message}");
    let message = attempt(input, "1 1 1.0 1.0 1.0", weights).unwrap_err();
    assert!(message.contains("scaling.data: Li: descriptor 1 cannot be scaled"), "{message}");
    let message = attempt(input, scaling, "1\n2\n").unwrap_err();
    assert!(message.contains("expected 7 numbers, those of a network 1-2-1, but there are 2"), "{message}");
    let message = attempt(input, scaling, &(weights.to_string() + "8\n")).unwrap_err();
    assert!(message.contains("weights.003.data:8:1: more than the 7 numbers"), "{message}");
    fs::remove_file(place.join("weights.003.data")).unwrap();
    let error = load(place, &options).unwrap_err();
    assert!(error.to_string().contains("weights.003.data: cannot open"), "{error}");
    let error = load(place, &LoadOptions::default()).unwrap_err();
    assert!(error.to_string().contains("--units hartree,bohr"), "{error}");
}

/// Keywords of an element, as the versions of n2p2 have them: the number of weights decides.
#[test]
fn networks_of_single_elements() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let options = LoadOptions { units: Some("ev,angstrom".parse().unwrap()) };
    let widths = |keywords: &str, weights: usize| -> Result<Vec<usize>> {
        let input = format!(
            "number_of_elements 1\nelements Li\ncutoff_type 1\nglobal_hidden_layers_short 2\n\
             global_nodes_short 2 3\nglobal_activation_short t s l\n{keywords}\n\
             symfunction_short Li 2 Li 0.5 0.0 6.0\n"
        );
        fs::write(place.join("input.nn"), input).unwrap();
        fs::write(place.join("weights.003.data"), "0.5\n".repeat(weights)).unwrap();
        let model = load(place, &options)?;
        Ok(model.members()[0][0].network.layers().iter().map(Layer::outputs).collect())
    };
    let parameters = |a: usize, b: usize| 2 * a + (a + 1) * b + b + 1;
    assert_eq!(widths("", parameters(2, 3)).unwrap(), [2, 3, 1]);
    assert_eq!(widths("element_nodes_short Li 4 5", parameters(4, 5)).unwrap(), [4, 5, 1]);
    // n2p2 2.3 leaves the last hidden layer as it is.
    assert_eq!(widths("element_nodes_short Li 4 5", parameters(4, 3)).unwrap(), [4, 3, 1]);
    // Earlier versions: layer and width.
    assert_eq!(widths("element_nodes_short Li 2 5", parameters(2, 5)).unwrap(), [2, 5, 1]);
    assert_eq!(
        widths("element_nodes_short Li 1 4\nelement_nodes_short Li 2 5", parameters(4, 5)).unwrap(),
        [4, 5, 1]
    );
    assert!(widths("element_nodes_short Li 4 5", parameters(4, 6)).is_err());
    assert!(widths("element_hidden_layers_short Li 1", 4).is_err());
    let own = "element_hidden_layers_short Li 1\nelement_nodes_short Li 4\nelement_activation_short Li g l";
    assert_eq!(widths(own, 13).unwrap(), [4, 1]);
}

/// `input.nn` alone is enough for the descriptor, before anything was trained.
#[test]
fn a_setup_without_networks_has_the_descriptor() {
    let mut rng = StdRng::seed_from_u64(11);
    let options = LoadOptions { units: Some("hartree,bohr".parse().unwrap()) };
    for _ in 0..20 {
        let model = random_model(&mut rng);
        let folder = tempfile::tempdir().unwrap();
        save(&model, folder.path(), PotentialFormat::N2p2).unwrap();
        let whole = load(folder.path(), &options).unwrap();
        for file in fs::read_dir(folder.path()).unwrap() {
            let path = file.unwrap().path();
            if path.file_name().is_some_and(|name| name != "input.nn") {
                fs::remove_file(path).unwrap();
            }
        }
        assert!(load(folder.path(), &options).is_err());
        for path in [folder.path().to_path_buf(), folder.path().join("input.nn")] {
            assert_eq!(load_descriptor(path, &options).unwrap(), whole.descriptor_in_angstrom());
        }
        let error = load_descriptor(folder.path(), &LoadOptions::default()).unwrap_err();
        assert!(error.to_string().contains("--units hartree,bohr"), "{error}");
    }
}
