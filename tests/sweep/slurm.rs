//! The real Slurm, on one node: an array, tasks that are killed and queued again, the same bits as here.

use crate::fixture::{change, command, folder, mlmd, results, succeed, sweep};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// A Slurm that is stopped at the end.
struct Cluster {
    folder: tempfile::TempDir,
}

impl Cluster {
    /// Starts it, or says why not.
    fn start() -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let cluster = Self { folder };
        match cluster.script("start") {
            Ok(output) if output.status.success() => Ok(cluster),
            Ok(output) => Err(String::from_utf8_lossy(&output.stdout).trim().to_string()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn script(&self, action: &str) -> std::io::Result<Output> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sweep/slurm.sh");
        Command::new("bash").args([script, action]).arg(self.folder.path()).output()
    }

    fn configuration(&self) -> PathBuf {
        self.folder.path().join("slurm.conf")
    }

    /// A command of Slurm; returns what it printed.
    fn ask(&self, words: &[&str]) -> String {
        let output = Command::new(words[0])
            .args(&words[1..])
            .env("SLURM_CONF", self.configuration())
            .output()
            .expect("Slurm is installed");
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    }

    /// Waits until something can be seen in what a command prints.
    fn wait(&self, words: &[&str], seconds: u64, seen: impl Fn(&str) -> bool) -> bool {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(seconds) {
            if seen(&self.ask(words)) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        false
    }

    fn submit(&self, folder: &Path) -> Output {
        command(folder, &["sweep", "submit", "plan.toml", "--slurm", "--time", "10 min", "--submit"])
            .env("SLURM_CONF", self.configuration())
            .output()
            .expect("the program starts")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.script("stop");
    }
}

const QUEUE: [&str; 4] = ["squeue", "--noheader", "--array", "--format=%i %T"];

#[test]
fn an_array_that_is_killed_and_queued_again_gives_the_bits_of_a_local_run() {
    let cluster = match Cluster::start() {
        Ok(cluster) => cluster,
        Err(reason) => {
            eprintln!("skipped: Slurm cannot be started: {reason}");
            return;
        }
    };
    // Some seconds for each task, time to be killed in. How many steps that is depends on the machine: longer ones,
    // where everything was done before a signal came.
    for length in ["80 ps", "400 ps", "2 ns"] {
        let (here, there) = (folder(), folder());
        for folder in [&here, &there] {
            change(folder.path(), "produce = \"8 ps\"", &format!("produce = \"{length}\""));
            change(folder.path(), "every = \"20 fs\"", "every = \"200 fs\"");
        }
        submit_and_disturb(&cluster, there.path());
        if !log(there.path()).contains("the same command goes on from here") {
            continue;
        }
        succeed(there.path(), &["sweep", "gather", "plan.toml"]);
        sweep(here.path());
        assert!(results(here.path()) == results(there.path()), "the cluster's results differ");
        let again = mlmd(there.path(), &["sweep", "submit", "plan.toml", "--slurm"]);
        assert!(String::from_utf8_lossy(&again.stdout).contains("nothing is left to do"));
        return;
    }
    panic!("nothing was interrupted");
}

/// Submits the array, sends a signal to its first task, puts back by force whatever runs, and waits for the end.
fn submit_and_disturb(cluster: &Cluster, folder: &Path) {
    let output = cluster.submit(folder);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    let (_, job) = said.split_once("Submitted batch job ").expect(&said);
    let job = job.split_whitespace().next().expect("a number");
    let script = std::fs::read_to_string(folder.join("out/submit/1/job.sh")).unwrap();
    assert!(
        script.contains("#SBATCH --array=0-3\n") && script.contains("#SBATCH --signal=TERM@120"),
        "{script}"
    );

    // The first gets the signal that the time limit sends, then whatever runs is put back by force, as when its node
    // fails.
    let first = folder.join("out/tasks/argon-Arvacancies0/T0200K-1");
    let checkpoint = first.join("out/T0200K/checkpoint");
    let start = Instant::now();
    while !checkpoint.exists() && start.elapsed() < Duration::from_mins(1) {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(checkpoint.exists(), "no task began: {}{}", cluster.ask(&QUEUE), log(folder));
    let refused = cluster.ask(&["scancel", "--signal=TERM", &format!("{job}_0")]);
    let ended = |_: &str| {
        let text = std::fs::read_to_string(first.join("state.json")).unwrap_or_default();
        text.contains("interrupted") || text.contains("done")
    };
    assert!(refused.is_empty() || ended(""), "{refused}");
    assert!(cluster.wait(&QUEUE, 120, ended), "{}", log(folder));
    let running_or_over = |text: &str| text.trim().is_empty() || text.contains("RUNNING");
    assert!(cluster.wait(&QUEUE, 30, running_or_over), "{}", cluster.ask(&QUEUE));
    for line in cluster.ask(&QUEUE).lines().filter(|line| line.contains("RUNNING")) {
        cluster.ask(&["scontrol", "requeue", line.split(' ').next().unwrap_or_default()]);
    }
    let over = |text: &str| text.trim().is_empty();
    assert!(cluster.wait(&QUEUE, 300, over), "{}{}", cluster.ask(&QUEUE), log(folder));
    let status = succeed(folder, &["sweep", "status", "plan.toml"]);
    assert!(status.contains("4 tasks: 4 done"), "{status}{}", log(folder));
}

/// What the jobs have printed.
fn log(folder: &Path) -> String {
    let Ok(entries) = std::fs::read_dir(folder.join("out/submit/1/log")) else { return String::new() };
    entries.filter_map(|entry| std::fs::read_to_string(entry.ok()?.path()).ok()).collect()
}
