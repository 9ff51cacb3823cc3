"""A study on SLURM. On the login node, after pip install dask-jobqueue: python slurm.py studies/sample_size.yaml

Adapt queue, account, walltime and the lines that prepare the environment to your site.
"""

import sys
from pathlib import Path

from dask_jobqueue import SLURMCluster

from cdae_lessons import studies

if __name__ == "__main__":
    study = Path(sys.argv[1])
    with SLURMCluster(
        queue="normal",
        account="my-project",
        cores=8,  # of one job
        processes=8,  # a worker each, with one thread
        memory="16GiB",  # of one job
        walltime="02:00:00",  # longer than the longest run
        job_script_prologue=["source ~/cdae-lessons/.venv/bin/activate", "export KERAS_BACKEND=torch"],
        # With GPUs: cores=1, processes=1, job_extra_directives=["--gres=gpu:1"]; SLURM sets CUDA_VISIBLE_DEVICES.
        scheduler_options={"dashboard": False},
    ) as cluster:
        cluster.adapt(minimum_jobs=0, maximum_jobs=12)  # jobs come and go with the work
        with cluster.get_client() as client:
            studies.run(studies.read(study), store=Path("results") / study.stem, client=client)
