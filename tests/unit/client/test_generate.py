"""The Python client is what the API says of itself."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import msgspec
import pytest
from ringback_client import models
from ringback_client.open_enum import OpenEnum

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "client" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_models_and_operations_are_those_of_the_api(generate: ModuleType) -> None:
    for name, source in generate.generated(generate.document()).items():
        kept = (ROOT / "client" / "ringback_client" / name).read_text()
        assert generate.formatted(name, source) == kept, "run ./dev client"


@pytest.mark.parametrize(
    ("schema", "annotation"),
    [
        ({"type": "string"}, "str"),
        ({"type": "string", "format": "date-time"}, "datetime"),
        ({"anyOf": [{"type": "null"}, {"type": "integer"}]}, "int | None"),
        ({"type": ["string", "null"]}, "str | None"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Leg"}}, "list[Leg]"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "dict[str, str]"),
        ({"type": "object", "additionalProperties": True}, "dict[str, Any]"),
        ({"oneOf": [{"$ref": "#/x/A"}, {"$ref": "#/x/B"}], "discriminator": {}}, "A | B"),
        ({"const": "message"}, "Literal['message']"),
        ({}, "Any"),
    ],
)
def test_a_schema_becomes_an_annotation(generate: ModuleType, schema: object, annotation: str) -> None:
    assert generate.type_of(schema, {}) == annotation


def test_a_kind_it_does_not_know_is_refused(generate: ModuleType) -> None:
    with pytest.raises(ValueError, match="unknown kind"):
        generate.type_of({"type": "file"}, {})


def test_a_word_of_a_newer_server_is_kept() -> None:
    status = msgspec.json.decode(b'"parked"', type=models.CallStatus)
    assert isinstance(status, OpenEnum)
    assert (status, status.name) == ("parked", "UNKNOWN")
    assert msgspec.json.decode(b'"connected"', type=models.CallStatus) is models.CallStatus.CONNECTED
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b"5", type=models.CallStatus)


def test_a_field_of_a_newer_server_is_passed_over() -> None:
    decoded = msgspec.json.decode(
        b'{"ticket":"t","expires_at":"2026-01-01T00:00:00Z","new":[1]}', type=models.Ticket
    )
    assert decoded.ticket == "t"
