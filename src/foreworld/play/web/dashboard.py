"""The tracker's own page over local runs, on this machine only.

Source: https://github.com/gradio-app/trackio (Apache-2.0).

Trackio's ``show`` can open a public tunnel, asks the Hugging Face hub when a token lies
about, and its server listens without a token. Here its application runs behind the
guard of live play, the hub is switched off, and its page may load nothing from
elsewhere. The page reads; it cannot delete or rename runs.
"""

from __future__ import annotations

import os

from starlette.types import ASGIApp

from foreworld.core.errors import ConfigError
from foreworld.play.web.loopback import serve
from foreworld.track.trackio import folder

_OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
_ELSEWHERE = (
    *("SYSTEM", "SPACE_ID", "TRACKIO_SPACE_ID", "TRACKIO_BUCKET_ID"),
    *("TRACKIO_SERVER_URL", "TRACKIO_DATASET_ID"),
)
"""Variables that would point Trackio at a server or a store elsewhere."""


def dashboard(port: int | None = None, open_browser: bool = True) -> None:
    """Serve the tracker's page until Ctrl-C; prints the address first.

    Parameters
    ----------
    port
        Port; ``None`` for the first free one from 8750 on.
    open_browser
        Open the person's browser at the address.

    Raises
    ------
    ConfigError
        Nothing was tracked here.
    PortTakenError
        The port that was asked for is taken.
    """
    serve(tracker_app(), port, open_browser, inline_scripts=True)


def tracker_app() -> ASGIApp:
    """Trackio's application over the local store, without guard.

    Raises
    ------
    ConfigError
        Nothing was tracked here.
    """
    store = folder()
    if not any(store.glob("*.db")):
        raise ConfigError(
            f"nothing was tracked here: {store} holds no runs. 'foreworld train' and "
            f"'foreworld sweep' track theirs there; or go to the folder in which you "
            f"trained, or set FOREWORLD_HOME to it."
        )
    # Before Trackio is imported, which reads these once a process.
    os.environ.update(_OFFLINE, TRACKIO_DIR=str(store))
    for name in _ELSEWHERE:
        os.environ.pop(name, None)
    from trackio.frontend_config import BUNDLED_FRONTEND_DIR
    from trackio.server import build_starlette_app_only

    app, _ = build_starlette_app_only(frontend_dir=str(BUNDLED_FRONTEND_DIR))
    return app
