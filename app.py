"""Registers the blueprints. Lambda runs this file for Slack's two routes; for all else it imports handlers.* directly."""

import os
import sys

from chalice.app import Chalice

from handlers.slack import slack

if "chalice.cli" in sys.modules and "SPOTWARDEN_BUILD" not in os.environ:
    sys.exit(
        "Chalice alone would leave out the package's own code, table, queue and alarms:"
        " use `make package` to build, `make deploy STAGE=dev` to deploy, `make demo` to run it here."
    )

app = Chalice(app_name="spotwarden", configure_logs=False)  # Powertools writes the logs, under the same name
app.register_blueprint(slack)
if "AWS_LAMBDA_RUNTIME_API" not in os.environ:  # on Lambda, loading them would only make a person in Slack wait longer
    from handlers.clock import clock
    from handlers.interruptions import interruptions
    from handlers.jobs import jobs

    for blueprint in (jobs, interruptions, clock):
        app.register_blueprint(blueprint)
