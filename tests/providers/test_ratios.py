"""What providers report corrects what is counted: upwards at once, downwards when it is certain."""

import pytest

from pantheon.providers.ratios import HIGHEST, LOWEST, MARGIN, SAMPLES, Ratios, ratio_of


@pytest.mark.parametrize(
    ("samples", "ratio"),
    [
        ([], 1.05),
        ([0.5], 1.0),
        ([0.5, 0.6], 1.0),
        ([0.5, 0.6, 0.55], 0.63),
        ([1.5], 1.575),
        ([0.1, 0.1, 0.1], LOWEST),
        ([9.0], HIGHEST),
    ],
)
def test_the_highest_sample_counts(samples, ratio):
    assert ratio_of(samples) == ratio


def test_each_model_has_its_own_and_old_samples_are_forgotten():
    ratios = Ratios()
    assert ratios.of("lab/m1") == 1.0
    ratios.learn("lab/m1", 1_000, 2_000)
    assert ratios.of("lab/m1") == 2 * MARGIN
    for _ in range(SAMPLES):
        ratios.learn("lab/m1", 1_000, 800)
    assert ratios.of("lab/m1") == round(0.8 * MARGIN, 3)
    assert ratios.of("lab/m2") == 1.0


@pytest.mark.parametrize(("counted", "reported"), [(10, 100), (1_000, 0)])
def test_what_tells_nothing_is_no_sample(counted, reported):
    ratios = Ratios()
    ratios.learn("lab/m1", counted, reported)
    assert not ratios.knows("lab/m1")
