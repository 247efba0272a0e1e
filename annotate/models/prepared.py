"""Queries put into SQL once: for the short ones of every request, that is most of their cost."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Model, QuerySet

Value = int | str | datetime
M = TypeVar("M", bound=Model)

# What stands for a value while the SQL is written: no query says these by itself.
NUMBER, MOMENT = 2_000_000_000, datetime(1801, 1, 1, tzinfo=UTC)
LARGEST = 2**63 - 1  # that a database holds; an address may name a larger number


@dataclass(frozen=True)
class Plan:
    """The SQL of a query for one kind of database, and how its rows are read."""

    sql: str
    places: tuple[tuple[str, Any], ...]  # (name of the value, "") or ("", what always stands here)
    converters: dict[int, tuple[list[Callable[..., Any]], Any]]

    def filled(self, values: dict[str, Any]) -> list[Any]:
        """Return the parameters of the SQL."""
        return [values[name] if name else fixed for name, fixed in self.places]

    def read(self, rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
        """Return the rows as Python has them: moments with their zone, JSON as lists."""
        return [tuple(self._converted(row)) for row in rows] if self.converters else list(rows)  # type: ignore[arg-type]

    def _converted(self, row: Sequence[Any]) -> list[Any]:
        found = list(row)
        for place, (converters, expression) in self.converters.items():
            for convert in converters:
                found[place] = convert(found[place], expression, connection)
        return found


class Prepared:
    """A query whose SQL Django writes at the first call; later calls only fill the values in.

    ``query`` gets a stand-in for each value by keyword and returns a QuerySet of tuples. It is
    called once, so it must not look at its values, nor count in Python with them.
    """

    def __init__(self, query: Callable[..., QuerySet[Any, Any]], **kinds: type[Value]) -> None:
        """Keep the query; ``kinds`` names its values: whole numbers, moments or texts."""
        self.query, self.kinds = query, kinds
        self.plans: dict[str, Plan] = {}

    def rows(self, **values: Value) -> list[tuple[Any, ...]]:
        """Return the rows for these values, one for each name that the query takes."""
        if any(isinstance(value, int) and value > LARGEST for value in values.values()):
            return []
        plan = self.plans.get(connection.vendor)
        if plan is None:
            plan = self.plans[connection.vendor] = self._plan()
        ready = {name: _adapted(value) for name, value in values.items()}
        with connection.cursor() as cursor:
            cursor.execute(plan.sql, plan.filled(ready))
            return plan.read(cursor.fetchall())

    def one(self, **values: Value) -> tuple[Any, ...] | None:
        """Return the first row, or None."""
        return next(iter(self.rows(**values)), None)

    def _plan(self) -> Plan:
        """Let Django write the SQL with stand-ins, and find them again among its parameters."""
        stand_ins = {name: _stand_in(kind, n) for n, (name, kind) in enumerate(self.kinds.items())}
        compiler = self.query(**stand_ins).query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        names = {_adapted(value): name for name, value in stand_ins.items()}
        places = tuple((names.get(one, ""), one) for one in parameters)
        if missing := stand_ins.keys() - {name for name, _ in places}:
            raise ValueError(f"the query does not use {', '.join(sorted(missing))}")
        columns = [column for column, _, _ in compiler.select]
        return Plan(sql, places, compiler.get_converters(columns))


def columns(model: type[Model], before: str = "") -> list[str]:
    """Return all columns of a model for `values_list`; ``before``: the way to it."""
    return [f"{before}{field.attname}" for field in model._meta.concrete_fields]


def built(model: type[M], row: Sequence[Any]) -> M:
    """Return the row of all columns of a model as an instance of it."""
    return model.from_db(connection.alias, columns(model), row)


def _stand_in(kind: type[Value], number: int) -> Value:
    if kind is datetime:
        return MOMENT + timedelta(days=number)
    return NUMBER + number if kind is int else f"\N{SYMBOL FOR SUBSTITUTE}{number}"


def _adapted(value: Value) -> Any:
    """Return a value as this database's driver takes it."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value
