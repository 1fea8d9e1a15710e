"""DanQ: a convolution finds motifs, a bidirectional LSTM reads their grammar."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class DanQ(nn.Module):
    """One-hot DNA (batch, 4, length) -> logits (batch, outputs).

    Source: Quang and Xie 2016, Nucleic Acids Research 44:e107: there 320 filters, 320 units in each
    direction, and 925 in the dense layer.
    """

    def __init__(self, length: int, outputs: int, filters: int) -> None:
        super().__init__()
        steps = (length - 25) // 13
        self.conv = nn.Conv1d(4, filters, 26)
        self.dropout = nn.Dropout(0.2)
        self.lstm = nn.LSTM(filters, filters, batch_first=True, bidirectional=True)
        self.dropout_after = nn.Dropout(0.5)
        self.dense = nn.Linear(2 * filters * steps, 2 * filters)
        self.head = nn.Linear(2 * filters, outputs)

    def forward(self, X: Tensor) -> Tensor:
        """Logits; the LSTM reads one window of 13 a step."""
        motifs = self.dropout(F.max_pool1d(F.relu(self.conv(X)), 13))
        grammar, _ = self.lstm(motifs.transpose(1, 2))
        dense = F.relu(self.dense(self.dropout_after(grammar).flatten(1)))
        logits: Tensor = self.head(dense)
        return logits
