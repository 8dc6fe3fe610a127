"""counterseal decides, signs and records who may promote what.

The contract is the command line, its exit codes, its JSON output and the signed
formats (docs/formats.md). The Python modules are not a public interface.
"""

__version__ = "0.1.0"
