"""`python -m appliance.cli`: how one suntap process starts another."""
import sys

from appliance.cli import main

sys.exit(main())
