//! Job arrays: a script that a person can read, for what is not done.

use super::manifest::{Manifest, replace};
use super::state::of_task;
use crate::error::{Error, Result};
use std::fs;
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
    /// The program.
    pub program: PathBuf,
}

/// Before the end of its time a job is told to stop, s: a checkpoint takes less.
const WARNING: u64 = 120;

/// Writes `submit/N/job.sh` and the list of tasks that it does: all that are not done and have not failed for good.
/// Returns the script, or `None` if nothing is left to do.
pub fn submission(root: &Path, manifest: &Manifest, array: &Array) -> Result<Option<PathBuf>> {
    let open = manifest.tasks().filter(|(_, entry)| !of_task(root, entry).state.is_final());
    let tasks: Vec<String> = open.map(|(_, entry)| entry.folder.display().to_string()).collect();
    if tasks.is_empty() {
        return Ok(None);
    }
    let root = std::path::absolute(root).map_err(Error::io(root, "find"))?;
    // A folder of its own for each submission: jobs that wait in the queue read its list later.
    let folders = root.join("submit");
    let mut number = 1;
    while folders.join(number.to_string()).exists() {
        number += 1;
    }
    let folder = folders.join(number.to_string());
    fs::create_dir_all(folder.join("log")).map_err(Error::io(&folder, "create the folder"))?;
    replace(&folder.join("tasks.txt"), &(tasks.join("\n") + "\n"))?;
    let script = folder.join("job.sh");
    replace(&script, &array.script(&manifest.title, &root, &folder, tasks.len()))?;
    Ok(Some(script))
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
             \x20   {run}\"$mlmd\" sweep task \"$task\" --threads \"$threads\"\n\
             \x20   code=$?\n\
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
            format!("--output={}/log/%A_%a.log", folder.display()),
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

/// A path as a word of the shell.
fn quoted(path: &Path) -> String {
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
