"""Put the service together over a workspace."""

import ipaddress
import time
from typing import TYPE_CHECKING

import limner
from limner.cli.settings import PEPPER, SETTINGS_NAME
from limner.cli.tenancy import claim, serve_config
from limner.errors import BadConfig, MissingExtra, NotFitted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from limner.cli.describing import Readers
    from limner.cli.workspace import Workspace
    from limner.events.log import EventLog
    from limner.profiles.database.migrating import Migrated
    from limner.profiles.database.store import DatabaseStore
    from limner.profiles.eraser import Eraser
    from limner.service.keys import Keyring
    from limner.service.parts import Parts
    from limner.service.tracing import Traces

__all__ = [
    "ACTOR",
    "begun_log",
    "demand_safe_address",
    "eraser_of",
    "keyring_of",
    "log_of",
    "migrated",
    "open_store",
    "parts_of",
    "record",
    "store_address",
]

ACTOR = "command line"
"""What the audit log calls whoever types commands."""


def store_address(shop: "Workspace", store: str | None) -> str:
    """Return where profiles live: what was asked for, or the workspace's file."""
    return store or str(shop.folder / "profiles.db")


def open_store(shop: "Workspace", store: str | None) -> "DatabaseStore":
    """Open the store. Raises MissingExtra without the packages of the service."""
    try:
        from limner.profiles.database.store import DatabaseStore
    except ModuleNotFoundError as error:
        raise MissingExtra("the service", error.name or "sqlalchemy", "serve") from None
    from limner.cli.portraits import identity_config
    from limner.service.keys import read_pepper

    pepper = read_pepper(shop.folder / PEPPER)
    tenant = serve_config(shop).tenant
    address = store_address(shop, store)
    if tenant != "default":
        from limner.profiles.database.opening import of_tenant

        address = of_tenant(address, tenant)
    identity = identity_config(shop.settings)
    living = DatabaseStore(address, pepper=pepper, identity=identity)
    try:
        claim(living, tenant)
        living.identities.heed_limits()
    except BaseException:
        living.close()
        raise
    return living


def migrated(shop: "Workspace", store: str | None) -> "Migrated":
    """Bring the tables of a store up, and say from where. Raises as :func:`open_store`."""
    try:
        from limner.profiles.database.opening import open_engine
    except ModuleNotFoundError as error:
        raise MissingExtra("the service", error.name or "sqlalchemy", "serve") from None
    found: list[Migrated] = []
    open_engine(store_address(shop, store), told=found.append).dispose()
    return found[0]


def keyring_of(shop: "Workspace", store: "DatabaseStore") -> "Keyring":
    """Return who knows the keys of a workspace."""
    from limner.service.keys import Keyring, read_pepper

    tenant = serve_config(shop).tenant
    return Keyring(store, read_pepper(shop.folder / PEPPER), tenant=tenant)


def eraser_of(shop: "Workspace", store: "DatabaseStore") -> "Eraser":
    """Return who shows and erases what a workspace holds on a customer."""
    from limner.profiles.database.privacy import PrivacyBook
    from limner.profiles.eraser import Eraser
    from limner.service.keys import read_pepper

    pepper = read_pepper(shop.folder / PEPPER)
    book = PrivacyBook(store.engine, pepper)
    return Eraser(store, book, pepper=pepper, log=log_of(shop), folder=shop.folder)


def log_of(shop: "Workspace") -> "EventLog | None":
    """Return the log of a workspace, none if nothing was ingested yet."""
    try:
        return shop.log
    except NotFitted:
        return None


def begun_log(shop: "Workspace") -> "EventLog":
    """Return the log of a workspace; an empty one is begun where there is none.

    A service must see what others write into the log while it runs, the first of it too.
    """
    from limner.events.log import EventLog

    found = log_of(shop)  # an empty log counts as nothing, so it must be asked for by name
    if found is not None:
        return found
    try:
        return EventLog.create(shop.folder / "log", buckets=shop.settings.log.buckets)
    except BadConfig:  # another process begins at the same moment, and was faster
        return shop.log


def record(shop: "Workspace", store: "DatabaseStore", action: str, detail: str) -> None:
    """Take down in the audit log what was done on the command line."""
    from limner.profiles.database.audit import AuditLog, Entry
    from limner.service.keys import read_pepper

    audit = AuditLog(store.engine, read_pepper(shop.folder / PEPPER))
    audit.append([Entry(time.time_ns() // 1000, ACTOR, action, None, detail)])


def parts_of(shop: "Workspace", store: "DatabaseStore", *, clock: str | None = None) -> "Parts":
    """Return what the service of a workspace is made of."""
    from limner.cli.arriving import arriving_items
    from limner.cli.behaviour import MODEL
    from limner.cli.describing import Readers
    from limner.cli.portraits import portrait_config
    from limner.cli.sourcing import cleaning_of
    from limner.profiles.database.item_book import ItemBook
    from limner.profiles.item_looks import ItemLooks
    from limner.profiles.painter import Painter
    from limner.service.keys import read_pepper
    from limner.service.parts import Parts
    from limner.service.reading import Rules

    config = serve_config(shop, **({} if clock is None else {"clock": clock}))
    blocks = (shop.folder / config.blocks).resolve()
    if not blocks.is_relative_to(shop.folder.resolve()):
        raise BadConfig(
            f"{SETTINGS_NAME} [serve] blocks must lie within the workspace, got {config.blocks}",
            hint="what lies elsewhere no erasure reaches",
        )
    log = begun_log(shop)
    looks = ItemLooks(log, ItemBook(store.engine))
    readers = Readers(shop.folder / "models" / MODEL, looks.of)
    painter = Painter(
        store,
        log,
        config=portrait_config(shop.settings),
        clock=config.clock,
        describes=readers,
    )
    return Parts(
        store,
        painter,
        read_pepper(shop.folder / PEPPER),
        eraser_of(shop, store),
        config=config,
        rules=Rules(cleaning_of(shop.settings), currency=shop.settings.shop.currency),
        probes=_probes(shop, store, log, readers),
        traces=_traces_to(config.traces),
        blocks=blocks,
        reads=arriving_items(shop),
    )


def _traces_to(address: str) -> "Traces":
    """Return who traces what is done, none where it goes nowhere. Raises MissingExtra."""
    from limner.service.tracing import Traces

    if not address:
        return Traces()
    if not address.startswith(("http://", "https://")):
        raise BadConfig(
            f"[serve] traces must be an address of HTTP, got {address!r}",
            hint="for instance http://localhost:4318/v1/traces",
        )
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError:
        raise MissingExtra("tracing", "opentelemetry-sdk", "otel") from None
    told = {"service.name": "limner", "service.version": limner.__version__}
    provider = TracerProvider(resource=Resource.create(told))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=address)))
    return Traces(provider)


def _probes(
    shop: "Workspace", store: "DatabaseStore", log: "EventLog", readers: "Readers"
) -> "Mapping[str, Callable[[], bool]]":
    """Return how to see whether what was learned and told of items is still there.

    What never was there is not missing.
    """
    from limner.events.log import VECTORS

    models = shop.folder / "models" / "current"
    vectors = log.folder / VECTORS
    had_vectors = vectors.is_dir()

    def has_models() -> bool:
        about = store.about
        return about is None or about.model_version is None or (models / "config.json").is_file()

    return {
        "models": has_models,
        "behaviour_model": lambda: readers.trouble is None,
        "vectors": lambda: not had_vectors or vectors.is_dir(),
        "catalogue": log.has_catalogue,
    }


def demand_safe_address(host: str, *, insecure: bool) -> None:
    """Refuse to be reached from elsewhere without encryption, unless that is wanted.

    Raises
    ------
    BadConfig
        If the address is not this machine's own and ``insecure`` is not set.
    """
    if insecure or host == "localhost":
        return
    try:
        own = ipaddress.ip_address(host).is_loopback
    except ValueError:
        own = False
    if not own:
        raise BadConfig(
            f"--host {host} can be reached from elsewhere, and nothing here is encrypted",
            hint="put a proxy with TLS before 127.0.0.1, or say --insecure",
        )
