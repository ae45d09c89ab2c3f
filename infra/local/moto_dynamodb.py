"""Makes moto's DynamoDB fast and atomic, without changing its responses.

Stock moto copies the whole table for each item of a transaction, and sorts the whole table for each query. It also keeps all
items in a list of the class. So a simulated week needs minutes and gigabytes. Besides, it serves requests on threads without a
lock, so that two transactions can interleave. This module changes five things, and needs the exact version of moto that
pyproject.toml pins:

* a transaction remembers the items that it names, and restores them if it fails;
* a query reads one partition, or one value of an index's partition key, and moto filters and sorts only these items;
* a stored item is never changed, only replaced, so that it cannot change while a response is written;
* items are written as the JSON that moto stores, not with the general serializer for all AWS services;
* instances are not tracked, so moto's own web page shows no items.

Conditions, expressions, paging, projections and errors are moto's own. A backup of a table would share its items with the table,
but there are no backups here.
"""

from __future__ import annotations

import copy
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from inspect import signature
from threading import RLock
from typing import Any, cast

from moto.core.responses import ActionContext
from moto.dynamodb import urls
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table
from moto.dynamodb.models.utilities import dynamo_json_dump
from moto.dynamodb.responses import DynamoResult

Key = tuple[DynamoType, DynamoType | None]
Shelf = dict[Key, Item]  # the items that have the same value of an index's partition key
QUERY = signature(Table.query)


class ShelvedTable(Table):
    """A table with a second copy of its items by index: one shelf for each value of the index's partition key."""

    _shelves: dict[str, defaultdict[Any, Shelf]]
    _shelves_of: dict[Key, list[Shelf]]
    _in_view: Iterable[Item] | None = None

    def open_shelves(self) -> None:
        """Create the shelves of an empty table."""
        self._shelves = {index.name: defaultdict(dict) for index in self.global_indexes}
        self._shelves_of = {}

    def shelve(self, key: Key, item: Item | None) -> None:
        """Remove the key from all shelves; then add the item to one shelf of each index whose key attributes it has."""
        for shelf in self._shelves_of.pop(key, ()):
            shelf.pop(key)
        if item is None:
            return
        shelves = [
            self._shelves[index.name][item.attrs[index.schema_key_attrs[0]].value]
            for index in self.global_indexes
            if all(attribute in item.attrs for attribute in index.schema_key_attrs)
        ]
        for shelf in shelves:
            shelf[key] = item
        if shelves:
            self._shelves_of[key] = shelves

    def replace(self, key: Key, item: Item | None) -> None:
        """Store the item under its key, or delete the key if the item is None, without a condition."""
        hash_key, range_key = key
        if item is None:
            super().delete_item(hash_key, range_key)
        elif range_key is None:
            self.items[hash_key] = item  # type: ignore[assignment]  # moto keeps items of tables without a sort key so
        else:
            self.items[hash_key][range_key] = item
        self.shelve(key, item)

    def put_item(self, *args: Any, **kwargs: Any) -> Item:
        item = super().put_item(*args, **kwargs)
        self.shelve((item.hash_key, item.range_key), item)
        return item

    def delete_item(self, hash_key: DynamoType, range_key: DynamoType | None) -> Item | None:
        self.shelve((hash_key, range_key), None)
        return super().delete_item(hash_key, range_key)

    def query(self, *args: Any, **kwargs: Any) -> Any:
        asked = QUERY.bind(self, *args, **kwargs).arguments
        self._in_view = self._partition(asked["hash_key"], asked.get("index_name"))
        try:
            return super().query(*args, **kwargs)
        finally:
            self._in_view = None

    def _partition(self, hash_key: DynamoType | None, index_name: str | None) -> Iterable[Item] | None:
        if hash_key is None or not self.has_range_key:
            return None
        if index_name is None:
            return self.items[hash_key].values() if hash_key in self.items else ()
        return self._shelves[index_name][hash_key.value].values() if index_name in self._shelves else None

    def least(self, index_name: str) -> str | None:
        """Return the least sort key among an index's items."""
        sort_key = self.get_index(index_name).schema_key_attrs[1]
        shelves = self._shelves[index_name].values()
        return min((item.attrs[sort_key].value for shelf in list(shelves) for item in list(shelf.values())), default=None)

    def all_items(self) -> list[Item]:
        return super().all_items() if self._in_view is None else list(self._in_view)

    def __deepcopy__(self, memo: dict[int, Any]) -> ShelvedTable:
        return self  # moto's transaction would copy the whole table; AtomicBackend restores the items instead


class AtomicBackend(DynamoDBBackend):
    """moto's DynamoDB with one lock around each operation."""

    def __init__(self, region_name: str, account_id: str):
        super().__init__(region_name, account_id)
        self.lock = RLock()

    @property
    def _url_module(self) -> Any:
        return urls  # moto would search for this module in the package of the subclass

    def create_table(self, *args: Any, **kwargs: Any) -> Table:
        table = super().create_table(*args, **kwargs)
        table.__class__ = ShelvedTable  # type: ignore[type-abstract]  # moto made a Table, which has the same fields
        cast(ShelvedTable, table).open_shelves()
        return table

    def transact_write_items(self, transact_items: list[dict[str, Any]]) -> None:
        with self.lock:
            before = [(table, key, table.get_item(*key)) for table, key in self._named(transact_items)]
            try:
                super().transact_write_items(transact_items)
            except Exception:
                for table, key, item in before:
                    table.replace(key, item)
                raise

    def _named(self, transact_items: list[dict[str, Any]]) -> Iterable[tuple[ShelvedTable, Key]]:
        """The tables and keys in a transaction. Malformed operations are left out, because moto refuses them."""
        for operations in transact_items:
            for operation in operations.values():
                table = self.tables.get(operation.get("TableName", ""))
                named = operation.get("Key") or operation.get("Item") or {}
                if isinstance(table, ShelvedTable) and all(name in named for name in table.table_key_attrs):
                    yield table, self.get_keys_value(table, named)

    def update_item(self, table_name: str, key: dict[str, dict[str, Any]], *args: Any, **kwargs: Any) -> Item:
        with self.lock:
            table = cast(ShelvedTable, self.get_table(table_name))
            place = self.get_keys_value(table, key)
            before = table.get_item(*place)
            if before is not None:
                table.replace(place, copy.deepcopy(before))
            try:
                item = super().update_item(table_name, key, *args, **kwargs)
            except Exception:
                table.replace(place, before)
                raise
            table.shelve(place, item)
            return item

    def put_item(self, *args: Any, **kwargs: Any) -> Item:
        with self.lock:
            return super().put_item(*args, **kwargs)

    def delete_item(self, *args: Any, **kwargs: Any) -> Item | None:
        with self.lock:
            return super().delete_item(*args, **kwargs)

    def get_item(self, *args: Any, **kwargs: Any) -> Item | None:
        with self.lock:
            return super().get_item(*args, **kwargs)

    def query(self, *args: Any, **kwargs: Any) -> Any:
        with self.lock:
            return super().query(*args, **kwargs)

    def scan(self, *args: Any, **kwargs: Any) -> Any:
        with self.lock:
            return super().scan(*args, **kwargs)


def least(account: str, region: str, table: str, index: str) -> str | None:
    """Return the least sort key of an index of a table in this process, without a call; None if the index is empty."""
    shelved = cast(ShelvedTable, dynamodb_backends[account][region].get_table(table))
    return shelved.least(index)


def has_items(account: str, region: str, table: str, partition_prefix: str) -> bool:
    """Return whether a partition whose key begins with the prefix has items, without a call."""
    items = dynamodb_backends[account][region].get_table(table).items
    return any(found for key, found in list(items.items()) if str(key.value).startswith(partition_prefix))


def write_directly(result: DynamoResult, context: ActionContext) -> tuple[int, dict[str, str], str]:
    """Make the response from moto's own JSON of DynamoDB's types."""
    return 200, {"Content-Type": "application/x-amz-json-1.0"}, dynamo_json_dump(result.result)


def install() -> Callable[[], None]:
    """Replace moto's DynamoDB in this process. Returns a function that restores the stock one. Both delete all tables."""
    stock = (DynamoDBBackend, DynamoResult.execute_result, Item.instances_tracked)  # type: ignore[attr-defined]  # moto sets it at run time
    _serve_with(AtomicBackend, write_directly, deque(maxlen=0))
    return lambda: _serve_with(*stock)


def _serve_with(backend: type[DynamoDBBackend], execute_result: Callable[..., Any], instances_tracked: Any) -> None:
    dynamodb_backends.backend = backend
    dynamodb_backends.clear()
    DynamoResult.execute_result = execute_result  # type: ignore[method-assign]  # that is the replacement
    Item.instances_tracked = instances_tracked  # type: ignore[attr-defined]  # moto's metaclass puts it there
