"""What a world in memory is at one moment, to be put back later: every object of the sandbox that it reaches, in place.

In place, because handlers and closures hold on to these objects. What is met must be known here: either it is walked
into, or nothing of a world can change in it. So no state is forgotten in silence.
"""

from __future__ import annotations

import copy
import re
import threading
from datetime import date, timedelta
from enum import Enum
from functools import partial
from itertools import count
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from asn1crypto import x509 as asn1
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509 import Certificate

from counterseal_sandbox.keys import Keys

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Nothing in these is a world's, or ever changes.
_CONSTANT = (
    *(type(None), str, bytes, int, float, date, timedelta, Enum, type, Path, re.Pattern, BuiltinFunctionType),
    *(Keys, Certificate, asn1.Certificate, ec.EllipticCurvePrivateKey, ed25519.Ed25519PrivateKey, rsa.RSAPrivateKey),
    *(type(threading.Lock()), type(threading.RLock())),
)
_OURS = ("counterseal_sandbox.", "counterseal.", "tests.flow.")


class Saved:
    """The state of all that can be reached from some roots, when it was made.

    Args:
        roots: Where to begin.
        constant: More types that hold nothing of a world.
    """

    def __init__(self, *roots: object, constant: tuple[type, ...] = ()) -> None:
        self._constant = (*_CONSTANT, *constant)
        self._states: dict[int, tuple[Any, Any]] = {}
        waiting = list(roots)
        while waiting:
            met = waiting.pop()
            if id(met) not in self._states and not isinstance(met, self._constant):
                state = _state(met)
                self._states[id(met)] = (met, state)
                waiting.extend(_parts(met, state))

    def restore(self) -> None:
        """Put everything back as it was; what has come since is reached by nothing any more."""
        for met, state in self._states.values():
            if isinstance(met, dict | set):
                met.clear()
                met.update(state)
            elif isinstance(met, list):
                met[:] = state
            elif isinstance(state, dict):
                _set(met, state)


def _state(met: object) -> Any:
    """Return a copy of what an object holds itself; None if that cannot change."""
    if isinstance(met, dict | list | set):
        return met.copy()
    if isinstance(met, tuple | frozenset | partial | MethodType | FunctionType):
        return None
    if type(met).__module__.startswith(_OURS):
        return {name: copy.copy(value) if isinstance(value, count) else value for name, value in _attributes(met)}
    raise TypeError(f"a world reaches {type(met)}, of which nobody knows whether it changes: {met!r:.200}")


def _attributes(met: object) -> Iterable[tuple[str, Any]]:
    yield from getattr(met, "__dict__", {}).items()
    for kind in type(met).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__") and hasattr(met, name):
                yield name, getattr(met, name)


def _parts(met: Any, state: Any) -> Iterable[object]:
    """Return what an object reaches from here."""
    if isinstance(met, dict):
        return [*met, *met.values()]
    if isinstance(met, list | set | tuple | frozenset):
        return list(met)
    if isinstance(met, partial):
        return [met.func, *met.args, *met.keywords.values()]
    if isinstance(met, MethodType):
        return [met.__self__]
    if isinstance(met, FunctionType):
        return [cell.cell_contents for cell in met.__closure__ or ()]
    return [value for value in state.values() if not isinstance(value, count)]


def _set(met: object, state: dict[str, Any]) -> None:
    for name in [name for name, _ in _attributes(met) if name not in state]:
        object.__delattr__(met, name)
    for name, value in state.items():
        object.__setattr__(met, name, copy.copy(value) if isinstance(value, count) else value)
