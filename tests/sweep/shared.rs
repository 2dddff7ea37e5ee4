//! A sweep that several processes have, and one whose files change beside it.

use crate::fixture::{BINARY, change, command, folder, mlmd, results, rows, succeed, sweep};
use mlmd::digest::of_file;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

fn task(folder: &Path) -> PathBuf {
    folder.join("out/tasks/argon-Arvacancies0/T0200K-1")
}

/// The task as another process would have it.
fn taken(folder: &Path) -> File {
    let file = File::create(task(folder).join(".lock")).unwrap();
    file.lock().unwrap();
    file
}

/// Eight processes write one sweep at the same time: every structure is that of its candidate, and every task names it.
#[test]
fn processes_that_write_a_sweep_together_mix_nothing_up() {
    let structures = |folder: &Path| -> Vec<(PathBuf, String)> {
        let mut all: Vec<PathBuf> =
            fs::read_dir(folder.join("out/structures")).unwrap().map(|entry| entry.unwrap().path()).collect();
        all.sort();
        let name = |path: &PathBuf| PathBuf::from(path.file_name().unwrap());
        all.iter().map(|path| (name(path), of_file(path).unwrap())).collect()
    };
    let many = "count = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]";
    let alone = folder();
    change(alone.path(), "count = [0, 4]", many);
    succeed(alone.path(), &["sweep", "plan.toml"]);
    let expected = structures(alone.path());
    assert_eq!(expected.len(), 12);
    let shared = folder();
    change(shared.path(), "count = [0, 4]", many);
    let processes: Vec<_> = (0..8)
        .map(|_| {
            let mut command = command(shared.path(), &["sweep", "plan.toml"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for process in processes {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
    }
    assert_eq!(structures(shared.path()), expected);
    for (name, hash) in expected {
        let candidate = shared.path().join("out/tasks").join(name.file_stem().unwrap());
        for task in ["T0200K-1", "T0300K-1"] {
            let input = fs::read_to_string(candidate.join(task).join("input.toml")).unwrap();
            assert!(input.contains(&format!("# structure sha256 {hash}\n")), "{input}");
        }
    }
}

/// A structure or a potential that is another than the task was written for is refused before anything is computed,
/// and nothing is written down: with the right one the task goes on. A file that is gone may come back.
#[test]
fn what_a_task_was_not_written_for_is_refused() {
    let folder = folder();
    let at = folder.path();
    change(at, "produce = \"8 ps\"", "produce = \"400 fs\"");
    let text = fs::read_to_string(at.join("plan.toml")).unwrap();
    let (before, after) = text.split_once("[potential.lennard-jones]").unwrap();
    let (_, after) = after.split_once("[dynamics]").unwrap();
    let plan = format!("{before}[potential]\nfile = \"model.mlmd\"\n[dynamics]{after}");
    fs::write(at.join("plan.toml"), plan.replace("Ar", "Li").replace("Ne", "O")).unwrap();
    let argon = fs::read_to_string(at.join("argon.xyz")).unwrap();
    fs::write(at.join("argon.xyz"), argon.replace("Ar", "Li").replace("Ne", "O")).unwrap();
    let committee = Path::new(env!("CARGO_MANIFEST_DIR")).join("potentials/llzo/committee.mlmd");
    let model = fs::read_to_string(committee).unwrap();
    fs::write(at.join("model.mlmd"), &model).unwrap();
    succeed(at, &["sweep", "plan.toml"]);
    let task = at.join("out/tasks/argon-Livacancies0/T0200K-1");
    let run = || mlmd(at, &["sweep", "task", task.to_str().unwrap(), "--threads", "1"]);
    let structure = at.join("out/structures/argon-Livacancies0.extxyz");
    let right = fs::read_to_string(&structure).unwrap();
    let other = fs::read_to_string(at.join("out/structures/argon-Livacancies4.extxyz")).unwrap();

    fs::write(&structure, other).unwrap();
    let output = run();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(
        said(&output).contains("this is not the structure that the task was written for"),
        "{}",
        said(&output)
    );
    fs::remove_file(&structure).unwrap();
    assert_eq!(run().status.code(), Some(4));
    fs::write(&structure, right).unwrap();

    fs::write(at.join("model.mlmd"), format!("{model}\n")).unwrap();
    let output = run();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(
        said(&output).contains("this is not the potential that the task was written for"),
        "{}",
        said(&output)
    );
    assert!(!task.join("out").exists() && !task.join("state.json").exists());
    fs::write(at.join("model.mlmd"), &model).unwrap();
    // Hot lithium in an invented lattice may explode: it is run, which is all that counts here.
    assert!(matches!(run().status.code(), Some(0 | 3)), "{}", said(&run()));
}

/// A run that was made with another structure than the sweep has is no result of it.
#[test]
fn what_was_run_with_another_structure_is_not_gathered() {
    let folder = folder();
    change(folder.path(), "produce = \"8 ps\"", "produce = \"2 ps\"");
    succeed(folder.path(), &["sweep", "run", "plan.toml"]);
    let record = task(folder.path()).join("out/run.json");
    let text = fs::read_to_string(&record).unwrap();
    let hash = of_file(&folder.path().join("out/structures/argon-Arvacancies0.extxyz")).unwrap();
    assert!(text.contains(&hash));
    fs::write(&record, text.replace(&hash, &"0".repeat(64))).unwrap();
    succeed(folder.path(), &["sweep", "gather", "plan.toml"]);
    let row = &rows(folder.path())[0];
    assert_eq!(
        (&row["state"], &row["tasks_done"], &row["tasks_failed"]),
        (&"partial".into(), &1.into(), &1.into())
    );
    assert!(row["reason"].as_str().unwrap().contains("it was run with another structure"), "{row}");
}

/// Nothing of a task that somebody works on is deleted or changed; nor of the others.
#[test]
fn a_task_that_runs_is_not_begun_afresh() {
    let folder = folder();
    change(folder.path(), "produce = \"8 ps\"", "produce = \"400 fs\"");
    succeed(folder.path(), &["sweep", "run", "plan.toml"]);
    change(folder.path(), "timestep = \"4 fs\"", "timestep = \"2 fs\"");
    let lock = taken(folder.path());
    let input = fs::read(task(folder.path()).join("input.toml")).unwrap();
    let output = mlmd(folder.path(), &["sweep", "plan.toml", "--restart", "fresh"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("this task is running"), "{}", said(&output));
    for own in ["argon-Arvacancies0/T0200K-1", "argon-Arvacancies0/T0300K-1", "argon-Arvacancies4/T0300K-1"] {
        assert!(folder.path().join("out/tasks").join(own).join("out/run.json").exists(), "{own}");
    }
    assert_eq!(fs::read(task(folder.path()).join("input.toml")).unwrap(), input);
    drop(lock);
    succeed(folder.path(), &["sweep", "plan.toml", "--restart", "fresh"]);
    assert!(!task(folder.path()).join("out").exists());
}

/// What failed under another input is tried again, and what failed for good is told where it is left out.
#[test]
fn a_corrected_plan_is_tried() {
    let folder = folder();
    change(folder.path(), "produce = \"8 ps\"", "produce = \"400 fs\"");
    succeed(folder.path(), &["sweep", "plan.toml"]);
    for task in ["argon-Arvacancies0/T0200K-1", "argon-Arvacancies4/T0300K-1"] {
        let state = "{\"failed\":{\"code\":3,\"reason\":\"it exploded\"}}\n";
        fs::write(folder.path().join("out/tasks").join(task).join("state.json"), state).unwrap();
    }
    let said = succeed(folder.path(), &["sweep", "submit", "plan.toml", "--slurm"]);
    assert!(said.contains("2 tasks in 2 jobs; 2 tasks failed for good: --retry tries again"), "{said}");
    let said = succeed(folder.path(), &["sweep", "submit", "plan.toml", "--slurm", "--retry"]);
    assert!(!said.contains("failed for good"), "{said}");
    let script = fs::read_to_string(folder.path().join("out/submit/2/job.sh")).unwrap();
    assert!(
        script.contains("--array=0-3\n") && script.contains("--threads \"$threads\" --retry\n"),
        "{script}"
    );
    // Still failed: the same plan is not tried again.
    let said = succeed(folder.path(), &["sweep", "run", "plan.toml"]);
    assert!(said.contains("2 done, 2 failed"), "{said}");
    change(folder.path(), "time = \"100 fs\"", "time = \"50 fs\"");
    succeed(folder.path(), &["sweep", "plan.toml", "--restart", "fresh"]);
    let said = succeed(folder.path(), &["sweep", "run", "plan.toml"]);
    assert!(said.contains("4 tasks: 4 done"), "{said}");
}

/// What another process has is not done when this one ends; a task of a job array that is done elsewhere is no reason
/// to queue the job again.
#[test]
fn what_another_process_has_is_told() {
    let folder = folder();
    change(folder.path(), "produce = \"8 ps\"", "produce = \"400 fs\"");
    succeed(folder.path(), &["sweep", "plan.toml"]);
    let lock = taken(folder.path());
    let output = mlmd(folder.path(), &["sweep", "run", "plan.toml"]);
    assert_eq!(output.status.code(), Some(75), "{}", said(&output));
    assert!(said(&output).contains("1 task not done, as another mlmd works on"), "{}", said(&output));
    // The state is that of whoever holds the lock.
    fs::write(task(folder.path()).join("state.json"), "{\"running\":{\"since\":0,\"begun\":0}}\n").unwrap();
    let output = succeed(folder.path(), &["sweep", "submit", "plan.toml", "--slurm"]);
    assert!(output.contains("nothing is left to do; 1 task runs now"), "{output}");
    let output = mlmd(folder.path(), &["sweep", "task", task(folder.path()).to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(76), "{}", said(&output));
    drop(lock);
    let output = succeed(folder.path(), &["sweep", "submit", "plan.toml", "--slurm"]);
    assert!(!output.contains("nothing is left to do"), "{output}");
    // The job is told 76 by a program that stands in for this one, and ends well.
    let script = fs::read_to_string(folder.path().join("out/submit/1/job.sh")).unwrap();
    let busy = folder.path().join("busy.sh");
    fs::write(&busy, "#!/bin/bash\nexit 76\n").unwrap();
    let script = script.replace("srun --ntasks=1 --cpus-per-task=\"$threads\" ", "bash ");
    fs::write(folder.path().join("job.sh"), script.replace(BINARY, busy.to_str().unwrap())).unwrap();
    let job = Command::new("bash")
        .arg("job.sh")
        .env("SLURM_ARRAY_TASK_ID", "0")
        .current_dir(folder.path())
        .output();
    match job {
        Ok(output) => assert_eq!(output.status.code(), Some(0), "{}", said(&output)),
        Err(error) => eprintln!("skipped: no bash: {error}"),
    }
}

/// Nothing to run is no success.
#[test]
fn a_sweep_of_nothing_is_an_error() {
    let folder = folder();
    change(folder.path(), "count = [0, 4]", "count = [100]");
    for job in ["run", "gather"] {
        let output = mlmd(folder.path(), &["sweep", job, "plan.toml"]);
        assert_eq!(output.status.code(), Some(2), "{job}: {}", said(&output));
        assert!(said(&output).contains("no candidate can be run: "), "{job}: {}", said(&output));
    }
    assert_eq!(rows(folder.path())[0]["state"], "broken");
    change(folder.path(), "count = [100]", "count = [0]");
    succeed(folder.path(), &["sweep", "plan.toml"]);
    assert_eq!(mlmd(folder.path(), &["sweep", "gather", "plan.toml"]).status.code(), Some(75));
}

/// Numbers do not vanish because more is asked for: until the longer runs are done, the table is of what is recorded.
#[test]
fn a_longer_plan_loses_no_numbers() {
    let folder = folder();
    succeed(folder.path(), &["sweep", "run", "plan.toml"]);
    succeed(folder.path(), &["sweep", "gather", "plan.toml"]);
    let before = rows(folder.path());
    assert!(before[0]["sigma_300K_S_cm"].is_number(), "{}", before[0]);
    change(folder.path(), "produce = \"8 ps\"", "produce = \"16 ps\"");
    succeed(folder.path(), &["sweep", "plan.toml"]);
    succeed(folder.path(), &["sweep", "gather", "plan.toml"]);
    for (row, before) in rows(folder.path()).iter().zip(&before) {
        assert_eq!((&row["state"], &row["tasks_done"]), (&"partial".into(), &0.into()), "{row}");
        assert_eq!(row["sigma_300K_S_cm"], before["sigma_300K_S_cm"], "{row}");
        assert!(row["reason"].as_str().unwrap().contains("what is recorded tells something"), "{row}");
    }
}

/// Through a link the tasks find their files, and come to the same results.
#[cfg(unix)]
#[test]
fn a_folder_behind_a_link() {
    let (plain, linked) = (folder(), folder());
    let elsewhere = tempfile::tempdir().unwrap();
    fs::create_dir_all(elsewhere.path().join("a/b/c")).unwrap();
    std::os::unix::fs::symlink(elsewhere.path().join("a/b/c"), linked.path().join("out")).unwrap();
    for folder in [&plain, &linked] {
        change(folder.path(), "produce = \"8 ps\"", "produce = \"2 ps\"");
        // A file that is named in the inputs of the tasks.
        succeed(folder.path(), &["sweep", "plan.toml"]);
        let structure = folder.path().join("out/structures/argon-Arvacancies0.extxyz");
        fs::copy(structure, folder.path().join("sites.xyz")).unwrap();
        change(folder.path(), "charges =", "sites = { structure = { file = \"sites.xyz\" } }\ncharges =");
        sweep(folder.path());
    }
    assert!(elsewhere.path().join("a/b/c/sweep.json").exists());
    assert!(results(plain.path()) == results(linked.path()), "the results differ");
}

/// Two amounts that are rounded to the same number of atoms, and tasks that the plan has no more.
#[test]
fn what_may_not_be_meant_is_told() {
    let folder = folder();
    change(folder.path(), "count = [0, 4]", "fraction = [0.0, 0.19, 0.2]");
    let loudly = |arguments: &[&str]| {
        let output = Command::new(BINARY).args(arguments).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        said(&output)
    };
    let told = loudly(&["sweep", "plan.toml"]);
    assert!(
        told.contains("argon-Arvacancies0.19 and argon-Arvacancies0.2 are the same structure, Ar19Ne8: amounts are rounded"),
        "{told}"
    );
    change(folder.path(), "[0.0, 0.19, 0.2]", "[0.0, 0.2]");
    let told = loudly(&["sweep", "plan.toml"]);
    assert!(
        !told.contains("the same structure")
            && told.contains("2 folders are of no task of the plan any more"),
        "{told}"
    );
}

/// A folder with a blank in its name: quoted for Slurm and the shell, refused for PBS and LSF.
#[cfg(unix)]
#[test]
fn a_blank_in_a_path() {
    let folder = folder();
    change(folder.path(), "[output]", "[output]\ndirectory = \"my out\"");
    let told = succeed(folder.path(), &["sweep", "submit", "plan.toml", "--slurm"]);
    assert!(told.contains("submit  sbatch '") && told.contains("/my out/submit/1/job.sh'\n"), "{told}");
    let script = fs::read_to_string(folder.path().join("my out/submit/1/job.sh")).unwrap();
    assert!(
        script.contains("--output=\"") && script.contains("/my out/submit/1/log/%A_%a.log\"\n"),
        "{script}"
    );
    for scheduler in ["--pbs", "--lsf"] {
        let output = mlmd(folder.path(), &["sweep", "submit", "plan.toml", scheduler]);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains("there is a blank in this path"), "{}", said(&output));
    }
    let output = mlmd(folder.path(), &["sweep", "submit", "plan.toml", "--slurm", "--time", "3 min"]);
    assert!(said(&output).contains("expected a time limit between 4 min and 27000 h"), "{}", said(&output));
}

/// More jobs than Slurm takes in one array: what makes fewer of them is told.
#[test]
fn an_array_that_is_too_large() {
    let folder = folder();
    let seeds: Vec<String> = (1..=251).map(|seed| seed.to_string()).collect();
    change(folder.path(), "supercell", &format!("seeds = [{}]\nsupercell", seeds.join(", ")));
    let submit = |more: &[&str]| {
        let words = [&["sweep", "submit", "plan.toml", "--slurm"], more].concat();
        said(&Command::new(BINARY).args(words).current_dir(folder.path()).output().unwrap())
    };
    let told = submit(&[]);
    assert!(
        told.contains("an array of 1004 jobs") && told.contains("--per-job 2 makes 502 of them"),
        "{told}"
    );
    let told = submit(&["--per-job", "2"]);
    assert!(!told.contains("an array of"), "{told}");
}
