"""Registers the blueprints. Lambda runs this file for Slack's routes; for the other functions it imports handlers.* directly."""

from chalice.app import Chalice

from handlers.clock import clock
from handlers.interruptions import interruptions
from handlers.jobs import jobs
from handlers.slack import slack

app = Chalice(app_name="spotwarden")
app.register_blueprint(jobs)
app.register_blueprint(interruptions)
app.register_blueprint(clock)
app.register_blueprint(slack)
