"""What a language model is told about the forms."""

from __future__ import annotations

import json

from napari_spatialmed.questions import FORMS, forms_catalogue, proposal_schema


def test_every_form_is_in_the_catalogue_with_what_it_takes() -> None:
    entries = {entry["id"]: entry for entry in json.loads(json.dumps(forms_catalogue()))}
    assert set(entries) == set(FORMS)
    nearest = entries["dist.nearest"]
    assert (nearest["structures"]["least"], nearest["structures"]["most"]) == (4, 6)
    assert nearest["choices"] == {"between": ["surfaces", "centres"]}
    assert "between" in nearest["placeholders"]


def test_the_catalogue_of_one_task() -> None:
    assert {entry["task"] for entry in forms_catalogue(["VOLEST"])} == {"VOLEST"}


def test_no_parameter_is_a_free_number() -> None:
    for form in FORMS.values():
        assert all(isinstance(v, str) for values in form.choices.values() for v in values)


def test_the_schema_of_a_proposal_is_portable_and_has_no_place_for_a_number() -> None:
    schema = json.loads(json.dumps(proposal_schema(["liver", "spleen"])))
    assert set(schema["required"]) == set(schema["properties"])
    assert schema["properties"]["structures"]["items"]["enum"] == ["liver", "spleen"]
    text = json.dumps(schema)
    assert not any(word in text for word in ('"number"', '"integer"', "$ref", "default", "minimum"))
