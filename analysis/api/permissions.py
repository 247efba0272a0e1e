"""Who may: everybody reads public networks, researchers read and start everything."""

from typing import TYPE_CHECKING

from django.db.models import QuerySet
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from analysis.models import Network
from analysis.services import atlas, sharing
from analysis.services.access import is_researcher

if TYPE_CHECKING:
    # Late, for DRF reads the settings that name this module while it makes that class.
    from rest_framework.views import APIView


class Researchers(BasePermission):
    """Only researchers and admins: the default of every address."""

    message = "This is for researchers. Ask an admin for the role."

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Return whether the caller is a researcher."""
        return is_researcher(request.user)


class ReadersAndResearchers(BasePermission):
    """Anybody reads (what he may see is the query's business), researchers write."""

    message = Researchers.message

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Return whether the caller may use this method."""
        return request.method in {"GET", "HEAD"} or is_researcher(request.user)


class Readers(BasePermission):
    """Anybody: which networks he may use is the query's business."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Let everybody in."""
        return True


def readable_networks(request: Request) -> QuerySet[Network]:
    """Return the networks whose data the caller may read: the same as in the atlas."""
    return atlas.readable_networks(request.user, sharing.shared_with(request._request))
