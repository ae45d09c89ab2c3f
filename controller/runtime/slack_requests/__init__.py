"""What people ask for in Slack: a click (``interactions``), a slash command (``slash_command``), and who may (``permissions``)."""
