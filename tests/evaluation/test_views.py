"""What a model, a reviewer and the viewer are shown: the right way round, with everything asked about on it."""

from __future__ import annotations

import hashlib
import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from napari_spatialmed.case import make_case
from napari_spatialmed.evaluation import LAYOUTS, View, ViewError, render_view
from napari_spatialmed.evaluation.drawing import MARGIN, OUTLINE_COLORS
from napari_spatialmed.geometry import CaseGeometry

from .conftest import marker_case


def pixels(png: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def place_of(picture: NDArray[np.uint8], number: int) -> tuple[float, float]:
    """Mean row and column of the outline with this colour, legend left out."""
    color = OUTLINE_COLORS[number][1]
    rows, columns = np.nonzero((picture[: -3 * MARGIN] == color).all(axis=-1))
    return float(rows.mean()), float(columns.mean())


def test_the_patients_right_is_on_the_left_of_axial_and_coronal_pictures(markers):
    view = render_view(markers, ["right", "left"], layout="orthogonal", outlines=True)
    for picture in view.pictures[:2]:
        shown = pixels(picture.png)
        assert place_of(shown, 0)[1] < place_of(shown, 1)[1], picture.plane


def test_superior_is_up_and_anterior_is_up_or_left(markers):
    axial, coronal, sagittal = (
        render_view(markers, names, layout="plane", plane=plane, outlines=True).pictures[0]
        for plane, names in (
            ("axial", ["anterior", "posterior"]),
            ("coronal", ["superior", "inferior"]),
            ("sagittal", ["anterior", "posterior"]),
        )
    )
    assert place_of(pixels(axial.png), 0)[0] < place_of(pixels(axial.png), 1)[0]
    assert place_of(pixels(coronal.png), 0)[0] < place_of(pixels(coronal.png), 1)[0]
    assert place_of(pixels(sagittal.png), 0)[1] < place_of(pixels(sagittal.png), 1)[1]


@pytest.mark.parametrize("layout", ["montage", "frames"])
def test_no_tile_or_frame_is_mirrored(markers, layout):
    view = render_view(markers, ["right", "left"], layout=layout, outlines=True, count=1)
    assert place_of(pixels(view.pictures[0].png), 0)[1] < place_of(pixels(view.pictures[0].png), 1)[1]


def test_surfaces_are_seen_from_the_front_the_left_and_below(markers):
    names = ["right", "left", "anterior", "posterior", "superior", "inferior"]
    view = render_view(markers, names, layout="surface3d")
    front, side, below = (pixels(p.png).astype(int) for p in view.pictures)

    def centre(shown: NDArray[np.int64], number: int) -> tuple[float, float]:
        color = np.asarray(OUTLINE_COLORS[number][1], float)
        color /= np.linalg.norm(color)
        body = shown[MARGIN : -3 * MARGIN, MARGIN:-MARGIN].astype(float)
        length = np.linalg.norm(body, axis=-1)
        same = (body @ color > 0.999 * length) & (length > 30)
        rows, columns = np.nonzero(same)
        return float(rows.mean()), float(columns.mean())

    assert centre(front, 0)[1] < centre(front, 1)[1], "right is on the left"
    assert centre(front, 4)[0] < centre(front, 5)[0], "superior is up"
    assert centre(side, 2)[1] < centre(side, 3)[1], "anterior is on the left"
    assert centre(side, 4)[0] < centre(side, 5)[0]
    assert centre(below, 0)[1] < centre(below, 1)[1], "right is on the left, seen from the feet"
    assert centre(below, 2)[0] < centre(below, 3)[0], "anterior is up"


def test_nearer_surfaces_hide_farther_ones():
    labels = np.zeros((40, 40, 40), np.uint8)
    labels[10:30, 5:10, 10:30] = 1
    labels[12:28, 25:30, 12:28] = 2
    case = make_case(
        labels, np.diag([1.0, 1, 1, 1]), names={1: "back", 2: "front"}
    )  # the second axis grows to anterior
    front = render_view(CaseGeometry(case), ["back", "front"], layout="surface3d").pictures[0]
    middle = pixels(front.png)[front.height // 2 - MARGIN, front.width // 2].astype(float)
    assert np.argmin(middle) == 0, "the middle shows the cyan block in front, not the yellow one behind it"


@pytest.mark.parametrize("flip", [(1, 1, 1), (-1, 1, 1), (1, -1, -1)])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 0, 2)])
def test_the_files_array_order_changes_nothing(flip, order):
    labels = np.zeros((40, 44, 48), np.uint8)
    labels[6:12, 20:26, 20:26] = 1  # low x
    labels[28:34, 20:26, 20:26] = 2  # high x
    affine = np.diag([1.5, 1.0, 2.0, 1.0])
    steps = tuple(slice(None, None, f) for f in flip)
    for axis, f in enumerate(flip):
        if f < 0:
            affine[:3, 3] += affine[:3, axis] * (labels.shape[axis] - 1)
            affine[:3, axis] *= -1
    moved = np.transpose(labels[steps], order)
    turned = affine.copy()
    turned[:3, :3] = affine[:3, order]
    geometry = CaseGeometry(make_case(moved, turned, names={1: "low", 2: "high"}))
    shown = pixels(
        render_view(geometry, ["low", "high"], layout="plane", plane="axial", outlines=True).pictures[0].png
    )
    assert place_of(shown, 1)[1] < place_of(shown, 0)[1], "high x is the patient's right, hence on the left"


def test_pixels_are_square_millimetres():
    labels = np.zeros((40, 40, 20), np.uint8)
    labels[5:15, 5:15, 5:15] = 1
    case = make_case(labels, np.diag([1.0, 1.0, 4.0, 1.0]), names={1: "slab"})
    picture = render_view(CaseGeometry(case), ["slab"], layout="plane", plane="coronal").pictures[0]
    rows, columns = np.nonzero(pixels(picture.png)[MARGIN : -3 * MARGIN, MARGIN:-MARGIN].max(axis=-1) > 60)
    height, width = (np.ptp(rows) + 1) * picture.mm_per_pixel, (np.ptp(columns) + 1) * picture.mm_per_pixel
    assert height == pytest.approx(40, abs=1)
    assert width == pytest.approx(10, abs=1)


def test_the_bar_is_ten_millimetres(markers):
    picture = render_view(markers, ["right"], layout="plane").pictures[0]
    shown = pixels(picture.png)
    line = shown[picture.height - MARGIN // 2, MARGIN:].min(axis=-1) > 250
    length = int(np.flatnonzero(~line)[0]) * picture.mm_per_pixel
    assert length == pytest.approx(10, abs=picture.mm_per_pixel)


def test_the_same_view_has_the_same_bytes(markers):
    for layout in LAYOUTS:
        first, second = (
            render_view(markers, ["right", "left"], layout=layout, outlines=True) for _ in range(2)
        )
        assert [p.png for p in first.pictures] == [p.png for p in second.pictures]
        for picture in first.pictures:
            assert picture.sha256 == hashlib.sha256(picture.png).hexdigest()
            assert picture.png.startswith(b"\x89PNG")


def test_outlines_do_not_move_the_anatomy(markers):
    plain, outlined = (
        render_view(markers, ["right"], layout="plane", outlines=o).pictures[0] for o in (False, True)
    )
    a, b = pixels(plain.png), pixels(outlined.png)
    differing = (a != b[: a.shape[0]]).any(axis=-1)
    assert 0 < differing.mean() < 0.02


def test_the_audit_passes_what_can_be_seen(markers):
    view = render_view(markers, ["right", "left"], axis="RL")
    assert view.passed
    assert view.visible == {"right": 64, "left": 64}
    assert [v.rule for v in view.audit] == ["V1", "V1", "V2"]


def test_the_audit_catches_a_structure_that_is_not_on_the_picture(markers):
    view = render_view(markers, ["superior", "inferior"], layout="plane", plane="axial")
    failed = [v for v in view.audit if not v.passed]
    assert len(failed) == 1
    assert failed[0].rule == "V1"
    assert "0 voxels" in failed[0].reason
    assert not view.passed


def test_the_audit_catches_a_plane_that_does_not_show_the_axis(markers):
    view = render_view(markers, ["superior"], layout="plane", plane="axial", axis="SI")
    assert [v.passed for v in view.audit if v.rule == "V2"] == [False]


@pytest.mark.parametrize(
    ("axis", "planes"),
    [("RL", {"axial", "coronal"}), ("AP", {"axial", "sagittal"}), ("SI", {"coronal", "sagittal"})],
)
def test_a_single_plane_shows_the_axis_asked(markers, axis, planes):
    view = render_view(markers, ["superior"], layout="plane", axis=axis)
    assert view.pictures[0].plane in planes
    assert view.passed


def test_three_planes_get_a_fourth_for_what_none_of_them_shows():
    labels = np.zeros((60, 60, 60), np.uint8)
    for label, corner in ((1, 5), (2, 25), (3, 45)):
        labels[corner : corner + 6, corner : corner + 6, corner : corner + 6] = label
    view = render_view(CaseGeometry(make_case(labels, np.eye(4))), [1, 2, 3])
    assert len(view.pictures) > 3
    assert view.passed


def test_a_montage_shows_every_structure_even_a_thin_one():
    labels = np.zeros((50, 50, 100), np.uint8)
    labels[10:40, 10:40, 5:95] = 1
    labels[20:26, 20:26, 51] = 2
    view = render_view(CaseGeometry(make_case(labels, np.eye(4))), [1, 2], layout="montage", count=4)
    assert min(view.visible.values()) >= 20


def test_labels_alone_are_shown_in_their_colours():
    geometry = CaseGeometry(marker_case(image=False))
    shown = pixels(render_view(geometry, ["right"], layout="plane").pictures[0].png)
    assert (shown == geometry.case["right"].color).all(axis=-1).any()


def test_an_mr_never_gets_hounsfield_units():
    view = render_view(CaseGeometry(marker_case(modality="MR")), ["right"], layout="plane")
    assert "HU" not in view.window
    assert view.modality == "MR"


def test_without_structures_the_middle_is_shown(markers):
    assert [p.plane for p in render_view(markers, []).pictures] == ["axial", "coronal", "sagittal"]


def test_what_can_not_be_shown_says_why(markers):
    with pytest.raises(ViewError, match="no layout 'cube'"):
        render_view(markers, [], layout="cube")
    with pytest.raises(ViewError, match="0 planes"):
        render_view(markers, [], layout="montage", count=0)


def test_size_and_tokens_are_told_before_anything_is_sent(markers):
    view = render_view(markers, ["right"])
    assert isinstance(view, View)
    assert view.size == sum(len(p.png) for p in view.pictures)
    assert view.tokens == sum(-(-p.width // 28) * -(-p.height // 28) for p in view.pictures)


@pytest.mark.parametrize(("side", "other"), [("kidney_right", "kidney_left")])
def test_a_real_scan_is_the_right_way_round(shared, side, other):
    from napari_spatialmed.case import open_case

    folder = shared("cases/ts_abdomen_ct")
    geometry = CaseGeometry(
        open_case(folder / "seg_total.nii.gz", folder / "ct.nii.gz", names="totalsegmentator")
    )
    view = render_view(geometry, [side, other], layout="plane", plane="axial", outlines=True)
    shown = pixels(view.pictures[0].png)
    assert place_of(shown, 0)[1] < place_of(shown, 1)[1]
    assert view.passed
