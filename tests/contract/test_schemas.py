"""The files under ``schemas/`` are those of the contract, are valid, and refer to each other."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ValidationError

from tidegauge.contract.examples import EXAMPLES
from tidegauge.contract.generate import GENERATED, SCHEMAS
from tidegauge.contract.json_schema import MODELS
from tidegauge.contract.topics import PUBLIC_TOPICS
from tidegauge.kafka.topics import topic_specs
from tidegauge.settings.kafka import TopicNames, TopicsSettings

NAMES = sorted(MODELS)


def schema(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))
    return loaded


def example(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((SCHEMAS / "examples" / f"{name}.json").read_text("utf-8"))
    return loaded


def asyncapi() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((SCHEMAS / "asyncapi.yaml").read_text("utf-8"))
    return loaded


def test_the_files_are_in_step_with_the_contract() -> None:
    assert GENERATED.differences(SCHEMAS) == [], "run python -m tidegauge.contract.generate"


def test_generating_writes_changes_and_removes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = ["--folder", str(tmp_path)]
    assert GENERATED.main(folder) == 0
    assert GENERATED.main([*folder, "--check"]) == 0
    (tmp_path / "prediction.schema.json").write_text("{}")
    (tmp_path / "old.schema.json").write_text("{}")
    assert GENERATED.main([*folder, "--check"]) == 1
    assert "old.schema.json, prediction.schema.json" in capsys.readouterr().err
    assert GENERATED.main(folder) == 0
    assert GENERATED.differences(tmp_path) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_valid_closed_and_described(name: str) -> None:
    document = schema(name)
    Draft202012Validator.check_schema(document)
    assert document["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    for model in (document, *document.get("$defs", {}).values()):
        assert model["description"]
        if model["type"] == "object":
            assert model["additionalProperties"] is False


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_valid_by_schema_and_by_model(name: str) -> None:
    Draft202012Validator(schema(name)).validate(example(name))
    MODELS[name].model_validate_json(json.dumps(example(name)))


@pytest.mark.parametrize("name", NAMES)
def test_an_example_shows_every_field_of_its_record(name: str) -> None:
    aliases = {field.alias or key for key, field in MODELS[name].model_fields.items()}
    assert set(example(name)) >= aliases - {"probabilities", "attributions"}


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_field_is_refused_by_schema_and_by_model(name: str) -> None:
    extended = example(name) | {"surprise": 1}
    assert not Draft202012Validator(schema(name)).is_valid(extended)
    with pytest.raises(ValidationError, match="surprise"):
        MODELS[name].model_validate_json(json.dumps(extended))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("wrong", [[[]], {"a": []}])
def test_a_wrong_type_is_refused_by_schema_and_by_model(name: str, wrong: object) -> None:
    for field in example(name):
        changed = example(name) | {field: wrong}
        assert not Draft202012Validator(schema(name)).is_valid(changed)
        with pytest.raises(ValidationError):
            MODELS[name].model_validate_json(json.dumps(changed))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_what_is_not_finite_is_refused_in_every_field(name: str, number: str) -> None:
    for field in example(name):
        changed = json.dumps(example(name) | {field: "@"}).replace('"@"', number)
        with pytest.raises(ValidationError):
            MODELS[name].model_validate_json(changed)


def models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        for part in parts(field.annotation):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from models(part)


def parts(annotation: Any) -> Iterator[Any]:
    yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from parts(part)


@pytest.mark.parametrize("name", NAMES)
def test_every_model_in_a_record_is_strict(name: str) -> None:
    for model in models(MODELS[name]):
        assert model.model_config["strict"] is True
        assert model.model_config["extra"] == "forbid"
        assert model.model_config["allow_inf_nan"] is False


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def resolve(document: Any, pointer: str) -> Any:
    for part in pointer.removeprefix("#/").split("/"):
        document = document[part.replace("~1", "/").replace("~0", "~")]
    return document


def test_every_reference_of_the_asyncapi_document_resolves() -> None:
    document = asyncapi()
    found = set(references({**document, "components": document["components"]}))
    assert found
    for reference in found:
        if reference.startswith("#/"):
            assert isinstance(resolve(document, reference), dict)
        else:
            assert (SCHEMAS / reference).is_file()


def test_the_asyncapi_document_has_every_public_topic_and_message() -> None:
    document = asyncapi()
    public = {topic.name: topic for topic in PUBLIC_TOPICS}
    assert document["asyncapi"] == "3.0.0"
    assert set(document["channels"]) == set(public)
    headers = {name for name in MODELS if name.endswith("-headers")}
    assert set(document["components"]["messages"]) == set(MODELS) - headers
    for name, topic in public.items():
        channel = document["channels"][name]
        binding = channel["bindings"]["kafka"]["topicConfiguration"]
        assert binding["cleanup.policy"] == list(topic.cleanup)
        assert set(channel["messages"]) == set(topic.messages)
        for message in topic.messages:
            described = document["components"]["messages"][message]
            assert described["bindings"]["kafka"]["key"]["description"] == topic.key
            assert described["examples"][0]["payload"] == EXAMPLES[message]


def test_topics_are_created_as_the_asyncapi_document_says() -> None:
    specs = {spec.name: spec for spec in topic_specs(TopicNames(), TopicsSettings())}
    for name, channel in asyncapi()["channels"].items():
        described = dict(channel["bindings"]["kafka"]["topicConfiguration"])
        described["cleanup.policy"] = ",".join(described["cleanup.policy"])
        created = specs[name].config
        assert {key: created.get(key) for key in described} == described


def test_operations_are_seen_from_tidegauge() -> None:
    operations = asyncapi()["operations"]
    actions = {name.split("-", 1)[1]: operation["action"] for name, operation in operations.items()}
    assert actions == {
        "predictions": "receive",
        "feedback": "receive",
        "alerts": "send",
        "metrics": "send",
        "dead-letters": "send",
        "references": "send",
    }
