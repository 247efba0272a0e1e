"""Who calls: the token in the Authorization header."""

from django.contrib.auth.models import User
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from analysis.services import tokens

REFUSED = "This token is not valid: it was revoked, mistyped, or its user may not sign in."


class TokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer us_…``; any other scheme is left to whoever it is meant for."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        """Return the token's user, None if no token came, or refuse."""
        scheme, _, plain = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        user = tokens.user_of(plain.strip().decode("ascii", errors="replace"))
        if user is None:
            raise AuthenticationFailed(REFUSED)
        return user, None

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge that makes a refusal a 401."""
        return 'Bearer realm="unitscope"'


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema describes the token."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """Return the security scheme."""
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A token of your account page: `Authorization: Bearer us_…`",
        }
