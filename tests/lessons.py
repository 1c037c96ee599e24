"""A small lesson that the tests of the loop share; other processes build the same one."""

import numpy as np
import torch
from torch import nn

from limner.training.loop import LoopConfig

QUICK = LoopConfig(
    steps=12, learning_rate=0.05, examine_every=4, save_every=2, patience=0, device="cpu"
)


class ALesson:
    """Rows with a straight truth; dropout, a running mean, a frozen and an idle part."""

    def __init__(self, *, seed=0, rows=8, dropout=0.2, examined=True, norm=True):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.module = nn.ModuleDict(
                {
                    "body": nn.Sequential(
                        nn.Linear(6, 8),
                        nn.BatchNorm1d(8) if norm else nn.Identity(),
                        nn.Tanh(),
                        nn.Dropout(dropout),
                    ),
                    "head": nn.Linear(8, 1),
                    "rare": nn.Linear(6, 1),
                    "frozen": nn.Linear(6, 6),
                }
            )
        self.module["frozen"].requires_grad_(requires_grad=False)
        self.rows, self.examined, self.draws = rows, examined, []

    def told(self, seed, rows):
        rng = np.random.default_rng(seed)
        given = torch.from_numpy(rng.normal(size=(rows, 6)).astype(np.float32))
        return given, given.sum(dim=1, keepdim=True).sin()

    def off(self, given, wanted, *, rarely=False):
        said = self.module["head"](self.module["body"](self.module["frozen"](given)))
        if rarely:
            said = said + self.module["rare"](given)
        return (said.float() - wanted).square().mean()

    def loss(self, step, draw):
        self.draws.append((step, draw))
        given, wanted = self.told((step, draw), self.rows)
        return self.off(given, wanted, rarely=draw == 1 or step % 3 == 2)

    def examine(self):
        return float(self.off(*self.told(99, 32))) if self.examined else None


def weights(lesson):
    """Return the module's weights, as bytes that are the same or not."""
    return {name: each.numpy().tobytes() for name, each in lesson.module.state_dict().items()}
