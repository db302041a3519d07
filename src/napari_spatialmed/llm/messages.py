"""Messages for a chat: text, and pictures that are always sent as bytes, never as addresses."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from napari_spatialmed.errors import SpatialMedError

Message = dict[str, Any]
"""``{"role": …, "content": text or parts}``, as the chat completions protocol has it."""

_SIGNATURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


class MessageError(SpatialMedError):
    """A message that must not, or can't, be sent."""


def system_message(text: str) -> Message:
    """What the model is told to be."""
    return {"role": "system", "content": text}


def assistant_message(text: str) -> Message:
    """What the model said before."""
    return {"role": "assistant", "content": text}


def user_message(text: str, pictures: Sequence[bytes] = (), *, captions: Sequence[str] = ()) -> Message:
    """A question with its pictures.

    Parameters
    ----------
    text
        The question; it comes after the pictures.
    pictures
        PNG or JPEG files as bytes.
    captions
        One line before each picture, if given.

    Raises
    ------
    MessageError
        If a picture is neither PNG nor JPEG, or the captions don't match the pictures.
    """
    if not pictures:
        return {"role": "user", "content": text}
    if captions and len(captions) != len(pictures):
        raise MessageError(f"{len(pictures)} pictures came with {len(captions)} captions")
    parts: list[dict[str, Any]] = []
    for index, picture in enumerate(pictures):
        if captions:
            parts.append({"type": "text", "text": captions[index]})
        parts.append(picture_part(picture))
    parts.append({"type": "text", "text": text})
    return {"role": "user", "content": parts}


def picture_part(picture: bytes) -> dict[str, Any]:
    """A picture as a data URI."""
    kind = next((mime for start, mime in _SIGNATURES.items() if picture.startswith(start)), None)
    if kind is None:
        raise MessageError("a picture is neither PNG nor JPEG", hint="Render it first.")
    address = f"data:{kind};base64,{base64.b64encode(picture).decode()}"
    return {"type": "image_url", "image_url": {"url": address}}


def parts_of(message: Message) -> list[dict[str, Any]]:
    """A message's content as parts, whichever way it was written."""
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)


def data_of(part: dict[str, Any]) -> bytes:
    """The bytes of a picture part."""
    return base64.b64decode(str(part["image_url"]["url"]).partition(",")[2])


def picture_count(messages: Sequence[Message]) -> int:
    """Pictures in a conversation."""
    return sum(part["type"] == "image_url" for message in messages for part in parts_of(message))


def check_messages(messages: Sequence[Message]) -> None:
    """Refuse what no server should be sent.

    Raises
    ------
    MessageError
        If there is nothing to say, or a picture is an address instead of bytes.
    """
    if not messages:
        raise MessageError("there is nothing to send")
    for message in messages:
        for part in parts_of(message):
            if part["type"] == "image_url" and not str(part["image_url"]["url"]).startswith("data:image/"):
                raise MessageError(
                    "pictures are sent as bytes, never as addresses", hint="Use user_message(text, pictures)."
                )
