"""The vocabulary of anatomy: other spellings of a concept, what kind each is, and where it is listed."""

from __future__ import annotations

from napari_spatialmed.case.model import Kind

# "Left" and "right" here name a part, not a side of the body.
NOT_A_SIDE = (
    r"^(heart_)?(atrium|ventricle)_(left|right)$",
    r"^(left|right)_(atrium|ventricle)$",
    r"(left|right)_ventricular",
    r"coronary_cusp",
    r"^pul_(left|right)_start$",
)

ALIASES = {
    "adrenal": "adrenal_gland",
    "bladder": "urinary_bladder",
    "3rd_ventricle": "third_ventricle",
    "4th_ventricle": "fourth_ventricle",
    "brain_stem": "brainstem",
    "caudate": "caudate_nucleus",
    "clavicle": "clavicula",
    "gall_bladder": "gallbladder",
    "glioma": "brain_tumor",
    "gtv": "tumor",
    "gtv_1": "tumor",
    "gtv_mass": "tumor",
    "hepatic_tumor": "liver_tumor",
    "hepatic_vessel": "hepatic_vessels",
    "hippo": "hippocampus",
    "iliac_vein": "iliac_vena",
    "ivc": "inferior_vena_cava",
    "left_atrium": "heart_atrium_left",
    "left_ventricle": "heart_ventricle_left",
    "lesions": "lesion",
    "liver_lesions": "liver_lesion",
    "liver_cancer": "liver_tumor",
    "lungs_nodules": "lung_nodule",
    "lung_nodules": "lung_nodule",
    "oesophagus": "esophagus",
    "pancreatic_tumor": "pancreas_tumor",
    "peritumoral_edema": "edema",
    "postcava": "inferior_vena_cava",
    "renal_tumor": "kidney_tumor",
    "right_atrium": "heart_atrium_right",
    "right_ventricle": "heart_ventricle_right",
    "small_intestine": "small_bowel",
    "suprarenal_gland": "adrenal_gland",
    "surrounding_non_enhancing_flair_hyperintensity": "edema",
    "svc": "superior_vena_cava",
    "vena_cava_inferior": "inferior_vena_cava",
    "vertebral_bodies": "vertebrae_body",
    "colon_tumor_primaries": "colon_tumor",
    "necrosis": "necrotic_tumor_core",
    "necrotic_core": "necrotic_tumor_core",
    "necrotic_and_non_enhancing_tumor_core": "necrotic_tumor_core",
    "non_enhancing_tumor": "non_enhancing_tumor_core",
    "superior_lobe": "lung_upper_lobe",
    "middle_lobe": "lung_middle_lobe",
    "inferior_lobe": "lung_lower_lobe",
    "thalamus_proper": "thalamus",
    "whole_heart": "heart",
    "whole_lung": "lungs",
    "upper_third": "lung_upper_third",
    "middle_third": "lung_middle_third",
    "lower_third": "lung_lower_third",
}

TITLES = {
    "autochthon": "deep back muscles",
    "body_trunc": "trunk",
    "clavicula": "clavicle",
    "hip": "hip bone",
    "iliac_vena": "iliac vein",
    "inferior_articular": "inferior articular process",
    "portal_vein_and_splenic_vein": "portal and splenic vein",
    "superior_articular": "superior articular process",
    "vertebra_disc": "intervertebral disc",
    "csf": "CSF",
    "vertebrae_body": "vertebral bodies",
    "heart_atrium_left": "left atrium",
    "heart_atrium_right": "right atrium",
    "heart_ventricle_left": "left ventricle of the heart",
    "heart_ventricle_right": "right ventricle of the heart",
    "heart_myocardium": "heart muscle",
    "hippocampus_anterior": "anterior hippocampus",
    "hippocampus_posterior": "posterior hippocampus",
    "prostate_peripheral_zone": "peripheral zone of the prostate",
    "prostate_transition_zone": "transition zone of the prostate",
}

_SPINE, _CAGE, _LIMBS, _HEAD = (
    "Skeleton: spine",
    "Skeleton: ribs and sternum",
    "Skeleton: limbs and girdles",
    "Skeleton: head",
)

RULES: tuple[tuple[str, Kind, str], ...] = (
    (
        r"tumor|lesion|cyst(?!ic)|nodule|metasta|(?:^|_)mets?(?:_|$)|carcinoma|edema|necro|infarct|hemorrh|aneurysm|infiltrate|effusion|resection_cavity|emphysema|hernia|mesothelioma|atelectasis|honeycomb|calcification|bronchiectasis",
        "lesion",
        "Lesions",
    ),
    (
        r"gluteus|autochthon|iliopsoas|psoas|muscle|masseter|temporalis|pterygoid|digastric|scalene|trapezius|platysma|sternocleidomastoid|thyrohyoid|sterno_thyroid|constrictor|levator|rectus_abd|oblique|serratus|latissimus|pectoralis|erector|transversospinalis|quadratus|quadriceps|sartorius|deltoid|spinatus|subscapularis|coracobrach|teres_major|triceps|thigh_|prevertebral",
        "muscle",
        "Muscles",
    ),
    (r"fat$|tissue|^skin", "tissue", "Fat and tissue"),
    (
        r"ventricle_(frontal|occipital|body|temporal|trigone)|(third|fourth|3rd|4th|lateral)_ventricle|^ventricles?$|inf_lat_vent|^vent_|csf|subarachnoid|septum_pellucidum|choroid",
        "cavity",
        "Brain",
    ),
    (
        r"brain|cerebell|cerebr|thalamus|caudate|putamen|pallidum|hippocamp|amygdala|accumbens|insula|cortex|lobe_of_brain|(frontal|parietal|occipital|temporal)_lobe|gyrus|sulcus|internal_capsule|lentiform|corpus_callosum|brodmann|ventraldc|cuneus|white_matter",
        "region",
        "Brain",
    ),
    (r"venous_sinus", "vessel", "Brain"),
    (
        r"aorta|aortic|arter(y|ies)|vein|vena|vessel|trunk$|carotid|jugular|celiac|sinotubular|coronary_cusp|non_coronary",
        "vessel",
        "Cardiovascular",
    ),
    (r"disc|endplate|spinal_cord|spinal_canal", "tissue", _SPINE),
    (
        r"vertebra|sacrum|coccyx|spine|corpus|arcus|spinosus|costal_process|articular|dens_axis",
        "bone",
        _SPINE,
    ),
    (r"^rib|sternum|costal_cartilage|thoracic_cage", "bone", _CAGE),
    (
        r"^hip$|hip_implant|femur|tibia|fibula|patella|tarsal|phalang|humerus|ulna|radius|carpal|scapula|clavicula|bone_marrow|^bone$",
        "bone",
        _LIMBS,
    ),
    (
        r"skull|mandible|teeth|tooth|incisor|canine|premolar|molar|zygomatic|styloid|hyoid|jaw|crown|implant",
        "bone",
        _HEAD,
    ),
    (
        r"heart|atrial|atrium|myocardium|pericardium|ventricular_outflow|^annulus|pul_",
        "organ",
        "Cardiovascular",
    ),
    (r"trachea|bronch|airway|lung|larynx|pleura|lobe$|fissure", "organ", "Respiratory"),
    (
        r"liver|gallbladder|pancreas|stomach|duodenum|bowel|colon|esophagus|rectum|^intestine",
        "organ",
        "Digestive",
    ),
    (r"kidney|bladder|ureter|urethra", "organ", "Urinary"),
    (r"prostate|uterus|ovar|testi|breast|seminal", "organ", "Reproductive"),
    (r"spleen|lymph|thymus", "organ", "Lymphatic"),
    (r"thyroid|adrenal|parotid|submandibular|pituitary|gland", "organ", "Glands"),
    (
        r"eye|lens|optic|nasal|nasopharynx|oropharynx|hypopharynx|palate|tongue|auditory|cartilage|face|^head$",
        "organ",
        "Head and neck",
    ),
    (r"cavity|mediastinum|sinus", "cavity", "Cavities"),
    (r"^body|extremit", "region", "Body"),
)
"""(pattern in the concept, kind, system); the first that fits."""
