"""transformers.Trainer with four things of its own: how a step's rows are laid out, how the loss is normalised, how it
is evaluated, and what happens when memory runs out.

    Trainer draws the rows of a step      batch size x accumulation, in random order, each row once an epoch
    StepCollator lays them out            3 batches of packed (or padded) rows, each one forward and backward pass
    the loss is normalised over all       supervised tokens 40, 8, 120     loss = (nll_1 + nll_2 + nll_3) / 168

A short answer and a long one weigh by their tokens, so layout, batch size and accumulation only trade memory for time:
the step's gradient is that of its rows, up to rounding (and dropout, which is drawn once for a shared token). The same
holds for eval_loss and eval_accuracy: sums over all tokens of the split, where Trainer averages per batch and skips
what isn't finite. Here a loss that isn't finite ends the run.

Where memory runs out, the step is done again in smaller pieces: training.out_of_memory.

Costs: what model.loss costs. One process, one device. Which dtype the adapter computes in: model.adapter_dtype.
"""

import contextlib
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainerControl, TrainingArguments
from transformers.trainer_utils import EvalLoopOutput

from toolgemma.config import Config
from toolgemma.errors import DataError
from toolgemma.format.segments import PARTS
from toolgemma.model.adapter_dtype import inputs_as_they_are
from toolgemma.model.load import recompute_activations, save_adapter
from toolgemma.model.loss import LossSums, causal_model, supervised_loss
from toolgemma.tokens.collate import StepCollator
from toolgemma.tokens.encode import Encoded
from toolgemma.training.heap import Heap
from toolgemma.training.journal import Meter, check_finite
from toolgemma.training.out_of_memory import Lean, is_out_of_memory, release

Batch = dict[str, Any]
_ROWS_ARRANGED = 256  # of the validation split, together


class SupervisedTrainer(Trainer):  # type: ignore[misc]
    """Trains a PEFT model on encoded rows; `validation` may be empty. `layouts` are those of train and validation rows.

    `measure` gives further figures of an evaluation at a step, or none; it may not change the model.
    """

    def __init__(
        self,
        model: nn.Module,
        args: TrainingArguments,
        *,
        rows: Sequence[Encoded],
        validation: Sequence[Encoded],
        layouts: tuple[StepCollator, StepCollator],
        callbacks: Sequence[TrainerCallback] = (),
        measure: Callable[[int], Mapping[str, float]] | None = None,
    ) -> None:
        self.meter = Meter()
        self._measure = measure
        checkpointing = getattr(args, "activation_checkpointing", None) or args.gradient_checkpointing
        self._lean = Lean(layouts[0], bool(checkpointing))
        self._heap = Heap()
        self._done: list[Batch] = []
        self.control: TrainerControl
        super().__init__(
            model=model,
            args=args,
            data_collator=layouts[0],
            train_dataset=list(rows),
            eval_dataset=list(validation) or None,
            callbacks=[self.meter, *callbacks],
        )
        self._lay_out = layouts[1]
        self.remove_callback(PrinterCallback)
        # What Trainer asks before it divides by the number of batches; compute_loss divides by tokens.
        self.model_accepts_loss_kwargs = True

    def get_batch_samples(
        self, epoch_iterator: Iterator[Batch], num_batches: int, device: torch.device
    ) -> tuple[list[Batch], int]:
        """The rows of one optimizer step, laid out, and how many supervised tokens they hold together."""
        steps, _ = super().get_batch_samples(epoch_iterator, num_batches, device)
        batches = [batch for step in steps for batch in step["batches"]]
        supervised = sum(batch["supervised"] for batch in batches)
        self.meter.add(sum(batch["tokens"] for batch in batches), supervised)
        return steps, supervised

    def floating_point_ops(self, inputs: Batch) -> int:
        """Trainer's own estimate, over the tokens that are computed."""
        return sum(int(super(SupervisedTrainer, self).floating_point_ops(batch)) for batch in inputs["batches"])

    def training_step(self, model: nn.Module, inputs: Batch, num_items_in_batch: Tensor | int | None = None) -> Tensor:
        """Forward and backward over the batches of a step, and the step's loss; where memory runs out, all of it again
        in smaller batches.

        Raises:
            ConfigError: one row doesn't fit, whatever is tried.
            DivergedError: the loss is not a finite number.
        """
        batches = self._lean.batches(inputs)
        loss = self._passes(model, batches, num_items_in_batch)
        while loss is None:
            release()
            if self._lean.shrink(batches, self.state.global_step + 1):
                recompute_activations(model)
            model.zero_grad()
            batches = self._lean.batches(inputs)
            loss = self._passes(model, batches, num_items_in_batch)
        check_finite("loss", loss.item(), self.state.global_step + 1)
        return loss

    def _passes(self, model: nn.Module, batches: list[Batch], num_items_in_batch: Tensor | int | None) -> Tensor | None:
        """Summed loss of the batches, or None where memory ran out; the error, and what it held, is let go."""
        try:
            with inputs_as_they_are(causal_model(model)):
                losses = []
                for batch in batches:
                    losses.append(super().training_step(model, batch, num_items_in_batch))
                    self._heap.give_back()
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            return None
        return torch.stack(losses).sum()

    def compute_loss(
        self,
        model: nn.Module,
        inputs: Batch,
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Tensor:
        """This batch's share of the step's loss: its summed NLL over the step's supervised tokens."""
        assert not return_outputs
        assert num_items_in_batch is not None
        return supervised_loss(model, inputs).nll / max(int(num_items_in_batch), 1)

    def get_eval_dataloader(self, eval_dataset: Any = None) -> DataLoader[Batch]:
        """The validation rows, laid out: neighbours in the order of their ids share the longest prefixes."""
        rows = sorted(self.eval_dataset if eval_dataset is None else eval_dataset, key=lambda row: row.ids)
        batches: list[Batch] = []
        for start in range(0, len(rows), _ROWS_ARRANGED):
            batches += self._lay_out(rows[start : start + _ROWS_ARRANGED])["batches"]
        return DataLoader(cast(Any, batches), batch_size=None)

    def evaluation_loop(
        self,
        dataloader: DataLoader[Any],
        description: str,
        prediction_loss_only: bool | None = None,
        ignore_keys: list[str] | None = None,
        metric_key_prefix: str = "eval",
    ) -> EvalLoopOutput:
        """Loss and accuracy over all supervised tokens of `dataloader`, in all and by part.

        Raises:
            DivergedError: the loss is not a finite number.
            DataError: there is no supervised token.
        """
        self.model.eval()
        totals: list[Tensor] | None = None
        rows = 0
        with _undisturbed(self.args.device), torch.no_grad():
            for batch in dataloader:
                sums = _as_float64(supervised_loss(self.model, self._prepare_inputs(batch)))
                totals = sums if totals is None else [total + value for total, value in zip(totals, sums, strict=True)]
                rows += batch["rows"]
                self.control = self.callback_handler.on_prediction_step(self.args, self.state, self.control)
            measured = self._measure(self.state.global_step) if self._measure else {}
        metrics = _metrics(totals, metric_key_prefix)
        metrics |= {f"{metric_key_prefix}_{name}": value for name, value in measured.items()}
        check_finite(f"{metric_key_prefix}_loss", metrics[f"{metric_key_prefix}_loss"], self.state.global_step)
        return EvalLoopOutput(predictions=None, label_ids=None, metrics=metrics, num_samples=rows)

    def log(self, logs: dict[str, Any], start_time: float | None = None) -> None:
        """Add throughput and memory to a line of training figures, for metrics.jsonl and trackers alike."""
        if "loss" in logs:
            logs.update(self.meter.read())
        super().log(logs, start_time)

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """Write the adapter and nothing else: no pickled arguments, no copy of the tokenizer."""
        folder = Path(output_dir or self.args.output_dir)
        folder.mkdir(parents=True, exist_ok=True)
        save_adapter(self.model, folder)


@contextlib.contextmanager
def _undisturbed(device: torch.device) -> Iterator[None]:
    """Give every random state back as it was: evaluating draws from them (a DataLoader does, even without workers), and
    dropout would go another way for having been watched."""
    states = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])


def layouts(
    config: Config, rows: Sequence[Encoded], validation: Sequence[Encoded], pad_token_id: int
) -> tuple[StepCollator, StepCollator]:
    """How `config` wants train rows and validation rows laid out.

    Packed, a forward pass holds no more tokens than as many of the longest row as the batch size says: packing needs no
    more memory than padding, unless `max_tokens_per_forward` asks for it.
    """
    section = config.training
    assert isinstance(section.per_device_train_batch_size, int)  # training.plan.settle has replaced auto

    def layout(of: Sequence[Encoded], batch_size: int) -> StepCollator:
        budget = section.max_tokens_per_forward or batch_size * max((len(row) for row in of), default=1)
        packed = section.packing != "none"
        return StepCollator(
            pad_token_id, batch_size, budget if packed else None, share=section.packing == "prefix_tree"
        )

    return (
        layout(rows, section.per_device_train_batch_size),
        layout(validation, section.per_device_eval_batch_size),
    )


def _as_float64(sums: LossSums) -> list[Tensor]:
    values = (sums.nll, sums.correct, sums.count, sums.nll_P, sums.correct_P, sums.count_P)
    return [value.detach().to("cpu", torch.float64) for value in values]


def _metrics(totals: list[Tensor] | None, prefix: str) -> dict[str, float]:
    if totals is None or not totals[2]:
        raise DataError("the validation rows hold no supervised token; look at them with `toolgemma show`")
    nll, correct, count, nll_P, correct_P, count_P = totals
    metrics = {
        f"{prefix}_loss": (nll / count).item(),
        f"{prefix}_accuracy": (correct / count).item(),
        f"{prefix}_supervised_tokens": int(count),
    }
    for index, part in enumerate(PARTS):
        if count_P[index]:
            metrics[f"{prefix}_loss_{part}"] = (nll_P[index] / count_P[index]).item()
            metrics[f"{prefix}_accuracy_{part}"] = (correct_P[index] / count_P[index]).item()
    return metrics
