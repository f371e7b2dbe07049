"""Pages of licensing (PRODUCT §5.2)."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
