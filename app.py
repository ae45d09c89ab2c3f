"""Registers the blueprints, for Chalice to package; Lambda imports handlers.* directly and never runs this file."""

from chalice.app import Chalice

from handlers.clock import clock
from handlers.interruptions import interruptions
from handlers.jobs import jobs

app = Chalice(app_name="spotwarden")
app.register_blueprint(jobs)
app.register_blueprint(interruptions)
app.register_blueprint(clock)
