#!/bin/bash
# The recipes of tools/examples/recipes: GNU parallel, a Slurm array, Spark's pipe. Each must give one run's file, byte for
# byte. Installs what they need (Debian's parallel, slurm-wlm and munge, a headless Java; PyPI's pyspark, in a virtual
# environment), and starts a Slurm cluster of its own in a folder of its own, with several nodes on this machine.
# Usage: recipes.sh COMMAND MODEL [parallel] [slurm] [spark]; all by default. With RECIPES_INSTALL=no what is not there is
# skipped: exit code 77. Slurm needs root.
set -eu
sharpeye=$(realpath "$1") model=$(realpath "$2")
shift 2
[ $# -gt 0 ] || set -- parallel slurm spark
recipes=$(realpath "$(dirname "$0")/../../tools/examples/recipes")
folder=$(mktemp -d)
pids=()
end() {
  [ ${#pids[@]} = 0 ] || { kill "${pids[@]}" && wait "${pids[@]}"; } 2>/dev/null || true
  rm -rf "$folder"
}
trap end EXIT
fail() { echo "recipes: $*" >&2 && exit 1; }
needs() { # COMMAND PACKAGE...
  command -v "$1" >/dev/null && return
  [ "${RECIPES_INSTALL:-yes}" = yes ] || { echo "recipes: skipped, there is no $1" && exit 77; }
  shift
  apt-get update -qq </dev/null || true
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" </dev/null >"$folder/apt" 2>&1 ||
    { cat "$folder/apt" && fail "cannot install $*"; }
}
mkdir "$folder/bin" && ln -s "$sharpeye" "$folder/bin/sharpeye"
export PATH="$folder/bin:$PATH"
cd "$folder"

# Folders of images, some of them broken, with names that need care; and one run's file.
sharpeye scenes --count 60 --seed 5 -o scenes
mkdir -p 'photos/a b' photos/c
mv scenes/images/00000*.png photos/
mv scenes/images/00001*.png 'photos/a b/'
mv scenes/images/*.png photos/c/
cp photos/000001.png "photos/c/it's \"100%\" {} \$HOME ä.png"
echo 'no image' >photos/c/broken.png
find photos -type f -print | LC_ALL=C sort >names
sharpeye caption --model "$model" --list names --out listed.jsonl 2>err || [ $? = 1 ] || fail "$(cat err)"
cp photos/000002.png $'photos/c/caf\xe9\n.png' # no UTF-8, and a line end
sharpeye caption --model "$model" photos --recursive --out whole.jsonl 2>err || [ $? = 1 ] || fail "$(cat err)"
[ "$(wc -l <whole.jsonl)" = 63 ] || fail "expected 63 lines of one run, actual $(wc -l <whole.jsonl)"
[ "$(wc -l <listed.jsonl)" = 62 ] || fail "expected 62 lines of the listed images"

# An image is broken, so the recipe (or merge) ends with 1.
check() { # NAME EXPECTED ACTUAL EXIT_CODE
  [ "$4" = 1 ] || fail "$1: expected exit code 1 for a broken image, actual $4"
  cmp "$2" "$3" || fail "$1: another file than that of one run"
  echo "recipes: $1: $(wc -l <"$3") lines, the same bytes as one run"
}

try_parallel() {
  needs parallel parallel
  mkdir parallel && local code=0
  "$recipes/gnu_parallel.sh" "$model" photos parallel/out.jsonl 7 -j 3 2>err || code=$?
  [ "$(ls parallel | wc -l)" = 8 ] || fail "parallel: expected 7 shards and the merged file, actual $(ls parallel)"
  check "GNU parallel, 7 shards, 3 at once" whole.jsonl parallel/out.jsonl $code
  # It goes on: with one shard torn and one away.
  truncate -s -30 parallel/out.jsonl.2
  rm parallel/out.jsonl.5 parallel/out.jsonl
  code=0
  "$recipes/gnu_parallel.sh" "$model" photos parallel/out.jsonl 7 -j 2 -S : 2>err || code=$?
  check "GNU parallel, gone on with" whole.jsonl parallel/out.jsonl $code
}

try_slurm() {
  needs slurmctld slurm-wlm munge
  needs munged munge
  [ "$(id -u)" = 0 ] || fail "slurm: its daemons need root"
  local nodes=${SLURM_NODES:-4} base=$folder/slurm host i
  host=$(hostname -s)
  mkdir -p "$base/state" && cd "$base"
  head -c 128 /dev/urandom >munge.key && chmod 600 munge.key
  munged --force --foreground --key-file="$base/munge.key" --socket="$base/munge.socket" --pid-file="$base/munge.pid" \
    --log-file="$base/munge.log" --seed-file="$base/munge.seed" >munge.out 2>&1 &
  pids+=($!)
  cat >slurm.conf <<END
ClusterName=recipes
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=16817
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$base/munge.socket
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
ReturnToService=2
StateSaveLocation=$base/state
SlurmdSpoolDir=$base/spool.%n
SlurmctldPidFile=$base/slurmctld.pid
SlurmdPidFile=$base/slurmd.%n.pid
SlurmctldLogFile=$base/slurmctld.log
SlurmdLogFile=$base/slurmd.%n.log
SchedulerParameters=batch_sched_delay=0,sched_interval=1
END
  for ((i = 1; i <= nodes; ++i)); do
    echo "NodeName=node$i NodeHostname=$host NodeAddr=127.0.0.1 Port=$((16900 + i)) CPUs=1" >>slurm.conf
    mkdir "spool.node$i"
  done
  echo "PartitionName=all Nodes=ALL Default=YES State=UP" >>slurm.conf
  export SLURM_CONF=$base/slurm.conf
  for i in $(seq 50); do [ -S munge.socket ] && break || sleep 0.1; done
  slurmctld -D >/dev/null 2>&1 &
  pids+=($!)
  for ((i = 1; i <= nodes; ++i)); do
    slurmd -D -N "node$i" >/dev/null 2>&1 &
    pids+=($!)
  done
  for i in $(seq 100); do
    [ "$(sinfo -h -N -o %T 2>/dev/null | grep -c idle)" != "$nodes" ] || break
    sleep 0.2
  done
  [ "$(sinfo -h -N -o %T | grep -c idle)" = "$nodes" ] || { sinfo; tail -n 5 ./*.log; fail "slurm: the nodes do not start"; }
  cd "$folder"
  mkdir array && local code=0
  local job
  job=$(sbatch --parsable --array=1-9 --output="$base/task.%a" "$recipes/slurm_array.sh" "$model" photos array/out.jsonl)
  # As on a cluster: the merge is a job that waits for the others.
  sbatch --wait --parsable --dependency="afterany:$job" --output="$base/merge" \
    --wrap "sharpeye merge array/out.jsonl.[0-9]* --images photos --recursive -o array/out.jsonl" >/dev/null || code=$?
  [ -f array/out.jsonl ] || { cat "$base"/task.* "$base/merge" "$base/slurmctld.log"; fail "slurm: no file"; }
  local used
  used=$(grep -ho 'NodeList=node[0-9]*' "$base/slurmctld.log" | sort -u | wc -l)
  check "Slurm array of 9 tasks on $used nodes of $nodes" whole.jsonl array/out.jsonl $code
}

try_spark() {
  needs java default-jre-headless
  local venv=${RECIPES_VENV:-$folder/venv} code=0
  if ! "$venv/bin/python" -c 'import pyspark' 2>/dev/null; then
    [ "${RECIPES_INSTALL:-yes}" = yes ] || { echo "recipes: skipped, there is no pyspark" && exit 77; }
    python3 -m venv "$venv" && "$venv/bin/pip" install -q pyspark || fail "cannot install pyspark"
  fi
  SPARK_LOCAL_IP=127.0.0.1 PYSPARK_PYTHON=$venv/bin/python "$venv/bin/spark-submit" --master 'local[2]' \
    --conf spark.ui.enabled=false "$recipes/spark_pipe.py" "$model" names spark 5 >spark.log 2>&1 ||
    { tail -n 30 spark.log && fail "spark: it failed"; }
  cat spark/part-* | cmp - listed.jsonl || fail "spark: another text than that of one run"
  local parts=(spark/part-*)
  sharpeye merge "${parts[@]}" --list names -o spark.jsonl 2>err || code=$?
  check "Spark's pipe, ${#parts[@]} partitions" listed.jsonl spark.jsonl $code
}

for name; do "try_$name"; done
