"""Pages of scenes: those of all image sets that one may read, and one with what is known of it."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from analysis.models import ImageSet
from analysis.services import figure_origins, scene_objects, scenes
from analysis.services.access import is_researcher
from analysis.services.figure_links import scene_page
from analysis.services.figures import Figure
from analysis.views.atlas import readable
from analysis.views.figure_answers import File, answer, files_of, in_file_name

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


@require_safe
def file(
    request: HttpRequest, name: str, form: str, image_set: str = "", scene: str = ""
) -> HttpResponse:
    """Answer with one figure of a scene's page; `images` and `is` name one that no path can."""
    scene = scene or request.GET.get("is", "")
    found = _image_set(request, image_set or request.GET.get("images", ""), scene)
    rows, needs = scenes.minimal(found, scene, readable(request))

    def origin(figure: Figure) -> str:
        if figure is needs:
            return figure_origins.of_minimal(rows[0].run, scene)
        return figure_origins.of_scene(found, scene)

    wanted = File(name, form, f"{found.slug}-{in_file_name(scene)}")
    return answer(request, [scene_objects.informative(found, scene), needs], wanted, origin)


def _image_set(request: HttpRequest, slug: str, scene: str) -> ImageSet:
    """Return the set that has a scene; raises Http404 where whoever asks may not read it."""
    sets = scenes.image_sets(request.user, readable(request))
    found = sets.filter(slug=slug.replace("\0", "")).first()
    if found is None or len(scene) > LONGEST or scene not in found.scenes:
        raise Http404("No such scene, or no network that you may see was shown its images.")
    return found


def _one(request: HttpRequest, slug: str, scene: str) -> HttpResponse:
    networks, found = readable(request), _image_set(request, slug, scene)
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
        "files": files_of(request),
    }
    return render(request, "analysis/scene.html", page)
