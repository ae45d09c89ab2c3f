"""The simulation: the real code in a small world with faults, which one seed decides.

Read in this order: ``memory`` (a ledger and an outbox that do what the ports say and nothing else), ``faults`` (the fault
model), ``lambdas`` (functions that run at the same time, stall and are killed), ``harness`` (the ports, with faults), ``actors``
(what users do), ``policies_and_tags`` (what policies and jobs ask for), ``history`` (one seed from its first job to rest),
``world_invariants`` (what must always hold), ``rest_invariants`` (what must hold at rest), ``run`` (makes a seed that fails
smaller), ``mutants`` (the code without each of its fences). ``python -m tests.simulation --seeds 5000`` runs it on all cores.
"""
