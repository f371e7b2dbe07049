"""Every door for scripts, in one API and one document."""

from django.urls import URLPattern

from ghconnect.api import v3 as ghconnect_v3
from ghconnect.api.site import api, patterns

from . import v3

api.add_router("/v3", ghconnect_v3.router)
api.add_router("/v3", v3.router)

urlpatterns: list[URLPattern] = patterns(api)
