"""The API held to its OpenAPI description by schemathesis: whatever is asked, the answer is one that is described."""
import json
from pathlib import Path

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

import webui
from appliance.settings import update
from webui.security import tokens

PATHS = sorted(json.loads((Path(webui.__file__).parent / "static" / "openapi.json").read_text())["paths"])
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
UNWELL = "/healthz"         # answers 503, a server error, where no process runs: as described


@pytest.mark.parametrize("path", PATHS)
def test_whatever_is_asked_the_answer_is_one_that_is_described(app: Flask, config: Path, roof: Path, path: str) -> None:
    token, entry = tokens.make("schemathesis")
    update(config, {"web.public_dashboard": False, "web.tokens": [entry]})
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    plain = {"Accept": "application/json", "Accept-Encoding": "identity"}   # schemathesis unpacks nothing here
    seen: set[int] = set()

    @settings(max_examples=20, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=schema[path]["GET"].as_strategy())
    def ask(case: schemathesis.Case) -> None:
        for headers in ({**plain, "Authorization": f"Bearer {token}"}, plain):
            response = case.call(headers=headers)
            case.validate_response(response, checks=CHECKS[1:] if path == UNWELL else CHECKS)
            seen.add(response.status_code)
    ask()
    assert seen & {200, 400, 503}
