"""Runs the tests of SAML with an identity provider's certificate of this run, as settings want it at start."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID


def certificate(folder: Path) -> None:
    """Write idp.pem and idp.key."""
    key = rsa.generate_private_key(65537, 2048)
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp.example")]), datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    (folder / "idp.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "idp.key").write_bytes(key.private_bytes(*form))


def main() -> int:
    """Return pytest's exit code."""
    with tempfile.TemporaryDirectory(prefix="ghconnect-saml-") as made:
        folder = Path(made)
        certificate(folder)
        environment = {
            **os.environ,
            "GHCONNECT_SAML_ENTITY_ID": "https://idp.example/metadata",
            "GHCONNECT_SAML_SSO_URL": "https://idp.example/sso",
            "GHCONNECT_SAML_CERTIFICATE": str(folder / "idp.pem"),
            "GHCONNECT_SAML_NAME": "Octo SAML",
            "GHCONNECT_GROUP_ROLES": "octo-corp:owner=owners,octo-corp:auditor=audit",
        }
        command = [sys.executable, "-m", "pytest", "-q", "tests/saml", *sys.argv[1:]]
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
