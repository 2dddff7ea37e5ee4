//! Job arrays: a script that a person can read, for what is not done.

use super::manifest::{Manifest, replace};
use super::state::{State, of_task};
use crate::error::{Error, Result};
use std::fmt::Write;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Who gives out the nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheduler {
    /// Slurm.
    Slurm,
    /// PBS Professional or OpenPBS.
    Pbs,
    /// IBM Spectrum LSF.
    Lsf,
}

/// What is asked of the scheduler.
#[derive(Debug, Clone)]
pub struct Array {
    /// The scheduler.
    pub scheduler: Scheduler,
    /// Partition or queue.
    pub partition: Option<String>,
    /// Account or project.
    pub account: Option<String>,
    /// Time limit of each job, s.
    pub time: u64,
    /// Cores of each job.
    pub cpus: usize,
    /// Graphics processors of each job.
    pub gpus: usize,
    /// Memory of each job, as the scheduler writes it: `4G`.
    pub memory: Option<String>,
    /// At most so many jobs at a time.
    pub at_once: Option<usize>,
    /// Tasks that each job does one after another.
    pub per_job: usize,
    /// Are tasks that failed for good tried again?
    pub retry: bool,
    /// The program.
    pub program: PathBuf,
}

/// What was written for a scheduler, and what was not.
#[derive(Debug, Clone, Default)]
pub struct Submission {
    /// The script; `None` if nothing is left for it to do.
    pub script: Option<PathBuf>,
    /// How many jobs its array has.
    pub jobs: usize,
    /// How many tasks these do.
    pub tasks: usize,
    /// Tasks that are left out because somebody works on them now.
    pub running: usize,
    /// Tasks that are left out because they failed for good.
    pub failed: usize,
}

/// Before the end of its time a job is told to stop, s: a checkpoint takes less.
pub const WARNING: u64 = 120;

/// Writes `submit/N/job.sh` and the list of tasks that it does: all that are not done, do not run now, and have not
/// failed for good.
pub fn submission(root: &Path, manifest: &Manifest, array: &Array) -> Result<Submission> {
    let mut found = Submission::default();
    let mut tasks = String::new();
    for (_, entry) in manifest.tasks() {
        match of_task(root, entry).state {
            State::Done => continue,
            // Its own job queues it again.
            State::Running { .. } => {
                found.running += 1;
                continue;
            }
            state if state.is_final() && !array.retry => {
                found.failed += 1;
                continue;
            }
            _ => found.tasks += 1,
        }
        let _ = writeln!(tasks, "{}", entry.folder.display());
    }
    if found.tasks == 0 {
        return Ok(found);
    }
    let root = std::path::absolute(root).map_err(Error::io(root, "find"))?;
    for path in [&root, &array.program] {
        array.scheduler.check(path)?;
    }
    // A folder of its own for each submission: jobs that wait in the queue read its list later.
    let folders = root.join("submit");
    fs::create_dir_all(&folders).map_err(Error::io(&folders, "create the folder"))?;
    let mut number = 1;
    let folder = loop {
        let folder = folders.join(number.to_string());
        match fs::create_dir(&folder) {
            Ok(()) => break folder,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(Error::io(&folder, "create the folder")(error)),
        }
    };
    fs::create_dir_all(folder.join("log")).map_err(Error::io(&folder, "create the folder"))?;
    replace(&folder.join("tasks.txt"), &tasks)?;
    let script = folder.join("job.sh");
    replace(&script, &array.script(&manifest.title, &root, &folder, found.tasks))?;
    found.jobs = found.tasks.div_ceil(array.per_job);
    found.script = Some(script);
    Ok(found)
}

impl Scheduler {
    /// The most jobs that an array may have as the scheduler comes.
    pub fn largest_array(self) -> usize {
        match self {
            // MaxArraySize 1001, of which the highest index is one less.
            Self::Slurm => 1001,
            // max_array_size
            Self::Pbs => 10_000,
            // MAX_JOB_ARRAY_SIZE
            Self::Lsf => 1000,
        }
    }

    /// Refuses a path that cannot be written into its script.
    fn check(self, path: &Path) -> Result<()> {
        let text = path
            .to_str()
            .filter(|text| !text.chars().any(char::is_control))
            .ok_or_else(|| Error::invalid(format!("{}: a script cannot name this path", path.display())))?;
        // What follows `#PBS -o` and `#BSUB -o` is divided at blanks, whatever quotes there are.
        if self != Self::Slurm && text.contains(char::is_whitespace) {
            return Err(Error::invalid(format!(
                "{text}: there is a blank in this path, and PBS and LSF do not take one for the files of a job\n   expected \
                 another [output] directory"
            )));
        }
        Ok(())
    }
}

impl Array {
    /// The script for so many tasks.
    fn script(&self, title: &str, root: &Path, folder: &Path, tasks: usize) -> String {
        let jobs = tasks.div_ceil(self.per_job);
        let (head, index, threads) = match self.scheduler {
            Scheduler::Slurm => {
                (self.slurm(title, folder, jobs), "$SLURM_ARRAY_TASK_ID", "${SLURM_CPUS_PER_TASK:-1}")
            }
            Scheduler::Pbs => {
                (self.pbs(title, folder, jobs), "${MLMD_JOB:-${PBS_ARRAY_INDEX:-0}}", "${NCPUS:-1}")
            }
            Scheduler::Lsf => {
                (self.lsf(title, folder, jobs), "$((LSB_JOBINDEX - 1))", "${LSB_DJOB_NUMPROC:-1}")
            }
        };
        let signal = match self.scheduler {
            // The batch shell gets no signal but that of scancel, which is to end it.
            Scheduler::Slurm => "",
            Scheduler::Pbs => {
                "# TERM comes from qdel or from a preemption; nobody is to queue the job again then.\ntrap 'told=1' TERM\n"
            }
            Scheduler::Lsf => {
                "# The warning reaches this shell, too, which must live to say 75.\ntrap : TERM\n"
            }
        };
        let run = match self.scheduler {
            // A job step: the signal of --signal goes to it.
            Scheduler::Slurm => "srun --ntasks=1 --cpus-per-task=\"$threads\" ".to_string(),
            // PBS gives no warning of its own; SECONDS is how long the job has been running.
            Scheduler::Pbs => {
                let limit = self.time.saturating_sub(WARNING).max(1);
                format!(
                    "timeout --preserve-status --signal=TERM $((SECONDS < {limit} ? {limit} - SECONDS : 1)) "
                )
            }
            Scheduler::Lsf => String::new(),
        };
        let again = match self.scheduler {
            Scheduler::Slurm => {
                "scontrol requeue \"${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}\"".to_string()
            }
            // qrerun is for operators only: a new job goes on with the same tasks.
            Scheduler::Pbs => format!(
                "[ \"$told\" ] || sed '/^#PBS -J /d' {} | qsub -v MLMD_JOB=$job ||\n            \
                 echo 'this job cannot be queued again from here: repeat `mlmd sweep submit`' >&2",
                quoted(&folder.join("job.sh"))
            ),
            // LSF does it by itself (-Q 75).
            Scheduler::Lsf => ":".to_string(),
        };
        let per_job = self.per_job;
        let retry = if self.retry { " --retry" } else { "" };
        format!(
            "#!/bin/bash\n\
             # Written by `mlmd sweep submit`: {tasks} tasks of the sweep in {root}.\n\
             # A task that is told to stop writes a checkpoint and ends with exit code 75; it is queued again and goes\n\
             # on from there, with the same bits as if it had never been stopped.\n\
             {head}\n\
             mlmd={program}\n\
             cd {root} || exit 4\n\
             threads={threads}\n\
             job={index}\n\
             first=$((job * {per_job} + 1))\n\
             {signal}\
             worst=0\n\
             for task in $(sed -n \"$first,$((first + {last}))p\" {list}); do\n\
             \x20   {run}\"$mlmd\" sweep task \"$task\" --threads \"$threads\"{retry}\n\
             \x20   code=$?\n\
             \x20   # 76: another job works on this task, and queues itself again if it has to.\n\
             \x20   [ $code -eq 76 ] && continue\n\
             \x20   # 143: told before it listened, at its very start; that loses as little.\n\
             \x20   if [ $code -eq 75 ] || [ $code -eq 143 ]; then\n\
             \x20       {again}\n\
             \x20       exit 75\n\
             \x20   fi\n\
             \x20   # What failed for good is written beside the task; the others go on.\n\
             \x20   [ $code -gt $worst ] && worst=$code\n\
             done\n\
             exit $worst\n",
            root = quoted(root),
            program = quoted(&self.program),
            last = per_job - 1,
            list = quoted(&folder.join("tasks.txt")),
        )
    }

    fn slurm(&self, title: &str, folder: &Path, jobs: usize) -> String {
        let most = self.at_once.map_or(String::new(), |n| format!("%{n}"));
        let mut lines = vec![
            format!("--job-name={}", name(title)),
            format!("--array=0-{}{most}", jobs - 1),
            format!("--time={}", clock(self.time)),
            "--ntasks=1".to_string(),
            format!("--cpus-per-task={}", self.cpus),
            format!("--signal=TERM@{WARNING}"),
            "--requeue".to_string(),
            "--open-mode=append".to_string(),
            format!("--output={}", slurm_word(&format!("{}/log/", folder.display()), "%A_%a.log")),
        ];
        lines.extend(self.partition.as_ref().map(|partition| format!("--partition={partition}")));
        lines.extend(self.account.as_ref().map(|account| format!("--account={account}")));
        lines.extend(self.memory.as_ref().map(|memory| format!("--mem={memory}")));
        if self.gpus > 0 {
            lines.push(format!("--gpus-per-task={}", self.gpus));
        }
        prefixed("#SBATCH", &lines)
    }

    fn pbs(&self, title: &str, folder: &Path, jobs: usize) -> String {
        let memory = self.memory.as_ref().map_or(String::new(), |memory| format!(":mem={memory}"));
        let gpus = if self.gpus > 0 { format!(":ngpus={}", self.gpus) } else { String::new() };
        let mut lines = vec![
            format!("-N {}", name(title)),
            format!("-l select=1:ncpus={}{memory}{gpus}", self.cpus),
            format!("-l walltime={}", clock(self.time)),
            "-r y".to_string(),
            "-j oe".to_string(),
            format!("-o {}/log/", folder.display()),
        ];
        // An array of one is not allowed.
        if jobs > 1 {
            let most = self.at_once.map_or(String::new(), |n| format!("%{n}"));
            lines.insert(1, format!("-J 0-{}{most}", jobs - 1));
        }
        lines.extend(self.partition.as_ref().map(|queue| format!("-q {queue}")));
        lines.extend(self.account.as_ref().map(|account| format!("-A {account}")));
        prefixed("#PBS", &lines)
    }

    fn lsf(&self, title: &str, folder: &Path, jobs: usize) -> String {
        let most = self.at_once.map_or(String::new(), |n| format!("%{n}"));
        let mut lines = vec![
            format!("-J \"{}[1-{jobs}]{most}\"", name(title)),
            format!("-n {}", self.cpus),
            "-R \"span[hosts=1]\"".to_string(),
            format!("-W {}:{:02}", self.time / 3600, self.time / 60 % 60),
            format!("-wa TERM -wt {}", WARNING / 60),
            "-r".to_string(),
            "-Q 75".to_string(),
            format!("-o {}/log/%J_%I.log", folder.display()),
        ];
        lines.extend(self.partition.as_ref().map(|queue| format!("-q {queue}")));
        lines.extend(self.account.as_ref().map(|account| format!("-P {account}")));
        lines.extend(self.memory.as_ref().map(|memory| format!("-M {memory}")));
        if self.gpus > 0 {
            lines.push(format!("-gpu \"num={}\"", self.gpus));
        }
        prefixed("#BSUB", &lines)
    }
}

fn prefixed(prefix: &str, lines: &[String]) -> String {
    lines.iter().fold(String::new(), |text, line| text + prefix + " " + line + "\n")
}

/// A name for the queue: the beginning of the title, without what schedulers do not take.
fn name(title: &str) -> String {
    let fine: String =
        title.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(24).collect();
    format!("mlmd-{}", fine.trim_matches('-').replace("--", "-"))
}

/// hours:minutes:seconds.
fn clock(seconds: u64) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// A path as an option of sbatch in a script: in quotes where it has more than letters, its percent signs doubled, and
/// what follows with those that sbatch is to replace.
fn slurm_word(path: &str, pattern: &str) -> String {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+');
    let path = path.replace('%', "%%");
    if path.chars().all(fine) {
        return path + pattern;
    }
    format!("\"{}{pattern}\"", path.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A path as a word of the shell.
pub fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(scheduler: Scheduler, tasks: usize) -> String {
        let array = Array {
            scheduler,
            partition: Some("short".into()),
            account: None,
            time: 5400,
            cpus: 4,
            gpus: 0,
            memory: Some("2G".into()),
            at_once: Some(3),
            per_job: 2,
            retry: false,
            program: "/opt/mlmd".into(),
        };
        array.script(
            "LLZO, vacancies",
            Path::new("/home/it's me/out"),
            Path::new("/home/out/submit/1"),
            tasks,
        )
    }

    #[test]
    fn scripts_say_what_schedulers_read() {
        let slurm = script(Scheduler::Slurm, 5);
        for line in [
            "#SBATCH --array=0-2%3",
            "#SBATCH --time=01:30:00",
            "#SBATCH --signal=TERM@120",
            "#SBATCH --requeue",
            "#SBATCH --mem=2G",
            "cd '/home/it'\\''s me/out' || exit 4",
        ] {
            assert!(slurm.lines().any(|own| own == line), "{line} is not in\n{slurm}");
        }
        let pbs = script(Scheduler::Pbs, 5);
        assert!(
            pbs.contains("#PBS -J 0-2%3\n") && pbs.contains("--signal=TERM $((SECONDS < 5280 ?"),
            "{pbs}"
        );
        assert!(!script(Scheduler::Pbs, 2).contains("\n#PBS -J"), "an array of one");
        let lsf = script(Scheduler::Lsf, 5);
        assert!(lsf.contains("#BSUB -J \"mlmd-LLZO-vacancies[1-3]%3\"\n") && lsf.contains("-Q 75"), "{lsf}");
    }

    /// Blanks and quotes are quoted for Slurm, and refused where that cannot be done.
    #[test]
    fn paths_with_blanks() {
        assert_eq!(slurm_word("/home/out/log/", "%A.log"), "/home/out/log/%A.log");
        assert_eq!(slurm_word("/my \"100 %\"/log/", "%A.log"), "\"/my \\\"100 %%\\\"/log/%A.log\"");
        let blank = Path::new("/my out");
        assert!(Scheduler::Slurm.check(blank).is_ok());
        for scheduler in [Scheduler::Pbs, Scheduler::Lsf] {
            assert!(scheduler.check(blank).unwrap_err().to_string().contains("there is a blank"));
            assert!(scheduler.check(Path::new("/my_out")).is_ok());
        }
        assert!(Scheduler::Slurm.check(Path::new("/my\nout")).is_err());
    }

    /// Bash finds no mistake in any of them.
    #[test]
    fn scripts_are_bash() {
        for scheduler in [Scheduler::Slurm, Scheduler::Pbs, Scheduler::Lsf] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("job.sh");
            std::fs::write(&path, script(scheduler, 5)).unwrap();
            match std::process::Command::new("bash").arg("-n").arg(&path).output() {
                Ok(output) => {
                    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
                }
                Err(error) => eprintln!("skipped: no bash: {error}"),
            }
        }
    }
}
