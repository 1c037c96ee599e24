"""Learning without labels: blind to the future, repeatable, and the same after being killed."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from limner import plugins
from limner.dataset import labels
from limner.dataset.cuts import Window
from limner.dataset.ledger import Ledger
from limner.errors import BadConfig, TooFew, UnknownPlugin
from limner.model.behaviour import BehaviourConfig
from limner.model.reading import read_customers
from limner.training import objectives
from limner.training.pretraining import PretrainConfig, pretrain
from shops import START, Shop, a_lively_shop, planted

DAY = 110
CUT = START + timedelta(days=DAY)
SMALL = BehaviourConfig(width=8, longest=24, classes=4)
EVERY = tuple(plugins.names(objectives))
QUICK = PretrainConfig(steps=6, customers=16, moments=3, save_every=2, device="cpu")
ALL = QUICK.model_copy(update={"objectives": EVERY})


@pytest.fixture(scope="module")
def shop():
    return a_lively_shop(customers=60, days=140, seed=9)


@pytest.fixture(scope="module")
def crowd():
    """So many customers that some of them examine."""
    return a_lively_shop(customers=150, days=140, seed=4)


def learn(shop, *, config=ALL, model=SMALL, **more):
    return pretrain(Ledger.of(shop), CUT, model=model, config=config, **more)


def weights(done):
    return {name: value.numpy().tobytes() for name, value in done.model.state_dict().items()}


def heads(done):
    return {name: value.numpy().tobytes() for name, value in done.objectives.state_dict().items()}


@pytest.fixture(scope="module")
def unbroken(shop):
    return learn(shop)


def test_the_same_seed_gives_the_same_weights(shop, unbroken):
    again = learn(shop)
    assert weights(again) == weights(unbroken)
    assert heads(again) == heads(unbroken)
    assert weights(learn(shop, seed=1)) != weights(unbroken)


def test_it_leaves_the_chance_of_others_alone(shop):
    torch.manual_seed(3)
    wanted = torch.rand(2)
    torch.manual_seed(3)
    learn(shop, config=QUICK)
    assert torch.equal(torch.rand(2), wanted)


@pytest.mark.parametrize("name", EVERY)
def test_what_comes_at_the_cut_or_after_teaches_nothing(shop, name):
    """Items that are first met later have no place here: they would number the others anew."""
    config = QUICK.model_copy(update={"objectives": (name,)})
    new = pl.col("item_id").str.contains("new thing").fill_null(value=False)
    moved = shop.also(planted(DAY).filter(~new))
    assert weights(learn(moved, config=config)) == weights(learn(shop, config=config))


class Killed(BaseException):
    """What a signal does."""


@pytest.mark.parametrize("transformer", [False, True])
def test_killed_and_resumed_it_ends_with_the_same_weights(crowd, tmp_path, transformer):
    """Examinations, also those of parts of histories, are remembered."""
    model = SMALL.model_copy(update={"backbone": "transformer"} if transformer else {})
    config = ALL.model_copy(update={"examine_every": 2})
    whole = learn(crowd, config=config, model=model)
    assert len(whole.course.examined) == 3

    def kill(what, share):
        if share > 0.8:
            raise Killed

    with pytest.raises(Killed):
        learn(crowd, config=config, model=model, keep=tmp_path / "kept", progress=kill)
    seen = []
    resumed = learn(
        crowd,
        config=config,
        model=model,
        keep=tmp_path / "kept",
        progress=lambda what, share: seen.append(share),
    )
    assert len(seen) == 2
    assert weights(resumed) == weights(whole)
    assert heads(resumed) == heads(whole)
    assert resumed.course.losses == whole.course.losses
    assert resumed.course.examined == whole.course.examined


def test_it_tells_its_loss_and_speed(shop):
    told = []
    learn(shop, config=QUICK, progress=lambda what, share: told.append((what, share)))
    assert told[-1][1] == 1.0
    assert "steps/s" in told[-1][0]


@pytest.fixture(scope="module")
def learned():
    """Return a ledger, what was learned of it, its block and whether customers came back."""
    ledger = Ledger.of(a_lively_shop(customers=240, days=140, seed=2))
    config = PretrainConfig(
        steps=60, customers=48, moments=6, learning_rate=0.01, device="cpu", patience=0
    )
    done = pretrain(ledger, CUT, model=SMALL, config=config)
    block = read_customers(done.model, ledger, CUT)
    came = labels.future_counts(ledger, Window(CUT, 30), deeds=labels.Deeds(("purchase",)))
    return done, block, came[block.customers] > 0


def test_without_labels_it_learns_who_will_not_come_back(learned):
    done, block, came = learned
    losses = done.course.losses
    assert np.mean(losses[-10:]) < np.mean(losses[:10])
    with torch.inference_mode():
        said = done.window.answers(torch.from_numpy(block.vectors))["whether"][:, 2].numpy()
    assert roc_auc_score(came, said) > 0.75


def test_shuffled_labels_are_at_chance(learned):
    """What its vectors say of labels is what they learned of customers, and no leak."""
    _, block, came = learned

    def score(truth, seed):
        taught, asked = np.array_split(np.random.default_rng(seed).permutation(len(truth)), 2)
        linear = LogisticRegression(C=0.1, max_iter=1000).fit(block.vectors[taught], truth[taught])
        return roc_auc_score(truth[asked], linear.decision_function(block.vectors[asked]))

    assert np.mean([score(came, seed) for seed in range(10)]) > 0.7
    shuffled = [
        score(np.random.default_rng(seed + 99).permutation(came), seed) for seed in range(40)
    ]
    assert np.mean(shuffled) == pytest.approx(0.5, abs=0.04)


def mirrored(shop, some):
    """Let some customers have done all in the other order, as if time ran backwards."""
    us = pl.col("time").dt.timestamp("us")
    past = shop.events.filter(pl.col("time") < CUT)
    turned = past.filter(pl.col("customer_id").is_in(some)).with_columns(
        time=(us.min() + us.max() - us).over("customer_id").cast(past.schema["time"])
    )
    rest = past.filter(~pl.col("customer_id").is_in(some))
    return Shop(pl.concat([rest, turned]), catalogue=shop.catalogue(), buckets=shop.buckets)


def test_of_who_is_left_out_it_learns_names_and_sizes_alone(shop):
    """Their names, prices and baskets stay what they are, but what they did when is another."""
    ledger = Ledger.of(shop)
    without = np.zeros(len(ledger), np.bool_)
    without[::2] = True
    some = ledger.customers[without].tolist()
    straight = Shop(shop.events.filter(pl.col("time") < CUT), catalogue=shop.catalogue(), buckets=2)
    turned = mirrored(shop, some)
    assert weights(learn(turned, without=without)) == weights(learn(straight, without=without))
    assert weights(learn(turned)) != weights(learn(straight))


def test_it_goes_on_from_a_model(shop, unbroken):
    before = weights(unbroken)
    later = CUT + timedelta(days=20)
    still = ALL.model_copy(update={"learning_rate": 1e-9, "weight_decay": 0.0})
    ledger = Ledger.of(shop)
    done = pretrain(ledger, later, config=still, start=unbroken.model)
    assert done.model is not unbroken.model
    assert done.model.config == unbroken.model.config
    assert done.model.vocabulary == unbroken.model.vocabulary
    for name, value in done.model.state_dict().items():
        assert torch.allclose(value, unbroken.model.state_dict()[name], atol=1e-6), name
    moved = pretrain(ledger, later, config=ALL, start=unbroken.model)
    assert weights(moved) != before
    assert weights(unbroken) == before


@pytest.mark.parametrize("name", EVERY)
def test_one_objective_alone_is_taught_and_examined(crowd, name):
    """What is examined falls too, and is of that objective and not of its weight alone."""
    config = PretrainConfig(
        steps=40,
        customers=24,
        moments=3,
        objectives=(name,),
        examine_every=10,
        patience=0,
        learning_rate=0.01,
        device="cpu",
    )
    done = learn(crowd, config=config)
    assert set(done.objectives) == {name}
    values = [value for _, value in done.course.examined]
    assert min(values[1:]) < values[0]
    assert np.mean(done.course.losses[-5:]) < np.mean(done.course.losses[:5])


def test_a_window_that_was_not_learned_is_refused(shop):
    config = QUICK.model_copy(update={"objectives": ("next_event",)})
    with pytest.raises(UnknownPlugin, match="future_window"):
        _ = learn(shop, config=config).window


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("clairvoyance",), "not 'clairvoyance'"),
        (("contrast", "contrast"), "each objective stands once"),
        ((), "at least 1 item"),
    ],
)
def test_objectives_that_are_not_there_are_refused(names, said):
    with pytest.raises(BadConfig, match=said):
        PretrainConfig.read({"objectives": names}, where="limner.toml [pretrain]")


def test_a_log_that_is_too_short_is_refused(shop):
    ledger = Ledger.of(shop)
    with pytest.raises(TooFew, match="nobody was seen"):
        pretrain(ledger, ledger.first + timedelta(days=1), model=SMALL, config=QUICK)
    with pytest.raises(TooFew, match="no event before"):
        pretrain(ledger, START, model=SMALL, config=QUICK)


def test_it_stops_when_those_who_never_teach_say_so(crowd):
    """Much too high a rate for much too long: the best weights are kept, the rest is not done."""
    config = PretrainConfig(
        steps=400,
        customers=8,
        moments=1,
        learning_rate=0.3,
        patience=2,
        examine_every=5,
        device="cpu",
    )
    done = learn(crowd, config=config)
    assert len(done.course.losses) < 400
    assert len(done.course.losses) % 5 == 0


def test_a_shop_without_categories_can_be_learned(shop):
    done = learn(Shop(shop.events, buckets=2))
    assert done.model.classes == 0
    assert np.isfinite(done.course.losses).all()


def test_horizons_longer_than_half_the_log_are_left_out():
    config = PretrainConfig()
    assert config.fitting(365).horizons_days == (7, 14, 30, 90)
    assert config.fitting(40).horizons_days == (7, 14)
    assert config.fitting(40).class_days == 14
    assert config.fitting(8).horizons_days == (2,)
    assert config.fitting(8).class_days == 2
