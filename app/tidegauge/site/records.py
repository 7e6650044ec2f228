"""The page about every record on the public topics, from the JSON Schemas of the contract."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tidegauge.contract.examples import EXAMPLES
from tidegauge.contract.json_schema import json_schema
from tidegauge.contract.topics import PUBLIC_TOPICS, Role, Topic

_HEAD = """# Records

<!-- Generated: `python -m tidegauge.site.generate` -->

What is on each public topic, field by field. The same as JSON Schema and AsyncAPI, for programs, \
is in [schemas](../schemas/asyncapi.yaml) and printed by `tidegauge schema`. Topic names are the \
defaults of the settings. Values are JSON in UTF-8; times are RFC 3339 with an offset from UTC. \
What Tidegauge writes is written in transactions: read it with `isolation.level=read_committed`.

A field may be null only where that is said; a figure that is null is undefined, not zero. New \
fields may come with a new version of Tidegauge, so let a subscriber pass over those that it does \
not know.
"""
_BOUNDS = (
    ("minLength", "maxLength", " characters"),
    ("minimum", "maximum", ""),
    ("minItems", "maxItems", ""),
    ("minProperties", "maxProperties", ""),
)


def page() -> str:
    """The whole page as Markdown."""
    return "\n".join([_HEAD, *(line for topic in PUBLIC_TOPICS for line in _topic(topic))])


def _topic(topic: Topic) -> Iterator[str]:
    direction = "publishers write it" if topic.role is Role.INPUT else "Tidegauge writes it"
    yield f"## Topic `{topic.name}`\n"
    yield f"{topic.about}\n"
    policy = ", ".join(topic.cleanup)
    yield f"- **Direction**: {direction}\n- **Key**: {topic.key}\n- **Cleanup**: {policy}\n"
    for message in topic.messages:
        yield from _message(message)


def _message(name: str) -> Iterator[str]:
    schema = json_schema(name)
    yield f"### {name}\n"
    yield f"{schema['description']}\n"
    yield from _fields(schema, name)
    if name == "alert":
        yield "#### Headers of alert\n"
        yield from _fields(json_schema("alert-headers"), "headers")
    for part, definition in schema.get("$defs", {}).items():
        if "properties" in definition:
            yield f"#### {part} of {name}\n"
            if "description" in definition:
                yield f"{definition['description']}\n"
            yield from _fields(definition, name)
    yield f"An example (`tidegauge schema {name} --example`):\n"
    yield f"```json\n{json.dumps(EXAMPLES[name], indent=2, ensure_ascii=False)}\n```\n"


def _fields(schema: Mapping[str, Any], owner: str) -> Iterator[str]:
    required = schema.get("required", ())
    yield "| field | value | meaning |\n| --- | --- | --- |"
    for field, said in schema["properties"].items():
        needed = "" if field in required else " (optional)"
        words = " ".join(said.get("description", "").split()).replace("|", "\\|")
        yield f"| `{field}`{needed} | {_value(said, schema, owner)} | {words} |"
    yield ""


def _value(said: Mapping[str, Any], schema: Mapping[str, Any], owner: str) -> str:
    if options := said.get("anyOf") or said.get("oneOf"):
        return " or ".join(dict.fromkeys(_value(option, schema, owner) for option in options))
    if "$ref" in said:
        return _reference(said["$ref"].rpartition("/")[2], owner)
    if "const" in said:
        return f"`{json.dumps(said['const'])}`"
    if said.get("format") == "date-time":
        return "time"
    kind = str(said.get("type", "any"))
    held = said.get("items") if kind == "array" else said.get("additionalProperties")
    words = {"array": "list of {}", "object": "object of {} by name"}.get(kind, kind)
    inner = _value(held, schema, owner) if isinstance(held, dict) else "anything"
    return words.format(inner) + _limits(said)


def _reference(part: str, owner: str) -> str:
    definition = json_schema(owner).get("$defs", {}).get(part, {}) if owner != "headers" else {}
    if "enum" in definition:
        return ", ".join(f"`{choice}`" for choice in definition["enum"])
    if "const" in definition:
        return f"`{definition['const']}`"
    return f"[{part}](#{_anchor(owner, part)})"


def _limits(said: Mapping[str, Any]) -> str:
    told = []
    for low, high, what in _BOUNDS:
        if low in said and high in said:
            told.append(f"{said[low]:g} to {said[high]:g}{what}")
        elif low in said:
            told.append(f"from {said[low]:g}{what}")
        elif high in said:
            told.append(f"at most {said[high]:g}{what}")
    return f" ({', '.join(told)})" if told else ""


def _anchor(owner: str, part: str) -> str:
    return f"{part.lower()}-of-{owner}"
