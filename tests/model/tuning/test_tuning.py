"""Ways of tuning: what must hold of every file of the folder, and of each of them."""

import copy
import json

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from limner import plugins
from limner.errors import BadConfig, NotFitted
from limner.model import tuning
from limner.model.backbones.recurrent import Recurrent
from limner.model.backbones.transformer import Transformer
from limner.model.behaviour import BehaviourModel
from limner.model.change import CONFIG_FILE, WEIGHTS_FILE, trained_weights
from limner.model.tuning.adalora import AdaLora
from limner.model.tuning.adapter import Adapter
from limner.model.tuning.full import Full
from limner.model.tuning.lora import Lora
from limner.model.tuning.top import Top

# What other packages say of themselves while they are loaded is no error of ours.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

STEPS = 12


class Settings:
    """As pydantic's, and no dictionary."""

    width = 16


class Small(nn.Module):
    """Encoder, backbone and read-out of a behaviour model, without its batches."""

    width, below, layers = BehaviourModel.width, BehaviourModel.below, BehaviourModel.layers

    def __init__(self, backbone=None):
        super().__init__()
        self.config = Settings()
        self.encoder = nn.Sequential(nn.Linear(10, 16), nn.LayerNorm(16))
        self.backbone = backbone or Recurrent(16, layers=2)
        self.read = nn.Sequential(nn.Linear(16, 16), nn.GELU(), nn.Linear(16, 1))

    def forward(self, events):
        states = self.backbone(self.encoder(events), torch.zeros(events.shape[:2]))
        return self.read(states)


@pytest.fixture
def base():
    torch.manual_seed(0)
    return Small().eval()


@pytest.fixture
def events():
    return torch.randn(4, 6, 10, generator=torch.Generator().manual_seed(1))


@pytest.fixture(params=plugins.names(tuning))
def way(request):
    return plugins.load(tuning, request.param)()


def learn(change, events, *, steps=STEPS):
    """Learn as the loop does."""
    change.model.train()
    wanted = torch.sin(events.sum(dim=-1, keepdim=True))
    optimiser = torch.optim.Adam(trained_weights(change.model).values(), lr=0.02)
    losses = []
    for step in range(steps):
        optimiser.zero_grad()
        loss = (change.model(events) - wanted).square().mean()
        losses.append(float(loss.detach()))
        cost = change.cost()
        (loss if cost is None else loss + cost).backward()
        optimiser.step()
        change.after(step + 1)
    change.model.eval()
    return losses


def said(model, events):
    with torch.no_grad():
        return model(events)


def test_before_anything_is_learned_it_says_what_the_base_says(way, base, events):
    change = way.tune(base, steps=STEPS)
    assert change.model is not base
    assert not change.model.training
    assert torch.equal(said(change.model, events), said(base, events))


def test_the_base_stays_what_it_was(way, base, events):
    before = copy.deepcopy(base.state_dict())
    needed = [each.requires_grad for each in base.parameters()]
    change = way.tune(base, steps=STEPS)
    learn(change, events)
    assert base.state_dict().keys() == before.keys()
    assert all(torch.equal(base.state_dict()[name], each) for name, each in before.items())
    assert [each.requires_grad for each in base.parameters()] == needed
    assert isinstance(base.config, Settings)
    assert isinstance(change.model.config, Settings)
    assert not torch.equal(said(change.model, events), said(base, events))


def test_it_learns_and_moves_only_its_own_weights(way, base, events):
    change = way.tune(base, steps=40)
    mine = set(trained_weights(change.model))
    before = {name: each.detach().clone() for name, each in change.model.named_parameters()}
    losses = learn(change, events, steps=40)
    assert losses[-1] < 0.9 * losses[0]
    for name, each in change.model.named_parameters():
        assert name in mine or torch.equal(each, before[name]), name
    assert change.is_settled(40)


def test_the_same_seed_gives_the_same_weights(way, base, events):
    found = []
    for seed in (3, 3):
        torch.manual_seed(len(found))
        change = way.tune(base, steps=STEPS, seed=seed)
        learn(change, events)
        found.append(said(change.model, events))
    assert torch.equal(*found)


def test_torchs_own_chance_is_not_touched(way, base):
    torch.manual_seed(11)
    expected = torch.rand(3)
    torch.manual_seed(11)
    way.tune(base, steps=STEPS)
    assert torch.equal(torch.rand(3), expected)


def test_a_change_alone_is_kept_and_taken_over(way, base, events, tmp_path):
    change = way.tune(base, steps=STEPS)
    learn(change, events)
    change.save(tmp_path / "change")
    assert {path.name for path in (tmp_path / "change").iterdir()} == {CONFIG_FILE, WEIGHTS_FILE}
    json.loads((tmp_path / "change" / CONFIG_FILE).read_text())
    again = way.tune(base, steps=STEPS, seed=9)
    again.load(tmp_path / "change")
    assert torch.allclose(said(again.model, events), said(change.model, events), atol=1e-6)


def test_where_nothing_was_kept_nothing_is_taken_over(way, base, tmp_path):
    with pytest.raises(NotFitted, match="no change"):
        way.tune(base, steps=STEPS).load(tmp_path)


def test_the_change_of_another_way_is_refused(way, base, tmp_path):
    other = Full() if not isinstance(way, Full) else Lora()
    other.tune(base, steps=STEPS).save(tmp_path / "change")
    with pytest.raises(BadConfig, match="holds a change by"):
        way.tune(base, steps=STEPS).load(tmp_path / "change")


def test_the_change_of_another_model_is_refused(way, base, tmp_path):
    class Other(Small):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(nn.Linear(10, 24), nn.LayerNorm(24), nn.Linear(24, 16))
            self.read = nn.Sequential(nn.Linear(16, 12), nn.GELU(), nn.Linear(12, 3))
            self.config = type("Settings", (), {"width": 12})()

    way.tune(base, steps=STEPS).save(tmp_path / "change")
    with pytest.raises(BadConfig, match="another"):
        way.tune(Other(), steps=STEPS).load(tmp_path / "change")


def test_what_can_be_merged_says_the_same_in_the_form_of_the_base(way, base, events):
    change = way.tune(base, steps=STEPS)
    learn(change, events)
    if isinstance(way, Adapter):
        with pytest.raises(BadConfig, match="cannot be merged"):
            change.merge()
        return
    merged = change.merge()
    assert merged.state_dict().keys() == base.state_dict().keys()
    assert all(each.requires_grad for each in merged.parameters())
    assert torch.allclose(said(merged, events), said(change.model, events), atol=1e-5)
    assert isinstance(merged.config, Settings)


def test_fewer_weights_learn_than_there_are(base):
    def count(way):
        found = trained_weights(way.tune(base, steps=STEPS).model)
        return sum(each.numel() for each in found.values())

    everything = sum(each.numel() for each in base.parameters())
    assert count(Full()) == everything
    assert count(Top()) == sum(each.numel() for each in base.read.parameters())
    # Twice 2 layers of 16 to 48, and one of 16 to 16, at rank 2; the encoder's sides are 10, 16.
    assert count(Lora(rank=2)) == 4 * 2 * (16 + 48) + 2 * (16 + 16) + 2 * (10 + 16)
    assert count(Adapter(bottleneck=3)) == 2 * (2 * 16 * 3 + 3 + 16)


def test_the_gates_of_the_recurrent_backbone_learn_by_factors(base, events):
    for way in (Lora(), AdaLora()):
        change = way.tune(base, steps=STEPS)
        learn(change, events, steps=2)
        change.model.train()
        change.model(events).square().sum().backward()
        factors = {
            name: each
            for name, each in trained_weights(change.model).items()
            if "backbone.from_" in name
        }
        assert {name.split(".lora")[0] for name in factors} == {
            f"backbone.from_{side}.{layer}" for side in ("event", "state") for layer in (0, 1)
        }
        for name, each in factors.items():
            assert each.grad.abs().sum() > 0, name


def test_adapters_stand_behind_each_layer_that_a_backbone_shows(events):
    torch.manual_seed(0)
    base = Small(Transformer(16, layers=2, heads=2)).eval()
    change = Adapter(bottleneck=4).tune(base, steps=STEPS)
    assert torch.equal(said(change.model, events), said(base, events))
    places = {name.split(".bottleneck")[0] for name in trained_weights(change.model)}
    assert places == {"encoder", "backbone.layers.0", "backbone.layers.1"}
    learn(change, events)
    assert not torch.equal(said(change.model, events), said(base, events))


@pytest.mark.parametrize("make", [lambda: None, lambda: Transformer(16, layers=2, heads=2)])
def test_a_changed_backbone_still_renews_its_state_by_one_event(way, make, events):
    torch.manual_seed(0)
    base = Small(make()).eval()
    change = way.tune(base, steps=STEPS)
    learn(change, events)
    model, days = change.model, torch.zeros(4, 6)
    with torch.no_grad():
        vectors = model.encoder(events)
        whole = model.backbone(vectors, days)
        state = model.backbone.begin(4)
        for step in range(6):
            state, top = model.backbone.renew(state, vectors[:, step], days[:, step])
            assert torch.allclose(top, whole[:, step], atol=1e-5)


def test_a_part_with_a_bottleneck_behind_it_can_what_it_could(base):
    base.encoder.items = lambda codes: codes + 1
    model = Adapter().tune(base, steps=STEPS).model
    assert model.encoder.items(3) == 4
    with pytest.raises(AttributeError, match="nothing_like_it"):
        _ = model.encoder.nothing_like_it


def test_ranks_go_where_they_are_needed(base, events):
    """Of 6 layers with 4 singular values each, 12 are left, and not 2 everywhere."""
    way = AdaLora(rank=2, first_rank=4)
    change = way.tune(base, steps=30)
    learn(change, events, steps=30)
    left = {
        name: int((each != 0).sum())
        for name, each in change.model.named_parameters()
        if "lora_E" in name
    }
    assert len(left) == 6
    assert sum(left.values()) <= 2 * 6
    assert len(set(left.values())) > 1
    assert not change.is_settled(14)
    assert change.is_settled(15)


def test_what_was_struck_out_is_not_kept(base, events, tmp_path):
    way = AdaLora(rank=2, first_rank=4)
    change = way.tune(base, steps=30)
    learn(change, events, steps=30)
    change.save(tmp_path / "change")
    config = json.loads((tmp_path / "change" / CONFIG_FILE).read_text())
    kept = load_file(tmp_path / "change" / WEIGHTS_FILE)
    values = {name: each for name, each in kept.items() if "lora_E" in name}
    assert sum(int((each != 0).sum()) for each in values.values()) <= 12
    assert sum(map(len, values.values())) == sum(map(sum, config["rank_pattern"].values())) < 18
    again = way.tune(base, steps=30)
    again.load(tmp_path / "change")
    assert torch.allclose(said(again.model, events), said(change.model, events), atol=1e-6)
    merged = again.merge()
    assert torch.allclose(said(merged, events), said(change.model, events), atol=1e-5)


def test_right_angles_cost_nothing_and_others_do(base):
    change = AdaLora().tune(base, steps=STEPS)
    assert float(change.cost().detach()) == pytest.approx(0, abs=1e-4)
    with torch.no_grad():
        for name, each in change.model.named_parameters():
            if "lora_A" in name:
                each.mul_(2)
    # Of the identity of rank 8, four times itself is 3 away in each of 8 places; half of all
    # matrices; times 0.5.
    assert float(change.cost().detach()) == pytest.approx(0.5 * 0.5 * 3 * 8**0.5, rel=1e-4)


@pytest.mark.filterwarnings("ignore:The following rank_pattern keys:RuntimeWarning")
@pytest.mark.parametrize("way", [Lora(rank=4), AdaLora()])
def test_peft_reads_what_was_kept(way, base, events, tmp_path):
    from peft import PeftModel

    change = way.tune(base, steps=STEPS)
    learn(change, events)
    change.save(tmp_path / "change")
    twin = copy.deepcopy(base)
    del twin.config
    theirs = PeftModel.from_pretrained(twin, str(tmp_path / "change"))
    assert torch.allclose(said(theirs, events), said(change.model, events), atol=1e-6)


def test_what_has_no_such_part_is_refused():
    plain = nn.Sequential(nn.Linear(3, 2))
    for way in (Top(), Lora(), AdaLora(), Adapter()):
        with pytest.raises(BadConfig):
            way.tune(plain, steps=STEPS)


def test_which_parts_stay_can_be_said(base):
    change = Top(frozen=("encoder", "read.0")).tune(base, steps=STEPS)
    assert {name.split(".")[0] for name in trained_weights(change.model)} == {"backbone", "read"}
    for frozen in (("encoder", "rear"), ("encoder", "backbone", "read"), ()):
        with pytest.raises(BadConfig, match="nothing above"):
            Top(frozen=frozen).tune(base, steps=STEPS)


def test_settings_are_checked():
    with pytest.raises(BadConfig, match="first_rank must be above rank"):
        AdaLora.read({"rank": 8})
    with pytest.raises(BadConfig, match="rank"):
        Lora.read({"rank": 0})
