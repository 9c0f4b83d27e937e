"""What every test of a provider needs before an SDK is imported."""

from __future__ import annotations

from submeter import settings

# Else the import of litellm fetches a price list, which takes its time where there is no way out.
settings.set_variable("LITELLM_LOCAL_MODEL_COST_MAP", "True")
