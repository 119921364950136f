"""A default that changes must raise its class's version, or old hashes would lie.

Renew the snapshot with ``python -m tests.contracts.test_versions``.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from foreworld.core import registry
from foreworld.core.parts import config
from foreworld.core.parts.part import Part, field_specs

SNAPSHOT = Path(__file__).with_name("versions.json")


def defaults(cls: type[Part]) -> dict[str, Any]:
    """Version and encoded defaults of a class; required fields are None."""
    fields = {
        spec.name: None if spec.required else config.encode(spec.default())
        for spec in field_specs(cls)
    }
    return {"version": cls.version, "fields": fields}


def everything() -> dict[str, dict[str, Any]]:
    found = {}
    for kind in registry.KINDS:
        for entry in registry.entries(kind).values():
            cls = entry.load()
            found[registry.address(cls)] = defaults(cls)
    return dict(sorted(found.items()))


@pytest.mark.parametrize("address", sorted(everything()))
def test_defaults_change_only_with_the_version(address):
    known = json.loads(SNAPSHOT.read_text())
    renew = "Then renew the snapshot: python -m tests.contracts.test_versions"
    assert address in known, f"{address} is new. {renew}"
    now = json.loads(json.dumps(defaults(registry.locate(address))))
    if now["fields"] != known[address]["fields"]:
        assert now["version"] > known[address]["version"], (
            f"defaults of {address} changed: raise its version. {renew}"
        )
    assert now == known[address], renew


if __name__ == "__main__":
    SNAPSHOT.write_text(json.dumps(everything(), indent=1) + "\n")
