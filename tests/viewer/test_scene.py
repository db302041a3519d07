"""The facade over the viewer: what is shown, hidden, drawn and picked."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_spatialmed.case import Case
from napari_spatialmed.geometry import measure
from napari_spatialmed.viewer.clicks import structure_at
from napari_spatialmed.viewer.drawing_layers import FADED_WORDS
from napari_spatialmed.viewer.readout import readout_text
from napari_spatialmed.viewer.session import Session
from napari_spatialmed.viewer.space import world_from_ras
from napari_spatialmed.viewer.word_places import inwards, lines_down

Wait = Callable[[Callable[[], bool]], None]


def names(viewer: ViewerModel, *, visible: bool = True) -> set[str]:
    return {layer.name for layer in viewer.layers if layer.visible == visible}


def test_the_labels_layer_paints_on_the_cases_own_array(session: Session, case: Case) -> None:
    labels = session.scene.case_layers.labels
    assert labels is not None
    assert labels.data is case.labels
    np.testing.assert_allclose(labels.scale, case.spacing)


def test_in_2d_scan_and_labels_in_3d_surfaces_and_a_slice_plane(
    session: Session, viewer: ViewerModel, wait_for: Wait
) -> None:
    assert names(viewer) == {"Scan", "Structures"}
    viewer.dims.ndisplay = 3
    wait_for(lambda: session.scene.surfaces.complete)
    assert {"Scan", "Structures"} <= names(viewer, visible=False)
    assert "Slice plane" in names(viewer)
    assert session.scene.surfaces.built == {1, 2, 3, 4}
    viewer.dims.ndisplay = 2
    assert names(viewer) == {"Scan", "Structures"}
    assert viewer.layers.selection.active is session.scene.case_layers.labels


def test_surfaces_are_where_the_voxels_are(
    session: Session, case: Case, viewer: ViewerModel, wait_for: Wait
) -> None:
    viewer.dims.ndisplay = 3
    wait_for(lambda: session.scene.surfaces.complete)
    vertices, _ = session.scene.surfaces._surfaces[1]
    voxels = np.argwhere(case.labels == 1) * case.spacing
    np.testing.assert_allclose(
        vertices.min(axis=0), voxels.min(axis=0) - case.spacing / 2, atol=0.6 * case.spacing.max()
    )
    np.testing.assert_allclose(
        vertices.max(axis=0), voxels.max(axis=0) + case.spacing / 2, atol=0.6 * case.spacing.max()
    )


def test_what_is_selected_stands_out_in_3d(session: Session, viewer: ViewerModel, wait_for: Wait) -> None:
    session.select(["spleen"])
    viewer.dims.ndisplay = 3
    wait_for(lambda: session.scene.surfaces.complete)
    selected = viewer.layers["Selected · 3D"]
    assert selected.visible
    assert selected.opacity == 1
    assert len(session.scene.surfaces._fine) == 1, "what is selected is built finer than what surrounds it"
    others = [layer for layer in viewer.layers if layer.name.endswith("3D") and layer is not selected]
    assert others
    assert all(layer.opacity < 0.5 for layer in others)
    assert max(viewer.layers.index(layer) for layer in others) < viewer.layers.index(selected)


def test_a_hidden_structure_is_transparent_and_cant_be_picked(session: Session, case: Case) -> None:
    place = np.argwhere(case.labels == 1)[100] * case.spacing
    assert structure_at(session.scene, place, None) == "liver"
    session.scene.hide(["liver"])
    assert structure_at(session.scene, place, None) is None
    labels = session.scene.case_layers.labels
    assert labels is not None
    assert labels.colormap.color_dict[1][3] == 0
    assert labels.colormap.color_dict[2][3] == 1
    session.scene.solo(["spleen"])
    assert session.scene.hidden == {"liver", "kidney_left", "aorta"}


def test_jumping_goes_to_the_middle_of_a_structure(session: Session, case: Case, viewer: ViewerModel) -> None:
    session.scene.jump_to(["kidney_left"])
    middle = np.argwhere(case.labels == 3).mean(axis=0) * case.spacing
    np.testing.assert_allclose(viewer.dims.point, middle, atol=case.spacing.max())


def test_windows_of_ct_are_in_hounsfield_units(session: Session) -> None:
    assert session.scene.windows["Abdomen"] == (-135, 215)
    image = session.scene.case_layers.image
    assert image is not None
    session.scene.set_window(-100, 50)
    assert tuple(image.contrast_limits) == (-100, 50)


def test_a_distance_is_drawn_between_its_end_points(
    session: Session, case: Case, viewer: ViewerModel
) -> None:
    found = measure(session.geometry, "surface_distance_mm", "liver", "spleen")
    assert session.scene.draw([found]) == 1
    viewer.dims.ndisplay = 3
    (line,) = viewer.layers["Measured lines"].data
    ends = world_from_ras(case, found.detail["points_ras_mm"])
    np.testing.assert_allclose(line[0], ends[0])
    np.testing.assert_allclose(line[0] + line[1], ends[1], atol=0.01)  # mm; see `drawing_layers._TILT`
    words = viewer.layers["Measured values"]
    assert any(f"{found.value:.1f}" in text or "mm" in text for text in words.features["text"])
    session.scene.erase(found)
    assert len(viewer.layers["Measured lines"].data) == 0


def test_in_2d_drawings_are_projected_on_the_slice_and_fade_away_from_it(
    session: Session, viewer: ViewerModel
) -> None:
    session.scene.draw([measure(session.geometry, "surface_distance_mm", "liver", "spleen")], go=True)
    lines = viewer.layers["Measured lines"]
    words = viewer.layers["Measured values"]
    near = lines.edge_color[0, 3]
    np.testing.assert_allclose(words._view_text_color[:, 3], 1.0)
    there = viewer.dims.point[0]
    viewer.dims.set_point(0, 0.0)
    assert lines.data[0, 0, 0] == pytest.approx(0.0)
    assert lines.edge_color[0, 3] < near
    np.testing.assert_allclose(words._view_text_color[:, 3], FADED_WORDS, atol=0.01)
    viewer.dims.set_point(0, there)
    np.testing.assert_allclose(words._view_text_color[:, 3], 1.0)


def test_a_centroid_is_drawn_with_its_structures_name_and_place(
    session: Session, viewer: ViewerModel
) -> None:
    session.scene.draw([measure(session.geometry, "centroid_ras_mm", "spleen")])
    (text,) = (t for t in viewer.layers["Measured values"].features["text"] if t)
    assert text.startswith("spleen: L ")
    assert text.endswith(" mm")


def test_words_that_would_cover_one_another_are_moved_apart() -> None:
    places = np.array([[0.0, 0.0], [0.0, 4.0], [5.0, 8.0], [900.0, 8.0]])
    assert lines_down(places, ["liver: 12 mm", "", "spleen: 3 mm", "aorta: 4 mm"]) == [0, 0, 1, 0]
    # What would cover a letter of the picture gives way.
    assert lines_down(places[:1], ["liver: 12 mm"], [(90.0, 130.0, 5.0)]) == [2]
    assert lines_down(places[:1], ["liver: 12 mm"], [(400.0, 430.0, 5.0)]) == [0]


def test_one_key_outlines_the_structures_takes_them_off_and_brings_them_back(session: Session) -> None:
    labels = session.scene.case_layers.labels
    session.scene.set_label_opacity(0.3)
    seen = []
    for _ in range(3):
        session.scene.filling.next()
        seen.append((labels.contour, labels.opacity))
    assert seen == [(1, 0.9), (0, 0.0), (0, 0.3)]


def test_words_at_the_edge_are_moved_inwards(session: Session, viewer: ViewerModel) -> None:
    places = np.array([[390.0, 100.0], [20.0, 5.0], [50.0, 50.0], [399.0, 1.0]])
    moved = places + inwards(places, ["spleen: 3 mm", "liver", "aorta: 4 mm", ""], np.array([400.0, 200.0]))
    assert moved[0, 0] < 300, "its end stays in the picture"
    assert moved[1, 1] > 20, "it stands above its place"
    np.testing.assert_array_equal(moved[2:], places[2:])

    session.scene.draw([measure(session.geometry, "centroid_ras_mm", "spleen")])
    words = viewer.layers["Measured values"]
    viewer.scene.camera.zoom = 40.0
    place = session.scene.drawing_layers._anchors[-1]
    # The spleen's centroid comes to lie near the right edge, below the letter.
    viewer.scene.camera.center = (0.0, place[1] - 3.0, place[2] - 0.45 * viewer.canvas.size[1] / 40.0)
    session.scene.drawing_layers._settle()
    assert words.data[-1][2] < place[2] - 1, "its words begin further left"
    assert words.data[-1][1] == pytest.approx(place[1])


def test_a_window_that_closes_takes_its_drawings_along(session: Session, viewer: ViewerModel) -> None:
    session.scene.draw([measure(session.geometry, "centroid_ras_mm", name) for name in ("liver", "spleen")])
    viewer.dims.set_point(0, 4.0)
    # Every layer that goes moves the slider; the drawings must not come back at that.
    viewer.layers.clear()
    assert list(viewer.layers) == []


def test_a_volume_has_no_place_to_draw(session: Session) -> None:
    assert session.scene.draw([measure(session.geometry, "volume_ml", "liver")]) == 0


def test_the_readout_tells_structure_place_and_value(session: Session, case: Case) -> None:
    place = np.argwhere(case.labels == 2)[0] * case.spacing
    text = readout_text(session.scene, place, None)
    assert text.startswith("spleen  ·  L ")
    assert text.endswith("60 HU")
    assert readout_text(session.scene, np.array([-99.0, 0, 0]), None) == ""


def test_the_next_case_takes_everything_of_the_last_away(
    session: Session, viewer: ViewerModel, case: Case
) -> None:
    session.scene.draw([measure(session.geometry, "centre_distance_mm", "liver", "spleen")])
    session.select(["liver"])
    viewer.dims.ndisplay = 3
    layers = session.scene.case_layers.labels
    session.set_case(Case(case.labels.copy(), case.affine, case.structures[:2]))
    assert [layer.name for layer in viewer.layers if layer.visible and len(layer.data)] == ["Structures"]
    assert "Scan" not in viewer.layers
    assert session.scene.case_layers.labels is layers
    assert session.selection == ()


def test_a_case_without_a_scan_leaves_measurements_to_be_seen(
    session: Session, viewer: ViewerModel, case: Case
) -> None:
    session.scene.draw([measure(session.geometry, "centre_distance_mm", "liver", "spleen")])
    session.set_case(Case(case.labels.copy(), case.affine, case.structures))
    session.scene.draw([measure(session.geometry, "centre_distance_mm", "liver", "spleen")])
    assert all(
        viewer.layers[n].visible and len(viewer.layers[n].data) for n in ("Measured lines", "Measured values")
    )


def test_an_edit_of_the_last_case_cannot_be_undone_in_the_next(session: Session, case: Case) -> None:
    session.scene.set_editing(True)
    labels = session.scene.case_layers.labels
    labels.paint((5, 5, 5), 2)
    following = Case(case.labels[:4].copy(), case.affine, case.structures, image=None)
    before = following.labels.copy()
    session.edits.saved(session.edits.strokes)
    session.set_case(following)
    assert not session.scene.editing
    session.scene.set_editing(True)
    session.scene.undo_edit()
    np.testing.assert_array_equal(following.labels, before)


def test_a_case_of_another_shape_and_kind_is_shown_in_the_same_layers(
    session: Session, viewer: ViewerModel, case: Case
) -> None:
    assert case.image is not None
    labels = np.repeat(case.labels[::2], 2, axis=2).astype(np.int32)
    image = np.repeat(case.image[::2], 2, axis=2).astype(np.float32)
    affine = case.affine @ np.diag([2.0, 1.0, 0.5, 1.0])
    following = Case(labels, affine, case.structures, image=image, modality="MR")
    session.set_case(following)
    shown = session.scene.case_layers
    assert shown.image.data is following.image
    assert shown.labels.data is following.labels
    np.testing.assert_allclose(shown.image.scale, following.spacing)
    assert viewer.dims.nsteps == following.labels.shape
    assert viewer.dims.current_step == tuple((n - 1) // 2 for n in following.labels.shape)
    assert [layer.name for layer in viewer.layers[:2]] == ["Scan", "Structures"]


def test_a_smaller_case_after_3d_fills_the_picture(
    session: Session, viewer: ViewerModel, case: Case, wait_for: Wait
) -> None:
    session.select(["liver"])
    viewer.dims.ndisplay = 3
    wait_for(lambda: session.scene.surfaces.complete)
    session.set_case(Case(case.labels[:8, :9, :10].copy(), case.affine, case.structures[:1]))
    low, high = viewer._sliced_extent_world_augmented()
    assert (high - low) / case.spacing[1:] == pytest.approx((9, 10))
    assert viewer.scene.camera.center[1:] == pytest.approx((low + high) / 2)


def test_a_layer_that_was_deleted_is_there_again_for_the_next_case(
    session: Session, viewer: ViewerModel, case: Case
) -> None:
    for name in ("Structures", "Scan"):
        del viewer.layers[name]
    session.set_case(case)
    assert [layer.name for layer in viewer.layers if layer.visible][:2] == ["Scan", "Structures"]
    assert session.scene.case_layers.labels.data is case.labels


def test_closing_leaves_nothing_on_the_viewer(session: Session, viewer: ViewerModel) -> None:
    session.scene.close()
    assert list(viewer.layers) == []
    assert not [key for key in viewer.canvas.overlays if key.startswith("spatialmed")]
    assert viewer.mouse_move_callbacks == []


def test_the_crosshair_leaves_what_is_drawn_free(session: Session, case: Case) -> None:
    assert session.geometry is not None
    scene, overlay = session.scene, session.scene._crosshair.overlay
    first, second = list(case)[:2]
    distance = measure(session.geometry, "surface_distance_mm", first.name, second.name)
    scene.draw((distance,), go=True)
    (drawing,) = scene.drawing_layers.drawings.values()
    ends = world_from_ras(case, drawing.all_points())
    assert overlay.free is not None
    np.testing.assert_allclose(overlay.free, [ends.min(axis=0), ends.max(axis=0)])
    scene.drawing_layers.clear()
    assert overlay.free is None
