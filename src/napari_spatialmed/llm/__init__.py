"""Language models behind any OpenAI-compatible server: endpoints, keys, consent, budget, robust calls, a local server.

Nothing here knows of cases or questions: text and pictures go in, text or a checked structure comes out, or an
`EndpointError` that says what to do.  `agents` and `evaluation` build on it.
"""

from napari_spatialmed.llm.budget import Budget, BudgetError, Spent
from napari_spatialmed.llm.client import Client
from napari_spatialmed.llm.consent import (
    ConsentError,
    Outgoing,
    consents,
    has_consented,
    preview,
    remember_consent,
    require_consent,
    withdraw_consent,
)
from napari_spatialmed.llm.endpoint import Endpoint
from napari_spatialmed.llm.errors import EndpointError, ErrorKind, NoEndpointError
from napari_spatialmed.llm.keys import find_key, forget_key, keep_key
from napari_spatialmed.llm.local_server import LocalServer, LocalServerError, install_hint
from napari_spatialmed.llm.messages import (
    Message,
    MessageError,
    assistant_message,
    system_message,
    user_message,
)
from napari_spatialmed.llm.pace import Pace, pace_of
from napari_spatialmed.llm.reply import Reply, Usage
from napari_spatialmed.llm.settings import (
    EndpointSettingsError,
    default_name,
    endpoints,
    endpoints_file,
    remove_endpoint,
    resolve_endpoint,
    save_endpoint,
    set_default,
)
from napari_spatialmed.llm.stream import TextStream

__all__ = [
    "Budget",
    "BudgetError",
    "Client",
    "ConsentError",
    "Endpoint",
    "EndpointError",
    "EndpointSettingsError",
    "ErrorKind",
    "LocalServer",
    "LocalServerError",
    "Message",
    "MessageError",
    "NoEndpointError",
    "Outgoing",
    "Pace",
    "Reply",
    "Spent",
    "TextStream",
    "Usage",
    "assistant_message",
    "consents",
    "default_name",
    "endpoints",
    "endpoints_file",
    "find_key",
    "forget_key",
    "has_consented",
    "install_hint",
    "keep_key",
    "pace_of",
    "preview",
    "remember_consent",
    "remove_endpoint",
    "require_consent",
    "resolve_endpoint",
    "save_endpoint",
    "set_default",
    "system_message",
    "user_message",
    "withdraw_consent",
]
