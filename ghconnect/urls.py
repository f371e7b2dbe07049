"""Where everything is (PRODUCT §5.2)."""

from django.urls import URLPattern, URLResolver, include, path

from .views import pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.home, name="home"),
    path("about", pages.about, name="about"),
    path("language", pages.set_language, name="set_language"),
    path("", include("allauth.account.urls")),
    path("", include("licensing.urls")),
]
