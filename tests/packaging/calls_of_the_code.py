"""Derives from the source which AWS calls a handler can reach: handler → runtime → port → adapter → client.

A reference counts as a call, so the result may name a call that never happens, and never leaves one out that the rules below see:

* a name leads to the function or class that it is defined as or imported from;
* ``x.<port>.method``, for a field of Ports or of the ledger, leads to that method of the port's adapters;
* ``self.method`` stays in its class; any other ``.method`` leads to the methods of that name in the runtime and in wiring;
* ``self._client.operation`` and the name of an operation as a text are a call; so is each use of the table, with its index.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from botocore import xform_name

from infra import function_permissions as permissions

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("controller/runtime", "controller/aws", "controller/slack", "handlers")
FILES = ("controller/wiring.py",)
ADAPTERS = {
    "jobs": ("SageMakerJobs",), "checkpoints": ("S3Checkpoints",), "outbox": ("DynamoOutbox",), "events": ("EventPublisher",),
    "chat": ("ChatByChannel",),
    "_slack": ("SlackChat", "WebhookChat", "NoticeChat"), "_topics": ("TopicChat",),
    "report_store": ("S3ReportStore",), "instances": ("Ec2Instances",),
    "policies": ("CompiledPolicies", "ReloadedPolicies"), "_revisions": ("DynamoRevisions",),
    "prices": ("Prices", "DynamoStoredPrices"), "quotas": ("ServiceQuotas",),
    "placement": ("PlacementScores",), "price_list": ("PriceList",), "_events": ("EventPublisher",),
}  # fmt: skip
# What wiring hands to an adapter as a function: the port's method → what is called in the end.
HANDED = {"prices": "DynamoStoredPrices.rates", "chat": "_read_slack_secret", "_slack": "_read_slack_secret"}
BUILDERS = {
    "ports",
    "reading_ports",
    "slack_ports",
    "client",
    "hurried_client",
    "_client_in",
    "_slack",
    "_slack_app",
}  # they build, and call nothing
HANDLERS = {
    "job_changed": ("handlers.jobs", "job_changed"),
    "market_signalled": ("handlers.interruptions", "market_signalled"),
    **{name: ("handlers.clock", name) for name in ("sweep", "discover", "drain", "digests", "prices")},
}
OPERATIONS: Mapping[str, str] = {
    xform_name(call.split()[1]): " ".join(call.split()[:2])
    for call in permissions.CALLS
    if call not in permissions.BY_LAMBDA and "TransactWriteItems" not in call
}
TABLES = ("_table", "table")
VERBS = {"Put", "Update", "Delete", "ConditionCheck"}


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Function:
    """A function or method of the source, where it stands, and what it refers to."""

    module: str
    owner: str
    name: str
    node: ast.AST


@dataclass(slots=True)
class Source:
    """All functions of the packages that ship and may call AWS."""

    functions: dict[tuple[str, str], Function] = field(default_factory=dict)  # (module, name)
    methods: dict[tuple[str, str], Function] = field(default_factory=dict)  # (class, name)
    modules: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)  # module → name → where it is imported from
    classes: dict[tuple[str, str], str] = field(default_factory=dict)  # (module, class) → class

    def read(self, path: Path) -> None:
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        tree = ast.parse(path.read_text("utf-8"))
        imports = self.modules.setdefault(module, {})
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                imports |= {alias.asname or alias.name: (node.module, alias.name) for alias in node.names}
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                self.functions[module, node.name] = Function(module=module, owner="", name=node.name, node=node)
            if isinstance(node, ast.Assign | ast.AnnAssign):  # a table of functions
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                if isinstance(target, ast.Name) and node.value is not None:
                    self.functions[module, target.id] = Function(module=module, owner="", name=target.id, node=node.value)
            if isinstance(node, ast.ClassDef):
                self.classes[module, node.name] = node.name
                for inner in node.body:
                    if isinstance(inner, ast.FunctionDef):
                        found = Function(module=module, owner=node.name, name=inner.name, node=inner)
                        self.methods[node.name, inner.name] = found

    def ledger_ports(self) -> dict[str, tuple[str, ...]]:
        """The ports of the ledger and their adapters, as DynamoLedger builds them."""
        built: dict[str, tuple[str, ...]] = {}
        for node in ast.walk(self.methods["DynamoLedger", "__init__"].node):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and isinstance(node.targets[0], ast.Attribute):
                built[node.targets[0].attr] = (ast.unparse(node.value.func),)
        return built


@cache
def source() -> Source:
    """Read the source once."""
    found = Source()
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            found.read(path)
    for file in FILES:
        found.read(ROOT / file)
    return found


def calls_of(function: str) -> set[str]:
    """Return the calls that a function of the stack can make, in the words of infra/function_permissions.py."""
    code = source()
    if function == "api_handler":
        todo = [code.functions["handlers.slack", name] for name in ("interactions", "spot")]
    else:
        todo = [code.functions[HANDLERS[function]]]
    seen: set[Function] = set()
    calls: set[str] = set()
    while todo:
        one = todo.pop()
        if one in seen:
            continue
        seen.add(one)
        for found in _found_in(one, code):
            if isinstance(found, str):
                calls.add(found)
            else:
                todo.append(found)
    verbs = {call for call in calls if call.startswith("verb ")}
    transact = "transact" in calls
    calls -= verbs | {"transact"}
    return calls | ({f"dynamodb TransactWriteItems with {verb.split()[1]}" for verb in verbs} if transact else set())


def _found_in(one: Function, code: Source) -> Iterator[Function | str]:
    """What a function refers to: other functions, and calls."""
    adapter = one.module.startswith("controller.aws")
    called = {id(node.func) for node in ast.walk(one.node) if isinstance(node, ast.Call)}
    for node in ast.walk(one.node):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield from _named(node.id, one.module, code)
        elif isinstance(node, ast.Attribute):
            yield from _attribute(node, one, code, called=id(node) in called)
        elif isinstance(node, ast.Call) and _last(node.func) == "query" and _last_base(node.func) in TABLES:
            index = next((ast.literal_eval(k.value) for k in node.keywords if k.arg == "index"), "")
            yield f"dynamodb Query {index}".strip()
        elif isinstance(node, ast.Dict) and one.module.startswith("controller.aws.dynamodb"):
            yield from (f"verb {k.value}" for k in node.keys if isinstance(k, ast.Constant) and k.value in VERBS)
        elif adapter and isinstance(node, ast.Constant) and node.value in OPERATIONS and one.name != "query":
            yield OPERATIONS[str(node.value)]


def _named(name: str, module: str, code: Source) -> Iterable[Function]:
    """The function of that name in a module, or the constructor of a class; of a class of the runtime, all its methods."""
    home, original = code.modules[module].get(name, (module, name))
    if original in BUILDERS and home == "controller.wiring":
        return
    if (home, original) in code.functions:
        yield code.functions[home, original]
    private = original.startswith("_")  # a helper of its module
    if (home, original) in code.classes and (private or not home.startswith("controller.aws")):
        yield from (found for (owner, _), found in code.methods.items() if owner == original and found.module == home)


def _attribute(node: ast.Attribute, one: Function, code: Source, *, called: bool) -> Iterator[Function | str]:
    base = _last(node.value) or _last(getattr(node.value, "func", node.value))
    ports = {**ADAPTERS, **{name: (*ADAPTERS.get(name, ()), *found) for name, found in code.ledger_ports().items()}}
    if base == "self" and (one.owner, node.attr) in code.methods:
        yield code.methods[one.owner, node.attr]
    elif base in TABLES:
        if node.attr == "transact":
            yield "transact"
        elif node.attr != "query" and ("Table", node.attr) in code.methods:
            yield code.methods["Table", node.attr]
    elif base in ("_client", "sns", "hurried_client", "client"):
        if node.attr in OPERATIONS:
            yield OPERATIONS[node.attr]
    elif base == "wiring" and node.attr == "ports":
        yield code.methods["S3PolicyDocument", "read"]  # only a function that decides is given the object of PolicyUri
    elif base == "wiring":
        if node.attr not in BUILDERS and ("controller.wiring", node.attr) in code.functions:
            yield code.functions["controller.wiring", node.attr]
    elif base in ports:
        yield from (code.methods[owner, node.attr] for owner in ports[base] if (owner, node.attr) in code.methods)
        handed = HANDED.get(base, "")
        owner, _, name = handed.partition(".")
        if name:
            yield code.methods[owner, name]
        elif handed:
            yield code.functions["controller.wiring", handed]
    elif called and one.module.startswith(("controller.runtime", "controller.wiring", "handlers")):
        for (_, name), found in code.methods.items():
            if name == node.attr and found.module.startswith(("controller.runtime", "controller.wiring")):
                yield found


def _last(node: ast.AST) -> str:
    """The last name of an expression: claims of ports.ledger.claims."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _last_base(node: ast.AST) -> str:
    return _last(node.value) if isinstance(node, ast.Attribute) else ""
