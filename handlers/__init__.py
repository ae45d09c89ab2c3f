"""The Lambda handlers, as Chalice blueprints: read the event, call the runtime, return. They decide nothing about jobs."""
