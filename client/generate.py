"""Makes the client's models and operations from the API's own description.

    python client/generate.py

Writes `ringback_client/models.py` and `ringback_client/operations.py`; a test of the project does the
same and compares, so neither is edited by hand.
"""

from __future__ import annotations

import keyword
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PACKAGE = HERE / "ringback_client"
_LINE = 110
#: What is no Python name becomes one; msgspec and the operations know the name on the wire.
_RESERVED = frozenset(keyword.kwlist)
_MADE = '"""{what}. Made by `generate.py` from the API\'s description; not edited by hand."""'
_VERBATIM = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}

Schema = Mapping[str, Any]


def python_name(name: str) -> str:
    """A field's name in Python: `from` is `from_`."""
    clean = re.sub(r"\W", "_", name)
    return f"{clean}_" if clean in _RESERVED else clean


def type_of(schema: Schema, schemas: Schema) -> str:
    """The annotation of a schema. Raises ValueError for one this generator does not know."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "const" in schema:
        return f"Literal[{schema['const']!r}]"
    if "enum" in schema:
        return f"Literal[{', '.join(map(repr, schema['enum']))}]"
    for union in ("anyOf", "oneOf", "allOf"):
        if union in schema:
            members = list(dict.fromkeys(type_of(one, schemas) for one in schema[union]))
            return " | ".join(sorted(members, key=lambda one: one == "None"))
    kind = schema.get("type")
    if isinstance(kind, list):
        return " | ".join(type_of({**schema, "type": one}, schemas) for one in kind)
    if kind == "string" and schema.get("format") == "date-time":
        return "datetime"
    if kind == "array":
        return f"list[{type_of(schema['items'], schemas)}]" if "items" in schema else "list[Any]"
    if kind == "object":
        values = schema.get("additionalProperties")
        return f"dict[str, {type_of(values, schemas) if isinstance(values, Mapping) and values else 'Any'}]"
    if kind in _VERBATIM:
        return _VERBATIM[kind]
    if not kind:
        return "Any"
    raise ValueError(f"a schema of an unknown kind: {schema}")


# Models


def models(schemas: Schema, wanted: set[str]) -> str:
    """The source of every model that an answer may hold, and of the enumerations."""
    lines = [
        _MADE.format(what="What the API answers with"),
        "",
        "from __future__ import annotations",
        "",
        "from datetime import datetime",
        "from typing import Any, Literal",
        "",
        "import msgspec",
        "",
        "from ringback_client.open_enum import OpenEnum",
    ]
    for name in sorted(wanted):
        schema = schemas[name]
        made = _enumeration(name, schema) if "enum" in schema else _struct(name, schema, schemas)
        lines += ["", "", *made]
    return "\n".join(lines) + "\n"


def _enumeration(name: str, schema: Schema) -> Iterator[str]:
    yield f"class {name}(OpenEnum):"
    yield from _docstring(schema.get("description", ""), 4)
    for value in schema["enum"]:
        yield f"    {re.sub(r'[^0-9A-Z]', '_', str(value).upper())} = {value!r}"


def _struct(name: str, schema: Schema, schemas: Schema) -> Iterator[str]:
    properties: Schema = schema.get("properties", {})
    renamed = {python_name(field): field for field in properties if python_name(field) != field}
    tag = "type" if "const" in properties.get("type", {}) else None  # one of several, told apart by it
    options = ["kw_only=True"]
    if tag is not None:
        options += [f"tag_field={tag!r}", f"tag={properties[tag]['const']!r}"]
    if renamed:
        options.append(f"rename={renamed!r}")
    yield f"class {name}(msgspec.Struct, {', '.join(options)}):"
    yield from _docstring(schema.get("description", ""), 4)
    fields = 0
    for field, one in properties.items():
        if field == tag:
            continue
        fields += 1
        annotation = type_of(one, schemas)
        if field not in schema.get("required", ()):
            annotation += " = None" if "None" in annotation else " | None = None"
        yield f"    {python_name(field)}: {annotation}"
        if one.get("description"):
            yield from _docstring(one["description"], 4)
    if not fields and not schema.get("description"):
        yield "    pass"


def _docstring(text: str, indent: int) -> Iterator[str]:
    if not text:
        return
    margin = " " * indent
    paragraphs = text.strip().split("\n")
    if len(paragraphs) == 1 and len(text) + indent + 6 <= _LINE:
        yield f'{margin}"""{text.strip()}"""'
        return
    yield f'{margin}"""{paragraphs[0]}'
    yield from (f"{margin}{line}".rstrip() for line in paragraphs[1:])
    yield f'{margin}"""'


# Operations


@dataclass(frozen=True)
class Argument:
    """One argument of an operation. where: path, query or body; name: on the wire."""

    name: str
    where: str
    annotation: str
    required: bool


@dataclass(frozen=True)
class Operation:
    """One method of the client."""

    name: str
    method: str
    path: str
    summary: str
    arguments: Sequence[Argument]
    answer: str | None
    idempotent: bool
    problems: Sequence[str]
    raw_body: str | None


def operations(document: Schema) -> Iterator[Operation]:
    """Every operation of the description that answers with JSON or nothing."""
    schemas: Schema = document["components"]["schemas"]
    for path, methods in document["paths"].items():
        for method, one in methods.items():
            yield _operation(path, method, one, schemas)


def _operation(path: str, method: str, one: Schema, schemas: Schema) -> Operation:
    arguments: list[Argument] = []
    for parameter in one.get("parameters", ()):
        if parameter["in"] in ("path", "query") and parameter["name"] != "ticket":
            annotation = _input_type(parameter["schema"], schemas)
            arguments.append(
                Argument(parameter["name"], parameter["in"], annotation, parameter.get("required", False))
            )
    content = one.get("requestBody", {}).get("content", {})
    raw_body = next((kind for kind in content if kind != "application/json"), None)
    if "application/json" in content:
        raw_body = None
        body = schemas[content["application/json"]["schema"]["$ref"].rpartition("/")[2]]
        for field, schema in body.get("properties", {}).items():
            required = field in body.get("required", ())
            arguments.append(Argument(field, "body", _input_type(schema, schemas), required))
    answers = [status for status in one["responses"] if status.startswith("2")]
    answer = None
    for status in answers:
        for kind, media in one["responses"][status].get("content", {}).items():
            shown = kind == "application/json" and "$ref" in media["schema"]  # else it is a file
            answer = type_of(media["schema"], schemas) if shown else "bytes"
    return Operation(
        name=one["operationId"],
        method=method.upper(),
        path=path,
        summary=one["summary"],
        arguments=arguments,
        answer=answer,
        idempotent=any(p["name"] == "Idempotency-Key" for p in one.get("parameters", ())),
        problems=_codes(one["responses"]),
        raw_body=raw_body,
    )


def _input_type(schema: Schema, schemas: Schema) -> str:
    """What a caller may give: enumerations as their values, nested bodies as plain dictionaries."""
    if "$ref" in schema:
        named = schemas[schema["$ref"].rpartition("/")[2]]
        if "enum" in named:
            return f"Literal[{', '.join(map(repr, named['enum']))}]"
        return "Mapping[str, object]"
    for union in ("anyOf", "oneOf", "allOf"):
        if union in schema:
            members = dict.fromkeys(_input_type(one, schemas) for one in schema[union])
            return " | ".join(sorted(members, key=lambda one: one == "None"))
    if schema.get("type") == "array":
        return f"Sequence[{_input_type(schema.get('items', {}), schemas)}]"
    if schema.get("type") == "object":
        return "Mapping[str, object]"
    return type_of(schema, schemas)


def _codes(responses: Schema) -> list[str]:
    codes: set[str] = set()
    for status, response in responses.items():
        if not status.startswith("2") and ":" in response.get("description", ""):
            codes |= set(response["description"].partition(":")[2].strip().split(", "))
    return sorted(codes)


def operations_source(found: Sequence[Operation]) -> str:
    """The source of the class that the client inherits its methods from."""
    answers = sorted({one.answer for one in found if one.answer and one.answer.isidentifier()} - {"bytes"})
    lines = [
        _MADE.format(what="Every operation of the API"),
        "",
        "from __future__ import annotations",
        "",
        "from collections.abc import Mapping, Sequence",
        "from datetime import datetime",
        "from types import NoneType",
        "from typing import Any, Literal",
        "",
        "from ringback_client import models",
        "from ringback_client.transport import UNSET, Transport, Unset",
        "",
        "",
        "class Operations(Transport):",
        '    """One method an operation; arguments are the fields of its body and its query."""',
    ]
    for one in sorted(found, key=lambda operation: operation.name):
        lines += ["", *_method(one, answers)]
    return "\n".join(lines) + "\n"


def _method(one: Operation, answers: Sequence[str]) -> Iterator[str]:
    path = [argument for argument in one.arguments if argument.where == "path"]
    rest = [argument for argument in one.arguments if argument.where != "path"]
    signature = ["self", *(f"{argument.name}: str" for argument in path)]
    if one.raw_body:
        signature.append("body: bytes")
    if rest or one.idempotent:
        signature.append("*")
    for argument in sorted(rest, key=lambda argument: not argument.required):
        signature.append(f"{python_name(argument.name)}: {_given(argument)}")
    if one.idempotent:
        signature.append("idempotency_key: str | None = None")
    answer = f"models.{one.answer}" if one.answer in answers else (one.answer or "None")
    yield f"    async def {one.name}({', '.join(signature)}) -> {answer}:"
    yield f'        """{one.summary}'
    codes = ", ".join(code for code in one.problems if code not in _EVERYWHERE)
    if codes:
        yield ""
        yield from _wrapped(f"Raises Problem, beyond the usual: {codes}.")
    yield '        """'
    yield "        return await self._call("
    yield f"            {one.method!r},"
    yield f"            f{_path(one.path)!r}," if path else f"            {one.path!r},"
    yield f"            {answer if one.answer else 'NoneType'},"
    for where in ("query", "body"):
        fields = [argument for argument in rest if argument.where == where]
        if fields:
            pairs = ", ".join(f"{argument.name!r}: {python_name(argument.name)}" for argument in fields)
            yield f"            {where}={{{pairs}}},"
    if one.raw_body:
        yield f"            raw=(body, {one.raw_body!r}),"
    if one.idempotent:
        yield "            idempotency_key=self._key(idempotency_key),"
    yield "        )"


def _given(argument: Argument) -> str:
    if argument.required:
        return argument.annotation
    may_be_none = argument.annotation.endswith(" | None")
    kind = argument.annotation.removesuffix(" | None")
    return f"{kind} | Unset{' | None' if may_be_none else ''} = UNSET"


def _path(path: str) -> str:
    return re.sub(r"{([a-z_]+)}", r"{self._in_path(\1)}", path)


def _wrapped(text: str) -> Iterator[str]:
    line = "       "
    for word in text.split():
        if len(line) + 1 + len(word) > _LINE:
            yield line
            line = "       "
        line += f" {word}"
    yield line


_EVERYWHERE = frozenset(
    {
        "unauthenticated", "credential_unknown", "credential_expired", "credential_revoked", "forbidden",
        "scope_too_low", "internal", "storage_unavailable", "storage_busy", "storage_closing",
        "storage_outcome_unknown", "invalid_input", "malformed_json", "body_too_large",
        "unsupported_media_type", "idempotency_mismatch", "malformed_header", "not_found",
        "invalid_request", "origin_not_allowed", "anti_forgery_missing", "unreadable_request",
    }
)  # fmt: skip


def generated(document: Schema) -> Mapping[str, str]:
    """File name -> source, before formatting."""
    schemas: Schema = document["components"]["schemas"]
    found = list(operations(document))
    wanted: set[str] = set()

    def want(name: str) -> None:
        if name in wanted or name not in schemas:
            return
        wanted.add(name)
        for inner in re.findall(r"'\$ref': '#/components/schemas/(\w+)'", repr(schemas[name])):
            want(inner)

    for one in found:
        for name in re.findall(r"\w+", one.answer or ""):
            want(name)
    want("Problem")
    return {"models.py": models(schemas, wanted), "operations.py": operations_source(found)}


def formatted(name: str, source: str) -> str:
    """As ruff formats it, which is pinned with the project."""
    for command in (["check", "--fix-only", "--quiet", "--select", "F401,I", "-"], ["format", "-"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(PACKAGE / name)],
            input=source, capture_output=True, text=True, check=True,
        )  # fmt: skip
        source = done.stdout
    return source


def document() -> Schema:
    """The API's description, from the routes of this checkout."""
    sys.path.insert(0, str(HERE.parent))
    from api.app import FEATURES
    from api.openapi import describe
    from api.routes import RouteTable

    return describe(RouteTable(FEATURES), "0")


def main() -> None:
    for name, source in generated(document()).items():
        (PACKAGE / name).write_text(formatted(name, source))


if __name__ == "__main__":
    main()
