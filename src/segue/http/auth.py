"""Credentials on every request, renewed once the service refuses them."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Protocol

from segue.http.message import Answer, Request, Sender

_RENEWALS: Final = 2  # the second one for a token that another thread's request ended meanwhile


class Authorisation(Protocol):
    """Where the ``Authorization`` header comes from. Threads share it; its repr shows no secret."""

    def header(self) -> str:
        """Return the header's value: ``Bearer <token>``."""

    def renew(self, refused: str) -> bool:
        """Get new credentials after the service answered 401; return whether there are any.

        `refused` is the header that was sent: where another thread has renewed it since, there is
        nothing to do but say yes.
        """


class Authorised:
    """A sender that adds credentials, and sends again with new ones after a 401."""

    def __init__(self, sender: Sender, authorisation: Authorisation) -> None:
        self._sender = sender
        self._authorisation = authorisation

    def send(self, request: Request) -> Answer:
        """Send with credentials; the answer is a 401 only if new ones are refused, too."""
        for renewals in range(_RENEWALS + 1):
            header = self._authorisation.header()
            headers = {**request.headers, "Authorization": header}
            answer = self._sender.send(replace(request, headers=headers))
            if (
                answer.status != 401
                or renewals == _RENEWALS
                or not self._authorisation.renew(header)
            ):
                break
        return answer
