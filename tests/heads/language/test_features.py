"""What a head reads of vectors, worked out by hand and as torch has it."""

import numpy as np
import torch

from limner.heads.language.features import features_of_vectors
from limner.training.language.text_model import features_of


def test_of_two_the_distance_and_the_product_stand_side_by_side():
    one, other = np.array([[3.0, 4.0]], np.float32), np.array([[0.0, 2.0]], np.float32)
    root = 2**0.5
    assert np.allclose(features_of_vectors([one]), [[0.6 * root, 0.8 * root]])
    told = features_of_vectors([one, other])
    assert np.allclose(told, [[0.6 * root, 0.2 * root, 0.0, 0.8 * 2]])
    assert np.allclose(told, features_of([torch.tensor(one), torch.tensor(other)], None))


def test_nought_stays_nought():
    assert not features_of_vectors([np.zeros((2, 3), np.float32)]).any()
