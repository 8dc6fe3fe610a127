"""What a build was made from and with: the input matrix of `sign`, and the observation of `observe`.

Both are the build's own word: signed by its identity, and true only as far as the build is honest.
"""

from __future__ import annotations

__all__ = ["matrix", "observation"]
