"""
# Inside your own Lightning training: conjoined before training, or after it

A plain network and a plain `LightningModule` of somebody's, on a simulated task of the zoo (`sim-200`:
which of three motifs is in 200 bases). Reverse complement enters in one place: the line that makes the
network.

* **Post hoc**: train the network on one strand with augmentation (every other time a batch is turned),
  then `rczoo.conjoin(network, outputs="3t")`. Training costs nothing more, answers cost two passes.
* **From the start**: `rczoo.conjoin` before training. In train mode both strands run as one batch, share
  batch statistics and dropout masks, and each step costs two passes.

A few dozen steps show how it is done, not which is better; for that see the results of the zoo. One thing
is certain beforehand, and asserted: on data with both strands, averaging the logits of a trained network
does not raise its loss (theorem T5).
"""

import logging
import tempfile
import warnings
from pathlib import Path

import lightning
import torch
from safetensors.torch import load_model, save_model
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.utils.data import DataLoader, TensorDataset

import rczoo
from rczoo.data.preparation import load_examples
from rczoo.data.task import load_task

DNA = rczoo.Rep.dna()


def build():
    """Any network from DNA to three logits."""
    return nn.Sequential(
        nn.Conv1d(4, 20, 21),
        nn.BatchNorm1d(20),
        nn.ReLU(),
        nn.MaxPool1d(20),
        nn.Flatten(),
        nn.Dropout(0.1),
        nn.LazyLinear(3),
    )


class Plain(lightning.LightningModule):
    """A training loop that knows nothing of rczoo but the action that augments a batch."""

    def __init__(self, network, augment):
        super().__init__()
        self.network, self.augment = network, augment

    def training_step(self, batch, number):
        X, y = batch
        if self.augment and number % 2:
            X = DNA.act(X)
        return binary_cross_entropy_with_logits(self.network(X), y)

    def configure_optimizers(self):
        return torch.optim.Adam(self.network.parameters(), lr=3e-3)


def train(network, examples, augment, steps=40):
    """Train in place, without writing anything."""
    trainer = lightning.Trainer(
        max_steps=steps,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    loader = DataLoader(TensorDataset(*examples), batch_size=100, shuffle=True)
    trainer.fit(Plain(network, augment), loader)
    return network.eval()


def loss_on_both_strands(network, X, y):
    """The mean loss over the given sequences and their reverse complements."""
    with torch.no_grad():
        losses = [binary_cross_entropy_with_logits(network(x), y) for x in (X, DNA.act(X))]
    return torch.stack(losses).mean().item()


def main():
    warnings.filterwarnings("ignore", ".*num_workers.*")  # the data are in memory
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    task = load_task("sim-200")
    X, _, y = load_examples(task, "train").batch(range(3000))
    X_test, _, y_test = load_examples(task, "test").batch(range(1000))

    torch.manual_seed(0)
    one_strand = build()
    one_strand(X[:2])  # gives the lazy layer its size
    train(one_strand, (X, y), augment=True)
    afterwards = rczoo.conjoin(one_strand, outputs="3t").eval()

    torch.manual_seed(0)
    network = build()
    network(X[:2])
    conjoined = train(rczoo.conjoin(network, outputs="3t"), (X, y), augment=False)

    print("how far the two strands' answers are apart, and the loss on both strands of 1000 test sequences")
    losses = {}
    models = {"one strand": one_strand, "conjoined after": afterwards, "conjoined before": conjoined}
    for name, model in models.items():
        losses[name] = loss_on_both_strands(model, X_test, y_test)
        apart = rczoo.symmetry.equivariance_error(model, X_test, inputs="dna", outputs="3t")
        print(f"{name:16}  {apart:.3f} relative  loss {losses[name]:.4f}")
        assert apart == 0 or name == "one strand"
    assert losses["conjoined after"] <= losses["one strand"]

    print(rczoo.check(conjoined, lengths=200, quick=True, name="conjoined before").verdict)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "conjoined.safetensors"
        save_model(conjoined, str(file))
        network = build()
        network(X[:2])
        again = rczoo.conjoin(network, outputs="3t").eval()
        load_model(again, str(file))
    with torch.no_grad():
        same = torch.equal(conjoined(X_test), again(X_test))
    print("saved, built anew and loaded: same answers:", same)
    assert same


if __name__ == "__main__":
    main()
