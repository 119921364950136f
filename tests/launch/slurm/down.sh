#!/usr/bin/env bash
# down.sh FOLDER: stops what up.sh started, by the numbers that it recorded, and waits until it has ended.
set -uo pipefail
numbers=$(cat "$1"/{slurmd,slurmctld,slurmdbd}.pid "$1"/{munge,db}/pid 2>/dev/null)
some_left() { for number in $numbers; do kill -0 "$number" 2>/dev/null && return; done; return 1; }
for number in $numbers; do kill "$number" 2>/dev/null; done
# Nobody will read what they still want to write down.
for _ in $(seq 20); do some_left || exit 0; sleep 0.1; done
for number in $numbers; do kill -KILL "$number" 2>/dev/null; done
while some_left; do sleep 0.1; done
exit 0
