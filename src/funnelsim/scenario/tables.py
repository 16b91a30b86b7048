"""What a table of the file is: frozen, strict, and with rules that span its keys.

pydantic checks each key by itself, and would not ask about several keys together once one of them
has failed. A planner wants to mend everything in one go, so the rules across keys are functions
of their own: they also run over a table in which :class:`Unsound` stands for what has failed.

Annotations are objects here and not text: each table that inherits them would evaluate them anew.
"""

import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, NoReturn, Self, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import InitErrorDetails, PydanticCustomError

Rule = Callable[[Any], "Iterator[Broken]"]

MISSING = "must be stated"  # the rule of a key that is not there


@dataclass(frozen=True)
class Broken:
    """A rule that a table breaks.

    Attributes
    ----------
    rule : str
        What is asked: ``must not be above cap_per_week``.
    remedy : str
        What to do about it; may be empty.
    path : tuple of str and int
        The key to mend, from the table on; empty for the table as a whole.
    """

    rule: str
    remedy: str = ""
    path: tuple[str | int, ...] = ()

    def error(self, kind: Literal["rule", "value"]) -> PydanticCustomError:
        """Return the same as an error of pydantic, of a rule across keys or of a single value."""
        return PydanticCustomError(kind, "{rule}", {"rule": self.rule, "remedy": self.remedy})


class Table(BaseModel):
    """A table of the file: frozen, strict, and deaf to keys it does not know."""

    # Tables are built for validation only where they stand alone; most are part of a scenario. So
    # defaults are made by model_construct: checking them would build a validator for each.
    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", allow_inf_nan=False, defer_build=True
    )

    either_or: ClassVar[tuple[str, ...]] = ()  # keys of which one is stated, never several
    needs_one: ClassVar[bool] = True  # of them
    beside: ClassVar[Mapping[str, str]] = {}  # keys that belong to one of them: key -> which
    laws: ClassVar[Mapping[str, tuple[str, ...]]] = {}  # the keys that each law takes
    rules: ClassVar[tuple[Rule, ...]] = ()  # collected below, those of parents first
    whole: ClassVar[Any] = None  # the table whose other keys it may hold, as they are stated
    not_here: ClassVar[tuple[str, ...]] = ()  # keys of the whole that it may not hold

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        own = tuple(each for each in vars(cls).values() if hasattr(each, "spans_keys"))
        cls.rules = (*cls.rules, *own)

    @model_validator(mode="after")
    def _obeys_its_rules(self) -> Self:
        if found := [
            InitErrorDetails(type=each.error("rule"), loc=each.path, input=self)
            for each in broken_rules(self)
        ]:
            raise ValidationError.from_exception_data(type(self).__name__, found)
        return self


def rule(function: Rule) -> Rule:
    """Mark a method of a table as a rule: it yields what the table breaks."""
    function.spans_keys = True  # type: ignore[attr-defined]
    return function


def broken_rules(table: Table) -> Iterator[Broken]:
    """Yield what a table breaks; a rule that would have to look at a mistake is silent."""
    for each in (_exactly_one, _law_takes, *type(table).rules):
        try:
            yield from each(table)
        except UnsoundError:
            continue


def field_of(table: type[Table], key: str) -> FieldInfo | None:
    """Return what is known of a key; None where the table has no such key."""
    if key not in table.model_fields and table.whole is not None and key not in table.not_here:
        return field_of(table.whole, key)
    return table.model_fields.get(key)


def keys_of(table: type[Table]) -> tuple[str, ...]:
    """Return the keys that a table may hold."""
    others = table.whole.model_fields if table.whole is not None else ()
    return (*table.model_fields, *(key for key in others if field_of(table, key) is not None
                                   and key not in table.model_fields))  # fmt: skip


def nested(table: type[Table], key: str) -> type[Table] | None:
    """Return the kind of table that stands, or is listed, under a key; None for plain values."""
    return _tables_in(table).get(key)


def about(table: type[Table], key: str) -> str:
    """Return what a key is for, in a line of plain text."""
    inner = nested(table, key)
    text = table.model_fields[key].description or (inner and inner.__doc__) or ""
    return text.strip().partition("\n")[0].replace("``", "")


def is_list(table: type[Table], key: str) -> bool:
    """Tell whether a key holds a list of tables."""
    field = field_of(table, key)
    return field is not None and get_origin(field.annotation) is tuple


def is_map(table: type[Table], key: str) -> bool:
    """Tell whether a key holds tables by a name of each."""
    field = field_of(table, key)
    return field is not None and get_origin(field.annotation) is dict


def lacks(table: Table, *keys: str) -> bool:
    """Tell whether one of some tables, or keys, that are required of most was not stated."""
    return any(getattr(table, key) is None for key in keys)


def stated_in(table: Any) -> Mapping[str, Any]:
    """Return what was stated in a table, each value as it is."""
    if isinstance(table, Table):
        kept = table.model_fields_set
        stated = {key: getattr(table, key) for key in type(table).model_fields if key in kept}
        return {**stated, **(table.model_extra or {})}
    return table if isinstance(table, Mapping) else {}


class UnsoundError(Exception):
    """A rule has looked at a value that is itself a mistake."""


class Unsound:
    """Stands for a value that is itself a mistake: it was stated, but must not be looked at."""

    def _refuse(self, *_: Any) -> NoReturn:
        raise UnsoundError


_LOOKS = """
    eq ne lt le gt ge hash bool len iter contains getitem getattr float int format str
    neg add radd sub rsub mul rmul truediv rtruediv pow rpow
"""
for _name in _LOOKS.split():
    setattr(Unsound, f"__{_name}__", Unsound._refuse)


def _exactly_one(table: Table) -> Iterator[Broken]:
    stated = [key for key in table.either_or if getattr(table, key) is not None]
    if len(stated) > 1 or (table.either_or and table.needs_one and not stated):
        keys = " and ".join(table.either_or)
        yield Broken(f"needs exactly one of {keys}, not {'both' if stated else 'none'}")
    for key, one in table.beside.items():
        if getattr(table, key) is not None and getattr(table, one) is None:
            yield Broken(f"belongs to {one} only", f"Leave it out, or state {one}.", path=(key,))
        if getattr(table, key) is None and getattr(table, one) is not None:
            yield Broken(f"must be stated beside {one}", path=(key,))


def _law_takes(table: Table) -> Iterator[Broken]:
    if not table.laws:
        return
    law = table.law  # type: ignore[attr-defined]
    takes = table.laws[law]
    for key in dict.fromkeys(key for keys in table.laws.values() for key in keys):
        stated, needed = getattr(table, key) is not None, key in takes
        if needed and not stated:
            yield Broken(f"must be stated for the law '{law}'", path=(key,))
        if stated and not needed:
            others = f"It takes {' and '.join(takes)}." if takes else "Leave it out."
            yield Broken(f"does not belong to the law '{law}'", others, path=(key,))


@cache
def _tables_in(table: type[Table]) -> dict[str, type[Table]]:
    fields = ((key, field_of(table, key)) for key in keys_of(table))
    inner = ((key, _table_within(field.annotation)) for key, field in fields if field is not None)
    return {key: kind for key, kind in inner if kind is not None}


def _table_within(annotation: Any) -> type[Table] | None:
    if isinstance(annotation, type) and issubclass(annotation, Table):
        return annotation
    if get_origin(annotation) in (Annotated, tuple, dict, Union, types.UnionType):
        return next(filter(None, map(_table_within, get_args(annotation))), None)
    return None
