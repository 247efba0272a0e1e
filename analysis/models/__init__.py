"""Rows of what is known: networks, image sets, runs, top images, fields, semantics, reports."""

from analysis.models.class_scores import ClassScore
from analysis.models.detections import Detection
from analysis.models.fields import ReceptiveField
from analysis.models.images import Image, ImageSet
from analysis.models.label_changes import LabelChange
from analysis.models.localisation import ConceptMatch, Localisation, MatchDecision
from analysis.models.minimal_images import MinimalImage
from analysis.models.networks import Layer, Network, Unit
from analysis.models.reports import Report
from analysis.models.runs import Job, Listener, LogLine, Run, Shard
from analysis.models.sharing import SharedLink
from analysis.models.sign_in import SignInAttempts
from analysis.models.states import OPEN, State
from analysis.models.tokens import ApiToken
from analysis.models.units import Category, Segment, Source, TopImage, UnitSemantics

__all__ = [
    "OPEN",
    "ApiToken",
    "Category",
    "ClassScore",
    "ConceptMatch",
    "Detection",
    "Image",
    "ImageSet",
    "Job",
    "LabelChange",
    "Layer",
    "Listener",
    "Localisation",
    "LogLine",
    "MatchDecision",
    "MinimalImage",
    "Network",
    "ReceptiveField",
    "Report",
    "Run",
    "Segment",
    "Shard",
    "SharedLink",
    "SignInAttempts",
    "Source",
    "State",
    "TopImage",
    "Unit",
    "UnitSemantics",
]
