"""A study through Dask Gateway, on a hub with it such as DaskHub: python gateway.py studies/sample_size.yaml"""

import sys
from pathlib import Path

from dask_gateway import Gateway

from cdae_lessons import studies

if __name__ == "__main__":
    study = Path(sys.argv[1])
    with Gateway().new_cluster() as cluster:  # address and password come from the hub
        cluster.adapt(minimum=0, maximum=20)
        with cluster.get_client() as client:
            studies.run(studies.read(study), store=Path("results") / study.stem, client=client)
