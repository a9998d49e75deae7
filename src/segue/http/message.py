"""One request and what came back, between the layers that send, limit, authorise and retry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from segue.errors import ServiceError

_SECRET_FIELDS: Final = frozenset(
    "client_secret code code_verifier refresh_token access_token token apiKey p t".split()
)


@dataclass(frozen=True)
class Request:
    """What is asked of a service. Only method and path are ever shown.

    Attributes
    ----------
    path
        Below the service's base address, with any odd characters already escaped.
    params
        The query.
    form, json
        The body, as a form or as JSON; at most one of them.
    valid
        Whether the JSON of a good answer has the expected shape: one that has not is taken for
        broken, like one cut in half.
    """

    method: str
    path: str
    params: Mapping[str, str | int] = field(default_factory=dict, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    json: Any = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    valid: Callable[[Any], bool] | None = field(default=None, repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must be in no message: the credentials of headers, query and form."""
        values = [
            value.rpartition(" ")[2]
            for name, value in self.headers.items()
            if name.lower() == "authorization"
        ]
        for fields in (self.params, self.form or {}):
            values += [str(value) for name, value in fields.items() if name in _SECRET_FIELDS]
        return tuple(value for value in values if len(value) > 2)  # or the words would suffer


@dataclass(frozen=True)
class Answer:
    """What a service answered.

    Attributes
    ----------
    headers
        With names in lower case.
    data
        The decoded JSON; None where there is none in an answer that is not a success.
    words
        The service's own words about an error, without secrets, on one line; may be empty.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    data: Any = field(repr=False)
    words: str = ""


class Sender(Protocol):
    """Something that brings the answer to a request: the wire, or a layer around another sender."""

    def send(self, request: Request) -> Answer:
        """Return the answer, whatever its status.

        Raises
        ------
        LostError
            If none came, or a broken one.
        """


class LostError(ServiceError):
    """No answer came, or a broken one; the same request may well do better."""
