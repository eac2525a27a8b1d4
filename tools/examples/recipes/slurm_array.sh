#!/bin/bash
#SBATCH --array=1-8
#SBATCH --cpus-per-task=1
#SBATCH --requeue
# A folder's captions by a Slurm array: each task takes its share. A task that is requeued goes on where it ended.
#   sbatch --array=1-100 slurm_array.sh MODEL PHOTOS OUT.jsonl
# and when all have ended (sbatch --dependency=afterany:JOB, or by hand):
#   sharpeye merge OUT.jsonl.[0-9]* --images PHOTOS --recursive -o OUT.jsonl
# A task whose share has an image that fails ends with 1; merge sees whether all lines are there.
srun sharpeye caption --model "$1" --recursive --threads "$SLURM_CPUS_PER_TASK" --out "$3.$SLURM_ARRAY_TASK_ID" \
  --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" "$2"
