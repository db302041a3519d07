"""Which view OpenGL speaks of when layers go.

When a layer goes, and when a batch of changes to layers ends, napari lets the graphics driver finish what is queued for the
view, in whichever context is current: none, once Qt has put the window together, or another window's.  What was queued, such
as the table of colours of a label map that has just come, is lost then without a word, and drawing its layer fails from then
on.
"""

from __future__ import annotations

from napari.components import LayerList, ViewerModel
from napari.qt import QtViewer
from napari.utils.events import Event


def make_current(layers: LayerList) -> None:
    """Let OpenGL speak of the view of these layers, if they have one."""
    for view in list(QtViewer._instances):
        if view.viewer.layers is layers:
            view.canvas._scene_canvas.set_current()


def watch_removals(viewer: ViewerModel) -> None:
    """From now on, before any layer of a viewer goes, whoever takes it away."""
    viewer.layers.events.removing.connect(_before_removal)


def _before_removal(event: Event) -> None:
    make_current(event.source)
