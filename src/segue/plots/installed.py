"""Whether what draws is there: the extra `plots`."""

from __future__ import annotations

from importlib import import_module

from segue.errors import UsageError


def require(*modules: str) -> None:
    """Check that libraries can be imported.

    Raises
    ------
    UsageError
        If one is missing; the message says what installs it.
    """
    for module in modules:
        try:
            import_module(module)
        except ImportError as error:
            raise UsageError(
                f"a picture needs {module}, which is not installed ({error}); "
                'install it with `pip install "segue[plots]"`'
            ) from error
