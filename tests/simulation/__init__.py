"""The simulation: the real code in a small world with faults. A seed decides everything that happens.

Reading order: ``memory`` (a ledger and an outbox in memory), ``faults`` (the faults), ``lambdas`` (functions that run at the same
time, stall and are killed), ``harness`` (the ports, with faults), ``actors`` (what users do), ``policies_and_tags`` (random
policies and tags), ``history`` (one seed, from its first job until nothing is left to do), ``world_invariants`` (what must always
hold), ``rest_invariants`` (what must hold at the end), ``run`` (runs a seed, and minimises one that fails), ``mutants`` (the code
without one of its fences). ``python -m tests.simulation --seeds 5000`` runs it on all cores.
"""
