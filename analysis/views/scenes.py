"""Pages of scenes: those of all image sets that one may read, and one with what is known of it."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from analysis.services import scene_objects, scenes
from analysis.services.access import is_researcher
from analysis.services.figure_links import scene_page
from analysis.views.atlas import readable

LONGEST = 200  # of a scene's name


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List the scenes of each image set; ``images`` and ``is`` show one that no path can name."""
    if "is" in request.GET:
        return _one(request, request.GET.get("images", ""), request.GET["is"])
    sets = scenes.image_sets(request.user, readable(request)).order_by("slug")
    rows = [
        {
            "image_set": one,
            "scenes": [
                (name, count, scene_page(one.slug, name))
                for name, count in sorted(one.scenes.items(), key=lambda pair: (-pair[1], pair[0]))
            ],
        }
        for one in sets
    ]
    return render(request, "analysis/scenes.html", {"rows": rows})


@require_safe
def scene(request: HttpRequest, image_set: str, scene: str) -> HttpResponse:
    """Show one scene of an image set."""
    return _one(request, image_set, scene)


def _one(request: HttpRequest, slug: str, scene: str) -> HttpResponse:
    networks = readable(request)
    found = scenes.image_sets(request.user, networks).filter(slug=slug).first()
    if found is None or len(scene) > LONGEST or scene not in found.scenes:
        raise Http404("No such scene, or no network that you may see was shown its images.")
    researcher = is_researcher(request.user)
    pictures = scenes.pictures(found, scene, networks)
    rows, needs = scenes.minimal(found, scene, networks)
    page = {
        "image_set": found,
        "scene": scene,
        "images": found.scenes[scene],
        "pictures": pictures,
        "known": scenes.known_images(found, scene) if researcher and not pictures else [],
        "detectors": scenes.detectors(found, scene, networks),
        "figures": [scene_objects.informative(found, scene), needs],
        "minimal": rows,
    }
    return render(request, "analysis/scene.html", page)
