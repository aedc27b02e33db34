"""Command line as `python -m rnnlab`."""

import sys

from rnnlab.cli.main import main

sys.exit(main())
