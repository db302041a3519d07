"""What would be sent, exactly: pictures, text, size and token estimate, and what can't be seen on the pictures."""

from __future__ import annotations

from qtpy.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from napari_spatialmed.evaluation import Prompt, View
from napari_spatialmed.viewer.messages import PlainLabel
from napari_spatialmed.viewer.picture_strip import PictureStrip


class SentPreview(QWidget):
    """Thumbnails, a line about them, and the text on request."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.strip = PictureStrip()
        self.label = PlainLabel()
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setAccessibleName("The text that is sent")
        self.text.setFixedHeight(120)
        self.text.hide()
        self.text_button = QPushButton("Show the text that is sent")
        self.text_button.setToolTip("Every word of the request, as it would go out")
        self.text_button.setCheckable(True)
        self.text_button.toggled.connect(self.text.setVisible)
        row = QHBoxLayout()
        row.addWidget(self.label, 1)
        row.addWidget(self.text_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.strip)
        layout.addLayout(row)
        layout.addWidget(self.text)

    def show_view(self, view: View | None) -> None:
        """Show the pictures."""
        self.strip.setVisible(view is not None)
        self.strip.show_view(view)

    def describe(self, prompt: Prompt | None, view: View | None, missing: str) -> None:
        """Say how much would be sent, what isn't visible on it, and what is missing before it can be."""
        if prompt is None or view is None:
            self.label.setText(missing)
            self.text.setPlainText("")
            return
        size = sum(len(p.png) for p in prompt.pictures)
        tokens = sum(p.tokens for p in prompt.pictures) + len(prompt.text) // 4
        unseen = [v.reason for v in view.audit if v.passed is False] if prompt.pictures else []
        summary = f"{len(prompt.pictures)} pictures, {size / 1024:.0f} kB, about {tokens} tokens."
        self.label.setText("\n".join(line for line in (summary, *unseen, missing) if line))
        self.text.setPlainText(f"{prompt.system}\n\n{prompt.text}")
