"""Every address of the project × every role × every method. An address without a row fails.

A row says what nobody, a link worker, a worker, the researcher who made it all, another
researcher and an admin get, in this order; "in" means sent to sign in. PUT is wrong everywhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver

from analysis.api.urls import UNKNOWN
from tests.pages.world import PEOPLE, World, build

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

NO = "405 405 405 405 405 405"  # the wrong method, for whomever
ANYONE = "200 200 200 200 200 200"
SIGNED_IN = "in in 200 200 200 200"
RESEARCHERS = "in in 403 200 200 200"
NOT_FOUND = "404 404 404 404 404 404"
# Of the API: no redirect, a status with a sentence.
API_NO = "401 401 403 405 405 405"
API_RESEARCHERS = "401 401 403 200 200 200"
API_READERS_OF_PRIVATE = "404 404 404 200 200 200"  # a private network is not there for others


@dataclass(frozen=True)
class Row:
    """What each person gets, and what is sent with a POST."""

    address: str
    get: str = NO
    post: str = NO
    put: str = NO
    data: dict[str, Any] = field(default_factory=dict)


def api(address: str, get: str = API_NO, post: str = API_NO, **more: Any) -> Row:
    """Return a row of the API, which asks who one is before it looks at the method."""
    return Row(address, get, post, put=API_NO, **more)


def owners(status: int) -> str:
    """Return what those get who may change: the creator and an admin."""
    return f"in in 403 {status} 403 {status}"


PAGES = {
    "health": Row("/healthz", ANYONE),
    "annotate:console": Row("/", "200 200 302 200 200 200"),
    "language": Row("/language/", post="302 302 302 302 302 302", data={"language": "de"}),
    "login": Row("/sign-in/", "200 200 302 302 302 302", "422 422 302 302 302 302"),
    "logout": Row("/sign-out/", post="302 302 302 302 302 302"),
    "account": Row("/account/", SIGNED_IN),
    "password": Row("/account/password/", SIGNED_IN, "in in 422 422 422 422"),
    "token_add": Row("/account/tokens/", post="in in 422 422 422 422"),
    "token_revoke": Row("/account/tokens/{token}/revoke/", post="in in 302 404 404 404"),
    "analysis:picture": Row(f"/pictures/{'0' * 32}/plain-tile.webp", NOT_FOUND),
    "analysis:atlas_home": Row("/atlas/", ANYONE),
    "analysis:atlas": Row("/atlas/{network}/", "in in 404 200 200 200"),
    "analysis:atlas_units": Row("/units/{network}/", "in in 404 200 200 200"),
    "analysis:atlas_layer": Row("/atlas/{network}/conv1/", "in in 404 200 200 200"),
    "analysis:unit": Row("/atlas/{network}/conv1/0/", "in in 404 200 200 200"),
    "analysis:concepts": Row("/atlas/concepts/", ANYONE),
    # No unit of this world is called anything yet, and its images have no scenes.
    "analysis:concept": Row("/atlas/concepts/bed/", NOT_FOUND),
    "analysis:scenes": Row("/atlas/scenes/", ANYONE),
    "analysis:scene": Row("/atlas/scenes/{images}/kitchen/", NOT_FOUND),
    "analysis:concept_file": Row("/atlas/concepts/bed/concept.csv", NOT_FOUND),
    "analysis:scene_file": Row("/atlas/scenes/{images}/kitchen/kept.csv", NOT_FOUND),
    "analysis:shared": Row("/shared/?link=forged", NOT_FOUND),
    "analysis:findings": Row("/findings/{network}/", "in in 404 302 302 302"),
    "analysis:findings_meanings": Row("/findings/{network}/meanings/", "in in 404 200 200 200"),
    "analysis:findings_objects": Row("/findings/{network}/objects/", "in in 404 200 200 200"),
    "analysis:findings_paper": Row("/findings/{network}/paper/", "in in 404 200 200 200"),
    "analysis:figure_file": Row(
        "/findings/{network}/segments/visible.csv", "in in 404 200 200 200"
    ),
    # Nobody has named the other network, and there is none; the same network has one run.
    "analysis:comparison_file": Row(
        "/findings/{network}/against/visible-both.csv", "in in 404 404 404 404"
    ),
    "analysis:findings_fields": Row("/findings/{network}/fields/", "in in 404 200 200 200"),
    "analysis:findings_segments": Row("/findings/{network}/segments/", "in in 404 200 200 200"),
    "analysis:findings_detectors": Row("/findings/{network}/detectors/", "in in 404 200 200 200"),
    "analysis:findings_localisation": Row(
        "/findings/{network}/localisation/", "in in 404 200 200 200"
    ),
    "analysis:findings_reports": Row(
        "/findings/{network}/reports/", "in in 404 200 200 200", "in in 404 302 403 302"
    ),
    "analysis:findings_reports_listed": Row(
        "/findings/{network}/reports/list/", "in in 404 200 200 200"
    ),
    # Nothing was made in this world.
    "analysis:findings_report_file": Row(
        "/findings/{network}/reports/0/report.html", "in in 404 404 404 404"
    ),
    "analysis:findings_report_again": Row("/findings/{network}/reports/0/again/", post=owners(404)),
    "analysis:findings_report_delete": Row(
        "/findings/{network}/reports/0/delete/", post=owners(404)
    ),
    # The images of this world have no masks, so that there is nothing to decide about.
    "analysis:findings_matches": Row(
        "/findings/{network}/matches/", "in in 404 200 200 200", "in in 404 404 404 404"
    ),
    "analysis:findings_people": Row("/findings/{network}/people/", "in in 404 200 200 200"),
    # The images of this world have no masks, so that there is no class to light up.
    "analysis:findings_people_picture": Row(
        "/findings/{network}/people/conv1/0.webp", "in in 404 404 404 404"
    ),
    "analysis:findings_preferences": Row(
        "/findings/{network}/preferences/", "in in 404 200 200 200"
    ),
    "analysis:findings_against": Row("/findings/{network}/against/", "in in 404 200 200 200"),
    "analysis:findings_minimal": Row("/findings/{network}/minimal/", "in in 404 200 200 200"),
    # Without a worker nobody can look; without an image there is nothing to look at.
    "analysis:try": Row("/try/{network}/", "in in 404 200 200 200", "in in 404 422 422 422"),
    "analysis:network_add": Row("/networks/add/", RESEARCHERS, "in in 403 422 422 422"),
    "analysis:network": Row("/networks/{network}/", RESEARCHERS),
    "analysis:network_progress": Row("/networks/{network}/progress/", RESEARCHERS),
    "analysis:network_inspect": Row("/networks/{network}/inspect/", post=owners(302)),
    "analysis:citing": Row("/networks/{network}/citation/", owners(200), owners(302)),
    # Nothing is shown by a link while people are asked; no link has this number.
    "annotate:shared_links": Row("/networks/{network}/links/", owners(200), owners(422)),
    "annotate:shared_link_revoke": Row("/networks/{network}/links/0/revoke/", post=owners(404)),
    "analysis:network_delete": Row("/networks/{network}/delete/", post=owners(302)),
    "analysis:image_set_add": Row("/image-sets/add/", RESEARCHERS, "in in 403 422 422 422"),
    "analysis:image_set": Row("/image-sets/{images}/", RESEARCHERS),
    "analysis:image_set_progress": Row("/image-sets/{images}/progress/", RESEARCHERS),
    "analysis:image_set_refused": Row("/image-sets/{images}/refused.jsonl", RESEARCHERS),
    "analysis:image_set_thumbnail": Row("/image-sets/{images}/0.webp", "in in 403 404 404 404"),
    "analysis:image_set_import": Row("/image-sets/{images}/import/", post=owners(302)),
    "analysis:image_set_delete": Row("/image-sets/{images}/delete/", post=owners(302)),
    "annotate:network_public": Row(
        "/networks/{network}/public/", post=owners(302), data={"public": "no"}
    ),
    "annotate:network_archive": Row("/networks/{network}/archive.zip", RESEARCHERS),
    "analysis:run_new": Row("/runs/new/", RESEARCHERS, "in in 403 422 422 422"),
    "analysis:run": Row("/runs/{run}/", RESEARCHERS),
    "analysis:run_progress": Row("/runs/{run}/progress/", RESEARCHERS),
    "analysis:run_pictures": Row("/runs/{run}/pictures/", RESEARCHERS),
    "analysis:run_cancel": Row("/runs/{run}/cancel/", post=owners(302)),
    "analysis:run_resume": Row("/runs/{run}/resume/", post=owners(302)),
    "analysis:run_delete": Row("/runs/{run}/delete/", post=owners(302)),
    "annotate:campaign_new": Row("/campaigns/new/", RESEARCHERS, "in in 403 404 404 404"),
    "annotate:campaign": Row("/campaigns/{campaign}/", RESEARCHERS),
    "annotate:campaign_progress": Row("/campaigns/{campaign}/progress/", RESEARCHERS),
    "annotate:campaign_turn": Row(
        "/campaigns/{campaign}/turn/", post=owners(302), data={"to": "close"}
    ),
    "annotate:campaign_publish": Row("/campaigns/{campaign}/publish/", post=owners(302)),
    "annotate:answers": Row(
        "/campaigns/{campaign}/answers/", RESEARCHERS, owners(302), data={"target_group": "0.9"}
    ),
    "annotate:agreement": Row("/campaigns/{campaign}/agreement/", RESEARCHERS),
    "annotate:agreement_method": Row("/campaigns/{campaign}/agreement/method/", post=owners(302)),
    "annotate:agreement_table": Row("/campaigns/{campaign}/agreement/workers.csv", RESEARCHERS),
    "annotate:agreement_figure": Row(  # nobody has answered yet
        "/campaigns/{campaign}/agreement/figures/words.csv", "in in 403 404 404 404"
    ),
    "annotate:live_figure": Row(
        "/campaigns/{campaign}/live/figures/answers-by-day.csv", RESEARCHERS
    ),
    "annotate:live": Row("/campaigns/{campaign}/live/", RESEARCHERS),
    "annotate:live_numbers": Row("/campaigns/{campaign}/live/numbers/", RESEARCHERS),
    "annotate:campaign_pay": Row("/campaigns/{campaign}/pay/", post=owners(422)),
    "annotate:answers_csv": Row("/campaigns/{campaign}/answers.csv", RESEARCHERS),
    "annotate:answers_jsonl": Row("/campaigns/{campaign}/answers.jsonl", RESEARCHERS),
    "annotate:campaign_extend": Row("/campaigns/{campaign}/extend/", owners(200), owners(422)),
    # Whoever may read a campaign may ask the same: the copy is his own.
    "annotate:campaign_clone": Row(
        "/campaigns/{campaign}/clone/", RESEARCHERS, "in in 403 422 422 422"
    ),
    "annotate:concepts": Row("/campaigns/{campaign}/concepts/", RESEARCHERS),
    # Refused or not, the page is shown again with a sentence.
    "annotate:concepts_decide": Row("/campaigns/{campaign}/concepts/decide/", post=owners(302)),
    "annotate:workers": Row("/campaigns/{campaign}/workers/", RESEARCHERS),
    "annotate:worker": Row("/campaigns/{campaign}/workers/{worker}/", RESEARCHERS),
    # Refused or not, the page is shown again with a sentence.
    "annotate:worker_rule": Row("/campaigns/{campaign}/workers/{worker}/rule/", post=owners(302)),
    "annotate:appeal_answer": Row(
        "/campaigns/{campaign}/workers/{worker}/appeal/", post=owners(302)
    ),
    "annotate:worker_rules": Row("/campaigns/{campaign}/rules/", RESEARCHERS, owners(422)),
    "annotate:audit": Row("/campaigns/{campaign}/audit/", RESEARCHERS),
    "annotate:audit_csv": Row("/campaigns/{campaign}/audit.csv", RESEARCHERS),
    "annotate:review": Row("/campaigns/{campaign}/review/", RESEARCHERS),
    "annotate:review_decide": Row("/campaigns/{campaign}/review/answers/0/", post=owners(404)),
    # Nothing was begun, so that the page leads back and there is nothing to submit.
    "annotate:review_label": Row("/campaigns/{campaign}/review/units/{task}/", owners(302)),
    "annotate:review_begin": Row(
        "/campaigns/{campaign}/review/units/{task}/begin/", post=owners(302)
    ),
    "annotate:review_submit": Row(
        "/campaigns/{campaign}/review/units/{task}/submit/", post=owners(404)
    ),
    "annotate:review_draft": Row(
        "/campaigns/{campaign}/review/units/{task}/draft/", post=owners(404)
    ),
    "annotate:teaching": Row("/campaigns/{campaign}/teaching/", RESEARCHERS),
    "annotate:guidelines": Row(
        "/campaigns/{campaign}/teaching/guidelines/", owners(200), owners(302)
    ),
    "annotate:teaching_bar": Row("/campaigns/{campaign}/teaching/bar/", post=owners(422)),
    "annotate:lesson_make": Row("/campaigns/{campaign}/teaching/make/", post=owners(404)),
    "annotate:lesson": Row("/campaigns/{campaign}/teaching/{lesson}/", owners(200), owners(302)),
    "annotate:lesson_label": Row("/campaigns/{campaign}/teaching/{lesson}/label/", owners(200)),
    "annotate:lesson_submit": Row(
        "/campaigns/{campaign}/teaching/{lesson}/submit/", post=owners(422)
    ),
    "annotate:lesson_draft": Row(
        "/campaigns/{campaign}/teaching/{lesson}/draft/", post=owners(200)
    ),
    "annotate:lesson_move": Row("/campaigns/{campaign}/teaching/{lesson}/move/", post=owners(302)),
    "annotate:lesson_remove": Row(
        "/campaigns/{campaign}/teaching/{lesson}/remove/", post=owners(302)
    ),
    "annotate:label_home": Row("/label/", "in 200 200 200 200 200"),
    "annotate:label_yours": Row("/label/you/answers/", "in 200 200 200 200 200"),
    "annotate:label_csv": Row("/label/you/answers.csv", "in 200 200 200 200 200"),
    "annotate:label_json": Row("/label/you/answers.json", "in 200 200 200 200 200"),
    "annotate:label_leave": Row(
        "/label/you/leave/", "in 200 200 200 200 200", "in 422 422 422 422 422"
    ),
    # Who may label is led to his unit; a stranger is told that a link opens this.
    "annotate:label_next": Row(
        "/label/{campaign}/", "403 302 302 302 302 302", "403 302 302 302 302 302"
    ),
    "annotate:label_ahead": Row("/label/{campaign}/ahead/", "403 200 200 200 200 200"),
    "annotate:label_how": Row("/label/{campaign}/how-to/", "403 200 200 200 200 200"),
    # Nothing holds them back, which they are told on the page of the campaign.
    "annotate:label_appeal": Row("/label/{campaign}/appeal/", post="403 302 302 302 302 302"),
    "annotate:label_learn": Row("/label/{campaign}/learn/", "403 200 200 200 200 200"),
    "annotate:label_tutorial": Row("/label/{campaign}/tutorial/1/", "403 200 200 200 200 200"),
    # Alice practises: she is led to her unit; the others are led to learn, or begin.
    "annotate:label_practice": Row(
        "/label/{campaign}/practice/", "403 302 302 302 302 302", "403 302 302 302 302 302"
    ),
    "annotate:practice_unit": Row(
        "/label/{campaign}/practice/{practice}/", "403 404 200 404 404 404"
    ),
    "annotate:practice_submit": Row(
        "/label/{campaign}/practice/{practice}/submit/", post="403 404 422 404 404 404"
    ),
    "annotate:practice_draft": Row(
        "/label/{campaign}/practice/{practice}/draft/", post="403 404 200 404 404 404"
    ),
    "annotate:practice_feedback": Row(
        "/label/{campaign}/practice/{practice}/feedback/", "403 404 302 404 404 404"
    ),
    "annotate:label_task": Row("/label/{campaign}/{held}/", "403 404 200 404 404 404"),
    "annotate:label_submit": Row(
        "/label/{campaign}/{held}/submit/", post="403 404 422 404 404 404"
    ),
    "annotate:label_draft": Row("/label/{campaign}/{held}/draft/", post="403 404 200 404 404 404"),
    "annotate:label_give_back": Row(
        "/label/{campaign}/{held}/give-back/", post="403 404 302 404 404 404"
    ),
    "annotate:label_keep": Row("/label/{campaign}/{held}/keep/", post="403 404 302 404 404 404"),
    "annotate:label_done": Row("/label/{campaign}/{held}/done/", "403 404 302 404 404 404"),
}
UNIT = "/api/v1/units/{network}/conv1/0/"
API = {
    "api-index": api("/api/v1/", ANYONE),
    "api-schema": api("/api/v1/schema/", ANYONE),
    "api-docs": Row("/api/v1/docs/", ANYONE),
    "api-networks": api("/api/v1/networks/", ANYONE, "401 401 403 400 400 400"),
    "api-network": api("/api/v1/networks/{network}/", API_READERS_OF_PRIVATE),
    # A private network is not there for others; JSON is no image.
    "api-detect": Row("/api/v1/networks/{network}/detect/", NO, "404 404 404 415 415 415", put=NO),
    "api-layers": api("/api/v1/layers/", ANYONE),
    "api-units": api("/api/v1/units/", ANYONE),
    "api-unit": api(UNIT, API_READERS_OF_PRIVATE),
    "api-top-images": api(f"{UNIT}top-images/", API_READERS_OF_PRIVATE),
    "api-image-sets": api("/api/v1/image-sets/", API_RESEARCHERS, "401 401 403 400 400 400"),
    "api-image-set": api("/api/v1/image-sets/{images}/", API_RESEARCHERS),
    # A set without masks has no matches, for nobody.
    "api-matches": api("/api/v1/matches/?images={images}", NOT_FOUND, "401 401 403 400 400 400"),
    "api-runs": api("/api/v1/runs/", API_RESEARCHERS, "401 401 403 400 400 400"),
    "api-run": api("/api/v1/runs/{run}/", API_RESEARCHERS),
    "api-run-cancel": api("/api/v1/runs/{run}/cancel/", post="401 401 403 409 403 409"),
    "api-run-resume": api("/api/v1/runs/{run}/resume/", post="401 401 403 409 403 409"),
    "api-statistics-list": api("/api/v1/statistics/", ANYONE),
    UNKNOWN: Row("/api/v1/statistics/none/", NOT_FOUND, NOT_FOUND, NOT_FOUND),
    "api-statistics": api("/api/v1/statistics/segments/?run={run}", API_READERS_OF_PRIVATE),
    "api-statistics-csv": api("/api/v1/statistics/segments.csv?run={run}", API_READERS_OF_PRIVATE),
    "api-exports-units": api("/api/v1/exports/units.csv", ANYONE),
    "api-campaigns": api("/api/v1/campaigns/", API_RESEARCHERS, "401 401 403 400 400 400"),
    "api-campaign": api("/api/v1/campaigns/{campaign}/", API_RESEARCHERS),
    "api-campaign-agreement": api("/api/v1/campaigns/{campaign}/agreement/", API_RESEARCHERS),
    "api-campaign-pause": api(
        "/api/v1/campaigns/{campaign}/pause/", post="401 401 403 200 403 200"
    ),
    "api-campaign-close": api(
        "/api/v1/campaigns/{campaign}/close/", post="401 401 403 200 403 200"
    ),
    "api-campaign-reopen": api(
        "/api/v1/campaigns/{campaign}/reopen/", post="401 401 403 200 403 200"
    ),
    "api-campaign-live": api("/api/v1/campaigns/{campaign}/live/", API_RESEARCHERS),
    "api-campaign-extend": api(
        "/api/v1/campaigns/{campaign}/extend/", post="401 401 403 200 403 200"
    ),
    "api-campaign-clone": api(
        "/api/v1/campaigns/{campaign}/clone/", post="401 401 403 400 400 400"
    ),
    "^api(?:/|$)": Row("/api/v0/none/", NOT_FOUND, NOT_FOUND, NOT_FOUND),
}
ROWS = PAGES | API


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Made once for the whole table, and taken back at the end."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield build()
        transaction.set_rollback(True)


def addresses(resolver: URLResolver, before: str = "") -> Iterator[str]:
    """Name every address below a resolver: by its name, or its pattern where it has none."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            space = f"{pattern.namespace}:" if pattern.namespace else before
            if pattern.namespace != "admin":  # tests/pages/test_admin_site.py
                yield from addresses(pattern, space)
        elif isinstance(pattern, URLPattern):
            yield before + (pattern.name or str(pattern.pattern))


def test_every_address_has_a_row():
    assert set(addresses(get_resolver())) - {"admin/login/"} == set(ROWS)


@pytest.mark.parametrize("name", ROWS)
def test_each_role_gets_what_the_table_says(world, name):
    row = ROWS[name]
    for method, expected in (("get", row.get), ("post", row.post), ("put", row.put)):
        data = row.data if method == "post" else None
        got = [world.ask(person, method, row.address, data) for person in PEOPLE]
        assert f"{method}: {' '.join(got)}" == f"{method}: {expected}"
