"""`python -m counterseal`."""

import sys

from counterseal.cli.main import main

sys.exit(main())
