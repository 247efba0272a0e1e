"""Who is signed in, asked by every request: session, account, worker, in SQL written once."""

from datetime import datetime
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore as RowStore
from django.contrib.sessions.models import Session
from django.utils.timezone import now

from annotate.models import Worker
from annotate.models.prepared import Prepared, built, columns

_SESSION = Prepared(
    lambda key, now: Session.objects.filter(session_key=key, expire_date__gt=now).values_list(
        *columns(Session)
    ),
    key=str,
    now=datetime,
)
_ACCOUNT = Prepared(
    lambda pk: User.objects.filter(pk=pk).values_list(*columns(User), *columns(Worker, "worker__")),
    pk=int,
)


class SessionStore(RowStore):
    """Django's sessions in rows, found in less time."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        """Return Django's own model: the rows are as they were."""
        return Session

    def _get_session_from_db(self) -> Any:
        """Return the row of a session that has not ended, or make it a new one."""
        row = _SESSION.one(key=self.session_key or "", now=now())
        if row is None:
            self._session_key = None
            return None
        return built(Session, row)


class Backend(ModelBackend):
    """Django's accounts; the worker of an account is read along with it."""

    def get_user(self, user_id: int) -> User | None:
        """Return the account of a session if it may still sign in."""
        row = _ACCOUNT.one(pk=int(user_id))
        if row is None:
            return None
        own = len(columns(User))
        user = built(User, row[:own])
        if row[own] is None:
            user._state.fields_cache["worker"] = None
        else:
            built(Worker, row[own:]).user = user  # sets user.worker as well
        return user if self.user_can_authenticate(user) else None
