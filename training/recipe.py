# SPDX-License-Identifier: GPL-3.0-or-later
"""Recipes: the settings of a run as a TOML file with the reason beside each value."""

from __future__ import annotations

import dataclasses
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from neuralboard.errors import NeuralboardError, did_you_mean

__all__ = ["RecipeError", "apply_recipe", "packaged_recipe", "recipe_names"]

Settings = TypeVar("Settings")


class RecipeError(NeuralboardError, ValueError):
    """A recipe can't be used; the message names the file, the setting and the cure."""


def recipe_names() -> list[str]:
    """Return the recipes that come with the package."""
    folder = resources.files("neuralboard.training") / "recipes"
    return sorted(each.name[:-5] for each in folder.iterdir() if each.name.endswith(".toml"))


def packaged_recipe(name: str) -> Path:
    """Return the path of a recipe that comes with the package."""
    if name not in recipe_names():
        raise RecipeError(
            f"there is no recipe '{name}'{did_you_mean(name, recipe_names())};"
            f" there are {', '.join(recipe_names())}"
        )
    return Path(str(resources.files("neuralboard.training") / "recipes" / f"{name}.toml"))


def apply_recipe(settings: Settings, path: Path) -> Settings:
    """Return the settings (a dataclass) with the values of a recipe in place of their own."""
    given: Any = settings
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecipeError(f"can't read the recipe {path.name}: {error}; write TOML") from None
    fields = {field.name for field in dataclasses.fields(given)} - {"corpus", "out"}
    for name, value in values.items():
        if name not in fields:
            raise RecipeError(
                f"{path.name} sets '{name}', which there is not{did_you_mean(name, fields)};"
                f" there are {', '.join(sorted(fields))}"
            )
        now = getattr(given, name)
        kinds = (int, float) if isinstance(now, float) else (type(now), int, str)[: 1 + 2 * (
            name == "devices"
        )]  # fmt: skip
        if isinstance(value, bool) or not isinstance(value, kinds):
            raise RecipeError(
                f"{path.name} sets {name} = {value!r}; give a {type(now).__name__} as {now!r}"
            )
    replaced: Settings = dataclasses.replace(given, **values)
    return replaced
