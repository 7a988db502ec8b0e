# SPDX-License-Identifier: GPL-3.0-or-later
"""Many files through one chain: local worker processes, a Dask cluster, or any executor.

    tasks ──▶ running.py ──▶ a crew (local.py, executors.py, cluster.py) ──▶ jobs.run_job
                  │                                                             │
                  └── journal, then the output's name ◀── staged file, hashes ──┘

Workers write into a staging folder. An output gets its name only here, by the one process that
started the batch, and only after its hash stands in the journal: whatever dies when, no output is
lost from the journal, written twice, or half there.
"""
