"""The network that ships: how it is stored."""

import numpy as np

from cdae_lessons import models, weights


def test_what_is_saved_is_loaded_with_its_scores_to_the_digits_of_float16(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    model = models.cnn_dae(16, seed=3)
    path = weights.save(model, {"ssim": {"0.1": {"network": 0.9}}})
    assert sorted(each.name for each in tmp_path.iterdir()) == ["cnn_dae_brain.json", "cnn_dae_brain.npz"]
    assert path.stat().st_size < 250_000
    assert weights.scores() == {"ssim": {"0.1": {"network": 0.9}}}
    for before, after in zip(model.get_weights(), weights.load(16).get_weights(), strict=True):
        np.testing.assert_allclose(after, before, rtol=1e-3, atol=1e-6)
