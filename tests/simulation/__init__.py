"""The proof: the real path in a small, unkind world that one seed decides.

Read in this order: ``memory`` (a ledger and an outbox that keep the ports' promises and nothing else), ``faults`` (what may go
wrong, as named knobs), ``lambdas`` (functions that take turns, dawdle and die), ``harness`` (the ports as they are seen through
those faults), ``people`` (what humans do), ``history`` (one seed from beginning to rest), ``witness`` (what must hold at every
moment), ``invariants`` (what must hold at rest), ``run`` (a seed that fails is made smaller), ``mutants`` (the path without
each of its fences, every one caught). ``python -m tests.simulation --seeds 5000`` runs it on all cores.
"""
