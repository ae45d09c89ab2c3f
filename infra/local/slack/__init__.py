"""The Slack of this machine: its Web API (``server``), and a page that shows the messages (``page``)."""
