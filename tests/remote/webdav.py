"""A WebDAV server on loopback, with a password. Says its port when it is ready, and ends with its standard input. With `tls`
it also says which file has the certificate of the authority that signed its own."""

import datetime
import ipaddress
import json
import sys
import tempfile
import threading
from pathlib import Path

from cheroot import wsgi
from cheroot.ssl.builtin import BuiltinSSLAdapter
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from wsgidav.fs_dav_provider import FilesystemProvider
from wsgidav.wsgidav_app import WsgiDAVApp


def certificate(name, key, issuer, signer, extension):
    """A certificate for `key`, signed by `signer`."""
    today = datetime.datetime.now(datetime.timezone.utc)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer or subject).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number()).add_extension(extension, critical=True)
    made = made.not_valid_before(today - datetime.timedelta(days=1)).not_valid_after(today + datetime.timedelta(days=1))
    return made.sign(signer, hashes.SHA256())


def adapter(folder):
    """What makes the server speak TLS, and the certificate of its authority."""
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    is_authority = x509.BasicConstraints(ca=True, path_length=None)
    authority = certificate("authority", authority_key, None, authority_key, is_authority)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    own = certificate("server", key, authority.subject, authority_key, here)
    pem = serialization.Encoding.PEM
    for name, one in {"authority": authority, "server": own}.items():
        (folder / f"{name}.pem").write_bytes(one.public_bytes(pem))
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(pem, *plain))
    return BuiltinSSLAdapter(str(folder / "server.pem"), str(folder / "key.pem")), folder / "authority.pem"


with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as secrets:
    (Path(folder) / "results").mkdir()
    configuration = {
        "provider_mapping": {"/": FilesystemProvider(folder)},
        "simple_dc": {"user_mapping": {"*": {"user": {"password": "pass word"}}}},
        "http_authenticator": {"accept_basic": True, "accept_digest": False, "default_to_digest": False},
        "verbose": 0,
        "logging": {"enable": False},
    }
    server = wsgi.Server(("127.0.0.1", 0), WsgiDAVApp(configuration))
    said = {}
    if sys.argv[1:] == ["tls"]:
        server.ssl_adapter, authority = adapter(Path(secrets))
        said["authority"] = str(authority)
    server.prepare()
    threading.Thread(target=server.serve, daemon=True).start()
    print(json.dumps({"port": server.bind_addr[1], **said}), flush=True)
    sys.stdin.read()
    server.stop()
