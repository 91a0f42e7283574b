"""`ringback simulate`: peers to try things against, with every option of theirs on the command line.

The options are the fields of each simulator's own options type, read when the verb is asked for, so
that a new one there needs nothing here and `ringback --help` loads no simulator.
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import importlib
import inspect
import typing
from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from engine.cli.trouble import listening
from engine.errors import InvalidRequest


@dataclasses.dataclass(frozen=True, slots=True)
class _Simulator:
    """Where one simulator's `run(options)` is, and the type of its options."""

    module: str
    options: str
    help: str


_SIMULATORS = {
    "pbx": _Simulator("engine.simulators.pbx", "PbxOptions", "An Asterisk manager interface without phones."),
    "smsc": _Simulator(
        "engine.simulators.smsc", "SmscOptions", "An SMPP server without a network behind it."
    ),
}


class Simulators(TyperGroup):
    """A group whose commands are made when one of them is wanted."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(_SIMULATORS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        simulator = _SIMULATORS.get(cmd_name)
        return None if simulator is None else _command(cmd_name, simulator)


def add_verbs(app: typer.Typer) -> None:
    group = typer.Typer(cls=Simulators, no_args_is_help=True, rich_markup_mode=None)

    @group.callback()
    def simulate() -> None:
        """Peers to try things against: options and numbers call up every kind of trouble."""

    app.add_typer(group, name="simulate")


def _command(name: str, simulator: _Simulator) -> Any:
    module = importlib.import_module(simulator.module)
    kind: type[Any] = getattr(module, simulator.options)

    # Whatever else `run` can be told, for example to obey standard input.
    extras = list(inspect.signature(module.run, eval_str=True).parameters.values())[1:]

    def verb(**chosen: Any) -> None:
        more = {extra.name: chosen.pop(extra.name) for extra in extras}
        _run(functools.partial(module.run, **more), _filled(kind, chosen, ""))

    verb.__doc__ = f"{simulator.help}\n\n{inspect.getdoc(kind)}"
    verb.__signature__ = inspect.Signature([*_parameters(kind, ""), *map(_option, extras)])  # type: ignore[attr-defined]
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(name)(verb)
    return get_command(app)


def _run(run: Callable[[Any], Coroutine[Any, Any, None]], options: Any) -> None:
    from config.logging import configure
    from config.settings import LogSettings

    found = options.problems() if hasattr(options, "problems") else []
    if found:
        raise InvalidRequest("; ".join(found), code="invalid_options")
    configure(LogSettings())
    with listening(f"{options.host}:{options.port}"):
        asyncio.run(run(options))


def _parameters(kind: type[Any], prefix: str) -> Iterator[inspect.Parameter]:
    """One option for each field; the fields of a type within it get its name in front."""
    hints = typing.get_type_hints(kind)
    for field in dataclasses.fields(kind):
        hint, name = hints[field.name], f"{prefix}{field.name}"
        if dataclasses.is_dataclass(hint):
            yield from _parameters(hint, f"{name}_")  # type: ignore[arg-type]
            continue
        parameter = inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hint
        )
        yield _option(parameter, show_default=field.repr)


def _option(parameter: inspect.Parameter, *, show_default: bool = True) -> inspect.Parameter:
    """The parameter as an option of the command line."""
    name = parameter.name.replace("_", "-")
    flags = f"--{name}/--no-{name}" if parameter.annotation is bool else f"--{name}"
    hint: Any = Annotated[parameter.annotation, typer.Option(flags, show_default=show_default)]
    return parameter.replace(annotation=hint)


def _filled(kind: type[Any], chosen: Mapping[str, Any], prefix: str) -> Any:
    """The options type with what was chosen. Raises InvalidRequest for a value its own check refuses."""
    hints = typing.get_type_hints(kind)
    values = {
        field.name: _filled(hints[field.name], chosen, f"{prefix}{field.name}_")
        if dataclasses.is_dataclass(hints[field.name])
        else chosen[f"{prefix}{field.name}"]
        for field in dataclasses.fields(kind)
    }
    try:
        return kind(**values)
    except ValueError as error:
        raise InvalidRequest(str(error), code="invalid_options") from error
