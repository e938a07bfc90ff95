# SPDX-License-Identifier: Apache-2.0
"""docs/openapi.yaml: well-formed by its own linter, and every route and filter of the C code stands in it and none besides."""
import pathlib
import re
import shutil
import subprocess

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = pathlib.Path(__file__).resolve().parent / "npm"
FILE = ROOT / "docs" / "openapi.yaml"
DOCUMENT = yaml.safe_load(FILE.read_text())
ROUTES = re.compile(r'\{"(GET|POST)", (API )?"([^"]+)", (\w+), (&\w+|NULL)\}')


def routes(name):
    """(method, path with {} for what varies, function, what) of each row of a table of routes."""
    for method, api, path, serve, what in ROUTES.findall((ROOT / "fcgi" / name).read_text()):
        path = ("/ops/api/v1/" if api else "") + path
        if path.endswith("+"):  # one part, or two
            yield method, path[:-1] + "{}", serve, what
            yield method, path[:-1] + "{}/{}", serve, what
        else:
            yield method, path.replace("*", "{}") + ("{}" if path.endswith("/") else ""), serve, what


def documented():
    return {(method.upper(), re.sub(r"{\w+}", "{}", path)): operation
            for path, methods in DOCUMENT["paths"].items() for method, operation in methods.items()}


def parameters(operation, place):
    found = [DOCUMENT["components"]["parameters"][p["$ref"].rsplit("/", 1)[1]] if "$ref" in p else p
             for p in operation.get("parameters", [])]
    return sorted(p["name"] for p in found if p["in"] == place)


def filters(text, table):
    return re.findall(r'\{"(\w+)", FILTER_', re.search(table + r"\[\] = \{(.*?)\};", text, re.S).group(1))


def test_every_route_is_documented_and_nothing_else():
    coded = {(method, path) for name in ("routes.c", "ops_routes.c") for method, path, _, _ in routes(name)}
    rows = sum((ROOT / "fcgi" / name).read_text().count(f'{{"{method}", ') for name in ("routes.c", "ops_routes.c") for method in ("GET", "POST"))
    assert rows == sum(1 for name in ("routes.c", "ops_routes.c") for _ in ROUTES.finditer((ROOT / "fcgi" / name).read_text()))
    assert coded == set(documented())
    assert len({operation["operationId"] for operation in documented().values()}) == len(coded)


def test_every_filter_is_documented_and_nothing_else():
    text = (ROOT / "fcgi" / "ops_routes.c").read_text()
    for method, path, serve, what in routes("ops_routes.c"):
        if serve != "ops_list_serve":
            continue
        body = re.search(r"struct ops_list " + what[1:] + r" = \{(.*?)\};", text, re.S).group(1)
        table = re.search(r"\.filters = (\w+)", body).group(1)
        wanted = filters((ROOT / "fcgi" / "ops.c").read_text() if table == "OPS_ORDER_FILTERS" else text, table)
        wanted += ["limit"] if ".named = true" in body else ["format"]
        wanted += ["before", "limit"] if ".paged = true" in body else []
        assert parameters(documented()[method, path], "query") == sorted(wanted), path


def test_scopes_and_reasons_are_those_of_the_code():
    text = (ROOT / "fcgi" / "ops_routes.c").read_text()
    for method, path, serve, what in routes("ops_routes.c"):
        if serve != "ops_act_serve":
            continue
        body = re.search(r"struct ops_act " + what[1:] + r" = \{(.*?)\};", text, re.S).group(1)
        operation = documented()[method, path]
        schema = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
        assert operation["description"].startswith("Scope " + re.search(r'\.scope = "([\w-]+)"', body).group(1)), path
        needed = ["reason"] * (".reason_needed = true" in body) + ["confirm"] * (".confirmed = true" in body)
        assert DOCUMENT["components"]["schemas"][schema].get("required", []) == needed, path


def test_the_linter_finds_nothing(tmp_path):
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    for name in ("package.json", "package-lock.json", "lint.js"):
        shutil.copy(PACKAGE / name, tmp_path)
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=tmp_path, check=True, capture_output=True)

    def lint(file):
        return subprocess.run(["node", "lint.js", str(file)], cwd=tmp_path, check=False, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)

    done = lint(FILE)
    assert done.returncode == 0, done.stdout
    broken = tmp_path / "openapi.yaml"
    shutil.copytree(ROOT / "docs" / "schema", tmp_path / "schema")
    broken.write_text(FILE.read_text().replace("operationId: getLive", "operationId: getReady"))
    done = lint(broken)
    assert done.returncode == 1 and "operation-operationId-unique" in done.stdout
