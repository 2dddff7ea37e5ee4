#!/bin/bash
# A Slurm of one node on the loopback interface, for the tests: slurm.sh start FOLDER | slurm.sh stop FOLDER.
# Everything it writes lies in FOLDER; SLURM_CONF=FOLDER/slurm.conf makes sbatch, squeue and scontrol talk to it.
# Prints the reason and ends with 1 where it cannot be started.
set -u
action=$1
dir=$2
PATH=$PATH:/usr/sbin:/sbin

give_up() {
    echo "$1"
    stop
    exit 1
}

stop() {
    for daemon in slurmd slurmctld munged; do
        [ -s "$dir/$daemon.pid" ] && kill "$(cat "$dir/$daemon.pid")" 2>/dev/null
    done
}

start() {
    for program in munged slurmctld slurmd sbatch srun; do
        command -v $program >/dev/null || { echo "there is no $program (Debian: slurm-wlm, munge)"; exit 1; }
    done
    [ "$(id -u)" = 0 ] || { echo "Slurm's daemons are started as root here"; exit 1; }
    mkdir -p "$dir/state" "$dir/spool" "$dir/run"
    chmod 755 "$dir" "$dir/run"
    dd if=/dev/urandom of="$dir/munge.key" bs=1 count=128 2>/dev/null
    chmod 400 "$dir/munge.key"
    munged --force --key-file="$dir/munge.key" --socket="$dir/run/munge.socket" --pid-file="$dir/munged.pid" \
        --log-file="$dir/munged.log" --seed-file="$dir/munge.seed" || give_up "munged does not start"
    host=$(hostname -s)
    # Ports that nobody has: from the range that is not given out, by the number of this process.
    port=$((20000 + $$ % 9000))
    cat >"$dir/slurm.conf" <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
# A task that is queued again may begin after cred_expire seconds.
AuthInfo=socket=$dir/run/munge.socket,cred_expire=5
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
ReturnToService=2
KillWait=5
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.log
SlurmdSpoolDir=$dir/spool
StateSaveLocation=$dir/state
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
    export SLURM_CONF=$dir/slurm.conf
    slurmctld -c || give_up "slurmctld does not start: $(tail -n 1 "$dir/slurmctld.log" 2>/dev/null)"
    slurmd || give_up "slurmd does not start: $(tail -n 1 "$dir/slurmd.log" 2>/dev/null)"
    for _ in $(seq 100); do
        sinfo --noheader --format=%T 2>/dev/null | grep -q idle && exit 0
        sleep 0.2
    done
    give_up "the node does not come up: $(tail -n 1 "$dir/slurmd.log" 2>/dev/null)"
}

"$action"
