"""The logical ids of a function's resources in the template, as Chalice makes them."""

from __future__ import annotations


def logical_id(function: str) -> str:
    """Return Chalice's logical id of a function: JobChanged for job_changed. The function of the API is always APIHandler."""
    return "APIHandler" if function == "api_handler" else "".join(word.title() for word in function.split("_"))


def log_group(function: str) -> str:
    """Return the logical id of the log group of a function, given by its logical id."""
    return f"{function}Logs"


def role_of(function: str) -> str:
    """Return Chalice's logical id of the role of a function, given by its logical id."""
    return "ApiHandlerRole" if function == "APIHandler" else f"{function}Role"
