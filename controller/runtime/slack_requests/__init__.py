"""Handles requests from Slack: clicks (``interactions``), slash commands (``slash_command``), and permissions."""
