//! What is written is read again, to the last bit.

use super::*;

#[test]
fn round_trips_are_exact() {
    let folder = tempfile::tempdir().unwrap();
    let rng = &mut StdRng::seed_from_u64(1);
    for case in 0..40 {
        let model = random_model(rng);
        let options = LoadOptions { units: Some(model.units()) };
        let paths = ["n2p2", "native", "again"].map(|name| folder.path().join(format!("{case}{name}")));
        save(&model, &paths[0], PotentialFormat::N2p2).unwrap();
        let first = load(&paths[0], &options).unwrap();
        assert_same(&first, &model, "n2p2");
        save(&first, &paths[1], PotentialFormat::Native).unwrap();
        let native = load(&paths[1], &LoadOptions::default()).unwrap();
        assert_same(&native, &model, "n2p2 to native");
        save(&native, &paths[2], PotentialFormat::N2p2).unwrap();
        for entry in fs::read_dir(&paths[0]).unwrap() {
            let name = entry.unwrap().file_name();
            let text = |folder: &Path| fs::read_to_string(folder.join(&name)).unwrap();
            assert_eq!(text(&paths[0]), text(&paths[2]), "{}", name.display());
        }
    }
}

/// A committee and its training summary survive; a member can be taken out and written for n2p2.
#[test]
fn committees_are_kept() {
    let rng = &mut StdRng::seed_from_u64(2);
    let first = random_model(rng);
    let mut second = first.clone();
    for atom in &mut second.members_mut()[0] {
        atom.network.layers_mut()[0].weights[0] += 0.5;
    }
    let mut committee = NeuralModel::committee(vec![first.clone(), second.clone()]).unwrap();
    committee.training = toml::from_str("frames = 120\n[errors]\nenergy = \"1.2 meV/atom\"").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = save(&committee, folder.path(), PotentialFormat::Native).unwrap();
    assert_eq!(file, folder.path().join("potential.mlmd"));
    let read = load(folder.path(), &LoadOptions::default()).unwrap();
    assert_same(&read, &committee, "committee");
    let error = save(&committee, folder.path().join("n2p2"), PotentialFormat::N2p2).unwrap_err();
    assert!(error.to_string().contains("committee"), "{error}");
    let mut member = read.member(1).unwrap();
    member.training = toml::Table::new();
    assert_same(&member, &second, "member");
    assert!(read.member(2).is_none());
    assert!(NeuralModel::committee(vec![first, random_model(rng)]).is_err());
}
