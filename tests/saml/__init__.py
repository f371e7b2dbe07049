"""SAML, tried by `make saml`: the extra is not part of every installation."""
