"""The kinds of rules: one file per kind, all listed in ``rule_kinds``. ``controller.policy.judge`` calls them."""
