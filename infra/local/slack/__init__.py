"""The Slack of this machine: its Web API (``server``), and the messages as a page that looks like Slack's (``page``)."""
