"""One HTML page that shows what the demo did; self-contained, so that it can be mailed."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment

from napari_spatialmed import __version__
from napari_spatialmed.benchmark import read

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>napari-spatialmed: the main job</title>
<style>
 body { font: 16px/1.5 system-ui, sans-serif; max-width: 1100px; margin: 2rem auto; padding: 0 1rem; color: #1d2327; }
 img { width: 100%; border: 1px solid #c8ccd0; } figure { margin: 1.5rem 0; } figcaption { margin-bottom: .4rem; }
 table { border-collapse: collapse; } td, th { padding: .2rem .8rem .2rem 0; text-align: left; vertical-align: top; }
 .quiet { color: #59636e; } code { font-size: .95em; }
 @media print { figure { break-inside: avoid; } }
</style>
<h1>The main job, end to end</h1>
<p>{{ case }}.</p>
{% for note in notes %}<p><strong>Note:</strong> {{ note }}</p>{% endfor %}
{% if counts %}
<p>Benchmark file <code>{{ file }}</code>: {{ counts.events }} events, {{ counts.questions }} questions to review.</p>
<table><tr><th>Task</th><th>Question</th><th>Answer, computed from the labels</th></tr>
{% for q in questions %}<tr><td>{{ q.task }}</td><td>{{ q.stem }}</td><td>{{ q.answer_text }}</td></tr>{% endfor %}</table>
{% endif %}
{% for step in steps %}
<figure><figcaption><strong>{{ loop.index }}. {{ step.title }}</strong> <span class="quiet">{{ "%.1f"|format(step.seconds) }} s</span><br>{{ step.text }}</figcaption>
<img alt="{{ step.title }}" src="data:image/png;base64,{{ step.data }}"></figure>
{% endfor %}
<p class="quiet">napari-spatialmed {{ version }}. For research. Not a medical device.</p>
</html>
"""


def write_page(
    folder: Path, case: str, steps: Sequence[Any], notes: Sequence[str], benchmark: Path | None
) -> Path:
    """Write ``index.html`` into `folder`; returns its path."""
    questions, counts = [], {}
    if benchmark is not None:
        state = read(benchmark).state
        questions = [q.question for q in state.questions.values() if q.status != "rejected"]
        counts = {"events": len(state.events), "questions": len(questions)}
    shown = [
        {
            "title": s.title,
            "text": s.text,
            "seconds": s.seconds,
            "data": base64.b64encode(s.picture.read_bytes()).decode(),
        }
        for s in steps
        if s.picture is not None
    ]
    text = (
        Environment(autoescape=True)
        .from_string(PAGE)
        .render(
            case=case,
            steps=shown,
            notes=notes,
            questions=questions,
            counts=counts,
            file=benchmark.name if benchmark else "",
            version=__version__,
        )
    )
    page = folder / "index.html"
    page.write_text(text, "utf-8")
    return page
