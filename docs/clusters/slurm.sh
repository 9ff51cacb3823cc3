#!/usr/bin/env bash
# A study in one SLURM job, without dask-jobqueue: sbatch slurm.sh studies/sample_size.yaml
# Started again after a time limit, it does the rest.
#SBATCH --ntasks=33
#SBATCH --cpus-per-task=1
#SBATCH --mem-per-cpu=2G
#SBATCH --time=04:00:00
set -euo pipefail
source ~/cdae-lessons/.venv/bin/activate
export KERAS_BACKEND=torch OMP_NUM_THREADS=1
file=$PWD/scheduler-$SLURM_JOB_ID.json # on a disk that all nodes see
trap 'kill $(jobs -p); rm -f "$file"' EXIT

dask scheduler --no-dashboard --port 0 --scheduler-file "$file" &
until [ -s "$file" ]; do sleep 1; done
srun --ntasks=$((SLURM_NTASKS - 1)) dask worker --nthreads 1 --memory-limit 2GiB --no-dashboard --scheduler-file "$file" &
python -m cdae_lessons sweep "$1" --scheduler "$file"
