"""A result against the truth of its scene: whose joints went to whom."""

from __future__ import annotations

import numpy as np

from hpe_nb.arrays import Bools, Ints
from hpe_nb.decoder.decode import Decoding
from hpe_nb.scenes.truth import Truth
from hpe_nb.widgets.dots import owners
from hpe_nb.widgets.texts import count


def true_people(decoding: Decoding, truth: Truth) -> Ints:
    """The true person (P,) that most joints of each pose belong to, -1 where they are nobody's."""
    pose, true = owners(decoding), truth.owners(decoding.peaks)
    most = [np.bincount(true[pose == person] + 1, minlength=1).argmax() - 1 for person in range(len(decoding.poses))]
    return np.array(most, np.intp)


def wrong_peaks(decoding: Decoding, truth: Truth) -> Bools:
    """(N,) true for peaks that a pose has although they belong to another person, or to nobody."""
    pose, true = owners(decoding), truth.owners(decoding.peaks)
    people = true_people(decoding, truth)
    used = pose >= 0
    return used & (true != people[np.where(used, pose, 0)]) if len(people) else used


def verdict(decoding: Decoding, truth: Truth) -> str:
    """The result against the truth, in a sentence."""
    people, wrong = true_people(decoding, truth), int(wrong_peaks(decoding, truth).sum())
    found = {person for person in people.tolist() if person >= 0}
    extra = len(people) - len(found)
    return (
        f"{len(found)} of {count(len(truth), 'person', 'people')} found, {extra} too many; "
        f"{count(wrong, 'joint', 'joints')} of {int((owners(decoding) >= 0).sum())} with the wrong person."
    )
