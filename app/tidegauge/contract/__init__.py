"""The public records as pydantic models: the single source of schemas and documentation.

Strict: no value is converted to fit, an unknown field is refused, NaN and infinities are refused.
The events that users publish (`prediction`, `feedback`) have the limits of `core.events`; the wire
package decodes them with msgspec and asks these models only for the words of a refusal.
"""
