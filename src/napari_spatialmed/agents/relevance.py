"""What is worth asking: clinical weights of structures and of pairs, and a sentence that says why.

The weights order proposals and set the floor under which a question is turned down as irrelevant.  They are our own
judgement, not a publication's: lesions first, then the organs and vessels that reports measure, bones and muscles last.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from napari_spatialmed.case import Structure

LEAST = 0.15
"""Structures (or pairs) below this weight are not asked about."""

_UNNAMED = re.compile(
    r"(?:(?:left|right) )?(?:(?:label|structure|segment|class|region)[ _]?\d+|unknown|undetermined|other|rest|background|misc\w*"
    r"|metal|outside .*)",
    re.I,
)
"""A number or a stopgap instead of a name: nobody can say whether a question about it makes sense."""

_BY_KIND = {"lesion": 1.0, "organ": 0.45, "vessel": 0.5, "cavity": 0.4, "region": 0.45, "tissue": 0.25, "bone": 0.2, "muscle": 0.12, "other": 0.2}  # fmt: skip
_BY_CONCEPT = {
    "liver": 0.85,
    "kidney": 0.8,
    "pancreas": 0.85,
    "spleen": 0.75,
    "heart": 0.75,
    "lung": 0.7,
    "brain": 0.7,
    "prostate": 0.8,
    "urinary_bladder": 0.55,
    "gallbladder": 0.55,
    "adrenal_gland": 0.65,
    "uterus": 0.6,
    "stomach": 0.5,
    "duodenum": 0.45,
    "colon": 0.35,
    "small_bowel": 0.3,
    "esophagus": 0.45,
    "rectum": 0.5,
    "thyroid_gland": 0.6,
    "hippocampus": 0.85,
    "amygdala": 0.6,
    "thalamus": 0.6,
    "aorta": 0.8,
    "inferior_vena_cava": 0.65,
    "portal_vein_and_splenic_vein": 0.75,
    "portal_vein": 0.75,
    "hepatic_vessel": 0.75,
    "superior_mesenteric_artery": 0.8,
    "celiac_trunk": 0.75,
    "iliac_artery": 0.5,
    "pulmonary_artery": 0.65,
    "spinal_cord": 0.5,
    "sacrum": 0.25,
    "autochthon": 0.1,
    "iliopsoas": 0.14,
    "costal_cartilages": 0.1,
}
_SPREAD_OUT = re.compile(
    r"colon|bowel|intestine|skin|fat|tissue|^body|skeleton|white_matter|cortex$|csf|vessel_in|hepatic_vessels|airway|ribs$|teeth"
)
"""Structures that wind or spread so far that their centre says nothing: a colon's lies in the small bowel."""
_OF_CENTRES = ("dir.", "dist.centre")
_OF_SIZES = ("comp.", "volest.ratio")


def weight(structure: Structure) -> float:
    """Clinical weight of one structure, 0 to 1."""
    concept = structure.concept
    if _UNNAMED.fullmatch(structure.title):
        return 0.0
    if structure.kind == "lesion":
        return 1.0
    if concept.startswith(("rib", "costal")):
        return 0.1
    if concept.startswith("vertebra"):
        return 0.28
    if concept.startswith("lung"):
        return 0.6
    if concept.startswith("heart"):
        return 0.55
    return _BY_CONCEPT.get(concept, _BY_KIND.get(structure.kind, 0.2))


def weight_together(structures: Sequence[Structure]) -> float:
    """Weight of a question about several structures: their geometric mean, raised for pairs that decide something."""
    if not structures:
        return 0.0
    weights = [weight(s) for s in structures]
    if min(weights) < LEAST:
        return 0.0
    mean: float = math.prod(weights) ** (1.0 / len(weights))
    kinds = [s.kind for s in structures]
    if len(structures) == 1:
        return mean
    mean *= (min(weights) / max(weights)) ** 0.5  # a kidney and a far rib are no pair that anybody measures
    if "lesion" in kinds:
        partner = "vessel" in kinds or "organ" in kinds
        return min(1.0, mean * (1.3 if partner else 1.0))
    if all(kind in ("bone", "muscle") for kind in kinds):
        return mean * 0.5
    if {s.concept for s in structures} == {structures[0].concept}:
        return min(1.0, mean * 1.1)  # the two sides of a paired organ
    return mean


def weight_for(form: str, structures: Sequence[Structure]) -> float:
    """Weight of asking one form about these structures: a pair that makes sense for a distance may make none for a ratio.

    Sizes are compared between like and like; centres are asked of compact structures; the volume, the length and the
    centre of a vessel depend on where its label ends.
    """
    found = weight_together(structures)
    kinds = {s.kind for s in structures}
    if form.startswith(_OF_CENTRES):
        found *= 0.3 if any(_SPREAD_OUT.search(s.concept) for s in structures) else 1.0
        found *= 0.6 if "vessel" in kinds and form != "dir.axis" else 1.0
    if form.startswith(_OF_SIZES):
        found *= 1.0 if len(kinds) == 1 else 0.35
        paired = len({s.concept for s in structures}) == 1
        found *= 0.6 if form.endswith(".ratio") and not paired and "lesion" not in kinds else 1.0
    if form.startswith((*_OF_SIZES, "vol.", "volest.", "ext.")) and form != "volest.burden":
        found *= 0.25 if "vessel" in kinds else 0.7 if "bone" in kinds else 1.0
    if form.startswith("dist.") and "bone" in kinds and len(kinds) > 1:
        found *= 0.6
    return found


_WHY = {
    "DIR": "Reports place findings and organs by side, height and depth; a reader must see it on this scan.",
    "DIST": "The distance decides how near a needle, a beam or a resection comes.",
    "EXT": "Extents along the patient's axes are what reports state and follow-ups compare.",
    "VOL": "The volume tells enlargement or atrophy and is followed over time.",
    "COMP": "Comparing sizes within a patient shows asymmetry and enlargement without a reference table.",
    "VOLEST": "An estimate in millilitres is what volumetry, dosimetry and surgery need.",
    "COUNT": "The number of lesions and where they lie decides staging and treatment.",
    "CONT": "Contact or encasement decides whether a lesion can be removed.",
    "MARG": "The margin between a lesion and a vessel decides resectability.",
    "SHAPE": "Shape separates round, elongated and flat structures, which hints at their nature.",
}


def reason_for(task: str, structures: Sequence[Structure]) -> str:
    """Why a question is worth asking, in one or two sentences."""
    titles = [s.title for s in structures]
    who = titles[0] if len(titles) == 1 else ", ".join(titles[:-1]) + " and " + titles[-1]
    first = _WHY.get(task, "It asks for what can only be seen on the scan.")
    extra = ""
    if any(s.kind == "lesion" for s in structures):
        extra = " A lesion's size and neighbours guide treatment."
    elif any(s.kind == "vessel" for s in structures) and len(structures) > 1:
        extra = " Vessels are the landmarks and the limits of surgery."
    return f"About the {who}: {first[0].lower()}{first[1:]}{extra}"
