"""Asking once per data set, with a preview of exactly what goes out, before anything leaves this machine."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit, QVBoxLayout, QWidget

from napari_spatialmed.evaluation import View
from napari_spatialmed.llm import Endpoint, Message, has_consented, preview, remember_consent
from napari_spatialmed.viewer.messages import PlainLabel, clean
from napari_spatialmed.viewer.picture_strip import PictureStrip
from napari_spatialmed.wording import counted

BURNED_IN = "Look for names burned into the pictures: they would be sent too. "


class ConsentDialog(QDialog):
    """Shows what would be sent, and asks."""

    def __init__(
        self,
        endpoint: Endpoint,
        messages: Sequence[Message],
        view: View | None = None,
        parent: QWidget | None = None,
        *,
        about: str = "all questions about this case",
    ) -> None:
        super().__init__(parent)
        outgoing = preview(endpoint, messages)
        self.setWindowTitle("Send to another machine?")
        text = QPlainTextEdit(clean(outgoing.text))
        text.setReadOnly(True)
        strip = PictureStrip()
        strip.show_view(view)
        strip.setVisible(view is not None)
        buttons = QDialogButtonBox()
        yes = buttons.addButton("Send", QDialogButtonBox.ButtonRole.AcceptRole)
        no = buttons.addButton("Don't send", QDialogButtonBox.ButtonRole.RejectRole)
        no.setDefault(True)
        yes.setAutoDefault(False)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(
            PlainLabel(
                f"This goes to {outgoing.host}: {counted(len(outgoing.pictures), 'picture')} and the text below, "
                f"{outgoing.size / 1024:.0f} kB, about {outgoing.tokens} tokens. No header, file name or path is sent. "
                f"{BURNED_IN if outgoing.pictures else 'An example is shown. '}"
                f"Your yes holds for {about} on this address."
            )
        )
        layout.addWidget(strip)
        layout.addWidget(text, 1)
        layout.addWidget(buttons)
        self.resize(720, 620)


def may_send(
    endpoint: Endpoint,
    data_set: str,
    messages: Sequence[Message],
    view: View | None,
    parent: QWidget,
    *,
    about: str = "all questions about this case",
) -> bool:
    """Whether this may go out: always to this machine, else once the user has agreed for this data set.

    `view` holds the pictures among the messages, if there are any; `about` says what the yes holds for.
    """
    if has_consented(endpoint, data_set):
        return True
    if ConsentDialog(endpoint, messages, view, parent, about=about).exec() != QDialog.DialogCode.Accepted:
        return False
    remember_consent(endpoint, data_set)
    return True
