"""The kinds of rules: one file per kind, and all of them in ``rule_kinds``. ``controller.policy.judge`` asks them."""
