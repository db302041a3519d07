"""A dark rim around the words in the scene: bright words on bright bone can't be read without one.

napari's text has no outline.  vispy draws letters from a distance field, though, so a rim is the same letter, cut a
little further out; one line more in its fragment shader.
"""

from __future__ import annotations

from napari.components import ViewerModel
from napari.layers import Points

RIM = (0.04, 0.05, 0.06)
"""Colour of the rim: the canvas's own, so that nothing is seen of it on dark ground."""
_LETTER = "        if (alpha <= 0) discard;\n\n        gl_FragColor = vec4(v_color.rgb, v_color.a * alpha);\n"
_LETTER_WITH_RIM = f"""
        float rim = smoothstep(0.12, 0.34, distance);
        float cover = max(alpha, 0.9 * rim);
        if (cover <= 0.) discard;

        gl_FragColor = vec4(mix(vec3{RIM}, v_color.rgb, alpha / cover), v_color.a * cover);
"""


def with_rim(shader: str) -> str | None:
    """vispy's fragment shader of text with a rim added; None if it isn't the one known here."""
    return shader.replace(_LETTER, _LETTER_WITH_RIM) if _LETTER in shader else None


def add_rim(viewer: ViewerModel, layer: Points) -> bool:
    """Give a layer's words their rim.

    Returns
    -------
    bool
        Whether that was possible: not without a window, nor where vispy draws text in another way.  The words are then as napari
        draws them.
    """
    window = getattr(viewer, "window", None)
    visual = window and window._qt_viewer.canvas.layer_to_visual.get(layer)
    if not visual:
        return False
    text = visual.node.text
    shader = with_rim(text._shaders["fragment"])
    if shader is None:
        return False
    text.shared_program.frag = shader
    return True
