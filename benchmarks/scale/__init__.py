"""
The task runner that holds many tasks at once: ``python -m benchmarks scale --held N``, or ``make bench HELD=N``.

A real Airflow 3.3 on PostgreSQL, with LocalExecutor, Airflow's own intervals and one triggerer (``--triggerers M``: so
many), supervises N tasks of an emulated account that keeps to its rates. The emulated service runs in this process.

The first task is polled, started and supervised as every task is. The others are copies of its rows in the database,
each with a task of its own in the emulated account. They look as if they had been polled a minute ago, so that each
is beaten for at once, as after a restart. Until every task has had a first heartbeat of the task runner, the benchmark
itself keeps the leases that are half over; nothing is measured before.

Then, for ``--minutes``, the steady state; every ``--ends`` seconds one target run is marked success. Then the first
triggerer is killed with SIGKILL and started again at once, and the same is measured until every lease has had a
heartbeat again. At last ``--burst`` target runs are marked success in one transaction, and all of them have to be
reported. ``--short`` percent of the tasks have a ``reportProgressTimeout`` of 5 minutes, the others of 15.

A gap between two heartbeats counts from the last one before the phase, and the one that lasts at the end of the phase
counts as well. ``--held 20 --minutes 0.5`` is a smoke test of three minutes. Compare seconds only within one run, and
only on a machine that does nothing else. PostgreSQL has to be installed; no service of it need run.
"""
