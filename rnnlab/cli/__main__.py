"""`python -m rnnlab.cli`."""

import sys

from rnnlab.cli.main import main

sys.exit(main())
