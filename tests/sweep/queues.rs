//! Scripts for PBS and LSF, run by bash with the variables that these set, beside a `qsub` that writes down what it is
//! asked: neither can be installed for a test.

use crate::fixture::{change, folder, results, succeed, sweep};
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What stands in for the program of PBS: it keeps its arguments and the script it is given.
const QSUB: &str = "#!/bin/bash\necho \"$*\" >> \"$MOCK/asked\"\ncat > \"$MOCK/again.sh\"\necho 7.mock\n";

/// A sweep of two tasks, and the folder of the stand-in.
struct Queue {
    folder: tempfile::TempDir,
    mock: tempfile::TempDir,
}

impl Queue {
    fn new(length: &str) -> Self {
        let (folder, mock) = (folder(), tempfile::tempdir().unwrap());
        shape(folder.path(), length);
        let qsub = mock.path().join("qsub");
        fs::write(&qsub, QSUB).unwrap();
        fs::set_permissions(qsub, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        Self { folder, mock }
    }

    fn submit(&self, scheduler: &str) -> PathBuf {
        let said =
            succeed(self.folder.path(), &["sweep", "submit", "plan.toml", scheduler, "--time", "5 min"]);
        assert!(said.contains("2 tasks, 2 of them new"), "{said}");
        self.folder.path().join("out/submit/1/job.sh")
    }

    /// A script as a process group of its own, as schedulers start it.
    fn start(&self, script: &Path, variables: &[(&str, &str)]) -> Child {
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new("bash");
        command.arg(script).env("PATH", format!("{}:{path}", self.mock.path().display()));
        command.env("MOCK", self.mock.path()).envs(variables.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        command.spawn().expect("bash starts")
    }

    fn run(&self, script: &Path, variables: &[(&str, &str)]) -> i32 {
        self.start(script, variables).wait().expect("it ends").code().unwrap_or(-1)
    }

    /// Waits for the first checkpoint of a task and tells the whole job to end.
    fn terminate(&self, mut job: Child, task: &str) -> i32 {
        let run = self.folder.path().join("out/tasks/argon-Arvacancies0").join(task);
        let checkpoint = run.join(format!("out/{}/checkpoint", &task[..6]));
        let start = Instant::now();
        while !checkpoint.exists() && start.elapsed() < Duration::from_mins(1) {
            std::thread::sleep(Duration::from_millis(5));
        }
        let group = format!("-{}", job.id());
        Command::new("kill").args(["-TERM", "--", &group]).status().expect("kill");
        job.wait().expect("it ends").code().unwrap_or(-1)
    }

    fn asked(&self) -> String {
        fs::read_to_string(self.mock.path().join("asked")).unwrap_or_default()
    }
}

fn shape(folder: &Path, length: &str) {
    change(folder, "count = [0, 4]", "count = [0]");
    change(folder, "produce = \"8 ps\"", &format!("produce = \"{length}\""));
    change(folder, "every = \"20 fs\"", "every = \"200 fs\"");
}

/// The same by `mlmd sweep run`, undisturbed.
fn gathered_is_that_of_a_local_run(queue: &Queue, length: &str) {
    succeed(queue.folder.path(), &["sweep", "gather", "plan.toml"]);
    let here = folder();
    shape(here.path(), length);
    sweep(here.path());
    assert!(results(here.path()) == results(queue.folder.path()), "the results differ");
}

/// Until something is interrupted: how many steps a second has depends on the machine.
const LENGTHS: [&str; 4] = ["40 ps", "200 ps", "1 ns", "5 ns"];

fn is_there(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    if !found {
        eprintln!("skipped: there is no {program}");
    }
    found
}

/// A job of PBS that comes near its time limit hands itself over once more, without the operator's qrerun; one
/// that is deleted does not.
#[test]
fn a_job_of_pbs_queues_itself_again() {
    if !is_there("bash") || !is_there("timeout") {
        return;
    }
    for length in LENGTHS {
        let queue = Queue::new(length);
        let script = queue.submit("--pbs");
        // As if most of the time were over: of five minutes less the two of the warning one second is left.
        let text = fs::read_to_string(&script).unwrap();
        assert!(text.contains("$((SECONDS < 180 ? 180 - SECONDS : 1))"), "{text}");
        fs::write(&script, text.replace("SECONDS < 180 ? 180 - SECONDS : 1", "1")).unwrap();
        // qdel: the whole job is told to end, and nobody queues it again.
        let job = queue.start(&script, &[("PBS_ARRAY_INDEX", "0"), ("NCPUS", "1")]);
        let code = queue.terminate(job, "T0200K-1");
        assert_eq!(queue.asked(), "");
        let mut codes = vec![queue.run(&script, &[("PBS_ARRAY_INDEX", "1"), ("NCPUS", "1")])];
        if code != 75 || codes[0] != 75 {
            continue;
        }
        assert_eq!(queue.asked(), "-v MLMD_JOB=1\n");
        let again = queue.mock.path().join("again.sh");
        let text = fs::read_to_string(&again).unwrap();
        assert!(text.contains("#PBS -l walltime=00:05:00") && !text.contains("\n#PBS -J"), "{text}");
        for job in ["0", "1"] {
            while codes.len() < 60 && codes.last() == Some(&75) {
                codes.push(queue.run(&again, &[("MLMD_JOB", job)]));
            }
            assert_eq!(codes.last(), Some(&0), "{codes:?}");
            codes.push(75);
        }
        gathered_is_that_of_a_local_run(&queue, length);
        return;
    }
    panic!("nothing was interrupted");
}

/// The warning of LSF reaches the shell and the program: the shell must live to say 75, upon which the job runs anew.
#[test]
fn a_job_of_lsf_ends_with_75() {
    if !is_there("bash") {
        return;
    }
    for length in LENGTHS {
        let queue = Queue::new(length);
        let script = queue.submit("--lsf");
        let first = [("LSB_JOBINDEX", "1"), ("LSB_DJOB_NUMPROC", "1")];
        let job = queue.start(&script, &first);
        if queue.terminate(job, "T0200K-1") != 75 {
            continue;
        }
        assert_eq!(queue.run(&script, &first), 0);
        assert_eq!(queue.run(&script, &[("LSB_JOBINDEX", "2")]), 0);
        gathered_is_that_of_a_local_run(&queue, length);
        return;
    }
    panic!("nothing was interrupted");
}
