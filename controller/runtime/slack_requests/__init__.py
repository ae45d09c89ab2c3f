"""What people ask for in Slack: a click (``interactions``), a command (``command``), and who may (``permissions``, ``user``)."""
