"""A WebDAV server on loopback, with a password. Says its port when it is ready, and ends with its standard input."""

import json
import sys
import tempfile
import threading
from pathlib import Path

from cheroot import wsgi
from wsgidav.fs_dav_provider import FilesystemProvider
from wsgidav.wsgidav_app import WsgiDAVApp

with tempfile.TemporaryDirectory() as folder:
    (Path(folder) / "results").mkdir()
    configuration = {
        "provider_mapping": {"/": FilesystemProvider(folder)},
        "simple_dc": {"user_mapping": {"*": {"user": {"password": "pass word"}}}},
        "http_authenticator": {"accept_basic": True, "accept_digest": False, "default_to_digest": False},
        "verbose": 0,
        "logging": {"enable": False},
    }
    server = wsgi.Server(("127.0.0.1", 0), WsgiDAVApp(configuration))
    server.prepare()
    threading.Thread(target=server.serve, daemon=True).start()
    print(json.dumps({"port": server.bind_addr[1]}), flush=True)
    sys.stdin.read()
    server.stop()
