"""Posts leads to the inbound webhook."""

import os

HOOK = "https://backend.leadey.ai/webhooks/funnels/42?token=whk_{base36:12}"
TOKEN = os.environ["LEADEY_API_KEY"]
task_live_locations = {"omega_menu_styles": "mega_menu_styles_for_the_header"}
