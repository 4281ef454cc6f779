"""The convolutions of human-pose-estimation-0007 written out from its table, without the code of the package."""

BACKBONE = [
    # inputs, kernel, expand, outputs, blocks
    (24, 3, 1, 16, 1),
    (16, 3, 6, 24, 2),
    (24, 5, 6, 32, 2),
    (32, 3, 6, 64, 3),
    (64, 5, 6, 96, 3),
    (96, 5, 6, 160, 3),
    (160, 3, 6, 264, 1),
]
BRANCHES = (21, 42, 83, 166)


def shapes():
    """Weight shapes (out, in / groups, kernel, kernel) of all convolutions, in no particular order."""
    found = [(24, 3, 3, 3)]
    for inputs, kernel, expand, outputs, blocks in BACKBONE:
        for block in range(blocks):
            width = outputs if block else inputs
            wide, squeezed = width * expand, width // 4
            if expand > 1:
                found.append((wide, width, 1, 1))
            found += [(wide, 1, kernel, kernel), (squeezed, wide, 1, 1), (wide, squeezed, 1, 1), (outputs, wide, 1, 1)]
    found += [(21, 24, 3, 3), (42, 32, 3, 3), (83, 96, 3, 3), (166, 264, 3, 3)]
    for live, fused in ((2, 2), (3, 3), (3, 3), (4, 4), (4, 4), (4, 1)):
        for branch in BRANCHES[:live]:
            found += 4 * [(branch, branch, 3, 3)]
        for target in range(fused):
            for source in range(live):
                a, b = BRANCHES[source], BRANCHES[target]
                if source > target:
                    found.append((b, a, 1, 1))
                elif source < target:
                    found += (target - source - 1) * [(a, a, 3, 3)] + [(b, a, 3, 3)]
    found += 2 * [(17, 21, 1, 1)] + 2 * [(32, 32, 3, 3)] + [(17, 32, 1, 1)]
    return found


TRANSPOSED = (21 + 17 + 17, 32, 4, 4)
