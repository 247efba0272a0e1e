"""Addresses of the annotate app."""

from django.urls import URLPattern, URLResolver

app_name = "annotate"
urlpatterns: list[URLPattern | URLResolver] = []
