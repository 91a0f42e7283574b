"""A client that holds every answer against the API's own description while it asks."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import jsonschema
from multidict import CIMultiDictProxy


@dataclass(frozen=True)
class Answer:
    """One answer. body is None where there is none or it is not JSON."""

    status: int
    headers: CIMultiDictProxy[str]
    raw: bytes
    body: Any

    @property
    def code(self) -> str:
        """The code of a problem."""
        code: str = self.body["code"]
        return code


class Contract:
    """The OpenAPI document as a judge of answers."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self._paths = [(re.compile(re.sub(r"{[a-z_]+}", "[^/:]+", path)), path) for path in document["paths"]]

    def check(self, method: str, path: str, status: int, content_type: str, raw: bytes) -> None:
        """Fail when the document does not allow this answer to this request."""
        template = next((name for pattern, name in self._paths if pattern.fullmatch(path)), None)
        operation = self.document["paths"].get(template, {}).get(method.lower())
        where = f"{method} {path} -> {status}"
        if operation is None:
            assert status in (204, 404, 405), f"{where}: not described"
            if status != 204:
                self.check_schema({"$ref": "#/components/schemas/Problem"}, json.loads(raw))
            return
        assert str(status) in operation["responses"], f"{where}: this status is not described: {raw!r}"
        response = operation["responses"][str(status)]
        content = response.get("content")
        if not content:
            assert raw == b"", f"{where}: no body is described, but there is {raw!r}"
            return
        media_type = content_type.partition(";")[0]
        assert media_type in content, f"{where}: {media_type} is not described"
        if media_type.endswith("json"):
            body = json.loads(raw)
            self.check_schema(content[media_type]["schema"], body)
            if media_type == "application/problem+json":
                codes = response["description"].removeprefix("Problem: ").split(", ")
                assert body["code"] in codes, f"{where}: the code {body['code']} is not described"

    def check_schema(self, schema: Mapping[str, Any], value: object) -> None:
        whole = {**schema, "components": self.document["components"]}
        checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
        jsonschema.Draft202012Validator(whole, format_checker=checker).validate(value)


class CheckedClient:
    """Asks one server; fails the test when an answer is not as described."""

    def __init__(self, session: aiohttp.ClientSession, base: str, contract: Contract) -> None:
        self.session = session
        self.base = base
        self.contract = contract

    async def ask(
        self,
        method: str,
        path: str,
        *,
        secret: str | None = None,
        json: object = ...,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request. secret: the Bearer credential; json: the body, or raw: its octets as they are."""
        sent = dict(headers or {})
        if secret is not None:
            sent["Authorization"] = f"Bearer {secret}"
        data = raw
        if json is not ...:
            data = _dumps(json)
        if data is not None and "Content-Type" not in sent:
            sent["Content-Type"] = "application/json"
        async with self.session.request(method, self.base + path, data=data, headers=sent) as response:
            body = await response.read()
            content_type = response.headers.get("Content-Type", "")
            self.contract.check(method, path.partition("?")[0], response.status, content_type, body)
            assert response.headers["X-Request-Id"]
            parsed = _loads(body) if body and "json" in content_type else None
            if "problem" in content_type:
                assert parsed["status"] == response.status
                assert parsed["request_id"] == response.headers["X-Request-Id"]
            return Answer(response.status, response.headers, body, parsed)

    async def get(self, path: str, secret: str | None = None) -> Answer:
        return await self.ask("GET", path, secret=secret)

    async def post(self, path: str, secret: str | None, json: object = ..., key: str | None = None) -> Answer:
        headers = {} if key is None else {"Idempotency-Key": key}
        return await self.ask("POST", path, secret=secret, json=json, headers=headers)


_dumps = lambda value: json.dumps(value).encode()  # noqa: E731
_loads = json.loads
