"""What an explanation claims, and whether the measurements bear it out.

A parser finds what is said (`statements`); a judge model may find more (`judge`); both are checked by the same arithmetic
(`checking`).
"""

from __future__ import annotations

from collections.abc import Sequence

from napari_spatialmed.evaluation.checking import Claim, Facts, check, facts_of
from napari_spatialmed.evaluation.statements import Statement, find_statements

__all__ = ["Claim", "Facts", "facts_of", "find_claims"]


def find_claims(text: str, facts: Facts, judged: Sequence[Statement] = ()) -> list[Claim]:
    """Every claim in an explanation, checked.

    Parameters
    ----------
    text
        What the model answered.
    facts
        What is known.
    judged
        What a judge model found besides.  It only adds: nothing that the parser reads can be talked away.
    """
    claims = [check(statement, facts) for statement in find_statements(text, facts.titles)]
    known = {(claim.kind, claim.structures, claim.said) for claim in claims}
    for statement in judged:
        claim = check(statement, facts)
        if (claim.kind, claim.structures, claim.said) not in known:
            known.add((claim.kind, claim.structures, claim.said))
            claims.append(claim)
    return claims
