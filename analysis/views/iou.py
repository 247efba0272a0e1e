"""The template filter `iou`: three digits, and more where they would hide the threshold."""

from django import template
from django.template.defaultfilters import floatformat

from analysis.services.dissection import DETECTS

USUAL, MOST = 3, 9

register = template.Library()


@register.filter
def iou(value: float) -> str:
    """Return an IoU in the reader's language, so that it reads above DETECTS where it is."""
    digits = USUAL
    while digits < MOST and (round(value, digits) > DETECTS) != (value > DETECTS):
        digits += 1
    return floatformat(value, digits)
