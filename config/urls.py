"""All addresses: pages of both apps, the API, the admin and the sign-in pages."""

from django.contrib import admin
from django.urls import include, path, re_path

from analysis.api.errors import unknown_address
from analysis.views import account
from config.health import health
from config.languages import choose

urlpatterns = [
    path("healthz", health, name="health"),
    path("language/", choose, name="language"),
    path("admin/login/", account.staff_enter),
    path("admin/", admin.site.urls),
    path("sign-in/", account.enter, name="login"),
    path("sign-out/", account.leave, name="logout"),
    path("account/", account.account, name="account"),
    path("account/password/", account.password, name="password"),
    path("account/tokens/", account.add_token, name="token_add"),
    path("account/tokens/<int:pk>/revoke/", account.revoke_token, name="token_revoke"),
    path("api/v1/", include("analysis.api.urls")),
    path("api/v1/", include("annotate.api.urls")),
    re_path(r"^api(?:/|$)", unknown_address),
    path("", include("annotate.urls")),
    path("", include("analysis.urls")),
]
