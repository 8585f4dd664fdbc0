"""Projects and keys in the table."""

from dataclasses import replace
from decimal import Decimal

from imagegate.aws.projects import DynamoProjectStore
from imagegate.domain.filters import Filters
from imagegate.domain.ids import KeyId, ProjectId
from imagegate.domain.project import hash_api_key
from imagegate.domain.routing import Alias, Routing
from tests.account import Account
from tests.builders import API_KEY, KEY_ID, NOW, PROJECT_ID, a_project, an_api_key, dollars


def test_a_project_is_read_back_with_its_budget(projects: DynamoProjectStore) -> None:
    project = a_project(monthly_budget=dollars("12.50"))

    projects.write_project(project)

    assert projects.read_project(PROJECT_ID) == project


def test_a_project_is_read_back_with_its_policy_of_routing(projects: DynamoProjectStore) -> None:
    alias = Alias(models=("painter/oils", "cheapest"), filters=Filters(max_price=Decimal("0.10"), max_seconds=8))
    routing = Routing(
        filters=Filters(allow=("painter",), deny=("painter/inks",), max_price=Decimal("1E+1"), needs_seed=True),
        aliases={"draft": alias},
        default_model="draft",
        cost_weight=Decimal("0.75"),
    )

    projects.write_project(a_project(routing=routing))

    assert projects.read_project(PROJECT_ID) == a_project(routing=routing)


def test_a_project_is_replaced_by_a_second_write(projects: DynamoProjectStore) -> None:
    projects.write_project(a_project())
    projects.write_project(a_project(name="Renamed"))

    assert projects.read_project(PROJECT_ID) == a_project(name="Renamed")


def test_an_unknown_project_is_none(projects: DynamoProjectStore) -> None:
    assert projects.read_project(ProjectId("prj_none")) is None


def test_a_key_is_read_by_its_hash_and_found_by_its_id(projects: DynamoProjectStore) -> None:
    projects.write_key(an_api_key())

    assert projects.read_key(hash_api_key(API_KEY)) == an_api_key()
    assert projects.find_key(KEY_ID) == an_api_key()


def test_an_unknown_key_is_none_either_way(projects: DynamoProjectStore) -> None:
    assert projects.read_key("no-such-hash") is None
    assert projects.find_key(KeyId("key_none")) is None


def test_a_revoked_key_is_still_there_and_says_so(projects: DynamoProjectStore) -> None:
    projects.write_key(an_api_key())
    projects.write_key(replace(an_api_key(), revoked_at=NOW))

    found = projects.read_key(hash_api_key(API_KEY))

    assert found is not None
    assert found.revoked_at == NOW


def test_the_key_itself_is_nowhere_in_the_table(projects: DynamoProjectStore, account: Account) -> None:
    projects.write_key(an_api_key())

    assert API_KEY not in str(account.items())
