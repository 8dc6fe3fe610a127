"""Runs a program and prints, as JSON, how it ended, its seconds, and the peak memory in KiB of its largest process.

A process of its own, and a small one: to Linux, a program was at least as large as what started it.

    python -I -S bench/sbom_process.py LIMIT OUTPUT PROGRAM [ARGUMENT ...]
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time


def main() -> None:
    """Run what the command line says, its stdout to a file, its last words to ours."""
    limit, output, *command = sys.argv[1:]
    start = time.perf_counter()
    with open(output, "wb") as stdout, open(f"{output}.errors", "wb") as stderr:  # noqa: PTH123 - pathlib is larger
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, start_new_session=True
        )
    watch = threading.Timer(float(limit), os.killpg, (process.pid, signal.SIGKILL))
    watch.start()
    _, status, usage = os.wait4(process.pid, 0)
    watch.cancel()
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    print(json.dumps({"code": process.returncode, "seconds": seconds, "kibibytes": usage.ru_maxrss}))


if __name__ == "__main__":
    main()
