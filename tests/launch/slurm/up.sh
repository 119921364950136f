#!/usr/bin/env bash
# up.sh FOLDER PORT [CPUS]: a throwaway Slurm of one node whose every file lies in FOLDER. Run as root.
# Uses PORT to PORT+3 of this machine. Prints where its configuration is; SLURM_CONF leads all commands there.
set -euo pipefail
folder=$(mkdir -p "$1" && cd "$1" && pwd)
port=$2
cpus=${3:-$(nproc)}
host=$(hostname -s)
memory=$(($(awk '/MemTotal/ {print $2}' /proc/meminfo) / 1024))
export SLURM_CONF=$folder/slurm.conf

wait_for() { # wait_for WHAT COMMAND...: until the command succeeds, 30 s at most
  local what=$1
  shift
  for _ in $(seq 300); do
    if "$@" >/dev/null 2>&1; then return; fi
    sleep 0.1
  done
  echo "$what does not come up: see $folder/log" >&2
  exit 1
}

database() { mariadb --socket="$folder/db/socket" --user=root "$@"; }
node_is_idle() { sinfo --noheader --format=%T | grep -q idle; }

# Daemons and clients sign with munge, which refuses folders that others may write to.
mkdir -p "$folder"/{munge,state,spool,db,log}
chmod 755 "$folder"
chmod 711 "$folder/munge"
[ -s "$folder/munge/key" ] || head -c 1024 /dev/urandom >"$folder/munge/key"
chmod 400 "$folder/munge/key"
munged --force --num-threads=2 --key-file="$folder/munge/key" --socket="$folder/munge/socket" \
  --pid-file="$folder/munge/pid" --seed-file="$folder/munge/seed" --log-file="$folder/log/munge"

# sacct needs slurmdbd, and that needs a database.
if [ ! -d "$folder/db/mysql" ]; then
  mariadb-install-db --user=root --datadir="$folder/db" --auth-root-authentication-method=normal \
    --skip-test-db >"$folder/log/install" 2>&1
fi
mariadbd --user=root --datadir="$folder/db" --socket="$folder/db/socket" --pid-file="$folder/db/pid" \
  --bind-address=127.0.0.1 --port=$((port + 3)) --innodb-buffer-pool-size=64M \
  --innodb-flush-log-at-trx-commit=0 --innodb-lock-wait-timeout=900 >"$folder/log/db" 2>&1 </dev/null &
wait_for "the database" database --execute="select 1"
database --execute="create database if not exists accounting;
  create user if not exists slurm@127.0.0.1 identified by 'slurm'; grant all on accounting.* to slurm@127.0.0.1;
  create user if not exists slurm@localhost identified by 'slurm'; grant all on accounting.* to slurm@localhost"

cat >"$folder/slurmdbd.conf" <<CONF
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
DbdHost=localhost
DbdPort=$((port + 2))
SlurmUser=root
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=$((port + 3))
StorageUser=slurm
StoragePass=slurm
StorageLoc=accounting
LogFile=$folder/log/slurmdbd
PidFile=$folder/slurmdbd.pid
CONF
chmod 600 "$folder/slurmdbd.conf" # or slurmdbd refuses it

# AccountingStoragePass leads sacct to the socket: it does not read AuthInfo. More processors than there are may
# be named, so that jobs that only wait do not wait for each other.
cat >"$folder/slurm.conf" <<CONF
ClusterName=foreworld
SlurmctldHost=$host
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/log/slurmctld
SlurmdLogFile=$folder/log/slurmd
SlurmdParameters=config_overrides
SwitchType=switch/none
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=0
DefMemPerCPU=512
ReturnToService=2
EnforcePartLimits=ALL
KillWait=2
MessageTimeout=5
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=localhost
AccountingStoragePort=$((port + 2))
AccountingStoragePass=$folder/munge/socket
AccountingStorageEnforce=associations
JobAcctGatherType=jobacct_gather/none
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cpus RealMemory=$memory State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF

slurmdbd
wait_for slurmdbd sacctmgr --noheader show cluster
sacctmgr --noheader show cluster | grep -q foreworld || sacctmgr --immediate add cluster foreworld >/dev/null
slurmctld
slurmd
wait_for "the node" node_is_idle
echo "$SLURM_CONF"
