"""A shop's folder and all that can be done with it: the one place where the parts are joined."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, final

from limner.cli.cuts import Cut, cut_within, end_of
from limner.cli.holding import on_one_state
from limner.cli.progress import Tell, silent
from limner.cli.settings import (
    SETTINGS_NAME,
    Settings,
    Shop,
    chosen,
    moment,
    nearest,
    read_settings,
)
from limner.cli.template import QUESTIONS, render_settings
from limner.errors import BadConfig, NotFitted, NoWorkspace

if TYPE_CHECKING:
    from limner.cli.behaviour import Pretrained
    from limner.cli.embedding import Embedded
    from limner.cli.items import ItemsRead
    from limner.cli.learning import Evaluated, Learned
    from limner.cli.reviews import ReviewsRead
    from limner.cli.tuning import Finetuned
    from limner.events.ingest import IngestReport
    from limner.events.log import EventLog
    from limner.events.mapping import Mapping as ColumnMapping
    from limner.heads.question import Question
    from limner.profiles.record import Profile, Recommendation
    from limner.profiles.stores.sqlite import SqliteStore

__all__ = ["SETTINGS_NAME", "Workspace"]


@final
class Workspace:
    """What a shop has: settings, a log, models, profiles and runs, in one folder.

    ``limner.toml`` (settings), ``log/`` (events), ``models/`` (what was learned), ``profiles.db``
    (SQLite) and ``runs/`` (one folder a run). Every part is opened when it is first needed.

    Parameters
    ----------
    folder
        The folder; none: the nearest one with a ``limner.toml``, from here upwards.

    Raises
    ------
    NoWorkspace
        If there is no ``limner.toml``.
    BadConfig
        If a setting is unknown or out of its range.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     shop = Workspace.create(folder, name="corner shop", currency="EUR")
    ...     shop.settings.shop.name, list(shop.questions)[:2]
    ('corner shop', ['churn', 'purchase'])
    """

    def __init__(self, folder: Path | str | None = None) -> None:
        self.folder = nearest(Path.cwd()) if folder is None else Path(folder)
        path = self.folder / SETTINGS_NAME
        if not path.is_file():
            raise NoWorkspace(
                f"{self.folder} must hold a {SETTINGS_NAME}, but there is none",
                hint=f"make one: limner init --workspace {self.folder}",
            )
        self.settings: Settings = read_settings(path)
        self.held: EventLog | None = None

    @classmethod
    def create(
        cls,
        folder: Path | str,
        *,
        name: str | None = None,
        currency: str | None = None,
        time_zone: str = "UTC",
        about: str = "",
        questions: Mapping[str, str] = QUESTIONS,
        sources: Sequence[str] = (),
        cuts: Sequence[str] = (),
        workers: int = 1,
        tried: Sequence[str] = (),
    ) -> Self:
        """Begin a workspace: a folder with a ``limner.toml`` that explains itself.

        Parameters
        ----------
        folder
            Where; made if it is not there.
        name, currency, time_zone, about
            See :class:`~limner.cli.settings.Shop`; the name is by default the folder's.
        questions
            Names of built-in questions, each with a remark.
        sources
            What :meth:`ingest` reads when it is given nothing.
        cuts
            The dates at which :meth:`evaluate` asks when it is given none.
        workers
            How many processes learn and examine; with more than one, a script needs
            ``if __name__ == "__main__":``.
        tried
            What was tried, as every report shall say it, one paragraph each.

        Raises
        ------
        BadConfig
            If there is a ``limner.toml`` already, or a value is out of its range.
        """
        folder = Path(folder)
        path = folder / SETTINGS_NAME
        given = {"name": name or folder.resolve().name or "my shop", "about": about}
        shop = Shop.read({**given, "currency": currency, "time_zone": time_zone}, where="the shop")
        folder.mkdir(parents=True, exist_ok=True)
        text = render_settings(
            shop, questions=questions, sources=sources, cuts=cuts, workers=workers, tried=tried
        )
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            raise BadConfig(
                f"{folder} is a workspace already", hint=f"open it, or change its {SETTINGS_NAME}"
            ) from None
        return cls(folder)

    @property
    def questions(self) -> "dict[str, Question]":
        """What is asked, by name: the tables ``[questions.…]``, or what any shop can ask."""
        from limner.heads.question import read_questions

        return read_questions(self.settings.questions or {name: {} for name in QUESTIONS})

    def asked(self, names: Sequence[str] = ()) -> "dict[str, Question]":
        """Return the questions of these names; none: all. Raises BadConfig if one is unknown."""
        return chosen(self.questions, names)

    @property
    def log(self) -> "EventLog":
        """The log, opened for reading. Raises NotFitted if nothing was ingested yet."""
        from limner.events.log import EventLog

        try:
            return EventLog(self.folder / "log") if self.held is None else self.held
        except NoWorkspace:
            raise NotFitted(
                f"{self.folder} has no log yet",
                hint=f"ingest some events: limner ingest FILE{self._where}",
            ) from None

    @cached_property
    def store(self) -> "SqliteStore":
        """The profiles, opened for reading. Raises NotFitted if none were drawn yet."""
        from limner.profiles.stores.sqlite import SqliteStore

        return SqliteStore(self.folder / "profiles.db", read_only=True)

    def ingest(
        self,
        *sources: Any,  # noqa: ANN401 - a path, an address, a data frame
        mapping: "Path | str | ColumnMapping | Sequence[ColumnMapping] | None" = None,
        now: datetime | None = None,
        progress: Tell = silent,
    ) -> "IngestReport":
        """Read sources into the log; what was read before changes nothing.

        Parameters
        ----------
        sources
            Paths, patterns, folders, addresses of databases, names of published logs, or data
            frames; none: the ``[[sources]]`` of the settings.
        mapping
            How their columns become ours: a mapping, several, or the file of some; none: found out.
        now
            The present, against which times in the future are measured.

        Returns what became of every row. Raises BadSource for what cannot be read, BadConfig where
        nothing is to be ingested or no mapping fits, LogBusy while another process is ingesting,
        and DiskFull; the log is then what it was before.
        """
        from limner.cli.sourcing import ingest_into

        return ingest_into(self.folder, self.settings, sources, mapping, now=now, progress=progress)

    @on_one_state
    def fit(
        self,
        cut: Cut | None = None,
        *,
        questions: Sequence[str] = (),
        seed: int = 0,
        progress: Tell = silent,
    ) -> "Learned":
        """Learn every question as of a moment, and draw every customer's profile.

        Parameters
        ----------
        cut
            As of when: a date (its first instant in the shop's time zone) or a time. None: what
            the settings say, or else the day after the newest event.
        questions
            Which questions, by name; none: all of the settings. What was learned before from the
            same events is not learned again.
        seed
            Where chance begins.

        Raises BadConfig for an unknown question, NotFitted where nothing was ingested yet, TooFew
        if not one question could be learned.
        """
        from limner.cli.learning import learn

        as_of = self._within(cut or self.settings.fit.cut)
        asked = self.asked(questions)
        self.close()
        return learn(
            self, questions=asked, as_of=as_of, seed=seed, now=datetime.now(UTC), progress=progress
        )

    @on_one_state
    def pretrain(
        self, cut: Cut | None = None, *, seed: int = 0, progress: Tell = silent
    ) -> "Pretrained":
        """Learn what customers do from all events before a cut (none: the end of the log).

        No label is needed. A run that was killed goes on where it was.
        """
        from limner.cli.behaviour import pretrain

        as_of = self._within(cut)
        return pretrain(self, as_of=as_of, seed=seed, now=datetime.now(UTC), progress=progress)

    @on_one_state
    def finetune(
        self,
        question: str,
        *,
        method: str | None = None,
        labels: float | None = None,
        seed: int = 0,
        progress: Tell = silent,
    ) -> "Finetuned":
        """Tune the pretrained model for one question, as of the cut it was pretrained for.

        ``method`` says which weights learn, ``full``, ``top``, ``lora``, ``adalora`` or
        ``adapter``, and ``labels`` from which share of the customers; none: as the settings say.
        Raises BadConfig for an unknown question or one for items, NotFitted before pretraining.
        """
        from limner.cli.tuning import finetune

        self.asked([question])
        return finetune(
            self,
            self.questions,
            question,
            method=method,
            labels=labels,
            seed=seed,
            now=datetime.now(UTC),
            progress=progress,
        )

    @on_one_state
    def embed(self, out: Path | str, *, cut: Cut | None = None, impute: bool = False) -> "Embedded":
        """Write everybody's blocks to Parquet; with ``impute`` a lacking one is told by others."""
        from limner.cli.embedding import embed

        return embed(self, Path(out), as_of=self._within(cut), impute=impute)

    def read_items(
        self,
        *,
        fetch: bool = False,
        inside: bool = False,
        store: str | None = None,
        progress: Tell = silent,
    ) -> "ItemsRead":
        """Read new items' words and pictures into vectors; ``fetch`` gets pictures from the net."""
        from limner.cli.items import read_items

        return read_items(self, fetch=fetch, inside=inside, store=store, progress=progress)

    @on_one_state
    def read_reviews(
        self,
        *,
        model: Path | None = None,
        cut: Cut | None = None,
        seed: int = 0,
        progress: Tell = silent,
    ) -> "ReviewsRead":
        """Read what customers wrote before a cut: language, feeling, aspects and topics.

        ``model`` is a tuned model of two classes; none: stars teach. Raises TooFew.
        """
        from limner.cli.reviews import read_reviews

        as_of = self._within(cut)
        return read_reviews(self, as_of=as_of, model=model, seed=seed, progress=progress)

    @on_one_state
    def evaluate(
        self,
        cuts: Sequence[Cut] = (),
        *,
        questions: Sequence[str] = (),
        methods: Sequence[str] = (),
        ladder: bool = False,
        modalities: bool = False,
        seed: int = 0,
        progress: Tell = silent,
    ) -> "Evaluated":
        """Put every question to every method as of moments in the past, and score the answers.

        Parameters
        ----------
        cuts
            The moments. None: what the settings say, or else one longest horizon before the end.
        questions
            Which questions, by name; none: all of the settings.
        methods
            Which methods; none: what the settings say, or else all but the rungs of the ladder.
        ladder
            Whether to compare all rungs too: frozen vectors, and models tuned by each way.
        modalities
            Whether to tell what each modality adds; see :mod:`limner.training.modalities`.
        seed
            Where chance begins.

        Raises BadConfig for an unknown question, UnknownPlugin for an unknown method, NotFitted
        where nothing was ingested yet, TooFew if a cut leaves too little history.
        """
        from limner.cli.learning import examine

        asked = self.asked(questions)
        given = tuple(cuts) or self.settings.evaluate.cuts
        moments = [moment(each, time_zone=self.settings.shop.time_zone) for each in given]
        return examine(
            self,
            questions=asked,
            cuts=moments or [self._default_cut(asked)],
            methods=tuple(methods) or self.settings.evaluate.methods,
            ladder=ladder,
            modalities=modalities,
            seed=seed,
            now=datetime.now(UTC),
            progress=progress,
        )

    def profile(self, customer_id: str) -> "Profile":
        """Return one customer's profile. Raises NotFitted, UnknownCustomer."""
        return self.store.get(str(customer_id))

    def profiles(self) -> "Iterator[Profile]":
        """Go through all profiles, in the order of customer ids. Raises NotFitted."""
        return iter(self.store)

    def recommend(
        self, customer_id: str, *, k: int = 10, new_only: bool = False
    ) -> "list[Recommendation]":
        """Return the best ``k`` items for one customer, best first; see :mod:`limner.apps`."""
        from limner.apps.recommend import recommend

        return recommend(self.store, str(customer_id), k=k, new_only=new_only)

    @property
    def end(self) -> datetime:
        """The first midnight, in the shop's time zone, after the newest event; in UTC.

        Raises NotFitted if nothing was ingested yet, TooFew if the log is empty.
        """
        return end_of(self.log.manifest, time_zone=self.settings.shop.time_zone)

    def close(self) -> None:
        """Let go of the profile store, if it is open."""
        held = self.__dict__.pop("store", None)
        if held is not None:
            held.close()

    def __repr__(self) -> str:
        return f"Workspace({str(self.folder)!r})"

    @property
    def _where(self) -> str:
        return "" if self.folder.resolve() == Path.cwd() else f" --workspace {self.folder}"

    def _within(self, cut: Cut | None) -> datetime:
        return cut_within(cut, self.log.manifest, time_zone=self.settings.shop.time_zone)

    def _default_cut(self, asked: "Mapping[str, Question]") -> datetime:
        return self.end - timedelta(days=max(each.horizon_days for each in asked.values()))
