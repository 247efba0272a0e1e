"""`add_user` makes people of each role and tells a generated password once."""

import io

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from analysis.services.access import role_of

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.mark.parametrize("role", ["worker", "researcher", "admin"])
def test_it_makes_a_person_and_prints_the_password_last(role):
    out = io.StringIO()
    call_command("add_user", "erin", "--role", role, stdout=out)
    user = User.objects.get(username="erin")
    assert role_of(user) == role
    assert user.check_password(out.getvalue().splitlines()[-1])


def test_a_password_may_come_by_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("a phrase to remember\n"))
    out = io.StringIO()
    call_command("add_user", "erin", "--password-stdin", stdout=out)
    assert User.objects.get(username="erin").check_password("a phrase to remember")
    assert "phrase" not in out.getvalue()


@pytest.mark.parametrize(
    ("name", "given"), [("erin", ""), ("erin", "short\n"), ("no blanks", None)]
)
def test_bad_input_is_a_sentence_and_makes_nobody(monkeypatch, name, given):
    monkeypatch.setattr("sys.stdin", io.StringIO(given or ""))
    with pytest.raises(CommandError, match=r"No account was made|Nothing came"):
        call_command("add_user", name, *([] if given is None else ["--password-stdin"]))
    assert not User.objects.exists()


def test_twice_is_refused():
    call_command("add_user", "erin", stdout=io.StringIO())
    with pytest.raises(CommandError, match="already exists"):
        call_command("add_user", "erin")
