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
    let (here, there) = (folder(), folder());
    for folder in [&here, &there] {
        // Some seconds for each task: time to be killed in.
        change(folder.path(), "produce = \"8 ps\"", "produce = \"80 ps\"");
        change(folder.path(), "every = \"20 fs\"", "every = \"200 fs\"");
    }
    let output = cluster.submit(there.path());
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("Submitted batch job"), "{said}");
    let script = std::fs::read_to_string(there.path().join("out/submit/1/job.sh")).unwrap();
    assert!(
        script.contains("#SBATCH --array=0-3\n") && script.contains("#SBATCH --signal=TERM@120"),
        "{script}"
    );

    // Two run on one node of two cores, or one after another: the first gets the signal that the time limit sends,
    // then whatever runs is put back by force, as when its node fails.
    let running = |text: &str| text.contains("RUNNING");
    let checkpoint = there.path().join("out/tasks/argon-Arvacancies0/T0200K-1/out/T0200K/checkpoint");
    let start = Instant::now();
    while !checkpoint.exists() && start.elapsed() < Duration::from_mins(1) {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(checkpoint.exists(), "no task began: {}{}", cluster.ask(&QUEUE), log(there.path()));
    let job = said.split_whitespace().nth(3).expect("a number").to_string();
    cluster.ask(&["scancel", "--signal=TERM", &format!("{job}_0")]);
    let interrupted = |_: &str| {
        let state = there.path().join("out/tasks/argon-Arvacancies0/T0200K-1/state.json");
        let text = std::fs::read_to_string(state).unwrap_or_default();
        text.contains("interrupted") || text.contains("done")
    };
    assert!(cluster.wait(&QUEUE, 30, interrupted), "{}", log(there.path()));
    assert!(cluster.wait(&QUEUE, 30, running), "{}", cluster.ask(&QUEUE));
    for line in cluster.ask(&QUEUE).lines().filter(|line| line.contains("RUNNING")) {
        cluster.ask(&["scontrol", "requeue", line.split(' ').next().unwrap_or_default()]);
    }
    assert!(
        cluster.wait(&QUEUE, 120, |text| text.trim().is_empty()),
        "{}{}",
        cluster.ask(&QUEUE),
        log(there.path())
    );

    let status = succeed(there.path(), &["sweep", "status", "plan.toml"]);
    assert!(status.contains("4 tasks: 4 done"), "{status}{}", log(there.path()));
    assert!(log(there.path()).contains("the same command goes on from here"), "nothing was interrupted");
    succeed(there.path(), &["sweep", "gather", "plan.toml"]);
    sweep(here.path());
    assert!(results(here.path()) == results(there.path()), "the cluster's results differ");
    let again = mlmd(there.path(), &["sweep", "submit", "plan.toml", "--slurm"]);
    assert!(String::from_utf8_lossy(&again.stdout).contains("nothing is left to do"));
}

/// What the jobs have printed.
fn log(folder: &Path) -> String {
    let Ok(entries) = std::fs::read_dir(folder.join("out/submit/1/log")) else { return String::new() };
    entries.filter_map(|entry| std::fs::read_to_string(entry.ok()?.path()).ok()).collect()
}
