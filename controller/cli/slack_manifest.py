"""``spotwarden slack-manifest``: prints the manifest of the Slack app, to paste at api.slack.com/apps."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from controller.cli.output.errors import BadInput

SCOPES = ["chat:write", "chat:write.public", "commands", "usergroups:read", "users:read"]
Url = Annotated[str, typer.Option("--url", metavar="URL", help="The stack's output SlackUrl. Empty: an app without buttons.")]
Name = Annotated[str, typer.Option("--name", metavar="NAME", help="The app's name in Slack.")]


def run(url: Url = "", name: Name = "Spotwarden") -> int:
    """Print the manifest as JSON."""
    print(json.dumps(manifest(url, name), indent=2))
    return 0


def manifest(url: str, name: str) -> dict[str, Any]:
    """The manifest as JSON values. Without a URL, the app posts but has no buttons. Raises BadInput for a URL without https."""
    if url and not url.startswith("https://"):
        raise BadInput(f"--url: found {url!r}, wanted the stack's output SlackUrl, which begins with https://")
    base = url.rstrip("/")
    made: dict[str, Any] = {
        "display_information": {"name": name, "description": "Makes SageMaker Managed Spot Training safe to use."},
        "features": {"bot_user": {"display_name": name, "always_online": False}},
        "oauth_config": {"scopes": {"bot": SCOPES if url else [scope for scope in SCOPES if scope != "commands"]}},
        "settings": {"org_deploy_enabled": False, "socket_mode_enabled": False, "token_rotation_enabled": False},
    }
    if url:
        command = {"command": "/spot", "url": f"{base}/slack/command", "description": "Ask Spotwarden", "should_escape": True}
        made["features"]["slash_commands"] = [command]
        made["settings"]["interactivity"] = {"is_enabled": True, "request_url": f"{base}/slack/interactions"}
    return made
