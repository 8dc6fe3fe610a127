"""The world in one process on loopback: identity, certificate authority, log, timestamps, forge.

Others speak to it over HTTP only. It answers what our adapters and the named clients
ask; anything else is answered 501 with the name of the call.
"""

__version__ = "0.1.0"
