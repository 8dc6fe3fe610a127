"""`python -m counterseal`."""

import sys

from counterseal.cli import main

sys.exit(main.main())
