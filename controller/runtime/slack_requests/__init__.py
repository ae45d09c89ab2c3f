"""What people ask for in Slack: clicks (``interactions``), slash commands (``slash_command``), and who may (``permissions``)."""
