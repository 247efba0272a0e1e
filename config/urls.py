"""All addresses: pages of both apps, the API, the admin and the sign-in pages."""

from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path

from config.health import health

urlpatterns = [
    path("healthz", health, name="health"),
    path("admin/", admin.site.urls),
    path("sign-in/", auth.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("sign-out/", auth.LogoutView.as_view(), name="logout"),
    path("", include("annotate.urls")),
    path("", include("analysis.urls")),
]
