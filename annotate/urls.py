"""Addresses of the annotate app."""

from django.urls import URLPattern, URLResolver, path

from annotate.views import campaigns, concepts, console, label, publicity, yours

app_name = "annotate"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", console.start, name="console"),
    path("networks/<slug:slug>/public/", publicity.switch, name="network_public"),
    path("campaigns/new/", campaigns.new, name="campaign_new"),
    path("campaigns/<slug:slug>/", campaigns.campaign, name="campaign"),
    path("campaigns/<slug:slug>/progress/", campaigns.progress, name="campaign_progress"),
    path("campaigns/<slug:slug>/turn/", campaigns.turn, name="campaign_turn"),
    path("campaigns/<slug:slug>/publish/", campaigns.publish, name="campaign_publish"),
    path("campaigns/<slug:slug>/concepts/", concepts.page, name="concepts"),
    path("campaigns/<slug:slug>/concepts/decide/", concepts.decide, name="concepts_decide"),
    path("label/", label.home, name="label_home"),
    path("label/you/answers/", yours.history, name="label_yours"),
    path("label/you/answers.csv", yours.export, {"form": "csv"}, name="label_csv"),
    path("label/you/answers.json", yours.export, {"form": "json"}, name="label_json"),
    path("label/you/leave/", yours.leave, name="label_leave"),
    path("label/<slug:slug>/", label.next_unit, name="label_next"),
    path("label/<slug:slug>/ahead/", label.ahead, name="label_ahead"),
    path("label/<slug:slug>/how-to/", label.how_to, name="label_how"),
    path("label/<slug:slug>/<int:pk>/", label.task_page, name="label_task"),
    path("label/<slug:slug>/<int:pk>/submit/", label.submit, name="label_submit"),
    path("label/<slug:slug>/<int:pk>/draft/", label.draft, name="label_draft"),
    path("label/<slug:slug>/<int:pk>/give-back/", label.give_back, name="label_give_back"),
    path("label/<slug:slug>/<int:pk>/done/", label.done, name="label_done"),
]
