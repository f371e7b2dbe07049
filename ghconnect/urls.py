"""Where everything is (PRODUCT §5.2)."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("allauth.account.urls")),
    path("", include("licensing.urls")),
]
