"""The AsyncAPI 3.0 document: every public topic with its key, its policy and its messages.

References: https://www.asyncapi.com/docs/reference/specification/v3.0.0 and the Kafka bindings,
version 0.5.0.
"""

from typing import Any

from tidegauge import __version__
from tidegauge.contract.examples import EXAMPLES
from tidegauge.contract.json_schema import MODELS
from tidegauge.contract.topics import PUBLIC_TOPICS, Role, Topic

_BINDING_VERSION = "0.5.0"
_CONTENT_TYPE = "application/json"


def asyncapi() -> dict[str, Any]:
    """The document; payloads refer to the JSON Schemas beside it."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tidegauge",
            "version": __version__,
            "description": "Streaming observability for machine-learning models: publish "
            "predictions and feedback, subscribe to alerts and metrics. Topic names are the "
            "defaults of the settings.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": _CONTENT_TYPE,
        "servers": {
            "kafka": {
                "host": "localhost:9092",
                "protocol": "kafka",
                "description": "The cluster that the settings name.",
            }
        },
        "channels": {topic.name: _channel(topic) for topic in PUBLIC_TOPICS},
        "operations": {_operation_name(topic): _operation(topic) for topic in PUBLIC_TOPICS},
        "components": {
            "messages": {
                message: _message(message, topic)
                for topic in PUBLIC_TOPICS
                for message in topic.messages
            }
        },
    }


def _channel(topic: Topic) -> dict[str, Any]:
    return {
        "address": topic.name,
        "description": f"{topic.about} Key: {topic.key}",
        "messages": {
            message: {"$ref": f"#/components/messages/{message}"} for message in topic.messages
        },
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "topicConfiguration": {"cleanup.policy": list(topic.cleanup), **topic.config},
                "bindingVersion": _BINDING_VERSION,
            }
        },
    }


def _operation_name(topic: Topic) -> str:
    return f"{'receive' if topic.role is Role.INPUT else 'send'}-{topic.name}"


def _operation(topic: Topic) -> dict[str, Any]:
    return {
        "action": "receive" if topic.role is Role.INPUT else "send",
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "summary": topic.about,
        "messages": [
            {"$ref": f"#/channels/{topic.name}/messages/{message}"} for message in topic.messages
        ],
    }


def _message(name: str, topic: Topic) -> dict[str, Any]:
    headers_name = f"{name}-headers"
    headers = {"headers": {"$ref": f"./{headers_name}.schema.json"}}
    example = {"name": name, "payload": EXAMPLES[name]}
    if headers_name in MODELS:
        example["headers"] = EXAMPLES[headers_name]
    return {
        "name": name,
        "title": MODELS[name].__name__,
        "contentType": _CONTENT_TYPE,
        **(headers if headers_name in MODELS else {}),
        "payload": {"$ref": f"./{name}.schema.json"},
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": topic.key},
                "bindingVersion": _BINDING_VERSION,
            }
        },
        "examples": [example],
    }
