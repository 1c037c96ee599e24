"""EfficientNet-Lite0, with the names that its published weights have (Tan and Le 2019)."""

from typing import cast

import torch
from torch import Tensor, nn

__all__ = ["EfficientNetLite"]

_STAGES = (
    # kernel, stride, widening, from, to, how often
    (3, 1, 1, 32, 16, 1),
    (3, 2, 6, 16, 24, 2),
    (5, 2, 6, 24, 40, 2),
    (3, 2, 6, 40, 80, 3),
    (5, 1, 6, 80, 112, 3),
    (5, 2, 6, 112, 192, 4),
    (3, 1, 6, 192, 320, 1),
)
WIDTH = 1280


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class _Block(nn.Module):
    """Widen, look around channel by channel, narrow; and add what came in, where sizes allow."""

    def __init__(self, kernel: int, stride: int, widening: int, before: int, after: int) -> None:
        super().__init__()
        inner = before * widening
        self.widens, self.adds = widening > 1, stride == 1 and before == after
        if self.widens:
            self._expand_conv = nn.Conv2d(before, inner, 1, bias=False)
            self._bn0 = _norm(inner)
        self._depthwise_conv = nn.Conv2d(
            inner, inner, kernel, stride, kernel // 2, groups=inner, bias=False
        )
        self._bn1 = _norm(inner)
        self._project_conv = nn.Conv2d(inner, after, 1, bias=False)
        self._bn2 = _norm(after)

    def forward(self, given: Tensor) -> Tensor:
        """Return (B, C', H', W')."""
        told = given
        if self.widens:
            told = nn.functional.relu6(self._bn0(self._expand_conv(told)))
        told = nn.functional.relu6(self._bn1(self._depthwise_conv(told)))
        told = cast("Tensor", self._bn2(self._project_conv(told)))
        return told + given if self.adds else told


class EfficientNetLite(nn.Module):
    """Pictures (B, 3, H, W), around nought, become vectors (B, 1280)."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = nn.Conv2d(3, 32, 3, 2, 1, bias=False)
        self._bn0 = _norm(32)
        blocks: list[nn.Module] = []
        for kernel, stride, widening, before, after, often in _STAGES:
            blocks.append(_Block(kernel, stride, widening, before, after))
            blocks += [_Block(kernel, 1, widening, after, after) for _ in range(often - 1)]
        self._blocks = nn.ModuleList(blocks)
        self._conv_head = nn.Conv2d(320, WIDTH, 1, bias=False)
        self._bn1 = _norm(WIDTH)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the mean over all places (B, 1280)."""
        told = nn.functional.relu6(self._bn0(self._conv_stem(pictures)))
        for block in self._blocks:
            told = block(told)
        told = nn.functional.relu6(self._bn1(self._conv_head(told)))
        return torch.mean(told, dim=(2, 3))
