"""
# Fine-tuning a model of somebody's so that its strands agree

Averaging the two strands' answers lowers the loss by exactly J, a distance between the two answers that no
label enters. So a model can be trained on `loss(mean) + agreement * J`: with agreement 0 it is conjoined
while training, with 1 it is augmented with both strands in every batch, and with more it is asked to be
consistent. `rczoo.agreement_loss` takes any loss, and `rczoo.conjoin(model).strands(...)` gives both answers,
read in the given strand, in one pass over a doubled batch.

Below a small transformer that reads tokens is fine-tuned in plain PyTorch, and a profile model with two
outputs in Lightning. Both are random at first, so that nothing is downloaded; yours has learnt something.
Afterwards the conjoined model is what answers.
"""

import logging
import tempfile
import warnings
from pathlib import Path

import lightning
import torch
from safetensors.torch import load_model, save_model
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, log_softmax, mse_loss
from torch.utils.data import DataLoader, TensorDataset

import rczoo

A, C, G, T = range(4)
TOKENS = rczoo.tokens({A: T, C: G, G: C, T: A})


class Transformer(nn.Module):
    """One token a base in, one logit out."""

    def __init__(self, width=16, length=60):
        super().__init__()
        self.embed = nn.Embedding(4, width)
        self.position = nn.Parameter(torch.randn(length, width) / 2)
        self.layers = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(width, 2, 2 * width, dropout=0.0, batch_first=True), 1
        )
        self.answer = nn.Linear(width, 1)

    def forward(self, ids):
        return self.answer(self.layers(self.embed(ids) + self.position).mean(1))


class ProfileModel(nn.Module):
    """One-hot DNA in; out come the logits of a stranded profile, and its two log-counts."""

    def __init__(self, filters=16):
        super().__init__()
        self.body = nn.Sequential(nn.Conv1d(4, filters, 9, padding="same"), nn.GELU())
        self.profile = nn.Conv1d(filters, 2, 9, padding="same")
        self.counts = nn.Linear(filters, 2)

    def forward(self, X):
        z = self.body(X)
        return self.profile(z), self.counts(z.mean(-1))


def profile_loss(output, counts):
    """The loss of bpnet-lite and its like: multinomial of each strand, and squared error of log-counts."""
    profile, log_counts = output
    multinomial = -(counts * log_softmax(profile, -1)).sum() / len(counts)
    return multinomial + mse_loss(log_counts, counts.sum(-1).log1p())


def distance(both, x, loss, y):
    """J: what the mean of the strands saves, whatever the labels ``y``."""
    with torch.no_grad():
        u0, u1 = both.strands(x)
        return (rczoo.agreement_loss(loss, u0, u1, y, 1) - rczoo.agreement_loss(loss, u0, u1, y, 0)).item()


def fine_tune(both, ids, y, agreement, steps=60):
    """Your own loop: one line of it knows of strands."""
    optimiser = torch.optim.Adam(both.parameters(), lr=3e-3)
    for _ in range(steps):
        u0, u1 = both.train().strands(ids)
        loss = rczoo.agreement_loss(binary_cross_entropy_with_logits, u0, u1, y, agreement)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return both.eval()


class Agreed(lightning.LightningModule):
    """Your own LightningModule: the same line in ``training_step``."""

    def __init__(self, both, agreement):
        super().__init__()
        self.both, self.agreement = both, agreement

    def training_step(self, batch, number):
        X, counts = batch
        u0, u1 = self.both.strands(X)
        return rczoo.agreement_loss(profile_loss, u0, u1, counts, self.agreement)

    def configure_optimizers(self):
        return torch.optim.Adam(self.both.parameters(), lr=3e-3)


def plain():
    """Labels: is there more A and T than C and G?"""
    ids = torch.randint(0, 4, (64, 60))
    y = (((ids == A) | (ids == T)).double().mean(1, keepdim=True) > 0.5).float()
    print("plain PyTorch: J after fine-tuning with each agreement, on the training sequences")
    found = []
    for agreement in (0, 1, 4):
        torch.manual_seed(0)
        both = fine_tune(rczoo.conjoin(Transformer(), TOKENS, "1t"), ids, y, agreement)
        found.append(distance(both, ids, binary_cross_entropy_with_logits, y))
        print(f"agreement {agreement}  J {found[-1]:.5f} nats per example")
        other = distance(both, ids, binary_cross_entropy_with_logits, 1 - y)
        assert abs(found[-1] - other) < 1e-5, "no label enters"
    assert found[2] < found[0]
    assert torch.equal(both(ids), both(TOKENS(ids))), "exact at any agreement, as it is conjoined"

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "conjoined.safetensors"
        save_model(both, str(file))
        again = rczoo.conjoin(Transformer(), TOKENS, "1t").eval()
        load_model(again, str(file))
    same = torch.equal(both(ids), again(ids))
    print("saved, built anew and loaded: same answers:", same)
    assert same


def in_lightning():
    """Profiles: counts where G is, on the plus strand, and where C is, on the minus strand."""
    X = torch.nn.functional.one_hot(torch.randint(0, 4, (64, 60)), 4).float().transpose(1, 2)
    counts = 3 * X[:, [G, C]]
    print("\nLightning: J of profile and counts together")
    found = []
    for agreement in (0, 4):
        torch.manual_seed(0)
        both = rczoo.conjoin(ProfileModel(), outputs=("1r", "1r"))
        trainer = lightning.Trainer(
            max_epochs=20,
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(Agreed(both, agreement), DataLoader(TensorDataset(X, counts), batch_size=16))
        found.append(distance(both.eval(), X, profile_loss, counts))
        print(f"agreement {agreement}  J {found[-1]:.3f} nats per example")
    assert found[1] < found[0]
    print(rczoo.check(both, lengths=60, quick=True, name="conjoined after fine-tuning").verdict)


def main():
    warnings.filterwarnings("ignore", ".*num_workers.*")  # the data are in memory
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    torch.manual_seed(1)
    plain()
    in_lightning()


if __name__ == "__main__":
    main()
