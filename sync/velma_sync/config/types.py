"""Looks into the type annotations of option models: which models and values can stand in one place."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, TypeGuard, Union, get_args, get_origin

from pydantic import BaseModel

from velma_sync.config.yaml_file import PlainValue


def is_model(candidate: Any) -> TypeGuard[type[BaseModel]]:
    return isinstance(candidate, type) and issubclass(candidate, BaseModel)


def alternatives(annotation: Any) -> Iterator[Any]:
    """The members of a union, or the type itself, without annotations."""
    if get_origin(annotation) is Annotated:
        yield from alternatives(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, UnionType):
        for argument in get_args(annotation):
            yield from alternatives(argument)
    else:
        yield annotation


def item_types(annotation: Any) -> list[Any]:
    """What the values of a list, tuple or mapping are."""
    return [
        get_args(each)[0] if get_origin(each) is tuple else get_args(each)[-1]
        for each in alternatives(annotation)
        if get_origin(each) is not Literal and get_args(each)
    ]


def literals(model: type[BaseModel]) -> Iterator[tuple[str, object]]:
    """The fields of a model that can have one value only: what tells it from its alternatives."""
    for name, field in model.model_fields.items():
        if get_origin(field.annotation) is Literal and len(get_args(field.annotation)) == 1:
            (value,) = get_args(field.annotation)
            yield name, value.value if isinstance(value, Enum) else value


def models_for(annotation: Any, data: PlainValue) -> list[type[BaseModel]]:
    """The models that `data` may be: the one its own values choose, else all there are."""
    models = [each for each in alternatives(annotation) if is_model(each)]
    if len(models) < 2 or not isinstance(data, dict):
        return models
    chosen = [model for model in models if any(data.get(name) == value for name, value in literals(model))]
    return chosen or models
