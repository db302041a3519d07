"""How people call the parcels of brain atlases, whose own names are glued together or cut short."""

from __future__ import annotations

_DESIKAN = {
    "accumbens_area": "nucleus accumbens",
    "bankssts": "banks of the superior temporal sulcus",
    "caudalanteriorcingulate": "caudal anterior cingulate cortex",
    "caudalmiddlefrontal": "caudal middle frontal gyrus",
    "cc_anterior": "anterior corpus callosum",
    "cc_central": "central corpus callosum",
    "cc_mid_anterior": "mid-anterior corpus callosum",
    "cc_mid_posterior": "mid-posterior corpus callosum",
    "cc_posterior": "posterior corpus callosum",
    "cerebellum_cortex": "cerebellar cortex",
    "cerebellum_white_matter": "cerebellar white matter",
    "entorhinal": "entorhinal cortex",
    "frontalpole": "frontal pole",
    "fusiform": "fusiform gyrus",
    "inf_lat_vent": "temporal horn of the lateral ventricle",
    "inferiorparietal": "inferior parietal lobule",
    "inferiortemporal": "inferior temporal gyrus",
    "isthmuscingulate": "isthmus of the cingulate gyrus",
    "lateraloccipital": "lateral occipital cortex",
    "lateralorbitofrontal": "lateral orbitofrontal cortex",
    "lingual": "lingual gyrus",
    "medialorbitofrontal": "medial orbitofrontal cortex",
    "middletemporal": "middle temporal gyrus",
    "paracentral": "paracentral lobule",
    "parahippocampal": "parahippocampal gyrus",
    "parsopercularis": "pars opercularis",
    "parsorbitalis": "pars orbitalis",
    "parstriangularis": "pars triangularis",
    "pericalcarine": "pericalcarine cortex",
    "postcentral": "postcentral gyrus",
    "posteriorcingulate": "posterior cingulate cortex",
    "precentral": "precentral gyrus",
    "rostralanteriorcingulate": "rostral anterior cingulate cortex",
    "rostralmiddlefrontal": "rostral middle frontal gyrus",
    "superiorfrontal": "superior frontal gyrus",
    "superiorparietal": "superior parietal lobule",
    "superiortemporal": "superior temporal gyrus",
    "supramarginal": "supramarginal gyrus",
    "temporalpole": "temporal pole",
    "transversetemporal": "transverse temporal gyrus",
    "ventraldc": "ventral diencephalon",
}
"""FreeSurfer's Desikan–Killiany atlas and the parts that come with it."""

_AAL = {
    "angular": "angular gyrus",
    "calcarine": "calcarine cortex",
    "cerebelum_crus1": "crus I of the cerebellum",
    "cerebelum_crus2": "crus II of the cerebellum",
    "cingulate_ant": "anterior cingulate gyrus",
    "cingulate_mid": "middle cingulate gyrus",
    "cingulate_post": "posterior cingulate gyrus",
    "cingulum_ant": "anterior cingulate gyrus",
    "cingulum_mid": "middle cingulate gyrus",
    "cingulum_post": "posterior cingulate gyrus",
    "frontal_inf_oper": "opercular part of the inferior frontal gyrus",
    "frontal_inf_orb": "orbital part of the inferior frontal gyrus",
    "frontal_inf_orb_2": "orbital part of the inferior frontal gyrus",
    "frontal_inf_tri": "triangular part of the inferior frontal gyrus",
    "frontal_med_orb": "medial orbital part of the frontal gyrus",
    "frontal_mid": "middle frontal gyrus",
    "frontal_mid_2": "middle frontal gyrus",
    "frontal_mid_orb": "orbital part of the middle frontal gyrus",
    "frontal_sup": "superior frontal gyrus",
    "frontal_sup_2": "superior frontal gyrus",
    "frontal_sup_medial": "medial part of the superior frontal gyrus",
    "frontal_sup_orb": "orbital part of the superior frontal gyrus",
    "heschl": "transverse temporal gyrus",
    "occipital_inf": "inferior occipital gyrus",
    "occipital_mid": "middle occipital gyrus",
    "occipital_sup": "superior occipital gyrus",
    "ofcant": "anterior orbital gyrus",
    "ofclat": "lateral orbital gyrus",
    "ofcmed": "medial orbital gyrus",
    "ofcpost": "posterior orbital gyrus",
    "olfactory": "olfactory cortex",
    "parietal_inf": "inferior parietal gyrus",
    "parietal_sup": "superior parietal gyrus",
    "rectus": "gyrus rectus",
    "rolandic_oper": "rolandic operculum",
    "supp_motor_area": "supplementary motor area",
    "temporal_inf": "inferior temporal gyrus",
    "temporal_mid": "middle temporal gyrus",
    "temporal_pole_mid": "middle temporal pole",
    "temporal_pole_sup": "superior temporal pole",
    "temporal_sup": "superior temporal gyrus",
}
"""The automated anatomical labelling atlas."""

_LOBULES = {
    "3": "III", "4_5": "IV–V", "6": "VI", "7": "VII", "7b": "VIIb", "8": "VIII", "9": "IX", "10": "X", "1_2": "I–II",
}  # fmt: skip

PARCELS = (
    _DESIKAN
    | _AAL
    | {f"cerebelum_{n}": f"lobule {roman} of the cerebellum" for n, roman in _LOBULES.items()}
    | {f"vermis_{n}": f"vermis lobule {roman}" for n, roman in _LOBULES.items()}
)
"""Concept → what people read."""
