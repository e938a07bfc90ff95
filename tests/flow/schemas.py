# SPDX-License-Identifier: Apache-2.0
"""docs/schema read as strictly as the front door reads bodies: integers are written as integers, texts have bytes."""
import json
import pathlib

import jsonschema

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "docs" / "schema"
DEFINITIONS = json.loads((FOLDER / "definitions.json").read_text())["$defs"]


def bytes_max(_, most, value, __):
    if isinstance(value, str) and len(value.encode()) > most:
        yield jsonschema.ValidationError(f"{value!r} has more than {most} bytes")


STRICT = jsonschema.validators.extend(
    jsonschema.Draft202012Validator, {"x-max-bytes": bytes_max},
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int))


def names():
    return sorted(path.stem for path in FOLDER.glob("*.json") if path.stem != "definitions")


def schema(name):
    return json.loads((FOLDER / f"{name}.json").read_text())


BASE = FOLDER.as_uri() + "/"
# Without "$schema", at which a file that is referred to would be read by the library's own rules.
STORE = {f"{BASE}{name}.json": {word: value for word, value in schema(name).items() if word != "$schema"}
         for name in [*names(), "definitions"]}


def validator(place):
    """Of "license.create", or of a part: "license.create#/$defs/lisanszone"."""
    name, _, part = place.partition("#")
    return STRICT({"$ref": f"{name}.json#{part}"}, resolver=jsonschema.RefResolver(BASE, None, store=STORE))


def problems(place, value):
    return [f"{'.'.join(str(step) for step in error.absolute_path)}: {error.message}"
            for error in validator(place).iter_errors(value)]
