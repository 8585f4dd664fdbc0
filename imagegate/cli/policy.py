"""`imagegate projects policy`: how a project's requests are routed, shown and changed."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import typer

from imagegate.cli.failures import failures_told
from imagegate.cli.output import print_facts, print_json
from imagegate.cli.pairs import read_pairs
from imagegate.cli.projects import read_budget
from imagegate.cli.settings import JsonOption, TableOption, find_table
from imagegate.domain.filters import Filters
from imagegate.domain.ids import ProjectId
from imagegate.domain.money import Money
from imagegate.domain.request import split_models
from imagegate.domain.routing import RESERVED_NAMES, Alias, Routing, RoutingChange, is_alias_name
from imagegate.domain.strategy import Strategy

_ALIAS = "--alias"
_RESERVED = f"{', '.join(sorted(RESERVED_NAMES))} are taken"
_STRATEGIES = frozenset(one.value for one in Strategy)
_FILTERS = ("allow", "deny", "max_price", "max_seconds", "needs_seed")
_YES = "true"

AllowOption = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="Only these providers or models; may be repeated.")
]
DenyOption = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="None of these providers or models; may be repeated.")
]
MaxPriceOption = Annotated[
    Money | None, typer.Option(parser=read_budget, metavar="USD", help="The most that one request may cost.")
]
AliasOption = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=MODELS", help="A name for models or a strategy; `NAME=` takes it away."),
]


def read_weight(text: str) -> Decimal:
    """Read the share of cost in the balance of cost and time."""
    try:
        weight = Decimal(text)
    except InvalidOperation:
        weight = Decimal("NaN")
    if not (weight.is_finite() and 0 <= weight <= 1):
        message = f"{text!r} is not a number from 0 to 1."
        raise typer.BadParameter(message)
    return weight


def policy(
    project_id: Annotated[str, typer.Argument(metavar="PROJECT", help="Its id, which begins with `prj_`.")],
    *,
    allow: AllowOption = None,
    deny: DenyOption = None,
    max_price: MaxPriceOption = None,
    alias: AliasOption = None,
    default_model: Annotated[str | None, typer.Option(help="What a request without a model asks for.")] = None,
    cost_weight: Annotated[
        Decimal | None, typer.Option(parser=read_weight, metavar="0..1", help="The share of cost in `balanced`.")
    ] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Forget the whole policy first.")] = False,
    table: TableOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how a project's requests are routed, or change it; what is not named stays as it is."""
    from imagegate.cli.operator import opened_projects

    change = RoutingChange(
        allow=_listed(allow, "--allow"),
        deny=_listed(deny, "--deny"),
        max_price=max_price.amount if max_price else None,
        aliases=dict(read_alias(text) for text in alias or []),
        default_model=_asked(default_model),
        cost_weight=cost_weight,
        is_reset=reset,
    )
    with failures_told(as_json), opened_projects(find_table(table)) as manage:
        routing = manage.change_routing(ProjectId(project_id), change)
    if as_json:
        print_json({"project_id": project_id, "routing": _as_json(routing)})
        return
    print_facts(_facts(routing))


def read_alias(text: str) -> tuple[str, Alias | None]:
    """Read a name and what it stands for, such as `draft=cheapest max_price=0.05`; None takes the name away."""
    name, equals, meaning = text.partition("=")
    if not equals or not is_alias_name(name):
        message = f"{text!r} does not begin with a name of letters, digits, dots and dashes, and `=`; {_RESERVED}."
        raise typer.BadParameter(message, param_hint=_ALIAS)
    models, *pairs = meaning.split() or [""]
    if not models:
        return name, None
    for model in split_models(models):
        if model not in _STRATEGIES:
            _check(model, _ALIAS, is_model=True)
    return name, Alias(models=split_models(models), filters=_filters(pairs))


def _filters(pairs: Sequence[str]) -> Filters:
    told = read_pairs(pairs, _ALIAS, "max_price=0.05")
    unknown = sorted(set(told) - set(_FILTERS))
    if unknown:
        message = f"{unknown[0]!r} is no filter; there are {', '.join(_FILTERS)}."
        raise typer.BadParameter(message, param_hint=_ALIAS)
    if told.get("needs_seed", _YES) != _YES:
        message = "`needs_seed` is `true`, or left out."
        raise typer.BadParameter(message, param_hint=_ALIAS)
    max_price, max_seconds = told.get("max_price"), told.get("max_seconds")
    return Filters(
        allow=_listed([told.get("allow", "")], _ALIAS) or (),
        deny=_listed([told.get("deny", "")], _ALIAS) or (),
        max_price=read_budget(max_price).amount if max_price else None,
        max_seconds=float(read_budget(max_seconds).amount) if max_seconds else None,
        needs_seed="needs_seed" in told,
    )


def _listed(given: Sequence[str] | None, hint: str) -> tuple[str, ...] | None:
    """Read options that may each hold several names."""
    if given is None:
        return None
    names = split_models(",".join(given))
    for name in names:
        _check(name, hint)
    return names


def _asked(model: str | None) -> str | None:
    """Check what a request without a model is to ask for; a name without a slash may be an alias of any time."""
    for name in split_models(model or ""):
        if "/" in name:
            _check(name, "--default-model", is_model=True)
    return model


def _check(name: str, hint: str, *, is_model: bool = False) -> None:
    from imagegate.catalog import all_provider_ids, read_file

    provider_id, slash, _ = name.partition("/")
    is_known = provider_id in all_provider_ids()
    if is_known and slash:
        is_known = any(card.id == name for card in read_file(provider_id)[1])
    if not is_known or (is_model and not slash):
        message = f"there is no {'model' if is_model or slash else 'provider'} {name!r} in the catalog."
        raise typer.BadParameter(message, param_hint=hint)


def _as_json(routing: Routing) -> dict[str, Any]:
    return {
        "filters": _filters_as_json(routing.filters),
        "aliases": {
            name: {"models": list(alias.models), "filters": _filters_as_json(alias.filters)}
            for name, alias in routing.aliases.items()
        },
        "default_model": routing.default_model,
        "cost_weight": f"{routing.cost_weight:f}",
    }


def _filters_as_json(filters: Filters) -> dict[str, Any]:
    return {
        "allow": list(filters.allow),
        "deny": list(filters.deny),
        "max_price": None if filters.max_price is None else f"{filters.max_price:f}",
        "max_seconds": filters.max_seconds,
        "needs_seed": filters.needs_seed,
    }


def _facts(routing: Routing) -> dict[str, str | None]:
    filters = routing.filters
    aliases = {f"alias {name}": _alias_fact(alias) for name, alias in routing.aliases.items()}
    return {
        "allowed": ", ".join(filters.allow) or "all providers",
        "denied": ", ".join(filters.deny) or "none",
        "max price": "none" if filters.max_price is None else f"{filters.max_price:f} USD a request",
        "default": routing.default_model or Strategy.AUTO.value,
        "cost weight": f"{routing.cost_weight:f}",
        **aliases,
    }


def _alias_fact(alias: Alias) -> str:
    limits = (f"{name}={value}" for name, value in _filters_as_json(alias.filters).items() if value)
    return " ".join([",".join(alias.models), *limits])
